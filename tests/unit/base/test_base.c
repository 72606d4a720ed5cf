/* tests/unit/base/test_base.c - strings, arena, bytes, codecs, faults. */
#include "unit/cmocka_all.h"

static void
test_cut_walks_every_part(void **state)
{
	struct str rest = STR("a,,b"), part;

	(void)state;
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_cut(&rest, ',', &part));
}

static void
test_number_takes_digits_only(void **state)
{
	static const char *const bad[] = { "", "+1", "-1", " 1", "1 ", "1x",
		"256", "99999999999999999999" };

	(void)state;
	assert_int_equal(str_number(STR("0"), 255), 0);
	assert_int_equal(str_number(STR("5"), 0), -1);
	assert_int_equal(str_number(STR("255"), 255), 255);
	assert_int_equal(str_number(STR("9223372036854775807"), INT64_MAX),
	    INT64_MAX);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(str_number(str_of(bad[i]), 255), -1);
}

static void
test_utf8_refuses_what_is_not(void **state)
{
	static const char *const good[] = { "", "abc", "\u00e4", "\u20ac",
		"\U0001F600", "\U0010FFFF", "abcdefghij\u00e4" };
	static const char *const bad[] = { "\x80", "\xC0\x80", "\xC1\xBF",
		"\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
		"\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82",
		"abcdefgh\xFF" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(utf8_valid(str_of(good[i])));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(utf8_valid(str_of(bad[i])));
	assert_int_equal(utf8_bad(STR("ab\xFF")), 2);
	assert_int_equal(utf8_count(STR("a\u00e4\u20ac\U0001F600")), 4);
}

static void
test_utf8_get_returns_what_put_wrote(void **state)
{
	static const uint32_t points[] = { 0, 'a', 0x7F, 0x80, 0x7FF, 0x800,
		0xFFFD, 0x10000, 0x10FFFF };
	char text[4];
	uint32_t got;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		size_t n = utf8_put(text, points[i]);

		assert_int_equal(utf8_get((struct str){ text, n }, &got), n);
		assert_int_equal(got, points[i]);
	}
}

static void
test_arena_stops_at_its_ceiling(void **state)
{
	struct arena *a = arena_new(1000);

	(void)state;
	assert_non_null(arena_take(a, 600));
	assert_null(arena_take(a, 600));
	assert_null(arena_take(a, SIZE_MAX));
	assert_non_null(arena_take(a, 300));
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	assert_non_null(arena_take(a, 600));
	arena_free(a);
}

/* What was taken, rounded up to 16 bytes each, and the next fit together. */
static void
test_arena_gives_all_that_its_ceiling_allows(void **state)
{
	static const size_t ceilings[] = { 0, 1, 16, 17, 1000, 8192, 8200,
		50000, 100001 };
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ceilings) * 20; i++) {
		size_t ceiling = ceilings[i % COUNT_OF(ceilings)], used = 0;
		struct arena *a = arena_new(ceiling);

		for (int k = 0; k < 200; k++) {
			size_t size, left;
			char *block;

			seed = seed * 1664525 + 1013904223;
			size = seed >> 8 & (k % 9 == 0 ? 0x3FFF : 0x7F);
			left = used < ceiling ? ceiling - used : 0;
			if (k % 5 == 0 && left < 4096)
				size = left + (seed >> 30);
			block = arena_take(a, size);
			assert_true((block != NULL) ==
			    (used <= ceiling && size <= ceiling - used));
			if (block == NULL)
				continue;
			assert_int_equal((uintptr_t)block % 16, 0);
			memset(block, k, size);
			used += size > 0 ? (size + 15) / 16 * 16 : 16;
			assert_int_equal(arena_used(a), used);
			if (seed >> 24 == 0) {
				arena_reset(a);
				used = 0;
			}
		}
		arena_free(a);
	}
}

/* In place as far as the ceiling, to the byte, and no further. */
static void
test_arena_grows_up_to_its_ceiling(void **state)
{
	struct arena *a = arena_new(1000);
	char *block = arena_take(a, 100);

	(void)state;
	assert_ptr_equal(arena_grow(a, block, 100, 112), block);
	assert_int_equal(arena_used(a), 112);
	assert_ptr_equal(arena_grow(a, block, 112, 992), block);
	assert_int_equal(arena_used(a), 992);
	assert_null(arena_grow(a, block, 992, 1001));
	assert_null(arena_grow(a, block, 992, SIZE_MAX));
	assert_null(arena_grow(a, block, 992, SIZE_MAX - 20));
	assert_int_equal(arena_used(a), 992);
	arena_free(a);
}

