/*
 * admin/admin_job.h - a request that asks the journal. Private.
 *
 * A job owns an arena and the op in hand; it asks, goes on in `then` with what
 * came back, asks again, and ends in a reply. All on the admin's own worker.
 */
#ifndef BRIDGE_ADMIN_JOB_H
#define BRIDGE_ADMIN_JOB_H

#include "admin/admin.h"

/* Deliveries, or leads, one request may act on. */
#define JOB_MOST 1000

struct event;

struct admin_worker {
	const struct admin *admin;
	struct journal_port *port; /* NULL: there is no journal */
	bool stopping;             /* whoever asks again and again ends here */
	struct event *told;      /* the keeper answered; NULL: none is asked */
	struct waiting *waiting; /* for its answer */
};

struct job {
	struct admin_worker *worker;
	const struct admin *admin; /* of when it began; held */
	struct exchange *exchange;
	struct arena *arena;
	struct bytes out; /* the answer, as far as it is */
	union {
		struct journal_op op;
		struct journal_list list;
		struct journal_show show;
		struct journal_revive revive;
		struct journal_drop drop;
		struct journal_forget forget;
	} ask;
	void (*then)(struct job *j);
	void *mine; /* of the resource, in the arena */
};

/* With room for `mine`, zeroed. NULL: there is no memory, and it is told. */
struct job *job_new(struct admin_worker *w, struct exchange *x,
    size_t mine) MUST_CHECK;
/* Hands in ask, whose verb is set; goes on in then. Last thing a step does. */
void job_ask(struct job *j, void (*then)(struct job *j));
/* True when the op could not be done, and why; NOT_FOUND is no failure. */
bool job_failed(const struct job *j, struct fault *why);
/* Where that is the end of the job: refuses it, and is true. */
bool job_over(struct job *j);
/* Both end the job. job_reply: 200 with `out`. */
void job_reply(struct job *j);
void job_refuse(struct job *j, const struct fault *why);

/* Without a job: answers at once. */
void admin_refuse(struct exchange *x, enum fault_code code, const char *fmt,
    ...) PRINTF(3, 4);

/* What is behind /deliveries and /forget. */
void admin_list(struct admin_worker *w, struct exchange *x);
void admin_show(struct admin_worker *w, struct exchange *x);
void admin_retry(struct admin_worker *w, struct exchange *x);
void admin_drop(struct admin_worker *w, struct exchange *x);
void admin_forget(struct admin_worker *w, struct exchange *x);
/* ... and behind /log. */
void admin_log(struct admin_worker *w, struct exchange *x);

/*
 * admin_reload.c: what is behind /settings and /reload, and those who
 * wait for the keeper's answer.
 */
void admin_settings_show(struct admin_worker *w, struct exchange *x);
void admin_reload(struct admin_worker *w, struct exchange *x);
void reloads_watch(struct admin_worker *w, struct event_base *base);
void reloads_refuse(struct admin_worker *w); /* the end: nobody answers */

/* An item as JSON; whole: with its body as "update". */
void admin_print_row(const struct admin *a, const struct journal_row *row,
    bool whole, struct bytes *out);

/*
 * Whoever used the endpoint, for the log; a text that is counted or a fixed
 * word, never what was asked for.
 */
void admin_audit(const struct exchange *x, enum log_level level,
    const char *action, const char *what);
/* Of one who is turned away: a stranger, who may come again and again. */
void admin_audit_refused(const struct exchange *x, const char *reason);

#endif
