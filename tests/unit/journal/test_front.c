/* tests/unit/journal/test_front.c - groups, ceilings, failures, the end. */
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metrics/metrics.h"
#include "unit/journal/double.h"

#define MANY 165

static void
free_all(struct event_in **events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		base_free(events[i]);
}

static void
test_what_piles_up_is_one_group(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	shut_gate(true);
	for (unsigned i = 0; i < MANY; i++) {
		events[i] = event_in(i, "ann");
		submit(w, &events[i]->a.op);
		if (i == 0)
			wait_inside();
	}
	assert_int_equal(journal_port_busy(w->port), MANY);
	assert_int_equal(w->back_count, 0);
	shut_gate(false);
	turn(w, MANY);
	assert_int_equal(journal_port_busy(w->port), 0);
	assert_int_equal(seen.group_count, 4);
	assert_int_equal(seen.groups[0], 1);
	assert_int_equal(seen.groups[1], JOURNAL_GROUP);
	assert_int_equal(seen.groups[2], JOURNAL_GROUP);
	assert_int_equal(seen.groups[3], MANY - 1 - 2 * JOURNAL_GROUP);
	for (size_t i = 0; i < MANY; i++) {
		assert_ptr_equal(w->back[i], &events[i]->a.op);
		assert_int_equal(w->back[i]->result, JOURNAL_OK);
	}
	worker_free(w);
	journal_close(j);
	free_all(events, MANY);
}

/*
 * One op is being written and another waits; the first's sender sends again a
 * millisecond after it is answered. False where it came too late to be waited
 * for; else these two have to go together.
 */
static bool
comes_in_time(struct journal *j, struct worker *w,
    struct event_in *const *events)
{
	struct timespec thinking = { 0, 1000000 };
	size_t groups = seen.group_count, back = w->back_count;
	int64_t took_us;

	shut_gate(true);
	submit(w, &events[0]->a.op);
	wait_inside();
	submit(w, &events[1]->a.op);
	j->commit_us = 1000000; /* the thread stands at the gate */
	took_us = -clock_mono_us();
	shut_gate(false);
	turn(w, back + 1);
	nanosleep(&thinking, NULL);
	submit(w, &events[2]->a.op);
	took_us += clock_mono_us();
	turn(w, back + 3);
	if (took_us >= JOURNAL_WAIT_MS * 1000)
		return false;
	assert_int_equal(seen.group_count, groups + 2);
	return true;
}

static void
test_who_was_just_answered_is_waited_for(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[3];
	int in_time = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		events[i] = event_in(i, "ann");
	/* A busy machine is late again and again, but not always. */
	for (int i = 0; i < 1000 && in_time < 20; i++)
		in_time += comes_in_time(j, w, events);
	assert_int_equal(in_time, 20);
	worker_free(w);
	journal_close(j);
	free_all(events, 3);
}

static void
test_large_ops_make_small_groups(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[9];
	size_t size = 3 << 20;
	char *large = base_alloc(size);

	(void)state;
	memset(large, '{', size);
	shut_gate(true);
	for (unsigned i = 0; i < 9; i++) {
		events[i] = event_in(i, "ann");
		events[i]->u.body = (struct str){ large, size };
		submit(w, &events[i]->a.op);
		if (i == 0)
			wait_inside();
	}
	shut_gate(false);
	turn(w, 9);
	assert_int_equal(seen.group_count, 4);
	assert_int_equal(seen.groups[1], 3); /* 8 MiB are passed by the third */
	worker_free(w);
	journal_close(j);
	free_all(events, 9);
	base_free(large);
}

static void
test_done_never_runs_inside_submit(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *bad = event_in(1, "ann");

	(void)state;
	bad->a.update_count = 0;
	submit(w, &bad->a.op);
	assert_int_equal(w->back_count, 0);
	turn(w, 1);
	assert_int_equal(bad->a.op.result, JOURNAL_UNAVAILABLE);
	assert_int_equal(bad->a.op.fault.code, FAULT_INTERNAL);
	worker_free(w);
	journal_close(j);
	base_free(bad);
}

