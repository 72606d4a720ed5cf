/*
 * delivery/delivery_life.h - one delivery, from inside the room.
 *
 * A delivery lives in its exchange's arena, on one worker's thread, from the
 * hand-over of the request to the reply; replying ends it.
 */
#ifndef BRIDGE_DELIVERY_LIFE_H
#define BRIDGE_DELIVERY_LIFE_H

#include "delivery/delivery_era.h"
#include "delivery/delivery_trace.h"

#define DELIVERY_ID_SIZE 37

/* Most updates one webhook may make; senders batch up to 100 or so. */
#define DELIVERY_UPDATES 1000

/* 64 characters at most, see lead_id_valid(). */
#define LEAD_ID_SIZE 65

/* Calls of a batch in a row that end without an answer before it gives up. */
#define DELIVERY_SILENT 3

/* Of a sender's patience, the most that is left to the answer's way back. */
#define DELIVERY_MARGIN_MS 1000

/* Behind it stands an id; its answer tells what became of the delivery. */
#define DELIVERY_STATES_PATH "/deliveries/"

/* A Retry-After: seconds, or a date. */
#define RETRY_AFTER_SIZE 40

enum delivery_state {
	DELIVERY_RECEIVED, /* bytes in memory, nothing promised to anyone */
	DELIVERY_REFUSED,  /* the sender was told why */
	DELIVERY_ANSWERED, /* a handshake or a ping: no event */
	DELIVERY_IGNORED,  /* genuine, and the mapping wants nothing of it */
	DELIVERY_SENDING,  /* one call of the API is in flight */
	DELIVERY_STORED, /* in the journal; the sender may have it in writing */
	DELIVERY_QUEUED, /* ... and was told: 202 */
	DELIVERY_DUPLICATE, /* it came before; answered as then */
	DELIVERY_RELAYED,   /* the API's answer went back to the sender */
	DELIVERY_FAILED,    /* no usable answer; the sender was told to retry */
	DELIVERY_STATES
};

/* What became of one update of a batch. */
struct delivery_item {
	char lead_id[LEAD_ID_SIZE]; /* "": not known */
	int status;                 /* the API's, or 0 */
	bool skipped;
	struct fault fault;
};

struct worker {
	struct era *era; /* what comes now is served by it */
	struct event *reaper;
	uint64_t seed[2]; /* of delivery ids */
	struct event_base *base;
	struct journal *journal; /* NULL: there is none */
	struct journal_port *port;
	struct trace_port *trace_port; /* NULL: there is no exporter */
	unsigned asked; /* states of deliveries, being looked up */
};

struct delivery {
	enum delivery_state state;
	struct worker *worker;
	struct era *era; /* it is served by, to its end */
	struct exchange *exchange;
	const struct route *route; /* NULL until matched */
	char id[DELIVERY_ID_SIZE];
	const char *first; /* the delivery whose id or key it has; or NULL */
	const char *asked; /* what no route takes, for the log; or NULL */
	bool proven;       /* as the route asks for it */
	int64_t started_us;
	int64_t mapped_us;   /* 0: it was not mapped, or not yet */
	int64_t upstream_us; /* of all its calls */
	int upstream_status; /* of the last; 0: none was answered */
	int64_t deadline_us; /* of the whole; INT64_MAX: the sender has time */
	struct header params[ROUTE_PARAMS];
	struct mapping_input input;
	struct mapping_events events;
	size_t next;                  /* event to map next */
	unsigned silent;              /* calls in a row without an answer */
	unsigned blamed;              /* lines of fields that were refused */
	struct arena_mark mark;       /* what one event takes is given back */
	struct mapping_update update; /* the one in flight */
	struct delivery_item *items;  /* batches: one an event */
	char retry_after[RETRY_AFTER_SIZE]; /* batches: the API's last; or "" */
	struct delivery_trace trace;
};

/* A request comes in; see struct service. */
void delivery_serve(void *mine, struct exchange *x);
bool delivery_wants_body(void *mine, const struct request *r,
    struct arena *arena);

const char *delivery_state_name(enum delivery_state s);
/* The only function that assigns ->state; counts the outcome. */
void delivery_move(struct delivery *d, enum delivery_state to);

/* A UUIDv7 (RFC 9562) of the time and the worker's seed. */
void delivery_make_id(struct worker *w, int64_t now_ms,
    char out[DELIVERY_ID_SIZE]);

/*
 * One log line about a delivery; every one starts with the same pairs. status
 * is what its sender is told, or 0.
 */
void delivery_log(const struct delivery *d, enum log_level level,
    const char *what, const char *reason, int status);
/* What its sender asked for; in the arena, or NULL. */
const char *delivery_asked_for(const struct delivery *d);
/* The API's answer has come, for delivery_log(). */
void delivery_heard(struct delivery *d, const struct upstream_answer *got);

/* The only way to answer: it ends the delivery, and d is gone. */
void delivery_reply(struct delivery *d, const struct answer *a);
/* Ends: each replies, and d is gone when it returns. */
void delivery_refuse(struct delivery *d, const struct fault *why,
    const char *reason);
void delivery_ignore(struct delivery *d);
/* `what` is for the log: "handshake", "ping". */
void delivery_answer(struct delivery *d, const char *what,
    const struct answer *a);
void delivery_relay(struct delivery *d, const struct upstream_answer *got);

/* Batches. Notes how the update in flight ended; logs where it went wrong. */
void delivery_note(struct delivery *d, const struct upstream_answer *got);
/* True past the deadline: the updates left are given up. */
bool delivery_batch_late(struct delivery *d);
void delivery_report(struct delivery *d); /* an end, as above */

/*
 * Journalled routes (delivery_store.c). All updates are made, stored, and
 * the sender is answered. -1 with why when it cannot be; not answered then.
 */
int delivery_store(struct delivery *d, struct fault *why) MUST_CHECK;
/*
 * Keeps an event that was proven and makes no update, then refuses it. False
 * when it is not to be kept: the caller refuses.
 */
bool delivery_keep(struct delivery *d, const struct fault *wrong,
    const char *reason);
/* GET /deliveries/{id}: what became of one. False: it is not asked for. */
bool delivery_tell_state(struct worker *w, struct exchange *x);

/* What replies may say of it. */
struct template_facts delivery_facts(const struct delivery *d);
/* What can be made of an answer; with why but for the first. */
enum answer_use {
	ANSWER_USABLE,
	ANSWER_UNUSABLE, /* there is none, or nobody knows what it means */
	ANSWER_DECLINES, /* a 2xx that says "success": false */
};
enum answer_use delivery_use(const struct upstream_answer *got,
    struct arena *arena, struct fault *why);
/* For the log: why it failed, or what is odd about it; or NULL. */
const char *delivery_oddity(const struct upstream_answer *got,
    const struct fault *why);
/*
 * Logs the fields of the update that the API refused, and what wrote them; of
 * a delivery BLAME_LINES at most.
 */
#define BLAME_LINES 32
void delivery_blame(struct delivery *d, const struct upstream_answer *got);
/* One such line. */
void blame_log(const char *delivery, const char *route,
    const struct blamed *one);

#endif
