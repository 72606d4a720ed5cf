/*
 * workshop/workshop_scaffold.h - what `new` makes of a sender: the head of a
 * mapping, and samples in the sender's proof.
 */
#ifndef BRIDGE_WORKSHOP_SCAFFOLD_H
#define BRIDGE_WORKSHOP_SCAFFOLD_H

#include "workshop/workshop_folder.h"
#include "secrets/secrets.h"
#include "verify/verify.h"

/* What a sender without a folder of its own is given. */
#define SCAFFOLD_FALLBACK "generic"
#define SCAFFOLD_TEXT ((size_t)4 << 20)

/* What is being made. */
struct scaffold {
	const char *sender;
	struct folder folder;
	struct secrets *secrets;
	struct verifier *verifier; /* NULL: only the sender can sign */
	struct str path;           /* of the route; in the arena */
	struct arena *arena;
	bool is_unsigned; /* a sample could not be signed */
	bool in_body;     /* its sender's proof stands there */
};

void scaffold_start(struct scaffold *s, const char *sender);
void scaffold_done(struct scaffold *s);
/* What signs the samples; a key that only the sender has leaves none. */
void scaffold_open_verifier(struct scaffold *s);

/* route, sender and secret, and what the preset wants a route to say. */
void scaffold_print_head(const struct scaffold *s, struct bytes *out);

/* Takes out the headers that may hold a secret; proof is made anew. */
void scaffold_drop_proof(struct request *r);
/* A sender's secret in the body becomes the one for tests. */
int scaffold_fill(struct scaffold *s, struct request *r,
    struct fault *why) MUST_CHECK;
/* The address becomes the route's; its parameters stay, but for secrets. */
int scaffold_retarget(const struct scaffold *s, struct request *r,
    struct fault *why) MUST_CHECK;
/* The request as a sample, signed where it can be. */
struct str scaffold_sample(struct scaffold *s, const struct request *r);

/* Gives the folder its name and says what to do next; -1 with why. */
int scaffold_end(struct scaffold *s, struct fault *why) MUST_CHECK;

/* workshop_capture.c: `new --from`; returns an exit code. */
int scaffold_from_capture(const char *capture, const char *folder);

#endif
