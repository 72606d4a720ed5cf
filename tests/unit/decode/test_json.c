/* decode_json: what is JSON, what is not, and where it stops being it. */
#include <stdio.h>

#include "unit/decode/body_bench.h"

/* Decodes an exact copy, so that a read past the end is seen. */
static struct document *
decode_with(struct bench *b, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	char *exact = malloc(text.len > 0 ? text.len : 1);
	struct str kept = arena_copy(b->arena, text);
	struct document *exact_result;
	struct fault exact_why = { 0 };

	assert_non_null(exact);
	assert_non_null(kept.at);
	if (text.len > 0)
		memcpy(exact, text.at, text.len);
	exact_result = decode_json(b->arena, (struct str){ exact, text.len },
	    limits, &exact_why);
	assert_int_equal(exact_result != NULL, exact_why.code == FAULT_NONE);
	free(exact);
	*why = (struct fault){ 0 };
	return decode_json(b->arena, kept, limits, why);
}

static const char *
printed(struct bench *b, const struct document *d)
{
	bytes_clear(&b->out);
	doc_print(d, doc_root(d), &b->out);
	assert_true(bytes_ok(&b->out));
	return b->out.data;
}

static void
assert_reads(struct bench *b, struct str text, const char *want)
{
	struct fault why;
	struct document *d;

	arena_reset(b->arena);
	d = decode_with(b, text, &decode_limits_default, &why);
	if (d == NULL)
		fail_msg("%.*s: %s", STR_ARG(text), why.text);
	assert_string_equal(printed(b, d), want);
}