static void
test_what_cannot_be_stored_is_refused_at_once(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	char name[JOURNAL_NAME_MAX + 2];
	struct str too_long = { name, sizeof(name) - 1 };

	(void)state;
	memset(name, 'x', sizeof(name));
	for (unsigned i = 0; i < 7; i++) {
		struct event_in *e = event_in(1, "ann");

		if (i == 0)
			e->a.id[5] = '\0';
		if (i == 1)
			e->a.route = too_long;
		if (i == 2)
			e->u.target = too_long;
		if (i == 3)
			e->u.lead = (struct str){ name, JOURNAL_LEAD_MAX + 1 };
		if (i == 4)
			e->u.body = STR("");
		if (i == 5)
			e->u.lead = STR_NONE;
		if (i == 6)
			e->a.event = STR("\xF9 looks sealed");
		journal_do(j, &e->a.op);
		if (e->a.op.result != JOURNAL_UNAVAILABLE)
			fail_msg("case %u was stored", i);
		base_free(e);
	}
	assert_int_equal(seen.group_count, 0);
	journal_close(j);
}

static void
test_the_intake_is_bounded(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in **events = base_alloc(20000 * sizeof(*events));
	struct journal_settle settle = { .op = { .verb = JOURNAL_SETTLE },
		.target = STR("api"),
		.to = JOURNAL_DONE };
	int64_t fenced = metrics_value(METRIC_JOURNAL_FENCED, 0);
	unsigned count = 0;

	(void)state;
	shut_gate(true);
	/* What is refused comes back while nothing can be stored. */
	while (w->back_count == 0 && count < 19000) {
		events[count] = event_in(count, "ann");
		submit(w, &events[count++]->a.op);
		if (count == 1)
			wait_inside();
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	assert_true(count > 10000 && count < 19000);
	assert_ptr_equal(w->back[0], &events[count - 1]->a.op);
	assert_int_equal(w->back[0]->result, JOURNAL_UNAVAILABLE);
	assert_int_equal(w->back[0]->fault.code, FAULT_BUSY);
	submit(w, &settle.op);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->back_count, 1); /* it was taken in */
	shut_gate(false);
	turn(w, count + 1);
	assert_int_equal(settle.op.result, JOURNAL_FENCED);
	assert_int_equal(metrics_value(METRIC_JOURNAL_FENCED, 0), fenced + 1);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(w->back[i]->result, JOURNAL_OK);
	worker_free(w);
	journal_close(j);
	free_all(events, count);
	base_free(events);
}

static void
test_the_intake_is_bounded_in_bytes(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[200];
	size_t size = 1 << 20;
	char *large = base_alloc(size);
	unsigned count = 0;

	(void)state;
	memset(large, '{', size);
	shut_gate(true);
	while (w->back_count == 0 && count < 200) {
		events[count] = event_in(count, "ann");
		events[count]->a.event = (struct str){ large, size };
		submit(w, &events[count++]->a.op);
		if (count == 1)
			wait_inside();
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	assert_true(count > 100 && count < 150);
	assert_int_equal(w->back[0]->fault.code, FAULT_BUSY);
	shut_gate(false);
	turn(w, count);
	worker_free(w);
	journal_close(j);
	free_all(events, count);
	base_free(large);
}

static void
test_past_the_ceiling_nothing_is_accepted(void **state)
{
	struct journal
	    *j = double_open((struct journal_settings){ .ceiling = 3 }, NULL);
	struct journal_settle settle = { .op = { .verb = JOURNAL_SETTLE },
		.target = STR("api"),
		.to = JOURNAL_DONE };
	struct event_in *e;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		e = event_in(i, "ann");
		e->a.lease = i == 0;
		e->a.lease_ms = 1000000;
		journal_do(j, &e->a.op);
		if (i == 0)
			settle.lease = e->lease;
		if (i == 4)
			journal_do(j, &settle.op);
		assert_int_equal(e->a.op.result,
		    i == 3 || i == 4 ? JOURNAL_UNAVAILABLE : JOURNAL_OK);
		if (i == 3) {
			assert_int_equal(e->a.op.fault.code, FAULT_BUSY);
			assert_non_null(strstr(e->a.op.fault.text, "ceiling"));
		}
		base_free(e);
	}
	assert_true(journal_healthy(j));
	journal_close(j);
}

static void
wait_failed_prunes(size_t count)
{
	int64_t start = clock_mono_us();
	size_t got = 0;

	while (got < count && clock_mono_us() - start < 60000000) {
		pthread_mutex_lock(&seen.lock);
		got = seen.failed_prunes;
		pthread_mutex_unlock(&seen.lock);
	}
	assert_true(got >= count);
}

