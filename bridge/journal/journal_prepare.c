/*
 * journal/journal_prepare.c - an op made ready for the backend.
 *
 * A backend sees hashed keys and sealed texts where the caller wrote plain
 * ones; the caller's own are kept in op.own and put back before done runs.
 * This is done on the port's thread: there are many, the journal's is one.
 */
#include <string.h>

#include <openssl/evp.h>

#include "journal/journal_front.h"

#define LIST_MOST 1000
#define OP_WEIGHT ((size_t)512) /* about what any op is */

/* In one block with the copies of the updates and the sealed texts. */
struct own {
	struct str key, event; /* as the caller had them */
	const struct journal_update *updates;
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct journal_update sealed[]; /* a copy of the updates */
};

void
op_refuse(struct journal_op *op, enum fault_code code, const char *text)
{
	op->result = JOURNAL_UNAVAILABLE;
	op->fault = (struct fault){ 0 };
	fault_set(&op->fault, code, "journal", "%s", text);
}

static size_t
updates_weight(const struct journal_update *updates, size_t count)
{
	size_t n = count * sizeof(*updates);

	for (size_t i = 0; i < count; i++)
		n += updates[i].body.len;
	return n;
}

size_t
op_weight(const struct journal_op *op)
{
	if (op->verb == JOURNAL_ACCEPT) {
		const struct journal_accept *a = (const void *)op;

		return OP_WEIGHT + a->event.len +
		    updates_weight(a->updates, a->update_count);
	}
	if (op->verb == JOURNAL_REVIVE) {
		const struct journal_revive *r = (const void *)op;

		return OP_WEIGHT +
		    updates_weight(r->updates,
		        r->updates != NULL ? r->update_count : 0);
	}
	return OP_WEIGHT;
}

/* route, NUL, key; what is left of it identifies, and tells nothing. */
static int
hash_key(struct str route, struct str key, unsigned char *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(c, route.at, route.len) == 1 &&
	    EVP_DigestUpdate(c, "", 1) == 1 &&
	    EVP_DigestUpdate(c, key.at, key.len) == 1 &&
	    EVP_DigestFinal_ex(c, out, NULL) == 1;

	EVP_MD_CTX_free(c);
	return ok ? 0 : -1;
}

/* A text that looks sealed would not be read back as what it is. */
static bool
fit_text(struct str text)
{
	return text.len == 0 || (unsigned char)text.at[0] != SEAL_MARK;
}

static bool
fit_update(const struct journal_update *u)
{
	if (u->refused.at != NULL)
		return fit_text(u->body) && u->target.len <= JOURNAL_NAME_MAX &&
		    u->lead.len <= JOURNAL_LEAD_MAX;
	return u->target.len > 0 && u->target.len <= JOURNAL_NAME_MAX &&
	    u->lead.len > 0 && u->lead.len <= JOURNAL_LEAD_MAX &&
	    u->body.len > 0 && fit_text(u->body);
}

static bool
fit_updates(const char *id, const struct journal_update *updates, size_t count)
{
	if (count == 0 || strlen(id) != JOURNAL_ID_SIZE - 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!fit_update(&updates[i]))
			return false;
	return true;
}

static size_t
sealed_size(const struct journal *j, struct str text)
{
	return seal_seals(j->seal) && text.at != NULL ? text.len + SEAL_EXTRA
	                                              : 0;
}

/* Seals into *to and moves it on; without a key the text stays as it is. */
static int
seal_text(const struct journal *j, const struct seal_place *place,
    struct str *text, char **to, struct fault *why)
{
	if (!seal_seals(j->seal) || text->at == NULL)
		return 0;
	if (seal_close(j->seal, place, *text, *to, why) == -1)
		return -1;
	*text = (struct str){ *to, text->len + SEAL_EXTRA };
	*to += text->len;
	return 0;
}

static int
seal_updates(const struct journal *j, const char *id,
    struct journal_update *updates, size_t count, char **to, struct fault *why)
{
	for (size_t i = 0; i < count; i++) {
		struct seal_place place = { "body", id, updates[i].target,
			updates[i].lead };

		if (seal_text(j, &place, &updates[i].body, to, why) == -1)
			return -1;
	}
	return 0;
}

/* A block with a copy of the updates; *to is where sealed texts may go. */
static struct own *
own_new(const struct journal *j, struct str event,
    const struct journal_update *updates, size_t count, char **to)
{
	size_t fixed = sizeof(struct own) + count * sizeof(*updates);
	size_t size = fixed + sealed_size(j, event);
	struct own *own;

	for (size_t i = 0; i < count; i++)
		size += sealed_size(j, updates[i].body);
	own = pool_malloc(size);
	if (own == NULL)
		return NULL;
	own->event = event;
	own->updates = updates;
	memcpy(own->sealed, updates, count * sizeof(*updates));
	*to = (char *)own + fixed;
	return own;
}

static int
prepare_accept(struct journal *j, struct journal_op *op)
{
	struct journal_accept *a = (void *)op;
	struct seal_place place = { "event", a->id, STR_NONE, STR_NONE };
	struct own *own;
	char *to;

	if (!fit_updates(a->id, a->updates, a->update_count) ||
	    !fit_text(a->event) || a->route.len > JOURNAL_NAME_MAX) {
		op_refuse(op, FAULT_INTERNAL, "no such event can be stored");
		return -1;
	}
	own = own_new(j, a->event, a->updates, a->update_count, &to);
	if (own == NULL) {
		op_refuse(op, FAULT_BUSY, "out of memory");
		return -1;
	}
	op->own = own;
	own->key = a->key;
	op->fault = (struct fault){ 0 };
	if ((a->key.at != NULL &&
	        hash_key(a->route, a->key, own->hash) == -1) ||
	    seal_text(j, &place, &a->event, &to, &op->fault) == -1 ||
	    seal_updates(j, a->id, own->sealed, a->update_count, &to,
	        &op->fault) == -1) {
		fault_set(&op->fault, FAULT_BUSY, "journal", "out of memory");
		op->result = JOURNAL_UNAVAILABLE;
		return -1;
	}
	a->updates = own->sealed;
	if (a->key.at != NULL)
		a->key = (struct str){ (const char *)own->hash, JOURNAL_HASH };
	return 0;
}

