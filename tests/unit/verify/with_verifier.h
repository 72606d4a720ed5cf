/*
 * tests/unit/verify/with_verifier.h - a verifier, its secrets and a request,
 * made from a few words of text.
 */
#ifndef TESTS_WITH_VERIFIER_H
#define TESTS_WITH_VERIFIER_H

#include <stdio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "verify/verify.h"

#define NOW_MS (INT64_C(1700000000) * 1000)
#define HEADERS_ROOM 24

/* All that one check needs. */
struct bench {
	struct settings_file *file;
	struct secrets *secrets;
	struct faults all;
	struct verifier *verifier;
	struct arena *arena;   /* what was signed */
	struct arena *scratch; /* of one check */
	struct header headers[HEADERS_ROOM];
	struct request request;
};

static inline void
bench_start(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->arena = arena_new((size_t)4 << 20);
	b->scratch = arena_new((size_t)4 << 20);
	b->request = (struct request){ .method = STR("POST"),
		.target = STR("/hooks/x"),
		.path = STR("/hooks/x"),
		.query = STR_NONE,
		.headers = b->headers,
		.body = STR("{\"a\":1}"),
		.received_ms = NOW_MS };
}

static inline void
bench_done(struct bench *b)
{
	verifier_free(b->verifier);
	secrets_free(b->secrets);
	settings_close(b->file);
	faults_done(&b->all);
	arena_free(b->arena);
	arena_free(b->scratch);
}

/* A secret with one or more values, the way a settings file names them. */
static inline void
bench_secrets(struct bench *b, const char *const *values)
{
	struct settings_file *file;
	struct bytes text;
	char name[32];

	bytes_init(&text, 4096);
	bytes_add_text(&text, "secrets = { the_secret = (");
	for (unsigned i = 0; values[i] != NULL; i++) {
		snprintf(name, sizeof(name), "VERIFY_TEST_%u", i);
		setenv(name, values[i], 1);
		bytes_addf(&text, "%s { env = \"%s\"; }", i > 0 ? "," : "",
		    name);
	}
	bytes_add_text(&text, "); };");
	file = settings_parse(bytes_str(&text), "secrets", &b->all);
	bytes_done(&text);
	assert_non_null(file);
	secrets_free(b->secrets);
	b->secrets = secrets_load(config_setting_get_member(settings_root(file),
	                              "secrets"),
	    "secrets", &b->all);
	settings_close(file);
	assert_non_null(b->secrets);
}

/*
 * Builds from a preset (or NULL), the inside of a verify group (or NULL), a
 * secret (or NULL) and a public address (or NULL); NULL with faults in b->all.
 */
static inline struct verifier *
bench_build(struct bench *b, const char *sender, const char *group,
    const char *secret, const char *public_url)
{
	const char *const values[] = { secret, NULL };
	struct verify_setup setup = { .sender = sender,
		.public_url = public_url };
	char *text = base_print("sender = \"%s\";\nverify: { %s };\n",
	    sender != NULL ? sender : "", group != NULL ? group : "");

	verifier_free(b->verifier);
	settings_close(b->file);
	faults_done(&b->all);
	memset(&b->all, 0, sizeof(b->all));
	b->file = settings_parse(str_of(text), "mapping.cfg", &b->all);
	base_free(text);
	assert_non_null(b->file);
	if (secret != NULL)
		bench_secrets(b, values);
	if (b->secrets != NULL)
		setup.secret = secrets_find(b->secrets, "the_secret");
	setup.route = settings_root(b->file);
	if (group != NULL)
		setup.group = config_setting_get_member(setup.route, "verify");
	b->verifier = verifier_new(&setup, &b->all);
	return b->verifier;
}

/* The same, and it has to work. */
static inline void
bench_verifier(struct bench *b, const char *sender, const char *group,
    const char *secret, const char *public_url)
{
	struct bytes text;

	if (bench_build(b, sender, group, secret, public_url) != NULL) {
		assert_int_equal(b->all.count, 0);
		return;
	}
	bytes_init(&text, 10000);
	faults_print(&b->all, &text);
	fail_msg("no verifier: %s", bytes_str(&text).at);
}

static inline void
bench_header(struct bench *b, const char *name, const char *value)
{
	assert_true(b->request.header_count < HEADERS_ROOM);
	b->headers[b->request.header_count++] = (struct header){ str_of(name),
		str_of(value) };
}

static inline void
bench_clear_headers(struct bench *b)
{
	b->request.header_count = 0;
}

static inline void
bench_target(struct bench *b, struct str target)
{
	struct request *r = &b->request;
	struct str rest = target;

	r->target = target;
	(void)str_cut(&rest, '?', &r->path);
	r->query = rest;
}

static inline enum verify_result
bench_check(struct bench *b)
{
	enum verify_result result;

	result = verifier_check(b->verifier, &b->request, b->scratch);
	arena_reset(b->scratch);
	return result;
}

#define assert_result(b, want)                                                 \
	assert_string_equal(verify_result_name(bench_check(b)),                \
	    verify_result_name(want))

/* Signs, and gives the request what came of it. -1 as verifier_sign(). */
static inline int
bench_sign(struct bench *b, struct fault *why)
{
	struct header made[VERIFY_HEADERS_MAX];
	struct str target;
	size_t count = 0;

	if (verifier_sign(b->verifier, &b->request, b->arena, made,
	        COUNT_OF(made), &count, &target, why) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		b->headers[b->request.header_count++] = made[i];
	bench_target(b, target);
	return 0;
}

#endif
