/*
 * journal/journal.h - the durable queue: what a sender was promised.
 *
 *	delivery	one webhook that was accepted: its id, the event as it
 *			came, and its items
 *	item		one lead update of it: what is leased, sent and settled
 *	lane		the items of one lead at one target, in the order they
 *			were accepted. Only the head of a lane is handed out; a
 *			lane is leased whole, to one holder, for a time, under a
 *			fence: a number no other lease ever had
 *	port		a worker's way in and out
 *
 * A worker fills an op, hands it in at its port and gets it back, done, on
 * its own loop. The journal's thread takes what has come in, up to
 * JOURNAL_GROUP ops or JOURNAL_WAIT_MS after the first of them, and gives
 * it to the backend as one transaction; ops come back only after it is on
 * stable storage, or was refused as a whole. Workers never wait for a disk.
 *
 * A holder has to settle before its lease ends: leases are longer than an
 * attempt may take, and are not renewed.
 *
 * Times: in the backend's clock (PostgreSQL: the database's; else one that
 * was set once, from the wall clock and the latest time on record, and then
 * only goes forward). Callers give delays, and read times to show them.
 */
#ifndef BRIDGE_JOURNAL_H
#define BRIDGE_JOURNAL_H

#include "base/base.h"
#include "settings/settings.h"

struct event_base;
struct journal;
struct journal_port;

#define JOURNAL_ID_SIZE 37   /* a UUID's text and its NUL */
#define JOURNAL_LEAD_MAX 64  /* see lead_id_valid() */
#define JOURNAL_NAME_MAX 128 /* of routes and targets */
#define JOURNAL_REASON_SIZE 240
#define JOURNAL_GROUP 64 /* ops a transaction */
#define JOURNAL_WAIT_MS 5

enum journal_state {
	JOURNAL_WAITING, /* for its turn, or for the next try */
	JOURNAL_SENDING, /* its lane is leased and it is the lane's head */
	JOURNAL_DONE,    /* the API took it */
	JOURNAL_DEAD,    /* given up; a person decides */
	JOURNAL_REFUSED, /* an event that made no update; kept to be seen */
	JOURNAL_STATES
};
extern const struct name journal_states[];

/* How the whole op went; what is right for one verb is told at it. */
enum journal_result {
	JOURNAL_OK,
	JOURNAL_DUPLICATE, /* accept: seen before, the same bytes */
	JOURNAL_CONFLICT,  /* accept: its dedupe key came with other bytes */
	JOURNAL_FENCED,    /* the lease is another's by now: nothing done */
	JOURNAL_NOT_FOUND,
	JOURNAL_UNAVAILABLE, /* nothing is stored; op.fault tells why */
};

struct journal_op;
typedef void journal_done(struct journal_op *op);

/*
 * What every op begins with. The caller owns the op and all it points to,
 * and leaves both alone from journal_submit() until done runs.
 */
struct journal_op {
	enum journal_verb {
		JOURNAL_ACCEPT,
		JOURNAL_CLAIM,
		JOURNAL_SETTLE,
		JOURNAL_LIST,
		JOURNAL_SHOW,
		JOURNAL_REVIVE,
		JOURNAL_DROP,
		JOURNAL_FORGET,
		JOURNAL_PRUNE,
		JOURNAL_STATS,
		JOURNAL_VERBS
	} verb;
	journal_done *done; /* exactly once, on the port's loop */
	void *arg;
	enum journal_result result;
	struct fault fault; /* of JOURNAL_UNAVAILABLE, or of what is sealed */
	/* The journal's own: */
	struct journal_op *next;
	struct journal_port *port;
	void *own;
};

/*
 * One lead update, as it is accepted. Refused: the event, or this part of it,
 * made no update, and `refused` says why; it is kept for a person, belongs to
 * no lane, and the other texts may be missing.
 */
struct journal_update {
	struct str target; /* name of the upstream */
	struct str lead;
	struct str body;    /* the PATCH */
	struct str refused; /* at == NULL: it is not */
};

struct journal_lease {
	uint64_t fence;
	uint64_t order; /* of the head that is leased: see journal_row */
	char lead[JOURNAL_LEAD_MAX + 1];
};