static void
test_arena_grows_its_last_block_in_place(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *first = arena_take(a, 10);
	char *grown = arena_grow(a, first, 10, 4000);
	char *moved;

	(void)state;
	assert_ptr_equal(first, grown);
	assert_non_null(arena_take(a, 1));
	memset(grown, 'x', 4000);
	moved = arena_grow(a, grown, 4000, 5000);
	assert_ptr_not_equal(grown, moved);
	assert_int_equal(moved[3999], 'x');
	arena_free(a);
}

static void
test_arena_settles_on_one_chunk(void **state)
{
	struct arena *a = arena_new(1 << 20);
	size_t held;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_non_null(arena_take(a, 1000));
	arena_reset(a);
	held = arena_held(a);
	for (int i = 0; i < 100; i++)
		assert_non_null(arena_take(a, 1000));
	assert_int_equal(arena_held(a), held);
	arena_free(a);
}

static void
test_arena_rewinds_to_a_mark(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct arena_mark start = arena_mark(a), mark;
	char *kept = arena_take(a, 100);
	size_t used, held;

	(void)state;
	memset(kept, 'k', 100);
	mark = arena_mark(a);
	used = arena_used(a);
	held = arena_held(a);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			assert_non_null(arena_take(a, 1000));
		arena_rewind(a, mark);
		assert_int_equal(arena_used(a), used);
		assert_int_equal(arena_held(a), held);
	}
	assert_int_equal(kept[99], 'k');
	arena_rewind(a, start);
	assert_int_equal(arena_used(a), 0);
	assert_int_equal(arena_held(a), 0);
	arena_free(a);
}

static void
test_bytes_keep_what_was_there_at_the_ceiling(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 5);
	bytes_add_text(&b, "12345");
	assert_true(bytes_ok(&b));
	bytes_add_char(&b, '6');
	assert_false(bytes_ok(&b));
	bytes_add_text(&b, "");
	assert_false(bytes_ok(&b));
	assert_str(bytes_str(&b), "12345");
	bytes_clear(&b);
	assert_true(bytes_ok(&b));
	bytes_done(&b);
}

/* What is not theirs to grow is not grown, wherever the ceiling is by then. */
static void
test_bytes_never_grow_past_a_ceiling_that_came_down(void **state)
{
	char room[16];
	struct bytes b = { .data = room, .room = sizeof(room), .ceiling = 15 };

	(void)state;
	b.ceiling = 4;
	bytes_add_text(&b, "12345678");
	bytes_add_text(&b, "more than there is room for");
	assert_false(bytes_ok(&b));
	assert_ptr_equal(b.data, room);
	assert_str(bytes_str(&b), "12345678");
}

static void
test_json_strings_are_escaped(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 1000);
	bytes_add_json(&b,
	    (struct str){ "a\"\\\n\t\b\f\r\x01\x1f/\0\u00e4", 14 });
	assert_str(bytes_str(&b),
	    "\"a\\\"\\\\\\n\\t\\b\\f\\r\\u0001\\u001f/\\u0000\u00e4\"");
	bytes_done(&b);
}

static void
test_doubles_read_back_the_same(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 19.99, "19.99" },
		{ 100.10, "100.1" },
		{ 0.1, "0.1" },
		{ 1e21, "1e+21" },
		{ 5, "5" },
		{ -0.5, "-0.5" },
		{ 0.1 + 0.2, "0.30000000000000004" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes b;

		bytes_init(&b, 100);
		bytes_add_double(&b, rows[i].value);
		assert_str(bytes_str(&b), rows[i].text);
		bytes_done(&b);
	}
}

static void
test_integers_of_every_size(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 100);
	bytes_add_int(&b, INT64_MIN);
	bytes_add_char(&b, ' ');
	bytes_add_int(&b, INT64_MAX);
	bytes_add_char(&b, ' ');
	bytes_add_int(&b, 0);
	assert_str(bytes_str(&b), "-9223372036854775808 9223372036854775807 0");
	bytes_done(&b);
}

