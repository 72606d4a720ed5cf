/*
 * tests/unit/listener/test_tls_tickets.c - keys of session tickets: how long
 * one writes, how long it reads, and that it is gone then.
 */
#include "unit/cmocka_all.h"

#include "listener/listener_tls.h"

#define AGE_US ((int64_t)TICKET_AGE_S * 1000000)
/* Since the system started; never 0. */
#define START ((int64_t)5000000)

static const struct ticket_ring fresh = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct ticket_key
current(struct ticket_ring *r, int64_t at)
{
	struct ticket_key k;

	assert_true(tickets_current(r, START + at, &k));
	return k;
}

static bool
reads(struct ticket_ring *r, int64_t at, const struct ticket_key *k)
{
	struct ticket_key found;

	if (!tickets_find(r, START + at, k->name, &found))
		return false;
	assert_memory_equal(found.cipher, k->cipher, sizeof(k->cipher));
	assert_memory_equal(found.mac, k->mac, sizeof(k->mac));
	return true;
}

static bool
same(const struct ticket_key *a, const struct ticket_key *b)
{
	return memcmp(a->name, b->name, sizeof(a->name)) == 0;
}

static void
a_key_writes_for_a_while(void **state)
{
	struct ticket_ring r = fresh;
	struct ticket_key first = current(&r, 0), k = current(&r, AGE_US - 1);

	(void)state;
	assert_true(same(&first, &k));
	k = current(&r, AGE_US);
	assert_false(same(&first, &k));
	assert_memory_not_equal(first.cipher, k.cipher, sizeof(k.cipher));
	assert_memory_not_equal(first.mac, k.mac, sizeof(k.mac));
}

static void
what_it_wrote_last_is_read_as_long(void **state)
{
	struct ticket_ring r = fresh;
	struct ticket_key first = current(&r, 0), second, third;

	(void)state;
	second = current(&r, AGE_US);
	assert_true(reads(&r, 2 * AGE_US - 1, &first));
	assert_true(reads(&r, 2 * AGE_US - 1, &second));
	assert_false(reads(&r, 2 * AGE_US, &first));
	third = current(&r, 2 * AGE_US);
	assert_true(reads(&r, 2 * AGE_US, &second));
	assert_true(reads(&r, 2 * AGE_US, &third));
}

static void
after_a_quiet_time_nothing_old_is_read(void **state)
{
	struct ticket_ring r = fresh;
	struct ticket_key first = current(&r, 0);

	(void)state;
	assert_false(reads(&r, 100 * AGE_US, &first));
	/* And a find makes no key of the old one. */
	assert_false(reads(&r, 100 * AGE_US + 1, &first));
}

/* Found by nobody, and not in memory either. */
static void
an_old_key_is_wiped(void **state)
{
	struct ticket_ring r = fresh;
	struct ticket_key first = current(&r, 0);
	const unsigned char *bytes = (const unsigned char *)&r;

	(void)state;
	(void)current(&r, AGE_US + AGE_US / 2); /* is used to 2.5 */
	assert_true(reads(&r, 2 * AGE_US - 1, &first));
	assert_false(reads(&r, 2 * AGE_US, &first));
	for (size_t i = 0; i + sizeof(first.cipher) <= sizeof(r); i++)
		assert_memory_not_equal(bytes + i, first.cipher,
		    sizeof(first.cipher));
}

static void
a_name_of_zeros_is_nobodys(void **state)
{
	struct ticket_ring r = fresh;
	struct ticket_key nobody = { .made_us = 1 };

	(void)state;
	assert_false(reads(&r, 0, &nobody));
	(void)current(&r, 0);
	assert_false(reads(&r, 1, &nobody));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_writes_for_a_while),
		cmocka_unit_test(what_it_wrote_last_is_read_as_long),
		cmocka_unit_test(after_a_quiet_time_nothing_old_is_read),
		cmocka_unit_test(an_old_key_is_wiped),
		cmocka_unit_test(a_name_of_zeros_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