/* Flags of a delivery's items. */
#define JOURNAL_ONCE 1u     /* an attempt that may have worked is the last */
#define JOURNAL_COALESCE 2u /* may be merged with those behind it */
#define JOURNAL_BLOCKS 4u   /* dead, it holds its lane until a person acts */
/* For who sends it; the journal only keeps them. */
#define JOURNAL_TRACED 8u     /* its sender began the trace it came in */
#define JOURNAL_UNSAMPLED 16u /* ... and does not want it recorded */
/* ... from try to try: a settle sets these bits, and a revive clears them. */
#define JOURNAL_NOTES 0x7fe0u

/*
 * Stores an event and its updates. JOURNAL_OK: it is on stable storage.
 * JOURNAL_DUPLICATE, JOURNAL_CONFLICT: nothing is stored, `first` is what
 * was accepted under that key.
 */
struct journal_accept {
	struct journal_op op;
	char id[JOURNAL_ID_SIZE];
	struct str route;
	struct str key;      /* dedupe, within the route; at == NULL: none */
	uint8_t digest[32];  /* SHA-256 of all that the event says */
	int64_t received_ms; /* wall clock; to be shown, and nothing else */
	struct str event;    /* the request, see delivery_event.h */
	struct str verdict;  /* how it was proven, one word */
	unsigned flags;
	const struct journal_update *updates; /* at least one */
	size_t update_count;
	/*
	 * Lease the lanes of the updates to this worker in the same
	 * transaction, where they are idle: the attempt is counted, and the
	 * caller sends at once. leases[i].fence is 0 where it may not.
	 */
	bool lease;
	int64_t lease_ms;
	struct journal_lease *leases; /* update_count of them; when lease */
	/* Out, when JOURNAL_DUPLICATE or JOURNAL_CONFLICT: */
	struct {
		char id[JOURNAL_ID_SIZE];
		enum journal_state state; /* of its first item */
		int status;               /* of its last attempt; 0: none */
	} first;
};

/* An item in hand: leased, to be sent. Texts lie in the claim's arena. */
struct journal_item {
	char id[JOURNAL_ID_SIZE]; /* of the delivery */
	unsigned n;               /* which of its updates, from 0 */
	uint64_t order;
	struct journal_lease lease; /* the head's */
	struct str route;
	struct str
	    body; /* at == NULL: sealed under another key, see op.fault */
	unsigned flags;
	unsigned attempts; /* this one included */
	int64_t age_ms;    /* since it was accepted, or revived */
	bool follows;      /* may go along with the item before it */
};

/*
 * Leases up to `most` lanes of a target that are due, longest due first, and
 * hands out their heads; their attempts are counted before done runs. Behind
 * a head with JOURNAL_COALESCE come, as `follows`, those next in its lane that
 * have it too and are of the same route, up to `merge` of them; they stay
 * waiting, unchanged, until a settle takes them along. At most `again` of
 * the heads have been tried before. A lane is due again when its head's delay
 * is over, and at once for the next head: lanes take turns. A lane whose holder
 * let the lease run out counts as a strike of its head, which any settle
 * forgives; at JOURNAL_STRIKES it is dead
 * ("abandoned N times") and the lane goes on; one with JOURNAL_ONCE at the
 * first, as it may have been applied. What does not fit in the arena
 * is not leased. A store that several nodes share hands out `rate` heads of a
 * target a second to all of them together (what was leased as it was accepted
 * is not counted); in a store of one's own the target's gate sees to that.
 */
#define JOURNAL_STRIKES 5
struct journal_claim {
	struct journal_op op;
	struct str target;
	size_t most, again, merge;
	int64_t rate; /* see below; 0: any number */
	int64_t lease_ms;
	struct arena *arena;
	struct journal_item *items; /* out, in the arena */
	size_t count;               /* out: items, followers included */
	int64_t
	    next_ms; /* out: until a lane is due or its lease ends; -1: none */
};

/*
 * The end of an attempt: the head of the leased lane, and with it all behind
 * it up to `through`, have one fate; the lease ends. JOURNAL_DONE,
 * JOURNAL_DEAD, or JOURNAL_WAITING for delay_ms. An attempt that is not burnt
 * (the key was refused, the target paused) is not counted.
 */
