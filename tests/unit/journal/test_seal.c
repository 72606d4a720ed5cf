/* tests/unit/journal/test_seal.c - what is sealed, and what opens it. */
#include "unit/cmocka_all.h"

#include "journal/journal_seal.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define TEXT "{\"email\":\"ann@example.com\"}"

static const struct seal_place place = { "body", "01930000-1", { "api", 3 },
	{ "ann", 3 } };

static struct seal *
seal_of(const char *key)
{
	struct fault why = { 0 };
	struct seal *s = seal_new(str_of(key), &why);

	assert_non_null(s);
	return s;
}

static size_t
close_into(const struct seal *s, struct str text, char *out)
{
	struct fault why = { 0 };

	assert_int_equal(seal_close(s, &place, text, out, &why), 0);
	return text.len + SEAL_EXTRA;
}

/* Opens a copy; the fault, "" when it was opened. */
static const char *
open_copy(const struct seal *s, const struct seal_place *at, const char *sealed,
    size_t len, char *out)
{
	static struct fault why;
	char *copy = base_alloc(len);
	struct str text = { copy, len };

	why = (struct fault){ 0 };
	memcpy(copy, sealed, len);
	if (seal_open(s, at, &text, &why) == 0) {
		memcpy(out, text.at, text.len);
		out[text.len] = '\0';
	} else {
		assert_null(text.at);
		assert_null(strstr(why.text, "ann"));
	}
	base_free(copy);
	return why.text;
}

static void
test_opens_what_was_closed(void **state)
{
	struct seal *s = seal_of(KEY);
	char sealed[100], again[100], text[100];
	size_t len = close_into(s, STR(TEXT), sealed);

	(void)state;
	assert_int_equal((unsigned char)sealed[0], SEAL_MARK);
	assert_null(memmem(sealed, len, "ann@", 4));
	assert_string_equal(open_copy(s, &place, sealed, len, text), "");
	assert_string_equal(text, TEXT);
	/* No two are the same. */
	close_into(s, STR(TEXT), again);
	assert_memory_not_equal(sealed, again, len);
	len = close_into(s, STR(""), sealed);
	assert_string_equal(open_copy(s, &place, sealed, len, text), "");
	assert_string_equal(text, "");
	seal_free(s);
}

static void
test_nothing_else_opens_it(void **state)
{
	struct seal *s = seal_of(KEY);
	struct seal *other = seal_of("another-key-another-key-another!");
	struct seal *none = seal_of(NULL);
	struct seal_place elsewhere[] = { place, place, place, place };
	char sealed[100], text[100];
	size_t len = close_into(s, STR(TEXT), sealed);

	(void)state;
	assert_non_null(
	    strstr(open_copy(other, &place, sealed, len, text), "another key"));
	assert_non_null(
	    strstr(open_copy(none, &place, sealed, len, text), "no key"));
	elsewhere[0].what = "event";
	elsewhere[1].id = "01930000-2";
	elsewhere[2].target = STR("apian");
	elsewhere[2].lead = STR("n");
	elsewhere[3].lead = STR("ben");
	for (size_t i = 0; i < 4; i++)
		assert_string_not_equal(open_copy(s, &elsewhere[i], sealed, len,
		                            text),
		    "");
	seal_free(s);
	seal_free(other);
	seal_free(none);
}

static void
test_a_changed_byte_is_seen(void **state)
{
	struct seal *s = seal_of(KEY);
	char sealed[100], text[100];
	size_t len = close_into(s, STR(TEXT), sealed);

	(void)state;
	for (size_t i = 1; i < len; i++) {
		sealed[i] ^= 1;
		assert_string_not_equal(open_copy(s, &place, sealed, len, text),
		    "");
		sealed[i] ^= 1;
	}
	for (size_t n = 1; n < len; n++)
		assert_string_not_equal(open_copy(s, &place, sealed, n, text),
		    "");
	seal_free(s);
}

static void
test_what_was_never_sealed_stays(void **state)
{
	struct seal *s = seal_of(KEY);
	char text[100];
	struct str absent = STR_NONE, empty = STR("");
	struct fault why = { 0 };

	(void)state;
	assert_true(seal_seals(s));
	assert_string_equal(open_copy(s, &place, TEXT, strlen(TEXT), text), "");
	assert_string_equal(text, TEXT);
	assert_int_equal(seal_open(s, &place, &absent, &why), 0);
	assert_null(absent.at);
	assert_int_equal(seal_open(s, &place, &empty, &why), 0);
	assert_int_equal(empty.len, 0);
	seal_free(s);
	s = seal_of(NULL);
	assert_false(seal_seals(s));
	seal_free(s);
}

static void
test_a_key_may_be_written_as_text(void **state)
{
	static const char *const same[] = { KEY,
		("303132333435363738396162636465663031323334353637383961626364"
		 "6566"),
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" };
	static const char *const bad[] = { "", "short",
		"0123456789abcdef0123456789abcdef0",
		("303132333435363738396162636465663031323334353637383961626364"
		 "65") };
	char sealed[100], text[100];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++) {
		struct seal *s = seal_of(same[i]), *first = seal_of(KEY);
		size_t len = close_into(s, STR(TEXT), sealed);

		assert_string_equal(open_copy(first, &place, sealed, len, text),
		    "");
		seal_free(s);
		seal_free(first);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fault why = { 0 };

		assert_null(seal_new(str_of(bad[i]), &why));
		assert_int_equal(why.code, FAULT_SETTINGS);
		assert_true(
		    bad[i][0] == '\0' || strstr(why.text, bad[i]) == NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_what_was_closed),
		cmocka_unit_test(test_nothing_else_opens_it),
		cmocka_unit_test(test_a_changed_byte_is_seen),
		cmocka_unit_test(test_what_was_never_sealed_stays),
		cmocka_unit_test(test_a_key_may_be_written_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