/* want: as fault_print has it, with the place. */
static void
assert_refused(struct bench *b, struct str text, const char *want)
{
	struct fault why;

	arena_reset(b->arena);
	assert_null(decode_with(b, text, &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_BODY);
	bytes_clear(&b->out);
	fault_print(&why, &b->out);
	assert_string_equal(b->out.data, want);
}

static void
reads_every_kind(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} rows[] = {
		{ { "null", 4 }, "null" },
		{ { " true ", 6 }, "true" },
		{ { "\t\r\nfalse\n", 9 }, "false" },
		{ { "0", 1 }, "0" },
		{ { "\"\"", 2 }, "\"\"" },
		{ { "[]", 2 }, "[]" },
		{ { "{}", 2 }, "{}" },
		{ { "[ ]", 3 }, "[]" },
		{ { "{ }", 3 }, "{}" },
		{ { "[[],{},[[]]]", 12 }, "[[],{},[[]]]" },
		{ { "{\"\":\"\"}", 7 }, "{\"\":\"\"}" },
		{ { " [ 1 , 2 ] ", 11 }, "[1,2]" },
		{ { " { \"a\" : 1 , \"b\" : [ ] } ", 25 },
		    "{\"a\":1,\"b\":[]}" },
		{ { "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", 25 },
		    "{\"a\":{\"a\":1},\"b\":{\"a\":1}}" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_reads(*state, rows[i].text, rows[i].want);
}

static void
keeps_numbers_as_written(void **state)
{
	static const char *const numbers[] = { "0", "-0", "19.99", "100.10",
		"9223372036854775807", "-9223372036854775808",
		"18446744073709551616", "1e400", "12345678901234567890123",
		"1E+2", "1e-2", "0.0e0", "-1.50", "0.1000000000000000055511" };

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		char *list = base_print("[%s,%s]", numbers[i], numbers[i]);

		assert_reads(*state, str_of(numbers[i]), numbers[i]);
		assert_reads(*state, str_of(list), list);
		base_free(list);
	}
}

static void
refuses_what_is_no_number(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "-", "body:1:2: the text ends where a digit is expected" },
		{ "-a", "body:1:2: a digit is expected" },
		{ "01", "body:1:1: a number begins with a zero too many" },
		{ "-00", "body:1:2: a number begins with a zero too many" },
		{ "1.", "body:1:3: the text ends where a digit is expected" },
		{ "[1.]", "body:1:4: a digit is expected" },
		{ ".5", "body:1:1: a value is expected" },
		{ "+1", "body:1:1: a value is expected" },
		{ "1e", "body:1:3: the text ends where a digit is expected" },
		{ "[1e+]", "body:1:5: a digit is expected" },
		{ "1.e1", "body:1:3: a digit is expected" },
		{ "[0x1]", "body:1:3: a comma or ] is expected" },
		{ "NaN", "body:1:1: a value is expected" },
		{ "Infinity", "body:1:1: a value is expected" },
		{ "-Infinity", "body:1:2: a digit is expected" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused(*state, str_of(rows[i].text), rows[i].want);
}

static void
resolves_escapes(void **state)
{
	struct bench *b = *state;
	struct str text = STR(
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\uD83D\\uDe00"
	    " plain \\u0000 end\"");
	struct str want = STR("\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC"
	                      "\xF0\x9F\x98\x80 plain \0 end");
	struct fault why;
	struct document *d = decode_with(b, text, &decode_limits_default, &why);

	assert_non_null(d);
	assert_true(str_eq(doc_text(d, doc_root(d)), want));
}

static void
resolves_escapes_in_keys(void **state)
{
	struct bench *b = *state;
	struct fault why;
	struct document *d = decode_with(b, STR("{\"\\u0061b\":1}"),
	    &decode_limits_default, &why);

	assert_non_null(d);
	assert_int_not_equal(doc_member(d, 0, STR("ab")), DOC_NONE);
}

static void
refuses_what_is_no_string(void **state)
{
	static const char half[] = "half of a surrogate pair stands alone; it "
	                           "is no character";
	static const char control[] = "a control character in a string must be "
	                              "written as an escape, "
	                              "like \\n";
	static const char
	    open[] = "the string that begins here has no closing quote";
	static const char hex[] = "\\u wants four hex digits behind it";
	static const char
	    none[] = "JSON has no such escape; a backslash is written \\\\";
	static const struct {
		struct str text;
		unsigned column;
		const char *want;
	} rows[] = {
		{ { "\"\\ud800\"", 8 }, 2, half },
		{ { "\"x\\udc00\"", 9 }, 3, half },
		{ { "\"\\ud800\\ud800\"", 14 }, 2, half },
		{ { "\"\\udc00\\ud800\"", 14 }, 2, half },
		{ { "\"\\ud800x\"", 9 }, 2, half },
		{ { "\"\\ud800\\n\"", 10 }, 2, half },
		{ { "\"\\ud800\\u12\"", 12 }, 2, half },
		{ { "\"\\ud83d\\udbff\"", 14 }, 2, half },
		{ { "\"\\ud83d\\ue000\"", 14 }, 2, half },
		{ { "\"\\udc00\\udc00\"", 14 }, 2, half },
		{ { "\"\\u12\"", 6 }, 2, hex },
		{ { "\"\\u\"", 4 }, 2, hex },
		{ { "\"\\u12g4\"", 8 }, 2, hex },
		{ { "\"\\u+123\"", 8 }, 2, hex },
		{ { "\"\\x41\"", 6 }, 2, none },
		{ { "\"\\'\"", 4 }, 2, none },
		{ { "\"\\\0\"", 4 }, 3, control },
		{ { "\"\\\n\"", 4 }, 3, control },
		{ { "\"ab\n\"", 5 }, 4, control },
		{ { "\"a\0b\"", 5 }, 3, control },
		{ { "\"a\x1F\"", 4 }, 3, control },
		{ { "[\"a", 3 }, 2, open },
		{ { "[\"a\\\"", 5 }, 2, open },
		{ { "[\"a\\", 4 }, 2, open },
		{ { "\"", 1 }, 1, open },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *want = base_print("body:1:%u: %s", rows[i].column,
		    rows[i].want);

		assert_refused(*state, rows[i].text, want);
		base_free(want);
	}
	assert_reads(*state, STR("\"\x7F\""), "\"\x7F\"");
}

/* Every place of the eight-byte steps can hold what stops them. */
static void
stops_at_every_offset(void **state)
{
	char text[64];

	for (size_t len = 0; len < 40; len++) {
		struct bench *b = *state;
		char want[64];

		memset(text, 'x', sizeof(text));
		text[0] = '"';
		text[len + 1] = '"';
		text[len + 2] = '\0';
		assert_reads(b, str_of(text), text);
		for (size_t at = 0; at < len; at++) {
			text[at + 1] = '\x1F';
			snprintf(want, sizeof(want), "body:1:%zu:", at + 2);
			bytes_clear(&b->out);
			struct fault why;
			assert_null(decode_with(b, str_of(text),
			    &decode_limits_default, &why));
			fault_print(&why, &b->out);
			assert_true(
			    str_starts(bytes_str(&b->out), str_of(want)));
			/* ... and the neighbours of what stops it do not. */
			text[at + 1] = at % 2 ? ' ' : '!';
			assert_reads(b, str_of(text), text);
			text[at + 1] = at % 2 ? '#' : ']';
			assert_reads(b, str_of(text), text);
			text[at + 1] = 'x';
		}
	}
}

static void
refuses_what_is_not_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xC3", "\xC0\xAF",
		"\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
		"\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82" };
	char text[80];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(text, sizeof(text), "{\"k\":\"\xC3\xA9%s\"}", bad[i]);
		assert_refused(*state, str_of(text),
		    "body:1:8: this byte is not UTF-8; send the body as "
		    "UTF-8");
		snprintf(text, sizeof(text), "{\"%s\\n a long key\":1}",
		    bad[i]);
		assert_refused(*state, str_of(text),
		    "body:1:3: this byte is not UTF-8; send the body as "
		    "UTF-8");
	}
}

