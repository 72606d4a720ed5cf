/*
 * secrets/secrets_keys.h - the key store: keys and webhook secrets in one
 * file, each sealed.
 *
 *	key_store = { file = "keys.store";
 *	              key  = { credential = "leadbridge-unlock"; }; };
 *	secrets   = { leadsail = { store = "leadsail"; }; };
 *
 * It is opened by a key of 32 bytes (raw, hex or base64) from a file or a
 * systemd credential, or by a passphrase: { passphrase = { file = ...; }; },
 * { credential = ...; }, or { ask = true; }: asked for on the terminal, or
 * the first line of standard input.
 *
 * A name holds up to eight values; the first is the one that is sent, all are
 * accepted when proving a sender. Each is bound to the host it may be sent
 * to, or to none. The file tells names, hosts and ages to whoever may read
 * it, values to nobody without the key; secrets_keys_text.h has its format.
 * It is replaced in one step, by one writer at a time. What was changed, cut
 * off, exchanged or added by others is found when it is opened. An older
 * copy of the whole file is not: it was right once.
 *
 * Part of the door: include secrets/secrets.h.
 */
#ifndef BRIDGE_SECRETS_KEYS_H
#define BRIDGE_SECRETS_KEYS_H

#include "base/base.h"
#include "settings/settings.h"

/* What `key_store` may hold, and each of its `key` and `passphrase`. */
extern const struct setting key_store_settings[];
extern const struct setting key_store_key_settings[];
extern const struct setting key_store_passphrase_settings[];

struct key_store;

struct key_entry {
	const char *name;
	const char *host; /* lower case; "": it is sent nowhere */
	int64_t version;  /* 1, 2, ... of its name; the newest is highest */
	int64_t added_s;  /* seconds since 1970 */
};

enum key_store_use {
	KEY_STORE_READ,   /* it has to be there */
	KEY_STORE_CHANGE, /* it is made where there is none; locks others out */
};

/*
 * Opens it as the group says; relative files stand beside `settings`. NULL
 * with faults added. Takes half a second of CPU where there is a passphrase.
 */
struct key_store *key_store_open(const config_setting_t *group,
    const char *settings, enum key_store_use use,
    struct faults *all) MUST_CHECK;
void key_store_close(struct key_store *s); /* NULL is fine */
const char *key_store_path(const struct key_store *s);

/* Entries, those of a name in the order of their use. */
size_t key_store_count(const struct key_store *s);
struct key_entry key_store_entry(const struct key_store *s, size_t i);
/* Index of the nth value of a name; SIZE_MAX: there is none. */
size_t key_store_find(const struct key_store *s, const char *name, size_t nth);
size_t key_store_values(const struct key_store *s, const char *name);
/* The name nearest to a misspelt one, or NULL. */
const char *key_store_nearest(const struct key_store *s, const char *name);

/*
 * The value of an entry to `into`, SECRET_ROOM bytes of secrets_alloc();
 * its length, or 0 with why.
 */
size_t key_store_value(const struct key_store *s, size_t i, char *into,
    struct fault *why) MUST_CHECK;
/*
 * 16 hex digits that are the same for the same value of this store, and tell
 * nothing of it to whoever has not the store's key. -1 with why.
 */
int key_store_fingerprint(const struct key_store *s, size_t i, char out[17],
    struct fault *why) MUST_CHECK;

/* What is wrong with one, or NULL. */
const char *key_name_problem(const char *name);
const char *key_host_problem(const char *host);

/*
 * The value becomes the first of its name, which must be bound to the same
 * host ("": none). -1 with why, and nothing is changed. Name, host and value
 * must have no problem.
 */
int key_store_put(struct key_store *s, const char *name, const char *host,
    struct str value, int64_t now_s, struct fault *why) MUST_CHECK;
/* Takes away the values of a name from the nth on; how many they were. */
size_t key_store_drop(struct key_store *s, const char *name, size_t nth);
/* Writes it: opened to be changed. -1 with why, and the file is as it was. */
int key_store_save(struct key_store *s, struct fault *why) MUST_CHECK;

#endif
