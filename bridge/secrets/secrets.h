/*
 * secrets/secrets.h - API keys and webhook secrets, kept from view.
 *
 *	secrets = { leadsail = { file = "/run/credentials/..."; };
 *	            typeform = { env  = "TYPEFORM_SECRET"; };
 *	            hubspot  = { credential = "hubspot"; };        # systemd
 *	            leadcrm  = { store = "leadcrm"; };   # see secrets_keys.h
 *	            rotated  = ( { file = "new"; }, { file = "old"; } ); };
 *
 * A name holds one to eight values: all are accepted when proving a sender,
 * the first is used when sending. Those of a key store are bound to a host.
 * Values sit in locked memory that core dumps and forked children leave out,
 * that is read-only after loading, and that is wiped when freed. A trailing
 * newline is stripped; control characters, an empty value or one over 4096
 * bytes, a file others may read (mode & 077), a symlink, a file owned by
 * neither root nor us, or one in a folder where others could replace it is
 * refused. No function prints a value.
 *
 * A variable of the environment is wiped once it was read, its name stays; it
 * is read again from memory when the settings are loaded again.
 */
#ifndef BRIDGE_SECRETS_H
#define BRIDGE_SECRETS_H

#include "base/base.h"
#include "secrets/secrets_keys.h"
#include "settings/settings.h"

/* Long enough for a PEM key; what is longer is not a secret but a mistake. */
#define SECRET_MAX ((size_t)4096)
/* What reading one needs: the value, "\r\n", and a byte to notice excess. */
#define SECRET_ROOM (SECRET_MAX + 3)
/* Of a name. Two are a rotation; more are several accounts on one route. */
#define SECRET_VALUES_MAX ((size_t)8)

struct secrets;
struct secret; /* one name */

/* Where a value may come from, for the settings reference. */
extern const struct setting secret_settings[];

/*
 * Reads the group (NULL: no secrets), and what it takes of the `key_store`
 * that stands beside it. Relative files stand beside `file`, the settings
 * file. NULL with faults added when any of them is wrong.
 */
struct secrets *secrets_load(const config_setting_t *group, const char *file,
    struct faults *all) MUST_CHECK;
void secrets_free(struct secrets *s); /* wipes; NULL is fine */

/* NULL when there is none of that name. Valid as long as the secrets. */
const struct secret *secrets_find(const struct secrets *s, const char *name);
/* The name nearest to a misspelt one, or NULL. */
const char *secrets_nearest(const struct secrets *s, const char *name);

const char *secret_name(const struct secret *s);
size_t secret_count(const struct secret *s); /* at least 1 */
/* The i-th value; bytes, not for printing. */
struct str secret_value(const struct secret *s, size_t i);
/*
 * The only host, lower case, that the i-th value may be sent to; "": it is
 * sent nowhere; NULL: nothing is said of it (it is of no key store).
 */
const char *secret_host(const struct secret *s, size_t i);

/* What is wrong with a value, or NULL. Never holds the value. */
const char *secret_problem(struct str value);
/*
 * A value from the terminal, not shown while it is typed, or a line of
 * standard input; `last`: which has to be the only one. To `into`, SECRET_ROOM
 * bytes of secrets_alloc(); its length, or 0 with why.
 */
size_t secrets_ask(const char *prompt, bool last, char *into,
    struct fault *why) MUST_CHECK;
/*
 * A passphrase is asked for no more: loading that would has a fault, and no
 * thread waits for a person. For a process that serves; what was told before
 * is known.
 */
void secrets_ask_no_more(void);

/*
 * A secrets store made in memory (tests, demo): name and one value. NULL
 * when the value is not acceptable.
 */
struct secrets *secrets_of(const char *name, struct str value,
    struct fault *why) MUST_CHECK;

/*
 * Locked memory for what is derived from secrets (keys, hash states): zeroed,
 * between two pages nobody may touch, left out of core dumps and of forked
 * children. Locking is best effort (RLIMIT_MEMLOCK); the rest is not. NULL
 * when the system has no memory. Whole pages: one block an owner.
 */
void *secrets_alloc(size_t size) MUST_CHECK;
void secrets_seal(void *block); /* read-only from here on */
void secrets_wipe(void *block); /* wipes and gives back; NULL is fine */
/* Whether the system agreed to keep the block out of swap. */
bool secrets_locked(const void *block);

/*
 * Makes the process hard to look into: no core dumps, not dumpable (a build
 * with the address sanitizer stays dumpable: its leak check needs ptrace),
 * and OpenSSL wipes all memory it gives back. Call once, first thing in main.
 */
void secrets_guard_process(void);
/*
 * malloc's family, wiping what is given back: for other libraries that see
 * secrets and take allocators (event_set_mem_functions).
 */
void *wiping_malloc(size_t size) MUST_CHECK;
void *wiping_realloc(void *p, size_t size) MUST_CHECK;
void wiping_free(void *p);

#endif
