/* secrets/secrets_source.h - where one value comes from. Private. */
#ifndef BRIDGE_SECRETS_SOURCE_H
#define BRIDGE_SECRETS_SOURCE_H

#include "secrets/secrets.h"

/* One value on its way in. */
struct reading {
	const config_setting_t *group;
	const char *what;     /* names it in faults: "secrets.leadsail" */
	const char *settings; /* relative files stand beside this one */
	char *into;           /* SECRET_ROOM bytes of secrets_alloc() */
	bool raw;             /* any bytes do, none is stripped */
	const struct key_store *store; /* NULL: there is none, or it is ... */
	bool store_broken;             /* ... as a fault has said */
	size_t nth;                    /* value of an entry of the store */
	struct faults *all;
};

/*
 * Reads the value a { file = ...; } like group names straight to r->into, so
 * that it is never anywhere else. Its length, or 0 with faults added.
 */
size_t secret_source_read(const struct reading *r);
/* From a file, from a credential of systemd: likewise. */
size_t secret_read_file(const struct reading *r, const char *name);
size_t secret_read_credential(const struct reading *r, const char *name);

/* The entry a { store = ...; } names; NULL: the group is of another kind. */
const char *secret_source_store(const config_setting_t *group);

/*
 * The 32 bytes that unlock a key store whose settings are these, or the
 * passphrase: its length, or 0 with faults added.
 */
size_t keys_unlock_read(const config_setting_t *group, const char *settings,
    bool passphrase, char *into, struct faults *all);

enum secret_file_kind {
	SECRET_FILE_BARE,
	SECRET_FILE_SEALED, /* may be anybody's where root opens it */
};

/*
 * Opens a file that only we (and root) can read or replace; -1 with the
 * fault added at the place of `s`.
 */
int secret_file_open(const char *path, enum secret_file_kind kind,
    const config_setting_t *s, const char *what, struct faults *all);

#endif
