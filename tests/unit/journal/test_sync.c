/* tests/unit/journal/test_sync.c - groups whose syncs take their time. */
#include <sys/wait.h>
#include <unistd.h>

#include "unit/journal/double.h"

#define MANY (1 + 2 * JOURNAL_GROUP + 10)

static struct journal *
open_with_ceiling(int64_t ceiling)
{
	seen.syncs = true;
	return double_open((struct journal_settings){ .ceiling = ceiling },
	    NULL);
}

static struct journal *
open_late(void)
{
	return open_with_ceiling(0);
}

/* The first of them is before the gate; the rest has piled up behind it. */
static void
pile_up(struct worker *w, struct event_in **events, unsigned count)
{
	shut_gate(true);
	for (unsigned i = 0; i < count; i++) {
		events[i] = event_in(i, "ann");
		submit(w, &events[i]->a.op);
		if (i == 0)
			wait_inside();
	}
}

static void
end(struct journal *j, struct worker *w, struct event_in **events,
    unsigned count)
{
	worker_free(w);
	journal_close(j);
	for (size_t i = 0; i < count; i++)
		base_free(events[i]);
}

/* One of the counts of `seen`. */
static void
wait_count(const size_t *count, size_t wanted)
{
	pthread_mutex_lock(&seen.lock);
	while (*count < wanted)
		wait_moved();
	pthread_mutex_unlock(&seen.lock);
}

static void
wait_groups(size_t wanted)
{
	pthread_mutex_lock(&seen.lock);
	while (seen.group_count < wanted || !seen.sync_inside)
		wait_moved();
	pthread_mutex_unlock(&seen.lock);
}

static void
test_the_next_is_written_and_nothing_told_before_the_sync(void **state)
{
	struct journal *j = open_late();
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, MANY);
	shut_syncs(true);
	shut_gate(false);
	wait_count(&seen.overlaps, 1);
	/* One is being synced and one is written: no more than that. */
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->back_count, 0);
	assert_int_equal(seen.sync_count, 0);
	assert_int_equal(seen.group_count, 2);
	shut_syncs(false);
	turn(w, MANY);
	assert_int_equal(seen.group_count, 4);
	assert_int_equal(seen.groups[0], 1);
	assert_int_equal(seen.groups[1], JOURNAL_GROUP);
	assert_int_equal(seen.groups[2], JOURNAL_GROUP);
	assert_int_equal(seen.groups[3], 10);
	for (size_t i = 0; i < MANY; i++) {
		assert_ptr_equal(w->back[i], &events[i]->a.op);
		assert_int_equal(w->back[i]->result, JOURNAL_OK);
	}
	end(j, w, events, MANY);
}

/* The disk goes on while those of the group before are still being told. */
static void
test_a_sync_begins_when_the_one_before_has_ended(void **state)
{
	const unsigned count = 1 + 2 * JOURNAL_GROUP;
	struct journal *j = open_late();
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, count);
	shut_syncs(true);
	shut_gate(false);
	wait_count(&seen.overlaps, 1);
	/* The journal's thread cannot send anybody home. */
	pthread_mutex_lock(&w->port->lock);
	shut_syncs(false);
	wait_count(&seen.sync_count, 2);
	pthread_mutex_unlock(&w->port->lock);
	turn(w, count);
	assert_int_equal(seen.group_count, 3);
	end(j, w, events, count);
}

/* Each is told its own end, in order. */
static int
fail_second(void *store, struct fault *why)
{
	unsigned *count = store;

	return ++*count == 2
	    ? fault_set(why, FAULT_INTERNAL, NULL, "the second")
	    : 0;
}

static void
test_each_sync_has_its_own_end(void **state)
{
	const struct journal_backend backend = { .sync = fail_second };
	unsigned count = 0;
	struct fault why = { 0 };
	struct syncer *s = syncer_new(&backend, &count, NULL, NULL, &why);

	(void)state;
	assert_non_null(s);
	syncer_ask(s);
	syncer_ask(s);
	assert_true(syncer_wait(s, &why) >= 0);
	assert_int_equal(syncer_wait(s, &why), -1);
	assert_string_equal(why.text, "the second");
	assert_false(syncer_is_over(s));
	syncer_ask(s);
	assert_true(syncer_wait(s, &why) >= 0);
	syncer_free(s);
}

/* Half a group has nothing to gain: it would cost a sync of its own. */
static void
test_what_is_less_than_a_group_waits_for_the_sync(void **state)
{
	const unsigned count = 1 + JOURNAL_GROUP - 1;
	struct journal *j = open_late();
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, count);
	shut_syncs(true);
	shut_gate(false);
	wait_groups(1);
	assert_int_equal(seen.group_count, 1);
	shut_syncs(false);
	turn(w, count);
	assert_int_equal(seen.overlaps, 0);
	assert_int_equal(seen.group_count, 2);
	end(j, w, events, count);
}