static void
refuses_what_is_no_structure(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "body:1:1: the text ends where a value is expected" },
		{ " \n ", "body:2:2: the text ends where a value is expected" },
		{ "\xEF\xBB\xBF{}",
		    "body:1:1: the text begins with a byte "
		    "order mark; send it without" },
		{ "[1 2]", "body:1:4: a comma or ] is expected" },
		{ "[1,]", "body:1:4: a value is expected" },
		{ "[,1]", "body:1:2: a value is expected" },
		{ "[1}", "body:1:3: a comma or ] is expected" },
		{ "[1",
		    "body:1:3: the text ends where a comma or ] is expected" },
		{ "{\"a\":1]", "body:1:7: a comma or } is expected" },
		{ "{\"a\":1,}",
		    "body:1:8: a key in double quotes is expected" },
		{ "{a:1}", "body:1:2: a key in double quotes is expected" },
		{ "{1:1}", "body:1:2: a key in double quotes is expected" },
		{ "{\"a\" 1}", "body:1:6: a colon is expected" },
		{ "{\"a\":}", "body:1:6: a value is expected" },
		{ "{\"a\"}", "body:1:5: a colon is expected" },
		{ "]", "body:1:1: a value is expected" },
		{ "tru", "body:1:1: a value is expected" },
		{ "True", "body:1:1: a value is expected" },
		{ "'a'", "body:1:1: a value is expected" },
		{ "/* */1", "body:1:1: a value is expected" },
		{ "{} x",
		    "body:1:4: the value is complete, and more text "
		    "follows; send one value" },
		{ "1 2",
		    "body:1:3: the value is complete, and more text "
		    "follows; send one value" },
		{ "nullx",
		    "body:1:5: the value is complete, and more text "
		    "follows; send one value" },
		{ "[1]]",
		    "body:1:4: the value is complete, and more text "
		    "follows; send one value" },
		{ "[\v1]", "body:1:2: a value is expected" },
		{ "[\xC2\xA0]", "body:1:2: a value is expected" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_refused(*state, str_of(rows[i].text), rows[i].want);
	assert_refused(*state, STR("[1\0]"),
	    "body:1:3: a comma or ] is expected");
	assert_refused(*state, STR("1\0"),
	    "body:1:2: the value is complete, and more text follows; send "
	    "one value");
}

