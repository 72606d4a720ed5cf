/*
 * verify/verify_scheme.h - the parts of a verifier. Private to this room.
 *
 * Building (once, at load):  options -> places, recipe, keys -> verifier
 * Checking (every request):  places -> proof -> message -> compare -> window
 */
#ifndef BRIDGE_VERIFY_SCHEME_H
#define BRIDGE_VERIFY_SCHEME_H

#include <openssl/evp.h>

#include "verify/verify.h"
#include "verify/verify_hash.h"

enum scheme_type {
	SCHEME_NONE,   /* everybody may send */
	SCHEME_HMAC,   /* a keyed hash of the message */
	SCHEME_DIGEST, /* a plain hash; the secret is in the message */
	SCHEME_TOKEN,  /* the secret itself, as it is */
	SCHEME_BASIC,  /* RFC 7617 */
	SCHEME_IP,     /* whoever sends from the addresses of the sender */
	SCHEME_CLIENT, /* whoever shows a certificate of the sender's */
	/* From here on, a public key; we cannot sign. */
	SCHEME_ED25519,
	SCHEME_ECDSA_P256, /* SHA-256, signature in DER */
	SCHEME_RSA_SHA256, /* PKCS #1 v1.5 */
};

static inline bool
scheme_is_public(enum scheme_type type)
{
	return type >= SCHEME_ED25519;
}

static inline bool
scheme_is_signed(enum scheme_type type)
{
	return type == SCHEME_HMAC || type == SCHEME_DIGEST ||
	    scheme_is_public(type);
}

enum signature_encoding {
	ENCODING_HEX,
	ENCODING_BASE64,
	ENCODING_BASE64URL,
	ENCODING_BASE64_HEX, /* base64 of the hex digits */
};

enum signature_format {
	FORMAT_PLAIN,      /* one signature */
	FORMAT_KV,         /* t=1700000000,v1=...,v1=... */
	FORMAT_TAGGED,     /* v1,... v1,... v2,... */
	FORMAT_LIST,       /* several signatures */
	FORMAT_POSITIONAL, /* the time, then one signature or several */
	FORMAT_PAIRS,      /* key|...,other|... */
};

enum time_unit { TIME_S, TIME_MS, TIME_ISO8601, TIME_AUTO };

/* verify_place.c: where in a request a value stands */

enum place_kind {
	PLACE_NOWHERE,
	PLACE_HEADER,
	PLACE_HEADERS,  /* "X, Y": the first that is there */
	PLACE_NUMBERED, /* "X-{n}": and so on; of signatures */
	PLACE_QUERY,
	PLACE_FORM,
	PLACE_JSON
};

struct place {
	enum place_kind kind;
	struct str name;
};

/*
 * "header:X", "header:X, Y", "query:x", "form:x", "json:a.b[0].c"; false when
 * it is none of them.
 */
bool place_parse(struct str text, struct place *to);
/* Takes the next place of "header:X, Y, json:a.b" off the front. */
bool place_cut(struct str *rest, struct str *text);
/* The same, and "header:X-{n}". */
bool place_parse_signature(struct str text, struct place *to);
/*
 * VERIFY_OK with a value that is not empty, VERIFY_MISSING, or
 * VERIFY_MALFORMED when it is there twice or cannot be decoded.
 */
enum verify_result place_read(const struct place *p, const struct request *r,
    struct arena *arena, struct str *value);
/* The same for PLACE_HEADER and PLACE_HEADERS, which need no memory. */
enum verify_result place_header(const struct place *p, const struct request *r,
    struct str *value);
/*
 * All that stand there: of "X, Y" each header that is there, of "X-{n}" each
 * number. VERIFY_MALFORMED when one is there twice, or more than `max` are.
 */
enum verify_result place_read_all(const struct place *p,
    const struct request *r, struct arena *arena, struct str *values,
    size_t max, size_t *count);
bool place_in_body(const struct place *p);
/* The name to write it under: of several the first, in the arena or not. */
struct str place_name(const struct place *p, struct arena *arena);

