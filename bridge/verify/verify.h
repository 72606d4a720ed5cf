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
	VERIFY_STRANGER,  /* from an address that is not the sender's */
	VERIFY_CLIENT,    /* with no certificate, or not the sender's */
	VERIFY_RESULTS
};
/* For logs and counters; the sender is told the same for all of them. */
const char *verify_result_name(enum verify_result r);

/* Uses arena for scratch only. */
enum verify_result verifier_check(const struct verifier *v,
    const struct request *r, struct arena *arena) MUST_CHECK;
/*
 * The sender's own id of this delivery, in the request or the arena, where
 * the verifier knows its place; STR_NONE where that holds no id or two. Only
 * of a request that is proved and whose body was decoded: JSON is read here
 * without checking all of it.
 */
#define DELIVERY_ID_MAX 255 /* of one in the body; a header has its own */
struct str verifier_delivery_id(const struct verifier *v,
    const struct request *r, struct arena *arena);

/*
 * True where the proof stands in the body, among what is mapped; adds JSON of
 * a body that has nothing but the proof's place, or nothing where that cannot
 * be told.
 */
bool verifier_in_body(const struct verifier *v, struct bytes *json);
/*
 * True where what stands there is the secret itself: to be kept nowhere. The
 * query's name decoded. NULL verifier: false.
 */
bool verifier_is_token_header(const struct verifier *v, struct str name);
bool verifier_is_token_query(const struct verifier *v, struct str name);
/*
 * The secret itself where it stands in the body, as the body writes it or, with
 * escapes, as it means; STR_NONE: it does not. Of a request that was proved.
 */
struct str verifier_body_token(const struct verifier *v,
    const struct request *r, struct arena *arena);
/*
 * Overwrites the secret in the request's head, which has to be memory that
 * may be written: what waits for an answer need not hold it.
 */
void verifier_forget_token(const struct verifier *v, const struct request *r,
    struct arena *arena);
/* True where the client has to show a certificate, of a certain name. */
bool verifier_asks_client(const struct verifier *v);
/* True for type = "none": everybody may send. */
bool verifier_is_open(const struct verifier *v);

/*
 * Signs as the sender would (the `send` verb, the demo, tests), at the time
 * r->received_ms: gives the headers to add, at most VERIFY_HEADERS_MAX, and
 * the target with the query parameters the scheme needs, both in the arena.
 * What belongs into the body has to stand there already, a token put there by
 * verifier_fill(). -1 with why when the scheme cannot be signed with a shared
 * secret; outputs untouched then.
 */
#define VERIFY_HEADERS_MAX 3
int verifier_sign(const struct verifier *v, const struct request *r,
    struct arena *arena, struct header *headers, size_t max, size_t *count,
    struct str *target, struct fault *why) MUST_CHECK;
/*
 * The body with the token where it stands in a body of this sender, set there
 * or put in the place of another; in the arena. As it came where the token
 * stands elsewhere. -1 with why, the body untouched, where it is no body of
 * the kind, or has the place twice.
 */
int verifier_fill(const struct verifier *v, const struct request *r,
    struct arena *arena, struct str *body, struct fault *why) MUST_CHECK;
/* True where the request has a value at "json:a.b", "header:X" and so on. */
bool verify_place_said(const char *place, const struct request *r,
    struct arena *arena);

/*
 * What a sender asks before it sends, to see whether the address is ours
 * (verify_handshake.c). Built once a route from the `handshake` group of its
 * preset, of the mapping file, or of both, the file overriding key by key.
 */
struct handshake;

struct handshake_setup {
	const config_setting_t *route;  /* the route's root group, for places */
	const config_setting_t *preset; /* the preset's group, or NULL */
	const config_setting_t *group;  /* the route's, or NULL */
	const struct secrets *secrets;  /* NULL: only look for faults */
	const struct secret *secret;    /* the route's own; signs by default */
	const struct verifier *verifier; /* of the route: what the key is of
	                                  * its secret; NULL: its text */
};

/* NULL where there is none, and with faults added where it is wrong. */
struct handshake *handshake_new(const struct handshake_setup *setup,
    struct faults *all) MUST_CHECK;
void handshake_free(struct handshake *h);         /* NULL is fine */
bool handshake_by_get(const struct handshake *h); /* NULL: no */
/* Events and handshake are proved alike: verifier_check() goes first. */
bool handshake_proven(const struct handshake *h);
/*
 * Why the two cannot stand on one route, or NULL: together they would sign
 * for a stranger what the verifier then takes for the sender's.
 */
const char *handshake_conflict(const struct handshake *h,
    const struct verifier *v);
/*
 * The same of two routes, whatever the names of their secrets: true when `h`
 * signs, for people who have not that key, what `v` would take for an event.
 * False of what was built without secrets.
 */
bool handshake_oracle(const struct handshake *h, const struct verifier *v);

enum handshake_result {
	HANDSHAKE_NONE,    /* not one: an event, or nothing of ours */
	HANDSHAKE_DONE,    /* the answer is filled, its texts in the arena */
	HANDSHAKE_REFUSED, /* a wrong token, or a challenge we will not echo */
};
enum handshake_result handshake_try(const struct handshake *h,
    const struct request *r, struct arena *arena, struct answer *a) MUST_CHECK;

/* "header:X=value", "json:a.b=value", "query:x=value". */
struct condition;
/* NULL when the text is none; the condition points into the text. */
struct condition *condition_new(const char *text) MUST_CHECK;
void condition_free(struct condition *c); /* NULL is fine */
bool condition_holds(const struct condition *c, const struct request *r,
    struct arena *arena);

/* The words of a scheme, of a handshake, and of a sender's behaviour. */
extern const struct setting verify_settings[];
extern const struct setting handshake_settings[];
extern const struct setting sender_facts_settings[];

/* The presets built in, by name, sorted; NULL past the end. */
const char *verify_preset_name(size_t i);
/* A preset's file, as in mappings/senders; its first line says what it is. */
const char *verify_preset_text(const char *name); /* or NULL */
/* The same, parsed; NULL when there is none of the name. */
struct settings_file *verify_preset_open(const char *name,
    struct faults *all) MUST_CHECK;
/*
 * What a preset says of an option of the scheme, its default included; NULL
 * where it says nothing or its type does not look at the option.
 */
const char *verify_option(const config_setting_t *preset, const char *name);

/*
 * How the sender behaves (verify_facts.c): nothing here is checked against a
 * request; it is for people, and for those who set deadlines. Texts point
 * into the preset's file.
 */
#define SENDER_STEPS_MAX 4
struct sender_facts {
	const char *body;     /* what it posts; NULL: not documented */
	int64_t patience;     /* ms it waits for an answer; 0: not documented */
	const char *retries;  /* NULL: not documented */
	const char *disables; /* what switches the hook off; NULL: the same */
	/* Steps at the sender's end; "{url}" is the route's address. */
	const char *setup[SENDER_STEPS_MAX];
	size_t setup_count;
};
/* False with faults added. `name` names the sender in them. */
bool sender_facts_read(const config_setting_t *preset, const char *name,
    struct sender_facts *to, struct faults *all);

#endif