struct journal_settle {
	struct journal_op op;
	struct str target;
	struct journal_lease lease;
	uint64_t through; /* order of the last that went along; 0: none did */
	enum journal_state to;
	int64_t delay_ms;
	bool unburnt;
	unsigned notes; /* JOURNAL_NOTES of the head, from now on */
	int status;     /* of the API; 0: none */
	char reason[JOURNAL_REASON_SIZE];
	int64_t next_ms; /* out: until its lane is due; -1: nothing waits */
};

/* What a list is asked for; zeroed: everything. */
struct journal_filter {
	unsigned states;  /* bits of 1 << enum journal_state; 0: all */
	struct str route; /* at == NULL: any */
	struct str lead;
	struct str target;
	struct str id;     /* a delivery's */
	int64_t since_ms;  /* received in the last so many ms; 0: any time */
	int64_t before_ms; /* received longer ago than this; 0: any time */
};

struct journal_row {
	char id[JOURNAL_ID_SIZE];
	unsigned n;
	uint64_t order; /* of acceptance; what `after` of a list takes */
	enum journal_state state;
	struct str route, target, lead;
	struct str verdict;
	unsigned flags, attempts, strikes;
	int status;
	struct str reason;
	int64_t received_ms, updated_ms; /* Unix time */
	int64_t due_ms;                  /* until its next try; -1: none */
	struct str body, event;          /* where asked for and still kept */
};

/*
 * One page, oldest first. It may be short, or empty, and not the last: next is
 * 0 behind that one only.
 */
struct journal_list {
	struct journal_op op;
	struct journal_filter filter;
	uint64_t after;
	size_t most;
	bool newest; /* newest first; `after` then means before */
	bool whole;  /* with body and event */
	struct arena *arena;
	struct journal_row *rows; /* out */
	size_t count;
	uint64_t next;
};

/* All items of one delivery, with body and event. JOURNAL_NOT_FOUND. */
struct journal_show {
	struct journal_op op;
	char id[JOURNAL_ID_SIZE];
	struct arena *arena;
	struct journal_row *rows; /* out */
	size_t count;
};

/*
 * A dead or refused item is tried again from now on, attempts at 0. One that
 * its lane waits for keeps its place, any other goes to the end of its
 * lane. With updates the delivery's dead and refused items are replaced by
 * these (the event was mapped anew), numbered on; without, a refused item has
 * nothing to send and stays. JOURNAL_NOT_FOUND: there was nothing to revive.
 *
 * With updates, those that wait at the target `from` can be replaced, too: for
 * one that nobody serves any more. JOURNAL_FENCED: they are not from_count, as
 * somebody holds one, or has sent it; nothing was done.
 */
struct journal_revive {
	struct journal_op op;
	char id[JOURNAL_ID_SIZE];
	const struct journal_update *updates; /* NULL: as they are */
	size_t update_count;
	unsigned flags;    /* of the updates */
	struct str from;   /* at == NULL: only dead and refused ones */
	size_t from_count; /* one at least */
	size_t revived;    /* out */
};

/*
 * Deletes a delivery's dead, refused and done items, and those that wait at the
 * target `from`; and it, when all are. JOURNAL_NOT_FOUND: there was nothing to
 * delete.
 */
struct journal_drop {
	struct journal_op op;
	char id[JOURNAL_ID_SIZE];
	struct str from; /* at == NULL: what waits stays */
	size_t dropped;  /* out */
};

/*
 * Erases all trace of a lead: its items in any state (not those being sent
 * at this moment: they are counted in `held`, ask again), the events of
 * deliveries it was part of, and their dedupe keys.
 */
struct journal_forget {
	struct journal_op op;
	struct str lead;
	size_t items, events, keys, held; /* out */
};

/* Deletes what the settings no longer keep, at most `most` rows a call. */
struct journal_prune {
	struct journal_op op;
	size_t most;
	size_t pruned; /* out; equal to most: there may be more */
};

/* Of a target: items that wait or are being sent. Of so many targets. */
#define JOURNAL_TARGETS 32
struct journal_live {
	char target[JOURNAL_NAME_MAX + 1];
	int64_t count;
};

struct journal_stats {
	struct journal_op op;
	int64_t count[JOURNAL_STATES];
	int64_t oldest_ms; /* age of the oldest waiting item; 0: none waits */
	int64_t lanes;     /* with something waiting or being sent */
	/* In: targets that are not told of; NULL: all are. */
	const char *const *served;
	size_t served_count;
	struct journal_live live[JOURNAL_TARGETS]; /* in no order */
	size_t live_count;
};