/* verify_condition.c: a place, and what has to stand there */

struct condition {
	struct place place;
	struct str value;
};
bool condition_parse(struct str text, struct condition *to);

/* verify_form.c, verify_json.c: the two bodies a value may stand in */

enum verify_result form_field(struct str form, struct str name,
    struct arena *arena, struct str *value);
/* The form with the field once, as that value; the rest as it is written. */
void form_put(struct str form, struct str name, struct str value,
    struct arena *arena, struct bytes *out);
bool request_is_form(const struct request *r);
/* As it is decoded later: by name, as plain text, or without a type. */
bool request_is_json(const struct request *r);
/*
 * All fields sorted by name, then value, each pair once, as "namevalue"
 * with nothing between; false when it cannot be decoded or is too large.
 */
bool form_sorted(struct str form, struct arena *arena, struct str *out);
/*
 * What stands at a path, "a.b", "list[0].id" or "['a.b'].c": a string's text,
 * else as written.
 */
enum verify_result json_path(struct str body, struct str path,
    struct arena *arena, struct str *value);
bool json_path_fits(struct str path);
/* JSON with a text at the path, and nothing else. */
void json_path_print(struct str path, struct str text, struct bytes *out);
/*
 * Where in the body a text at the path is written: `value` is what stands
 * there now, as written, `left` is empty. Or the path ends early: then `value`
 * is the object that lacks a member, and `left` the path from that on.
 * VERIFY_MISSING: nothing can be set there.
 */
enum verify_result json_path_span(struct str body, struct str path,
    struct arena *arena, struct str *value, struct str *left);

/* verify_time.c */

/* Unix time in milliseconds, or -1; nothing but the time may stand there. */
int64_t time_parse(enum time_unit unit, struct str text);
void time_print(enum time_unit unit, int64_t ms, struct bytes *out);

/* verify_recipe.c: what is signed */

enum part_kind {
	PART_LITERAL,
	PART_BODY,
	PART_FORM,
	PART_HEADER,
	PART_ID,
	PART_JSON,
	PART_METHOD,
	PART_PATH,
	PART_QUERY,
	PART_SECRET,
	PART_SORTED_FORM,
	PART_TIMESTAMP,
	PART_URL,
};

struct part {
	enum part_kind kind;
	struct str text; /* the literal, or the header's or parameter's name */
};

#define PARTS_MAX 16

struct recipe {
	struct part parts[PARTS_MAX];
	size_t count;
};

/* Literals are copied to `own`. -1 with `why`. */
int recipe_parse(struct str text, struct arena *own, struct recipe *to,
    struct fault *why);
bool recipe_has(const struct recipe *t, enum part_kind kind);

/* verify_url.c: the address the sender signed */

#define URLS_MAX 8 /* with and without port and user, decoded and not */

struct urls {
	struct str list[URLS_MAX];
	size_t count;
};

/* What is wrong with a public_url, or NULL. */
const char *url_problem(struct str public_url);
/* The same address with its default port written, or without; STR_NONE. */
struct str url_other_port(struct str public_url, struct arena *own);
/*
 * Where no public_url is set, the address is the one that the trusted front
 * says it was asked for; VERIFY_STRANGER when the request came around it.
 */
enum verify_result urls_make(const struct verifier *v, const struct request *r,
    struct str target, struct arena *arena, struct urls *to);

/* verify_address.c: where a request comes from */

/* Came through the front whose headers are believed. */
bool is_fronted(const struct verifier *v, const struct request *r);
/* Whether the client, behind the front or without one, is on the list. */
bool address_fits(const struct verifier *v, const struct request *r);

/* verify_client.c: whose certificate the client has shown */

#define CLIENTS_MAX 256

struct clients {
	struct str *list; /* in the verifier's arena */
	size_t count;
};

/* "a.test, spiffe://b.test/c"; false when there are too many, or none. */
bool clients_parse(struct str text, struct arena *own, struct clients *to);
bool client_fits(const struct verifier *v, const struct request *r);

/* verify_key.c: secrets, made ready for checking */