static void
counts_lines_and_characters(void **state)
{
	assert_refused(*state, STR("{\n  \"a\": 1,\r\n  \"b\" 2\n}"),
	    "body:3:7: a colon is expected");
	/* Two, three and four bytes are one character each. */
	assert_refused(*state,
	    STR("[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\" x]"),
	    "body:1:8: a comma or ] is expected");
	assert_refused(*state, STR("\n\n[\"\xC3\xA9\",\n\"\xC3\xA9\" x]"),
	    "body:4:5: a comma or ] is expected");
}

static void
refuses_a_key_that_stands_twice(void **state)
{
	assert_refused(*state, STR("{\"a\":1,\"a\":2}"),
	    "body:1:8: the key stands twice in this object");
	assert_refused(*state, STR("{\"\":1,\"\":2}"),
	    "body:1:7: the key stands twice in this object");
	/* Equal once the escapes are resolved; strings before it count. */
	assert_refused(*state,
	    STR("[\"\\\\\",\n\"\\\"\", {\"k\":[\"v\"],\"aa\":{},"
	        " \"\\u0061\\u0061\":2}]"),
	    "body:2:27: the key stands twice in this object");
	assert_refused(*state, STR("{\"x\":{\"b\":{\"b\":1},\"b\":1}}"),
	    "body:1:19: the key stands twice in this object");
}

/* The first repetition is named, also where many keys are sorted. */
static void
finds_a_repeated_key_in_objects_of_any_size(void **state)
{
	struct bench *b = *state;

	for (int members = 2; members < 70; members++) {
		for (int same = 0; same < members - 1; same += 3) {
			struct bytes text;
			struct fault why;
			unsigned column;

			bytes_init(&text, 1 << 20);
			bytes_add_char(&text, '{');
			for (int i = 0; i < members - 1; i++)
				bytes_addf(&text, "\"key%d\":[%d],", i, i);
			column = (unsigned)text.len + 1;
			bytes_addf(&text, "\"key%d\":0}", same);
			arena_reset(b->arena);
			assert_null(decode_with(b, bytes_str(&text),
			    &decode_limits_default, &why));
			assert_int_equal(why.code, FAULT_BODY);
			assert_int_equal(why.column, column);
			bytes_done(&text);
		}
	}
}

static void
names_the_first_of_several_repetitions(void **state)
{
	struct bench *b = *state;
	struct bytes text;
	struct fault why;
	unsigned column;

	bytes_init(&text, 1 << 20);
	bytes_add_char(&text, '{');
	for (int i = 0; i < 40; i++)
		bytes_addf(&text, "\"key%d\":0,", i);
	column = (unsigned)text.len + 1;
	/* Sorted, the later ones come before the first. */
	bytes_add_text(&text, "\"key39\":0,\"key39\":0,\"key1\":0}");
	assert_null(
	    decode_with(b, bytes_str(&text), &decode_limits_default, &why));
	assert_int_equal(why.column, column);
	bytes_done(&text);
}

/* Very many keys that differ between `head` and `tail`, and one not there. */
static void
survives_keys(struct bench *b, const char *head, const char *tail)
{
	const struct decode_limits limits = { 4, 200000 };
	struct bytes text;
	struct fault why = { 0 };
	struct document *d;

	arena_reset(b->arena);
	bytes_init(&text, (size_t)64 << 20);
	bytes_add_char(&text, '{');
	for (int i = 99999; i >= 0; i--)
		bytes_addf(&text, "\"%s%06d%s\":0%c", head, i, tail,
		    i > 0 ? ',' : '}');
	d = decode_json(b->arena, bytes_str(&text), &limits, &why);
	assert_null(d); /* 200001 values and keys */
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	why = (struct fault){ 0 };
	bytes_clear(&text);
	bytes_add_char(&text, '{');
	for (int i = 99998; i >= 0; i--)
		bytes_addf(&text, "\"%s%06d%s\":%d%c", head, i, tail, i,
		    i > 0 ? ',' : '}');
	d = decode_json(b->arena, bytes_str(&text), &limits, &why);
	assert_non_null(d);
	assert_int_equal(doc_count(d, 0), 99999);
	for (int i = 0; i < 100000; i++) {
		char key[64];
		int64_t value = -1;
		int n = snprintf(key, sizeof(key), "%s%06d%s", head, i, tail);
		doc_node at = doc_member(d, 0, (struct str){ key, (size_t)n });

		assert_int_equal(doc_integer(d, at, &value), i < 99999);
		assert_int_equal(value, i < 99999 ? i : -1);
	}
	assert_int_equal(doc_member(d, 0, STR("no")), DOC_NONE);
	assert_true(doc_equal(d, 0, 0));
	bytes_done(&text);
}

