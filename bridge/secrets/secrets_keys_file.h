/* secrets/secrets_keys_file.h - the key store on disk. Private. */
#ifndef BRIDGE_SECRETS_KEYS_FILE_H
#define BRIDGE_SECRETS_KEYS_FILE_H

#include "secrets/secrets_source.h"

/*
 * Keeps other writers out until it is closed, by a file "PATH.lock" that
 * stays, empty. -1 with why, also when somebody else has it.
 */
int keys_file_lock(const char *path, struct fault *why) MUST_CHECK;

/*
 * All of it. Unlike a secret's file it may belong to anybody where root
 * reads it: what is in it proves itself. -1 with a fault at `group`; *absent
 * says that there is none, without a fault.
 */
int keys_file_read(const char *path, const config_setting_t *group,
    struct bytes *out, bool *absent, struct faults *all) MUST_CHECK;

/*
 * Replaces it in one step, or leaves it: written beside as "PATH.new", synced,
 * renamed, and the folder synced. Mode 0600, of the owner it had, or where
 * there was none of the folder's. -1 with why.
 */
int keys_file_write(const char *path, struct str text,
    struct fault *why) MUST_CHECK;

#endif
