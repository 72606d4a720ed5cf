/* listener/listener_settings.c - the options of this room. */
#include <openssl/tls1.h>

#include "listener/listener.h"

static const struct name clients[] = {
	{ "required", CLIENT_REQUIRED },
	{ "optional", CLIENT_OPTIONAL },
	{ NULL, -1 },
};

static const struct name unknown_names[] = {
	{ "default", UNKNOWN_NAME_DEFAULT },
	{ "refuse", UNKNOWN_NAME_REFUSE },
	{ NULL, -1 },
};

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
	    .help = "Connections open at once, over all workers; past it, "
	            "who comes takes the place of one that had no request "
	            "accepted yet, or that rests." },

	{ .name = "connections_per_address",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct listener_limits, connections_per_address),
	    .min = 0,
	    .max = 1000000,
	    .fallback = "1024",
	    .help = "Connections of one client address (IPv6: one /64; a /48 "
	            "counts as 16) open at once; more are closed; 0: any "
	            "number." },

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

	{ .name = "memory",
	    .kind = SETTING_SIZE,
	    .at = offsetof(struct listener_limits, memory),
	    .min = (int64_t)1 << 20,
	    .max = (int64_t)1 << 40,
	    .fallback = "128M",
	    .help = "Bytes of requests under way at once, over all workers; "
	            "past it 503. Bodies that are still coming in may take "
	            "three quarters of it." },

	{ .name = "requests_per_address",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct listener_limits, requests_per_address),
	    .min = 0,
	    .max = 1000000,
	    .fallback = "0",
	    .help = "Requests a second of one client address (IPv6: one /64; "
	            "a /48 counts as 16), over all workers; more get 429; 0: "
	            "any number." },

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

	{ .name = "certificates",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct listener_address, certificate_tree),
	    .rows = listener_certificate_settings,
	    .shape = SETTING_GROUPS,
	    .help = "Several certificates: a client gets the one that has the "
	            "name it asks for, and else the first. Of two with the "
	            "same names one may have an RSA and one an ECDSA key." },

	{ .name = "client",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct listener_address, client),
	    .names = clients,
	    .fallback = "required",
	    .help = "With client_ca: whether clients have to show a "
	            "certificate, or may (optional) and routes ask for its "
	            "name." },

	{ .name = "client_ca",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, client_ca),
	    .help = "PEM file of the authorities whose certificates clients "
	            "show (mutual TLS)." },

	{ .name = "forwarded",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct listener_address, forwarded),
	    .names = forward_names,
	    .fallback = "x-forwarded-for",
	    .help = "The header in which the proxies say whom they were "
	            "called by: x-forwarded-for, forwarded (RFC 7239) or "
	            "none." },

	{ .name = "key",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, key),
	    .help = "Private key of the certificate, in PEM." },

	{ .name = "ocsp",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, ocsp),
	    .help = "What the certificate's OCSP responder answered, in DER, "
	            "to be stapled; once it is over it is left out." },

	{ .name = "proxies",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_address, proxies),
	    .help = "Addresses and networks of the proxies in front, as in "
	            "\"10.0.0.7, 2001:db8::/64\": of them it is believed whom "
	            "they were called by." },

	{ .name = "proxy_protocol",
	    .kind = SETTING_BOOLEAN,
	    .at = offsetof(struct listener_address, proxy_protocol),
	    .fallback = "false",
	    .help = "Connections begin with a header of the PROXY protocol, "
	            "version 1 or 2; all others, and all that do not come "
	            "from the proxies, are closed." },

	{ .name = "tls_min",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct listener_address, tls_min),
	    .names = tls_versions,
	    .fallback = "1.2",
	    .help = "The oldest version of TLS that is spoken." },

	{ .name = "unknown_name",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct listener_address, unknown_name),
	    .names = unknown_names,
	    .fallback = "default",
	    .help = "A client that asks for a name no certificate has gets "
	            "the first (default), or is refused. One that asks for "
	            "none gets the first." },

	{ .name = NULL },
};
