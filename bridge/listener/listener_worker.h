/*
 * listener/listener_worker.h - a worker, its connections, their requests.
 *
 * What the files of this room share; private to it. Everything here belongs
 * to one worker and is touched by its thread only.
 *
 *	worker		a thread: an event base and a table of guards
 *	entry		one address of a worker: a socket and an evhttp
 *	guard		one connection: what is read before evhttp may see it
 *	incoming	one request, from its first byte to its answer
 *
 * How a request gets past evhttp. The guard reads the connection itself: the
 * bufferevent evhttp holds never does. It has every byte scanned, and keeps
 * it. Once the first request of a connection is complete, or known to be bad,
 * evhttp finds in its input one line of ours, "POST /17 HTTP/1.1", and calls
 * back with it; 17 is the guard's place in the table. From there on evhttp
 * has one request in hand for as long as the connection is open. The guard
 * serves those that come, one after the other, and writes the answers, a
 * block each; behind the last one it tells evhttp that its request is over.
 * So evhttp parses nothing a stranger wrote, prints nothing, and is left with
 * what it is good at: accepting connections, holding and closing them.
 */
#ifndef BRIDGE_LISTENER_WORKER_H
#define BRIDGE_LISTENER_WORKER_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "listener/listener.h"
#include "listener/listener_crowd.h"
#include "listener/listener_front.h"
#include "listener/listener_scan.h"
#include "listener/listener_stream.h"
#include "metrics/metrics.h"

/* A read, at most: larger bodies come in more of them. */
#define SCRATCH_BYTES ((size_t)64 << 10)

struct worker;
struct guard;

/* At most so many a second; the rest is counted, and told with the next. */
struct quota {
	int64_t second;
	unsigned used;
	unsigned dropped;
};

struct entry {
	struct worker *worker;
	struct front *front; /* never NULL; guards look it up each time */
	SSL_CTX *tls;        /* NULL: plain */
	int fd;              /* until the socket belongs to evhttp */
	struct evhttp *http;
	struct evhttp_bound_socket *bound; /* NULL once closed */
};

/* Where a connection stands. guard_enter() is the only one to assign it. */
enum phase {
	PHASE_IDLE,    /* between two requests */
	PHASE_HEAD,    /* nothing, a PROXY header, or a part of a head */
	PHASE_BODY,    /* a head and a part of a body */
	PHASE_READY,   /* a request is over, good or bad: to be served */
	PHASE_SERVING, /* the service owes an answer */
	PHASE_WRITING, /* the peer takes the answer, in more than one go */
	PHASE_LINGER,  /* evhttp let go; what comes is read and dropped */
	PHASE_DOOMED,  /* of no use; the sweep ends it */
	PHASES
};

/*
 * One for as long as its connection, at rest too: what is added here is paid
 * for by each of thousands (tests/e2e/test_steady.py counts it).
 */
struct guard {
	struct worker *worker;
	struct entry *entry;
	struct bufferevent *bev; /* evhttp's; one reference is ours */
	struct stream stream;
	struct event io; /* first: evhttp has set the descriptor */
	unsigned slot;
	enum phase phase : 8;
	bool unnamed : 1;          /* of a proxy that names nobody */
	bool entered : 1;          /* is counted by its address */
	bool accepted : 1;         /* a request of it was answered 2xx */
	bool closing : 1;          /* behind the answer */
	bool refused : 1;          /* what it answers */
	bool warm : 1;             /* keeps TLS's buffers */
	unsigned waiting;          /* bytes in evhttp's input: of one read */
	unsigned dropped;          /* bytes read for nobody: some MiB at most */
	int64_t since, deadline;   /* of a phase with a timeout; worker_now() */
	struct incoming *incoming; /* from its first byte; NULL at rest */
	struct evhttp_connection *connection; /* once evhttp called ... */
	struct evhttp_request *http;          /* ... with this one, */
	struct greeting *greeting;            /* a PROXY header to come */
	struct net_address address;           /* of the peer ... */
	char peer[NET_TEXT_SIZE];             /* ... and its text */
	short waits; /* what io waits for: EV_READ, EV_WRITE or 0 */
};

