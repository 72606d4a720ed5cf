/*
 * tests/unit/listener/test_crowd.c - what workers share: counts by address,
 * and what a stranger can do to them.
 */
#include <stdio.h>

#include "listener/listener_crowd.h"
#include "unit/cmocka_all.h"

#define SECOND INT64_C(1000000)

static struct crowd *
crowd_of(int64_t connections, int64_t per_address, int64_t a_second,
    int64_t memory)
{
	struct crowd *c = crowd_new();

	crowd_limit(c,
	    &(struct listener_limits){ .connections = connections,
	        .connections_per_address = per_address,
	        .requests_per_address = a_second,
	        .memory = memory });
	return c;
}

static struct net_address
address(const char *text)
{
	struct net_address a = { { 0 } };

	assert_true(net_parse(str_of(text), &a));
	return a;
}

static struct net_address
numbered(unsigned n)
{
	char text[40];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", 11 + (n >> 24),
	    n >> 16 & 255, n >> 8 & 255, n & 255);
	return address(text);
}

static void
an_address_has_so_many_connections(void **state)
{
	struct crowd *c = crowd_of(100, 3, 0, 1 << 20);
	struct net_address a = address("192.0.2.7"), b = address("192.0.2.8");

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(crowd_enter(c, &a));
	for (int i = 0; i < 5; i++)
		assert_false(crowd_enter(c, &a)); /* and is not counted */
	assert_true(crowd_enter(c, &b));
	crowd_leave(c, &a);
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &a));
	crowd_free(c);
}

/* One customer has a /64: all of it is one. */
static void
ipv6_is_counted_by_network(void **state)
{
	struct crowd *c = crowd_of(100, 1, 0, 1 << 20);
	struct net_address a = address("2001:db8:0:1::7"),
	                   same = address("2001:db8:0:1:ffff::8"),
	                   other = address("2001:db8:0:2::7");

	(void)state;
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &same));
	assert_true(crowd_enter(c, &other));
	crowd_free(c);
}

/* A /48 is 65,536 of them: it may take what sixteen may. */
static void
ipv6_is_counted_by_site_too(void **state)
{
	struct crowd *c = crowd_of(100, 2, 0, 1 << 20);
	struct net_address other = address("2001:db8:8::7");
	unsigned entered = 0;

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		struct net_address a = address("2001:db8:7::1");

		a.bytes[7] = (unsigned char)n;
		entered += crowd_enter(c, &a);
		assert_int_equal(crowd_entered(c, &a), entered);
	}
	assert_int_equal(entered, 2 * CROWD_SITE);
	assert_true(crowd_enter(c, &other));
	assert_int_equal(crowd_entered(c, &other), 1);
	crowd_free(c);
}

/*
 * With one request a second of an address, whoever has a /48 could be at the
 * limit in all places there are, and keep out everybody else.
 */
static void
a_site_takes_nothing_from_others(void **state)
{
	struct crowd *c = crowd_of(1 << 20, 0, 1, 1 << 20);
	int64_t now = 1000 * SECOND;
	unsigned let_in = 0, refused = 0;

	(void)state;
	for (unsigned n = 0; n < 65536; n++) {
		struct net_address a = address("2001:db8:7::1");

		a.bytes[6] = (unsigned char)(n >> 8);
		a.bytes[7] = (unsigned char)n;
		let_in += crowd_wait(c, &a, now) == 0;
	}
	for (unsigned n = 0; n < 1000; n++) {
		struct net_address a = numbered(n), b = address("2001:db8::1");

		b.bytes[4] = (unsigned char)(n >> 8);
		b.bytes[5] = (unsigned char)n;
		b.bytes[3]++;
		refused += crowd_wait(c, &a, now) > 0;
		refused += crowd_wait(c, &b, now) > 0;
	}
	assert_int_equal(let_in, CROWD_SITE);
	if (refused > 60) /* of 2000, who meet each other */
		fail_msg("%u refused", refused);
	crowd_free(c);
}

/* Changed while they are open: what is counted fits at any time. */
static void
limits_change_under_open_connections(void **state)
{
	struct crowd *c = crowd_of(100, 0, 0, 1 << 20);
	struct net_address a = address("192.0.2.7");
	struct listener_limits two = { .connections = 100,
		.connections_per_address = 2,
		.memory = 1 << 20 };

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(crowd_enter(c, &a));
	crowd_limit(c, &two);
	assert_false(crowd_enter(c, &a));
	for (int i = 0; i < 4; i++)
		crowd_leave(c, &a);
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &a));
	crowd_free(c);
}

