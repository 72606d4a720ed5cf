/* tests/unit/journal/test_wake.c - who is told that there is work. */
#include "unit/journal/double.h"

struct claiming {
	struct journal_claim c;
	struct arena *arena;
};

static void
claim_again(struct worker *w, struct claiming *c, const char *target,
    size_t most, size_t again)
{
	size_t before = w->back_count;

	if (c->arena == NULL)
		c->arena = arena_new(1 << 20);
	arena_reset(c->arena);
	c->c = (struct journal_claim){ .op = { .verb = JOURNAL_CLAIM },
		.target = str_of(target),
		.most = most,
		.again = again,
		.lease_ms = 3600000,
		.arena = c->arena };
	submit(w, &c->c.op);
	turn(w, before + 1);
}

static void
claim(struct worker *w, struct claiming *c, const char *target, size_t most)
{
	claim_again(w, c, target, most, most);
}

static void
wait_woken(struct worker *w, unsigned wanted)
{
	size_t woken = w->wakes;
	int64_t give_up = clock_mono_us() + 30000000;

	while (woken < wanted && clock_mono_us() < give_up) {
		struct timeval tick = { 0, 5000 };

		event_base_loopexit(w->base, &tick);
		event_base_loop(w->base, EVLOOP_ONCE);
		woken = w->wakes;
	}
	assert_int_equal(w->wakes, wanted);
}

/* After so long the next port is tried: see journal_wake.c. */
#define PATIENCE_US 1000000

/* One of the two: the other can be woken only by time, and that takes some. */
static void
assert_one_woken(const struct worker *a, const struct worker *b,
    int64_t since_us)
{
	bool soon = clock_mono_us() - since_us < PATIENCE_US;

	assert_in_range(a->wakes + b->wakes, 1, soon ? 1 : 2);
}

static void
store(struct journal *j, unsigned number, const char *lead)
{
	struct event_in *e = event_in(number, lead);

	journal_do(j, &e->a.op);
	assert_int_equal(e->a.op.result, JOURNAL_OK);
	base_free(e);
}

static void
settle(struct journal *j, const struct claiming *c, size_t i,
    enum journal_state to, int64_t delay_ms)
{
	struct journal_settle s = { .op = { .verb = JOURNAL_SETTLE },
		.target = c->c.target,
		.lease = c->c.items[i].lease,
		.to = to,
		.delay_ms = delay_ms };

	journal_do(j, &s.op);
	assert_int_equal(s.op.result, JOURNAL_OK);
}

