/*
 * journal/journal_postgres.c - a group: once, again, or what became of it.
 *
 * Every group has a token, larger than those before it, that is stored by its
 * own transaction (sign()). Where the connection is lost before the answer is
 * there, a new one is asked for the token: it is there, and the group was
 * committed; or it is not, the group is over (start() waits for it), and is
 * done again. Where that cannot be found out in time, nothing is promised.
 */
#include <time.h>

#include "journal/journal_copy.h"
#include "journal/journal_postgres.h"

static const struct pg_verb *const verbs[JOURNAL_VERBS] = {
	[JOURNAL_ACCEPT] = &pg_accept,
	[JOURNAL_CLAIM] = &pg_claim,
	[JOURNAL_SETTLE] = &pg_settle,
	[JOURNAL_LIST] = &pg_list,
	[JOURNAL_SHOW] = &pg_show,
	[JOURNAL_REVIVE] = &pg_revive,
	[JOURNAL_DROP] = &pg_drop,
	[JOURNAL_FORGET] = &pg_forget,
	[JOURNAL_PRUNE] = &pg_prune,
	[JOURNAL_STATS] = &pg_stats,
};

/* Ops next to each other that one statement does. */
static size_t
run_length(struct journal_op *const *ops, size_t count)
{
	size_t n = 1;

	while (verbs[ops[0]->verb]->run && n < count &&
	    ops[n]->verb == ops[0]->verb)
		n++;
	return n;
}

static void
each_lane(struct pg_params *p, const struct journal_op *op, bool lead)
{
	const struct journal_accept *a = (const void *)op;
	const struct journal_settle *s = (const void *)op;

	if (op->verb == JOURNAL_SETTLE)
		pg_each_text(p, lead ? str_of(s->lease.lead) : s->target);
	if (op->verb != JOURNAL_ACCEPT)
		return;
	for (size_t i = 0; i < a->update_count; i++)
		pg_each_text(p,
		    lead ? a->updates[i].lead : a->updates[i].target);
}

static size_t
count_lanes(struct journal_op *const *ops, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct journal_accept *a = (const void *)ops[i];

		if (ops[i]->verb == JOURNAL_SETTLE)
			n++;
		if (ops[i]->verb == JOURNAL_ACCEPT)
			n += a->update_count;
	}
	return n;
}

/* Who locks in one order never waits in a circle. */
static int
send_locks(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	pg_clear(&s->params);
	for (int lead = 0; lead < 2; lead++) {
		pg_add_array(&s->params, PG_TEXT, count_lanes(ops, count));
		for (size_t i = 0; i < count; i++)
			each_lane(&s->params, ops[i], lead == 1);
	}
	return pg_send(s, "SELECT leadbridge.lock_lanes($1, $2)");
}

static int
send_lost(struct pg_store *s)
{
	pg_clear(&s->params);
	pg_add_int8(&s->params, s->lost_first);
	pg_add_int8(&s->params, s->lost_last);
	return pg_send(s, "SELECT leadbridge.give_back_groups($1, $2)");
}

static size_t
count_runs(struct journal_op *const *ops, size_t count)
{
	size_t runs = 0;

	for (size_t i = 0; i < count; i += run_length(ops + i, count - i))
		runs++;
	return runs;
}

/* What comes before the runs, and how many statements that is; -1: broken. */
static int
send_before(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	bool locks = count > 1 &&
	    (ops[0]->verb == JOURNAL_SETTLE || count_runs(ops, count) > 1);

	if (pg_begin(s) == -1 || (s->lost_first != 0 && send_lost(s) == -1) ||
	    (locks && send_locks(s, ops, count) == -1))
		return -1;
	return (s->lost_first != 0) + locks;
}

/* -1: broken; else as send_before(). */
static int
send_group(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	int before = send_before(s, ops, count);
	size_t n;

	for (size_t i = 0; before != -1 && i < count; i += n) {
		n = run_length(ops + i, count - i);
		pg_clear(&s->params);
		if (verbs[ops[i]->verb]->send(s, ops + i, n) == -1)
			before = -1;
	}
	return before;
}