static void
test_hex_and_base64_are_strict(void **state)
{
	static const char *const bad_hex[] = { "a", "0g", "00 ", "0x00" };
	static const char *const bad64[] = { "A", "AA=", "AAA==", "AA==A",
		"A A=", "AB==", "AAB=", "AA-_", "====", "=" };
	unsigned char out[16];

	(void)state;
	assert_int_equal(hex_decode(STR("00fFA0"), out, 16), 3);
	assert_memory_equal(out, "\x00\xff\xa0", 3);
	assert_int_equal(hex_decode(STR("000000"), out, 2), -1);
	for (size_t i = 0; i < COUNT_OF(bad_hex); i++)
		assert_int_equal(hex_decode(str_of(bad_hex[i]), out, 16), -1);
	for (size_t i = 0; i < COUNT_OF(bad64); i++)
		assert_int_equal(base64_decode(str_of(bad64[i]), false, out,
		                     16),
		    -1);
	assert_int_equal(base64_decode(STR("TWE="), false, out, 16), 2);
	assert_int_equal(base64_decode(STR("TWE"), false, out, 16), 2);
	assert_int_equal(base64_decode(STR("-_-_"), true, out, 16), 3);
	assert_int_equal(base64_decode(STR("AAAA"), false, out, 2), -1);
}

static void
test_base64_round_trips(void **state)
{
	unsigned char data[64], back[64];
	struct bytes b;

	(void)state;
	for (size_t n = 0; n < sizeof(data); n++) {
		for (int url = 0; url < 2; url++) {
			data[n] = (unsigned char)(n * 37 + 200);
			bytes_init(&b, 200);
			bytes_add_base64(&b, data, n, url);
			assert_int_equal(base64_decode(bytes_str(&b), url, back,
			                     sizeof(back)),
			    n);
			assert_memory_equal(back, data, n);
			bytes_done(&b);
		}
	}
}

static void
test_percent_decodes_or_refuses(void **state)
{
	static const char *const bad[] = { "%", "%4", "a%4", "%zz", "%4z" };
	struct arena *a = arena_new(10000);
	struct str out;

	(void)state;
	assert_int_equal(percent_decode(a, STR("a%20b+c%2B"), true, &out), 0);
	assert_str(out, "a b c+");
	assert_int_equal(percent_decode(a, STR("a+b%41"), false, &out), 0);
	assert_str(out, "a+bA");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(percent_decode(a, str_of(bad[i]), true, &out),
		    -1);
	arena_free(a);
}

static void
test_query_parameters_are_found_and_decoded(void **state)
{
	struct request r = { .query = STR("a=1&lead%5Fid=x%20y&empty=&b") };
	struct arena *a = arena_new(10000);

	(void)state;
	assert_str(request_query(&r, STR("a"), a), "1");
	assert_str(request_query(&r, STR("lead_id"), a), "x y");
	assert_non_null(request_query(&r, STR("empty"), a).at);
	assert_non_null(request_query(&r, STR("b"), a).at);
	assert_null(request_query(&r, STR("c"), a).at);
	arena_free(a);
}

static void
test_the_first_fault_wins(void **state)
{
	struct fault f = { 0 };
	struct bytes out;

	(void)state;
	bytes_init(&out, 1000);
	assert_int_equal(fault_at(&f, FAULT_MAPPING, "x.cfg", 3, 7, "%s",
	                     "first"),
	    -1);
	/* tests/static/contracts.h has it from here that it is always -1. */
	assert_int_equal(fault_set(&f, FAULT_BODY, "y", "second"), -1);
	assert_int_equal(fault_set(NULL, FAULT_BODY, NULL, "no one asks"), -1);
	assert_int_equal(f.code, FAULT_MAPPING);
	fault_print(&f, &out);
	assert_str(bytes_str(&out), "x.cfg:3:7: first");
	bytes_done(&out);
}

static void
test_a_long_fault_is_cut_between_characters(void **state)
{
	struct fault f = { 0 };
	char text[400];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		f.code = FAULT_NONE;
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\u20ac", 4);
		fault_set(&f, FAULT_BODY, NULL, "%s", text);
		assert_true(utf8_valid(str_of(f.text)));
		assert_string_equal(f.text + strlen(f.text) - 3, "...");
	}
}

static void
test_of_a_long_place_the_end_is_kept(void **state)
{
	static const char path[] =
	    "/srv/agency/clients/a-client-with-a-long-name/bridge/mappings/"
	    "b\xC3\xA9ton-and-more/of-the-second-quarter-of-the-year/"
	    "mapping.cfg";
	char path_of_95[96] = { 0 };
	struct fault f = { 0 };

	(void)state;
	for (size_t cut = 0; cut < 4; cut++) {
		f = (struct fault){ 0 };
		fault_set(&f, FAULT_BODY, path + cut, "x");
		assert_true(strlen(f.where) > 90);
		assert_memory_equal(f.where, "...", 3);
		assert_int_not_equal((unsigned char)f.where[3] & 0xC0, 0x80);
		assert_string_equal(f.where + strlen(f.where) - 11,
		    "mapping.cfg");
	}
	memset(path_of_95, 'p', sizeof(path_of_95) - 1);
	f = (struct fault){ 0 };
	fault_set(&f, FAULT_BODY, path_of_95, "x");
	assert_string_equal(f.where, path_of_95);
}

