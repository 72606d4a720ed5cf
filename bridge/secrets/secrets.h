/*
 * secrets/secrets.h - API keys and webhook secrets, kept from view.
 *
 *	secrets = { leadsail = { file = "/run/credentials/..."; };
 *	            typeform = { env  = "TYPEFORM_SECRET"; };
 *	            hubspot  = { credential = "hubspot"; };        # systemd
 *	            rotated  = ( { file = "new"; }, { file = "old"; } ); };
 *
 * A name holds one to eight values: all are accepted when proving a sender,
 * the first is used when sending. Values sit in locked memory that core dumps
 * and forked children leave out, that is read-only after loading, and that is
 * wiped when freed. A trailing newline is stripped; control characters, an
 * empty value or one over 4096 bytes, a file others may read (mode & 077), a
 * symlink, a file owned by neither root nor us, or one in a folder where
 * others could replace it is refused. No function prints a value.
 */
#ifndef BRIDGE_SECRETS_H
#define BRIDGE_SECRETS_H

#include "base/base.h"
#include "settings/settings.h"

struct secrets;
struct secret; /* one name */

/*
 * Reads the group (NULL: no secrets). Relative files stand beside `file`,
 * the settings file. NULL with faults added when any of them is wrong.
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