static void
test_a_group_that_fails_promises_nothing(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[10];
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	int64_t start;

	(void)state;
	/* Behind the second the thread has kept house, and will not soon. */
	journal_do(j, &stats.op);
	journal_do(j, &stats.op);
	assert_true(journal_healthy(j));
	set_fail(FAULT_BUSY);
	for (unsigned i = 0; i < 10; i++) {
		events[i] = event_in(i, "ann");
		submit(w, &events[i]->a.op);
	}
	turn(w, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(w->back[i]->result, JOURNAL_UNAVAILABLE);
		assert_int_equal(w->back[i]->fault.code, FAULT_BUSY);
	}
	assert_false(journal_healthy(j));
	/* Nobody has to risk an event: the front tries, about once a second. */
	wait_failed_prunes(2);
	set_fail(FAULT_NONE);
	start = clock_mono_us();
	while (!journal_healthy(j) && clock_mono_us() - start < 60000000)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_true(journal_healthy(j));
	submit(w, &events[0]->a.op);
	turn(w, 11);
	assert_int_equal(events[0]->a.op.result, JOURNAL_OK);
	worker_free(w);
	journal_close(j);
	free_all(events, 10);
}

static void
test_reading_does_not_tell_that_writing_works(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct event_in *e = event_in(1, "ann");
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };

	(void)state;
	stop_house_keeping(true);
	set_fail(FAULT_BUSY);
	journal_do(j, &e->a.op);
	set_fail(FAULT_NONE);
	journal_do(j, &stats.op);
	assert_int_equal(stats.op.result, JOURNAL_OK);
	assert_false(journal_healthy(j));
	/* What it does by itself may be next, and is not to fail then. */
	stop_house_keeping(false);
	journal_do(j, &e->a.op);
	assert_true(journal_healthy(j));
	journal_close(j);
	base_free(e);
}

static void
test_one_bad_op_takes_no_other_with_it(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[10];

	(void)state;
	shut_gate(true);
	for (unsigned i = 0; i < 10; i++) {
		events[i] = event_in(i, "ann");
		if (i == 5)
			events[i]->a.verdict = STR("poison");
		submit(w, &events[i]->a.op);
		if (i == 0)
			wait_inside();
	}
	shut_gate(false);
	turn(w, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_ptr_equal(w->back[i], &events[i]->a.op);
		assert_int_equal(w->back[i]->result,
		    i == 5 ? JOURNAL_UNAVAILABLE : JOURNAL_OK);
	}
	/* To its sender it is the bridge's fault, not its own. */
	assert_int_equal(events[5]->a.op.fault.code, FAULT_INTERNAL);
	assert_true(journal_healthy(j));
	worker_free(w);
	journal_close(j);
	free_all(events, 10);
}

/* In a process of its own; what it exits with. */
static int
exit_of(void (*fatal)(const struct fault *why))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct journal *j = double_open((struct journal_settings){ 0 },
		    NULL);
		struct event_in *e = event_in(1, "ann");

		j->fatal = fatal;
		set_fail(FAULT_INTERNAL);
		journal_do(j, &e->a.op);
		_exit(0); /* an answer: that must not be */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
exit_7(const struct fault *why)
{
	_exit(why->code == FAULT_INTERNAL ? 7 : 8);
}

static void
test_a_store_that_cannot_be_trusted_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(exit_of(NULL), 3);
	assert_int_equal(exit_of(exit_7), 7);
}

static void
test_a_port_that_is_freed_waits_for_its_ops(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[100];
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		events[i] = event_in(i, "ann");
		submit(w, &events[i]->a.op);
	}
	journal_port_free(w->port);
	w->port = NULL;
	assert_int_equal(w->back_count, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(w->back[i]->result, JOURNAL_OK);
	journal_do(j, &stats.op);
	assert_int_equal(stats.count[JOURNAL_WAITING], 100);
	worker_free(w);
	journal_close(j);
	free_all(events, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_piles_up_is_one_group),
		cmocka_unit_test(test_who_was_just_answered_is_waited_for),
		cmocka_unit_test(test_large_ops_make_small_groups),
		cmocka_unit_test(test_done_never_runs_inside_submit),
		cmocka_unit_test(test_what_cannot_be_stored_is_refused_at_once),
		cmocka_unit_test(test_the_intake_is_bounded),
		cmocka_unit_test(test_the_intake_is_bounded_in_bytes),
		cmocka_unit_test(test_past_the_ceiling_nothing_is_accepted),
		cmocka_unit_test(test_a_group_that_fails_promises_nothing),
		cmocka_unit_test(test_reading_does_not_tell_that_writing_works),
		cmocka_unit_test(test_one_bad_op_takes_no_other_with_it),
		cmocka_unit_test(
		    test_a_store_that_cannot_be_trusted_ends_the_process),
		cmocka_unit_test(test_a_port_that_is_freed_waits_for_its_ops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