struct incoming {
	struct exchange exchange; /* first: the service knows only this */
	struct worker *worker;    /* of the pool */
	struct guard *guard;      /* NULL once the peer is gone */
	bool served;              /* with the service: it owes an answer */
	struct scan scan;         /* how far it has been read */
	struct bytes bytes;       /* head and body, in a row */
	struct str out;           /* of the answer, what is not written */
	size_t held;              /* of its arena, what the crowd counts */
	size_t room;              /* ... what it may hold */
	int64_t wait_us;          /* SCAN_RATE: what it is told to wait */
	struct net_address client;
	bool is_proxy;         /* ... one of ours, and nobody known behind it */
	struct incoming *next; /* in the pool */
	bool admitted;         /* its head was looked at */
	bool bodiless;         /* its body was not wanted */
	bool no_body;          /* the answer's: HEAD */
	int64_t begun_us;      /* its first byte */
};

/* What other threads want of a worker; see listener_inside.h. */
struct renewal;
struct bell {
	int fd; /* an eventfd: there is something */
	struct event *event;
	_Atomic(int64_t) drain_ms;         /* stop, within; -1: no */
	_Atomic(struct renewal *) renewal; /* NULL: none */
	atomic_uint asked, answered;       /* does it live? */
	atomic_bool gone;                  /* its thread is through */
};

struct worker {
	pthread_t thread;
	unsigned number;
	struct listener *listener;
	const char *name; /* the listener's */
	struct listener_limits limits;
	struct scan_limits scan_limits;
	struct service service;
	void *mine; /* what service.start gave */

	struct event_base *base;
	struct entry *entries;
	size_t entry_count;
	char *scratch; /* SCRATCH_BYTES: what one read brought */
	struct event *sweep;
	struct bell bell;
	unsigned renewed; /* the number of its settings; the listener's lock */

	struct guard **guards; /* by slot; NULL: free */
	unsigned slots;
	unsigned free_from;      /* no slot below is free */
	unsigned open;           /* guards */
	struct crowd *crowd;     /* the listener's */
	int64_t timeout[PHASES]; /* ms */
	bool accepting;
	bool asking;          /* see crowd_ask() */
	int64_t accept_again; /* not before; ms */

	struct incoming *current; /* with the service now; see guard_serve() */
	struct incoming *pool;
	unsigned pooled;
	char date[48]; /* as a header line, of the second date_of */
	size_t date_len;
	time_t date_of;
	unsigned serving; /* requests the service owes an answer to */
	unsigned warm;    /* guards that keep TLS's buffers */

	bool told, stopping; /* to stop; it accepts no more ... */
	unsigned looks;      /* for who waits, between the two */
	bool stopped;        /* ... and the service has stopped */
	int64_t drain_until, close_at;
	struct quota bad_lines, accept_lines, limit_lines, refused_lines;
	struct quota full_lines;
};

int64_t worker_now(void); /* ms, monotonic */
/* False when the line should be left out; *dropped: how many were before. */
bool quota_take(struct quota *q, unsigned a_second, unsigned *dropped);

/* listener_worker.c */
void worker_prepare(struct worker *w);
/* The thread. Calls listener_reports() once, then runs until stopped. */
void *worker_run(void *worker);
void worker_free(struct worker *w);
void worker_admit(struct worker *w); /* accepts, or not, as things stand */
void worker_wake(struct worker *w);  /* there is something to sweep */

/*
 * listener_room.c: at the ceiling, where somebody waits to be accepted, closes
 * some connections of whom nothing good is known. Any guard may be gone
 * afterwards.
 */
void worker_make_room(struct worker *w);
/* Whether somebody waits to be accepted, at a socket of this worker. */
bool worker_is_awaited(const struct worker *w);

/* By these, from the next request or phase on; who rests, at once. */
void worker_limit(struct worker *w, const struct listener_limits *limits);
/* Stops within that time; said again, within the shorter one. */
void worker_stop(struct worker *w, int64_t drain_ms);

