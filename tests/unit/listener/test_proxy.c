/*
 * tests/unit/listener/test_proxy.c - headers of the PROXY protocol, good and
 * bad, whole and in pieces.
 */
#include <stdio.h>
#include <string.h>

#include "listener/listener_proxy.h"
#include "unit/cmocka_all.h"

/* Of version 2: the signature, then what the row says. */
#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\xC0\x00\x02\x07\xC6\x33\x64\x01\x9C\x40\x01\xBB"
#define IP6                                                                    \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                           \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x9C\x40\x01\xBB"
#define EIGHT "\0\0\0\0\0\0\0\0"
#define UNIX_216                                                               \
	EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT      \
	    EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT  \
	        EIGHT EIGHT EIGHT EIGHT EIGHT

struct row {
	const char *name;
	struct str bytes;
	const char
	    *client; /* "": the proxy itself; "-": no address; NULL: bad */
};

static const struct row rows[] = {
	{ "1, IPv4", { "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n", 45 },
	    "192.0.2.7" },
	{ "1, IPv6", { "PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n", 44 },
	    "2001:db8::7" },
	{ "1, as short as can be", { "PROXY TCP6 :: ::1 1 1\r\n", 23 }, "::" },
	{ "1, unknown", { "PROXY UNKNOWN\r\n", 15 }, "-" },
	{ "1, unknown, and more",
	    { "PROXY UNKNOWN ffff:f...f:ffff x 65535\r\n", 39 }, "-" },
	{ "1, as long as can be",
	    { "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	        104 },
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "1, longer",
	    { "PROXY UNKNOWN                                                "
	      "                                               \r\n",
	        110 },
	    NULL },
	{ "1, lower case", { "PROXY tcp4 192.0.2.7 198.51.100.1 1 1\r\n", 39 },
	    NULL },
	{ "1, UDP", { "PROXY UDP4 192.0.2.7 198.51.100.1 1 1\r\n", 39 }, NULL },
	{ "1, unknown and a letter", { "PROXY UNKNOWNX\r\n", 16 }, NULL },
	{ "1, two spaces", { "PROXY TCP4  192.0.2.7 198.51.100.1 1 1\r\n", 40 },
	    NULL },
	{ "1, a tab", { "PROXY TCP4\t192.0.2.7 198.51.100.1 1 1\r\n", 39 },
	    NULL },
	{ "1, a space at the end",
	    { "PROXY TCP4 192.0.2.7 198.51.100.1 1 1 \r\n", 40 }, NULL },
	{ "1, LF alone", { "PROXY TCP4 192.0.2.7 198.51.100.1 1 1\n\n", 39 },
	    NULL },
	{ "1, CR twice", { "PROXY TCP4 192.0.2.7 198.51.100.1 1 1\r\r\n", 40 },
	    NULL },
	{ "1, CR within", { "PROXY TCP4 192.0.2.7\r198.51.100.1 1 1\r\n", 39 },
	    NULL },
	{ "1, NUL within",
	    { "PROXY TCP4 192.0.2.7\0 198.51.100.1 1 1\r\n", 40 }, NULL },
	{ "1, IPv6 as IPv4", { "PROXY TCP4 ::1 ::1 10000 443\r\n", 30 }, NULL },
	{ "1, IPv4 as IPv6",
	    { "PROXY TCP6 192.0.2.7 198.51.100.1 1 1\r\n", 39 }, NULL },
	{ "1, a zero in front",
	    { "PROXY TCP4 192.0.02.7 198.51.100.1 1 1\r\n", 40 }, NULL },
	{ "1, three numbers", { "PROXY TCP4 192.0.2 198.51.100.1 1 1\r\n", 37 },
	    NULL },
	{ "1, no second address", { "PROXY TCP4 192.0.2.7 40000 443\r\n", 32 },
	    NULL },
	{ "1, the second is bad",
	    { "PROXY TCP4 192.0.2.7 198.51.100 40000 443\r\n", 43 }, NULL },
	{ "1, a port too few",
	    { "PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", 37 }, NULL },
	{ "1, a port too many",
	    { "PROXY TCP4 192.0.2.7 198.51.100.1 1 1 1\r\n", 41 }, NULL },
	{ "1, port 65536",
	    { "PROXY TCP4 192.0.2.7 198.51.100.1 65536 1\r\n", 43 }, NULL },
	{ "1, port 01", { "PROXY TCP4 192.0.2.7 198.51.100.1 01 1\r\n", 40 },
	    NULL },
	{ "1, port -1", { "PROXY TCP4 192.0.2.7 198.51.100.1 -1 1\r\n", 40 },
	    NULL },
	{ "1, port +1", { "PROXY TCP4 192.0.2.7 198.51.100.1 +1 1\r\n", 40 },
	    NULL },
	{ "2, IPv4", { V2 "\x21\x11\0\x0C" IP4, 28 }, "192.0.2.7" },
	{ "2, IPv6", { V2 "\x21\x21\0\x24" IP6, 52 }, "2001:db8::7" },
	{ "2, unspecified", { V2 "\x21\0\0\0", 16 }, "-" },
	{ "2, a Unix socket", { V2 "\x21\x31\0\xD8" UNIX_216, 232 }, "-" },
	{ "2, local", { V2 "\x20\0\0\0", 16 }, "" },
	{ "2, local, and an address", { V2 "\x20\x11\0\x0C" IP4, 28 }, "" },
	{ "2, local, and anything",
	    { V2 "\x20\xFF\0\x03"
	         "abc",
	        19 },
	    "" },
	{ "2, TLVs",
	    { V2 "\x21\x11\0\x16" IP4 "\x02\0\x03"
	         "abc"
	         "\x04\0\x01"
	         "x",
	        38 },
	    "192.0.2.7" },
	{ "2, an empty TLV", { V2 "\x21\x11\0\x0F" IP4 "\x04\0\0", 31 },
	    "192.0.2.7" },
	{ "2, a TLV too long",
	    { V2 "\x21\x11\0\x10" IP4 "\x04\0\x02"
	         "x",
	        32 },
	    NULL },
	{ "2, half a TLV", { V2 "\x21\x11\0\x0E" IP4 "\x04\0", 30 }, NULL },
	{ "2, an address too short", { V2 "\x21\x11\0\x0B" IP4, 27 }, NULL },
	{ "2, IPv6 too short", { V2 "\x21\x21\0\x0C" IP4, 28 }, NULL },
	{ "2, UDP", { V2 "\x21\x12\0\x0C" IP4, 28 }, NULL },
	{ "2, no family that is", { V2 "\x21\x41\0\x0C" IP4, 28 }, NULL },
	{ "2, version 1", { V2 "\x11\x11\0\x0C" IP4, 28 }, NULL },
	{ "2, version 3", { V2 "\x31\x11\0\x0C" IP4, 28 }, NULL },
	{ "2, command 2", { V2 "\x22\x11\0\x0C" IP4, 28 }, NULL },
	{ "2, too long", { V2 "\x21\x11\xFF\xFF" IP4, 28 }, NULL },
	{ "2, its signature is bad",
	    { "\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0C" IP4, 28 }, NULL },
	{ "a request", { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27 }, NULL },
	{ "a POST", { "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 28 }, NULL },
	{ "TLS", { "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11 }, NULL },
	{ "blank lines", { "\r\n\r\nGET / HTTP/1.1\r\n\r\n", 22 }, NULL },
};

/* As the listener reads: what may be read, and not a byte more. */
static size_t
read_all(struct str bytes)
{
	size_t n = 0, want;

	while ((want = proxy_length(bytes.at, n)) > n) {
		assert_true(want <= PROXY_MAX);
		if (want > bytes.len)
			return 0;
		n = want;
	}
	return want;
}

static enum proxy_verdict
verdict_of(const struct row *row)
{
	if (row->client == NULL)
		return PROXY_BAD;
	if (strcmp(row->client, "-") == 0)
		return PROXY_NOBODY;
	return row->client[0] == '\0' ? PROXY_LOCAL : PROXY_CLIENT;
}

static void
good_headers_are_read_and_bad_ones_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct net_address client = { { 0 } };
		char text[NET_TEXT_SIZE];
		enum proxy_verdict got = PROXY_BAD;
		size_t n = read_all(row->bytes);

		if (n > 0)
			got = proxy_read(row->bytes.at, n, &client);
		net_print(&client, text);
		if (got != verdict_of(row) ||
		    (got == PROXY_CLIENT && strcmp(text, row->client) != 0))
			fail_msg("%s: verdict %d, %s", row->name, (int)got,
			    text);
		if (row->client != NULL)
			assert_int_equal(n, row->bytes.len);
	}
}

/* What is behind the header is the request's, or TLS's. */
static void
nothing_behind_a_header_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		char more[512];

		if (row->client == NULL)
			continue;
		memset(more, '\n', sizeof(more));
		memcpy(more, row->bytes.at, row->bytes.len);
		assert_int_equal(read_all((struct str){ more, sizeof(more) }),
		    row->bytes.len);
	}
}

/* Any beginning of a good one asks for more, and is no header yet. */
static void
no_part_of_a_header_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct net_address client;

		if (row->client == NULL)
			continue;
		for (size_t n = 0; n < row->bytes.len; n++) {
			size_t want = proxy_length(row->bytes.at, n);

			if (want <= n || want > row->bytes.len)
				fail_msg("%s: %zu of %zu bytes, wants %zu",
				    row->name, n, row->bytes.len, want);
			assert_int_equal(proxy_read(row->bytes.at, n, &client),
			    PROXY_BAD);
		}
	}
}

static void
a_header_has_an_end(void **state)
{
	static char long_one[PROXY_MAX + 16];
	struct net_address client;
	size_t most = PROXY_MAX - 16;

	(void)state;
	memcpy(long_one, V2 "\x21\x11", 14);
	long_one[14] = (char)(most >> 8);
	long_one[15] = (char)(most & 0xFF);
	memcpy(long_one + 16, IP4 "\x04", 13);
	long_one[29] = (char)((most - 15) >> 8);
	long_one[30] = (char)((most - 15) & 0xFF);
	assert_int_equal(read_all((struct str){ long_one, PROXY_MAX }),
	    PROXY_MAX);
	assert_int_equal(proxy_read(long_one, PROXY_MAX, &client),
	    PROXY_CLIENT);
	long_one[15]++;
	assert_int_equal(proxy_length(long_one, 16), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_headers_are_read_and_bad_ones_are_not),
		cmocka_unit_test(nothing_behind_a_header_is_read),
		cmocka_unit_test(no_part_of_a_header_is_one),
		cmocka_unit_test(a_header_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
