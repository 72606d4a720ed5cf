/*
 * decode/decode_sha256.h - SHA-256 of a file in a form. Private to this
 * room, which may not include OpenSSL: a fingerprint of what is public to
 * its sender, nothing secret passes here.
 */
#ifndef BRIDGE_DECODE_SHA256_H
#define BRIDGE_DECODE_SHA256_H

#include "base/base.h"

#define SHA256_HEX 64

/* Lower-case hex, without a NUL. */
void sha256_hex(struct str data, char out[SHA256_HEX]);

#endif
