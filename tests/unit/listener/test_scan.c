/*
 * tests/unit/listener/test_scan.c - the scanner's verdicts, case by case.
 *
 * Every case is read whole, cut once at every byte, and a byte at a time:
 * verdict, parts kept and bytes left over have to be the same.
 */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "listener/listener_scan.h"
#include "listener/listener_scan_steps.h"

#define HEAD_MAX 512
#define BODY_MAX 64

struct result {
	enum scan_reason reason;
	bool over;
	bool keep, expects_continue, http_1_0, chunked;
	size_t used; /* of the input */
	size_t head_len;
	char kept[4096]; /* head and body */
	size_t kept_len;
};

static void
feed(struct scan *s, struct result *r, const char *at, size_t n)
{
	size_t done = 0;

	while (done < n && !scan_over(s)) {
		enum scan_part part;
		size_t used = scan_feed(s, at + done, n - done, &part);

		assert_true(used > 0 || scan_over(s));
		assert_true(used <= n - done);
		if (part != SCAN_SKIP) {
			assert_true(r->kept_len + used <= sizeof(r->kept));
			memcpy(r->kept + r->kept_len, at + done, used);
			r->kept_len += used;
		}
		done += used;
	}
	r->used += done;
}

/* In pieces: the first of `cut` bytes, the others of `step`. */
static struct result
scan_cut(struct str text, size_t cut, size_t step)
{
	struct scan_limits limits = { HEAD_MAX, BODY_MAX };
	struct result r = { .used = 0 };
	struct scan s;

	scan_start(&s, &limits);
	for (size_t at = 0; at < text.len && !scan_over(&s);) {
		size_t n = at == 0 ? cut : step;

		if (n > text.len - at)
			n = text.len - at;
		feed(&s, &r, text.at + at, n);
		at += n;
	}
	r.reason = s.reason;
	r.over = scan_over(&s);
	r.keep = s.keep;
	r.expects_continue = s.expects_continue;
	r.http_1_0 = s.http_1_0;
	r.chunked = s.chunked;
	r.head_len = s.head_len;
	return r;
}

static void
assert_same(const struct result *a, const struct result *b, const char *text)
{
	bool same = a->reason == b->reason && a->over == b->over &&
	    a->keep == b->keep && a->used == b->used &&
	    a->head_len == b->head_len && a->kept_len == b->kept_len &&
	    memcmp(a->kept, b->kept, a->kept_len) == 0;

	if (!same)
		fail_msg("depends on the cut: %s (%d, %d)", text, a->reason,
		    b->reason);
}

static struct result
scan_all_ways(struct str text)
{
	struct result whole = scan_cut(text, text.len, 1), other;

	for (size_t cut = 1; cut < text.len; cut++) {
		other = scan_cut(text, cut, text.len);
		assert_same(&whole, &other, text.at);
	}
	other = scan_cut(text, 1, 1);
	assert_same(&whole, &other, text.at);
	return whole;
}

#define H "POST /a HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED H "Transfer-Encoding: chunked\r\n\r\n"
#define SIXTEEN "0123456789abcdef"

struct bad_case {
	const char *name;
	struct str text;
	enum scan_reason reason;
};