/* Wakes are written before the op that caused them comes home. */
static void
look(struct worker *w)
{
	event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void
test_one_hungry_port_is_woken(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };
	int64_t start;

	(void)state;
	store(j, 1, "ann");
	look(a);
	assert_int_equal(a->wakes, 0); /* it never asked */
	claim(a, &ca, "api", 5);
	assert_int_equal(ca.c.count, 1);
	claim(b, &cb, "api", 5);
	assert_int_equal(cb.c.count, 0);
	start = clock_mono_us();
	store(j, 2, "ben");
	look(a);
	look(b);
	assert_one_woken(a, b, start);
	/* The next goes to the other one. */
	store(j, 3, "cid");
	look(a);
	look(b);
	assert_int_equal(a->wakes, 1);
	assert_int_equal(b->wakes, 1);
	/* Both were told; until they ask again there is nothing to tell. */
	store(j, 4, "dov");
	look(a);
	look(b);
	assert_int_equal(a->wakes + b->wakes, 2);
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_who_got_all_it_asked_for_is_left_alone(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };

	(void)state;
	claim(b, &cb, "api", 5);
	store(j, 1, "ann");
	look(b);
	assert_int_equal(b->wakes, 1);
	claim(b, &cb, "api", 5);
	store(j, 2, "ben");
	store(j, 3, "cid");
	look(b);
	assert_int_equal(b->wakes, 2);
	/* a is full and leaves one: whoever is hungry gets it. */
	claim(b, &cb, "api", 1);
	assert_int_equal(cb.c.count, 1);
	store(j, 4, "dov");
	look(b);
	assert_int_equal(b->wakes, 2);
	claim(a, &ca, "api", 5);
	assert_int_equal(ca.c.count, 2);
	store(j, 5, "eva");
	store(j, 6, "fay");
	look(a);
	assert_int_equal(a->wakes, 1);
	claim(a, &ca, "api", 5);
	claim(b, &cb, "api", 1);
	assert_int_equal(cb.c.count, 0);
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_a_full_claim_that_leaves_some_wakes_the_next(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };

	(void)state;
	store(j, 1, "ann");
	store(j, 2, "ben");
	claim(a, &ca, "api", 2);
	settle(j, &ca, 0, JOURNAL_WAITING, 0);
	settle(j, &ca, 1, JOURNAL_WAITING, 0);
	/* b may try nothing again and gets none: what is due is left over. */
	claim_again(b, &cb, "api", 5, 0);
	assert_int_equal(cb.c.count, 0);
	assert_int_equal(cb.c.next_ms, 0);
	claim(a, &ca, "api", 1);
	assert_int_equal(ca.c.count, 1);
	look(b);
	assert_int_equal(b->wakes, 1);
	claim(b, &cb, "api", 5);
	assert_int_equal(cb.c.count, 1);
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_what_was_left_over_is_asked_for_again(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j);
	struct claiming ca = { .arena = NULL };

	(void)state;
	store(j, 1, "ann");
	claim(a, &ca, "api", 1);
	settle(j, &ca, 0, JOURNAL_WAITING, 0);
	claim_again(a, &ca, "api", 5, 0);
	assert_int_equal(ca.c.count, 0);
	wait_woken(a, 1);
	worker_free(a);
	journal_close(j);
	arena_free(ca.arena);
}

static void
test_time_wakes_one_after_another(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };
	struct claiming *had = &ca;
	int64_t start;

	(void)state;
	store(j, 1, "ann");
	claim(a, &ca, "api", 1);
	/* Again, where it was due before both had asked: one of them has it. */
	do {
		look(a);
		look(b);
		a->wakes = b->wakes = 0;
		start = clock_mono_us();
		settle(j, had, 0, JOURNAL_WAITING, 40);
		claim(a, &ca, "api", 5);
		claim(b, &cb, "api", 5);
		had = ca.c.count > 0 ? &ca : &cb;
	} while (had->c.count > 0);
	while (a->wakes + b->wakes == 0) {
		look(a);
		look(b);
	}
	assert_one_woken(a, b, start);
	/* It does not claim. */
	wait_woken(a->wakes > 0 ? b : a, 1);
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_a_settle_wakes_for_what_comes_next(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j);
	struct claiming ca = { .arena = NULL }, first = { .arena = NULL };

	(void)state;
	store(j, 1, "ann");
	store(j, 2, "ann");
	claim(a, &first, "api", 1);
	claim(a, &ca, "api", 5);
	assert_int_equal(ca.c.count, 0);
	settle(j, &first, 0, JOURNAL_DONE, 0);
	look(a);
	assert_int_equal(a->wakes, 1);
	claim(a, &first, "api", 1);
	claim(a, &ca, "api", 5);
	settle(j, &first, 0, JOURNAL_DONE, 0);
	look(a);
	assert_int_equal(a->wakes, 1); /* the lane is empty */
	worker_free(a);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(first.arena);
}

