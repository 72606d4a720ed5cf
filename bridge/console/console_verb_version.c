/* console/console_verb_version.c - what is running. */
#include <event2/event.h>
#include <jansson.h>
#include <libconfig.h>
#include <openssl/crypto.h>

#include "console/console_verb.h"

static const struct option_row options[] = {
	{ .name = NULL },
};

static int
version(const struct given *g)
{
	(void)g;
	printf("leadbridge %s\n", BRIDGE_VERSION);
	printf("libevent %s, %s, jansson %s, libconfig %d.%d.%d\n",
	    event_get_version(), OpenSSL_version(OPENSSL_VERSION),
	    jansson_version_str(), LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
	    LIBCONFIG_VER_REVISION);
	return EXIT_OK;
}

const struct verb verb_version = {
	.name = "version",
	.args = "",
	.help = "Print the version, and those of the libraries.",
	.example = "  leadbridge version\n",
	.options = options,
	.run = version,
};