/* listener_bell.c; all but ring are the worker's, or before it runs. */
void bell_init(struct bell *b);
void bell_hang(struct bell *b, struct worker *w);
void bell_take_down(struct bell *b);
void bell_ring(struct bell *b); /* any thread */
void bell_done(struct bell *b);

/* listener.c: the worker runs, or could not start; its thread is through. */
void listener_reports(struct listener *l, bool runs);
void listener_ends(struct listener *l, struct worker *w);
/* listener_renew.c: it serves by these settings now. */
void listener_renewed(struct listener *l, struct worker *w, unsigned number);

/* listener_guard.c: a connection's life, and what evhttp has to do with it */
struct bufferevent *guard_open(struct event_base *base, void *entry);
void guard_called(struct evhttp_request *http, void *entry);
void guard_enter(struct guard *g, enum phase phase);
/* Whether it keeps TLS's buffers; see stream_keep_buffers(). */
void guard_warm(struct guard *g, bool warm);
void guard_sweep(struct guard *g, int64_t now);
/* Has the crowd count the bytes behind the request, in evhttp's input. */
void guard_count_waiting(struct guard *g);
/* A connection's first request: has evhttp call, which serves it. */
void guard_show(struct guard *g);
/* Behind the last answer. g may be gone when it returns. */
void guard_hang_up(struct guard *g);
void guard_end(struct guard *g); /* closes it, whatever it does */
void guard_free(struct guard *g);

/*
 * listener_greet.c: who is there. From the first look at a connection until
 * its peer is known; g may be gone afterwards.
 */
void guard_greet(struct guard *g);
/* The PROXY header, or a part of it, is here. */
void guard_greet_on(struct guard *g);
void guard_greet_end(struct guard *g); /* frees what is left of it */
/* Closes it for a limit it met; some a second are logged. */
void guard_turn_away(struct guard *g, enum metric_limit limit,
    const char *reason);

/* listener_talk.c: what is read and written; g may be gone afterwards */
/* Waits for EV_READ or EV_WRITE; with 0, for nothing. */
void guard_wait(struct guard *g, short what);
/* Answers what was begun, for a reason the scanner does not know. */
void guard_refuse(struct guard *g, enum scan_reason reason);
void guard_serve(struct guard *g); /* g->incoming, which is complete */
/* Writes g->incoming->out, now or later. */
void guard_write(struct guard *g);

/* listener_incoming.c */
struct incoming *incoming_take(struct guard *g);
void incoming_drop(struct incoming *in); /* back to the pool, unanswered */
/* A byte of its head is here; blank lines before it do not count. */
bool incoming_begun(const struct incoming *in); /* NULL: no */
/* Keeps bytes of head or body; false when there is no memory. */
bool incoming_keep(struct incoming *in, const char *at, size_t n);
/* Fills the request; false when there is no memory. */
bool incoming_fill(struct incoming *in);
/* Where it is from: of incoming_fill(), once the headers are there. */
bool incoming_find_client(struct incoming *in);
/*
 * The head is whole: may it be served, and is its body wanted? Once a
 * request; SCAN_OK, or why it is not served.
 */
enum scan_reason incoming_admit(struct incoming *in);
/* The same before its body is whole; ends the request when it is of no use. */
void incoming_admit_early(struct incoming *in);
/* Has the crowd count what it holds by now. */
void incoming_count(struct incoming *in);
void incoming_refuse(struct incoming *in, enum scan_reason reason);
void incoming_reply(struct exchange *x, const struct answer *a);
void incoming_free_pool(struct worker *w);
/* Of the largest request, and of what a worker keeps for the next ones. */
size_t incoming_arena_max(const struct listener_limits *limits);
size_t incoming_pool_max(void);

/*
 * listener_answer.c: head and body, in the request's arena; STR_NONE when
 * there is no room.
 */
struct str answer_print(struct incoming *in, const struct answer *a,
    bool close);

#endif
