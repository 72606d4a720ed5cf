/*
 * tests/unit/journal/suite_random.c - the same story, told to two stores.
 *
 * Some hundred random ops go to the backend under test and to the memory
 * backend; after each, both have to hold the same. Fences, orders and times
 * are each store's own: compared is what they lead to. All lanes that are due
 * are claimed at once, so that it does not matter which comes first.
 */
#include "unit/journal/suite.h"

#define STEPS 600
#define NUMBERS 30
#define HELD_MOST 16
#define FOLLOWERS_MOST 3

/* A lane that was handed out, in both stores. */
struct held {
	struct journal_item head[2];
	uint64_t along[2][FOLLOWERS_MOST + 1];
	size_t along_count;
};

struct twins {
	struct world *w[2];
	struct held held[HELD_MOST];
	size_t held_count;
	uint64_t dice;
	int seed, step;
	unsigned strikes; /* the most of any item */
};

/* xorshift: the same story for the same seed, everywhere. */
static unsigned
roll(struct twins *t, unsigned sides)
{
	t->dice ^= t->dice << 13;
	t->dice ^= t->dice >> 7;
	t->dice ^= t->dice << 17;
	return (unsigned)(t->dice >> 33) % sides;
}

static void
must(const struct twins *t, bool same, const char *what)
{
	if (!same)
		fail_msg("seed %d, step %d: %s differs", t->seed, t->step,
		    what);
}

static int
class_of(int64_t ms)
{
	return ms > HOUR / 2 ? 2 : ms > 0 ? 1 : (int)ms;
}

static const char *const leads[] = { "ann", "ben", "cid", "dov" };
static const char *const keys[] = { NULL, NULL, "k1", "k2", "k3", "k4" };
static const char *const texts[] = { "one", "two" };
static const char *const routes[] = { "/a", "/b" };
static const enum journal_state ends[] = { JOURNAL_DONE, JOURNAL_DONE,
	JOURNAL_DEAD, JOURNAL_WAITING, JOURNAL_WAITING };

static struct held *
new_held(struct twins *t)
{
	struct held *h;

	if (t->held_count == HELD_MOST) {
		memmove(&t->held[0], &t->held[1],
		    sizeof(t->held[0]) * (HELD_MOST - 1));
		t->held_count--;
	}
	h = &t->held[t->held_count++];
	memset(h, 0, sizeof(*h));
	return h;
}

static void
step_put(struct twins *t)
{
	struct put p = { .number = roll(t, NUMBERS),
		.lead = leads[roll(t, COUNT_OF(leads))],
		.key = keys[roll(t, COUNT_OF(keys))],
		.bytes = texts[roll(t, COUNT_OF(texts))],
		.route = routes[roll(t, COUNT_OF(routes))],
		.target = roll(t, 8) == 0 ? "old" : NULL, /* nobody claims it */
		.flags = roll(t, 0x8000),
		.refused = roll(t, 10) == 0 ? "refused" : NULL,
		.lease = roll(t, 3) == 0,
		.lease_ms = t->strikes < 3 && roll(t, 4) == 0 ? 0 : HOUR };
	struct journal_accept *a[2] = { &t->w[0]->accept, &t->w[1]->accept };
	struct held *h;

	for (size_t i = 0; i < 2; i++) {
		memset(t->w[i]->leases, 0, sizeof(t->w[i]->leases));
		put(t->w[i], p);
	}
	must(t, a[0]->op.result == a[1]->op.result, "an accept's result");
	if (a[0]->op.result != JOURNAL_OK) {
		must(t, strcmp(a[0]->first.id, a[1]->first.id) == 0, "first");
		must(t, a[0]->first.state == a[1]->first.state, "first state");
		must(t, a[0]->first.status == a[1]->first.status, "status");
	}
	must(t,
	    (t->w[0]->leases[0].fence > 0) == (t->w[1]->leases[0].fence > 0),
	    "the lease of an accept");
	if (t->w[0]->leases[0].fence == 0)
		return;
	h = new_held(t);
	for (size_t i = 0; i < 2; i++)
		h->head[i].lease = t->w[i]->leases[0];
}

/* The head of this lead in a claim, or NULL. */
static struct journal_item *
find_head(const struct journal_claim *c, const char *lead)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->items[i].follows &&
		    strcmp(c->items[i].lease.lead, lead) == 0)
			return &c->items[i];
	return NULL;
}