static void
read_group(struct pg_store *s, struct journal_op *const *ops, size_t count,
    PGresult *const *results)
{
	size_t n;

	for (size_t i = 0; i < count; i += n) {
		n = run_length(ops + i, count - i);
		for (size_t k = i; k < i + n; k++)
			ops[k]->result = JOURNAL_OK;
		verbs[ops[i]->verb]->read(s, ops + i, n, *results++);
	}
}

static enum pg_outcome
run_group(struct pg_store *s, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	PGresult *results[2 + JOURNAL_GROUP];
	enum pg_outcome outcome;
	size_t result_count;
	int before;

	if (pg_connect(s, why) == -1)
		return PG_REFUSED;
	s->token++;
	before = send_group(s, ops, count);
	if (before == -1) {
		fault_set(why, FAULT_BUSY, "journal",
		    "the database's connection broke");
		pg_disconnect(s);
		return PG_LOST;
	}
	result_count = (size_t)before + count_runs(ops, count);
	outcome = pg_commit(s, results, result_count, why);
	if (outcome != PG_DONE)
		return outcome;
	s->lost_first = s->lost_last = 0;
	read_group(s, ops, count, results + before);
	for (size_t i = 0; i < result_count; i++)
		PQclear(results[i]);
	return PG_DONE;
}

/*
 * Leases that were made and did not fit in the claim's arena. If this fails,
 * too, they end by themselves.
 */
static void
give_back_unfit(struct pg_store *s)
{
	struct fault unused = { 0 };
	PGresult *r;

	if (s->unfit_count == 0 || s->conn == NULL)
		return;
	s->token++;
	if (pg_begin(s) == 0) {
		pg_clear(&s->params);
		pg_add_array(&s->params, PG_INT8, s->unfit_count);
		for (size_t i = 0; i < s->unfit_count; i++)
			pg_each_int8(&s->params, (int64_t)s->unfit[i]);
		if (pg_send(s, "SELECT leadbridge.give_back($1)") == 0) {
			if (pg_commit(s, &r, 1, &unused) == PG_DONE)
				PQclear(r);
		} else
			pg_disconnect(s);
	}
	s->unfit_count = 0;
}

/* Whether the group with this token was committed: 1, 0; -1: no answer. */
static int
ask_token(struct pg_store *s, int64_t token, struct fault *why)
{
	PGresult *r = NULL;
	int committed = -1;

	s->token++;
	if (pg_begin(s) == 0) {
		pg_clear(&s->params);
		pg_add_int8(&s->params, s->owner);
		if (pg_send(s,
		        "SELECT token FROM leadbridge.node"
		        " WHERE owner = $1") == 0 &&
		    pg_commit(s, &r, 1, why) == PG_DONE)
			committed = PQntuples(r) > 0 &&
			    pg_int(r, 0, 0) == token;
	}
	PQclear(r);
	if (committed == -1 && s->conn != NULL)
		pg_disconnect(s);
	return committed;
}

static void
pause_until(int64_t until_us)
{
	int64_t left = until_us - clock_mono_us();
	struct timespec nap = { left / 1000000, left % 1000000 * 1000 };

	if (left > 0)
		nanosleep(&nap, NULL);
}

static int
resolve(struct pg_store *s, int64_t token, struct fault *why)
{
	int64_t until_us = clock_mono_us() + s->resolve_ms * 1000;
	int committed = -1;

	do {
		struct fault latest = { 0 };

		pause_until(s->connect_us);
		if (pg_connect(s, &latest) == 0)
			committed = ask_token(s, token, &latest);
		if (latest.code != FAULT_NONE)
			*why = latest;
	} while (committed == -1 && clock_mono_us() < until_us);
	return committed;
}

static void
note_lost(struct pg_store *s, int64_t token)
{
	if (s->lost_first == 0)
		s->lost_first = token;
	s->lost_last = token;
}

