/*
 * Short runs of bytes: loads that overlap, against one byte after another.
 * Every text lies in memory of exactly its size, so that the address
 * sanitizer sees a byte too many.
 */
#include "unit/cmocka_all.h"

#define LONGEST 40
/* One of each kind: stops, the bytes beside them, the ends of ranges. */
static const unsigned char odd[] = { 0x00, 0x01, 0x1F, 0x20, 0x21, '"', 0x23,
	'[', '\\', ']', 0x7F, 0x80, 0x9F, 0xA2, 0xDC, 0xFF };

static char *
plain(size_t len)
{
	char *text = malloc(len > 0 ? len : 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 26);
	return text;
}

static bool
is_stop(unsigned char c)
{
	return c == '"' || c == '\\' || c < 0x20;
}

static void
stops_where_a_loop_does(const char *text, size_t from, size_t len)
{
	size_t want = from;
	uint64_t seen = 0;
	bool wide = false;
	const char *got = json_stop(text + from, text + len, &seen);

	for (; want < len && !is_stop((unsigned char)text[want]); want++)
		wide = wide || ((unsigned char)text[want] & 0x80) != 0;
	assert_ptr_equal(got, text + want);
	if (wide)
		assert_true(seen != 0);
}

static void
json_stop_finds_the_first(void **state)
{
	(void)state;
	for (size_t len = 1; len <= LONGEST; len++) {
		for (size_t at = 0; at < len * COUNT_OF(odd); at++) {
			char *text = plain(len);

			text[len - 1 - at / COUNT_OF(odd) / 2] = '"';
			text[at / COUNT_OF(odd)] = (char)
			    odd[at % COUNT_OF(odd)];
			for (size_t from = 0; from <= len; from++)
				stops_where_a_loop_does(text, from, len);
			free(text);
		}
	}
}

static void
json_stop_sees_no_wide_byte_in_ascii(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LONGEST; len++) {
		char *text = plain(len);
		uint64_t seen = 0;

		assert_ptr_equal(json_stop(text, text + len, &seen),
		    text + len);
		assert_true(seen == 0);
		free(text);
	}
}

static void
one_other_byte_is_not_the_same(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LONGEST; len++) {
		char *a = plain(len), *b = plain(len);

		assert_true(short_same(a, b, len));
		for (size_t i = 0; i < len; i++) {
			b[i] ^= 1;
			assert_false(short_same(a, b, len));
			b[i] ^= 1;
		}
		free(a);
		free(b);
	}
}

static void
a_copy_is_all_and_no_more(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LONGEST; len++) {
		char *from = plain(len), *to = malloc(len + 1);

		assert_non_null(to);
		memset(to, '.', len + 1);
		short_copy(to, from, len);
		assert_memory_equal(to, from, len);
		assert_true(to[len] == '.');
		free(from);
		free(to);
	}
}

/* Texts of one length with each byte changed in turn, both ways. */
static void
texts_have_one_order(void **state)
{
	(void)state;
	for (size_t len = 1; len <= LONGEST; len++) {
		char *a = plain(len), *b = plain(len), *c = plain(len);

		assert_int_equal(short_order(a, b, len), 0);
		for (size_t i = 0; i < len; i++) {
			size_t k = (i * 7 + 3) % len;
			int ab, bc;

			b[i] = (char)(b[i] ^ 0x81);
			c[k] = (char)(c[k] ^ 0x42);
			ab = short_order(a, b, len);
			bc = short_order(b, c, len);
			assert_true(ab != 0 && bc != 0);
			assert_true((ab < 0) == (short_order(b, a, len) > 0));
			if ((ab < 0) == (bc < 0))
				assert_true(
				    (short_order(a, c, len) < 0) == (ab < 0));
			b[i] = a[i];
			c[k] = a[k];
		}
		free(a);
		free(b);
		free(c);
	}
	assert_int_equal(short_order(NULL, NULL, 0), 0);
}

static void
words_differ_where_texts_do(void **state)
{
	(void)state;
	for (size_t len = 0; len < 8; len++) {
		char *text = plain(len);
		uint64_t word = short_word(text, len);

		assert_true(short_ascii(text, len));
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)(text[i] ^ 0x80);
			assert_true(short_word(text, len) != word);
			assert_false(short_ascii(text, len));
			text[i] = (char)(text[i] ^ 0x80);
		}
		free(text);
	}
}

static void
what_is_not_utf8_is_found_wherever_it_stands(void **state)
{
	static const char *const bad[] = { "\x80", "\xFF", "\xC3", "\xE2\x82",
		"\xC0\xAF", "\xED\xA0\x80" };

	(void)state;
	for (size_t len = 1; len <= LONGEST; len++) {
		for (size_t at = 0; at < len * COUNT_OF(bad); at++) {
			const char *wrong = bad[at / len];
			size_t from = at % len, n = strlen(wrong);
			char *text = plain(len);

			if (from + n > len)
				n = len - from;
			memcpy(text + from, wrong, n);
			assert_int_equal(utf8_bad((struct str){ text, len }),
			    from);
			free(text);
		}
	}
}