static const struct bad_case bad_cases[] = {
	{ "length twice, same",
	    STR(H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
	    SCAN_LENGTH_TWICE },
	{ "length twice, other",
	    STR(H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
	    SCAN_LENGTH_TWICE },
	{ "length and coding",
	    STR(H
	        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"),
	    SCAN_FRAMED_TWICE },
	{ "coding and length",
	    STR(H
	        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n"),
	    SCAN_FRAMED_TWICE },
	{ "length list", STR(H "Content-Length: 3, 3\r\n\r\n"), SCAN_LENGTH },
	{ "length hex", STR(H "Content-Length: 0x3\r\n\r\n"), SCAN_LENGTH },
	{ "length _", STR(H "Content-Length: 1_0\r\n\r\n"), SCAN_LENGTH },
	{ "length empty", STR(H "Content-Length: \r\n\r\n"), SCAN_LENGTH },
	{ "length +3", STR(H "Content-Length: +3\r\n\r\n"), SCAN_LENGTH },
	{ "length tab", STR(H "Content-Length:\t3\r\n\r\n"), SCAN_LENGTH },
	{ "length tab behind", STR(H "Content-Length: 3\t\r\n\r\n"),
	    SCAN_LENGTH },
	{ "length -0", STR(H "Content-Length: -0\r\n\r\n"), SCAN_LENGTH },
	{ "length NUL", STR(H "Content-Length: 3\0 5\r\n\r\n"), SCAN_VALUE },
	{ "length of 30 digits",
	    STR(H "Content-Length: 000000000000000000000000000003\r\n\r\n"),
	    SCAN_LENGTH },
	{ "length of 20 digits",
	    STR(H "Content-Length: 99999999999999999999\r\n\r\n"),
	    SCAN_BODY_LARGE },
	{ "length of 2^64",
	    STR(H "Content-Length: 18446744073709551616\r\n\r\n"),
	    SCAN_BODY_LARGE },
	{ "space before the colon", STR(H "Content-Length : 3\r\n\r\n"),
	    SCAN_NAME },
	{ "tab before the colon", STR(H "X\t: 3\r\n\r\n"), SCAN_NAME },
	{ "space before the name", STR(H " X: 3\r\n\r\n"), SCAN_FOLDED },
	{ "folded", STR(H "X: a\r\n b\r\n\r\n"), SCAN_FOLDED },
	{ "folded by tab", STR(H "X: a\r\n\tb\r\n\r\n"), SCAN_FOLDED },
	{ "folded coding", STR(H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n"),
	    SCAN_CODING },
	{ "coding identity", STR(H "Transfer-Encoding: identity\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding gzip", STR(H "Transfer-Encoding: gzip\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding xchunked", STR(H "Transfer-Encoding: xchunked\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding quoted", STR(H "Transfer-Encoding: \"chunked\"\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding vertical tab",
	    STR(H "Transfer-Encoding: \x0b"
	          "c\r\n\r\n"),
	    SCAN_VALUE },
	{ "coding tab", STR(H "Transfer-Encoding:\tchunked\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding list", STR(H "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	    SCAN_CODING_UNKNOWN },
	{ "coding twice",
	    STR(H "Transfer-Encoding: chunked\r\n"
	          "Transfer-Encoding: chunked\r\n\r\n"),
	    SCAN_CODING },
	{ "coding of HTTP/1.0",
	    STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    SCAN_CODING_OLD },
	{ "coding NUL", STR(H "Transfer-Encoding: chunked\0x\r\n\r\n"),
	    SCAN_VALUE },
	{ "bare LF", STR("GET / HTTP/1.1\nHost: a\n\n"), SCAN_LINE_END },
	{ "bare LF in a header", STR(H "X: y\nY: z\r\n\r\n"), SCAN_LINE_END },
	{ "bare LF at the end", STR(H "\n"), SCAN_LINE_END },
	{ "bare CR", STR(H "X: a\rb\r\n\r\n"), SCAN_LINE_END },
	{ "CR at the end", STR(H "\r\r"), SCAN_LINE_END },
	{ "NUL in a value", STR(H "X: a\0b\r\n\r\n"), SCAN_VALUE },
	{ "DEL in a value", STR(H "X: a\x7f\r\n\r\n"), SCAN_VALUE },
	{ "NUL in a name", STR(H "X\0: a\r\n\r\n"), SCAN_NAME },
	{ "NUL in a target", STR("GET /\0 HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "NUL in a method", STR("G\0T / HTTP/1.1\r\n\r\n"), SCAN_METHOD },
	{ "empty name", STR(H ": a\r\n\r\n"), SCAN_NAME },
	{ "brackets in a name", STR(H "X(A)@: a\r\n\r\n"), SCAN_NAME },
	{ "8-bit name", STR(H "X\xE9: a\r\n\r\n"), SCAN_NAME },
	{ "no colon", STR(H "nonsense\r\n\r\n"), SCAN_NAME },
	{ "length with _", STR(H "Content_Length: 3\r\n\r\n"),
	    SCAN_NAME_ALIKE },
	{ "coding with _", STR(H "TRANSFER_ENCODING: chunked\r\n\r\n"),
	    SCAN_NAME_ALIKE },
	{ "length with --", STR(H "Content--Length: 3\r\n\r\n"),
	    SCAN_NAME_ALIKE },
	{ "coding with ___", STR(H "Transfer___Encoding: chunked\r\n\r\n"),
	    SCAN_NAME_ALIKE },
	{ "coding with -_", STR(H "Transfer-_Encoding: chunked\r\n\r\n"),
	    SCAN_NAME_ALIKE },
	{ "no Host", STR("GET / HTTP/1.1\r\n\r\n"), SCAN_HOST_MISSING },
	{ "two Hosts", STR(H "Host: a\r\n\r\n"), SCAN_HOST },
	{ "empty Host", STR("GET / HTTP/1.1\r\nHost: \r\n\r\n"), SCAN_HOST },
	{ "Host with a space", STR("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	    SCAN_HOST },
	{ "Host with a slash", STR("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	    SCAN_HOST },
	{ "Host with userinfo", STR("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	    SCAN_HOST },
	{ "absolute form", STR("GET http://a/ HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "asterisk form", STR("OPTIONS * HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "CONNECT", STR("CONNECT a:1 HTTP/1.1\r\n\r\n"), SCAN_METHOD_UNKNOWN },
	{ "TRACE", STR("TRACE / HTTP/1.1\r\n\r\n"), SCAN_METHOD_UNKNOWN },
	{ "get", STR("get / HTTP/1.1\r\n\r\n"), SCAN_METHOD_UNKNOWN },
	{ "long method", STR(SIXTEEN SIXTEEN " / HTTP/1.1\r\n\r\n"),
	    SCAN_METHOD_UNKNOWN },
	{ "space first", STR(" GET / HTTP/1.1\r\n\r\n"), SCAN_START },
	{ "blank lines", STR("\r\n\r\n\r\n"), SCAN_START },
	{ "LF first", STR("\nGET / HTTP/1.1\r\n\r\n"), SCAN_START },
	{ "CR first", STR("\rGET / HTTP/1.1\r\n\r\n"), SCAN_LINE_END },
	{ "no slash", STR("GET aaa HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "query only", STR("GET ?a HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "no target", STR("GET HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "two spaces", STR("GET  / HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "tab", STR("GET /\tHTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "space in the target", STR("GET /a b HTTP/1.1\r\n\r\n"),
	    SCAN_VERSION },
	{ "fragment", STR("GET /a#b HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "fragment in the query", STR("GET /a?b#c HTTP/1.1\r\n\r\n"),
	    SCAN_TARGET },
	{ "8-bit target", STR("GET /\xE9 HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "backslash", STR("GET /a\\b HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "quote in the query", STR("GET /?\" HTTP/1.1\r\n\r\n"), SCAN_TARGET },
	{ "%00", STR("GET /%00 HTTP/1.1\r\n\r\n"), SCAN_TARGET_ESCAPE },
	{ "%00 in the query", STR("GET /?%00 HTTP/1.1\r\n\r\n"),
	    SCAN_TARGET_ESCAPE },
	{ "%zz", STR("GET /%zz HTTP/1.1\r\n\r\n"), SCAN_TARGET_ESCAPE },
	{ "%4", STR("GET /%4 HTTP/1.1\r\n\r\n"), SCAN_TARGET_ESCAPE },
	{ "..", STR("GET /.. HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ "../", STR("GET /a/../b HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ "./", STR("GET /./b HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ "..?", STR("GET /..?b HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ "%2e%2e", STR("GET /%2e%2E HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ ".%2e/", STR("GET /.%2e/a HTTP/1.1\r\n\r\n"), SCAN_TARGET_DOTS },
	{ "no version", STR("GET /\r\n"), SCAN_TARGET },
	{ "version cut", STR("GET / HTTP\r\n"), SCAN_VERSION },
	{ "version 0.9", STR("GET / HTTP/0.9\r\n"), SCAN_VERSION_UNKNOWN },
	{ "version 1.2", STR("GET / HTTP/1.2\r\n"), SCAN_VERSION_UNKNOWN },
	{ "version 2.0", STR("GET / HTTP/2.0\r\n"), SCAN_VERSION_UNKNOWN },
	{ "version -1.1", STR("GET / HTTP/-1.1\r\n"), SCAN_VERSION },
	{ "version 4294967297.1", STR("GET / HTTP/4294967297.1\r\n"),
	    SCAN_VERSION },
	{ "version 1.10", STR("GET / HTTP/1.10\r\n"), SCAN_VERSION },
	{ "version http", STR("GET / http/1.1\r\n"), SCAN_VERSION },
	{ "space behind", STR("GET / HTTP/1.1 \r\n"), SCAN_VERSION },
	{ "GET with a body",
	    STR("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"),
	    SCAN_BODY_UNWANTED },
	{ "HEAD with a body",
	    STR("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"),
	    SCAN_BODY_UNWANTED },
	{ "GET with chunks",
	    STR("GET / HTTP/1.1\r\nHost: a\r\n"
	        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	    SCAN_BODY_UNWANTED },
	{ "expects foo", STR(H "Expect: foo\r\n\r\n"), SCAN_EXPECT },
	{ "expects nothing", STR(H "Expect:\r\n\r\n"), SCAN_EXPECT },
	{ "body large", STR(H "Content-Length: 65\r\n\r\n"), SCAN_BODY_LARGE },
	{ "chunk 0x3", STR(CHUNKED "0x3\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk +3", STR(CHUNKED "+3\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk, space before", STR(CHUNKED " 3\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk -0", STR(CHUNKED "-0\r\n\r\n"), SCAN_CHUNK_SIZE },
	{ "chunk NUL", STR(CHUNKED "3\0zz\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk, space behind", STR(CHUNKED "3 \r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk 3 ;a=b", STR(CHUNKED "3 ;a=b\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk, LF only", STR(CHUNKED "3\nabc"), SCAN_LINE_END },
	{ "chunk, CR only", STR(CHUNKED "3\rabc"), SCAN_LINE_END },
	{ "chunk, no size", STR(CHUNKED "\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk, only extension", STR(CHUNKED ";a\r\nabc"), SCAN_CHUNK_SIZE },
	{ "chunk, 17 digits", STR(CHUNKED "0" SIXTEEN "\r\n"),
	    SCAN_CHUNK_SIZE },
	{ "chunk, 2^64 - 1", STR(CHUNKED "ffffffffffffffff\r\n"),
	    SCAN_BODY_LARGE },
	{ "chunk, too long", STR(CHUNKED "3\r\nabcd\r\n"), SCAN_CHUNK_END },
	{ "chunk, LF behind", STR(CHUNKED "3\r\nabc\n"), SCAN_CHUNK_END },
	{ "chunk, CR CR behind", STR(CHUNKED "3\r\nabc\r\r"), SCAN_CHUNK_END },
	{ "chunks, too much",
	    STR(CHUNKED "40\r\n" SIXTEEN SIXTEEN SIXTEEN SIXTEEN "\r\n1\r\n"),
	    SCAN_BODY_LARGE },
	{ "extension without name", STR(CHUNKED "3;\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension with a space", STR(CHUNKED "3; a\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension without value", STR(CHUNKED "3;a=\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension behind a quote", STR(CHUNKED "3;a=\"b\"c\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension NUL", STR(CHUNKED "3;a=\"\0\"\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension LF quoted", STR(CHUNKED "3;a=\"\n\"\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension escape of LF", STR(CHUNKED "3;a=\"\\\n\"\r\n"),
	    SCAN_CHUNK_EXTENSION },
	{ "extension LF", STR(CHUNKED "3;a\n"), SCAN_LINE_END },
	{ "trailer, space before the colon", STR(CHUNKED "0\r\nX : y\r\n\r\n"),
	    SCAN_NAME },
	{ "trailer folded", STR(CHUNKED "0\r\nX: y\r\n z\r\n\r\n"),
	    SCAN_FOLDED },
	{ "trailer LF", STR(CHUNKED "0\r\n\n"), SCAN_LINE_END },
	{ "TLS", STR("\x16\x03\x01\x02"), SCAN_START },
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		struct result r = scan_all_ways(c->text);

		if (!r.over || r.reason != c->reason)
			fail_msg("%s: got %d (%s), not %d", c->name, r.reason,
			    scan_verdict(r.reason)->text, c->reason);
	}
}

struct good_case {
	const char *name;
	struct str text; /* with NEXT behind it, which must be left over */
	const char *body;
	bool keep;
};

#define NEXT "GET /next"

static const struct good_case good_cases[] = {
	{ "GET", STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n" NEXT), "", true },
	{ "HTTP/1.0", STR("GET / HTTP/1.0\r\n\r\n" NEXT), "", false },
	{ "HTTP/1.0, to be kept",
	    STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" NEXT), "",
	    false },
	{ "close", STR(H "Connection: close\r\n\r\n" NEXT), "", false },
	{ "close, x", STR(H "Connection: close, x\r\n\r\n" NEXT), "", false },
	{ "x ,\tCLOSE", STR(H "Connection: x ,\tCLOSE\r\n\r\n" NEXT), "",
	    false },
	{ "two Connections",
	    STR(H "Connection: close\r\nConnection: keep-alive\r\n\r\n" NEXT),
	    "", false },
	{ "closer", STR(H "Connection: closer, xclose\r\n\r\n" NEXT), "",
	    true },
	{ "length", STR(H "Content-Length: 3\r\n\r\nabc" NEXT), "abc", true },
	{ "length, blanks", STR(H "Content-Length:  003  \r\n\r\nabc" NEXT),
	    "abc", true },
	{ "length, any case", STR(H "cOnTeNt-LeNgTh:3\r\n\r\nabc" NEXT), "abc",
	    true },
	{ "no length", STR(H "\r\n" NEXT), "", true },
	{ "blank line before",
	    STR("\r\n\r\n" H "Content-Length: 1\r\n\r\na" NEXT), "a", true },
	{ "chunks",
	    STR(CHUNKED "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n" NEXT),
	    "abc0123456789", true },
	{ "chunk of CR LF", STR(CHUNKED "2\r\n\r\n\r\n0\r\n\r\n" NEXT), "\r\n",
	    true },
	{ "extensions",
	    STR(CHUNKED "1;a;b=c;d=\"e \\\"f\";g\r\nx\r\n0;z\r\n\r\n" NEXT),
	    "x", true },
	{ "trailers",
	    STR(CHUNKED "1\r\nx\r\n0\r\nContent-Length: 5\r\nHost: b\r\n"
	                "Transfer-Encoding: gzip\r\n\r\n" NEXT),
	    "x", true },
	{ "chunked in capitals",
	    STR(H "Transfer-Encoding: CHUNKED \r\n\r\n0\r\n\r\n" NEXT), "",
	    true },
	{ "dots that are names",
	    STR("GET /a.b/...c/.x/y./..z?../.. HTTP/1.1\r\nHost: "
	        "a\r\n\r\n" NEXT),
	    "", true },
	{ "query of any shape",
	    STR("GET /a?b[]={c}|^`\\?/ HTTP/1.1\r\nHost: a\r\n\r\n" NEXT), "",
	    true },
	{ "escapes", STR("GET /%41%2f%C3%A9 HTTP/1.1\r\nHost: a\r\n\r\n" NEXT),
	    "", true },
	{ "8-bit value", STR(H "X: \xE9\t x\r\n\r\n" NEXT), "", true },
	{ "empty value", STR(H "X:\r\n\r\n" NEXT), "", true },
	{ "IPv6 host", STR("GET / HTTP/1.1\r\nHost: [::1]:80 \r\n\r\n" NEXT),
	    "", true },
	{ "GET, length 0",
	    STR("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" NEXT),
	    "", true },
	{ "DELETE with a body",
	    STR("DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: "
	        "1\r\n\r\na" NEXT),
	    "a", true },
	{ "body of the ceiling",
	    STR(H "Content-Length: 64\r\n\r\n" SIXTEEN SIXTEEN SIXTEEN SIXTEEN
	            NEXT),
	    SIXTEEN SIXTEEN SIXTEEN SIXTEEN, true },
	{ "chunks of the ceiling",
	    STR(CHUNKED "20\r\n" SIXTEEN SIXTEEN "\r\n20\r\n" SIXTEEN SIXTEEN
	                "\r\n0\r\n\r\n" NEXT),
	    SIXTEEN SIXTEEN SIXTEEN SIXTEEN, true },
};

static void
test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_cases); i++) {
		const struct good_case *c = &good_cases[i];
		struct result r = scan_all_ways(c->text);
		struct str body = { r.kept + r.head_len,
			r.kept_len - r.head_len };

		if (!r.over || r.reason != SCAN_OK)
			fail_msg("%s: %s", c->name,
			    scan_verdict(r.reason)->text);
		if (!str_eq(body, str_of(c->body)) || r.keep != c->keep ||
		    r.used != c->text.len - strlen(NEXT))
			fail_msg("%s: read otherwise", c->name);
	}
}

/* What is not whole yet is neither good nor bad, nowhere. */
static void
test_every_part_asks_for_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_cases); i++) {
		struct str text = good_cases[i].text;

		text.len -= strlen(NEXT);
		for (size_t n = 0; n < text.len; n++) {
			struct str part = { text.at, n };
			struct result r = scan_cut(part, n, 1);

			assert_false(r.over);
			assert_int_equal(r.reason, SCAN_OK);
		}
	}
}

static struct result
scan_filled(const char *before, size_t n, const char *after)
{
	char text[4096];
	struct bytes b = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	bytes_add_text(&b, before);
	while (n-- > 0)
		bytes_add_char(&b, 'a');
	bytes_add_text(&b, after);
	assert_true(bytes_ok(&b));
	return scan_all_ways(bytes_str(&b));
}

static void
test_ceiling_of_the_head(void **state)
{
	size_t fixed = strlen("GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");
	size_t line = strlen("GET / HTTP/1.1\r\n");

	(void)state;
	assert_int_equal(scan_filled("GET / HTTP/1.1\r\nHost: a\r\nX: ",
	                     HEAD_MAX - fixed, "\r\n\r\n")
	                     .reason,
	    SCAN_OK);
	assert_int_equal(scan_filled("GET / HTTP/1.1\r\nHost: a\r\nX: ",
	                     HEAD_MAX - fixed + 1, "\r\n\r\n")
	                     .reason,
	    SCAN_HEADERS_LARGE);
	assert_int_equal(scan_filled("GET /", HEAD_MAX - line + 1,
	                     " HTTP/1.1\r\n")
	                     .reason,
	    SCAN_TARGET_LONG);
}

static void
test_ceiling_of_extensions_and_trailers(void **state)
{
	/* "a...a\r", and the empty line behind the last chunk. */
	size_t fits = HEAD_MAX - 3;

	(void)state;
	assert_int_equal(scan_filled(CHUNKED "1;", fits, "\r\na\r\n0\r\n\r\n")
	                     .reason,
	    SCAN_OK);
	assert_int_equal(scan_filled(CHUNKED "1;", fits + 1,
	                     "\r\na\r\n0\r\n\r\n")
	                     .reason,
	    SCAN_CHUNK_EXTRA);
	assert_int_equal(scan_filled(CHUNKED "0\r\nX: ", HEAD_MAX, "\r\n\r\n")
	                     .reason,
	    SCAN_CHUNK_EXTRA);
}

static void
test_count_of_headers(void **state)
{
	struct scan_limits limits = { 4096, 0 };
	struct bytes b;

	(void)state;
	bytes_init(&b, 4096);
	for (unsigned count = 100; count <= 101; count++) {
		struct scan s;
		enum scan_part part;

		bytes_clear(&b);
		bytes_add_text(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (unsigned i = 1; i < count; i++)
			bytes_add_text(&b, "a:\r\n");
		bytes_add_text(&b, "\r\n");
		scan_start(&s, &limits);
		(void)!scan_feed(&s, b.data, b.len, &part);
		assert_true(scan_over(&s));
		assert_int_equal(s.reason,
		    count == 100 ? SCAN_OK : SCAN_HEADERS_MANY);
		assert_int_equal(s.fields, 100);
	}
	bytes_done(&b);
}

static void
test_expectations(void **state)
{
	(void)state;
	assert_true(scan_all_ways(STR(H "Expect: 100-Continue \r\n"
	                                "Content-Length: 1\r\n\r\na"))
	                .expects_continue);
	assert_false(scan_all_ways(STR(H "Expect: 100-continue\r\n\r\n"))
	                 .expects_continue);
	assert_false(
	    scan_all_ways(STR("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
	                      "Content-Length: 1\r\n\r\na"))
	        .expects_continue);
}

/* The table, against the grammar it is made of. */
static void
test_classes(void **state)
{
	static const char tchar[] = "!#$%&'*+-.^_`|~";
	static const char pchar[] = "-._~!$&'()*+,;=:@%/";
	static const char query[] = "?[]{}|^\\`";
	static const char host[] = "-._~!$&'()*+,;=%:[]";

	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		bool word = (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') ||
		    (i >= 'a' && i <= 'z');
		bool some = i != 0;
		bool text = i == '\t' || (i >= 0x20 && i != 0x7F);

		assert_int_equal(scan_is(c, TOKEN),
		    word || (some && strchr(tchar, i) != NULL));
		assert_int_equal(scan_is(c, VALUE), text);
		assert_int_equal(scan_is(c, PATH),
		    word || (some && strchr(pchar, i) != NULL));
		assert_int_equal(scan_is(c, QUERY),
		    word ||
		        (some &&
		            (strchr(pchar, i) != NULL ||
		                strchr(query, i) != NULL)));
		assert_int_equal(scan_is(c, HOST),
		    word || (some && strchr(host, i) != NULL));
		assert_int_equal(scan_is(c, HEX), hex_digit(c) >= 0);
	}
}

static void
test_every_reason_has_words(void **state)
{
	(void)state;
	for (enum scan_reason r = 0; r < SCAN_REASONS; r++) {
		const struct scan_verdict *v = scan_verdict(r);

		assert_non_null(v->text);
		assert_true(r == SCAN_OK || v->status >= 400);
		assert_string_not_equal(http_reason(v->status), "Status");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_every_part_asks_for_more),
		cmocka_unit_test(test_ceiling_of_the_head),
		cmocka_unit_test(test_ceiling_of_extensions_and_trailers),
		cmocka_unit_test(test_count_of_headers),
		cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
