/* admin/admin_job.c - a request that asks the journal. */
#include <string.h>

#include "admin/admin_job.h"

/* A page of whole rows, or one delivery with all it is mapped to anew. */
#define JOB_ARENA ((size_t)256 << 20)
#define JOB_ANSWER ((size_t)256 << 20)

void
admin_refuse(struct exchange *x, enum fault_code code, const char *fmt, ...)
{
	char text[sizeof(((struct fault *)NULL)->text)];
	struct fault why = { 0 };
	struct answer a;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fault_set(&why, code, NULL, "%s", text);
	answer_fault(&a, &why, x->arena);
	x->reply(x, &a);
}

struct job *
job_new(struct admin_worker *w, struct exchange *x, size_t mine)
{
	struct arena *arena = arena_new(JOB_ARENA);
	struct job *j = arena_take(arena, sizeof(*j));
	void *more = arena_take(arena, mine);

	if (j == NULL || more == NULL) {
		arena_free(arena);
		admin_refuse(x, FAULT_BUSY, "out of memory");
		return NULL;
	}
	memset(more, 0, mine);
	share_hold(w->admin->share);
	*j = (struct job){ .worker = w,
		.admin = w->admin,
		.exchange = x,
		.arena = arena,
		.mine = more };
	bytes_init(&j->out, JOB_ANSWER);
	return j;
}

static void
on_done(struct journal_op *op)
{
	struct job *j = op->arg;

	j->then(j);
}

void
job_ask(struct job *j, void (*then)(struct job *j))
{
	j->then = then;
	j->ask.op.done = on_done;
	j->ask.op.arg = j;
	journal_submit(j->worker->port, &j->ask.op);
}

bool
job_failed(const struct job *j, struct fault *why)
{
	if (j->ask.op.result != JOURNAL_UNAVAILABLE)
		return false;
	*why = j->ask.op.fault;
	if (why->code == FAULT_NONE)
		fault_set(why, FAULT_BUSY, "journal", "it cannot be used now");
	return true;
}

bool
job_over(struct job *j)
{
	struct fault why = { 0 };

	if (!job_failed(j, &why))
		return false;
	/* Some of it may be done. */
	admin_audit(j->exchange, LOG_LEVEL_WARNING, "failed", why.text);
	job_refuse(j, &why);
	return true;
}

static void
job_end(struct job *j, const struct answer *a)
{
	j->exchange->reply(j->exchange, a);
	bytes_done(&j->out);
	share_drop(j->admin->share);
	arena_free(j->arena);
}

void
job_reply(struct job *j)
{
	struct fault why = { 0 };

	if (!bytes_ok(&j->out)) {
		fault_set(&why, FAULT_TOO_LARGE, NULL,
		    "the answer would be too large; ask for less");
		job_refuse(j, &why);
		return;
	}
	job_end(j,
	    &(struct answer){ .status = 200, .body = bytes_str(&j->out) });
}

void
job_refuse(struct job *j, const struct fault *why)
{
	struct answer a;

	answer_fault(&a, why, j->exchange->arena);
	job_end(j, &a);
}

static void
audit(const struct exchange *x, enum log_level level, const char *action,
    const char *what, const char *reason)
{
	char peer[64];

	snprintf(peer, sizeof(peer), "%.*s", STR_ARG(x->request.peer));
	log_event(level, "admin", "action", action, "what", what, "reason",
	    reason, "peer", peer, NULL);
}

void
admin_audit(const struct exchange *x, enum log_level level, const char *action,
    const char *what)
{
	audit(x, level, action, what, NULL);
}

void
admin_audit_refused(const struct exchange *x, const char *reason)
{
	audit(x, LOG_LEVEL_WARNING, "refused", NULL, reason);
}
