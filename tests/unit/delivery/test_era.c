/*
 * tests/unit/delivery/test_era.c - a worker whose settings are renewed: who
 * takes what comes, and when the old ones are let go of.
 *
 * Senders, pools and the journal's port are doubles; what they are told is
 * kept as a text.
 */
#include <stdio.h>

#include <event2/event.h>

#include "unit/cmocka_all.h"

#include "delivery/delivery_life.h"

struct sender {
	char name;
	bool busy, retired, stopped;
};
struct upstream_pool {
	int none;
};
struct journal_port {
	int none;
};

static struct event_base *base;
static char told[64]; /* what was freed, a letter each */
static struct sender *senders[8];
static size_t sender_count;
static void (*woken)(void *arg);
static void *woken_arg;

static void
tell(char what)
{
	size_t len = strlen(told);

	assert_true(len + 1 < sizeof(told));
	told[len] = what;
}

struct sender *
sender_new(const struct sender_setup *setup)
{
	struct sender *s = base_alloc(sizeof(*s));

	assert_non_null(setup->port);
	s->name = (char)('a' + sender_count);
	senders[sender_count++] = s;
	return s;
}

void
sender_retire(struct sender *s)
{
	s->retired = true;
}

void
sender_stop(struct sender *s)
{
	s->stopped = true;
}

bool
sender_busy(const struct sender *s)
{
	return s->busy;
}

void
sender_wake(struct sender *s)
{
	tell((char)(s->name - 'a' + 'A'));
}

void
sender_free(struct sender *s)
{
	tell(s->name);
	base_free(s);
}

struct upstream_pool *
upstream_pool_new(struct event_base *on, const struct upstream_target *t)
{
	(void)t;
	assert_ptr_equal(on, base);
	return base_alloc(sizeof(struct upstream_pool));
}

void
upstream_pool_follow(struct upstream_pool *p,
    const struct upstream_pool *before)
{
	assert_non_null(p);
	assert_non_null(before);
}

void
upstream_pool_free(struct upstream_pool *p)
{
	if (p != NULL)
		tell('p');
	base_free(p);
}

/* Nothing is traced here. */
struct trace_port *
trace_port_new(struct trace *t)
{
	assert_null(t);
	return NULL;
}

struct journal_port *
journal_port_new(struct journal *j, struct event_base *on,
    void (*on_work)(void *arg), void *arg)
{
	(void)j;
	(void)on;
	woken = on_work;
	woken_arg = arg;
	return base_alloc(sizeof(struct journal_port));
}

void
journal_port_free(struct journal_port *p)
{
	if (p != NULL)
		tell('j');
	base_free(p);
}

void
delivery_serve(void *mine, struct exchange *x)
{
	(void)mine;
	(void)x;
}

bool
delivery_wants_body(void *mine, const struct request *r, struct arena *arena)
{
	(void)mine;
	(void)r;
	(void)arena;
	return true;
}

static void
on_done(struct share *s)
{
	(void)s;
	tell('!');
}

static struct upstream_target *const targets[] = { NULL };
static const struct routes routes = { .targets = targets, .target_count = 1 };
static struct share shares[3];
static struct delivery_setup setups[3];
static struct service service;
static struct worker *w;

static int
begin(void **state)
{
	(void)state;
	base = event_base_new();
	memset(told, 0, sizeof(told));
	sender_count = 0;
	for (size_t i = 0; i < COUNT_OF(setups); i++) {
		share_init(&shares[i], on_done);
		setups[i] = (struct delivery_setup){ .routes = &routes,
			.journal = (struct journal *)&shares,
			.share = &shares[i] };
	}
	service = delivery_service(&setups[0]);
	w = service.start(service.shared, base, 0);
	assert_non_null(w);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

/* Until the worker has looked at what retired, twice. */
static void
let_it_look(void)
{
	struct timeval long_enough = { .tv_usec = 150000 };

	event_base_loopexit(base, &long_enough);
	event_base_dispatch(base);
}

/* Who made the settings lets go of them. */
static void
renew(size_t i)
{
	service.renew(w, &setups[i]);
	share_drop(&shares[i - 1]);
}

static void
stop(size_t i)
{
	service.stop(w);
	share_drop(&shares[i]);
}

static void
test_the_new_one_takes_what_comes(void **state)
{
	(void)state;
	renew(1);
	assert_true(senders[0]->retired);
	assert_false(senders[0]->stopped);
	assert_false(senders[1]->retired);
	woken(woken_arg);
	assert_string_equal(told, "B");
	stop(1);
}

static void
test_the_old_one_goes_when_nothing_is_under_way(void **state)
{
	(void)state;
	renew(1);
	assert_string_equal(told, "");
	let_it_look();
	assert_string_equal(told, "pa!");
	stop(1);
	assert_string_equal(told, "pa!pjb!");
}

static void
test_a_delivery_keeps_what_it_began_with(void **state)
{
	struct era *first = w->era;

	(void)state;
	first->deliveries++;
	renew(1);
	let_it_look();
	assert_string_equal(told, "");
	first->deliveries--;
	let_it_look();
	assert_string_equal(told, "pa!");
	stop(1);
}

static void
test_a_call_of_the_journals_keeps_it_too(void **state)
{
	(void)state;
	senders[0]->busy = true;
	renew(1);
	let_it_look();
	assert_string_equal(told, "");
	/* Renewed again meanwhile: the one between has nothing to end. */
	renew(2);
	let_it_look();
	assert_string_equal(told, "pb!");
	senders[0]->busy = false;
	let_it_look();
	assert_string_equal(told, "pb!pa!");
	stop(2);
}

static void
test_the_end_waits_for_all_of_them(void **state)
{
	(void)state;
	senders[0]->busy = true;
	renew(1);
	assert_true(service.busy(w));
	assert_true(senders[0]->stopped);
	assert_true(senders[1]->stopped);
	senders[0]->busy = false;
	assert_false(service.busy(w));
	stop(1);
}

/* Calls end while the port is there to take what becomes of them. */
static void
test_the_end_is_in_order(void **state)
{
	(void)state;
	w->era->deliveries++;
	renew(1);
	stop(1);
	assert_string_equal(told, "ppjba!!");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_the_new_one_takes_what_comes, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_the_old_one_goes_when_nothing_is_under_way, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    test_a_delivery_keeps_what_it_began_with, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_a_call_of_the_journals_keeps_it_too, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_the_end_waits_for_all_of_them, begin, end),
		cmocka_unit_test_setup_teardown(test_the_end_is_in_order, begin,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
