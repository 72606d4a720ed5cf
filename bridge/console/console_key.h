/*
 * console/console_key.h - the parts of `key`. Private.
 *
 * Each is a word behind the verb; console_verb_key.c has their table. Values
 * are in secrets_alloc() memory only, and are never printed.
 */
#ifndef BRIDGE_CONSOLE_KEY_H
#define BRIDGE_CONSOLE_KEY_H

#include "console/console_verb.h"
#include "secrets/secrets.h"
#include "upstream/upstream.h"

/* What every part works with. */
struct keyring {
	const struct given *given;
	const char *settings; /* the file's path */
	const config_setting_t *root;
	struct key_store *store;
	char *room; /* SECRET_ROOM bytes for a value */
};

/* Each returns an exit code. */
int key_add(struct keyring *k);
int key_list(struct keyring *k);
int key_probe(struct keyring *k);
int key_remove(struct keyring *k);
int key_rotate(struct keyring *k);

/* The store has no entry of that name: says so. */
int key_unknown(const struct keyring *k, const char *name);
/* The name of a secret of the settings that takes the entry; NULL: none. */
const char *key_user(const struct keyring *k, const char *entry);

/* The upstreams of the settings that send an entry as their key. */
struct key_targets {
	struct upstream_target **list;
	size_t count;
};
/* Made with the value as their key; done with them either way. Exit code. */
int key_targets_make(const struct keyring *k, const char *entry,
    struct str value, struct key_targets *out) MUST_CHECK;
void key_targets_done(struct key_targets *t);

enum key_verdict {
	KEY_ACCEPTED,
	KEY_REFUSED,
	KEY_UNCLEAR,     /* answered, and the answer tells nothing of the key */
	KEY_UNREACHABLE, /* no answer */
	KEY_VERDICTS
};
struct key_proof {
	const char *upstream; /* its name */
	enum key_verdict verdict;
	int status; /* 0: no answer */
	char reason[256];
};
const char *key_verdict_name(enum key_verdict v);
/* Asks one. */
void key_prove(const struct upstream_target *t, struct key_proof *out);
/* Asks all, and prints each in words; KEY_ACCEPTED when all of them do. */
enum key_verdict key_prove_all(const struct key_targets *t);
/* The exit code that stands for it. */
int key_verdict_code(enum key_verdict v);

#endif
