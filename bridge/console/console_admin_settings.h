/* console/console_admin_settings.h - where the admin endpoint is. Private. */
#ifndef BRIDGE_CONSOLE_ADMIN_SETTINGS_H
#define BRIDGE_CONSOLE_ADMIN_SETTINGS_H

#include "settings/settings.h"

/* The group `admin`: read by the bridge, and by the verbs that talk to it. */
struct admin_settings {
	const char *address;
	const char *certificate, *key; /* NULL: plain HTTP */
	const char *token;             /* name of a secret; NULL: none */
};
extern const struct setting admin_settings_table[];

#endif
