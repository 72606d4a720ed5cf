/* decode_form: flat pairs, brackets, and what they cannot mean. */
#include <iconv.h>
#include <stdio.h>

#include "unit/decode/body_bench.h"

#define FORM "application/x-www-form-urlencoded"

static void
reads_flat_pairs(void **state)
{
	static const struct row rows[] = {
		{ "", "{}" },
		{ "&&", "{}" },
		{ "a=1", "{\"a\":\"1\"}" },
		{ "a=1&b=2&c=3", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}" },
		{ "&a=1&&b=2&", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "a", "{\"a\":\"\"}" },
		{ "a=", "{\"a\":\"\"}" },
		{ "=x", "{\"\":\"x\"}" },
		{ "a=b=c", "{\"a\":\"b=c\"}" },
		{ "a=1&a=2&b=3&a=4",
		    "{\"a\":[\"1\",\"2\",\"4\"],\"b\":\"3\"}" },
		{ "1=a&0=b", "{\"1\":\"a\",\"0\":\"b\"}" },
	};

	assert_rows(*state, FORM, rows, COUNT_OF(rows));
	assert_string_equal(outcome(*state, FORM, STR_NONE), "{}");
}

static void
decodes_names_and_values(void **state)
{
	static const struct row rows[] = {
		{ "a+b=c+d", "{\"a b\":\"c d\"}" },
		{ "a%20b=%2B%26%3D%25", "{\"a b\":\"+&=%\"}" },
		{ "e=%C3%A9%e2%82%ac", "{\"e\":\"\xC3\xA9\xE2\x82\xAC\"}" },
		{ "e=\xC3\xA9", "{\"e\":\"\xC3\xA9\"}" },
		{ "z=%00", "{\"z\":\"\\u0000\"}" },
		{ "a%3Db=1", "{\"a=b\":\"1\"}" },
	};

	assert_rows(*state, FORM, rows, COUNT_OF(rows));
}

static void
nests_by_brackets(void **state)
{
	static const struct row rows[] = {
		{ "contact[email]=a&contact[phone]=b",
		    "{\"contact\":{\"email\":\"a\",\"phone\":\"b\"}}" },
		{ "contact[email]=a&x=1&contact[fields][x]=b",
		    "{\"contact\":{\"email\":\"a\",\"fields\":{\"x\":\"b\"}},"
		    "\"x\":\"1\"}" },
		{ "a%5Bb%5D=1", "{\"a\":{\"b\":\"1\"}}" },
		{ "a[b]=1&a[b]=2", "{\"a\":{\"b\":[\"1\",\"2\"]}}" },
		{ "a[ ]=1", "{\"a\":{\" \":\"1\"}}" },
		{ "list[]=1", "{\"list\":[\"1\"]}" },
		{ "list[]=1&list[]=2", "{\"list\":[\"1\",\"2\"]}" },
		{ "a[b][]=1&a[b][]=2", "{\"a\":{\"b\":[\"1\",\"2\"]}}" },
		{ "a[][]=1&a[][]=2", "{\"a\":[[\"1\",\"2\"]]}" },
		{ "a=1&a[]=2", "{\"a\":[\"1\",\"2\"]}" },
		{ "a[]=1&a=2", "{\"a\":[\"1\",\"2\"]}" },
	};

	assert_rows(*state, FORM, rows, COUNT_OF(rows));
}

static void
starts_items_where_a_key_repeats(void **state)
{
	static const struct row rows[] = {
		{ "l[][id]=1&l[][n]=a&l[][id]=2&l[][n]=b",
		    "{\"l\":[{\"id\":\"1\",\"n\":\"a\"},"
		    "{\"id\":\"2\",\"n\":\"b\"}]}" },
		{ "l[][id]=1&l[][id]=2&l[][n]=b",
		    "{\"l\":[{\"id\":\"1\"},{\"id\":\"2\",\"n\":\"b\"}]}" },
		{ "l[][a][b]=1&l[][a][c]=2&l[][a][b]=3",
		    "{\"l\":[{\"a\":{\"b\":\"1\",\"c\":\"2\"}},"
		    "{\"a\":{\"b\":\"3\"}}]}" },
		{ "l[][t][]=1&l[][t][]=2", "{\"l\":[{\"t\":[\"1\",\"2\"]}]}" },
		{ "l[][a]=1&l[]=x&l[][b]=2",
		    "{\"l\":[{\"a\":\"1\"},\"x\",{\"b\":\"2\"}]}" },
	};

	assert_rows(*state, FORM, rows, COUNT_OF(rows));
}

