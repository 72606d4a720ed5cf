/* listener/listener_settings.c - the options of this room. */
#include <openssl/tls1.h>

#include "listener/listener.h"

static const struct name tls_versions[] = {
	{ "1.2", TLS1_2_VERSION },
	{ "1.3", TLS1_3_VERSION },
	{ NULL, -1 },
};

/* Alphabetical. */
const struct setting listener_limits_settings[] = {
	{ .name = "body",
	    .kind = SETTING_SIZE,
	    .at = offsetof(struct listener_limits, body),
	    .min = 1024,
	    .max = (int64_t)64 << 20,
	    .fallback = "1M",
	    .help = "Largest body of a request; a larger one gets 413." },

	{ .name = "body_timeout",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct listener_limits, body_timeout),
	    .min = 100,
	    .max = 600000,
	    .fallback = "15s",
	    .help = "A body must be complete this long after its headers." },

	{ .name = "connections",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct listener_limits, connections),
	    .min = 1,
	    .max = 1000000,
	    .fallback = "4096",
	    .help = "Connections open at once; each worker takes its share." },

	{ .name = "header_timeout",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct listener_limits, header_timeout),
	    .min = 100,
	    .max = 600000,
	    .fallback = "5s",
	    .help = "Headers must be complete this long after the connection "
	            "was accepted, or after their first byte." },

	{ .name = "headers",
	    .kind = SETTING_SIZE,
	    .at = offsetof(struct listener_limits, headers),
	    .min = 1024,
	    .max = 1 << 20,
	    .fallback = "16K",
	    .help = "Largest request line and headers together; larger ones "
	            "get 414 or 431." },

	{ .name = "idle_timeout",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct listener_limits, idle_timeout),
	    .min = 100,
	    .max = 3600000,
	    .fallback = "60s",
	    .help = "A connection without requests is closed after this "
	            "long." },

	{ .name = "write_timeout",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct listener_limits, write_timeout),
	    .min = 100,
	    .max = 600000,
	    .fallback = "30s",
	    .help = "A sender must have taken its answer after this long." },

	{ .name = NULL },
};

const struct setting listener_address_settings[] = {
	{ .name = "address",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, address),
	    .required = true,
	    .help = "Where to listen: \"host:port\" or \"[v6]:port\"." },

	{ .name = "certificate",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, certificate),
	    .help = "Certificate chain in PEM; without it, plain HTTP." },

	{ .name = "key",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, key),
	    .help = "Private key of the certificate, in PEM." },

	{ .name = "tls_min",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct listener_address, tls_min),
	    .names = tls_versions,
	    .fallback = "1.2",
	    .help = "The oldest version of TLS that is spoken." },

	{ .name = NULL },
};
