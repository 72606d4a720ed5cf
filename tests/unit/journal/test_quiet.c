/* tests/unit/journal/test_quiet.c - whether the journal's thread comes round.
 */
#include <unistd.h>

#include "unit/journal/double.h"

#define STUCK_MS 100
#define PATIENCE_US 30000000 /* so that what hangs fails */

/* It has been round since. */
static void
wait_round(const struct journal *j)
{
	int64_t give_up = clock_mono_us() + PATIENCE_US;

	while (journal_quiet_ms(j) >= STUCK_MS) {
		assert_true(clock_mono_us() < give_up);
		usleep(1000);
	}
}

static void
test_a_thread_that_stands_is_told_from_one_that_rests(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *e = event_in(0, "ann");
	int64_t stood;

	(void)state;
	wait_round(j); /* opened just now, or come round to an empty house */
	shut_gate(true);
	submit(w, &e->a.op);
	wait_inside();
	stood = journal_quiet_ms(j);
	while (journal_quiet_ms(j) < stood + STUCK_MS)
		usleep(1000);
	shut_gate(false);
	turn(w, 1);
	wait_round(j); /* behind the answer */
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
