/*
 * delivery/delivery_reply.h - what a sender is told in place of what happened.
 *
 * Senders read more into a status than it says: a 404 of the API, relayed,
 * makes some switch their webhook off. A preset's `reply` group says what
 * they should see; the mapping file's overrides it key by key.
 */
#ifndef BRIDGE_DELIVERY_REPLY_H
#define BRIDGE_DELIVERY_REPLY_H

#include "delivery/delivery_template.h"

enum reply_outcome {
	REPLY_DELIVERED,   /* the API took it */
	REPLY_IGNORED,     /* nothing of it is wanted */
	REPLY_PING,        /* a test, not an event */
	REPLY_UNPROVEN,    /* the sender did not prove itself */
	REPLY_UNREADABLE,  /* a body that cannot be decoded */
	REPLY_MAPPING,     /* an event the mapping cannot use */
	REPLY_CONTRACT,    /* mapped, and no lead update */
	REPLY_DECLINED,    /* the API answered 2xx, and that it did not */
	REPLY_PARTIAL,     /* of a batch some failed, and will again */
	REPLY_BUSY,        /* a ceiling was reached */
	REPLY_UNAVAILABLE, /* no usable answer of the API */
	REPLY_LATE,        /* none in time */
	REPLY_INTERNAL,
	REPLY_FAILED, /* any of the above from UNPROVEN on, where not said */
	REPLY_OUTCOMES
};

struct reply_map;

/* What the answer of one outcome may be changed in. */
extern const struct setting reply_settings[];

/* NULL when neither group is there, and with faults added. */
struct reply_map *reply_map_new(const config_setting_t *preset,
    const config_setting_t *group, struct faults *all) MUST_CHECK;
void reply_map_free(struct reply_map *m); /* NULL is fine */

/*
 * Changes what the map says otherwise; NULL map: nothing. A body that finds
 * no room in the facts' arena is left as it is.
 */
void reply_apply(const struct reply_map *m, enum reply_outcome o,
    const struct template_facts *facts, struct answer *a);
/* The same for an answer of the API by its status. */
void reply_apply_status(const struct reply_map *m,
    const struct template_facts *facts, struct answer *a);
/* The status alone. */
int reply_status(const struct reply_map *m, int status);
enum reply_outcome reply_of_fault(enum fault_code code);

#endif