enum key_form { KEY_UTF8, KEY_HEX, KEY_BASE64, KEY_SHA1, KEY_WHSEC, KEY_WHPK };

#define KEYS_MAX 8

struct key {
	struct hmac_key hmac;               /* SCHEME_HMAC */
	unsigned char token[HASH_SIZE_MAX]; /* SHA-256; TOKEN, BASIC */
	unsigned char mark[HASH_SIZE_MAX];  /* key_mark(); HMAC */
	struct str secret;                  /* as it was given */
};

#define OTHER_IDS 3

struct verifier {
	struct arena *own; /* this struct and every text in it */

	enum scheme_type type;
	const struct hash *hash;
	enum signature_encoding encoding;
	enum signature_format format;
	struct place signature;
	struct str prefix;
	struct str signature_key; /* kv's and pairs' key, tagged's tag */
	char delimiter;
	char group_delimiter; /* '\0': one group */

	struct place timestamp;
	struct str timestamp_key; /* of kv; at == NULL: not there */
	enum time_unit unit;
	bool enforce;
	int64_t past_ms, future_ms;

	struct recipe message;
	bool body_escaped;
	enum place_kind fields; /* of which body; PLACE_NOWHERE: all of it */
	struct net_ranges addresses; /* empty: anywhere */
	struct net_ranges front;     /* empty: nobody's headers are believed */
	struct clients clients;      /* empty: whoever */
	struct place delivery_id;    /* a header, in the body, or nowhere */
	struct place other_ids[OTHER_IDS]; /* where it has none there */
	size_t other_id_count;
	struct place body_hash;
	struct str user;
	struct str bases[2]; /* public addresses, the one given first */
	size_t base_count;
	bool any_port;
	bool any_user;
	bool decode_url;

	enum key_form key_form;
	struct key *keys; /* secrets_alloc */
	size_t key_count;
	EVP_PKEY *public_keys[KEYS_MAX];
	size_t public_count;
};

/* The time of sending stands among the signatures. */
static inline bool
time_is_beside(const struct verifier *v)
{
	return v->timestamp_key.at != NULL || v->format == FORMAT_POSITIONAL;
}

/* Fills the verifier's keys; -1 with `why`. A value is never in it. */
int keys_make(struct verifier *v, const struct secret *secret,
    enum key_form form, struct fault *why);
int keys_make_public(struct verifier *v, const char *text, enum key_form form,
    struct fault *why);
void keys_free(struct verifier *v);
/*
 * The key of HMAC with SHA-256 that a secret's value makes; -1 with `why`
 * when it is not of the form. Equal keys have equal marks, and a mark tells
 * nothing else.
 */
int key_make_hmac(struct str value, enum key_form form, struct hmac_key *to,
    struct fault *why);
void key_mark(const struct hmac_key *key, const struct hash *h,
    unsigned char mark[HASH_SIZE_MAX]);

/* verify_public.c: public keys, of the types that scheme_is_public() */

/*
 * Takes a SubjectPublicKeyInfo in DER, or an Ed25519 key's 32 bytes. NULL
 * with *weak: why it is of the type, and yet proves nothing; or NULL.
 */
EVP_PKEY *public_key_read(enum scheme_type type, struct str bytes,
    const char **weak);
/* "an Ed25519 public key" */
const char *public_key_words(enum scheme_type type);
/* The DER in a PEM block of the label PUBLIC KEY; -1 when it is none. */
int64_t public_key_pem(struct str text, unsigned char *out, size_t size);

/* verify_proof.c: what the request brings to prove itself */

/* A header holds more only when somebody tries something. */
#define CANDIDATES_MAX 16
#define SIGNATURE_MAX HASH_SIZE_MAX
#define PUBLIC_SIGNATURE_MAX 512 /* RSA of 4096 bits */

