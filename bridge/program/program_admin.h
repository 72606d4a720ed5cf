/* program/program_admin.h - where the admin endpoint is. */
#ifndef BRIDGE_PROGRAM_ADMIN_H
#define BRIDGE_PROGRAM_ADMIN_H

#include "settings/settings.h"

/* The group `admin`: read by the bridge, and by the verbs that talk to it. */
struct admin_settings {
	const char *address;
	const char *certificate, *key; /* NULL: plain HTTP */
	const char *token;             /* name of a secret; NULL: none */
};
extern const struct setting admin_settings_table[];

#endif
