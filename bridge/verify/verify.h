/*
 * verify/verify.h - did this webhook really come from its sender?
 *
 * A verifier is built once a route when the files load, from a preset
 * (sender = "typeform"), a hand-written group (verify: { type = "hmac"; }) or
 * both, the group overriding key by key; it is read-only afterwards and may
 * be shared by threads. Checking works on the raw bytes before anything is
 * decoded, compares in constant time, tries every candidate with every
 * secret, never logs and never reads the clock: the request carries its time.
 */
#ifndef BRIDGE_VERIFY_H
#define BRIDGE_VERIFY_H

#include "base/base.h"
#include "secrets/secrets.h"
#include "settings/settings.h"

struct verifier;

struct verify_setup {
	const config_setting_t *route; /* the route's root group, for places */
	const char *sender;            /* preset name, or NULL */
	const config_setting_t *group; /* verify: { ... }, or NULL */
	const struct secret *secret;   /* NULL where the scheme needs none */
	const char *public_url; /* "https://hooks.example.com", or NULL */
	bool keyless; /* only look for faults: the verifier proves nobody */
};

/*
 * NULL with faults added: unknown sender (nearest name said), unknown or
 * missing parameters, a scheme that needs a secret without one, a secret
 * that cannot be decoded as `key` says, neither sender nor group.
 */
struct verifier *verifier_new(const struct verify_setup *setup,
    struct faults *all) MUST_CHECK;
void verifier_free(struct verifier *v); /* NULL is fine */

enum verify_result {
	VERIFY_OK,
	VERIFY_MISSING,   /* no signature where it should be */
	VERIFY_MALFORMED, /* there, but not of the scheme's form, or twice */
	VERIFY_FORGED,    /* does not match the body */
	VERIFY_STALE,     /* matches, but outside the replay window */
	VERIFY_RESULTS
};
/* For logs and counters; the sender is told the same for all of them. */
const char *verify_result_name(enum verify_result r);

/*
 * Uses arena for scratch only. The sender's own delivery id, where the
 * preset names one, is what verifier_delivery_id returns.
 */
enum verify_result verifier_check(const struct verifier *v,
    const struct request *r, struct arena *arena) MUST_CHECK;
struct str verifier_delivery_id(const struct verifier *v,
    const struct request *r);

/* True for type = "none": everybody may send. */
bool verifier_is_open(const struct verifier *v);

/*
 * Signs as the sender would (the `send` verb, the demo, tests), at the time
 * r->received_ms: gives the headers to add, at most VERIFY_HEADERS_MAX, and
 * the target with the query parameters the scheme needs, both in the arena.
 * A token that belongs into the body is left to the caller. -1 with why when
 * the scheme cannot be signed with a shared secret; outputs untouched then.
 */
#define VERIFY_HEADERS_MAX 3
int verifier_sign(const struct verifier *v, const struct request *r,
    struct arena *arena, struct header *headers, size_t max, size_t *count,
    struct str *target, struct fault *why) MUST_CHECK;

/* The presets built in, by name, sorted; NULL past the end. */
const char *verify_preset_name(size_t i);
/* A preset's file, as in mappings/senders; its first line says what it is. */
const char *verify_preset_text(const char *name); /* or NULL */

#endif