static void
an_address_has_so_many_requests(void **state)
{
	struct crowd *c = crowd_of(100, 0, 5, 1 << 20);
	struct net_address a = address("192.0.2.7"), b = address("192.0.2.8");
	int64_t now = 1000 * SECOND, wait;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(crowd_wait(c, &a, now), 0);
	wait = crowd_wait(c, &a, now);
	assert_int_equal(wait, SECOND / 5);
	/* What was refused does not count: the wait is no longer. */
	assert_int_equal(crowd_wait(c, &a, now), wait);
	assert_int_equal(crowd_wait(c, &b, now), 0);
	assert_int_equal(crowd_wait(c, &a, now + wait), 0);
	crowd_free(c);
}

/*
 * A thousand addresses, each at its limit all the time, do not spend what
 * ten thousand others have. With one row of places, one in eight would be
 * refused; a table that is too small, or a bad hash, shows here too.
 */
static void
a_crowd_takes_nothing_from_others(void **state)
{
	struct crowd *c = crowd_of(1 << 20, 2, 2, 1 << 20);
	int64_t now = 1000 * SECOND;
	unsigned refused = 0, kept_out = 0;

	(void)state;
	for (unsigned n = 0; n < 1000; n++) {
		struct net_address a = numbered(n);

		for (int i = 0; i < 5; i++) {
			(void)!crowd_wait(c, &a, now);
			(void)!crowd_enter(c, &a);
		}
	}
	for (unsigned n = 1000000; n < 1010000; n++) {
		struct net_address a = numbered(n);

		refused += crowd_wait(c, &a, now) > 0;
		if (crowd_enter(c, &a))
			crowd_leave(c, &a);
		else
			kept_out++;
	}
	/* 1.4 % and more at the very end, as the good ones fill places, too. */
	if (kept_out > 300 || refused > 3000)
		fail_msg("%u refused, %u kept out", refused, kept_out);
	crowd_free(c);
}

/* Places cannot be foreseen: another crowd has others. */
static void
no_two_crowds_hash_alike(void **state)
{
	unsigned alike = 0;

	(void)state;
	for (unsigned n = 1; n < 40000; n++) {
		static struct crowd *one, *two;
		struct net_address a = numbered(0), b = numbered(n);

		if (one == NULL) {
			one = crowd_of(100, 1, 0, 1 << 20);
			two = crowd_of(100, 1, 0, 1 << 20);
			assert_true(crowd_enter(one, &a));
			assert_true(crowd_enter(two, &a));
		}
		if (crowd_enter(one, &b)) {
			crowd_leave(one, &b);
			continue;
		}
		if (crowd_enter(two, &b))
			crowd_leave(two, &b);
		else
			alike++;
		if (n == 39999) {
			crowd_free(one);
			crowd_free(two);
		}
	}
	assert_int_equal(alike, 0);
}

static void
memory_is_kept_for_those_who_come_last(void **state)
{
	struct crowd *c = crowd_of(100, 0, 0, 4 << 20);

	(void)state;
	crowd_hold(c, 3 << 20);
	assert_false(crowd_is_nearly_full(c));
	crowd_hold(c, 1);
	assert_true(crowd_is_nearly_full(c));
	assert_false(crowd_is_full(c));
	crowd_hold(c, 1 << 20);
	assert_true(crowd_is_full(c));
	crowd_hold(c, -(2 << 20));
	assert_false(crowd_is_full(c));
	assert_false(crowd_is_nearly_full(c));
	crowd_free(c);
}

static void
room_is_for_so_many(void **state)
{
	struct crowd *c = crowd_of(2, 0, 0, 1 << 20);

	(void)state;
	assert_true(crowd_has_room(c));
	crowd_count(c, 1);
	crowd_count(c, 1);
	assert_false(crowd_has_room(c));
	crowd_count(c, -1);
	assert_true(crowd_has_room(c));
	crowd_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_so_many_connections),
		cmocka_unit_test(ipv6_is_counted_by_network),
		cmocka_unit_test(ipv6_is_counted_by_site_too),
		cmocka_unit_test(a_site_takes_nothing_from_others),
		cmocka_unit_test(limits_change_under_open_connections),
		cmocka_unit_test(an_address_has_so_many_requests),
		cmocka_unit_test(a_crowd_takes_nothing_from_others),
		cmocka_unit_test(no_two_crowds_hash_alike),
		cmocka_unit_test(memory_is_kept_for_those_who_come_last),
		cmocka_unit_test(room_is_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
