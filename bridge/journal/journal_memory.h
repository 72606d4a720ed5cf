/*
 * journal/journal_memory.h - the memory backend's own parts. Private to it.
 *
 *	journal_memory.c	accept, claim, settle
 *	journal_memory_person.c	list, show, revive, drop, forget, prune, stats
 *	journal_memory_store.c	what there is, and how it hangs together
 *
 *	store ── all ────────▶ item ⇄ item ⇄ item	by order
 *	      ── deliveries ─▶ delivery ── items ─▶	its own, by n
 *	      ── lanes ──────▶ lane ────── items ─▶	those it has to send, by
 *							order; a lane without
 *							items is not there
 *	      ── keys ───────▶ key			by the time it came
 *
 * It is written to be read: what it does is what the others have to do. A
 * claim looks at all lanes, a count at all items.
 */
#ifndef BRIDGE_JOURNAL_MEMORY_H
#define BRIDGE_JOURNAL_MEMORY_H

#include <sys/queue.h>

#include "journal/journal_backend.h"

struct mem_item {
	TAILQ_ENTRY(mem_item) in_all, in_delivery, in_lane;
	struct mem_delivery *delivery;
	struct mem_lane *lane; /* NULL: it is not to be sent */
	uint64_t order;
	unsigned n;
	enum journal_state state;
	unsigned flags, attempts, strikes;
	int status;
	int64_t since_ms, updated_ms;  /* accepted or revived; last moved */
	struct str target, lead, body; /* its own copies */
	char reason[JOURNAL_REASON_SIZE];
};
TAILQ_HEAD(mem_items, mem_item);

struct mem_delivery {
	char id[JOURNAL_ID_SIZE]; /* first: trees compare it */
	unsigned next_n;
	struct mem_key *key; /* NULL: none, or no longer */
	struct str route, event, verdict;
	int64_t received_ms;
	struct mem_items items;
};

struct mem_lane {
	struct str target, lead; /* first: trees compare them */
	LIST_ENTRY(mem_lane) in_lanes;
	struct mem_items items;
	uint64_t fence; /* 0: nobody holds it */
	int64_t due_ms; /* while it is held: when the lease ends */
};

struct mem_key {
	uint8_t hash[JOURNAL_HASH]; /* first: trees compare it */
	TAILQ_ENTRY(mem_key) in_keys;
	uint8_t body[JOURNAL_HASH];
	char id[JOURNAL_ID_SIZE];
	struct mem_delivery *delivery; /* NULL: it is gone */
	int64_t at_ms;
};

struct mem_store {
	struct journal_clock clock;
	int64_t keep_done, keep_bodies, keep_keys, keep_dead, keep_refused;
	uint64_t last_order, last_fence;
	void *deliveries_tree, *lanes_tree, *keys_tree; /* see tsearch(3) */
	struct mem_items all;
	LIST_HEAD(mem_lanes, mem_lane) lanes;
	TAILQ_HEAD(mem_keys, mem_key) keys;
};

/* journal_memory_store.c */
struct mem_delivery *mem_find_delivery(struct mem_store *s, const char *id);
struct mem_lane *mem_find_lane(struct mem_store *s, struct str target,
    struct str lead);
struct mem_key *mem_find_key(struct mem_store *s, const char *hash);

/* NULL: out of memory. Not linked to anything yet. */
struct mem_delivery *mem_delivery_new(
    const struct journal_accept *a) MUST_CHECK;
void mem_delivery_link(struct mem_store *s, struct mem_delivery *d);
/* With its items, which must not be in the store. */
void mem_delivery_discard(struct mem_delivery *d);

/* Adds it to its delivery only. NULL: out of memory. */
struct mem_item *mem_item_new(struct mem_delivery *d,
    const struct journal_update *u, unsigned flags, int64_t now_ms) MUST_CHECK;
/* Before it has entered. */
void mem_item_discard(struct mem_item *item);
/* Gives it an order and puts it behind all others, also in its lane. */
void mem_item_enter(struct mem_store *s, struct mem_item *item, int64_t now_ms);
/* In the place of another, which leaves its lane. */
void mem_item_replace(struct mem_store *s, struct mem_item *item,
    struct mem_item *old, int64_t now_ms);
/* Out of its lane; the next head is due now. */
void mem_item_leave(struct mem_store *s, struct mem_item *item, int64_t now_ms);
/* Out of everything; and its delivery, when it was the last. */
void mem_item_delete(struct mem_store *s, struct mem_item *item,
    int64_t now_ms);
void mem_item_move(struct mem_item *item, enum journal_state to,
    int64_t now_ms);
/* The body; and the event, once no item of the delivery needs it. */
void mem_item_drop_body(struct mem_item *item);

void mem_key_add(struct mem_store *s, const struct journal_accept *a,
    struct mem_delivery *d, int64_t now_ms);
void mem_key_delete(struct mem_store *s, struct mem_key *key);
void mem_text_free(struct str *text);

/* A dead item that blocks is its lane's head: nothing there is due. */
bool mem_lane_blocked(const struct mem_lane *lane);

/* journal_memory_person.c */
void mem_list(struct mem_store *s, struct journal_op *op, int64_t now_ms);
void mem_show(struct mem_store *s, struct journal_op *op, int64_t now_ms);
void mem_revive(struct mem_store *s, struct journal_op *op, int64_t now_ms);
void mem_drop(struct mem_store *s, struct journal_op *op, int64_t now_ms);
void mem_forget(struct mem_store *s, struct journal_op *op, int64_t now_ms);
/* Nothing of it may come again: what was delivered can be forgotten. */
bool mem_is_all_done(const struct mem_delivery *d);
void mem_prune(struct mem_store *s, struct journal_op *op, int64_t now_ms);
void mem_stats(struct mem_store *s, struct journal_op *op, int64_t now_ms);

#endif
