/* multipart/form-data: texts, files that are told of, and what is refused. */
#include <stdio.h>
#include <time.h>

#include "unit/decode/body_bench.h"

#define TYPE "multipart/form-data; boundary=b"
#define EMPTY_SHA256                                                           \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_SHA256                                                             \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define FORM_DATA "Content-Disposition: form-data; "
/* A part with its delimiter in front, up to the CRLF of the next one. */
#define PART(headers, bytes) "--b\r\n" headers "\r\n\r\n" bytes "\r\n"
#define NAMED(name) FORM_DATA "name=\"" name "\""
#define TEXT(name, bytes) PART(NAMED(name), bytes)
#define UPLOAD(name, file, bytes)                                              \
	PART(NAMED(name) "; filename=\"" file "\"", bytes)
#define END "--b--\r\n"

static void
reads_texts_as_a_form(void **state)
{
	static const struct row rows[] = {
		{ TEXT("a", "1") END, "{\"a\":\"1\"}" },
		{ TEXT("a", "1") TEXT("b", "2") END,
		    "{\"a\":\"1\",\"b\":\"2\"}" },
		{ TEXT("a", "1") TEXT("b", "2") TEXT("a", "3") END,
		    "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}" },
		{ TEXT("q[x]", "1") TEXT("q[y][]", "2") TEXT("q[y][]", "3") END,
		    "{\"q\":{\"x\":\"1\",\"y\":[\"2\",\"3\"]}}" },
		{ TEXT("a", "") END, "{\"a\":\"\"}" },
		{ TEXT("", "x") END, "{\"\":\"x\"}" },
		{ TEXT("a+b%20", "c+d%20") END, "{\"a+b%20\":\"c+d%20\"}" },
		{ TEXT("a", "1\r\n2\n") END, "{\"a\":\"1\\r\\n2\\n\"}" },
		{ TEXT("a", "\r\n") END, "{\"a\":\"\\r\\n\"}" },
		{ TEXT("a", "x--b\r\n-b\r\n--a") END,
		    "{\"a\":\"x--b\\r\\n-b\\r\\n--a\"}" },
		{ TEXT("e", "\xC3\xA9") END, "{\"e\":\"\xC3\xA9\"}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
reads_the_frame_as_the_rfc_has_it(void **state)
{
	static const struct row rows[] = {
		{ "--b--", "{}" },
		{ "--b--\r\n", "{}" },
		{ "\r\n" TEXT("a", "1") END, "{\"a\":\"1\"}" },
		{ TEXT("a", "1") "--b--", "{\"a\":\"1\"}" },
		/* The empty line's CRLF is that of the delimiter. */
		{ "--b\r\n" NAMED("a") "\r\n\r\n--b--", "{\"a\":\"\"}" },
		{ PART("content-DISPOSITION:FORM-data;NAME=a", "1") END,
		    "{\"a\":\"1\"}" },
		{ PART("X-Other: x\r\n" NAMED("a") "\r\nY:", "1") END,
		    "{\"a\":\"1\"}" },
		{ PART(NAMED("a") ";\tother=x", "1") END, "{\"a\":\"1\"}" },
		{ PART(NAMED("a") "\r\nContent-Transfer-Encoding: 8BIT", "1")
		        END,
		    "{\"a\":\"1\"}" },
		{ PART(NAMED("a") "\r\nContent-Transfer-Encoding: binary", "1")
		        END,
		    "{\"a\":\"1\"}" },
		{ PART(NAMED("a") "\r\nContent-Transfer-Encoding:7bit", "1")
		        END,
		    "{\"a\":\"1\"}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
tells_of_files(void **state)
{
	static const struct row rows[] = {
		{ PART(NAMED("cv") "; filename=\"a.pdf\"\r\n"
		                   "Content-Type: application/pdf",
		      "abc") END,
		    "{\"cv\":{\"filename\":\"a.pdf\",\"type\":"
		    "\"application/pdf\",\"size\":3,\"sha256\":"
		    "\"" ABC_SHA256 "\"}}" },
		{ UPLOAD("cv", "", "") END,
		    "{\"cv\":{\"filename\":\"\",\"type\":null,\"size\":0,"
		    "\"sha256\":\"" EMPTY_SHA256 "\"}}" },
		{ UPLOAD("f", "1", "") UPLOAD("f", "2", "abc") END,
		    "{\"f\":[{\"filename\":\"1\",\"type\":null,\"size\":0,"
		    "\"sha256\":\"" EMPTY_SHA256 "\"},{\"filename\":\"2\","
		    "\"type\":null,\"size\":3,\"sha256\":\"" ABC_SHA256
		    "\"}]}" },
		{ UPLOAD("f[]", "1", "") TEXT("f[]", "x") END,
		    "{\"f\":[{\"filename\":\"1\",\"type\":null,\"size\":0,"
		    "\"sha256\":\"" EMPTY_SHA256 "\"},\"x\"]}" },
		{ TEXT("f", "x") UPLOAD("f", "1", "") END,
		    "{\"f\":[\"x\",{\"filename\":\"1\",\"type\":null,"
		    "\"size\":0,\"sha256\":\"" EMPTY_SHA256 "\"}]}" },
		/* Not text, and nobody looks. */
		{ UPLOAD("f[0][a]", "1", "\xFF\xFE") END,
		    "{\"f\":[{\"a\":{\"filename\":\"1\",\"type\":null,"
		    "\"size\":2,\"sha256\":\"b3d510ef04275ca8e698e5b3cbb0"
		    "ece3949ef9252f0cdc839e9ee347409a2209\"}}]}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
hashes_whatever_the_length(void **state)
{
	static const struct {
		size_t len;
		const char *want;
	} rows[] = {
		{ 0,
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ 1,
		    "084fed08b978af4d7d196a7446a86b58"
		    "009e636b611db16211b65a9aadff29c5" },
		{ 3,
		    "6ab0dba1f4f1dfbb37b4f9eeb092c09f"
		    "ca4900ad32bdcd147d8dde35d6c87c35" },
		{ 55,
		    "e7313d333c272e639f790978283f9eb3"
		    "92e843d0f29b7016828bb1daa4aac70b" },
		{ 56,
		    "4324d65f3c103567f5589c710bc08f85"
		    "23f929a9272e3af36fc968e52abc6c27" },
		{ 57,
		    "35df609437dcfea3279283ab79fd554e"
		    "2bf78f8f7ae2de532d8ee300b09e8f73" },
		{ 63,
		    "81c80242132f230c3bd41b3e63bbcff1"
		    "6107339549214a99614ff26664625055" },
		{ 64,
		    "39e3d7b6b5d075d37d053ad89b24b41b"
		    "ef4f3c29760c84447cab3f3be1882241" },
		{ 65,
		    "aacca6ff74fdbb296d165a45cecfa04e"
		    "5127bc008770fbbdd48006f2d2fae95e" },
		{ 119,
		    "9ce7368e4daf32341631b492e80359dc"
		    "9f594b48453cd0dd5bf0b19279cc177e" },
		{ 120,
		    "7836b787757e95e58b3ca5aec90b1b00"
		    "4e8deba1e50e9675af9cabf1a13a04b5" },
		{ 127,
		    "a8d23e75d936f303d248888d9b165ee5"
		    "43f4cbafcad3c9dd2a79bd84faa11d07" },
		{ 128,
		    "d2742f1f4ac6bb7ca2b239ee18402ba8"
		    "b3f9f8e652d2a72973c2b9ba11c08cf6" },
		{ 1000,
		    "1e9bc38cbf860b9ec31918b065f9b524"
		    "76c549a782e0e7990bed8ce3868d2371" },
		{ 4096,
		    "7486da8f1e13943fae21a0b043f1e996"
		    "40d7d8ebafb25266478b5cddae1272b5" },
	};
	struct bench *b = *state;
	struct bytes body;

	bytes_init(&body, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bytes_clear(&body);
		bytes_add_text(&body,
		    "--b\r\n" NAMED("f") "; filename=x"
		                         "\r\n\r\n");
		for (size_t k = 0; k < rows[i].len; k++)
			bytes_add_char(&body, (char)(k * 7 + 3));
		bytes_add_text(&body, "\r\n--b--");
		assert_non_null(
		    strstr(outcome(b, TYPE, bytes_str(&body)), rows[i].want));
	}
	bytes_done(&body);
}

static void
does_not_copy_files(void **state)
{
	struct bench *b = *state;
	struct bytes body;
	char *megabyte = base_alloc((size_t)1 << 20);

	bytes_init(&body, (size_t)4 << 20);
	for (int i = 0; i < 2; i++) {
		bytes_addf(&body, "--b\r\n" NAMED("f") "; filename=x\r\n\r\n");
		bytes_add(&body, megabyte, (size_t)1 << 20);
		bytes_add_text(&body, "\r\n");
	}
	bytes_add_text(&body, END);
	outcome(b, TYPE, bytes_str(&body));
	assert_non_null(strstr(b->out.data, "\"size\":1048576"));
	/* The tape's first guess is the most of it. */
	assert_true(arena_used(b->arena) < 100000);
	base_free(megabyte);
	bytes_done(&body);
}

static void
reads_names_as_clients_write_them(void **state)
{
	static const struct {
		const char *params;
		const char *want; /* "name": filename */
	} rows[] = {
		{ "name=a; filename=b.txt", "{\"a\":{\"filename\":\"b.txt\"" },
		{ "name=\"a;b=c\"; filename=\"d; e\"",
		    "{\"a;b=c\":{\"filename\":\"d; e\"" },
		/* Browsers escape so; it is kept. */
		{ "name=a; filename=\"b%22c%0D%0A.txt\"",
		    "{\"a\":{\"filename\":\"b%22c%0D%0A.txt\"" },
		/* Others so. */
		{ "name=\"a\\\"\\\\\"; filename=\"\\\"b\\\"\"",
		    "{\"a\\\"\\\\\":{\"filename\":\"\\\"b\\\"\"" },
		{ "name=a; filename=\"C:\\dir\\b.txt\"",
		    "{\"a\":{\"filename\":\"C:\\\\dir\\\\b.txt\"" },
		{ "name=a; filename=\"\xE2\x82\xAC\"",
		    "{\"a\":{\"filename\":\"\xE2\x82\xAC\"" },
		{ "name=a; filename*=utf-8'en'%e2%82%ac%20x.txt",
		    "{\"a\":{\"filename\":\"\xE2\x82\xAC x.txt\"" },
		{ "name=a; filename=x; filename*=UTF-8''%C3%A9",
		    "{\"a\":{\"filename\":\"\xC3\xA9\"" },
		{ "filename*=iso-8859-1''%e9; filename=x; name=a",
		    "{\"a\":{\"filename\":\"\xC3\xA9\"" },
		{ "name=a; filename*=utf-8''", "{\"a\":{\"filename\":\"\"" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *body = base_print("--b\r\n" FORM_DATA
		                        "%s\r\n\r\n\r\n" END,
		    rows[i].params);

		outcome(b, TYPE, str_of(body));
		if (strncmp(b->out.data, rows[i].want, strlen(rows[i].want)) !=
		    0)
			fail_msg("%s: %s", rows[i].params, b->out.data);
		base_free(body);
	}
}

static void
reads_latin_1_where_it_is_declared(void **state)
{
	static const struct row rows[] = {
		{ PART(NAMED("a") "\r\nContent-Type: text/plain; "
		                  "charset=iso-8859-1",
		      "\xE9\x80") TEXT("b", "\xC3\xA9") END,
		    "{\"a\":\"\xC3\xA9\xE2\x82\xAC\",\"b\":\"\xC3\xA9\"}" },
		/* _charset_ counts wherever it stands, and for names too. */
		{ TEXT("\xE9", "\xE8") TEXT("_charset_", "windows-1252") END,
		    "{\"\xC3\xA9\":\"\xC3\xA8\",\"_charset_\":"
		    "\"windows-1252\"}" },
		{ TEXT("_charset_", "latin1")
		        PART(NAMED("a") "\r\nContent-Type: text/plain;"
		                        "charset=\"UTF-8\"",
		            "\xC3\xA9") END,
		    "{\"_charset_\":\"latin1\",\"a\":\"\xC3\xA9\"}" },
		{ TEXT("_charset_", "utf-8") TEXT("a", "\xC3\xA9") END,
		    "{\"_charset_\":\"utf-8\",\"a\":\"\xC3\xA9\"}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
	assert_string_equal(outcome(*state, TYPE "; charset=ISO-8859-1",
	                        str_of(TEXT("a", "\xE9") END)),
	    "{\"a\":\"\xC3\xA9\"}");
}

static void
takes_the_boundaries_of_the_rfc(void **state)
{
	static const char *const good[] = { "b", "----WebKitFormBoundaryX",
		("0123456789012345678901234567890123456789012345678901234567890"
		 "123456789"),
		"a'()+_,-./:=? b" };
	static const char *const bad[] = { "", " ", "a ", "a\"b", "a*b", "a;b",
		"\xC3\xA9",
		("0123456789012345678901234567890123456789012345678901234567890"
		 "1234567890") };
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char *type = base_print("Multipart/Form-Data; x=y; "
		                        "Boundary=\"%s\"",
		    good[i]);
		char *body = base_print("--%s\r\n" NAMED("a") "\r\n\r\n1\r\n"
		                                              "--%s--",
		    good[i], good[i]);

		assert_string_equal(outcome(b, type, str_of(body)),
		    "{\"a\":\"1\"}");
		base_free(type);
		base_free(body);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char *type = base_print("multipart/form-data; boundary=\"%s\"",
		    bad[i]);

		outcome(b, type, STR(END));
		assert_int_equal(b->why.code, FAULT_BODY);
		base_free(type);
	}
	assert_string_equal(outcome(b, "multipart/form-data", STR(END)),
	    "content-type: the boundary is missing, or is not 1 to 70 of the "
	    "characters of RFC 2046");
}

/* '@' marks the place; it is not in the body. */
static void
assert_refused_at_mark(struct bench *b, const struct row *row)
{
	size_t at = strcspn(row->body, "@");
	char *body = base_print("%.*s%s", (int)at, row->body,
	    row->body + at + 1);
	char *want = base_print("body, byte offset %zu: %s", at, row->want);

	assert_string_equal(outcome(b, TYPE, str_of(body)), want);
	assert_int_equal(b->why.code, FAULT_BODY);
	base_free(body);
	base_free(want);
}

static void
refuses_a_broken_frame(void **state)
{
	static const char begin[] = "the body does not begin with its boundary";
	static const char behind[] = "there are bytes behind the last boundary";
	static const char cut[] = "the body ends without its last boundary";
	static const char line[] = "CR LF, or -- at the end, is expected "
	                           "behind a boundary";
	static const struct row rows[] = {
		{ "@", begin },
		{ "@preamble\r\n" TEXT("a", "1") END, begin },
		{ "@\n--b--", begin },
		{ "@--B--", begin },
		{ TEXT("a", "1") "--b--@ ", behind },
		{ TEXT("a", "1") "--b--@\n", behind },
		{ TEXT("a", "1") "--b--@\r\n\r\n", behind },
		{ TEXT("a", "1") "--b--@\r\nepilogue", behind },
		{ TEXT("a", "1") "--b--@" TEXT("a", "2") END, behind },
		{ TEXT("a", "1") "@", cut },
		{ TEXT("a", "1") "--b@", line },
		{ TEXT("a", "1") "--b@-", line },
		{ TEXT("a", "1") "--b@ \r\n" NAMED("a") "\r\n\r\n" END, line },
		{ TEXT("a", "1") "--b@c--\r\n", line },
		{ "--b@\n" NAMED("a") "\n\n1\n--b--", line },
		{ "--b\r\n" NAMED("a") "\r\n\r\n1\n--b--@", cut },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused_at_mark(*state, &rows[i]);
}

static void
refuses_bad_headers(void **state)
{
	static const char header[] = "a header, its name and a colon, is "
	                             "expected";
	static const char none[] = "the part has no Content-Disposition";
	static const char twice[] = "this header stands twice";
	static const char control[] = "a control character in a header";
	static const char transfer[] = "Content-Transfer-Encoding is not 7bit, "
	                               "8bit or binary";
	static const struct row rows[] = {
		{ "--b\r\n@\r\n1\r\n" END, none },
		{ "--b\r\n@X: y\r\n\r\n1\r\n" END, none },
		{ PART(NAMED("a") "\r\n@Content-disposition: form-data; "
		                  "name=b",
		      "1") END,
		    twice },
		{ PART(NAMED("a") "\r\nContent-Type: x/y\r\n@Content-Type: x",
		      "1") END,
		    twice },
		{ PART("Content-Disposition@ : form-data; name=a", "1") END,
		    header },
		{ PART(NAMED("a") "\r\n@ folded", "1") END, header },
		{ PART(NAMED("a") "\r\n@: x", "1") END, header },
		{ PART(NAMED("a") "\r\nX@(: x", "1") END, header },
		{ PART(NAMED("a") "\r\nX: a@\rb", "1") END, control },
		{ PART(NAMED("a") "\r\nX: a@\x7F", "1") END, control },
		{ PART(NAMED("a") "\r\nX: a@\x01", "1") END, control },
		{ "--b\r\n" NAMED("a") "@\n\r\n1\r\n" END,
		    "a line ends in CR LF, not in LF alone" },
		{ "--b\r\n" NAMED("a") "\r\n@\n1\r\n" END,
		    "a line ends in CR LF, not in LF alone" },
		{ "--b\r\n" NAMED("a") "\r\n@--b\r\n" NAMED("b") END,
		    "a boundary stands in a part's headers" },
		{ "--b\r\n" NAMED("a") "\r\n@--b:\r\n\r\n1\r\n" END,
		    "a boundary stands in a part's headers" },
		{ "--b\r\n" NAMED("a") "\r@",
		    "the body ends in a part's headers" },
		{ PART(NAMED("a") "\r\nContent-Transfer-Encoding: @base64",
		      "MQ==") END,
		    transfer },
		{ PART(NAMED("a") "\r\nContent-Transfer-Encoding: "
		                  "@quoted-printable",
		      "1") END,
		    transfer },
		{ PART(NAMED("a") "\r\nContent-Type: @Multipart/mixed; "
		                  "boundary=c",
		      "1") END,
		    "parts within a part are not read" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused_at_mark(*state, &rows[i]);
}

static void
refuses_bad_dispositions(void **state)
{
#define HEAD "Content-Disposition: "
	static const struct row rows[] = {
		{ PART(HEAD "@attachment; name=a", "1") END,
		    "a part is form-data" },
		{ PART(HEAD "@", "1") END, "a part is form-data" },
		{ PART(HEAD "@form-data", "1") END, "the part has no name" },
		{ PART(HEAD "@form-data; filename=a", "1") END,
		    "the part has no name" },
		{ PART(HEAD "form-data @name=a", "1") END,
		    "a semicolon is expected" },
		{ PART(HEAD "form-data; name=\"a\"@x", "1") END,
		    "a semicolon is expected" },
		{ PART(HEAD "form-data; name=a;@", "1") END,
		    "a parameter and its = are expected" },
		{ PART(HEAD "form-data; name@", "1") END,
		    "a parameter and its = are expected" },
		{ PART(HEAD "form-data; name@ =a", "1") END,
		    "a parameter and its = are expected" },
		{ PART(HEAD "form-data; name=@ a", "1") END,
		    "a word, or text in quotes, is expected" },
		{ PART(HEAD "form-data; name=@", "1") END,
		    "a word, or text in quotes, is expected" },
		{ PART(HEAD "form-data; name=\"@a", "1") END,
		    "a quote is not closed" },
		{ PART(HEAD "form-data; name=\"@a\\\"", "1") END,
		    "a quote is not closed" },
		{ PART(HEAD "form-data; name=a; @NAME=b", "1") END,
		    "a parameter stands twice" },
		{ PART(HEAD "form-data; name=a; filename=a; @filename=b", "1")
		        END,
		    "a parameter stands twice" },
		{ PART(HEAD "form-data; name=a; filename*=@utf-8", "1") END,
		    "filename* is written utf-8''name, in percent escapes" },
		{ PART(HEAD "form-data; name=a; filename*=@utf-8'", "1") END,
		    "filename* is written utf-8''name, in percent escapes" },
		{ PART(HEAD "form-data; name=a; filename*=@koi8-r''a", "1") END,
		    "filename* is not in utf-8 or iso-8859-1" },
		{ PART(HEAD "form-data; name=a; filename*=@utf-8''%4", "1") END,
		    "filename* has a broken escape" },
		{ PART(HEAD "form-data; name=a; filename*=@utf-8''%FF", "1")
		        END,
		    "filename* is not UTF-8" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused_at_mark(*state, &rows[i]);
}

static void
refuses_what_is_no_text(void **state)
{
	static const char text[] = "this is not UTF-8; send it so, or say its "
	                           "charset";
	static const struct row rows[] = {
		{ TEXT("a", "x@\xFF") END, text },
		{ TEXT("a", "1") "--b\r\n@" NAMED("\xFF") "\r\n\r\n\r\n" END,
		    text },
		{ "--b\r\n@" NAMED("a") "; filename=\"\xFF\"\r\n\r\n\r\n" END,
		    text },
		{ "--b\r\n@" NAMED("a") "; filename=x\r\nContent-Type: "
		                        "\xFF\r\n\r\n\r\n" END,
		    text },
		{ "--b\r\n@" NAMED("a") "\r\nContent-Type: text/plain; charset="
		                        "utf-16\r\n\r\n\r\n" END,
		    "the charset of this part is not read" },
		{ "--b\r\n" NAMED("_charset_") "\r\n\r\n@koi8-r\r\n" END,
		    "the charset that _charset_ names is not read" },
		{ TEXT("a", "1") "--b\r\n@" NAMED("a[b]") "\r\n\r\n\r\n" END,
		    "this key stands for one value in one place and for a "
		    "group of values in another" },
		{ UPLOAD("a", "1", "1") "--b\r\n@" NAMED(
		      "a[filename]") "\r\n\r\n\r\n" END,
		    "this key stands for one value in one place and for a "
		    "group of values in another" },
		{ TEXT("a[b]", "1") "--b\r\n@" NAMED(
		      "a") "; filename=x\r\n\r\n\r\n" END,
		    "this key stands for one value in one place and for a "
		    "group of values in another" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused_at_mark(*state, &rows[i]);
}

static void
refuses_it_cut_at_every_byte(void **state)
{
	static const char body[] = TEXT("a", "1")
	    PART(NAMED("f") "; filename=\"\\\"\"; filename*=utf-8''%20\r\n"
	                    "Content-Type: text/plain; charset=utf-8\r\n"
	                    "Content-Transfer-Encoding: binary",
	        "\r\n--a") END;
	size_t whole = sizeof(body) - 1;
	struct bench *b = *state;

	for (size_t n = 0; n < whole; n++) {
		outcome(b, TYPE, (struct str){ body, n });
		/* The last CRLF may be left out. */
		assert_int_equal(b->why.code,
		    n == whole - 2 ? FAULT_NONE : FAULT_BODY);
	}
	outcome(b, TYPE, (struct str){ body, whole });
	assert_int_equal(b->why.code, FAULT_NONE);
}

static void
survives_every_byte_changed(void **state)
{
	static const char from[] = TEXT("a[]", "1")
	    PART(NAMED("f") "; filename*=utf-8''%20", "x") END;
	static const char to[] = "\0\r\n\"\\-:;=%'\xFF";
	char body[sizeof(from)];

	memcpy(body, from, sizeof(from));
	for (size_t i = 0; i < sizeof(from) - 1; i++) {
		for (size_t k = 0; k < sizeof(to) - 1; k++) {
			body[i] = to[k];
			outcome(*state, TYPE,
			    (struct str){ body, sizeof(from) - 1 });
		}
		body[i] = from[i];
	}
}

static enum fault_code
code_of_parts(struct bench *b, unsigned parts)
{
	struct bytes body;
	enum fault_code code;

	bytes_init(&body, 1 << 20);
	for (unsigned i = 0; i < parts; i++)
		bytes_add_text(&body, TEXT("a", "1"));
	bytes_add_text(&body, END);
	outcome(b, TYPE, bytes_str(&body));
	code = b->why.code;
	bytes_done(&body);
	return code;
}

/* `headers` of them besides the first, `extra` bytes in the last. */
static enum fault_code
code_of_headers(struct bench *b, unsigned headers, unsigned extra)
{
	struct bytes body;
	enum fault_code code;

	bytes_init(&body, 1 << 20);
	bytes_add_text(&body, "--b\r\n" NAMED("a") "\r\n");
	for (unsigned i = 0; i < headers; i++)
		bytes_add_text(&body, "X: y\r\n");
	bytes_add_text(&body, "Z:");
	for (unsigned i = 0; i < extra; i++)
		bytes_add_char(&body, 'z');
	bytes_add_text(&body, "\r\n\r\n1\r\n" END);
	outcome(b, TYPE, bytes_str(&body));
	code = b->why.code;
	bytes_done(&body);
	return code;
}

static void
holds_its_ceilings(void **state)
{
	/* All but the z's: two headers, their ends and the empty line. */
	unsigned rest = sizeof(NAMED("a") "\r\nZ:\r\n\r\n") - 1;

	assert_int_equal(code_of_parts(*state, 1000), FAULT_NONE);
	assert_int_equal(code_of_parts(*state, 1001), FAULT_TOO_LARGE);
	assert_int_equal(code_of_headers(*state, 14, 0), FAULT_NONE);
	assert_int_equal(code_of_headers(*state, 15, 0), FAULT_TOO_LARGE);
	assert_int_equal(code_of_headers(*state, 0, 8192 - rest), FAULT_NONE);
	assert_int_equal(code_of_headers(*state, 0, 8193 - rest),
	    FAULT_TOO_LARGE);
	assert_int_equal(code_of_headers(*state, 0, 100000), FAULT_TOO_LARGE);
}

static void
holds_the_limits_of_a_document(void **state)
{
	static const struct str file = { UPLOAD("f", "1", "") END,
		sizeof(UPLOAD("f", "1", "") END) - 1 };
	static const struct str two = { UPLOAD("f", "1", "")
		                            UPLOAD("f", "2", "") END,
		sizeof(UPLOAD("f", "1", "") UPLOAD("f", "2", "") END) - 1 };
	struct bench *b = *state;

	/* The object, "f", the file, and four members of it. */
	for (size_t values = 0; values < 11; values++) {
		outcome_within(b, TYPE, file,
		    &(struct decode_limits){ 8, values });
		assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	}
	outcome_within(b, TYPE, file, &(struct decode_limits){ 8, 11 });
	assert_int_equal(b->why.code, FAULT_NONE);
	outcome_within(b, TYPE, file, &(struct decode_limits){ 1, 100 });
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	outcome_within(b, TYPE, file, &(struct decode_limits){ 2, 100 });
	assert_int_equal(b->why.code, FAULT_NONE);
	outcome_within(b, TYPE, two, &(struct decode_limits){ 2, 100 });
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	outcome_within(b, TYPE, two, &(struct decode_limits){ 3, 100 });
	assert_int_equal(b->why.code, FAULT_NONE);
}

static void
is_busy_when_the_arena_is_full(void **state)
{
	static const char body[] = TEXT("a", "1") TEXT("a", "\xE9")
	    PART(NAMED("f\\\"") "; filename*=utf-8''%20", "x")
	        PART(NAMED("f\\\"") "; filename=\"\xE9\"\r\nContent-Type: \xE9",
	            "x") TEXT("_charset_", "latin1") END;

	(void)state;
	assert_true(arenas_too_small(TYPE, str_of(body)) > 80);
}

/* Text that looks like its delimiter at every byte, up to the last one. */
static void
is_not_slow_on_near_boundaries(void **state)
{
	static const char dashes[] = "----------------------------------------"
	                             "------------------------------";
	struct bench *b = *state;
	struct bytes body;
	char *type = base_print("multipart/form-data; boundary=\"%s\"", dashes);
	clock_t began = clock();

	bytes_init(&body, (size_t)16 << 20);
	bytes_addf(&body, "--%s\r\n" NAMED("a") "\r\n\r\n", dashes);
	while (body.len < (size_t)2 << 20)
		bytes_addf(&body, "\r\n-%s", dashes);
	outcome(b, type, bytes_str(&body));
	assert_int_equal(b->why.code, FAULT_BODY);
	/* Of the processor: whoever waits for it is not slow. */
	assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
	bytes_done(&body);
	base_free(type);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_texts_as_a_form),
		TEST(reads_the_frame_as_the_rfc_has_it),
		TEST(tells_of_files),
		TEST(hashes_whatever_the_length),
		TEST(does_not_copy_files),
		TEST(reads_names_as_clients_write_them),
		TEST(reads_latin_1_where_it_is_declared),
		TEST(takes_the_boundaries_of_the_rfc),
		TEST(refuses_a_broken_frame),
		TEST(refuses_bad_headers),
		TEST(refuses_bad_dispositions),
		TEST(refuses_what_is_no_text),
		TEST(refuses_it_cut_at_every_byte),
		TEST(survives_every_byte_changed),
		TEST(holds_its_ceilings),
		TEST(holds_the_limits_of_a_document),
		TEST(is_busy_when_the_arena_is_full),
		TEST(is_not_slow_on_near_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
