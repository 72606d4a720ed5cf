/*
 * upstream/upstream_pool.h - calls, connections and what joins them.
 * Private to this room; everything here lives on one loop.
 *
 * A call waits in the queue or holds one connection; a connection serves at
 * most one call. User code (done) runs from two places only: the end of a
 * read that completed an answer, and the sweep, a timer armed for "now".
 * Everything that ends otherwise is left to the sweep, so nothing ends under
 * the feet of the code that ended it.
 *
 *	call: begun -> queued -> bound -> answered -> spare -> begun ...
 *	         \        \________\____> ended by a failure -> swept, spare
 *	          \____________________> cancelled, spare
 */
#ifndef BRIDGE_UPSTREAM_POOL_H
#define BRIDGE_UPSTREAM_POOL_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "answer/answer.h"
#include "upstream/upstream_names.h"
#include "upstream/upstream_target.h"
#include "upstream/upstream_wire.h"

enum conn_state {
	CONN_RESOLVING,  /* waits for an address */
	CONN_CONNECTING, /* TCP */
	CONN_SECURING,   /* TLS */
	CONN_BUSY,       /* a request is out, or going out */
	CONN_IDLE,       /* kept open; no call */
	CONN_CLOSED,     /* waits for the sweep to free it */
	CONN_STATES
};

struct conn {
	struct upstream_pool *pool;
	struct upstream_call *call; /* NULL when IDLE or CLOSED */
	enum conn_state state;
	bool used; /* has carried an answer before */
	bool warm; /* keeps TLS's buffers */
	int64_t idle_since_us;
	TAILQ_ENTRY(conn) idle; /* pool->idle, when IDLE */
	struct wire wire;
	struct event readable; /* always armed once connected */
	/* Where a write or connect would block; and for a first write. */
	struct event writable;
	struct event timer;          /* connecting and securing */
	struct names_list addresses; /* as they were when it was resolved */
	size_t address;              /* index of the one being tried */
	size_t tried;
	int64_t connect_by_us;
	TAILQ_ENTRY(conn) link; /* pool->conns or pool->graveyard */
};

TAILQ_HEAD(conns, conn);
TAILQ_HEAD(calls, upstream_call);

struct call_list {
	struct calls calls; /* first come, first served */
	size_t count;
};

struct upstream_call {
	struct upstream_pool *pool;
	struct call_list *list; /* the pool's queue or ended; NULL: neither */
	struct conn *conn;      /* when bound */
	/*
	 * Room for the head, the body behind it. The head is printed last;
	 * the key is in it only while it is written. Wiped once it is sent.
	 */
	struct bytes request;
	size_t key;  /* of request; where the key goes */
	size_t sent; /* of request; where the head begins, at first */
	bool wrote;  /* some of it may have left this process */
	bool again;  /* was put on a second connection already */
	int64_t started_us;
	int64_t until_us; /* see upstream_until(); INT64_MAX: not said */
	struct str traceparent, tracestate; /* see upstream_context() */
	upstream_done *done;
	void *arg;
	TAILQ_ENTRY(upstream_call) link;  /* of list */
	SLIST_ENTRY(upstream_call) below; /* when spare */
	struct event deadline;
	struct answer_reader reader;
	enum upstream_outcome outcome; /* when ended */
	char reason[256];
};

/*
 * Connections being opened at once. A burst of calls would else begin a
 * handshake each: 20 KiB and a millisecond of the API's time apiece, for
 * connections that are idle as soon as the first answers are there.
 */
#define POOL_OPENING ((size_t)8)

/* A TLS record's worth: one read takes a usual answer whole. */
#define POOL_SCRATCH ((size_t)16384)

struct upstream_pool {
	struct event_base *base;
	const struct upstream_target *target;
	struct names *names;
	size_t address; /* index of the last one that worked */
	struct wire_memory memory;
	struct conns conns; /* all that are open or opening */
	struct conns idle;  /* latest first; the oldest rest at the tail */
	struct conns graveyard;
	size_t conn_count;
	size_t opening; /* of these, not open yet */
	struct call_list queue;
	struct call_list ended;
	/* Served, kept with their memory: the latest is still in the cache. */
	SLIST_HEAD(spare, upstream_call) spare;
	size_t spare_count;
	struct event sweep;
	struct event idle_timer;
	struct timeval timeout;
	const struct timeval *deadline; /* timeout, as a common timeout */
	unsigned running;               /* frames of user code on the stack */
	bool stopping;
	bool buried; /* freed by user code: the last frame frees it */
	char scratch[POOL_SCRATCH];
};

/* upstream_pool.c */
void pool_wake(struct upstream_pool *p); /* the sweep will run */
/* Serves the queue, while there are connections to serve it. */
void pool_pump(struct upstream_pool *p);
/*
 * A connection came to rest: it gives back its buffers when it rests for a
 * while, and is closed when it rests too long.
 */
void pool_watch_idle(struct upstream_pool *p);

/* upstream_call.c */
/* A spare one, or a new one, with room for the head in its request. */
struct upstream_call *call_begin(struct upstream_pool *p, size_t most);
/* The deadline runs from here. */
void call_start(struct upstream_call *call, upstream_done *done, void *arg);
/* Over: wiped, and kept for the next one unless enough are. */
void call_retire(struct upstream_call *call);
void call_free_spare(struct upstream_pool *p);
/*
 * Prints the head before the body; false when there is no memory for it.
 * lead_id: what stands behind the target's `start`.
 */
bool call_print_head(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key) MUST_CHECK;
/* Around each write: the key is in the request, and is out of it again. */
void call_show_key(struct upstream_call *call);
void call_hide_key(struct upstream_call *call);
/* All of it is written: what it says of a person need not stay either. */
void call_forget_request(struct upstream_call *call);
void call_move(struct upstream_call *call, struct call_list *to);
/* Before those that wait there. */
void call_move_first(struct upstream_call *call, struct call_list *to);
/* Not a byte is written, and its time (upstream_until()) is over. */
bool call_is_late(const struct upstream_call *call);
/*
 * Ends it without an answer and closes its connection, if it holds one.
 * done runs from the sweep. The reason is copied.
 */
void call_end(struct upstream_call *call, enum upstream_outcome outcome,
    const char *reason);
/* The same at its deadline, as far as it had come by then. */
void call_end_late(struct upstream_call *call);
/* Both run done and retire the call; the pool may be gone afterwards. */
void call_answer(struct upstream_call *call, int64_t now_us);
void call_report_end(struct upstream_call *call);

/* upstream_conn.c */
/* Opens one for the call. A failure ends the call. */
void conn_open(struct upstream_pool *p, struct upstream_call *call);
/* The lookup it waits for is over; problem as in names_ready. */
void conn_resolved(struct conn *c, const char *problem);
/* Has an idle connection send the call's request, in this turn of the loop. */
void conn_begin(struct conn *c, struct upstream_call *call);
/* Whether it keeps TLS's buffers; see wire_keep_buffers(). */
void conn_warm(struct conn *c, bool warm);
/* Unhooks it; it must hold no call. The sweep frees it. */
void conn_close(struct conn *c);

#endif
