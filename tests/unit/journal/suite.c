/* tests/unit/journal/suite.c - the suite's tools, and its list of cases. */
#include <time.h>

#include "unit/journal/suite.h"

#define CASES_MOST 100

static const struct suite_backend *suite_with;

void
world_open(struct world *w, const struct suite_backend *b)
{
	memset(w, 0, sizeof(*w));
	w->with = b;
	w->url = b->fresh();
	w->settings = (struct journal_settings){ .url = w->url,
		.keep_done = HOUR,
		.keep_bodies = HOUR,
		.keep_keys = HOUR,
		.keep_refused = 100,
		.ceiling = 1000000 };
	w->arena = arena_new(16 << 20);
	world_reopen(w);
}

void
world_shut(struct world *w)
{
	if (w->store != NULL)
		w->with->backend->close(w->store);
	w->store = NULL;
}

void
world_reopen(struct world *w)
{
	struct fault why = { 0 };

	world_shut(w);
	w->store = w->with->backend->open(w->url, &w->settings, &why);
	if (w->store == NULL)
		fail_msg("open: %s: %s", why.where, why.text);
}

void
world_close(struct world *w)
{
	world_shut(w);
	if (w->with->gone != NULL)
		w->with->gone(w->url);
	base_free(w->url);
	arena_free(w->arena);
}

int
suite_setup(void **state, const struct suite_backend *b)
{
	struct world *w = base_alloc(sizeof(*w));

	world_open(w, b);
	*state = w;
	return 0;
}

int
suite_teardown(void **state)
{
	world_close(*state);
	base_free(*state);
	return 0;
}

void
apply(struct world *w, struct journal_op *const *ops, size_t count)
{
	struct fault why = { 0 };

	if (w->with->backend->apply(w->store, ops, count, &why) == -1)
		fail_msg("apply: %s: %s", why.where, why.text);
}

enum journal_result
apply_one(struct world *w, struct journal_op *op)
{
	apply(w, &op, 1);
	return op->result;
}

const char *
id_of(unsigned number)
{
	static char ids[8][JOURNAL_ID_SIZE];
	static unsigned turn;
	char *id = ids[turn++ % COUNT_OF(ids)];

	snprintf(id, JOURNAL_ID_SIZE, "01930000-0000-7000-8000-%012x", number);
	return id;
}

void
assert_id(const char *got, unsigned number)
{
	assert_string_equal(got, id_of(number));
}

static const char *
or_else(const char *text, const char *usual)
{
	return text != NULL ? text : usual;
}

void
put_fill(struct journal_accept *a, struct journal_update *u,
    const struct put *p)
{
	const char *bytes = or_else(p->bytes, "the event");

	*u = (struct journal_update){ .target = str_of(
		                          or_else(p->target, "api")),
		.lead = str_of(or_else(p->lead, "lead")),
		.body = str_of(or_else(p->body, "{\"status\":\"new\"}")),
		.refused = str_of(p->refused) };
	*a = (struct journal_accept){ .op = { .verb = JOURNAL_ACCEPT },
		.route = str_of(or_else(p->route, "/hooks/a")),
		.received_ms = clock_wall_ms() - p->age_ms,
		.event = str_of(bytes),
		.verdict = STR("hmac"),
		.flags = p->flags,
		.updates = u,
		.update_count = 1,
		.lease = p->lease,
		.lease_ms = p->lease_ms };
	memcpy(a->id, id_of(p->number), sizeof(a->id));
	/* What the front makes of keys and bodies is 16 bytes of a hash. */
	snprintf((char *)a->digest, sizeof(a->digest), "%s", bytes);
	if (p->key != NULL)
		a->key = (struct str){ p->key, JOURNAL_HASH };
}

enum journal_result
put(struct world *w, struct put p)
{
	struct journal_update u;
	char key[JOURNAL_HASH + 1] = "";

	if (p.key != NULL) {
		snprintf(key, sizeof(key), "%s", p.key);
		p.key = key;
	}
	put_fill(&w->accept, &u, &p);
	w->accept.leases = w->leases;
	return apply_one(w, &w->accept.op);
}

