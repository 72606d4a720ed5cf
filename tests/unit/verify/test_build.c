/* tests/unit/verify/test_build.c - what a verifier is refused for, at load. */
#include "unit/verify/with_verifier.h"

/* One row a refusal: a group (and sender), and a part of the one fault. */
struct refusal {
	const char *sender;
	const char *group;
	const char *secret;
	const char *public_url;
	const char *fault;
};

#define HMAC "type = \"hmac\"; signature = \"header:X\"; "

static const struct refusal refusals[] = {
	{ NULL, NULL, "s", NULL, "who may send?" },
	{ "typefrom", NULL, "s", NULL,
	    "mapping.cfg:1:10: sender 'typefrom': there is no sender of that "
	    "name; did you mean 'typeform'?" },
	{ "typeform", NULL, NULL, NULL, "proof needs a secret" },
	{ NULL, "", "s", NULL, "verify.type is missing" },
	{ NULL, "type = \"hmca\";", "s", NULL, "\"hmac\"" },
	{ NULL, "typ = \"hmac\"; " HMAC, "s", NULL, "did you mean 'type'?" },
	{ "typeform", "prefixx = \"\";", "s", NULL, "did you mean 'prefix'?" },
	{ NULL, "type = \"hmac\";", "s", NULL, "verify.signature: is missing" },
	{ NULL, "type = \"hmac\"; signature = \"X\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"hmac\"; signature = \"cookie:X\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"hmac\"; signature = \"header:\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"hmac\"; signature = \"json:sig\";", "s", NULL,
	    "cannot stand in the body it signs" },
	{ NULL, HMAC "digest = \"md5\";", "s", NULL, "\"sha256\"" },
	{ NULL, HMAC "delimiter = \"--\";", "s", NULL, "one character" },
	{ NULL, HMAC "delivery_id = \"query:id\";", "s", NULL,
	    "\"json:a.b\" or \"form:x\" is expected" },
	{ NULL, HMAC "delivery_id = \"json:id\"; message = \"{id}{body}\";",
	    "s", NULL, "{id} is a header" },
	{ NULL, HMAC "message = \"{bdy}\";", "s", NULL,
	    "did you mean {body}?" },
	{ NULL, HMAC "message = \"{header}{body}\";", "s", NULL,
	    "{header:NAME} is expected" },
	{ NULL, HMAC "message = \"{body:x}\";", "s", NULL,
	    "{body} takes no name" },
	{ NULL, HMAC "message = \"{body\";", "s", NULL,
	    "a '{' without its '}'" },
	{ NULL, HMAC "message = \"}{body}\";", "s", NULL,
	    "a '}' without its '{'" },
	{ NULL,
	    HMAC "message = \"{body}a{path}b{path}c{path}d{path}e{path}f"
	         "{path}g{path}h{path}i\";",
	    "s", NULL, "more than 16 parts" },
	{ NULL, HMAC "message = \"{path}\";", "s", NULL,
	    "anybody could change the body" },
	{ NULL,
	    HMAC "message = \"{url}{sorted_form}\"; "
	         "body_hash = \"header:H\";",
	    "s", "https://x.example", "anybody could change the body" },
	{ NULL, HMAC "timestamp = \"header:T\";", "s", NULL,
	    "anybody could change the time" },
	{ NULL, HMAC "message = \"{timestamp}{body}\";", "s", NULL,
	    "nothing says where that stands" },
	{ NULL, HMAC "message = \"{id}{body}\";", "s", NULL,
	    "delivery_id does not say" },
	{ NULL, HMAC "timestamp_key = \"t\";", "s", NULL,
	    "for format = \"kv\" only" },
	{ NULL,
	    HMAC "format = \"kv\"; timestamp_key = \"t\"; "
	         "timestamp = \"header:T\"; message = \"{timestamp}{body}\";",
	    "s", NULL, "the time stands in one place" },
	{ NULL,
	    HMAC "format = \"positional\"; timestamp = \"header:T\"; "
	         "message = \"{timestamp}{body}\";",
	    "s", NULL, "or first in the format positional" },
	{ NULL, HMAC "format = \"positional\";", "s", NULL,
	    "anybody could change the time" },
	{ NULL, HMAC "group_delimiter = \" \";", "s", NULL,
	    "for format = \"kv\" and \"positional\" only" },
	{ NULL, HMAC "format = \"kv\"; group_delimiter = \",\";", "s", NULL,
	    "another than delimiter" },
	{ NULL, HMAC "format = \"kv\"; group_delimiter = \"\";", "s", NULL,
	    "verify.group_delimiter: one character" },
	{ NULL, "type = \"hmac\"; signature = \"header:X-{m}\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"hmac\"; signature = \"header:X-{n}-{n}\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"hmac\"; signature = \"header:X-{n}, Y\";", "s", NULL,
	    "a place like" },
	{ NULL, "type = \"token\"; signature = \"header:X-{n}\";", "s", NULL,
	    "a place like" },
	{ NULL, HMAC "delivery_id = \"header:X-{n}\";", "s", NULL,
	    "verify.delivery_id: a place like" },
	{ NULL, HMAC "timestamp = \"json:a..b\";", "s", NULL, "a place like" },
	{ NULL, HMAC "delivery_id = \"json:a[x]\";", "s", NULL,
	    "a place like" },
	{ NULL, HMAC "message = \"{json:a[0}{body}\";", "s", NULL,
	    "{json:a[0}: a path like a.b, a[0].b" },
	{ NULL, HMAC "message = \"{json:a}\";", "s", NULL,
	    "anybody could change the body" },
	{ NULL, HMAC "fields_only = true;", "s", NULL,
	    "verify.fields_only: means nothing: the message signs all" },
	{ NULL, HMAC "fields_only = true; message = \"{json:a}{form:b}\";", "s",
	    NULL, "verify.fields_only: a body is a form or JSON" },
	{ NULL,
	    "type = \"hmac\"; signature = \"form:s\"; fields_only = true; "
	    "message = \"{json:a}\";",
	    "s", NULL, "verify.fields_only: a body is a form or JSON" },
	{ NULL, HMAC "fields_only = true; message = \"{path}\";", "s", NULL,
	    "it signs nothing of the body" },
	{ NULL,
	    HMAC "fields_only = true; message = \"{json:a}\"; "
	         "timestamp = \"json:t\";",
	    "s", NULL, "anybody could change the time" },
	{ NULL, "type = \"ip\";", NULL, NULL, "verify.addresses: is missing" },
	{ NULL, "type = \"ip\"; addresses = \"192.0.2.1/24\";", NULL, NULL,
	    "'192.0.2.1/24': an address like 192.0.2.7" },
	{ NULL, "type = \"ip\"; addresses = \"::1\"; encoding = \"hex\";", NULL,
	    NULL, "verify.encoding: means nothing for this type" },
	{ NULL, "type = \"none\"; addresses = \"::1\";", NULL, NULL,
	    "verify.addresses: means nothing for this type" },
	{ NULL, HMAC "front = \"10.0.0.0/8\";", "s", NULL,
	    "verify.front: would be ignored" },
	{ "square", "front = \"10.0.0.0/8\";", "s", "https://x.example",
	    "verify.front: would be ignored" },
	{ "square", "front = \"here\";", "s", NULL, "verify.front: 'here'" },
	{ NULL, HMAC "tolerance = \"0s\";", "s", NULL, "between 1s and 1d" },
	{ NULL, HMAC "tolerance = \"2d\";", "s", NULL, "between 1s and 1d" },
	{ NULL, HMAC "tolerance = 300;", "s", NULL, "a duration" },
	{ NULL, "type = \"digest\"; signature = \"header:X\";", "s", NULL,
	    "anybody could sign" },
	{ NULL,
	    "type = \"ed25519\"; signature = \"header:X\"; "
	    "message = \"{secret}{body}\"; key = \"hex\";",
	    "79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664",
	    NULL, "public keys has no {secret}" },
	{ NULL, "type = \"ed25519\"; signature = \"header:X\";", "short", NULL,
	    "is not an Ed25519 public key" },
	{ NULL,
	    "type = \"ed25519\"; signature = \"header:X\"; "
	    "public_key = \"zz\"; key = \"hex\";",
	    NULL, NULL, "verify.public_key: value 1 is not" },
	{ NULL,
	    "type = \"hmac\"; signature = \"query:s\"; "
	    "message = \"{url}{body}\";",
	    "s", "https://x.example", "cannot stand in the address" },
	{ "hubspot", NULL, "s", NULL, "public_url = " },
	{ "hubspot", NULL, "s", "hooks.example.com", "an address like" },
	{ "hubspot", NULL, "s", "ftp://hooks.example.com", "an address like" },
	{ "hubspot", NULL, "s", "https://", "an address like" },
	{ "hubspot", NULL, "s", "https:///x", "an address like" },
	{ "hubspot", NULL, "s", "https://u:p@x.example", "a user or password" },
	{ "hubspot", NULL, "s", "https://x.example?a=1", "leave it out" },
	{ "hubspot", NULL, "s", "https://x.example/#a", "leave it out" },
	{ "hubspot", NULL, "s", "https://x .example", "a blank" },
	{ "hubspot", NULL, "s", "https://x.example:", "the port" },
	{ "hubspot", NULL, "s", "https://x.example:99999", "the port" },
	{ "hubspot", NULL, "s", "https://x.example:8o", "the port" },
	{ NULL, "type = \"basic\";", "s", NULL, "verify.user" },
	{ NULL, "type = \"basic\"; user = \"\";", "s", NULL, "verify.user" },
	{ NULL, "type = \"basic\"; user = \"a:b\";", "s", NULL,
	    "without a ':'" },
	{ NULL, HMAC "key = \"hex\";", "abc", NULL,
	    "secret 'the_secret': value 1 is not an even number of hex" },
	{ NULL, HMAC "key = \"base64\";", "a~b", NULL, "is not base64" },
	/* Svix's own list of secrets that are none. */
	{ "svix", NULL, "w", NULL, "is not whsec_" },
	{ "svix", NULL, "whsec_", NULL, "is not whsec_" },
	{ "svix", NULL, "whsec_%", NULL, "is not whsec_" },
	{ "svix", NULL, "whsec_wronglength", NULL, "is not whsec_" },
	{ "svix", NULL, "hwsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL,
	    "is not whsec_" },
	{ "svix", NULL, "bm90LXZhbGlkCg==", NULL, "is not whsec_" },
	{ "svix", NULL, "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
	    NULL, "is not whsec_" },
	{ "standard-webhooks-ed25519", NULL,
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL,
	    "is not an Ed25519 public key" },
};

