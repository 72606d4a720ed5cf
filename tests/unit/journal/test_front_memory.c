/*
 * tests/unit/journal/test_front_memory.c - the front without memory.
 *
 * What it does on a worker's thread it does again and again, and each time
 * another of its allocations, or of OpenSSL's for it, fails: an op is done, or
 * refused as one that may come again, and what the caller gave is the caller's
 * own again. The pool is a double of ours, that can be empty.
 */
#include <limits.h>

#include <openssl/crypto.h>

#include "unit/journal/double.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define RUNS_MOST 1000

/* The journal's thread, and what it does for the store, is not asked. */
static _Thread_local unsigned taken, fails; /* at the n-th; 0: at none */
static unsigned refused; /* OpenSSL can do without some of what it asks for */

static bool
is_there_more(void)
{
	return ++taken != fails;
}

void *
pool_malloc(size_t size)
{
	return is_there_more() ? malloc(size) : NULL;
}

void *
pool_realloc(void *p, size_t size)
{
	return is_there_more() ? realloc(p, size) : NULL;
}

void
pool_free(void *p)
{
	free(p);
}

size_t
pool_kept(void)
{
	return 0;
}

static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return pool_malloc(size);
}

static void *
openssl_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return pool_realloc(p, size);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void
do_with(struct journal *j, struct journal_op *op, unsigned n)
{
	taken = 0;
	fails = n;
	journal_do(j, op);
	fails = 0;
	if (op->result == JOURNAL_UNAVAILABLE)
		assert_int_equal(op->fault.code, FAULT_BUSY);
	else
		assert_int_equal(op->result, JOURNAL_OK);
}

static void
show(struct journal *j, struct journal_show *s, const char *id, unsigned n)
{
	struct arena *arena = s->arena;

	arena_reset(arena);
	*s = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = arena };
	memcpy(s->id, id, sizeof(s->id));
	do_with(j, &s->op, n);
	assert_int_equal(s->count, 1);
}

/* Whether the n-th was asked for. */
typedef bool story(struct journal *j, struct journal_show *s, unsigned n);

static bool
accept_one(struct journal *j, struct journal_show *s, unsigned n)
{
	struct event_in *e = event_in(n, "ann"), before;
	char key[16];
	bool asked;

	snprintf(key, sizeof(key), "key %u", n);
	e->a.key = str_of(key);
	before = *e;
	do_with(j, &e->a.op, n);
	asked = taken >= n;
	assert_true(asked || e->a.op.result == JOURNAL_OK);
	assert_ptr_equal(e->a.key.at, before.a.key.at);
	assert_ptr_equal(e->a.event.at, before.a.event.at);
	assert_ptr_equal(e->a.updates, before.a.updates);
	assert_ptr_equal(e->u.body.at, before.u.body.at);
	/* Refused, it was not stored, nor its key: it may come again. */
	if (e->a.op.result != JOURNAL_OK) {
		refused++;
		do_with(j, &e->a.op, 0);
	}
	assert_int_equal(e->a.op.result, JOURNAL_OK);
	show(j, s, e->a.id, 0);
	assert_str(s->rows[0].event, "the secret event");
	base_free(e);
	return asked;
}

static bool
revive_one(struct journal *j, struct journal_show *s, unsigned n)
{
	struct event_in *e = event_in(n, "ann");
	struct journal_update u = { STR("api"), STR("ben"), STR("{\"b\":2}"),
		STR_NONE };
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE },
		.updates = &u,
		.update_count = 1 };
	bool asked;

	e->u.refused = STR("no");
	memcpy(r.id, e->a.id, sizeof(r.id));
	do_with(j, &e->a.op, 0);
	do_with(j, &r.op, n);
	asked = taken >= n;
	assert_true(asked || r.op.result == JOURNAL_OK);
	refused += r.op.result != JOURNAL_OK;
	assert_ptr_equal(r.updates, &u);
	show(j, s, e->a.id, 0);
	assert_int_equal(s->rows[0].state,
	    r.op.result == JOURNAL_OK ? JOURNAL_WAITING : JOURNAL_REFUSED);
	base_free(e);
	return asked;
}

static bool
is_opened(struct str got, const char *text, const struct fault *why)
{
	if (got.at != NULL) {
		assert_str(got, text);
		return true;
	}
	assert_int_equal(why->code, FAULT_BUSY);
	return false;
}

/* What cannot be opened for now is not taken for what never can be. */
static bool
open_one(struct journal *j, struct journal_show *s, unsigned n)
{
	struct event_in *e = event_in(n, "ann");
	bool asked, opened;

	do_with(j, &e->a.op, 0);
	show(j, s, e->a.id, n);
	asked = taken >= n;
	opened = is_opened(s->rows[0].event, "the secret event", &s->op.fault);
	opened &= is_opened(s->rows[0].body, e->u.body.at, &s->op.fault);
	assert_true(asked || opened);
	refused += !opened;
	show(j, s, e->a.id, 0);
	assert_str(s->rows[0].body, e->u.body.at);
	base_free(e);
	return asked;
}

static void
test_whatever_is_not_there_nothing_is_lost(void **state)
{
	static story *const stories[] = { accept_one, revive_one, open_one };
	struct journal_show s = { .arena = arena_new(1 << 20) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		struct journal *j = double_open((struct journal_settings){ 0 },
		    KEY);
		unsigned n = 1;

		/* What OpenSSL looks up once it has; see what is left. */
		(void)stories[i](j, &s, UINT_MAX);
		refused = 0;
		while (stories[i](j, &s, n) && n < RUNS_MOST)
			n++;
		assert_in_range(n, 4, RUNS_MOST - 1);
		assert_in_range(refused, 1, n);
		assert_false(seen.bare);
		journal_close(j);
	}
	arena_free(s.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whatever_is_not_there_nothing_is_lost),
	};

	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
	        openssl_free) != 1)
		return 1;
	return cmocka_run_group_tests_name("journal.front_memory", tests, NULL,
	    NULL);
}