size_t
claim_with(struct world *w, struct journal_claim how)
{
	arena_reset(w->arena);
	w->claim = how;
	w->claim.op.verb = JOURNAL_CLAIM;
	if (how.target.at == NULL)
		w->claim.target = STR("api");
	if (how.arena == NULL)
		w->claim.arena = w->arena;
	assert_int_equal(apply_one(w, &w->claim.op), JOURNAL_OK);
	return w->claim.count;
}

size_t
claim_most(struct world *w, size_t most)
{
	return claim_with(w,
	    (struct journal_claim){ .most = most,
	        .again = most,
	        .lease_ms = HOUR });
}

struct journal_item *
claim_one(struct world *w)
{
	assert_int_equal(claim_most(w, 10), 1);
	return &w->claim.items[0];
}

enum journal_result
settle_with(struct world *w, const struct journal_item *item,
    struct journal_settle how)
{
	w->settle = how;
	w->settle.op.verb = JOURNAL_SETTLE;
	w->settle.lease = item->lease;
	if (how.target.at == NULL)
		w->settle.target = STR("api");
	return apply_one(w, &w->settle.op);
}

enum journal_result
settle_to(struct world *w, const struct journal_item *item,
    enum journal_state to)
{
	return settle_with(w, item, (struct journal_settle){ .to = to });
}

void
claim_and_settle(struct world *w, enum journal_state to)
{
	assert_int_equal(settle_to(w, claim_one(w), to), JOURNAL_OK);
}

bool
is_there(struct world *w, unsigned number)
{
	w->show = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = w->arena };
	memcpy(w->show.id, id_of(number), sizeof(w->show.id));
	return apply_one(w, &w->show.op) == JOURNAL_OK;
}

const struct journal_row *
row_of(struct world *w, unsigned number)
{
	assert_true(is_there(w, number));
	assert_true(w->show.count > 0);
	return &w->show.rows[0];
}

size_t
list_with(struct world *w, struct journal_list how)
{
	w->list = how;
	w->list.op.verb = JOURNAL_LIST;
	if (how.arena == NULL)
		w->list.arena = w->arena;
	if (how.most == 0)
		w->list.most = 100;
	assert_int_equal(apply_one(w, &w->list.op), JOURNAL_OK);
	return w->list.count;
}

void
get_stats(struct world *w, struct journal_stats *stats)
{
	*stats = (struct journal_stats){ .op = { .verb = JOURNAL_STATS } };
	assert_int_equal(apply_one(w, &stats->op), JOURNAL_OK);
}

int64_t
live_of(const struct journal_stats *stats, const char *target)
{
	int64_t count = 0;

	for (size_t i = 0; i < stats->live_count; i++)
		if (strcmp(stats->live[i].target, target) == 0)
			count += stats->live[i].count;
	return count;
}

void
next_tick(void)
{
	int64_t start = clock_mono_us();
	struct timespec nap = { 0, 500000 };

	while (clock_mono_us() - start < 2000)
		nanosleep(&nap, NULL);
}

static int
setup(void **state)
{
	return suite_setup(state, suite_with);
}

int
suite_run(const char *name, const struct suite_backend *b)
{
	static const struct CMUnitTest *const lists[] = { suite_accept,
		suite_lanes, suite_coalesce, suite_person, suite_stranded,
		suite_keep, suite_random, suite_durable };
	size_t list_count = COUNT_OF(lists) - !b->durable;
	struct CMUnitTest tests[CASES_MOST];
	size_t count = 0;

	suite_with = b;
	for (size_t i = 0; i < list_count; i++)
		for (const struct CMUnitTest *t = lists[i]; t->name != NULL;
		     t++) {
			if (count == CASES_MOST)
				bug("more cases than the suite has room for");
			tests[count] = *t;
			tests[count].setup_func = setup;
			tests[count++].teardown_func = suite_teardown;
		}
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