/*
 * Keys a sender may choose to make an object slow: very many, with long
 * common beginnings, in falling order. What compares all with all, or
 * trusts a hash that can be met, would not come back from this in time.
 */
static void
survives_keys_chosen_against_it(void **state)
{
	survives_keys(*state, "the-same-beginning-for-all-of-them-", "");
	/* All of one hash: of a key, only eight bytes at each end are in it. */
	survives_keys(*state, "the-same-", "-for-all-of-them");
}

static char *
nested(size_t depth, char open, char close, size_t *len)
{
	char *text = base_alloc(depth * 2 + 1);

	memset(text, open, depth);
	memset(text + depth, close, depth);
	*len = depth * 2;
	return text;
}

static void
holds_the_depth_ceiling(void **state)
{
	struct bench *b = *state;
	static const size_t ceilings[] = { 0, 1, 2, 64, 1000, 5000 };

	for (size_t i = 0; i < COUNT_OF(ceilings); i++) {
		struct decode_limits limits = { ceilings[i], 100000 };
		size_t real = ceilings[i] < 1000 ? ceilings[i] : 1000, len;
		struct fault why;
		char *text;

		text = nested(real, '[', ']', &len);
		if (real > 0)
			assert_non_null(decode_with(b,
			    (struct str){ text, len }, &limits, &why));
		base_free(text);
		text = nested(real + 1, '[', ']', &len);
		assert_null(
		    decode_with(b, (struct str){ text, len }, &limits, &why));
		assert_int_equal(why.code, FAULT_TOO_LARGE);
		assert_int_equal(why.column, real + 1);
		assert_non_null(strstr(why.text, "deep"));
		base_free(text);
	}
}

static void
holds_the_ceiling_on_values(void **state)
{
	struct bench *b = *state;
	/* Six: the object, its key, the array, three numbers. */
	static const char text[] = "{\"a\":[10,20,30]}";
	struct fault why;

	for (size_t values = 0; values < 6; values++) {
		static const unsigned columns[] = { 1, 2, 6, 7, 10, 13 };
		const struct decode_limits limits = { 8, values };

		assert_null(decode_with(b, str_of(text), &limits, &why));
		assert_int_equal(why.code, FAULT_TOO_LARGE);
		assert_int_equal(why.column, columns[values]);
	}
	assert_non_null(decode_with(b, str_of(text),
	    &(struct decode_limits){ 8, 6 }, &why));
}

/* What ends a container is no value: as many as the ceiling says fit. */
static void
counts_no_end_as_a_value(void **state)
{
	struct bench *b = *state;
	struct bytes text;
	struct fault why;

	bytes_init(&text, 10000);
	for (size_t boxes = 1; boxes <= 200; boxes += 1 + boxes / 10) {
		struct decode_limits limits = { 8, boxes + 1 };

		bytes_clear(&text);
		for (size_t i = 0; i < boxes; i++)
			bytes_add_text(&text, i == 0 ? "[[]" : ",{}");
		bytes_add_char(&text, ']');
		assert_non_null(
		    decode_with(b, bytes_str(&text), &limits, &why));
		limits.values--;
		assert_null(decode_with(b, bytes_str(&text), &limits, &why));
		assert_int_equal(why.code, FAULT_TOO_LARGE);
		assert_int_equal(why.column, text.len - 2);
	}
	bytes_done(&text);
}