/* A group that cannot be written: the one before it is as good as it was. */
static void
test_a_group_that_fails_takes_no_other_with_it(void **state)
{
	struct journal *j = open_late();
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, 1 + JOURNAL_GROUP);
	seen.fail_from = 1;
	shut_syncs(true);
	shut_gate(false);
	wait_groups(2);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->back_count, 0);
	shut_syncs(false);
	turn(w, 1 + JOURNAL_GROUP);
	for (size_t i = 0; i <= JOURNAL_GROUP; i++) {
		assert_ptr_equal(w->back[i], &events[i]->a.op);
		assert_int_equal(w->back[i]->result,
		    i == 0 ? JOURNAL_OK : JOURNAL_UNAVAILABLE);
	}
	end(j, w, events, 1 + JOURNAL_GROUP);
}

/* What is written and not told yet waits already. */
static void
test_the_ceiling_holds_for_what_is_not_told_yet(void **state)
{
	const unsigned ceiling = 1 + JOURNAL_GROUP / 2;
	struct journal *j = open_with_ceiling(ceiling);
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, 1 + JOURNAL_GROUP);
	j->count_us = INT64_MAX; /* its thread stands before the gate */
	shut_syncs(true);
	shut_gate(false);
	wait_count(&seen.overlaps, 1);
	shut_syncs(false);
	turn(w, 1 + JOURNAL_GROUP);
	for (size_t i = 0; i <= JOURNAL_GROUP; i++)
		assert_int_equal(w->back[i]->result,
		    i < ceiling ? JOURNAL_OK : JOURNAL_UNAVAILABLE);
	end(j, w, events, 1 + JOURNAL_GROUP);
}

/* ... and once: a count meanwhile has it, too. */
static void
test_a_count_before_it_is_told_counts_it_once(void **state)
{
	const unsigned count = 1 + JOURNAL_GROUP;
	struct journal *j = open_with_ceiling(count + 1);
	struct worker *w = worker_new(j);
	struct event_in *events[MANY];

	(void)state;
	pile_up(w, events, count);
	j->count_us = 0; /* as above */
	j->touched = true;
	shut_syncs(true);
	shut_gate(false);
	wait_count(&seen.overlaps, 1);
	shut_syncs(false);
	turn(w, count);
	events[count] = event_in(count, "ann");
	submit(w, &events[count]->a.op);
	turn(w, count + 1);
	assert_int_equal(w->back[count]->result, JOURNAL_OK);
	end(j, w, events, count + 1);
}

static void
exit_7(const struct fault *why)
{
	_exit(why->code == FAULT_INTERNAL ? 7 : 8);
}

/* In a process of its own; what it exits with. */
static int
exit_of(unsigned count)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct journal *j = open_late();
		struct worker *w = worker_new(j);
		struct event_in *events[MANY];

		j->fatal = exit_7;
		pile_up(w, events, count);
		seen.sync_fails = true;
		shut_gate(false);
		turn(w, 1);
		_exit(0); /* an answer: that must not be */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_a_sync_that_fails_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(exit_of(1), 7);    /* its own thread's */
	assert_int_equal(exit_of(MANY), 7); /* the syncer's */
}

/* Much of it, at any speed: all comes home, once, in order. */
static void
test_many_groups(void **state)
{
	enum { LOTS = 6000 };
	struct journal *j = open_late();
	struct worker *w = worker_new(j);
	struct event_in **events = base_alloc(LOTS * sizeof(*events));

	(void)state;
	for (unsigned i = 0; i < LOTS; i++) {
		events[i] = event_in(i, "ann");
		submit(w, &events[i]->a.op);
		if (i % 500 == 0)
			event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	turn(w, LOTS);
	for (size_t i = 0; i < LOTS; i++)
		assert_ptr_equal(w->back[i], &events[i]->a.op);
	end(j, w, events, LOTS);
	base_free(events);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_the_next_is_written_and_nothing_told_before_the_sync),
		cmocka_unit_test(
		    test_a_sync_begins_when_the_one_before_has_ended),
		cmocka_unit_test(test_each_sync_has_its_own_end),
		cmocka_unit_test(
		    test_what_is_less_than_a_group_waits_for_the_sync),
		cmocka_unit_test(
		    test_a_group_that_fails_takes_no_other_with_it),
		cmocka_unit_test(
		    test_the_ceiling_holds_for_what_is_not_told_yet),
		cmocka_unit_test(test_a_count_before_it_is_told_counts_it_once),
		cmocka_unit_test(test_a_sync_that_fails_ends_the_process),
		cmocka_unit_test(test_many_groups),
	};

	return cmocka_run_group_tests_name("journal.sync", tests, NULL, NULL);
}
