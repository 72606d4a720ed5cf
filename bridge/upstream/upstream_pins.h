/*
 * upstream/upstream_pins.h - the public keys a target may be proved by.
 * Private to this room.
 *
 * A pin comes on top of everything else that is checked of a certificate: a
 * chain that is not trusted is refused, pinned or not. It may be of any
 * certificate of the chain as it was verified, the root included.
 */
#ifndef BRIDGE_UPSTREAM_PINS_H
#define BRIDGE_UPSTREAM_PINS_H

#include "certs/certs.h"
#include "settings/settings.h"

struct pins {
	unsigned char (*list)[CERT_PIN_SIZE];
	size_t count; /* 0: any key will do */
};

/* Reads [ "sha256/...", ... ]; NULL: none. False with faults added. */
bool pins_read(const config_setting_t *list, const char *what, struct pins *to,
    struct faults *all) MUST_CHECK;
void pins_done(struct pins *p);

/* "sha256/", 44 characters of base64, NUL */
#define PIN_TEXT_SIZE 52
void pin_print(const X509 *x, char text[PIN_TEXT_SIZE]);
/* One of the keys in the chain is pinned. */
bool pins_hold(const struct pins *p, const STACK_OF(X509) * chain);

#endif