static bool
same_item(const struct journal_item *a, const struct journal_item *b)
{
	return strcmp(a->id, b->id) == 0 && a->n == b->n &&
	    str_eq(a->route, b->route) && str_eq(a->body, b->body) &&
	    a->flags == b->flags && a->attempts == b->attempts &&
	    a->follows == b->follows;
}

static void
hold(struct twins *t, const char *lead)
{
	struct journal_item *item[2];
	const struct journal_item *end[2];
	struct held *h;

	for (size_t i = 0; i < 2; i++) {
		item[i] = find_head(&t->w[i]->claim, lead);
		end[i] = t->w[i]->claim.items + t->w[i]->claim.count;
	}
	must(t, (item[0] == NULL) == (item[1] == NULL), "what is claimed");
	if (item[0] == NULL)
		return;
	h = new_held(t);
	for (size_t i = 0; i < 2; i++)
		h->head[i] = *item[i];
	do {
		must(t, same_item(item[0], item[1]), "an item");
		for (size_t i = 0; i < 2; i++)
			h->along[i][h->along_count] = item[i]->order;
		h->along_count++;
		item[0]++;
		item[1]++;
	} while (item[0] < end[0] && item[0]->follows && item[1] < end[1]);
}

static void
step_claim(struct twins *t)
{
	struct journal_claim how = { .most = 10,
		.again = roll(t, 3) > 0 ? 10 : 0,
		.merge = roll(t, FOLLOWERS_MOST + 1),
		.lease_ms = t->strikes < 3 && roll(t, 4) == 0 ? 0 : HOUR };

	for (size_t i = 0; i < 2; i++)
		claim_with(t->w[i], how);
	must(t, t->w[0]->claim.count == t->w[1]->claim.count, "a claim");
	must(t,
	    class_of(t->w[0]->claim.next_ms) ==
	        class_of(t->w[1]->claim.next_ms),
	    "when to claim again");
	for (size_t i = 0; i < COUNT_OF(leads); i++)
		hold(t, leads[i]);
}

static void
step_settle(struct twins *t)
{
	struct journal_settle how = { .to = ends[roll(t, COUNT_OF(ends))],
		.delay_ms = roll(t, 4) == 0 ? HOUR : 0,
		.unburnt = roll(t, 4) == 0,
		.notes = roll(t, 0x10000),
		.status = (int)roll(t, 500),
		.reason = "why" };
	const struct held *h;
	size_t along;

	if (t->held_count == 0)
		return;
	h = &t->held[roll(t, (unsigned)t->held_count)];
	along = roll(t, FOLLOWERS_MOST + 1);
	for (size_t i = 0; i < 2; i++) {
		how.through = along < h->along_count ? h->along[i][along] : 0;
		settle_with(t->w[i], &h->head[i], how);
	}
	must(t, t->w[0]->settle.op.result == t->w[1]->settle.op.result,
	    "a settle's result");
	must(t,
	    class_of(t->w[0]->settle.next_ms) ==
	        class_of(t->w[1]->settle.next_ms),
	    "when the lane goes on");
}

static void
step_revive(struct twins *t)
{
	struct journal_update u[2] = {
		{ STR("api"), str_of(leads[roll(t, COUNT_OF(leads))]),
		    STR("{\"new\":1}"), STR_NONE },
		{ STR("api"), str_of(leads[roll(t, COUNT_OF(leads))]),
		    STR("{\"new\":2}"), STR_NONE },
	};
	struct journal_revive r[2];
	unsigned number = roll(t, NUMBERS), flags = roll(t, 0x8000);
	bool anew = roll(t, 2) == 0;
	bool stranded = anew && roll(t, 2) == 0;

	if (roll(t, 8) == 0)
		u[1] = (struct journal_update){ .refused = STR("again") };
	for (size_t i = 0; i < 2; i++) {
		r[i] = (struct journal_revive){
			.op = { .verb = JOURNAL_REVIVE },
			.updates = anew ? u : NULL,
			.update_count = anew ? 2 : 0,
			.flags = flags,
			.from = stranded ? STR("old") : STR_NONE,
			.from_count = 1
		};
		memcpy(r[i].id, id_of(number), sizeof(r[i].id));
		apply_one(t->w[i], &r[i].op);
	}
	must(t, r[0].op.result == r[1].op.result, "a revival's result");
	must(t, r[0].revived == r[1].revived, "what was revived");
}