struct proof {
	struct str timestamp; /* as written; signed as such */
	int64_t time_ms;      /* -1: the scheme has none */
	struct arena *arena;
	size_t count;
	/*
	 * Its only candidate came with the name of a key that is not ours. It
	 * proves nothing, and is checked all the same: else the time of a
	 * refusal would tell which names are known.
	 */
	size_t strange; /* 0 or 1 */
	/* Of hashes, and of the types that scheme_is_public(). */
	unsigned char candidates[CANDIDATES_MAX][SIGNATURE_MAX];
	struct str signatures[CANDIDATES_MAX];
};

/*
 * All candidates of a request, one proof after the other: each group of a
 * header has its own time. Without a group_delimiter there is one.
 */
#define GROUPS_MAX 4

struct proofs {
	const struct verifier *verifier;
	const struct request *request;
	struct arena *arena;
	struct str texts[CANDIDATES_MAX]; /* without their prefix */
	size_t count;
	size_t next;     /* text */
	size_t groups;   /* taken */
	struct str rest; /* of the text being cut into groups */
};

enum verify_result proofs_start(struct proofs *all, const struct verifier *v,
    const struct request *r, struct arena *arena);
/* False past the last; else *result says whether `to` is filled. */
bool proofs_next(struct proofs *all, struct proof *to,
    enum verify_result *result);

/* verify.c: as verifier_check(), whatever the address. */
enum verify_result proof_check(const struct verifier *v,
    const struct request *r, struct arena *arena);

/* verify_message.c: the bytes that are signed, without copying the body */

struct message {
	const struct verifier *verifier;
	struct str values[PARTS_MAX]; /* all but url and secret */
	struct urls urls;
};

/* `target` is the request's, or the one being signed. */
enum verify_result message_make(const struct verifier *v,
    const struct request *r, struct str target, struct str timestamp,
    struct arena *arena, struct message *to);
/* Signs by one key for one of the addresses; as long as the hash is. */
void message_sign(const struct message *m, const struct key *key, size_t url,
    unsigned char *out);
/* In one piece, for public keys; false when memory is short. */
bool message_join(const struct message *m, size_t url, struct arena *arena,
    struct str *out);
/*
 * Turns the body into the other form it may have been signed in: all beyond
 * ASCII as \uXXXX. False when there is none.
 */
bool message_escape(struct message *m, struct str body, struct arena *arena);
/* Compares the hash the query carries with the body's (Twilio). */
enum verify_result body_hash_check(const struct verifier *v,
    const struct request *r, struct arena *arena);
bool body_hash_needed(const struct verifier *v, const struct request *r);

/* verify_preset.c */

struct preset {
	const char *name;
	const char *text; /* a libconfig file */
};

extern const struct preset verify_presets[]; /* made by embed.cmake */
const struct preset *preset_find(const char *name);

/* verify_options.c */

struct options {
	int type;
	int digest;
	int encoding;
	int format;
	int key;
	int timestamp_unit;
	int url_decode;
	bool body_escaped;
	bool fields_only;
	bool timestamp_enforce;
	bool url_any_port;
	bool url_any_user;
	int64_t tolerance;
	int64_t tolerance_future;
	const char *addresses;
	const char *body_hash;
	const char *client_name;
	const char *delimiter;
	const char *delivery_id;
	const char *front;
	const char *group_delimiter;
	const char *message;
	const char *prefix;
	const char *public_key;
	const char *signature;
	const char *signature_key;
	const char *timestamp;
	const char *timestamp_key;
	const char *user;
};

/* False when a scheme of the type does not look at the option. */
bool option_fits(const char *name, enum scheme_type type);
/* Written by hand into the group (or NULL), and no text: told already. */
bool option_is_misread(const config_setting_t *group, const char *name);
/* A copy of a text that may be NULL, for as long as what is built. */
struct str option_keep(struct arena *own, const char *text);
/* All names that a preset may hold, ended by NULL. */
#define OPTION_NAMES_MAX 40
void options_names(const char *names[OPTION_NAMES_MAX]);
/*
 * Defaults, then what the preset says (or NULL), then the group (or NULL).
 * What is right is filled in also where faults were added; `type` is -1 when
 * it is not known.
 */
bool options_read(const config_setting_t *preset, const char *sender,
    const config_setting_t *group, struct options *to, struct faults *all);

#endif