static void
test_a_delay_wakes_when_it_is_over(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j);
	struct claiming ca = { .arena = NULL }, first = { .arena = NULL };
	struct claiming *had = &first;
	size_t which = 1;
	int64_t start;

	(void)state;
	store(j, 1, "ann");
	store(j, 2, "ben");
	claim(a, &first, "api", 2);
	claim(a, &ca, "api", 5);
	start = clock_mono_us();
	/* Known from the settle, as the port is hungry already ... */
	settle(j, &first, 0, JOURNAL_WAITING, 60);
	wait_woken(a, 1);
	assert_true(clock_mono_us() - start >= 59000);
	claim(a, &ca, "api", 5);
	assert_int_equal(ca.c.count, 1);
	/*
	 * ... or from the claim, where the delay was there before; and not over
	 * either, or it is had by that claim.
	 */
	do {
		look(a);
		a->wakes = 0;
		start = clock_mono_us();
		settle(j, had, which, JOURNAL_WAITING, 60);
		claim(a, &ca, "api", 5);
		had = &ca;
		which = 0;
	} while (ca.c.count > 0);
	wait_woken(a, 1);
	assert_true(clock_mono_us() - start >= 59000);
	worker_free(a);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(first.arena);
}

static void
test_targets_are_told_apart(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };

	(void)state;
	claim(a, &ca, "other", 5);
	claim(b, &cb, "api", 5);
	claim(b, &cb, "third", 5);
	for (unsigned i = 0; i < 3; i++) {
		store(j, i, "ann");
		look(a);
		look(b);
		assert_int_equal(a->wakes, 0);
		assert_int_equal(b->wakes, 1);
	}
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_a_port_that_does_not_claim_is_passed_over(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j), *b = worker_new(j);
	struct claiming ca = { .arena = NULL }, cb = { .arena = NULL };
	int64_t start;

	(void)state;
	claim(a, &ca, "api", 5);
	claim(b, &cb, "api", 5);
	start = clock_mono_us();
	store(j, 1, "ann");
	look(a);
	look(b);
	assert_one_woken(a, b, start);
	wait_woken(a->wakes > 0 ? b : a, 1);
	worker_free(a);
	worker_free(b);
	journal_close(j);
	arena_free(ca.arena);
	arena_free(cb.arena);
}

static void
test_what_a_person_revives_wakes(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *a = worker_new(j);
	struct claiming ca = { .arena = NULL };
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE } };

	(void)state;
	store(j, 1, "ann");
	claim(a, &ca, "api", 1);
	settle(j, &ca, 0, JOURNAL_DEAD, 0);
	claim(a, &ca, "api", 1);
	assert_int_equal(ca.c.count, 0);
	snprintf(r.id, sizeof(r.id), "01930000-0000-7000-8000-%012x", 1);
	journal_do(j, &r.op);
	assert_int_equal(r.op.result, JOURNAL_OK);
	look(a);
	assert_int_equal(a->wakes, 1);
	worker_free(a);
	journal_close(j);
	arena_free(ca.arena);
}

static void
test_a_shared_store_is_asked_by_time(void **state)
{
	struct journal *j;
	struct worker *a;
	struct claiming ca = { .arena = NULL };

	(void)state;
	seen.shared = true;
	j = double_open((struct journal_settings){ 0 }, NULL);
	seen.shared = false;
	assert_true(journal_shared(j));
	a = worker_new(j);
	claim(a, &ca, "api", 1);
	wait_woken(a, 1);
	claim(a, &ca, "api", 1);
	wait_woken(a, 2);
	worker_free(a);
	journal_close(j);
	arena_free(ca.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_hungry_port_is_woken),
		cmocka_unit_test(test_who_got_all_it_asked_for_is_left_alone),
		cmocka_unit_test(
		    test_a_full_claim_that_leaves_some_wakes_the_next),
		cmocka_unit_test(test_what_was_left_over_is_asked_for_again),
		cmocka_unit_test(test_time_wakes_one_after_another),
		cmocka_unit_test(test_a_settle_wakes_for_what_comes_next),
		cmocka_unit_test(test_a_delay_wakes_when_it_is_over),
		cmocka_unit_test(test_targets_are_told_apart),
		cmocka_unit_test(
		    test_a_port_that_does_not_claim_is_passed_over),
		cmocka_unit_test(test_what_a_person_revives_wakes),
		cmocka_unit_test(test_a_shared_store_is_asked_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