static void
test_every_fault_has_a_kind(void **state)
{
	(void)state;
	for (enum fault_code c = FAULT_NONE; c < FAULT_CODES; c++) {
		assert_non_null(fault_kind(c)->name);
		assert_true(fault_kind(c)->status >= 200);
		assert_string_not_equal(http_reason(fault_kind(c)->status),
		    "Status");
	}
}

static void
test_faults_past_the_ceiling_are_counted(void **state)
{
	struct faults all = { 0 };
	struct bytes out;

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		faults_add(&all, "f", i + 1, "%s", "bad");
	assert_int_equal(all.count, 150);
	assert_int_equal(all.kept, 100);
	bytes_init(&out, 100000);
	faults_print(&all, &out);
	assert_non_null(strstr(out.data, "f:100: bad\nand 50 more faults\n"));
	bytes_done(&out);
	faults_done(&all);
}

static void
test_the_envelope_is_the_apis(void **state)
{
	struct arena *arena = arena_new(10000);
	struct fault f = { 0 };
	struct answer a;

	(void)state;
	fault_set(&f, FAULT_CONTRACT, "update.email", "is no \"address\"");
	answer_fault(&a, &f, arena);
	assert_int_equal(a.status, 422);
	assert_str(a.body,
	    "{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\","
	    "\"message\":\"Invalid input data\",\"details\":[\"update.email: "
	    "is no \\\"address\\\"\"]}}");
	arena_free(arena);
}

static void
test_a_misspelt_name_finds_its_nearest(void **state)
{
	static const char *const names[] = { "email", "phone", "firstName",
		"tags" };
	static const struct {
		const char *word, *found;
	} rows[] = {
		{ "emial", "email" }, /* two neighbours swapped: one edit */
		{ "emai", "email" },
		{ "Phone", "phone" },
		{ "first_name", "firstName" },
		{ "xyz", NULL },
		{ "customer", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct nearest near;

		nearest_start(&near, str_of(rows[i].word));
		for (size_t k = 0; k < COUNT_OF(names); k++)
			nearest_try(&near, names[k]);
		if (rows[i].found == NULL)
			assert_null(nearest_found(&near));
		else
			assert_string_equal(nearest_found(&near),
			    rows[i].found);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_walks_every_part),
		cmocka_unit_test(test_number_takes_digits_only),
		cmocka_unit_test(test_utf8_refuses_what_is_not),
		cmocka_unit_test(test_utf8_get_returns_what_put_wrote),
		cmocka_unit_test(test_arena_stops_at_its_ceiling),
		cmocka_unit_test(test_arena_gives_all_that_its_ceiling_allows),
		cmocka_unit_test(test_arena_grows_up_to_its_ceiling),
		cmocka_unit_test(test_arena_grows_its_last_block_in_place),
		cmocka_unit_test(test_arena_settles_on_one_chunk),
		cmocka_unit_test(test_arena_rewinds_to_a_mark),
		cmocka_unit_test(test_bytes_keep_what_was_there_at_the_ceiling),
		cmocka_unit_test(
		    test_bytes_never_grow_past_a_ceiling_that_came_down),
		cmocka_unit_test(test_json_strings_are_escaped),
		cmocka_unit_test(test_doubles_read_back_the_same),
		cmocka_unit_test(test_integers_of_every_size),
		cmocka_unit_test(test_hex_and_base64_are_strict),
		cmocka_unit_test(test_base64_round_trips),
		cmocka_unit_test(test_percent_decodes_or_refuses),
		cmocka_unit_test(test_query_parameters_are_found_and_decoded),
		cmocka_unit_test(test_the_first_fault_wins),
		cmocka_unit_test(test_a_long_fault_is_cut_between_characters),
		cmocka_unit_test(test_of_a_long_place_the_end_is_kept),
		cmocka_unit_test(test_every_fault_has_a_kind),
		cmocka_unit_test(test_faults_past_the_ceiling_are_counted),
		cmocka_unit_test(test_the_envelope_is_the_apis),
		cmocka_unit_test(test_a_misspelt_name_finds_its_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
