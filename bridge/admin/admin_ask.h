/*
 * admin/admin_ask.h - what a request of the admin endpoint asks
 * for. Private. The words of a query and of a JSON body are the same ones;
 * what is not known is refused with the nearest that is.
 */
#ifndef BRIDGE_ADMIN_ASK_H
#define BRIDGE_ADMIN_ASK_H

#include "journal/journal.h"

/* Points into the request and the arena. */
struct ask {
	struct journal_filter filter;
	bool filtered; /* "filter" was there */
	uint64_t after;
	size_t most; /* 0: not said */
	bool newest, remap, dry_run;
	bool levelled; /* "level" was there */
	enum log_level level;
	const struct str *ids; /* of deliveries, well-formed */
	size_t id_count;
	struct str lead, email; /* at == NULL: not said */
	struct str upstream;    /* ... what waits for it is meant, too */
};

/* Who takes which words. */
#define ASK_LIST BIT(0)
#define ASK_RETRY BIT(1)
#define ASK_DROP BIT(2)
#define ASK_FORGET BIT(3)
#define ASK_FILTER BIT(4)
#define ASK_LOG BIT(5)

/* -1 with why (FAULT_REQUEST). remap is true where nothing else is said. */
int ask_query(const struct request *r, unsigned who, struct arena *arena,
    struct ask *out, struct fault *why) MUST_CHECK;
/* Whether it says that it is application/json. */
bool ask_is_json(const struct request *r);
/* FAULT_BODY_KIND when it is not application/json. */
int ask_body(const struct request *r, unsigned who, struct arena *arena,
    struct ask *out, struct fault *why) MUST_CHECK;

#endif
