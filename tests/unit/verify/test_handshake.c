/*
 * tests/unit/verify/test_handshake.c - what is answered to whom, what key it
 * is signed with, and which handshakes must not be. Hashes were made with
 * Python's hmac and hashlib.
 */
#include "unit/verify/with_verifier.h"

#define CODE "890e4665-4dfe-4ab1-b689-ed553bceeed0"
#define BY_BYTES                                                               \
	"ae78300a4ff36860cc2da4888b752c9445f8358c818b5f975f18513568fef6ee"
#define HMAC "type = \"hmac\"; signature = \"header:X\"; "
#define SIGNS "kind = \"linkedin\"; "

/* A route: its verifier and its handshake, of one file with two secrets. */
struct route {
	struct settings_file *file;
	struct secrets *secrets;
	struct verifier *verifier;
	struct handshake *handshake;
	struct faults all;
};

static struct secrets *
load_secrets(const char *one, const char *other, struct faults *all)
{
	struct settings_file *f;
	struct secrets *s;

	setenv("HANDSHAKE_ONE", one, 1);
	setenv("HANDSHAKE_OTHER", other, 1);
	f = settings_parse(STR("secrets = { one = { env = \"HANDSHAKE_ONE\"; };"
	                       " other = { env = \"HANDSHAKE_OTHER\"; }; };"),
	    "secrets", all);
	assert_non_null(f);
	s = secrets_load(config_setting_get_member(settings_root(f), "secrets"),
	    "secrets", all);
	settings_close(f);
	assert_non_null(s);
	return s;
}

/* `verify` NULL: no verifier; the route's secret is `one`. */
static void
route_make(struct route *r, const char *verify, const char *handshake,
    const char *one, const char *other)
{
	char *text = base_print("public_url = \"https://x.example/\";\n"
	                        "verify: { %s };\nhandshake: { %s };\n",
	    verify != NULL ? verify : "", handshake);
	struct verify_setup proof = { .public_url = "https://x.example" };
	struct handshake_setup asking = { 0 };

	memset(r, 0, sizeof(*r));
	r->file = settings_parse(str_of(text), "mapping.cfg", &r->all);
	base_free(text);
	assert_non_null(r->file);
	r->secrets = load_secrets(one, other, &r->all);
	proof.route = asking.route = settings_root(r->file);
	proof.group = config_setting_get_member(proof.route, "verify");
	proof.secret = asking.secret = secrets_find(r->secrets, "one");
	if (verify != NULL) {
		r->verifier = verifier_new(&proof, &r->all);
		assert_non_null(r->verifier);
	}
	asking.group = config_setting_get_member(proof.route, "handshake");
	asking.secrets = r->secrets;
	asking.verifier = r->verifier;
	r->handshake = handshake_new(&asking, &r->all);
}

static void
route_done(struct route *r)
{
	handshake_free(r->handshake);
	verifier_free(r->verifier);
	secrets_free(r->secrets);
	settings_close(r->file);
	faults_done(&r->all);
}

/* What a GET of that query is told, or NULL; valid until the next. */
static const char *
told(const struct route *r, const char *query)
{
	static char text[1000];
	struct arena *arena = arena_new((size_t)1 << 20);
	struct request request = { .method = STR("GET"),
		.path = STR("/hooks/x"),
		.query = str_of(query) };
	struct answer a = { 0 };
	enum handshake_result result = handshake_try(r->handshake, &request,
	    arena, &a);

	snprintf(text, sizeof(text), "%.*s", STR_ARG(a.body));
	arena_free(arena);
	return result == HANDSHAKE_DONE ? text : NULL;
}