/* Strings are read in steps, and otherwise where too few bytes follow. */
static void
refuses_a_wrong_byte_wherever_it_stands(void **state)
{
	for (size_t len = 1; len <= 40; len++) {
		for (size_t at = 0; at < len; at++) {
			char text[128];
			char *want = base_print("body:1:%zu: this byte is not "
			                        "UTF-8; send the body as UTF-8",
			    at + 3);

			memset(text, ' ', sizeof(text));
			memset(text, 'x', len + 2);
			text[0] = '[';
			text[1] = text[len + 2] = '"';
			text[at + 2] = (char)(at % 2 == 0 ? 0xFF : 0xC3);
			text[sizeof(text) - 1] = ']';
			assert_refused(*state,
			    (struct str){ text, sizeof(text) }, want);
			text[len + 3] = ']';
			assert_refused(*state, (struct str){ text, len + 4 },
			    want);
			base_free(want);
		}
	}
}

static const char whole
    [] = "{\"a\":[1.5e3,-2,true,false,null,\"x\\n\\uD83D\\uDE00\xC3\xA9\"],"
         "\"b\":{\"c\":{},\"d\":[]},\"\\u0065\":\"\",\"1\":1,\"2\":1,\"3\":1,"
         "\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\"10\":1,\"11\":1,"
         "\"12\":1,\"13\":1,\"14\":[{},[[]]]}";

static void
refuses_every_cut(void **state)
{
	struct fault why;

	assert_non_null(
	    decode_with(*state, str_of(whole), &decode_limits_default, &why));
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		assert_null(decode_with(*state, (struct str){ whole, len },
		    &decode_limits_default, &why));
		assert_int_equal(why.code, FAULT_BODY);
		assert_int_equal(why.line, 1);
	}
}

/* Every place where memory can run out is passed once. */
static void
is_busy_when_the_arena_is_full(void **state)
{
	struct bytes text;
	struct document *d = NULL;
	size_t busy = 0;

	(void)state;
	bytes_init(&text, 1 << 20);
	bytes_add_char(&text, '[');
	for (int i = 0; i < 30; i++)
		bytes_addf(&text, "%s,[],", whole);
	bytes_addf(&text, "\"\\n\"]");
	for (size_t ceiling = 0; d == NULL; ceiling += 16) {
		struct arena *arena = arena_new(ceiling);
		struct fault why = { 0 };

		d = decode_json(arena, bytes_str(&text), &decode_limits_default,
		    &why);
		if (d == NULL) {
			assert_int_equal(why.code, FAULT_BUSY);
			busy++;
		}
		arena_free(arena);
	}
	assert_true(busy > 100);
	bytes_done(&text);
}

/* More than an entry can count; nothing of it is looked at. */
static void
refuses_a_text_past_32_bits(void **state)
{
	struct bench *b = *state;
	struct str text = { "1", (size_t)UINT32_MAX + 1 };
	struct fault why = { 0 };

	assert_null(decode_json(b->arena, text, &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	why = (struct fault){ 0 };
	assert_null(decode_form(b->arena, text, &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_TOO_LARGE);
}

/* A document that is refused says why; why may be left out. */
static void
works_without_a_fault_to_fill(void **state)
{
	struct bench *b = *state;

	assert_null(
	    decode_json(b->arena, STR("[}"), &decode_limits_default, NULL));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_every_kind),
		TEST(keeps_numbers_as_written),
		TEST(refuses_what_is_no_number),
		TEST(resolves_escapes),
		TEST(resolves_escapes_in_keys),
		TEST(refuses_what_is_no_string),
		TEST(stops_at_every_offset),
		TEST(refuses_what_is_not_utf8),
		TEST(refuses_what_is_no_structure),
		TEST(counts_lines_and_characters),
		TEST(refuses_a_key_that_stands_twice),
		TEST(finds_a_repeated_key_in_objects_of_any_size),
		TEST(names_the_first_of_several_repetitions),
		TEST(survives_keys_chosen_against_it),
		TEST(holds_the_depth_ceiling),
		TEST(holds_the_ceiling_on_values),
		TEST(counts_no_end_as_a_value),
		TEST(refuses_a_wrong_byte_wherever_it_stands),
		TEST(refuses_every_cut),
		TEST(is_busy_when_the_arena_is_full),
		TEST(refuses_a_text_past_32_bits),
		TEST(works_without_a_fault_to_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