static void
makes_arrays_of_dense_indexes(void **state)
{
	static const struct row rows[] = {
		{ "f[0][v]=a&f[1][v]=b",
		    "{\"f\":[{\"v\":\"a\"},{\"v\":\"b\"}]}" },
		{ "f[2]=c&f[0]=a&f[1]=b", "{\"f\":[\"a\",\"b\",\"c\"]}" },
		{ "f[0]=a", "{\"f\":[\"a\"]}" },
		{ "f[1]=a", "{\"f\":{\"1\":\"a\"}}" },
		{ "f[5]=a", "{\"f\":{\"5\":\"a\"}}" },
		{ "f[9]=a", "{\"f\":{\"9\":\"a\"}}" },
		{ "f[0]=a&f[2]=c", "{\"f\":{\"0\":\"a\",\"2\":\"c\"}}" },
		{ "f[0]=a&f[x]=b", "{\"f\":{\"0\":\"a\",\"x\":\"b\"}}" },
		{ "f[00]=a", "{\"f\":{\"00\":\"a\"}}" },
		{ "f[0]=a&f[01]=b", "{\"f\":{\"0\":\"a\",\"01\":\"b\"}}" },
		{ "f[-0]=a", "{\"f\":{\"-0\":\"a\"}}" },
		{ "f[18446744073709551616]=a",
		    "{\"f\":{\"18446744073709551616\":\"a\"}}" },
		{ "f[0][0]=a&f[0][1]=b&f[1][0]=c",
		    "{\"f\":[[\"a\",\"b\"],[\"c\"]]}" },
		{ "f[10]=k&f[9]=j&f[8]=i&f[7]=h&f[6]=g&f[5]=f&f[4]=e&f[3]=d&"
		  "f[2]=c&f[1]=b&f[0]=a",
		    "{\"f\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\","
		    "\"i\",\"j\",\"k\"]}" },
	};

	assert_rows(*state, FORM, rows, COUNT_OF(rows));
}

static void
takes_broken_brackets_as_they_stand(void **state)
{
	static const char *const keys[] = { "a[b", "a]b", "a[", "a]", "[a]",
		"[]", "[", "]", "a[b]c", "a[b]c]", "a[[b]]", "a[b][", "a[b]]",
		"a]b[c]", "a[]b", "a[b[c]" };

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char *form = base_print("%s=1", keys[i]);
		char *want = base_print("{\"%s\":\"1\"}", keys[i]);

		assert_string_equal(outcome(*state, FORM, str_of(form)), want);
		base_free(form);
		base_free(want);
	}
}

