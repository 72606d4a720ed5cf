/* decode_body: which content types are read, and as what. */
#include "unit/cmocka_all.h"
#include "decode/decode.h"

static int
setup(void **state)
{
	*state = arena_new((size_t)1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

/* A text that is a string as JSON, and an object as a form. */
static enum doc_kind
kind_of(void **state, struct str type, struct fault *why)
{
	struct document *d;

	arena_reset(*state);
	*why = (struct fault){ 0 };
	d = decode_body(*state, type, STR("\"a\""), &decode_limits_default,
	    why);
	assert_int_equal(d != NULL, why->code == FAULT_NONE);
	return d != NULL ? doc_kind(d, doc_root(d)) : DOC_ABSENT;
}

static void
picks_a_decoder(void **state)
{
	static const struct {
		const char *type;
		enum doc_kind kind;
	} rows[] = {
		{ "", DOC_STRING },
		{ "application/json", DOC_STRING },
		{ "Application/JSON", DOC_STRING },
		{ " application/json ", DOC_STRING },
		{ "text/json", DOC_STRING },
		{ "text/plain", DOC_STRING },
		{ "application/cloudevents+json", DOC_STRING },
		{ "application/vnd.api+JSON; ext=\"a;b\"", DOC_STRING },
		{ "application/json;charset=utf-8", DOC_STRING },
		{ "application/json; charset=\"UTF-8\"", DOC_STRING },
		{ "application/json ; Charset = utf8", DOC_STRING },
		{ "text/plain; charset=us-ascii", DOC_STRING },
		{ "application/json; x=\"; charset=latin1\"", DOC_STRING },
		{ "application/json;", DOC_STRING },
		{ ";", DOC_STRING },
		{ "application/x-www-form-urlencoded", DOC_OBJECT },
		{ "APPLICATION/x-www-FORM-urlencoded; charset=UTF-8",
		    DOC_OBJECT },
		{ "application/x-www-form-urlencoded; charset=iso-8859-1",
		    DOC_OBJECT },
		{ "application/x-www-form-urlencoded;charset=Windows-1252",
		    DOC_OBJECT },
	};
	struct fault why;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (kind_of(state, str_of(rows[i].type), &why) != rows[i].kind)
			fail_msg("%s: %s", rows[i].type, why.text);
	assert_int_equal(kind_of(state, STR_NONE, &why), DOC_STRING);
}

static void
refuses_other_types_and_says_which_it_takes(void **state)
{
	static const char too_long[] = "application/longer-than-any-type-that-"
	                               "has-a-name-here-xxxxxxxxxxxxxxxxxx";
	static const char *const types[] = { "application/xm", "json", "x+json",
		"+json", "xml", "x+xml", "multipart/mixed; boundary=x",
		"application/jso", "application/json2", "application/json/x",
		"application/x+json+y", "text/html", too_long };
	struct fault why;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(kind_of(state, str_of(types[i]), &why),
		    DOC_ABSENT);
		assert_int_equal(why.code, FAULT_BODY_KIND);
		assert_non_null(strstr(why.text, "application/json"));
		assert_non_null(strstr(why.text, "+json"));
		assert_non_null(strstr(why.text, "+xml"));
		assert_non_null(
		    strstr(why.text, "application/x-www-form-urlencoded"));
		assert_non_null(strstr(why.text, "multipart/form-data"));
	}
}

static void
refuses_other_charsets(void **state)
{
	static const char *const types[] = {
		"application/json; charset=iso-8859-1",
		"application/json; charset=\"utf-16\"",
		"application/json; CHARSET=latin1; x=y",
		"application/json; x=y; charset=latin1",
		"application/json; x=\"a;b\"; charset=latin1",
		"application/json; bare; charset=latin1",
		"application/json; charset=",
		"application/json; charset=utf-8x",
		"application/x-www-form-urlencoded; charset=utf-16",
		"application/x-www-form-urlencoded; charset=koi8-r",
		"multipart/form-data; boundary=b; charset=utf-16",
		"text/xml; charset=windows-1252",
		"text/xml; charset=koi8-r",
	};
	struct fault why;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(kind_of(state, str_of(types[i]), &why),
		    DOC_ABSENT);
		assert_int_equal(why.code, FAULT_BODY_KIND);
		assert_non_null(strstr(why.text, "UTF-8"));
	}
}

static void
says_what_the_decoder_says(void **state)
{
	struct fault why = { 0 };

	assert_null(decode_body(*state, STR("application/json"), STR("[1,]"),
	    &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_BODY);
	assert_int_equal(why.line, 1);
	assert_int_equal(why.column, 4);
}

static void
takes_other_bodies_to_their_decoders(void **state)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{ "text/xml", "<a>1</a>" },
		{ "application/soap+xml; charset=utf-8", "<a>1</a>" },
		{ "multipart/form-data; boundary=\"b\"",
		    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1"
		    "\r\n--b--\r\n" },
		{ "application/x-www-form-urlencoded", "a=1" },
	};
	struct fault why = { 0 };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct document *d = decode_body(*state, str_of(rows[i].type),
		    str_of(rows[i].body), &decode_limits_default, &why);
		doc_node a = DOC_NONE;

		if (d != NULL)
			a = doc_member(d, doc_root(d), STR("a"));
		if (d == NULL || !str_eq(doc_text(d, a), STR("1")))
			fail_msg("%s: %s", rows[i].type, why.text);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(picks_a_decoder),
		TEST(refuses_other_types_and_says_which_it_takes),
		TEST(refuses_other_charsets),
		TEST(takes_other_bodies_to_their_decoders),
		TEST(says_what_the_decoder_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
