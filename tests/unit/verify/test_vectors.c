/*
 * tests/unit/verify/test_vectors.c - public test vectors: Wycheproof's HMAC
 * files, and signatures of real senders. Skipped, and saying so, where the
 * data is absent.
 */
#include <jansson.h>

#include "unit/verify/with_verifier.h"

static json_t *
load(const char *name)
{
	const char *folder = getenv("LEADBRIDGE_CONFORMANCE");
	char *path = base_print("%s/%s",
	    folder != NULL ? folder : TOP "/../shared/data", name);
	json_t *all = json_load_file(path, 0, NULL);

	if (all == NULL)
		print_message("%s is absent: skipped\n", path);
	base_free(path);
	if (all == NULL)
		skip();
	return all;
}

static const char *
text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Wycheproof: keys, messages and tags in hex, some tags cut short. */

struct tally {
	size_t good;      /* whole and valid: accepted */
	size_t bad;       /* whole and invalid: refused */
	size_t truncated; /* refused whether valid or not, by policy */
};

static struct str
hex_bytes(struct arena *arena, const char *hex)
{
	struct str s = str_of(hex);
	unsigned char *out = arena_take(arena, s.len / 2 + 1);

	assert_non_null(out);
	assert_int_equal(hex_decode(s, out, s.len / 2), s.len / 2);
	return (struct str){ (const char *)out, s.len / 2 };
}

static void
run_hmac(struct bench *b, const json_t *test, bool whole, struct tally *t)
{
	bool valid = strcmp(text(test, "result"), "valid") == 0;
	enum verify_result got;

	b->request.body = hex_bytes(b->arena, text(test, "msg"));
	bench_clear_headers(b);
	bench_header(b, "X", text(test, "tag"));
	got = bench_check(b);
	if (!whole)
		assert_int_equal(got, VERIFY_MALFORMED);
	else
		assert_int_equal(got, valid ? VERIFY_OK : VERIFY_FORGED);
	t->truncated += !whole;
	t->good += whole && valid;
	t->bad += whole && !valid;
}

static void
run_file(const char *name, const char *digest, int bits)
{
	json_t *all = load(name), *group, *test;
	char *scheme = base_print("type = \"hmac\"; key = \"hex\"; "
	                          "signature = \"header:X\"; digest = \"%s\";",
	    digest);
	struct tally t = { 0 };
	struct bench b;
	size_t i, k;

	json_array_foreach (json_object_get(all, "testGroups"), i, group) {
		bool whole = json_integer_value(
		                 json_object_get(group, "tagSize")) == bits;

		json_array_foreach (json_object_get(group, "tests"), k, test) {
			bench_start(&b);
			bench_verifier(&b, NULL, scheme, text(test, "key"),
			    NULL);
			run_hmac(&b, test, whole, &t);
			bench_done(&b);
		}
	}
	print_message("%s: %zu accepted, %zu refused, %zu refused because "
	              "the tag is cut short\n",
	    digest, t.good, t.bad, t.truncated);
	assert_int_equal(t.good + t.bad + t.truncated,
	    json_integer_value(json_object_get(all, "numberOfTests")));
	assert_true(t.good > 0 && t.bad > 0 && t.truncated > 0);
	base_free(scheme);
	json_decref(all);
}

static void
wycheproof_sha1(void **state)
{
	(void)state;
	run_file("hmac/hmac_sha1_test.json", "sha1", 160);
}

static void
wycheproof_sha256(void **state)
{
	(void)state;
	run_file("hmac/hmac_sha256_test.json", "sha256", 256);
}

static void
wycheproof_sha512(void **state)
{
	(void)state;
	run_file("hmac/hmac_sha512_test.json", "sha512", 512);
}

/* The senders' own examples. */

struct scheme {
	const char *name; /* as the vectors call it */
	const char *sender;
	const char *group;
};

#define RAW "type = \"hmac\"; signature = \"header:X-Signature\"; "

static const struct scheme schemes[] = {
	{ "callrail", "callrail", NULL },
	{ "ed25519 ts+body hex (raw 32-byte public key hex)", "discord", NULL },
	{ "hubspot-v1", "hubspot-v1", NULL },
	{ "hubspot-v2", "hubspot-v2", NULL },
	{ "hubspot-v3", "hubspot-v3", NULL },
	{ "raw-body hmac-sha1 hex (prefix sha1= optional)", NULL,
	    RAW "digest = \"sha1\";" },
	{ "raw-body hmac-sha256 hex (prefix sha256= optional)", NULL, RAW },
	{ "raw-body hmac-sha512 hex (prefix sha512= optional)", NULL,
	    RAW "digest = \"sha512\";" },
	{ "sanity (t=ms,v1=base64url)", "sanity", NULL },
	{ "slack-v0", "slack", NULL },
	{ "square", "square", NULL },
	{ "standard-webhooks", "standard-webhooks", NULL },
	{ "standard-webhooks (svix-*)", "svix", NULL },
	{ "standard-webhooks v1a", "standard-webhooks-ed25519", NULL },
	{ "twilio", "twilio", NULL },
	{ "x-hub-signature-256", "github", NULL },
};

static const struct scheme *
scheme_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	fail_msg("nobody knows the scheme '%s'", name);
	return NULL;
}

/* Splits a vector's address into public_url and the request's target. */
static char *
set_address(struct bench *b, const char *url)
{
	const char *host, *target;

	if (url == NULL)
		return NULL;
	host = strstr(url, "://");
	assert_non_null(host);
	target = strchr(host + 3, '/');
	assert_non_null(target);
	bench_target(b, str_of(target));
	return base_print("%.*s", (int)(target - url), url);
}

static void
set_request(struct bench *b, json_t *vector)
{
	const json_t *body = json_object_get(vector, "body");
	const json_t *now = json_object_get(vector, "now");
	const char *name;
	json_t *value;

	b->request.method = str_of(text(vector, "method"));
	b->request.body = (struct str){ json_string_value(body),
		json_string_length(body) };
	if (json_is_integer(now))
		b->request.received_ms = json_integer_value(now) * 1000;
	json_object_foreach (json_object_get(vector, "headers"), name, value)
		bench_header(b, name, json_string_value(value));
}

static void
run_vector(json_t *vector)
{
	const struct scheme *s = scheme_find(text(vector, "scheme"));
	bool valid = json_is_true(json_object_get(vector, "valid"));
	const char *group = s->group;
	enum verify_result got;
	char *public_url;
	struct bench b;

	/* No time is named for those: the signature alone is the vector. */
	if (json_is_null(json_object_get(vector, "now")) && group == NULL)
		group = "timestamp_enforce = false;";
	bench_start(&b);
	set_request(&b, vector);
	public_url = set_address(&b, text(vector, "url"));
	bench_verifier(&b, s->sender, group, text(vector, "secret"),
	    public_url);
	got = bench_check(&b);
	if ((got == VERIFY_OK) != valid)
		fail_msg("%s: is %s", text(vector, "name"),
		    verify_result_name(got));
	base_free(public_url);
	bench_done(&b);
}

static void
signatures_of_real_senders(void **state)
{
	json_t *all = load("signatures/vectors.json"), *vector;
	size_t i;

	(void)state;
	json_array_foreach (all, i, vector)
		run_vector(vector);
	print_message("%zu signatures of real senders, none left out\n", i);
	assert_true(i > 0);
	json_decref(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wycheproof_sha1),
		cmocka_unit_test(wycheproof_sha256),
		cmocka_unit_test(wycheproof_sha512),
		cmocka_unit_test(signatures_of_real_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
