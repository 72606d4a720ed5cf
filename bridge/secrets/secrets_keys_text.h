/*
 * secrets/secrets_keys_text.h - the key store's file, as text. Private.
 *
 *	leadbridge keys 1
 *	store ID
 *	unlock key                        or: unlock scrypt LOG2N R P SALT
 *	check CHECK
 *	entry NAME VERSION HOST ADDED NONCE SEALED      for each value
 *	end NONCE TAG
 *
 * One space between words, a line feed behind each line, nothing behind the
 * last. HOST is - for none; ADDED is seconds since 1970; SEALED is base64,
 * all else that is not decimal is hex, lower case.
 *
 * The 32 bytes that unlock it (of scrypt LOG2N is 17 to 20, R 8, P 1 to 4)
 * are never used themselves: HMAC-SHA256 under them of the words "seal",
 * "fingerprint" and "check", each after "leadbridge keys 1 ", are the keys of
 * the sealing and of fingerprints, and (its first 16 bytes) CHECK, which tells
 * a wrong key from a damaged file. SEALED is AES-256-GCM of the value with
 * its tag behind, over "ID NAME VERSION HOST ADDED". TAG is that of nothing,
 * over all that stands before the last line.
 */
#ifndef BRIDGE_SECRETS_KEYS_TEXT_H
#define BRIDGE_SECRETS_KEYS_TEXT_H

#include "secrets/secrets.h"

#define KEYS_NAME_MAX 64
#define KEYS_HOST_MAX 253
#define KEYS_ID ((size_t)16)
#define KEYS_SALT ((size_t)16)
#define KEYS_CHECK ((size_t)16)
#define KEYS_NONCE ((size_t)12)
#define KEYS_TAG ((size_t)16)
#define KEYS_ENTRIES_MAX ((size_t)1024)
/* All of them at their longest, and more. */
#define KEYS_FILE_MAX ((size_t)8 << 20)
#define KEYS_FIRST_ENTRY 5 /* its line */

enum keys_unlock { KEYS_BY_KEY, KEYS_BY_SCRYPT };

struct keys_line {
	char name[KEYS_NAME_MAX + 1];
	char host[KEYS_HOST_MAX + 1]; /* "": none */
	int64_t version, added_s;
	unsigned char nonce[KEYS_NONCE];
	unsigned char *sealed; /* value, then tag */
	size_t sealed_len;
};

struct keys_text {
	unsigned char id[KEYS_ID];
	enum keys_unlock unlock;
	unsigned log_n, r, p;
	unsigned char salt[KEYS_SALT];
	unsigned char check[KEYS_CHECK];
	struct keys_line *lines;
	size_t count;
	unsigned char end_nonce[KEYS_NONCE], end_tag[KEYS_TAG];
	size_t end; /* where the last line begins, when it was read */
};

/* Reads it; `file` names it in the fault. keys_text_done() it either way. */
int keys_text_read(struct keys_text *t, struct str text, const char *file,
    struct fault *why) MUST_CHECK;
void keys_text_done(struct keys_text *t);

/* All but the last line, and that line. */
void keys_text_print(const struct keys_text *t, struct bytes *out);
void keys_text_print_end(const struct keys_text *t, struct bytes *out);
/* "ID NAME VERSION HOST ADDED" */
void keys_line_print(const struct keys_text *t, const struct keys_line *l,
    struct bytes *out);

#endif
