/*
 * tests/unit/delivery/test_tell.c - who asks what became of a delivery, and
 * how many may at a time. The journal is a double of ours.
 */
#include "unit/cmocka_all.h"

#include "delivery/delivery_life.h"

#define ID "019ac000-0000-7000-8000-000000000000"
#define MOST 8
#define ASKED (MOST + 2)

static struct journal_op *ops[ASKED];
static size_t op_count;

void
journal_submit(struct journal_port *p, struct journal_op *op)
{
	(void)p;
	assert_int_equal(op->verb, JOURNAL_SHOW);
	assert_true(op_count < ASKED);
	ops[op_count++] = op;
}

/* One who asks, and what he is told. */
struct peer {
	struct exchange exchange; /* first: reply is given this */
	int status;               /* 0: nothing yet */
};

static void
reply(struct exchange *x, const struct answer *a)
{
	struct peer *peer = (struct peer *)x;

	assert_int_equal(peer->status, 0);
	peer->status = a->status;
}

static bool
ask(struct worker *w, struct peer *peer, const char *method, const char *path)
{
	peer->exchange = (struct exchange){ .arena = arena_new(65536),
		.reply = reply,
		.request = { .method = str_of(method), .path = str_of(path) } };
	peer->status = 0;
	return delivery_tell_state(w, &peer->exchange);
}

static void
end(size_t op, enum journal_result result)
{
	ops[op]->result = result;
	ops[op]->done(ops[op]);
}

static void
so_many_questions_are_looked_up_at_a_time(void **state)
{
	struct worker w = { 0 };
	struct peer peers[ASKED];
	size_t n = 0;

	(void)state;
	op_count = 0;
	for (; n < MOST; n++) {
		assert_true(ask(&w, &peers[n], "GET", "/deliveries/" ID));
		assert_int_equal(peers[n].status, 0);
	}
	assert_true(ask(&w, &peers[n], "GET", "/deliveries/" ID));
	assert_int_equal(peers[n++].status, 503);
	assert_int_equal(op_count, MOST);
	/* One that is told makes room for another; so does a failure. */
	end(0, JOURNAL_NOT_FOUND);
	assert_int_equal(peers[0].status, 404);
	assert_true(ask(&w, &peers[n], "GET", "/deliveries/" ID));
	assert_int_equal(peers[n].status, 0);
	for (size_t i = 1; i < op_count; i++)
		end(i, i % 2 != 0 ? JOURNAL_UNAVAILABLE : JOURNAL_OK);
	assert_int_equal(peers[1].status, 503);
	assert_int_equal(peers[2].status, 200);
	assert_int_equal(w.asked, 0);
	for (size_t i = 0; i < ASKED; i++)
		arena_free(peers[i].exchange.arena);
}

static void
other_requests_are_no_question(void **state)
{
	static const struct {
		const char *method, *path;
	} others[] = {
		{ "POST", "/deliveries/" ID },
		{ "GET", "/deliveries/" },
		{ "GET", "/deliveries/nonsense" },
		{ "GET", "/deliveries/" ID "0" },
		{ "GET", "/deliveries/019ac000-0000-7000-8000+000000000000" },
		{ "GET", "/deliverie/" ID },
	};
	struct worker w = { 0 };
	struct peer peer;

	(void)state;
	op_count = 0;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_false(ask(&w, &peer, others[i].method, others[i].path));
		assert_int_equal(peer.status, 0);
		arena_free(peer.exchange.arena);
	}
	assert_int_equal(op_count, 0);
	assert_int_equal(w.asked, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_questions_are_looked_up_at_a_time),
		cmocka_unit_test(other_requests_are_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
