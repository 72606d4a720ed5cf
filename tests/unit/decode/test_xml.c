/* XML and SOAP: one shape for a document, and what is refused. */
#include <stdio.h>
#include <time.h>

#include "unit/decode/body_bench.h"

#define TYPE "application/xml"
#define XSI "xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"

static void
makes_one_shape(void **state)
{
	static const struct row rows[] = {
		{ "<a/>", "{\"a\":\"\"}" },
		{ "<a></a>", "{\"a\":\"\"}" },
		{ "<a>x</a>", "{\"a\":\"x\"}" },
		{ "<a> x\n</a>", "{\"a\":\" x\\n\"}" },
		{ "<a> </a>", "{\"a\":\" \"}" },
		{ "<a>1</a>", "{\"a\":\"1\"}" },
		{ "<a><b>1</b><c>2</c></a>",
		    "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}" },
		{ "<a>\n  <b>1</b>\n  <c>2</c>\n</a>\n",
		    "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}" },
		{ "<a x='1'/>", "{\"a\":{\"@x\":\"1\"}}" },
		{ "<a x='1' y=' 2 '>t</a>",
		    "{\"a\":{\"@x\":\"1\",\"@y\":\" 2 \",\"#text\":\"t\"}}" },
		{ "<a x='1'> t\n</a>",
		    "{\"a\":{\"@x\":\"1\",\"#text\":\"t\"}}" },
		{ "<a x='1'> \n</a>", "{\"a\":{\"@x\":\"1\"}}" },
		{ "<a x='1'><x>2</x></a>",
		    "{\"a\":{\"@x\":\"1\",\"x\":\"2\"}}" },
		{ "<a>\n hi <b>x</b> there <b/>\n</a>",
		    "{\"a\":{\"b\":[\"x\",\"\"],\"#text\":"
		    "\"hi  there\"}}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
makes_arrays_of_what_repeats(void **state)
{
	static const struct row rows[] = {
		{ "<a><b>1</b><b>2</b></a>", "{\"a\":{\"b\":[\"1\",\"2\"]}}" },
		{ "<a><b>1</b><c/><b>2</b><b>3</b></a>",
		    "{\"a\":{\"b\":[\"1\",\"2\",\"3\"],\"c\":\"\"}}" },
		{ "<a><b><c>1</c></b><b><c>2</c><c>3</c></b></a>",
		    "{\"a\":{\"b\":[{\"c\":\"1\"},{\"c\":[\"2\",\"3\"]}]}}" },
		{ "<a><b x='1'>t</b><b/></a>",
		    "{\"a\":{\"b\":[{\"@x\":\"1\",\"#text\":\"t\"},\"\"]}}" },
		/* Of one name whatever the namespace. */
		{ "<a xmlns:p='u:p'><p:b>1</p:b><b>2</b></a>",
		    "{\"a\":{\"b\":[\"1\",\"2\"]}}" },
		{ "<a><a><a/></a><a/></a>",
		    "{\"a\":{\"a\":[{\"a\":\"\"},\"\"]}}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
makes_nil_null(void **state)
{
#define FULL ": an element that is xsi:nil has something in it"
	static const struct row rows[] = {
		{ "<a " XSI "><b i:nil='true'/></a>", "{\"a\":{\"b\":null}}" },
		{ "<a " XSI "><b i:nil='1'> </b></a>", "{\"a\":{\"b\":null}}" },
		{ "<a " XSI "><b i:nil='true' x='1'/></a>",
		    "{\"a\":{\"b\":null}}" },
		{ "<a " XSI "><b i:nil='false'>t</b></a>",
		    "{\"a\":{\"b\":\"t\"}}" },
		{ "<a " XSI "><b i:nil='0'/></a>", "{\"a\":{\"b\":\"\"}}" },
		{ "<a " XSI "><b i:nil='1'/><b>x</b><b i:nil='1'/></a>",
		    "{\"a\":{\"b\":[null,\"x\",null]}}" },
		{ "<a " XSI " i:nil='true'/>", "{\"a\":null}" },
		/* Another's nil, and one of no namespace. */
		{ "<a xmlns:i='u:i' i:nil='true'/>",
		    "{\"a\":{\"@nil\":\"true\"}}" },
		{ "<a nil='true'/>", "{\"a\":{\"@nil\":\"true\"}}" },
		{ "<a " XSI "><b i:nil='true'>t</b></a>", "body:1:73" FULL },
		{ "<a " XSI "><b i:nil='true'><c/></b></a>", "body:1:72" FULL },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
drops_prefixes_comments_and_instructions(void **state)
{
	static const struct row rows[] = {
		{ "<p:a xmlns:p='urn:x' p:y='1'><p:b/></p:a>",
		    "{\"a\":{\"@y\":\"1\",\"b\":\"\"}}" },
		{ "<a xmlns='urn:x'><b/></a>", "{\"a\":{\"b\":\"\"}}" },
		{ "<a xml:lang='en'/>", "{\"a\":{\"@lang\":\"en\"}}" },
		{ "<?xml version='1.0'?><!-- c --><?pi x?><a>1<!-- c -->2"
		  "<?pi <b>?>3</a><!-- d -->",
		    "{\"a\":\"123\"}" },
		{ "<a><![CDATA[<b>&amp;]]>]]&gt;</a>",
		    "{\"a\":\"<b>&amp;]]>\"}" },
		{ "<a x='&lt;&quot;'>&lt;&gt;&amp;&apos;&quot;&#233;&#x20ac;"
		  "</a>",
		    "{\"a\":{\"@x\":\"<\\\"\",\"#text\":"
		    "\"<>&'\\\"\xC3\xA9\xE2\x82\xAC\"}}" },
		{ "<a>1\r\n2\r3</a>", "{\"a\":\"1\\n2\\n3\"}" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
}

static void
reads_an_outbound_message(void **state)
{
	static const char body[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/"
	    "envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance"
	    "\">\n <soapenv:Body>\n"
	    "  <notifications xmlns=\"http://soap.sforce.com/2005/09/outbound"
	    "\">\n   <SessionId xsi:nil=\"true\"/>\n"
	    "   <Notification>\n    <Id>04l1</Id>\n"
	    "    <sObject xsi:type=\"sf:Lead\" xmlns:sf=\"urn:sobject\">\n"
	    "     <sf:Id>00Q1</sf:Id>\n     <sf:Email>a@b.c</sf:Email>\n"
	    "    </sObject>\n   </Notification>\n   <Notification>\n"
	    "    <Id>04l2</Id>\n   </Notification>\n"
	    "  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n";
	struct bench *b = *state;

	assert_string_equal(outcome(b, "text/xml; charset=utf-8", str_of(body)),
	    "{\"Envelope\":{\"Body\":{\"notifications\":{\"SessionId\":null,"
	    "\"Notification\":[{\"Id\":\"04l1\",\"sObject\":{\"@type\":"
	    "\"sf:Lead\",\"Id\":\"00Q1\",\"Email\":\"a@b.c\"}},"
	    "{\"Id\":\"04l2\"}]}}}}");
}

static void
is_looked_up_as_any_document(void **state)
{
	struct bench *b = *state;
	struct document *d;
	doc_node n;
	struct bytes path;

	d = decode_body(b->arena, STR(TYPE), STR("<a><b>1</b><b x='2'/></a>"),
	    &decode_limits_default, &b->why);
	assert_non_null(d);
	n = doc_member(d, doc_root(d), STR("a"));
	n = doc_item(d, doc_member(d, n, STR("b")), 1);
	n = doc_member(d, n, STR("@x"));
	assert_true(str_eq(doc_text(d, n), STR("2")));
	bytes_init(&path, 100);
	doc_print_path(d, n, &path);
	assert_string_equal(path.data, "$['a']['b'][1]['@x']");
	bytes_done(&path);
}

/* A text in UTF-16; high: the place of the high byte of two. */
static struct str
utf16_of(struct bytes *out, const char *text, unsigned high)
{
	bytes_clear(out);
	for (; *text != '\0'; text++) {
		char pair[2] = { 0 };

		pair[1 - high] = *text;
		bytes_add(out, pair, 2);
	}
	return bytes_str(out);
}

static void
reads_the_charsets_of_xml(void **state)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{ TYPE, "<a>\xC3\xA9</a>" },
		{ TYPE, "\xEF\xBB\xBF<a>\xC3\xA9</a>" },
		{ TYPE,
		    "<?xml version='1.0' encoding='utf-8'?><a>\xC3\xA9</a>" },
		{ TYPE,
		    "<?xml version='1.0' encoding='iso-8859-1'?><a>\xE9</a>" },
		{ TYPE,
		    "<?xml version='1.0' encoding='US-ASCII'?><a>&#233;</a>" },
		{ TYPE "; charset=iso-8859-1", "<a>\xE9</a>" },
		/* What the sender says goes before what the text says. */
		{ TYPE "; charset=utf-8",
		    "<?xml version='1.0' encoding='iso-8859-1'?><a>\xC3\xA9"
		    "</a>" },
		{ "image/svg+xml", "<a>\xC3\xA9</a>" },
		{ "Application/SOAP+XML; action=\"x\"", "<a>\xC3\xA9</a>" },
	};
	struct bench *b = *state;
	struct bytes wide;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(outcome(b, rows[i].type,
		                        str_of(rows[i].body)),
		    "{\"a\":\"\xC3\xA9\"}");
	bytes_init(&wide, 1000);
	for (unsigned high = 0; high < 2; high++) {
		const char *bom = high == 0 ? "\xFE\xFF"
		                              "<a>\xE9</a>"
		                            : "\xFF\xFE"
		                              "<a>\xE9</a>";
		struct str body = utf16_of(&wide, bom, high);

		/* The mark itself is two bytes already. */
		memmove(wide.data + 2, wide.data + 4, body.len - 4);
		memcpy(wide.data, bom, 2);
		body.len -= 2;
		assert_string_equal(outcome(b, TYPE, body),
		    "{\"a\":\"\xC3\xA9\"}");
		assert_string_equal(outcome(b, TYPE "; charset=utf-16", body),
		    "{\"a\":\"\xC3\xA9\"}");
		body = utf16_of(&wide, "<a>\xE9</a>", high);
		assert_string_equal(outcome(b,
		                        high == 0 ? TYPE "; charset=utf-16be"
		                                  : TYPE "; charset=utf-16le",
		                        body),
		    "{\"a\":\"\xC3\xA9\"}");
	}
	bytes_done(&wide);
}

static void
refuses_half_a_surrogate_pair(void **state)
{
	/* <a>?</a>, with one or two code units for the question mark. */
	static const struct {
		const char *units;
		size_t len;
		bool good;
	} rows[] = {
		{ "\xD8\x3D\xDE\x00", 4, true },
		{ "\xD8\x3D", 2, false },
		{ "\xD8\x3D\x00x", 4, false },
		{ "\xD8\x3D\xD8\x3D", 4, false },
		{ "\xDE\x00", 2, false },
		{ "\xDE\x00\xD8\x3D", 4, false },
		{ "\xDE\x00\xDE\x00", 4, false },
	};
	struct bench *b = *state;
	struct bytes wide, body;

	bytes_init(&wide, 1000);
	bytes_init(&body, 1000);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bytes_clear(&body);
		bytes_add_str(&body, utf16_of(&wide, "<a>", 0));
		bytes_add(&body, rows[i].units, rows[i].len);
		bytes_add_str(&body, utf16_of(&wide, "</a>", 0));
		outcome(b, TYPE "; charset=utf-16be", bytes_str(&body));
		if (rows[i].good)
			assert_string_equal(b->out.data,
			    "{\"a\":\"\xF0\x9F\x98\x80\"}");
		else
			assert_string_equal(b->why.text,
			    "half of a surrogate pair");
	}
	bytes_done(&wide);
	bytes_done(&body);
}

static void
refuses_what_is_not_well_formed(void **state)
{
	static const struct row rows[] = {
		{ "", "body:1:1: no element found" },
		{ "x", "body:1:1: syntax error" },
		{ "<a>", "body:1:4: no element found" },
		{ "<a>\n<b></a>", "body:2:6: mismatched tag" },
		{ "<a/><b/>", "body:1:5: junk after document element" },
		{ "<a x='1' x='2'/>", "body:1:10: duplicate attribute" },
		{ "<a xmlns:p='u:x' xmlns:q='u:x' p:x='1' q:x='2'/>",
		    "body:1:1: duplicate attribute" },
		{ "<a xmlns:p='u:x' x='1' p:x='2'/>",
		    "body:1:1: two attributes have the same name but for their "
		    "prefix" },
		{ "<p:a/>", "body:1:1: unbound prefix" },
		{ "<a>&b;</a>", "body:1:4: undefined entity" },
		{ "<a x='&b;'/>", "body:1:1: undefined entity" },
		{ "<a>\xC3\xA9\xFF</a>",
		    "body:1:5: not well-formed (invalid token)" },
		{ "<a>\xED\xA0\x80</a>",
		    "body:1:4: not well-formed (invalid token)" },
		{ "<a>\x01</a>", "body:1:4: not well-formed (invalid token)" },
		{ "<a>&#0;</a>",
		    "body:1:4: reference to invalid character number" },
		{ "<a>&#xD800;</a>",
		    "body:1:4: reference to invalid character number" },
		{ "<?xml version='1.0' encoding='koi8-r'?><a/>",
		    "body:1:31: unknown encoding" },
		{ "{\"a\":1}", "body:1:1: not well-formed (invalid token)" },
	};

	assert_rows(*state, TYPE, rows, COUNT_OF(rows));
	assert_string_equal(outcome(*state, TYPE, STR("<a>\0</a>")),
	    "body:1:4: not well-formed (invalid token)");
}

static void
refuses_every_document_type(void **state)
{
	static const char *const bodies[] = {
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
		"<!DOCTYPE a PUBLIC '-//x' 'http://127.0.0.1:9/x.dtd'><a/>",
		"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
		"<a>&e;</a>",
		"<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1:9/'>%e;]>"
		"<a/>",
		"<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;&l;&l;'>"
		"<!ENTITY n '&m;&m;&m;&m;&m;&m;&m;&m;'>]><a>&n;&n;</a>",
		"<!DOCTYPE a [<!ATTLIST a x CDATA 'y'>]><a/>",
		"<!DOCTYPE a [",
	};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		const char *got = outcome(*state, TYPE, str_of(bodies[i]));

		if (strstr(got,
		        "a document type (DOCTYPE) is not read; send "
		        "the XML without it") == NULL ||
		    strncmp(got, "body:1:", 7) != 0)
			fail_msg("%s: %s", bodies[i], got);
	}
}

/* `open` and `close` so often around a text. */
static struct str
nested(struct bytes *out, const char *open, const char *close, size_t times)
{
	bytes_clear(out);
	for (size_t i = 0; i < times; i++)
		bytes_add_text(out, open);
	bytes_add_char(out, 'x');
	for (size_t i = 0; i < times; i++)
		bytes_add_text(out, close);
	return bytes_str(out);
}

static void
holds_the_depth_ceiling(void **state)
{
	static const struct decode_limits three = { 3, 100 };
	static const char deep[] = "arrays and objects are nested more than 3 "
	                           "deep";
	static const struct row rows[] = {
		{ "<a><b><c/></b></a>", "{\"a\":{\"b\":{\"c\":\"\"}}}" },
		{ "<a><b><c><d/></c></b></a>", NULL },
		{ "<a><b><c x='1'/></b></a>", NULL },
		{ "<a><b/><b/></a>", "{\"a\":{\"b\":[\"\",\"\"]}}" },
		{ "<a><b><c/><c/></b></a>", NULL },
		{ "<a><b/><b><c/></b></a>", NULL },
		/* What was read before it became an item. */
		{ "<a><b><c/></b><b/></a>", NULL },
	};
	struct bench *b = *state;
	struct bytes body;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		outcome_within(b, TYPE, str_of(rows[i].body), &three);
		assert_string_equal(rows[i].want != NULL ? b->out.data
		                                         : b->why.text,
		    rows[i].want != NULL ? rows[i].want : deep);
	}
	outcome_within(b, TYPE, STR("<a/>"), &(struct decode_limits){ 0, 9 });
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	bytes_init(&body, (size_t)16 << 20);
	outcome(b, TYPE, nested(&body, "<a>", "</a>", 64));
	assert_int_equal(b->why.code, FAULT_NONE);
	outcome(b, TYPE, nested(&body, "<a>", "</a>", 65));
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	outcome(b, TYPE, nested(&body, "<a>", "</a>", 1000000));
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	/* Expat's copy of the body is the most of it. */
	assert_true(arena_used(b->arena) < ((size_t)8 << 20) + 200000);
	outcome_within(b, TYPE, nested(&body, "<a>", "</a>", 1000),
	    &(struct decode_limits){ 1000, 10000 });
	assert_int_equal(b->why.code, FAULT_NONE);
	bytes_done(&body);
}

static void
holds_the_ceiling_on_values(void **state)
{
	static const struct {
		const char *body;
		size_t values;
	} rows[] = {
		{ "<a/>", 3 },
		{ "<a><b/></a>", 5 },
		{ "<a><b/><b/></a>", 7 },
		{ "<a x='1'>t</a>", 7 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t values = 0; values < rows[i].values; values++) {
			outcome_within(b, TYPE, str_of(rows[i].body),
			    &(struct decode_limits){ 8, values });
			assert_non_null(strstr(b->why.text, "values and keys"));
		}
		outcome_within(b, TYPE, str_of(rows[i].body),
		    &(struct decode_limits){ 8, rows[i].values });
		assert_int_equal(b->why.code, FAULT_NONE);
	}
}

static enum fault_code
code_of(struct bench *b, const char *before, size_t times, const char *behind)
{
	struct bytes body;

	bytes_init(&body, (size_t)16 << 20);
	bytes_add_text(&body, before);
	for (size_t i = 0; i < times; i++)
		bytes_add_char(&body, 'x');
	bytes_add_text(&body, behind);
	outcome(b, TYPE, bytes_str(&body));
	bytes_done(&body);
	return b->why.code;
}

static enum fault_code
code_of_attributes(struct bench *b, unsigned count)
{
	struct bytes body;

	bytes_init(&body, (size_t)16 << 20);
	bytes_add_text(&body, "<a");
	for (unsigned i = 0; i < count; i++)
		bytes_addf(&body, " x%u='%u'", i, i);
	bytes_add_text(&body, "/>");
	outcome(b, TYPE, bytes_str(&body));
	bytes_done(&body);
	return b->why.code;
}

static void
holds_its_ceilings(void **state)
{
	static const struct {
		const char *before;
		size_t most;
		const char *behind;
	} rows[] = {
		{ "<a x='", 65536, "'/>" },
		{ "<a ", 1024, "='1'/>" },
		{ "<", 1024, "/>" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(code_of(*state, rows[i].before, rows[i].most,
		                     rows[i].behind),
		    FAULT_NONE);
		assert_int_equal(code_of(*state, rows[i].before,
		                     rows[i].most + 1, rows[i].behind),
		    FAULT_TOO_LARGE);
		assert_int_equal(code_of(*state, rows[i].before,
		                     (size_t)4 << 20, rows[i].behind),
		    FAULT_TOO_LARGE);
	}
	assert_int_equal(code_of(*state, "<a>", (size_t)1 << 20, "</a>"),
	    FAULT_NONE);
	assert_int_equal(code_of_attributes(*state, 256), FAULT_NONE);
	assert_int_equal(code_of_attributes(*state, 257), FAULT_TOO_LARGE);
	assert_int_equal(code_of_attributes(*state, 100000), FAULT_TOO_LARGE);
}

static void
refuses_a_text_longer_than_expat_takes(void **state)
{
	struct bench *b = *state;
	struct str huge = { "<a/>", (size_t)INT32_MAX + 1 };

	assert_null(decode_body(b->arena, STR(TYPE), huge,
	    &decode_limits_default, &b->why));
	assert_int_equal(b->why.code, FAULT_TOO_LARGE);
	assert_null(decode_body(b->arena, STR(TYPE), huge,
	    &decode_limits_default, NULL));
}

static void
refuses_it_cut_at_every_byte(void **state)
{
	static const char body[] =
	    "<?xml version='1.0' encoding='UTF-8'?><!-- c --><p:a xmlns:p='u' "
	    "x='&lt;'>t<![CDATA[c]]><b>\xC3\xA9&#233;</b><b/><?i?></p:a>";
	struct bench *b = *state;

	for (size_t n = 0; n < sizeof(body) - 1; n++) {
		outcome(b, TYPE, (struct str){ body, n });
		assert_int_equal(b->why.code, FAULT_BODY);
		assert_true(b->why.line == 1 && b->why.column > 0);
	}
	outcome(b, TYPE, str_of(body));
	assert_int_equal(b->why.code, FAULT_NONE);
}

static void
survives_every_byte_changed(void **state)
{
	static const char from[] = "<?xml version='1.0'?><p:a xmlns:p='u' "
	                           "x='&lt;'>t<b>&#9;</b><b/></p:a>";
	static const char to[] = "\0\r<>&'/!:[\x80\xFF";
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

static void
is_busy_when_the_arena_is_full(void **state)
{
	struct bytes body;

	(void)state;
	bytes_init(&body, 1 << 16);
	bytes_add_text(&body, "<a xmlns:p='u:p'>");
	for (int i = 0; i < 40; i++)
		bytes_addf(&body,
		    "<e%d x='1' p:y%d='&#233;'>%d &amp;\n%d<p:b/><p:b/></e%d>",
		    i, i, i, i, i);
	bytes_add_text(&body, "</a>");
	assert_true(arenas_too_small(TYPE, bytes_str(&body)) > 500);
	bytes_done(&body);
}

/* What a stranger may choose to make equal names and long lists slow. */
static void
is_not_slow_on_what_was_chosen_against_it(void **state)
{
	static const struct decode_limits many = { 64, 4000000 };
	struct bench *b = *state;
	struct bytes body;
	clock_t began = clock();

	bytes_init(&body, (size_t)64 << 20);
	bytes_add_text(&body, "<a>");
	for (int i = 0; i < 50000; i++)
		bytes_addf(&body, "<e%d/>t<s><x/></s>", i);
	bytes_add_text(&body, "</a>");
	outcome_within(b, TYPE, bytes_str(&body), &many);
	assert_int_equal(b->why.code, FAULT_NONE);
	/* Of the processor: whoever waits for it is not slow. */
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	bytes_done(&body);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(makes_one_shape),
		TEST(makes_arrays_of_what_repeats),
		TEST(makes_nil_null),
		TEST(drops_prefixes_comments_and_instructions),
		TEST(reads_an_outbound_message),
		TEST(is_looked_up_as_any_document),
		TEST(reads_the_charsets_of_xml),
		TEST(refuses_half_a_surrogate_pair),
		TEST(refuses_what_is_not_well_formed),
		TEST(refuses_every_document_type),
		TEST(holds_the_depth_ceiling),
		TEST(holds_the_ceiling_on_values),
		TEST(holds_its_ceilings),
		TEST(refuses_a_text_longer_than_expat_takes),
		TEST(refuses_it_cut_at_every_byte),
		TEST(survives_every_byte_changed),
		TEST(is_busy_when_the_arena_is_full),
		TEST(is_not_slow_on_what_was_chosen_against_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
