/*
 * tests/unit/journal/test_threads.c - four workers at once.
 *
 * For the thread sanitizer, too: each has its loop and its port, accepts,
 * claims and settles, and goes by its wakes alone, without a timer.
 */
#include "unit/journal/double.h"

#define WORKERS 4
#define EVENTS 1500
#define IN_FLIGHT 50
#define LEADS 40

struct sender {
	struct journal *journal;
	struct event_base *base;
	struct journal_port *port;
	unsigned number;
	size_t accepted, sent, settled;
	bool claiming, failed;
	struct journal_claim claim;
	struct arena *arena;
	struct event_in *last; /* accepts come back in order */
};

static atomic_uint delivered;
static atomic_uint last_of[LEADS]; /* the delivery's place in its lane */
static atomic_uint broken;

struct settling {
	struct journal_settle s;
	struct sender *from;
};

static void submit_claim(struct sender *s);

static void
on_settled(struct journal_op *op)
{
	struct settling *done = op->arg;
	struct sender *s = done->from;

	if (op->result != JOURNAL_OK)
		atomic_fetch_add(&broken, 1);
	else
		atomic_fetch_add(&delivered, 1);
	base_free(done);
	submit_claim(s);
}

/* Order: a lane's items come one after another, whoever claims them. */
static void
send_item(struct sender *s, const struct journal_item *item)
{
	struct settling *settling = base_alloc(sizeof(*settling));
	unsigned lead = (unsigned)strtoul(item->lease.lead, NULL, 10);
	unsigned before = atomic_exchange(&last_of[lead],
	    (unsigned)item->order);

	if (before >= (unsigned)item->order)
		atomic_fetch_add(&broken, 1);
	settling->from = s;
	settling->s = (struct journal_settle){ .op = { .verb = JOURNAL_SETTLE,
		                                   .done = on_settled,
		                                   .arg = settling },
		.target = STR("api"),
		.lease = item->lease,
		.to = JOURNAL_DONE };
	journal_submit(s->port, &settling->s.op);
}

static void
on_claimed(struct journal_op *op)
{
	struct sender *s = op->arg;

	s->claiming = false;
	for (size_t i = 0; i < s->claim.count; i++)
		send_item(s, &s->claim.items[i]);
}

static void
submit_claim(struct sender *s)
{
	if (s->claiming)
		return;
	s->claiming = true;
	arena_reset(s->arena);
	s->claim = (struct journal_claim){
		.op = { .verb = JOURNAL_CLAIM, .done = on_claimed, .arg = s },
		.target = STR("api"),
		.most = 8,
		.again = 8,
		.lease_ms = 3600000,
		.arena = s->arena
	};
	journal_submit(s->port, &s->claim.op);
}

static void submit_accept(struct sender *s);

static void
on_accepted(struct journal_op *op)
{
	struct sender *s = op->arg;
	struct event_in *e = (void *)op;

	if (op->result != JOURNAL_OK ||
	    (s->last != NULL && strcmp(s->last->a.id, e->a.id) >= 0))
		atomic_fetch_add(&broken, 1);
	base_free(s->last);
	s->last = e;
	s->accepted++;
	submit_accept(s);
}

static void
submit_accept(struct sender *s)
{
	static const char *const leads[] = { "0", "1", "2", "3", "4", "5", "6",
		"7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
		"18", "19", "20", "21", "22", "23", "24", "25", "26", "27",
		"28", "29", "30", "31", "32", "33", "34", "35", "36", "37",
		"38", "39" };
	struct event_in *e;

	_Static_assert(COUNT_OF(leads) == LEADS, "a name a lead");
	if (s->sent == EVENTS)
		return;
	e = event_in(s->number * EVENTS + (unsigned)s->sent, NULL);
	e->u.lead = str_of(leads[(s->number + s->sent) % LEADS]);
	e->a.op.done = on_accepted;
	e->a.op.arg = s;
	s->sent++;
	journal_submit(s->port, &e->a.op);
}

static void
on_work(void *arg)
{
	submit_claim(arg);
}

static void *
run_sender(void *arg)
{
	struct sender *s = arg;
	int64_t give_up = clock_mono_us() + 60000000;
	struct timeval tick = { 0, 10000 };

	s->base = event_base_new();
	s->arena = arena_new(1 << 20);
	s->port = journal_port_new(s->journal, s->base, on_work, s);
	submit_claim(s);
	for (int i = 0; i < IN_FLIGHT; i++)
		submit_accept(s);
	while (atomic_load(&delivered) < WORKERS * EVENTS &&
	    clock_mono_us() < give_up) {
		event_base_loopexit(s->base, &tick);
		event_base_loop(s->base, EVLOOP_ONCE);
	}
	/* What is still to come home submits nothing new: all is claimed. */
	while (journal_port_busy(s->port) > 0)
		event_base_loop(s->base, EVLOOP_ONCE);
	journal_port_free(s->port);
	event_base_free(s->base);
	base_free(s->last);
	arena_free(s->arena);
	return NULL;
}

static void
test_nothing_is_lost_between_four_workers(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 },
	    "0123456789abcdef0123456789abcdef");
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	struct sender senders[WORKERS];
	pthread_t threads[WORKERS];

	(void)state;
	memset(senders, 0, sizeof(senders));
	for (unsigned i = 0; i < WORKERS; i++) {
		senders[i].journal = j;
		senders[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, run_sender,
		                     &senders[i]),
		    0);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&broken), 0);
	assert_int_equal(atomic_load(&delivered), WORKERS * EVENTS);
	journal_do(j, &stats.op);
	assert_int_equal(stats.count[JOURNAL_DONE], WORKERS * EVENTS);
	assert_int_equal(stats.count[JOURNAL_WAITING], 0);
	assert_int_equal(stats.lanes, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(senders[i].accepted, EVENTS);
	journal_close(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_lost_between_four_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