struct journal_settings {
	const char *url; /* "sqlite:/path", "postgresql://...", "memory:" */
	/*
	 * ms a delivered item is kept; 0: not at all. In any case while another
	 * of its delivery is not delivered: a retry of that has to know.
	 */
	int64_t keep_done;
	int64_t keep_bodies;  /* ms its body and event are; 0: not at all */
	int64_t keep_keys;    /* ms of dedupe keys; 7 days at least */
	int64_t keep_dead;    /* ms; 0: for ever */
	int64_t keep_refused; /* how many refused events are kept */
	int64_t reserve;      /* bytes of disk held for deliveries; 0: none */
	int64_t ceiling;      /* items waiting before accepts are refused */
	const char *encrypt;  /* name of a secret of 32 bytes; NULL: not */
};
/* Fits a settings table: what `journal` may hold. */
extern const struct setting journal_settings_table[];

/* -1 with why when the url is none. No password of it is ever printed. */
int journal_check_url(const char *url, struct fault *why) MUST_CHECK;
/* The same where the key, of a setup, is none. */
int journal_check_key(struct str key, struct fault *why) MUST_CHECK;

#define JOURNAL_KEY 32

struct journal_setup {
	const struct journal_settings *settings;
	/* JOURNAL_KEY bytes, their hex or base64; at == NULL: no sealing. */
	struct str key;
	/*
	 * What is on the disk cannot be trusted any more (a failed fsync): the
	 * process has to end without another promise. On the journal's
	 * thread; does not return. NULL: logs and _exit(3).
	 */
	void (*fatal)(const struct fault *why);
};

/*
 * Opens (or makes) the store, checks it, starts the thread. Leases of an
 * earlier process on a store that only one may have are void at once. NULL
 * with why. All ports have to be freed before close.
 */
struct journal *journal_open(const struct journal_setup *setup,
    struct fault *why) MUST_CHECK;
/* Commits what was handed in, then ends the thread. NULL is fine. */
void journal_close(struct journal *j);
/* False while the last transaction failed: not ready (any thread). */
bool journal_healthy(const struct journal *j);
/*
 * How long ago its thread last came round (any thread). It does so every ten
 * seconds at least, unless a transaction takes longer.
 */
int64_t journal_quiet_ms(const struct journal *j);
/* Other nodes share the store; hungry ports are woken by time, too. */
bool journal_shared(const struct journal *j);
/*
 * The targets there are from now on. What waits for another is stranded: nobody
 * claims it. That is a warning a name with the next count, which is made at
 * once, and a gauge from then on. Copied; any thread.
 */
void journal_serve(struct journal *j, const char *const *targets, size_t count);

/*
 * on_work: something became due at a target, and this port's last claim there
 * got fewer heads than it asked for. One port is woken at a time; it claims
 * again, or the work stays where it is. On the port's loop.
 */
struct journal_port *journal_port_new(struct journal *j,
    struct event_base *base, void (*on_work)(void *arg), void *arg) MUST_CHECK;
/*
 * Waits for what is under way; its done runs inside this call, and what that
 * hands in is waited for too. NULL is fine.
 */
void journal_port_free(struct journal_port *p);
/*
 * On the port's thread. done never runs inside this call. Settles are always
 * taken in; of the rest so much may wait, and what is too much comes back as
 * JOURNAL_UNAVAILABLE with FAULT_BUSY.
 */
void journal_submit(struct journal_port *p, struct journal_op *op);
/* Ops handed in at this port whose done has not run yet. */
size_t journal_port_busy(const struct journal_port *p);

/*
 * Copies what a store holds into another, dedupe keys too; updates that were
 * being sent wait again. No bridge may have either open. Said again, it goes
 * on where it ended: what is in the target stays as it is there. -1 with why.
 */
struct journal_migrated {
	int64_t items, keys;       /* of the source */
	int64_t to_items, to_keys; /* of the target, at the end */
};
int journal_migrate(const char *from_url, const char *to_url,
    struct journal_migrated *out, struct fault *why) MUST_CHECK;

/* For verbs that have no loop: hands in, waits. Any thread but workers'. */
void journal_do(struct journal *j, struct journal_op *op);

#endif
