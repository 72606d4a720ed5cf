/*
 * secrets/secrets_kept.h - what can be read only once, kept for when the
 * settings are loaded again. Private; by one thread at a time.
 */
#ifndef BRIDGE_SECRETS_KEPT_H
#define BRIDGE_SECRETS_KEPT_H

#include "base/base.h"

/* In locked memory, until the process ends. False: no memory. */
bool kept_put(const char *name, struct str value) MUST_CHECK;
struct str kept_get(const char *name); /* STR_NONE: nothing is */

#endif