static void
what_is_utf8_is_taken_wherever_it_stands(void **state)
{
	static const char *const good[] = { "\xC3\xA9", "\xE2\x82\xAC",
		"\xF0\x9F\x98\x80" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		size_t n = strlen(good[i]);

		for (size_t len = n; len <= LONGEST; len++) {
			for (size_t at = 0; at + n <= len; at++) {
				char *text = plain(len);

				memcpy(text + at, good[i], n);
				assert_true(
				    utf8_valid((struct str){ text, len }));
				free(text);
			}
		}
	}
}

/* As JSON, byte by byte. */
static void
print_slowly(struct bytes *b, const char *text, size_t len)
{
	static const char marks[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";

	bytes_add_char(b, '"');
	for (size_t i = 0; i < len; i++) {
		const char *mark = text[i] != '\0' ? strchr(marks, text[i])
		                                   : NULL;

		if (mark != NULL)
			bytes_addf(b, "\\%c", letters[mark - marks]);
		else if ((unsigned char)text[i] < 0x20)
			bytes_addf(b, "\\u%04x", (unsigned)text[i]);
		else
			bytes_add_char(b, text[i]);
	}
	bytes_add_char(b, '"');
}

static void
json_is_printed_as_a_loop_does(void **state)
{
	struct bytes want, got;

	(void)state;
	bytes_init(&want, 1000);
	for (size_t len = 0; len <= LONGEST; len++) {
		for (size_t at = 0; at <= len * COUNT_OF(odd); at++) {
			char *text = plain(len);
			size_t place = at / COUNT_OF(odd);

			if (place < len) {
				text[place] = (char)odd[at % COUNT_OF(odd)];
				text[len - 1 - place / 2] = '\n';
			}
			bytes_clear(&want);
			print_slowly(&want, text, len);
			bytes_init(&got, 1000);
			bytes_add_json(&got, (struct str){ text, len });
			assert_string_equal(got.data, want.data);
			assert_int_equal(got.len, want.len);
			bytes_done(&got);
			free(text);
		}
	}
	bytes_done(&want);
}

static void
json_that_does_not_fit_has_failed(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LONGEST; len++) {
		char *text = plain(len);

		for (size_t ceiling = 0; ceiling <= len + 4; ceiling++) {
			struct bytes b;

			bytes_init(&b, ceiling);
			bytes_add_json(&b, (struct str){ text, len });
			assert_true(bytes_ok(&b) == (ceiling >= len + 2));
			if (bytes_ok(&b))
				assert_int_equal(strlen(b.data), len + 2);
			bytes_add_json(&b, STR(""));
			assert_true(bytes_ok(&b) == (ceiling >= len + 4));
			bytes_done(&b);
		}
		free(text);
	}
}

/* One at a time or all at once: what fits is there, what follows is not. */
static void
the_ceiling_holds_however_it_is_reached(void **state)
{
	(void)state;
	for (size_t ceiling = 0; ceiling <= 300; ceiling++) {
		struct bytes b;

		bytes_init(&b, ceiling);
		for (size_t i = 0; i < ceiling; i++)
			bytes_add_char(&b, 'x');
		assert_true(bytes_ok(&b));
		assert_int_equal(b.len, ceiling);
		bytes_add_char(&b, 'y');
		assert_false(bytes_ok(&b));
		assert_int_equal(b.len, ceiling);
		if (ceiling > 0)
			assert_int_equal(strlen(b.data), ceiling);
		bytes_clear(&b);
		bytes_add(&b, "", 0);
		assert_true(bytes_ok(&b));
		bytes_done(&b);
	}
}

static void
failure_sticks_where_there_is_room(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 10);
	bytes_add_text(&b, "12345");
	bytes_add_text(&b, "12345678");
	bytes_add_char(&b, '6');
	bytes_add(&b, "6", 1);
	assert_false(bytes_ok(&b));
	assert_string_equal(b.data, "12345");
	bytes_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_stop_finds_the_first),
		cmocka_unit_test(json_stop_sees_no_wide_byte_in_ascii),
		cmocka_unit_test(one_other_byte_is_not_the_same),
		cmocka_unit_test(a_copy_is_all_and_no_more),
		cmocka_unit_test(texts_have_one_order),
		cmocka_unit_test(words_differ_where_texts_do),
		cmocka_unit_test(what_is_not_utf8_is_found_wherever_it_stands),
		cmocka_unit_test(what_is_utf8_is_taken_wherever_it_stands),
		cmocka_unit_test(json_is_printed_as_a_loop_does),
		cmocka_unit_test(json_that_does_not_fit_has_failed),
		cmocka_unit_test(the_ceiling_holds_however_it_is_reached),
		cmocka_unit_test(failure_sticks_where_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
