/* The url of a target: what is taken, and what is refused in which words. */
#include "unit/cmocka_all.h"

#include "upstream/upstream_url.h"

static const struct {
	const char *text;
	bool tls, numeric, loopback;
	uint16_t port;
	const char *host, *prefix, *printed;
} goods[] = {
	{ "https://api.leadsail.app", true, false, false, 443,
	    "api.leadsail.app", "", "api.leadsail.app" },
	{ "https://API.Leadsail.App/", true, false, false, 443,
	    "api.leadsail.app", "", "api.leadsail.app" },
	{ "https://a.test:8443/v2/x//", true, false, false, 8443, "a.test",
	    "/v2/x", "a.test:8443" },
	{ "https://a.test:443", true, false, false, 443, "a.test", "",
	    "a.test" },
	{ "https://192.0.2.7", true, true, false, 443, "192.0.2.7", "",
	    "192.0.2.7" },
	{ "https://[2001:db8::1]:444/p", true, true, false, 444, "2001:db8::1",
	    "/p", "[2001:db8::1]:444" },
	{ "http://127.0.0.1:8080", false, true, true, 8080, "127.0.0.1", "",
	    "127.0.0.1:8080" },
	{ "http://127.9.9.9", false, true, true, 80, "127.9.9.9", "",
	    "127.9.9.9" },
	{ "http://[::1]:1", false, true, true, 1, "::1", "", "[::1]:1" },
	{ "http://localhost", false, false, true, 80, "localhost", "",
	    "localhost" },
};

static void
takes_what_is_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(goods); i++) {
		const char *problem = "none";
		struct url url;
		struct bytes host;

		if (!url_parse(str_of(goods[i].text), &url, &problem))
			fail_msg("%s: %s", goods[i].text, problem);
		assert_int_equal(url.tls, goods[i].tls);
		assert_int_equal(url.numeric, goods[i].numeric);
		assert_int_equal(url.loopback, goods[i].loopback);
		assert_int_equal(url.port, goods[i].port);
		assert_string_equal(url.host, goods[i].host);
		assert_string_equal(url.prefix, goods[i].prefix);
		bytes_init(&host, 512);
		url_print_host(&url, &host);
		assert_str(bytes_str(&host), goods[i].printed);
		bytes_done(&host);
	}
}

static const struct {
	const char *text, *problem;
} bads[] = {
	{ "", "begin with https://" },
	{ "api.leadsail.app", "begin with https://" },
	{ "ftp://api.leadsail.app", "begin with https://" },
	{ "http://api.leadsail.app", "show the key" },
	{ "http://192.168.0.1", "show the key" },
	{ "http://[2001:db8::1]", "show the key" },
	{ "http://localhost.evil.test", "show the key" },
	{ "https://", "names no host" },
	{ "https:///v2", "names no host" },
	{ "https://:443", "names no host" },
	{ "https://user@a.test", "a user or a password" },
	{ "https://user:pass@a.test:1", "a user or a password" },
	{ "https://a.test:0", "port" },
	{ "https://a.test:65536", "port" },
	{ "https://a.test:", "port" },
	{ "https://a.test:https", "port" },
	{ "https://a..test", "not a name" },
	{ "https://.test", "not a name" },
	{ "https://a.test.", "not a name" },
	{ "https://a b.test", "not a name" },
	{ "https://b\xc3\xbc"
	  "cher.test",
	    "xn--" },
	{ "https://a.test?x", "not a name" },
	{ "https://[::1", "no end" },
	{ "https://[127.0.0.1]", "not an IPv6" },
	{ "https://[::1]x", "junk" },
	{ "https://a.test/a?b", "no query" },
	{ "https://a.test/a#b", "no query" },
	{ "https://a.test/a b", "no query" },
	{ "https://a.test/a%2e", "no query" },
	{ "https://a.test/a\r\nX: y", "no query" },
	{ "https://a.test/a/../b", "'..'" },
	{ "https://a.test/.", "'.'" },
};

static void
refuses_the_rest_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		const char *problem = "";
		struct url url;

		if (url_parse(str_of(bads[i].text), &url, &problem))
			fail_msg("%s is taken", bads[i].text);
		if (strstr(problem, bads[i].problem) == NULL)
			fail_msg("%s: \"%s\"", bads[i].text, problem);
	}
}

static void
bounds_host_and_path(void **state)
{
	struct str text;
	const char *problem = "";
	struct url url;
	char long_text[1024];

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	memcpy(long_text, "https://", 8);
	text = (struct str){ long_text, 8 + 64 };
	assert_false(url_parse(text, &url, &problem)); /* a label of 64 */
	text.len = 8 + 63;
	assert_true(url_parse(text, &url, &problem));
	text.len = 8 + URL_HOST_MAX + 1;
	assert_false(url_parse(text, &url, &problem));
	assert_non_null(strstr(problem, "too long"));
	long_text[9] = '/';
	text.len = 9 + URL_PREFIX_MAX;
	assert_true(url_parse(text, &url, &problem));
	text.len++;
	assert_false(url_parse(text, &url, &problem));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_meant),
		cmocka_unit_test(refuses_the_rest_with_a_reason),
		cmocka_unit_test(bounds_host_and_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
