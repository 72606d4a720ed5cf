/* upstream/upstream_gate.c - breaker, throttle, pauses and rate of a target. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "upstream/upstream_target.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

/* What holds it, for the log. */
static const struct name states[] = {
	{ "failing", GATE_FAILED },
	{ "throttled", GATE_THROTTLED },
	{ "key refused", GATE_KEY },
	{ "payment required", GATE_PAYMENT },
	{ "target refused", GATE_TARGET },
	{ NULL, -1 },
};

static const enum metric_gate counted_as[GATE_EVENTS] = {
	[GATE_WELL] = METRIC_GATE_CLOSED,
	[GATE_FAILED] = METRIC_GATE_FAILING,
	[GATE_THROTTLED] = METRIC_GATE_THROTTLED,
	[GATE_KEY] = METRIC_GATE_KEY,
	[GATE_PAYMENT] = METRIC_GATE_PAYMENT,
	[GATE_TARGET] = METRIC_GATE_TARGET,
};

/* How long it stays open: from the first to the most, doubled each time. */
static const struct {
	int64_t first_ms, most_ms;
} openings[GATE_EVENTS] = {
	[GATE_FAILED] = { SECOND, MINUTE },
	[GATE_KEY] = { MINUTE, 15 * MINUTE },
	[GATE_PAYMENT] = { MINUTE, 15 * MINUTE },
	[GATE_TARGET] = { MINUTE, 15 * MINUTE },
};

static void
gate_count(enum gate_event why, unsigned name, int n)
{
	enum metric_gate gate = counted_as[why];

	metrics_add(METRIC_GATES, gate, n);
	metrics_add(METRIC_GATE, metric_of(name, gate), n);
	if (n > 0 && gate != METRIC_GATE_CLOSED)
		metrics_add(METRIC_HOLDS, metric_of(name, gate), 1);
}

void
gate_init(struct gate *g, int64_t rate, unsigned metric)
{
	*g = (struct gate){ .why = GATE_WELL,
		.metric = metric,
		.rate = rate,
		.tokens = rate * 1000 };
	pthread_mutex_init(&g->lock, NULL);
	gate_count(GATE_WELL, metric, 1);
}

void
gate_done(struct gate *g)
{
	gate_count(g->why, g->metric, -1);
	pthread_mutex_destroy(&g->lock);
}

/* A second's worth of calls may be saved up. */
static void
fill(struct gate *g, int64_t now_ms)
{
	int64_t past = now_ms - g->filled_ms;

	if (past > SECOND || past < 0)
		past = SECOND;
	g->filled_ms = now_ms;
	g->tokens += past * g->rate;
	if (g->tokens > g->rate * 1000)
		g->tokens = g->rate * 1000;
}

static size_t
take(struct gate *g, size_t wanted, int64_t now_ms, int64_t *wait_ms)
{
	int64_t most;

	if (g->rate == 0)
		return wanted;
	fill(g, now_ms);
	most = g->tokens / 1000;
	if (most <= 0) {
		metrics_add(METRIC_RATE_WAITS, metric_of(g->metric, 0), 1);
		*wait_ms = 1 + (1000 - g->tokens) / g->rate;
		return 0;
	}
	if ((int64_t)wanted > most)
		wanted = (size_t)most;
	g->tokens -= (int64_t)wanted * 1000;
	return wanted;
}

static size_t
ask(struct gate *g, size_t wanted, int64_t now_ms, int64_t *wait_ms)
{
	if (g->why == GATE_WELL)
		return take(g, wanted, now_ms, wait_ms);
	if (now_ms < g->until_ms) {
		*wait_ms = g->until_ms - now_ms;
		return 0;
	}
	if (g->probing) {
		*wait_ms = SECOND;
		return 0;
	}
	wanted = take(g, 1, now_ms, wait_ms);
	g->probing = wanted == 1;
	return wanted;
}

size_t
gate_ask(struct gate *g, size_t wanted, int64_t now_ms, struct gate_pass *pass,
    int64_t *wait_ms)
{
	size_t granted;

	*wait_ms = 0;
	if (wanted == 0)
		return 0;
	pthread_mutex_lock(&g->lock);
	granted = ask(g, wanted, now_ms, wait_ms);
	if (granted > 0)
		pass->epoch = g->epoch;
	pthread_mutex_unlock(&g->lock);
	return granted;
}

void
gate_charge(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->rate > 0)
		g->tokens -= 1000;
	pthread_mutex_unlock(&g->lock);
}

static void
close_it(struct gate *g)
{
	if (g->why != GATE_WELL)
		g->epoch++;
	g->why = GATE_WELL;
	g->failures = g->doubts = 0;
	g->backoff_ms = 0;
	g->probing = false;
}

static void
shut(struct gate *g, enum gate_event why, int64_t until_ms)
{
	g->why = why;
	g->until_ms = until_ms;
	g->probing = false;
	g->failures = g->doubts = 0;
	g->epoch++;
}

