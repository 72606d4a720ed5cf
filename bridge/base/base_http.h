/*
 * base/base_http.h - a request and an answer, as values.
 *
 * The listener makes requests, the rooms behind it read them, and whoever
 * decides answers. HTTP's syntax is known to listener, answer and upstream
 * only.
 */
#ifndef BRIDGE_BASE_HTTP_H
#define BRIDGE_BASE_HTTP_H

#include "base/base_fault.h"

struct header {
	struct str name;
	struct str value;
};

struct request {
	struct str method; /* "POST" */
	struct str target; /* as received: "/hooks/x?y=1" */
	struct str path;   /* target before '?', not decoded */
	struct str query;  /* behind '?', not decoded; at == NULL: no '?' */
	const struct header *headers;
	size_t header_count;
	struct str body;
	/*
	 * The client's numeric address, no port: of the connection, or, where
	 * that is a proxy of ours, the one that it says it was called from. All
	 * that asks "from where" asks this.
	 */
	struct str peer;
	struct str hop;      /* that proxy; at == NULL: none */
	int64_t received_ms; /* Unix time in milliseconds */
	int64_t receive_us;  /* from its first byte to its last */
	bool tls;
	/* Of the certificate it showed, which was verified; or STR_NONE. */
	struct str client_name;
};

/* The header's value, or STR_NONE. The first one, if there are several. */
struct str request_header(const struct request *r, struct str name);
size_t request_header_count(const struct request *r, struct str name);
/*
 * The first query parameter of that name, percent-decoded into the arena;
 * STR_NONE when absent, broken or out of memory.
 */
struct str request_query(const struct request *r, struct str name,
    struct arena *a);

struct answer {
	int status;
	struct str content_type; /* STR_NONE: application/json */
	struct str body;
	int retry_after;                    /* seconds; 0: not said */
	struct str allow;                   /* for 405: "POST" */
	struct str extra_name, extra_value; /* one header more, or none */
	bool close;                         /* close the connection behind it */
};

/*
 * One request on its way through the house, handed over by the listener.
 *
 * Call reply exactly once, at once or later, on the thread that was handed
 * the exchange. The answer is copied before reply returns; the exchange, its
 * request and its arena must not be touched afterwards. A sender that hung
 * up meanwhile makes no difference to the caller.
 */
struct exchange {
	struct request request;
	struct arena *arena;
	/*
	 * Set by whoever lets another thread at the arena: until the reply the
	 * listener looks at nothing of it.
	 */
	bool lent;
	void (*reply)(struct exchange *x, const struct answer *a);
};

/* What happens to requests: the other side of a listener. */
struct service {
	/*
	 * Once a worker, on its thread, before any request. The base is the
	 * worker's libevent base; the result is passed to the calls below.
	 * NULL ends the start with `why` set by the callee.
	 */
	void *(*start)(void *shared, void *event_base, unsigned worker);
	void (*serve)(void *mine, struct exchange *x);
	/*
	 * May be NULL. The settings were renewed: what is served from now on is
	 * served by `shared`, what is under way ends as it began. On the
	 * worker's thread. What `shared` stands for is there until renew
	 * returns; who goes on with it holds it.
	 */
	void (*renew)(void *mine, void *shared);
	/*
	 * May be NULL. A head is whole, its body is not: false when it is of
	 * no use to read that. The request is then served without it, and the
	 * connection closed behind the answer. Takes from the arena for as
	 * long as the call lasts only.
	 */
	bool (*wants_body)(void *mine, const struct request *r,
	    struct arena *arena);
	/*
	 * May be NULL. The end has begun: nothing of its own is to be begun any
	 * more; true while something of its own is under way. Asked again and
	 * again until it is not, or the time to drain is up; then comes stop.
	 */
	bool (*busy)(void *mine);
	/*
	 * No exchange comes any more; those still open must be answered, in
	 * this call or soon. Frees what start made. On the worker's thread.
	 */
	void (*stop)(void *mine);
	void *shared; /* what start is given */
};

/*
 * Unix seconds of a date in any of the three forms of RFC 9110 5.6.7:
 * "Sun, 06 Nov 1994 08:49:37 GMT" and the two that are no longer sent. -1: it
 * is none.
 */
int64_t http_date(struct str text);
/*
 * How long a Retry-After asks to wait, seconds or a date (RFC 9110 10.2.3):
 * not bounded, and below 0 for a date that is gone by. False: it says nothing.
 */
bool http_retry_after(struct str value, int64_t now_ms, int64_t *ms) MUST_CHECK;

/* Standard reason phrase of a status: 404 -> "Not Found". */
const char *http_reason(int status);
/*
 * The API's failure envelope,
 * {"success":false,"error":{"code","message","details":[]}}.
 */
void envelope_print(const struct fault *f, struct bytes *out);
/* Fills an answer from a fault: status, envelope (in the arena), retry. */
void answer_fault(struct answer *a, const struct fault *f, struct arena *arena);
/* Replies with a fault that has nothing to add to its code. */
void exchange_refuse(struct exchange *x, enum fault_code code);

#endif
