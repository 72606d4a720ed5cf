/* tests/unit/admin/test_choose.c - which updates take which items' places. */
#include "unit/cmocka_all.h"

#include <string.h>

#include "admin/admin_choose.h"

#define MOST 4

/*
 * Rows as "n:state:lead", updates as leads; what is chosen, or NULL where it
 * cannot be told. States: D dead, R refused, O done, W waiting.
 */
static const struct {
	const char *what;
	const char *rows[MOST + 1];
	const char *made[MOST + 1];
	const char *chosen[MOST + 1];
	bool unclear;
} cases[] = {
	{ "one for one", { "0:D:a" }, { "a" }, { "a" }, false },
	{ "the lead id was mended", { "0:D:a" }, { "b" }, { "b" }, false },
	{ "refused before it had a lead", { "0:R:" }, { "a" }, { "a" }, false },
	{ "an event that made none may make many", { "0:R:" }, { "a", "b" },
	    { "a", "b" }, false },
	{ "and fewer than it made", { "0:D:a", "1:D:b" }, { "b" }, { "b" },
	    false },
	{ "of a batch what is dead", { "0:O:a", "1:D:b", "2:O:c" },
	    { "a", "b", "c" }, { "b" }, false },
	{ "what waits goes by itself", { "0:W:a", "1:D:b" }, { "a", "b" },
	    { "b" }, false },
	{ "a refused part", { "0:O:a", "1:R:", "2:D:c" }, { "a", "x", "c" },
	    { "x", "c" }, false },
	{ "the delivered ones are gone, the last is left", { "1:D:b" },
	    { "a", "b" }, { "b" }, false },
	{ "the delivered ones are gone, the first is left", { "0:D:a" },
	    { "a", "b" }, { "a" }, false },
	{ "numbered on, and all of it", { "2:D:a", "3:D:b" }, { "a", "b" },
	    { "a", "b" }, false },
	{ "numbered on, of one lead", { "0:O:a", "2:D:b" }, { "b" }, { "b" },
	    false },
	{ "numbered on, of several", { "0:O:a", "2:D:b" }, { "a", "b" },
	    { "b" }, false },
	{ "numbered on, a lead of two", { "0:O:b", "2:D:b" }, { "b", "b" },
	    { "" }, true },
	{ "numbered on, the lead is gone", { "0:O:a", "2:D:b" }, { "a", "c" },
	    { "" }, true },
	{ "numbered on, the lead is refused now", { "0:O:a", "2:D:b" },
	    { "a", "!b" }, { "" }, true },
	{ "refused beside one that was delivered", { "0:R:", "1:O:b" },
	    { "a", "b" }, { "a" }, false },
	{ "what was delivered makes no update now",
	    { "0:O:a", "3:D:b", "4:D:c" }, { "b", "c" }, { "b", "c" }, false },
	{ "as many, but others", { "0:O:a", "3:D:b", "4:D:c" }, { "a", "b" },
	    { "" }, true },
	{ "the mapping skips others now", { "0:O:a", "1:D:b" }, { "a" }, { "" },
	    true },
	{ "the mapping's order is another", { "0:O:a", "1:D:b" }, { "b", "a" },
	    { "b" }, false },
	{ "same lead twice, by its number", { "0:O:a", "1:D:a" }, { "a", "a" },
	    { "a" }, false },
};

static enum journal_state
state_of(char c)
{
	return c == 'D' ? JOURNAL_DEAD
	    : c == 'R'  ? JOURNAL_REFUSED
	    : c == 'O'  ? JOURNAL_DONE
	                : JOURNAL_WAITING;
}

static size_t
read_rows(const char *const *text, struct journal_row *rows)
{
	size_t n = 0;

	for (; text[n] != NULL; n++)
		rows[n] = (struct journal_row){ .n = (unsigned)(text[n][0] -
			                            '0'),
			.state = state_of(text[n][2]),
			.lead = str_of(text[n] + 4) };
	return n;
}

/* "!b": of lead b, and refused. */
static struct journal_update
update_of(const char *text)
{
	bool refused = text[0] == '!';

	return (struct journal_update){ .lead = str_of(text + refused),
		.refused = refused ? STR("no") : STR_NONE };
}

static void
choose_one(size_t i)
{
	struct journal_row rows[MOST];
	struct journal_update updates[MOST];
	struct delivery_remapped made = { .updates = updates };
	struct arena *arena = arena_new(1 << 16);
	struct fault why = { 0 };
	struct chosen out;
	size_t count = read_rows(cases[i].rows, rows), want = 0;
	int rc;

	for (; cases[i].made[made.count] != NULL; made.count++)
		updates[made.count] = update_of(cases[i].made[made.count]);
	rc = choose_updates(rows, count, &made, arena, &out, &why);
	if ((rc == -1) != cases[i].unclear)
		fail_msg("%s: %d %s", cases[i].what, rc, why.text);
	while (rc == 0 && cases[i].chosen[want] != NULL)
		want++;
	if (rc == 0 && out.count != want)
		fail_msg("%s: %zu chosen", cases[i].what, out.count);
	for (size_t k = 0; k < want; k++)
		if (!str_eq(out.updates[k].lead, str_of(cases[i].chosen[k])))
			fail_msg("%s: %zu is %.*s", cases[i].what, k,
			    STR_ARG(out.updates[k].lead));
	if (rc == -1)
		assert_non_null(strstr(why.text, "cannot be told"));
	arena_free(arena);
}

static void
the_right_updates_are_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		choose_one(i);
}

static void
a_full_arena_is_a_fault(void **state)
{
	const struct journal_row row = { .state = JOURNAL_DEAD };
	const struct journal_update update = { .lead = { "a", 1 } };
	const struct delivery_remapped made = { .updates = &update,
		.count = 1 };
	struct arena *arena = arena_new(16);
	struct fault why = { 0 };
	struct chosen out;

	(void)state;
	assert_int_equal(choose_updates(&row, 1, &made, arena, &out, &why), -1);
	assert_int_equal(why.code, FAULT_BUSY);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_updates_are_chosen),
		cmocka_unit_test(a_full_arena_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