static void
open_it(struct gate *g, enum gate_event why, int64_t now_ms)
{
	int64_t next = g->backoff_ms * 2;

	if (g->why != why || next < openings[why].first_ms)
		next = openings[why].first_ms;
	if (next > openings[why].most_ms)
		next = openings[why].most_ms;
	g->backoff_ms = next;
	shut(g, why, now_ms + next);
}

static void
doubt(struct gate *g, enum gate_event why, int64_t now_ms)
{
	if (++g->doubts >= GATE_DOUBTS || g->probing)
		open_it(g, why, now_ms);
}

static void
note(struct gate *g, enum gate_event event, int64_t delay_ms, int64_t now_ms)
{
	switch (event) {
	case GATE_UNUSED:
		g->probing = false;
		if (g->rate > 0)
			g->tokens += 1000;
		break;
	case GATE_WELL:
		close_it(g);
		break;
	case GATE_FAILED:
		if (++g->failures >= GATE_FAILURES || g->probing)
			open_it(g, event, now_ms);
		break;
	case GATE_THROTTLED:
		shut(g, event, now_ms + delay_ms);
		break;
	case GATE_KEY:
	case GATE_PAYMENT:
	case GATE_TARGET:
		open_it(g, event, now_ms);
		break;
	case GATE_FORBIDDEN:
		doubt(g, GATE_KEY, now_ms);
		break;
	case GATE_REDIRECT:
		doubt(g, GATE_TARGET, now_ms);
		break;
	case GATE_EVENTS:
		break;
	}
}

struct gate_change
gate_note(struct gate *g, struct gate_pass pass, enum gate_event event,
    int64_t delay_ms, int64_t now_ms)
{
	struct gate_change change;

	pthread_mutex_lock(&g->lock);
	change.before = g->why;
	if (pass.epoch == g->epoch)
		note(g, event, delay_ms, now_ms);
	change.now = g->why;
	change.until_ms = g->until_ms;
	pthread_mutex_unlock(&g->lock);
	return change;
}

static int64_t
mono_ms(void)
{
	return clock_mono_us() / 1000;
}

size_t
upstream_gate_ask(struct upstream_target *t, size_t wanted,
    struct gate_pass *pass, int64_t *wait_ms)
{
	return gate_ask(&t->gate, wanted, mono_ms(), pass, wait_ms);
}

void
upstream_gate_charge(struct upstream_target *t)
{
	gate_charge(&t->gate);
}

int64_t
upstream_gate_rate(const struct upstream_target *t)
{
	return t->gate.rate;
}

/* What a target of the same name did not do: the reason is gone with it. */
static bool
still_holds(const struct upstream_target *t,
    const struct upstream_target *before)
{
	if (strcmp(t->address, before->address) != 0)
		return false;
	if (before->gate.why == GATE_KEY || before->gate.why == GATE_PAYMENT)
		return t->key_len == before->key_len &&
		    CRYPTO_memcmp(t->key, before->key, t->key_len) == 0;
	return before->gate.why != GATE_TARGET;
}

void
upstream_target_follow(struct upstream_target *t,
    struct upstream_target *before)
{
	struct gate *g = &t->gate, *old = &before->gate;

	pthread_mutex_lock(&old->lock);
	if (still_holds(t, before)) {
		gate_count(g->why, g->metric, -1);
		g->why = old->why;
		g->failures = old->failures;
		g->doubts = old->doubts;
		g->until_ms = old->until_ms;
		g->backoff_ms = old->backoff_ms;
		g->filled_ms = old->filled_ms;
		if (g->tokens > old->tokens)
			g->tokens = old->tokens;
		gate_count(g->why, g->metric, 1);
	}
	pthread_mutex_unlock(&old->lock);
}

/* Whoever runs the bridge has to see it: one line a change, and a gauge. */
static void
tell(const struct upstream_target *t, const struct gate_change *c,
    int64_t now_ms)
{
	char seconds[24];

	if (c->before == c->now)
		return;
	gate_count(c->before, t->metric, -1);
	gate_count(c->now, t->metric, 1);
	if (c->now == GATE_WELL) {
		log_event(LOG_LEVEL_INFO, "upstream well again", "upstream",
		    t->name, NULL);
		return;
	}
	snprintf(seconds, sizeof(seconds), "%.3f",
	    (double)(c->until_ms - now_ms) / 1000);
	log_event(LOG_LEVEL_ERROR, "upstream held", "upstream", t->name,
	    "reason", name_text(states, (int)c->now), "seconds", seconds, NULL);
}

void
upstream_gate_note(struct upstream_target *t, struct gate_pass pass,
    enum gate_event event, int64_t delay_ms)
{
	int64_t now = mono_ms();
	struct gate_change change = gate_note(&t->gate, pass, event, delay_ms,
	    now);

	tell(t, &change, now);
}
