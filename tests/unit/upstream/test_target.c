/* A target as the settings describe it: faults, defaults, the request. */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "unit/cmocka_all.h"

#include "upstream/upstream_target.h"

#define KEY "unit-key-93f1"
/* With it a path is longer than a fault has room for. */
#define LONG                                                                   \
	"a-folder-with-a-name-of-fifty-characters-and-no-more/"                \
	"a-folder-with-a-name-of-fifty-characters-and-no-more"

/* Loads `upstreams.t = { text }`; the faults' text is yours to base_free. */
static struct upstream_target *
load(const char *text, const char *key, char **faults)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct bytes out;
	char *file_text = base_print("t = {\n%s\n};", text);
	struct secrets *secrets = secrets_of("leadsail", str_of(key), &why);
	struct settings_file *file = settings_parse(str_of(file_text),
	    "unit.cfg", &all);
	struct upstream_target *t;

	assert_non_null(secrets);
	assert_non_null(file);
	t = upstream_target_new("t",
	    config_setting_get_member(settings_root(file), "t"), secrets, &all);
	assert_int_equal(t == NULL, all.count > 0);
	bytes_init(&out, 4096);
	faults_print(&all, &out);
	*faults = bytes_take(&out);
	faults_done(&all);
	settings_close(file);
	secrets_free(secrets);
	base_free(file_text);
	return t;
}

static const struct {
	const char *text, *key, *fault;
} bads[] = {
	{ "api_key = \"leadsail\";", KEY, "url is missing" },
	{ "url = \"https://a.test\";", KEY, "api_key is missing" },
	{ "url = \"http://a.test\"; api_key = \"leadsail\";", KEY,
	    "unit.cfg:2:7: upstreams.t.url: must begin with https://" },
	{ "url = \"https://a.test\";\napi_key = \"leadsale\";", KEY,
	    "unit.cfg:3:11: upstreams.t.api_key: there is no secret of that "
	    "name; "
	    "did you mean 'leadsail'?" },
	{ "url = \"https://a.test\";\napi_key = \"leadsail\";", "two words",
	    "upstreams.t.api_key: the secret 'leadsail' holds characters" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "ca = \"/nowhere/ca.pem\";",
	    KEY, "no certificate (PEM) can be read from '/nowhere/ca.pem'" },
	{ "url = \"http://127.0.0.1\"; api_key = \"leadsail\"; ca = \"x\";",
	    KEY, "upstreams.t.ca: an http:// url has no certificate" },
	{ "url = \"http://127.0.0.1\"; api_key = \"leadsail\";\n"
	  "pins = [ \"sha256/x\" ];",
	    KEY, "unit.cfg:3:1: upstreams.t.pins: an http:// url" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "key = \"/nowhere/a.key\";",
	    KEY, "unit.cfg:3:7: upstreams.t: certificate and key go" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "certificate = \"/nowhere/a\"; key = \"/nowhere/b\";",
	    KEY, "/nowhere/a: cannot be read: No such file" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "crl = \"/nowhere/crl\";",
	    KEY, "/nowhere/crl: cannot be read: No such file" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "crl = \"/nowhere/" LONG "/crl\";",
	    KEY, "unit.cfg:3:7: upstreams.t: ..." },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "pins = [ \"sha256/x\" ];",
	    KEY, "unit.cfg:3:1: upstreams.t.pins: number 1 is no pin" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "tls_min = \"1.1\";",
	    KEY,
	    "unit.cfg:3:11: upstreams.t.tls_min: one of \"1.2\", \"1.3\"" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "connections = 0;",
	    KEY, "connections: a value between 1 and 1024" },
	{ "url = \"https://a.test\"; api_key = \"leadsail\";\n"
	  "verify = false;",
	    KEY, "verify: there is no such setting" },
};

static void
names_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		char *faults;

		assert_null(load(bads[i].text, bads[i].key, &faults));
		if (strstr(faults, bads[i].fault) == NULL)
			fail_msg("case %zu: %s", i, faults);
		assert_null(strstr(faults, bads[i].key));
		base_free(faults);
	}
}

