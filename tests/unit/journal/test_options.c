/* tests/unit/journal/test_options.c - urls, options, moves, the clock. */
#include "unit/cmocka_all.h"

#include "journal/journal_backend.h"

static void
test_a_url_names_a_store(void **state)
{
	static const struct {
		const char *url, *fault;
	} rows[] = {
		{ "sqlite:/var/lib/x/journal.db", "" },
		{ "sqlite:journal.db", "" },
		{ "postgresql://leads:secret@db/leads", "" },
		{ "memory:", "" },
		{ "sqlite:", "nothing stands behind sqlite:" },
		{ "postgresql://", "nothing stands behind postgresql://" },
		{ "memory:x", "nothing may stand behind memory:" },
		{ "mysql://leads:secret@db/leads",
		    "it has to begin with sqlite:, postgresql:// or memory:" },
		{ "secret",
		    "it has to begin with sqlite:, postgresql:// or "
		    "memory:" },
		{ "",
		    "it has to begin with sqlite:, postgresql:// or "
		    "memory:" },
		{ NULL,
		    "it has to begin with sqlite:, postgresql:// or "
		    "memory:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fault why = { 0 };
		int rc = journal_check_url(rows[i].url, &why);

		assert_string_equal(why.text, rows[i].fault);
		assert_int_equal(rc, rows[i].fault[0] != '\0' ? -1 : 0);
		if (rc == -1)
			assert_string_equal(why.where, "journal.url");
	}
}

static void
test_options_have_sound_defaults(void **state)
{
	struct journal_settings s = { 0 };
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(STR("url = \"memory:\";"),
	    "x.cfg", &all);
	const int64_t day = (int64_t)86400 * 1000;

	(void)state;
	assert_true(settings_read(settings_root(f), "journal",
	    journal_settings_table, &s, &all));
	assert_int_equal(all.count, 0);
	assert_string_equal(s.url, "memory:");
	assert_true(s.keep_done >= day);
	assert_true(s.keep_keys >= 7 * day);
	assert_int_equal(s.keep_dead, 0);
	assert_true(s.keep_refused > 0);
	assert_true(s.ceiling > 0);
	assert_int_equal(s.reserve, 48 << 20);
	assert_null(s.encrypt);
	settings_close(f);
	faults_done(&all);
}

static void
test_options_out_of_range_are_told(void **state)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ "keep_done = \"1d\";", "journal.url is missing" },
		{ "url = \"memory:\"; keep_keys = \"6d\";",
		    "journal.keep_keys: a value between 7d and 3650d is "
		    "expected" },
		{ "url = \"memory:\"; reserve = \"2048G\";",
		    "journal.reserve: a value between 0 and 1024G is "
		    "expected" },
		{ "url = \"memory:\"; ceiling = 0;",
		    "journal.ceiling: a value between 1 and 100000000 is "
		    "expected" },
		{ "url = \"memory:\"; keep_bodys = \"1d\";",
		    "journal.keep_bodys: there is no such setting; did you "
		    "mean 'keep_bodies'?" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct journal_settings s = { 0 };
		struct faults all = { 0 };
		struct settings_file *f = settings_parse(str_of(rows[i].text),
		    "x.cfg", &all);

		assert_false(settings_read(settings_root(f), "journal",
		    journal_settings_table, &s, &all));
		assert_int_equal(all.kept, 1);
		assert_string_equal(all.list[0].text, rows[i].fault);
		settings_close(f);
		faults_done(&all);
	}
}

static void
test_every_option_explains_itself(void **state)
{
	(void)state;
	for (const struct setting *row = journal_settings_table;
	     row->name != NULL; row++) {
		assert_non_null(row->help);
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
	}
}

static void
test_only_these_moves_are_made(void **state)
{
	/* from the row to the column: waiting sending done dead refused */
	static const char *const table[JOURNAL_STATES] = {
		[JOURNAL_WAITING] = "yyyyn",
		[JOURNAL_SENDING] = "ynyyn",
		[JOURNAL_DONE] = "nnnnn",
		[JOURNAL_DEAD] = "ynnnn",
		[JOURNAL_REFUSED] = "ynnnn",
	};

	(void)state;
	for (enum journal_state from = 0; from < JOURNAL_STATES; from++)
		for (enum journal_state to = 0; to < JOURNAL_STATES; to++)
			assert_int_equal(journal_may_move(from, to),
			    table[from][to] == 'y');
	for (enum journal_state s = 0; s < JOURNAL_STATES; s++)
		assert_non_null(name_text(journal_states, (int)s));
}

static void
test_the_clock_never_goes_back(void **state)
{
	struct journal_clock c;
	int64_t wall = clock_wall_ms(), now;

	(void)state;
	journal_clock_set(&c, 0);
	now = journal_clock_now(&c);
	assert_true(now >= wall && now < wall + 60000);
	/* The wall clock is behind what is on record. */
	journal_clock_set(&c, wall + 3600000);
	now = journal_clock_now(&c);
	assert_true(now >= wall + 3600000 && now < wall + 3660000);
	/* ... and before: it is right. */
	journal_clock_set(&c, wall - 3600000);
	assert_true(journal_clock_now(&c) >= wall);
	/* Nobody was there then: no sum of it overflows. */
	journal_clock_set(&c, INT64_MAX);
	assert_true(journal_clock_now(&c) > wall);
	journal_clock_set(&c, INT64_MIN);
	assert_true(journal_clock_now(&c) >= wall);
}

/* Of both, a person sees times of one update: not a millisecond behind. */
static void
test_the_clock_is_not_behind_the_wall(void **state)
{
	struct journal_clock c;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t wall;

		journal_clock_set(&c, 0);
		wall = clock_wall_ms();
		assert_true(journal_clock_now(&c) >= wall);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_url_names_a_store),
		cmocka_unit_test(test_options_have_sound_defaults),
		cmocka_unit_test(test_options_out_of_range_are_told),
		cmocka_unit_test(test_every_option_explains_itself),
		cmocka_unit_test(test_only_these_moves_are_made),
		cmocka_unit_test(test_the_clock_never_goes_back),
		cmocka_unit_test(test_the_clock_is_not_behind_the_wall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
