/* journal/journal_postgres.c - the postgres backend: not there yet. */
#include "journal/journal_backend.h"

static void *
open_store(const char *url, const struct journal_settings *settings,
    struct fault *why)
{
	(void)url;
	(void)settings;
	fault_set(why, FAULT_SETTINGS, "journal.url",
	    "this backend is not there yet");
	return NULL;
}

static void
close_store(void *store)
{
	(void)store;
}

static int
apply(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	(void)store;
	(void)ops;
	(void)count;
	return fault_set(why, FAULT_INTERNAL, NULL, "no store");
}

const struct journal_backend journal_postgres = {
	.scheme = "postgresql://",
	.shared = true,
	.open = open_store,
	.close = close_store,
	.apply = apply,
};
