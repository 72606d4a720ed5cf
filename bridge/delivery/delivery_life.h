/*
 * delivery/delivery_life.h - one delivery, from inside the room.
 *
 * A delivery lives in its exchange's arena, on one worker's thread, from the
 * hand-over of the request to the reply; replying ends it.
 */
#ifndef BRIDGE_DELIVERY_LIFE_H
#define BRIDGE_DELIVERY_LIFE_H

#include "delivery/delivery_route.h"

#define DELIVERY_ID_SIZE 37

/* Most updates one webhook may make; senders batch up to 100 or so. */
#define DELIVERY_UPDATES 1000

/* 64 characters at most, see lead_id_valid(). */
#define LEAD_ID_SIZE 65

/* Calls of a batch in a row that end without an answer before it gives up. */
#define DELIVERY_SILENT 3

enum delivery_state {
	DELIVERY_RECEIVED, /* bytes in memory, nothing promised to anyone */
	DELIVERY_REFUSED,  /* the sender was told why; nothing is kept */
	DELIVERY_ANSWERED, /* a handshake or a ping: no event */
	DELIVERY_IGNORED,  /* genuine, and the mapping wants nothing of it */
	DELIVERY_SENDING,  /* one call of the API is in flight */
	DELIVERY_RELAYED,  /* the API's answer went back to the sender */
	DELIVERY_FAILED,   /* no usable answer; the sender was told to retry */
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
	const struct routes *routes;
	struct upstream_pool **pools; /* one a target */
	uint64_t seed[2];             /* of delivery ids */
};

struct delivery {
	enum delivery_state state;
	struct worker *worker;
	struct exchange *exchange;
	const struct route *route; /* NULL until matched */
	char id[DELIVERY_ID_SIZE];
	int64_t started_us;
	struct header params[ROUTE_PARAMS];
	struct mapping_input input;
	struct mapping_events events;
	size_t next;                  /* event to map next */
	unsigned silent;              /* calls in a row without an answer */
	struct arena_mark mark;       /* what one event takes is given back */
	struct mapping_update update; /* the one in flight */
	struct delivery_item *items;  /* batches: one an event */
};

const char *delivery_state_name(enum delivery_state s);
/* The only function that assigns ->state; counts the outcome. */
void delivery_move(struct delivery *d, enum delivery_state to);

/* A UUIDv7 (RFC 9562) of the time and the worker's seed. */
void delivery_make_id(struct worker *w, int64_t now_ms,
    char out[DELIVERY_ID_SIZE]);

/* One log line about a delivery; every one starts with the same pairs. */
void delivery_log(const struct delivery *d, enum log_level level,
    const char *what, const char *reason, int status);

/* Ends: each replies, and d is gone when it returns. */
void delivery_refuse(struct delivery *d, const struct fault *why,
    const char *reason);
void delivery_ignore(struct delivery *d);
/* `what` is for the log: "handshake", "ping". */
void delivery_answer(struct delivery *d, const char *what,
    const struct answer *a);
void delivery_relay(struct delivery *d, const struct upstream_answer *got);
void delivery_report(struct delivery *d); /* of a batch */

/*
 * What the sender is told when the API gave no usable answer; false when it
 * gave one.
 */
bool delivery_no_answer(const struct upstream_answer *got, struct fault *why);

#endif
