/* program/program_admin.c - where the admin endpoint is. */
#include "program/program_admin.h"

#define AT(member) offsetof(struct admin_settings, member)

const struct setting admin_settings_table[] = {
	{ .name = "address",
	    .kind = SETTING_TEXT,
	    .at = AT(address),
	    .fallback = "127.0.0.1:9180",
	    .help = "A loopback address; with a token, any." },

	{ .name = "certificate",
	    .kind = SETTING_TEXT,
	    .at = AT(certificate),
	    .help = "PEM chain; without it the endpoint speaks plain HTTP." },

	{ .name = "key",
	    .kind = SETTING_TEXT,
	    .at = AT(key),
	    .help = "PEM key of the certificate." },

	{ .name = "token",
	    .kind = SETTING_TEXT,
	    .at = AT(token),
	    .help = "Name of a secret that requests have to carry." },

	{ .name = NULL },
};