static void
refuses_what_contradicts_itself(void **state)
{
	static const char text[] = "this key stands for one value in one "
	                           "place and for a group of values in "
	                           "another";
	static const struct {
		const char *form;
		unsigned offset;
	} rows[] = {
		{ "a=1&a[b]=2", 4 },
		{ "a[b]=1&a=2", 7 },
		{ "a[b]=1&a[]=2", 7 },
		{ "a[]=1&a[b]=2", 6 },
		{ "x=%20&a[b]=1&a[b][c]=2", 13 },
		{ "a[b][c]=1&a[b]=2", 10 },
		{ "a[0]=1&a[]=2", 7 },
		{ "a[][b]=1&a[][b][c]=2", 9 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *want = base_print("body, byte offset %u: %s",
		    rows[i].offset, text);

		assert_string_equal(outcome(*state, FORM, str_of(rows[i].form)),
		    want);
		base_free(want);
	}
}

static void
refuses_broken_escapes(void **state)
{
	static const struct {
		const char *form;
		unsigned offset;
	} rows[] = {
		{ "%", 0 },
		{ "a=%", 2 },
		{ "a=%4", 2 },
		{ "a=%4&b=1", 2 },
		{ "a=%20%zz", 5 },
		{ "x=1&a%g0=2", 5 },
		{ "x=1&a=%0g", 6 },
		{ "a=100%", 5 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *want = base_print("body, byte offset %u: two hex digits "
		                        "are expected behind %%; the sign "
		                        "itself is written %%25",
		    rows[i].offset);

		assert_string_equal(outcome(*state, FORM, str_of(rows[i].form)),
		    want);
		base_free(want);
	}
}

static void
refuses_what_is_not_utf8(void **state)
{
	static const struct {
		const char *form;
		unsigned offset;
	} rows[] = {
		{ "a=%FF", 2 },
		{ "a=+%20x%C3%A9%C3", 13 },
		{ "a=x\xFF", 3 },
		{ "a=1&%ED%A0%80=1", 4 },
		{ "a=%20\x80", 5 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *want = base_print("body, byte offset %u: this byte is "
		                        "not UTF-8; send the form as UTF-8",
		    rows[i].offset);

		assert_string_equal(outcome(*state, FORM, str_of(rows[i].form)),
		    want);
		base_free(want);
	}
}

/* What the value of "k=..." has to become, byte by byte. */
static void
decode_slowly(struct str raw, struct bytes *want)
{
	size_t offsets[64], n = 0, bad;
	char text[64];

	bytes_clear(want);
	for (size_t i = 0; i < raw.len; i++, n++) {
		offsets[n] = i;
		text[n] = raw.at[i] == '+' ? ' ' : raw.at[i];
		if (raw.at[i] != '%')
			continue;
		if (raw.len - i <= 2 || hex_digit(raw.at[i + 1]) < 0 ||
		    hex_digit(raw.at[i + 2]) < 0) {
			bytes_addf(want,
			    "body, byte offset %zu: two hex digits", i + 2);
			return;
		}
		text[n] = (char)(hex_digit(raw.at[i + 1]) << 4 |
		    hex_digit(raw.at[i + 2]));
		i += 2;
	}
	bad = utf8_bad((struct str){ text, n });
	if (bad < n) {
		bytes_addf(want,
		    "body, byte offset %zu: this byte is not UTF-8",
		    offsets[bad] + 2);
		return;
	}
	bytes_add_text(want, "{\"k\":");
	bytes_add_json(want, (struct str){ text, n });
	bytes_add_char(want, '}');
}

/* Of every length around the steps it is read in. */
static void
decodes_values_whatever_their_shape(void **state)
{
	static const char letters[] = "aaaaaaaaaa==+%%2C3a9\xC3\xA9\xFF[]";
	uint32_t seed = 7;
	struct bytes want;

	bytes_init(&want, 1000);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)i % 50, plain = seed >> 28;
		char form[64] = "k=";
		const char *got;

		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525 + 1013904223;
			form[k + 2] = k % 16 < plain
			    ? 'x'
			    : letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		decode_slowly((struct str){ form + 2, len }, &want);
		got = outcome(*state, FORM, (struct str){ form, len + 2 });
		assert_memory_equal(got, want.data, want.len);
	}
	bytes_done(&want);
}

/* Each key twice, the second time in another order: {"g":{"k0":["0","1"],..} */
static void
finds_the_keys_of_groups_of_any_size(void **state)
{
	struct bytes form, want;

	bytes_init(&form, 10000);
	bytes_init(&want, 10000);
	for (int count = 1; count <= 40; count++) {
		bytes_clear(&form);
		bytes_clear(&want);
		bytes_add_text(&want, "{\"g\":");
		for (int i = 0; i < count; i++)
			bytes_addf(&form, "g[k%d]=a&", i * 7 % 41);
		for (int i = count - 1; i >= 0; i--)
			bytes_addf(&form, "g[k%d]=b&", i * 7 % 41);
		for (int i = 0; i < count; i++)
			bytes_addf(&want, "%c\"k%d\":[\"a\",\"b\"]",
			    i > 0 ? ',' : '{', i * 7 % 41);
		bytes_add_text(&want, "}}");
		assert_string_equal(outcome(*state, FORM, bytes_str(&form)),
		    want.data);
	}
	bytes_done(&form);
	bytes_done(&want);
}

static void
holds_the_depth_ceiling(void **state)
{
	static const struct decode_limits three = { 3, 100 };
	static const char
	    too_deep[] = ": arrays and objects are nested more than 3 deep";
	static const struct {
		const char *form;
		const char *want; /* NULL: too deep */
		const char *where;
	} rows[] = {
		{ "a[b][c]=1", "{\"a\":{\"b\":{\"c\":\"1\"}}}", NULL },
		{ "x=1&a[b][c][d]=1", NULL, "body, byte offset 4" },
		{ "a[b][]=1", "{\"a\":{\"b\":[\"1\"]}}", NULL },
		{ "a[b][][]=1", NULL, "body, byte offset 0" },
		{ "a[b]=1&a[b]=2", "{\"a\":{\"b\":[\"1\",\"2\"]}}", NULL },
		{ "a[b][c]=1&a[b][c]=2", NULL, "body, byte offset 10" },
		{ "a[b][c]=1&a[b][c]=2&x=1", NULL, "body, byte offset 10" },
		{ "a[b][c][d]=1&x=1", NULL, "body, byte offset 0" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *fault = base_print("%s%s",
		    rows[i].where != NULL ? rows[i].where : "", too_deep);

		assert_string_equal(outcome_within(*state, FORM,
		                        str_of(rows[i].form), &three),
		    rows[i].want != NULL ? rows[i].want : fault);
		base_free(fault);
	}
	assert_string_equal(outcome_within(*state, FORM, STR("a=1"),
	                        &(struct decode_limits){ 0, 100 }),
	    "body, byte offset 0: arrays and objects are nested more than 0 "
	    "deep");
}

static void
holds_the_ceiling_on_values(void **state)
{
	static const struct {
		const char *form;
		size_t values; /* the object and all that is in it */
	} rows[] = {
		{ "", 1 },
		{ "a=1", 3 },
		{ "a=1&b=2", 5 },
		{ "a=1&a=2", 5 },
		{ "a[b]=1", 5 },
		{ "a[]=1&a[]=2", 5 },
		{ "a[][b]=1", 6 },
		{ "a[0]=1", 5 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t values = 0; values < rows[i].values; values++) {
			struct decode_limits limits = { 8, values };

			assert_non_null(
			    strstr(outcome_within(*state, FORM,
			               str_of(rows[i].form), &limits),
			        "values and keys"));
		}
		outcome_within(*state, FORM, str_of(rows[i].form),
		    &(struct decode_limits){ 8, rows[i].values });
		assert_int_equal(((struct bench *)*state)->out.data[0], '{');
	}
}

static void
reads_latin_1_where_it_is_declared(void **state)
{
	static const char type[] = "application/x-www-form-urlencoded; "
	                           "charset=iso-8859-1";
	static const struct row rows[] = {
		{ "a=%E9+%80&%E8=1",
		    "{\"a\":\"\xC3\xA9 \xE2\x82\xAC\",\"\xC3\xA8\":\"1\"}" },
		{ "a[\xE9][]=\xFF", "{\"a\":{\"\xC3\xA9\":[\"\xC3\xBF\"]}}" },
		{ "a=%81%9D%A0", "{\"a\":\"\xC2\x81\xC2\x9D\xC2\xA0\"}" },
		{ "a=%C3%A9", "{\"a\":\"\xC3\x83\xC2\xA9\"}" },
		{ "a=1", "{\"a\":\"1\"}" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fault why = { 0 };
		struct document *d = decode_body(b->arena, str_of(type),
		    str_of(rows[i].body), &decode_limits_default, &why);

		assert_non_null(d);
		bytes_clear(&b->out);
		doc_print(d, doc_root(d), &b->out);
		assert_string_equal(b->out.data, rows[i].want);
	}
}

/* Each byte of the charset once, against what the C library makes of it. */
static void
knows_all_of_windows_1252(void **state)
{
	iconv_t convert = iconv_open("UTF-8", "WINDOWS-1252");
	struct bench *b = *state;

	assert_true(convert != (iconv_t)-1);
	for (unsigned c = 0x80; c < 0x100; c++) {
		char form[3] = { 'a', '=', (char)c }, want[8] = { 0 };
		char *from = form + 2, *to = want;
		size_t from_left = 1, to_left = sizeof(want);
		struct fault why = { 0 };
		struct document *d = decode_body(b->arena,
		    STR("application/x-www-form-urlencoded; charset=cp1252"),
		    (struct str){ form, 3 }, &decode_limits_default, &why);

		assert_non_null(d);
		/* Five bytes are not in it: see the decoder's table. */
		if (iconv(convert, &from, &from_left, &to, &to_left) ==
		    (size_t)-1)
			continue;
		assert_true(str_eq(doc_text(d, doc_first(d, doc_root(d))),
		    str_of(want)));
	}
	iconv_close(convert);
}

static void
lays_a_query_down_like_a_form(void **state)
{
	struct bench *b = *state;
	struct fault why = { 0 };
	struct document *d;

	d = decode_query(b->arena, STR("utm[source]=x+y&a=1&a=%32&b"),
	    &decode_limits_default, &why);
	assert_non_null(d);
	bytes_clear(&b->out);
	doc_print(d, doc_root(d), &b->out);
	assert_string_equal(b->out.data,
	    "{\"utm\":{\"source\":\"x y\"},"
	    "\"a\":[\"1\",\"2\"],\"b\":\"\"}");
	d = decode_query(b->arena, STR_NONE, &decode_limits_default, &why);
	assert_non_null(d);
	assert_int_equal(doc_count(d, doc_root(d)), 0);
	assert_null(decode_query(b->arena, STR("a=1&b=%zz"),
	    &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_BODY);
	assert_string_equal(why.where, "query, byte offset 6");
}

/* Keys that would make a search through a list, or a plain tree, slow. */
static void
survives_keys_chosen_against_it(void **state)
{
	static const struct decode_limits many = { 8, 1000000 };
	struct bench *b = *state;
	struct bytes form;
	struct fault why = { 0 };
	struct document *d;
	doc_node item;
	int64_t n = 0;

	bytes_init(&form, (size_t)64 << 20);
	for (int i = 0; i < 100000; i++)
		bytes_addf(&form, "k%06d=&g[%d]=%d&", i, 99999 - i, 99999 - i);
	d = decode_form(b->arena, bytes_str(&form), &many, &why);
	assert_non_null(d);
	assert_int_equal(doc_count(d, 0), 100001);
	item = doc_member(d, 0, STR("g"));
	assert_int_equal(doc_kind(d, item), DOC_ARRAY);
	DOC_FOREACH (d, item, child) {
		assert_int_equal(str_number(doc_text(d, child), 99999), n);
		n++;
	}
	assert_int_equal(n, 100000);
	bytes_clear(&form);
	/* One key, far deeper than any ceiling. */
	bytes_add_char(&form, 'a');
	for (int i = 0; i < 300000; i++)
		bytes_add_text(&form, "[]");
	arena_reset(b->arena);
	assert_null(decode_form(b->arena, bytes_str(&form), &many, &why));
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	bytes_done(&form);
}

static void
is_busy_when_the_arena_is_full(void **state)
{
	struct bytes form;
	struct document *d = NULL;
	size_t busy = 0;

	(void)state;
	bytes_init(&form, 1 << 16);
	for (int i = 0; i < 20; i++)
		bytes_addf(&form,
		    "a=%d&l[][x]=%d&g[%d]=%%20&m[%d][n]=1&"
		    "o%%20%d=1&",
		    i, i, 19 - i, i * 3, i);
	for (size_t ceiling = 0; d == NULL; ceiling += 16) {
		struct arena *arena = arena_new(ceiling);
		struct fault why = { 0 };

		d = decode_form(arena, bytes_str(&form), &decode_limits_default,
		    &why);
		if (d == NULL) {
			assert_int_equal(why.code, FAULT_BUSY);
			busy++;
		}
		arena_free(arena);
	}
	assert_true(busy > 100);
	bytes_done(&form);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_flat_pairs),
		TEST(decodes_names_and_values),
		TEST(nests_by_brackets),
		TEST(starts_items_where_a_key_repeats),
		TEST(makes_arrays_of_dense_indexes),
		TEST(takes_broken_brackets_as_they_stand),
		TEST(refuses_what_contradicts_itself),
		TEST(refuses_broken_escapes),
		TEST(refuses_what_is_not_utf8),
		TEST(decodes_values_whatever_their_shape),
		TEST(finds_the_keys_of_groups_of_any_size),
		TEST(holds_the_depth_ceiling),
		TEST(holds_the_ceiling_on_values),
		TEST(reads_latin_1_where_it_is_declared),
		TEST(knows_all_of_windows_1252),
		TEST(lays_a_query_down_like_a_form),
		TEST(survives_keys_chosen_against_it),
		TEST(is_busy_when_the_arena_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