static void
a_challenge_is_signed_by_the_key_that_verify_makes(void **state)
{
	static const struct {
		const char *verify, *one, *mac;
	} rows[] = {
		{ HMAC "key = \"hex\"; message = \"#{body}\";", "00ff10",
		    BY_BYTES },
		{ HMAC "key = \"base64\"; message = \"#{body}\";", "AP8Q",
		    BY_BYTES },
		/* The provider's own example, of the text. */
		{ HMAC "message = \"hmacsha256={body}\";",
		    "test_secret_0123456789",
		    "527c8bbd8af0c1094001710bff65cebe3569c7f8113f54bc4733da9b1"
		    "f7ce1bc" },
		{ NULL, "test_secret_0123456789",
		    "527c8bbd8af0c1094001710bff65cebe3569c7f8113f54bc4733da9b1"
		    "f7ce1bc" },
		/* A token is no key of HMAC: its text is. */
		{ "type = \"token\"; signature = \"header:X\";", "s",
		    "472b6467da4eabdee9425a8f4ebf2ce6daf84684b00fe805209b22d66"
		    "3de7bae" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct route r;
		char *want = base_print("{\"challengeCode\":\"%s\","
		                        "\"challengeResponse\":\"%s\"}",
		    CODE, rows[i].mac);

		route_make(&r, rows[i].verify, SIGNS, rows[i].one, "other");
		assert_non_null(r.handshake);
		assert_string_equal(told(&r, "challengeCode=" CODE), want);
		assert_null(told(&r, "challengeCode=x"));
		assert_null(told(&r, "other=" CODE));
		base_free(want);
		route_done(&r);
	}
}

/* Another secret than the route's is text, whatever verify.key says. */
static void
another_secret_signs_by_its_text(void **state)
{
	struct route r;

	(void)state;
	route_make(&r, HMAC "key = \"hex\";", SIGNS "secret = \"other\";",
	    "00ff10", "s");
	assert_non_null(strstr(told(&r, "challengeCode=" CODE),
	    "472b6467da4eabdee9425a8f4ebf2ce6daf84684b00fe805209b22d663de7ba"
	    "e"));
	route_done(&r);
}

/* eBay: the hash of the code, the token and the address. */
static void
a_chain_is_hashed(void **state)
{
	struct route r;

	(void)state;
	route_make(&r, NULL, "kind = \"hash_chain\"; secret = \"other\";", "s",
	    "the-token");
	assert_non_null(r.handshake);
	assert_true(handshake_by_get(r.handshake));
	assert_string_equal(told(&r,
	                        "challenge_code="
	                        "a8628072-3d33-45ee-9004-bee86830a22d"),
	    "{\"challengeResponse\":\"6385a8bd6b890c9f4394ba7cc8b72a14a25e6ab1"
	    "77c498e1c31412c923e326d2\"}");
	assert_null(told(&r, "challenge_code=a%20b"));
	assert_null(told(&r, "challenge_code="));
	route_done(&r);
}

struct pair {
	const char *signs;       /* handshake of one route */
	const char *signs_by;    /* verify of that route */
	const char *one, *other; /* its secrets */
	const char *verify;      /* of the other route */
	const char *key;         /* its secret */
	bool oracle;
};

#define OTHER SIGNS "secret = \"other\"; "
#define PROVEN "kind = \"body_challenge\"; proof = \"mac\"; "
#define PLAIN "type = \"token\"; signature = \"header:X\";"

static const struct pair pairs[] = {
	/* The same value, whatever the two files call it. */
	{ SIGNS, PLAIN, "s", "o", HMAC, "s", true },
	{ OTHER, PLAIN, "s", "o", HMAC, "o", true },
	{ SIGNS, HMAC "message = \"#{body}\";", "s", "o", HMAC, "s", true },
	{ SIGNS, PLAIN, "s", "o",
	    HMAC "message = \"{timestamp}{body}\"; "
	         "timestamp = \"header:T\";",
	    "s", true },
	{ SIGNS, PLAIN, "s", "o", HMAC "message = \"a-1{body}\";", "s", true },
	/* The key counts, not how it is written. */
	{ SIGNS, HMAC "key = \"hex\"; message = \"#{body}\";", "00ff10", "o",
	    HMAC "key = \"base64\";", "AP8Q", true },
	{ SIGNS, HMAC "key = \"hex\"; message = \"#{body}\";", "00ff10", "o",
	    HMAC, "00ff10", false },
	/* Another key, another hash, or another proof. */
	{ SIGNS, PLAIN, "s", "o", HMAC, "t", false },
	{ OTHER, PLAIN, "s", "o", HMAC, "s", false },
	{ SIGNS, PLAIN, "s", "o", HMAC "digest = \"sha1\";", "s", false },
	{ SIGNS, PLAIN, "s", "o", HMAC "digest = \"sha512\";", "s", false },
	{ SIGNS, PLAIN, "s", "o", PLAIN, "s", false },
	/* No UUID is such a message. */
	{ SIGNS, PLAIN, "s", "o", HMAC "message = \"hmacsha256={body}\";", "s",
	    false },
	{ SIGNS, PLAIN, "s", "o", HMAC "message = \"{body}.\";", "s", false },
	{ SIGNS, PLAIN, "s", "o", HMAC "message = \"{method}{url}{body}\";",
	    "s", false },
	/* Who is proved by the key itself gains nothing by it. */
	{ PROVEN, HMAC, "s", "o", HMAC, "s", false },
	/* By another key he does, and a token is more than a UUID. */
	{ PROVEN "secret = \"other\";", HMAC, "s", "o", HMAC, "o", true },
	{ PROVEN "secret = \"other\";", HMAC, "s", "o",
	    HMAC "message = \"xyz{body}\";", "o", true },
	{ PROVEN "secret = \"other\";", HMAC, "s", "o",
	    HMAC "message = \"v0:{body}\";", "o", false },
	/* Nothing is signed. */
	{ "kind = \"validation_token\";", PLAIN, "s", "o", HMAC, "s", false },
	{ "kind = \"hub\"; secret = \"other\";", PLAIN, "s", "o", HMAC, "o",
	    false },
	/* A chain begins with what the stranger says. */
	{ "kind = \"hash_chain\";", PLAIN, "s", "o",
	    "type = \"digest\"; signature = \"header:X\"; "
	    "message = \"{body}{secret}\";",
	    "s", true },
	{ "kind = \"hash_chain\";", PLAIN, "s", "o",
	    "type = \"digest\"; signature = \"header:X\"; "
	    "message = \"{secret}{body}\";",
	    "s", false },
	{ "kind = \"hash_chain\";", PLAIN, "s", "o",
	    "type = \"digest\"; signature = \"header:X\"; "
	    "message = \"{body}{secret}\";",
	    "t", false },
	{ "kind = \"hash_chain\";", PLAIN, "s", "o", HMAC, "s", false },
};

static void
no_route_signs_what_another_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		const struct pair *p = &pairs[i];
		struct route signs, takes;

		route_make(&signs, p->signs_by, p->signs, p->one, p->other);
		route_make(&takes, p->verify, "kind = \"none\";", p->key, "-");
		assert_non_null(signs.handshake);
		assert_null(takes.handshake);
		if (handshake_oracle(signs.handshake, takes.verifier) !=
		    p->oracle)
			fail_msg("pair %zu", i);
		route_done(&signs);
		route_done(&takes);
	}
}

