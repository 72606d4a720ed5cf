/* tests/unit/journal/test_quiet.c - whether the journal's thread comes round.
 */
#include <unistd.h>

#include "unit/journal/double.h"

/* More than it needs to come round when it has nothing to do. */
#define ROUND_MS 3000
#define STUCK_MS 100

static void
test_a_thread_that_stands_is_told_from_one_that_rests(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *e = event_in(0, "ann");
	int64_t stood;

	(void)state;
	assert_true(journal_quiet_ms(j) < ROUND_MS);
	shut_gate(true);
	submit(w, &e->a.op);
	wait_inside();
	stood = journal_quiet_ms(j);
	while (journal_quiet_ms(j) < stood + STUCK_MS)
		usleep(1000);
	shut_gate(false);
	turn(w, 1);
	/* It comes round behind the answer. */
	for (int i = 0; journal_quiet_ms(j) >= STUCK_MS && i < ROUND_MS; i++)
		usleep(1000);
	assert_true(journal_quiet_ms(j) < STUCK_MS);
	worker_free(w);
	journal_close(j);
	base_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_thread_that_stands_is_told_from_one_that_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