static void
tells_all_faults_at_once(void **state)
{
	char *faults;

	(void)state;
	assert_null(load("url = \"http://a.test\"; api_key = \"nobody\";", KEY,
	    &faults));
	assert_non_null(strstr(faults, "upstreams.t.url"));
	assert_non_null(strstr(faults, "upstreams.t.api_key"));
	base_free(faults);
}

static void
has_the_defaults_of_the_table(void **state)
{
	char *faults;
	struct upstream_target
	    *t = load("url = \"https://a.test/v2/\"; api_key = \"leadsail\";",
	        KEY, &faults);

	(void)state;
	assert_non_null(t);
	assert_string_equal(upstream_target_name(t), "t");
	assert_string_equal(t->address, "https://a.test/v2/");
	assert_int_equal(t->options.timeout_ms, 10000);
	assert_int_equal(t->options.connect_timeout_ms, 5000);
	assert_int_equal(t->options.idle_timeout_ms, 30000);
	assert_int_equal(t->options.connections, 16);
	assert_int_equal(t->options.queue, 256);
	assert_int_equal(t->options.max_answer, 1 << 20);
	assert_int_equal(t->options.max_answer_headers, 16 << 10);
	assert_string_equal(t->start, "PATCH /v2/api/v1/leads/");
	/* The key itself is elsewhere, and goes where the asterisks are. */
	assert_null(strstr(t->fields, KEY));
	assert_non_null(strstr(t->fields, "\r\nX-API-Key: ***"));
	assert_int_equal(t->key_len, strlen(KEY));
	assert_memory_equal(t->key, KEY, strlen(KEY));
	assert_memory_equal(t->fields + t->key_at - 13, "\r\nX-API-Key: ", 13);
	assert_int_equal(strspn(t->fields + t->key_at, "*"), strlen(KEY));
	assert_non_null(strstr(t->fields, "\r\nHost: a.test\r\n"));
	upstream_target_free(t);
	base_free(faults);
}

/* What stands between the key and a stranger, asked of OpenSSL itself. */
static void
verifies_whoever_it_talks_to(void **state)
{
	char *faults;
	struct upstream_target
	    *t = load("url = \"https://a.test\"; api_key = \"leadsail\";", KEY,
	        &faults);
	SSL *ssl;

	(void)state;
	assert_non_null(t);
	ssl = SSL_new(t->tls);
	assert_int_equal(SSL_get_verify_mode(ssl), SSL_VERIFY_PEER);
	assert_int_equal(SSL_get_security_level(ssl), 2);
	assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_2_VERSION);
	assert_true(SSL_get_options(ssl) & SSL_OP_NO_RENEGOTIATION);
	assert_false(SSL_get_options(ssl) & SSL_OP_IGNORE_UNEXPECTED_EOF);
	assert_string_equal(X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), 0),
	    "a.test");
	assert_int_equal(X509_VERIFY_PARAM_get_hostflags(SSL_get0_param(ssl)),
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_free(ssl);
	upstream_target_free(t);
	base_free(faults);
}

static void
the_table_is_sorted_and_helps(void **state)
{
	(void)state;
	for (const struct setting *s = upstream_settings; s->name != NULL;
	     s++) {
		assert_int_equal(s->help[strlen(s->help) - 1], '.');
		if (s[1].name != NULL)
			assert_true(strcmp(s->name, s[1].name) < 0);
	}
}

static void
every_outcome_has_a_name(void **state)
{
	(void)state;
	for (int o = 0; o < UPSTREAM_OUTCOMES; o++) {
		bool unsent = o >= UPSTREAM_BUSY && o <= UPSTREAM_LATE_UNSENT;

		assert_non_null(
		    upstream_outcome_name((enum upstream_outcome)o));
		assert_int_equal(upstream_outcome_unsent(
		                     (enum upstream_outcome)o),
		    unsent);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(tells_all_faults_at_once),
		cmocka_unit_test(has_the_defaults_of_the_table),
		cmocka_unit_test(verifies_whoever_it_talks_to),
		cmocka_unit_test(the_table_is_sorted_and_helps),
		cmocka_unit_test(every_outcome_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
