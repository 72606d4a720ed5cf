/*
 * admin/admin_person.h - is an event a certain person's? Private.
 *
 * It is when one of its values is their e-mail address, whole, in any case:
 * in the document, the query or a header. Of an event that cannot be read
 * it is enough that the address stands in it on its own.
 */
#ifndef BRIDGE_ADMIN_PERSON_H
#define BRIDGE_ADMIN_PERSON_H

#include "base/base.h"

/* A PATCH body. The arena is for scratch. */
bool person_in_update(struct str body, struct str email, struct arena *arena);
/* An event as the journal keeps it: a raw request. */
bool person_in_event(struct str event, struct str email, struct arena *arena);

#endif
