/*
 * base/base_codec.h - hex, base64 and percent, strictly.
 *
 * Decoders take the whole input or refuse it: no white space, no stray
 * characters, no bits left over.
 */
#ifndef BRIDGE_BASE_CODEC_H
#define BRIDGE_BASE_CODEC_H

#include "base/base_bytes.h"

/* Value of a hex digit of either case, or -1. */
int hex_digit(char c);
/* Both return the decoded length, or -1 (bad text, or longer than size). */
int64_t hex_decode(struct str s, unsigned char *out, size_t size);
/* url: the alphabet of base64url. Padding may be there or not (RFC 4648). */
int64_t base64_decode(struct str s, bool url, unsigned char *out, size_t size);

void bytes_add_hex(struct bytes *b, const void *data, size_t n); /* lower */
void bytes_add_base64(struct bytes *b, const void *data, size_t n, bool url);

/*
 * Percent-decodes s into the arena; plus: '+' is a space, as forms write it.
 * -1 for a broken escape; 0 bytes (%00) come through as they are.
 */
int percent_decode(struct arena *a, struct str s, bool plus,
    struct str *out) MUST_CHECK;
/* Unreserved characters (RFC 3986) as they are, all else as %XX. */
void bytes_add_percent(struct bytes *b, struct str s);

#endif