/*
 * Whether its fence still counted cannot be told any more, and makes no
 * difference to who asks: the attempt is over, and is not to be told again.
 * Where another had the lane, nothing was changed, and that one goes on.
 */
static void
answer_settle(struct journal_op *op)
{
	struct journal_settle *how = (void *)op;

	op->result = JOURNAL_OK;
	how->next_ms = 0;
}

/* The leases are given back by the next group. */
static void
answer_claim(struct journal_op *op)
{
	struct journal_claim *c = (void *)op;

	op->result = JOURNAL_OK;
	c->items = NULL;
	c->count = 0;
	c->next_ms = 0;
}

static void
answer_prune(struct journal_op *op)
{
	struct journal_prune *p = (void *)op;

	op->result = JOURNAL_OK;
	p->pruned = 0;
}

static void
answer_unknown(struct journal_op *op)
{
	op->result = JOURNAL_UNAVAILABLE;
	fault_set(&op->fault, FAULT_BUSY, "journal",
	    "it was done, but the connection broke before the database told "
	    "how; look before you ask again");
}

/* Of a group that was committed and never answered; NULL: ask once more. */
static void (*const answers[JOURNAL_VERBS])(struct journal_op *op) = {
	[JOURNAL_CLAIM] = answer_claim,
	[JOURNAL_SETTLE] = answer_settle,
	[JOURNAL_REVIVE] = answer_unknown,
	[JOURNAL_DROP] = answer_unknown,
	[JOURNAL_FORGET] = answer_unknown,
	[JOURNAL_PRUNE] = answer_prune,
};

static int do_group(struct pg_store *s, struct journal_op *const *ops,
    size_t count, struct fault *why);

static bool
is_answered(struct journal_op *op)
{
	struct journal_accept *a = (void *)op;

	if (answers[op->verb] != NULL) {
		answers[op->verb](op);
		return true;
	}
	/* Without a key it was stored, and may be done and gone by now: asked
	 * again it would be stored again. */
	if (op->verb != JOURNAL_ACCEPT || a->key.at != NULL)
		return false;
	op->result = JOURNAL_OK;
	if (a->lease)
		memset(a->leases, 0, a->update_count * sizeof(a->leases[0]));
	return true;
}

/*
 * Accepts that are stored are found by their keys, and tell the rest. What
 * they leased is given back: nobody is going to send it now.
 */
static int
answer_group(struct pg_store *s, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	struct journal_op *asked[JOURNAL_GROUP];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_answered(ops[i]))
			asked[n++] = ops[i];
	return n > 0 ? do_group(s, asked, n, why) : 0;
}

static int
do_group(struct pg_store *s, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	int64_t until_us = clock_mono_us() + s->group_ms * 1000;
	int committed;

	do {
		struct fault latest = { 0 };
		enum pg_outcome outcome = run_group(s, ops, count, &latest);

		if (outcome == PG_DONE)
			return 0;
		committed = 0;
		if (outcome == PG_LOST) {
			note_lost(s, s->token);
			committed = resolve(s, s->token, &latest);
		}
		if (committed == 1)
			return answer_group(s, ops, count, why);
		if (outcome == PG_REFUSED || committed == -1 ||
		    clock_mono_us() >= until_us) {
			*why = latest;
			return -1;
		}
	} while (true);
}

/* Groups, before the versions of one row are too many. */
#define OWNER_GROUPS 256

static int
apply(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	struct pg_store *s = store;
	int rc;

	if (s->owner_groups++ >= OWNER_GROUPS && s->lost_first == 0)
		pg_new_owner(s);
	rc = do_group(s, ops, count, why);
	give_back_unfit(s);
	return rc;
}

static void
close_store(void *store)
{
	struct pg_store *s = store;

	pg_disconnect(s);
	pg_params_done(&s->params);
	pg_marks_done(s);
	base_free(s->unfit);
	base_free(s->url);
	base_free(s);
}

const struct journal_backend journal_postgres = {
	.scheme = "postgresql://",
	.shared = true,
	.open = pg_open,
	.close = close_store,
	.apply = apply,
	.copy = &journal_postgres_copier,
};
