/* Spans from one thread to another: none twice, none torn, none waited for. */
#include <pthread.h>
#include <sched.h>

#include "unit/cmocka_all.h"

#include "trace/trace_exporter.h"

#define MANY 20000

static struct trace_span
numbered(int64_t n)
{
	struct trace_span s = { .start_us = n, .end_us = n };

	memset(s.name, (int)(n & 0x7F), sizeof(s.name));
	return s;
}

static void
a_full_ring_takes_no_more(void **state)
{
	struct trace_span out[8], s;
	struct trace_ring r;

	(void)state;
	ring_init(&r, 4);
	assert_int_equal(ring_count(&r), 0);
	for (int i = 1; i <= 4; i++) {
		s = numbered(i);
		assert_int_equal(ring_put(&r, &s), i);
	}
	s = numbered(5);
	assert_int_equal(ring_put(&r, &s), 0);
	assert_int_equal(ring_count(&r), 4);
	assert_int_equal(ring_take(&r, out, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(out[i].start_us, i + 1);
	s = numbered(6);
	assert_int_equal(ring_put(&r, &s), 2);
	assert_int_equal(ring_take(&r, out, 8), 2);
	assert_int_equal(out[0].start_us, 4);
	assert_int_equal(out[1].start_us, 6);
	assert_int_equal(ring_take(&r, out, 8), 0);
	ring_done(&r);
}

/* Where each batch is full with the first one's, the others would drop. */
static void
all_ports_get_their_turn(void **state)
{
	struct trace_port a, b, c, *list = &a;
	struct trace_port *const all[] = { &a, &b, &c };
	struct trace_span out[4];
	int64_t seen[COUNT_OF(all)] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		port_init(all[i], 64, -1);
		all[i]->next = i + 1 < COUNT_OF(all) ? all[i + 1] : NULL;
		for (int n = 0; n < 12; n++) {
			const struct trace_span s = numbered((int64_t)i);

			assert_int_not_equal(ring_put(&all[i]->ring, &s), 0);
		}
	}
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(ports_take(&list, out, 4), 4);
		for (int n = 0; n < 4; n++)
			seen[out[n].start_us]++;
	}
	for (size_t i = 0; i < COUNT_OF(all); i++)
		assert_int_equal(seen[i], 4);
	/* And what one leaves room for comes of the next. */
	for (int turn = 0; turn < 6; turn++)
		assert_int_equal(ports_take(&list, out, 4), 4);
	assert_int_equal(ports_take(&list, out, 4), 0);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		ring_done(&all[i]->ring);
	list = NULL;
	assert_int_equal(ports_take(&list, out, 4), 0);
}

struct filler {
	struct trace_ring ring;
	int64_t dropped;
	atomic_bool over;
};

static void *
fill(void *arg)
{
	struct filler *f = arg;

	for (int64_t i = 1; i <= MANY; i++) {
		const struct trace_span s = numbered(i);

		if (ring_put(&f->ring, &s) == 0) {
			f->dropped++;
			sched_yield();
		}
	}
	atomic_store(&f->over, true);
	return NULL;
}

/* Each is whole and later than the one before; what is missing was dropped. */
static void
one_fills_while_another_empties(void **state)
{
	struct filler f = { .dropped = 0 };
	struct trace_span out[16];
	int64_t last = 0, taken = 0;
	pthread_t thread;
	bool over;

	(void)state;
	ring_init(&f.ring, 16);
	assert_int_equal(pthread_create(&thread, NULL, fill, &f), 0);
	do {
		size_t n;

		over = atomic_load(&f.over);
		n = ring_take(&f.ring, out, COUNT_OF(out));
		for (size_t i = 0; i < n; i++) {
			const struct trace_span want = numbered(
			    out[i].start_us);

			assert_true(out[i].start_us > last);
			assert_memory_equal(&out[i], &want, sizeof(want));
			last = out[i].start_us;
		}
		taken += (int64_t)n;
	} while (!over || ring_count(&f.ring) > 0);
	pthread_join(thread, NULL);
	assert_true(taken > 0);
	assert_int_equal(taken + f.dropped, MANY);
	ring_done(&f.ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_takes_no_more),
		cmocka_unit_test(all_ports_get_their_turn),
		cmocka_unit_test(one_fills_while_another_empties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
