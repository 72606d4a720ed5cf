/*
 * delivery/delivery_dedupe.h - what makes two webhooks the same one.
 *
 *	dedupe = "id";     the sender's id of the delivery, where it gives one
 *	dedupe = "body";   the same bytes
 *	dedupe = ( "$.lead.id", "$.changed_at" );   the same values there
 *	dedupe = "none";
 */
#ifndef BRIDGE_DELIVERY_DEDUPE_H
#define BRIDGE_DELIVERY_DEDUPE_H

#include "decode/decode.h"
#include "settings/settings.h"

struct dedupe;

/* NULL setting: by id. NULL with faults added where it is wrong. */
struct dedupe *dedupe_new(const config_setting_t *setting,
    struct faults *all) MUST_CHECK;
void dedupe_free(struct dedupe *d); /* NULL is fine */
bool dedupe_by_id(const struct dedupe *d);
/*
 * The key of an event, in the arena or one of its texts; STR_NONE: none, it is
 * never a duplicate. That is also so where one of the values is not there, or
 * is no text, number or boolean.
 */
struct dedupe_event {
	struct str id;     /* the sender's; STR_NONE, or empty: it gave none */
	struct str digest; /* of the body */
	const struct document *document; /* NULL: it could not be read */
};
/* -1: the arena has no room for it. */
int dedupe_key(const struct dedupe *d, const struct dedupe_event *event,
    struct arena *arena, struct str *key) MUST_CHECK;

#endif
