/*
 * tests/unit/secrets/test_keys_damage.c - a key store that others have changed,
 * cut, or put together of two.
 */
#include "unit/secrets/with_store.h"

/* Not one of them opens, and each says why. */
static void
every_changed_bit_is_noticed(void **state)
{
	struct place *p = *state;
	char *text;
	size_t len;

	make_store(p);
	text = read_file(p, "keys");
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			char was = text[i];

			text[i] = (char)(was ^ (1 << bit));
			write_file(p, "keys", text, len);
			if (open_as(p, BY_FILE, KEY_STORE_READ) != NULL)
				fail_msg("byte %zu, '%c', may be 0x%02x", i,
				    was, (unsigned char)text[i]);
			assert_fault(p, "key_store: ");
			text[i] = was;
		}
	}
	base_free(text);
}

static void
every_cut_is_noticed(void **state)
{
	struct place *p = *state;
	char *text;
	size_t len;

	make_store(p);
	text = read_file(p, "keys");
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		write_file(p, "keys", text, i);
		assert_refused(p, BY_FILE, "key_store: ");
	}
	base_free(text);
}

/* The nth line that starts with this. */
static char *
line_of(char *text, const char *start, int nth)
{
	char *at = text;

	while ((at = strstr(at, start)) != NULL && nth-- > 0)
		at++;
	assert_non_null(at);
	return at;
}

/* Writes the text with line b for line a, and a for b. */
static void
swap_lines(struct place *p, const char *text, const char *a, const char *b)
{
	size_t la = strcspn(a, "\n") + 1, lb = strcspn(b, "\n") + 1;
	char *all = base_print("%.*s%.*s%.*s%.*s%s", (int)(a - text), text,
	    (int)lb, b, (int)(b - a - (ptrdiff_t)la), a + la, (int)la, a,
	    b + lb);

	write_file(p, "keys", all, strlen(all));
	base_free(all);
}

static void
exchanged_entries_are_noticed(void **state)
{
	struct place *p = *state;
	char *text;

	make_store(p);
	text = read_file(p, "keys");
	swap_lines(p, text, line_of(text, "entry ", 0),
	    line_of(text, "entry ", 1));
	base_free(text);
	assert_refused(p, BY_FILE, "entries were taken out, added or moved");
}

static void
a_missing_entry_is_noticed(void **state)
{
	struct place *p = *state;
	char *text, *at, *all;

	make_store(p);
	text = read_file(p, "keys");
	at = line_of(text, "entry ", 1);
	all = base_print("%.*s%s", (int)(at - text), text,
	    strchr(at, '\n') + 1);
	write_file(p, "keys", all, strlen(all));
	assert_refused(p, BY_FILE, "entries were taken out, added or moved");
	base_free(text);
	base_free(all);
}

/* The value of one entry in the place of another's: the entry is named. */
static void
a_value_of_another_entry_is_noticed(void **state)
{
	struct place *p = *state;
	char *text, *all, *first, *second, *a, *b;

	make_store(p);
	text = read_file(p, "keys");
	first = line_of(text, "entry ", 0);
	second = line_of(text, "entry ", 1);
	a = strstr(first, " 1700000000 ");
	b = strstr(second, " 1700000000 ");
	all = base_print("%.*s%.*s%s", (int)(a - text), text,
	    (int)strcspn(b, "\n"), b, a + strcspn(a, "\n"));
	write_file(p, "keys", all, strlen(all));
	assert_refused(p, BY_FILE,
	    ":5: the entry 'leadsail' is not as it was sealed");
	base_free(text);
	base_free(all);
}

/* Under the same key: an entry of one store does not open in another. */
static void
an_entry_of_another_store_is_noticed(void **state)
{
	struct place *p = *state;
	char *mine, *theirs, *at, *all;

	make_store(p);
	theirs = read_file(p, "keys");
	assert_int_equal(unlink(in_folder(p, "keys")), 0);
	make_store(p);
	mine = read_file(p, "keys");
	at = line_of(mine, "entry ", 2);
	all = base_print("%.*s%.*s%s", (int)(at - mine), mine,
	    (int)strcspn(line_of(theirs, "entry ", 2), "\n"),
	    line_of(theirs, "entry ", 2), at + strcspn(at, "\n"));
	write_file(p, "keys", all, strlen(all));
	assert_refused(p, BY_FILE,
	    ":7: the entry 'typeform' is not as it was sealed");
	base_free(mine);
	base_free(theirs);
	base_free(all);
}

static void
another_key_is_told_from_damage(void **state)
{
	struct place *p = *state;

	make_store(p);
	write_file(p, "unlock", OTHER_KEY, 64);
	assert_refused(p, BY_FILE, "it is not unlocked by this key");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_changed_bit_is_noticed),
		TEST(every_cut_is_noticed),
		TEST(exchanged_entries_are_noticed),
		TEST(a_missing_entry_is_noticed),
		TEST(a_value_of_another_entry_is_noticed),
		TEST(an_entry_of_another_store_is_noticed),
		TEST(another_key_is_told_from_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