static int
prepare_revive(struct journal *j, struct journal_op *op)
{
	struct journal_revive *r = (void *)op;
	struct own *own;
	char *to;

	if (r->updates == NULL)
		return 0;
	if (!fit_updates(r->id, r->updates, r->update_count)) {
		op_refuse(op, FAULT_INTERNAL, "no such updates can be stored");
		return -1;
	}
	own = own_new(j, STR_NONE, r->updates, r->update_count, &to);
	if (own == NULL) {
		op_refuse(op, FAULT_BUSY, "out of memory");
		return -1;
	}
	op->own = own;
	op->fault = (struct fault){ 0 };
	if (seal_updates(j, r->id, own->sealed, r->update_count, &to,
	        &op->fault) == -1) {
		op->result = JOURNAL_UNAVAILABLE;
		return -1;
	}
	r->updates = own->sealed;
	return 0;
}

static int
prepare_settle(struct journal *j, struct journal_op *op)
{
	struct journal_settle *s = (void *)op;

	(void)j;
	if (!journal_may_move(JOURNAL_SENDING, s->to))
		bug("no attempt ends in %s",
		    name_text(journal_states, (int)s->to));
	if (s->delay_ms < 0)
		s->delay_ms = 0;
	if (s->delay_ms > JOURNAL_DELAY_MAX_MS)
		s->delay_ms = JOURNAL_DELAY_MAX_MS;
	return 0;
}

static int
prepare_list(struct journal *j, struct journal_op *op)
{
	struct journal_list *l = (void *)op;

	(void)j;
	if (l->most == 0 || l->most > LIST_MOST)
		l->most = LIST_MOST;
	return 0;
}

static int (*const preparers[JOURNAL_VERBS])(struct journal *j,
    struct journal_op *op) = {
	[JOURNAL_ACCEPT] = prepare_accept,
	[JOURNAL_SETTLE] = prepare_settle,
	[JOURNAL_LIST] = prepare_list,
	[JOURNAL_REVIVE] = prepare_revive,
};

int
prepare(struct journal *j, struct journal_op *op)
{
	op->own = NULL;
	op->fault = (struct fault){ 0 };
	return preparers[op->verb] != NULL ? preparers[op->verb](j, op) : 0;
}

static void
restore_accept(struct journal *j, struct journal_op *op)
{
	struct journal_accept *a = (void *)op;
	const struct own *own = op->own;

	(void)j;
	if (own == NULL)
		return;
	a->key = own->key;
	a->event = own->event;
	a->updates = own->updates;
}

static void
restore_revive(struct journal *j, struct journal_op *op)
{
	struct journal_revive *r = (void *)op;

	(void)j;
	if (op->own != NULL)
		r->updates = ((const struct own *)op->own)->updates;
}

static void
open_claim(struct journal *j, struct journal_op *op)
{
	struct journal_claim *c = (void *)op;

	for (size_t i = 0; i < c->count; i++) {
		struct journal_item *item = &c->items[i];
		struct seal_place place = { "body", item->id, c->target,
			str_of(item->lease.lead) };

		if (seal_open(j->seal, &place, &item->body, &op->fault) == -1)
			item->body = STR_NONE;
	}
}

static void
open_rows(struct journal *j, struct journal_op *op, struct journal_row *rows,
    size_t count)
{
	struct str sealed = STR_NONE, opened = STR_NONE;

	for (size_t i = 0; i < count; i++) {
		struct journal_row *r = &rows[i];
		struct seal_place body = { "body", r->id, r->target, r->lead };
		struct seal_place event = { "event", r->id, STR_NONE,
			STR_NONE };

		if (seal_open(j->seal, &body, &r->body, &op->fault) == -1)
			r->body = STR_NONE;
		/* Rows of one delivery may share it: it is opened once. */
		if (r->event.at == NULL || r->event.at != sealed.at) {
			sealed = r->event;
			opened = r->event;
			if (seal_open(j->seal, &event, &opened, &op->fault) ==
			    -1)
				opened = STR_NONE;
		}
		r->event = opened;
	}
}

static void
open_list(struct journal *j, struct journal_op *op)
{
	struct journal_list *l = (void *)op;

	open_rows(j, op, l->rows, l->count);
}

static void
open_show(struct journal *j, struct journal_op *op)
{
	struct journal_show *s = (void *)op;

	open_rows(j, op, s->rows, s->count);
}

/* Always, and only when the op was done. */
static void (*const restorers[JOURNAL_VERBS])(struct journal *j,
    struct journal_op *op) = {
	[JOURNAL_ACCEPT] = restore_accept,
	[JOURNAL_REVIVE] = restore_revive,
};
static void (*const openers[JOURNAL_VERBS])(struct journal *j,
    struct journal_op *op) = {
	[JOURNAL_CLAIM] = open_claim,
	[JOURNAL_LIST] = open_list,
	[JOURNAL_SHOW] = open_show,
};

void
unprepare(struct journal *j, struct journal_op *op)
{
	if (restorers[op->verb] != NULL)
		restorers[op->verb](j, op);
	if (op->result == JOURNAL_OK && openers[op->verb] != NULL)
		openers[op->verb](j, op);
	pool_free(op->own);
	op->own = NULL;
}