static void
what_would_not_prove_anything_is_refused(void **state)
{
	struct bench b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct bytes text;

		bench_start(&b);
		if (bench_build(&b, r->sender, r->group, r->secret,
		        r->public_url) != NULL)
			fail_msg("row %zu: was not refused (%s)", i, r->fault);
		bytes_init(&text, 10000);
		faults_print(&b.all, &text);
		if (b.all.count != 1 ||
		    strstr(bytes_str(&text).at, r->fault) == NULL)
			fail_msg("row %zu: wanted one fault with '%s', got:\n"
			         "%s",
			    i, r->fault, bytes_str(&text).at);
		bytes_done(&text);
		bench_done(&b);
	}
}

static void
every_value_of_a_secret_has_to_be_a_key(void **state)
{
	static const char *const values[] = { "00ff", "00f", NULL };
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_secrets(&b, values);
	assert_null(bench_build(&b, NULL, HMAC "key = \"hex\";", NULL, NULL));
	assert_non_null(strstr(b.all.list[0].text, "value 2 is not"));
	assert_null(strstr(b.all.list[0].text, "00f"));
	bench_done(&b);
}

static void
a_group_overrides_its_preset_key_by_key(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, "github", "signature = \"header:X-Mine\";", "s",
	    NULL);
	assert_int_equal(bench_sign(&b, NULL), 0);
	/* Its own header; the preset's prefix and hex. */
	assert_int_equal(b.request.header_count, 2);
	assert_str(b.headers[1].name, "X-Mine");
	assert_true(str_starts(b.headers[1].value, STR("sha256=")));
	assert_int_equal(b.headers[1].value.len, 7 + 64);
	assert_result(&b, VERIFY_OK);
	bench_done(&b);
}

static void
none_has_to_be_written_and_lets_everybody_in(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, NULL, "type = \"none\";", NULL, NULL);
	assert_true(verifier_is_open(b.verifier));
	assert_result(&b, VERIFY_OK);
	bench_verifier(&b, "typeform", NULL, "s", NULL);
	assert_false(verifier_is_open(b.verifier));
	bench_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_not_prove_anything_is_refused),
		cmocka_unit_test(every_value_of_a_secret_has_to_be_a_key),
		cmocka_unit_test(a_group_overrides_its_preset_key_by_key),
		cmocka_unit_test(none_has_to_be_written_and_lets_everybody_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
