/*
 * sandbox/sandbox_parts.h - what the files of this room share.
 *
 * From the inside out: a store of leads, the check of an update, the API
 * that makes a request into an answer. None of these knows of sockets, locks
 * or clocks; sandbox.c adds them.
 */
#ifndef BRIDGE_SANDBOX_PARTS_H
#define BRIDGE_SANDBOX_PARTS_H

#include <jansson.h>

#include "base/base.h"

/*
 * Ceilings of the store. Far above what a mapping tried by hand or a test
 * needs, and low enough that a forgotten sandbox stays small.
 */
#define STORE_LEADS_MAX 10000
#define STORE_ITEMS_MAX 1000 /* notes, or answers, of one lead */

struct store;

/* ids: NULL-ended, or NULL; any: every valid id exists. */
struct store *store_new(const char *const *ids, bool any) MUST_CHECK;
void store_free(struct store *s); /* NULL is fine */

/* A reference of the caller's own, or NULL: no such lead. */
json_t *store_copy(const struct store *s, struct str id) MUST_CHECK;

enum update {
	UPDATE_DONE,
	UPDATE_UNKNOWN, /* no such lead */
	UPDATE_FULL,    /* a ceiling above */
	UPDATE_BUSY,    /* no memory */
};
/*
 * Applies an update that check_update() found nothing wrong with, wholly or
 * not at all. now_ms dates what the API generates.
 */
enum update store_update(struct store *s, struct str id, const json_t *update,
    int64_t now_ms) MUST_CHECK;

/*
 * What is wrong with a request, as the elements of the envelope's `details`.
 * The first PROBLEMS_MAX are kept. Texts name fields, never their values.
 */
#define PROBLEMS_MAX 50
struct problems {
	struct bytes *out;
	size_t count;
};
void problems_add(struct problems *all, const char *fmt, ...) PRINTF(2, 3);

/*
 * The update, when nothing is wrong with the body. Else NULL with every
 * problem added; none, when there was no memory to read it.
 */
json_t *check_body(struct str body, struct problems *all) MUST_CHECK;

/* v as JSON: with line breaks and two spaces a level, or without any. */
void print_json(json_t *v, bool indented, struct bytes *out);

struct api;

struct api *api_new(struct str key, const char *const *ids,
    bool any) MUST_CHECK;
void api_free(struct api *a); /* wipes the key; NULL is fine */
/* The body is constant, or in the arena. Reads request.received_ms as now. */
void api_answer(struct api *a, const struct request *r, struct arena *arena,
    struct answer *out);
/* As in sandbox.h. */
char *api_lead(struct api *a, struct str id) MUST_CHECK;
char *api_last_request(const struct api *a) MUST_CHECK;

/* sandbox_make_certificates as of `now`, a Unix time in seconds. */
int certificates_make(const char *dir, int64_t now,
    struct fault *why) MUST_CHECK;

#endif
