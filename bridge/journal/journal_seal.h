/*
 * journal/journal_seal.h - bodies and events, encrypted at rest. Private.
 *
 *	0		SEAL_MARK: the version of what follows
 *	1 .. 13		nonce, random
 *	13 .. n-16	AES-256-GCM of the text
 *	n-16 .. n	its tag
 *
 * The mark is no byte of UTF-8, and neither a body nor an event begins with
 * it: what does not begin with it was never sealed and is read as it is, so
 * a key can be set on a journal that has had none. Any thread.
 */
#ifndef BRIDGE_JOURNAL_SEAL_H
#define BRIDGE_JOURNAL_SEAL_H

#include "base/base.h"

#define SEAL_MARK 0xF9
#define SEAL_EXTRA ((size_t)29) /* bytes that sealing adds */
#define SEAL_KEY 32

struct seal;

/*
 * What a text belongs to. It opens at this place only: a body that was moved
 * to another delivery or lead is not taken for its own.
 */
struct seal_place {
	const char *what;        /* "body", "event" */
	const char *id;          /* of the delivery */
	struct str target, lead; /* of a body */
};

/*
 * The key is SEAL_KEY bytes, or their hex or base64. at == NULL: nothing is
 * sealed, and what is cannot be opened. NULL with why.
 */
struct seal *seal_new(struct str key, struct fault *why) MUST_CHECK;
void seal_free(struct seal *s); /* wipes the key; NULL is fine */
bool seal_seals(const struct seal *s);

/* Writes text.len + SEAL_EXTRA bytes. -1 with why. */
int seal_close(const struct seal *s, const struct seal_place *place,
    struct str text, char *out, struct fault *why) MUST_CHECK;
/*
 * Opens *text where it lies (its memory is written to), and makes it the
 * text; one that was not sealed stays. -1 with why: *text is absent then.
 */
int seal_open(const struct seal *s, const struct seal_place *place,
    struct str *text, struct fault *why) MUST_CHECK;

#endif