/* A value of a rotation is as good as the others. */
static void
every_value_of_a_secret_is_looked_at(void **state)
{
	static const char *const values[] = { "new", "s", NULL };
	struct route signs;
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_secrets(&b, values);
	bench_verifier(&b, NULL, HMAC, NULL, NULL);
	route_make(&signs, PLAIN, SIGNS, "s", "o");
	assert_true(handshake_oracle(signs.handshake, b.verifier));
	route_done(&signs);
	bench_done(&b);
}

static void
a_route_does_not_conflict_with_itself(void **state)
{
	static const struct {
		const char *verify, *handshake, *why;
	} rows[] = {
		{ HMAC, SIGNS, "what it signs for anybody" },
		{ HMAC, OTHER, NULL },
		{ HMAC "message = \"hmacsha256={body}\";", SIGNS, NULL },
		{ HMAC "message = \"{body}|\";", SIGNS, NULL },
		{ HMAC, PROVEN, NULL },
		{ "type = \"none\";", PROVEN, "everybody may send" },
		{ "type = \"ip\"; addresses = \"::1\";", PROVEN,
		    "not by an address" },
		{ "type = \"ip\"; addresses = \"::1\";",
		    "kind = \"body_challenge\";", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct route r;
		const char *why;

		route_make(&r, rows[i].verify, rows[i].handshake, "s", "o");
		assert_non_null(r.handshake);
		why = handshake_conflict(r.handshake, r.verifier);
		if (rows[i].why == NULL
		        ? why != NULL
		        : why == NULL || strstr(why, rows[i].why) == NULL)
			fail_msg("row %zu: %s", i, why != NULL ? why : "none");
		route_done(&r);
	}
}

/* One run of check is enough to mend a file. */
static void
all_faults_of_a_handshake_are_said_at_once(void **state)
{
	static const struct {
		const char *group;
		const char *wanted[6];
	} rows[] = {
		{ "kind = \"linkedin\"; proven = \"si\"; challenge = \"X\"; "
		  "match = \"x\"; echo = \"\"; pattern = \"text\"; "
		  "secret = \"nobody\";",
		    { "handshake.proven: \"yes\" or \"no\"",
		        "handshake.challenge: a place like",
		        "handshake.match: a place and a value",
		        "handshake.proof: goes with an echo",
		        "handshake.pattern: what is signed has to be",
		        "handshake.secret: the settings have no secret" } },
		{ "kind = \"hub\"; challange = \"query:x\"; match = 7; "
		  "proven = \"yes\";",
		    { "did you mean 'challenge'?", "handshake.match: a text",
		        "handshake.proven: this kind asks by GET",
		        "handshake.secret: is missing" } },
		{ "kind = \"header_echo\"; challenge = 7; secret = \"one\";",
		    { "handshake.challenge: a text",
		        "handshake.secret: means nothing for this kind" } },
		{ "kind = \"hup\"; pattern = \"uid\";",
		    { "handshake.kind: one of", "handshake.pattern: one of" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes text;
		struct route r;
		size_t k = 0;

		route_make(&r, NULL, rows[i].group, "s", "o");
		assert_null(r.handshake);
		bytes_init(&text, 10000);
		faults_print(&r.all, &text);
		for (; k < 6 && rows[i].wanted[k] != NULL; k++)
			if (strstr(bytes_str(&text).at, rows[i].wanted[k]) ==
			    NULL)
				fail_msg("'%s' is not in:\n%s",
				    rows[i].wanted[k], bytes_str(&text).at);
		if (r.all.count != k)
			fail_msg("more than %zu:\n%s", k, bytes_str(&text).at);
		bytes_done(&text);
		route_done(&r);
	}
}

static void
what_a_chain_needs_is_said(void **state)
{
	struct faults all = { 0 };
	struct settings_file
	    *f = settings_parse(STR("handshake: { kind = \"hash_chain\"; };"),
	        "x.cfg", &all);
	struct handshake_setup setup = { .route = settings_root(f) };

	(void)state;
	setup.group = config_setting_get_member(setup.route, "handshake");
	assert_null(handshake_new(&setup, &all));
	assert_int_equal(all.count, 1);
	assert_non_null(strstr(all.list[0].text, "public_url = "));
	faults_done(&all);
	settings_close(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_challenge_is_signed_by_the_key_that_verify_makes),
		cmocka_unit_test(another_secret_signs_by_its_text),
		cmocka_unit_test(a_chain_is_hashed),
		cmocka_unit_test(no_route_signs_what_another_takes),
		cmocka_unit_test(every_value_of_a_secret_is_looked_at),
		cmocka_unit_test(a_route_does_not_conflict_with_itself),
		cmocka_unit_test(all_faults_of_a_handshake_are_said_at_once),
		cmocka_unit_test(what_a_chain_needs_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