static void
step_drop(struct twins *t)
{
	struct journal_drop d[2];
	unsigned number = roll(t, NUMBERS);
	bool stranded = roll(t, 2) == 0;

	for (size_t i = 0; i < 2; i++) {
		d[i] = (struct journal_drop){ .op = { .verb = JOURNAL_DROP },
			.from = stranded ? STR("old") : STR_NONE };
		memcpy(d[i].id, id_of(number), sizeof(d[i].id));
		apply_one(t->w[i], &d[i].op);
	}
	must(t, d[0].op.result == d[1].op.result, "a drop's result");
	must(t, d[0].dropped == d[1].dropped, "what was dropped");
}

static void
step_forget(struct twins *t)
{
	struct journal_forget f[2];
	struct str lead = str_of(leads[roll(t, COUNT_OF(leads))]);

	for (size_t i = 0; i < 2; i++) {
		f[i] = (struct journal_forget){
			.op = { .verb = JOURNAL_FORGET },
			.lead = lead
		};
		apply_one(t->w[i], &f[i].op);
	}
	must(t,
	    f[0].items == f[1].items && f[0].events == f[1].events &&
	        f[0].keys == f[1].keys && f[0].held == f[1].held,
	    "what was forgotten");
}

static bool
same_text(struct str a, struct str b)
{
	return str_eq(a, b) && (a.at == NULL) == (b.at == NULL);
}

static bool
same_row(const struct journal_row *a, const struct journal_row *b)
{
	return strcmp(a->id, b->id) == 0 && a->n == b->n &&
	    a->state == b->state && str_eq(a->route, b->route) &&
	    str_eq(a->target, b->target) && str_eq(a->lead, b->lead) &&
	    str_eq(a->verdict, b->verdict) && a->flags == b->flags &&
	    a->attempts == b->attempts && a->strikes == b->strikes &&
	    a->status == b->status && str_eq(a->reason, b->reason) &&
	    class_of(a->due_ms) == class_of(b->due_ms) &&
	    same_text(a->body, b->body) && same_text(a->event, b->event);
}

static void
compare_stores(struct twins *t)
{
	const struct journal_list *l[2] = { &t->w[0]->list, &t->w[1]->list };
	struct journal_stats stats[2];

	for (size_t i = 0; i < 2; i++) {
		arena_reset(t->w[i]->arena);
		list_with(t->w[i],
		    (struct journal_list){ .whole = true, .most = 500 });
		get_stats(t->w[i], &stats[i]);
	}
	must(t, l[0]->count == l[1]->count, "how many items there are");
	t->strikes = 0;
	for (size_t i = 0; i < l[0]->count; i++) {
		must(t, same_row(&l[0]->rows[i], &l[1]->rows[i]), "a row");
		if (l[0]->rows[i].strikes > t->strikes)
			t->strikes = l[0]->rows[i].strikes;
	}
	must(t,
	    memcmp(stats[0].count, stats[1].count, sizeof(stats[0].count)) == 0,
	    "a count");
	must(t, stats[0].lanes == stats[1].lanes, "the lanes");
	must(t, stats[0].live_count == stats[1].live_count, "the targets");
	for (size_t i = 0; i < stats[0].live_count; i++)
		must(t,
		    stats[0].live[i].count ==
		        live_of(&stats[1], stats[0].live[i].target),
		    "what a target has");
}

static void (*const steps[])(struct twins *t) = { step_put, step_put, step_put,
	step_claim, step_claim, step_settle, step_settle, step_settle,
	step_revive, step_drop };

static char *
memory_url(void)
{
	return base_copy("memory:");
}

static void
tell(struct world *w, int seed)
{
	static const struct suite_backend memory = { &journal_memory,
		memory_url, NULL, false };
	struct world reference;
	struct twins t = { .w = { &reference, w },
		.dice = 0x9E3779B97F4A7C15u * (unsigned)seed,
		.seed = seed };

	world_open(&reference, &memory);
	for (t.step = 0; t.step < STEPS; t.step++) {
		if (roll(&t, 60) == 0)
			step_forget(&t);
		else
			steps[roll(&t, COUNT_OF(steps))](&t);
		compare_stores(&t);
	}
	world_close(&reference);
}

static void
test_a_random_story(void **state)
{
	tell(*state, 1);
}

static void
test_another_random_story(void **state)
{
	tell(*state, 2);
}

static void
test_a_third_random_story(void **state)
{
	tell(*state, 3);
}

const struct CMUnitTest suite_random[] = {
	cmocka_unit_test(test_a_random_story),
	cmocka_unit_test(test_another_random_story),
	cmocka_unit_test(test_a_third_random_story),
	{ .name = NULL },
};
