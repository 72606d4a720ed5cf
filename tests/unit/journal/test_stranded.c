/* tests/unit/journal/test_stranded.c - who is told of what nobody serves. */
#include <unistd.h>

#include "unit/journal/double.h"

#include "metrics/metrics.h"

#define PATIENCE_MS 60000

static int64_t
stranded_at(const char *target)
{
	unsigned name = metrics_named(METRIC_UPSTREAMS, target);

	return name != 0 ? metrics_value(METRIC_STRANDED, metric_of(name, 0))
	                 : 0;
}

/* The journal's thread counts at once; a poll, for nobody else is told. */
static void
await(const char *target, int64_t count)
{
	for (int i = 0; stranded_at(target) != count; i++) {
		if (i == PATIENCE_MS)
			fail_msg("%s: %lld, not %lld", target,
			    (long long)stranded_at(target), (long long)count);
		usleep(1000);
	}
}

static void
store(struct worker *w, struct event_in **events, unsigned from,
    const char *const *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		events[i] = event_in(from + (unsigned)i, "ann");
		events[i]->u.target = str_of(targets[i]);
		submit(w, &events[i]->a.op);
	}
	turn(w, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(events[i]->a.op.result, JOURNAL_OK);
		base_free(events[i]);
	}
}

static void
test_what_nobody_serves_is_measured(void **state)
{
	static const char *const targets[] = { "old", "api", "old", "older" };
	static const char *const served[] = { "api", "new" };
	static const char *const all[] = { "api", "old", "older" };
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[COUNT_OF(targets)];
	char name[] = "api";
	const char *one[] = { name };

	(void)state;
	store(w, events, 0, targets, COUNT_OF(targets));
	/* Until somebody says what is served, everything is. */
	assert_int_equal(stranded_at("old"), 0);
	journal_serve(j, served, COUNT_OF(served));
	await("old", 2);
	await("older", 1);
	assert_int_equal(stranded_at("api"), 0);
	/* It is copied; said twice before it is looked at, the last counts. */
	journal_serve(j, all, COUNT_OF(all));
	journal_serve(j, one, 1);
	memcpy(name, "old", sizeof(name));
	journal_serve(j, all, COUNT_OF(all));
	await("old", 0);
	await("older", 0);
	/* Nothing is served, and none is not everything. */
	journal_serve(j, NULL, 0);
	await("old", 2);
	await("api", 1);
	worker_free(w);
	journal_close(j);
	/* What a journal said of its store is not true of the next. */
	assert_int_equal(stranded_at("old"), 0);
	assert_int_equal(stranded_at("api"), 0);
}

/* A count that failed is made again, and told then. */
static void
test_a_store_that_cannot_be_counted_is_counted_later(void **state)
{
	static const char *const targets[] = { "old" };
	static const char *const served[] = { "api" };
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);
	struct worker *w = worker_new(j);
	struct event_in *events[1];

	(void)state;
	store(w, events, 0, targets, 1);
	stop_house_keeping(true);
	journal_serve(j, served, 1);
	usleep(20000);
	assert_int_equal(stranded_at("old"), 0);
	stop_house_keeping(false);
	await("old", 1);
	worker_free(w);
	journal_close(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_serves_is_measured),
		cmocka_unit_test(
		    test_a_store_that_cannot_be_counted_is_counted_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
