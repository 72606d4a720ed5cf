/* program/program_log.h - what the settings say of the log. */
#ifndef BRIDGE_PROGRAM_LOG_H
#define BRIDGE_PROGRAM_LOG_H

#include "base/base.h"
#include "secrets/secrets.h"
#include "settings/settings.h"

/* What log = { ... } may hold. */
struct log_settings {
	int level;    /* enum log_level */
	int format;   /* enum log_format */
	int lead_ids; /* enum log_leads */
	const char *hash_key;
};
extern const struct setting log_settings_table[];

/*
 * Reads the group (NULL: the defaults), whose key has to be among the secrets;
 * those may be NULL where they are broken, and the key goes unchecked then.
 */
void log_settings_read(const config_setting_t *group,
    const struct secrets *secrets, struct log_settings *out,
    struct faults *all);

/*
 * Sets all of it, at the start and when the settings are loaded again; opens
 * the log. level: an option's in place of the settings'; or NULL. One thread
 * at a time.
 */
void log_settings_apply(const struct log_settings *log,
    const struct secrets *secrets, const char *level);

#endif
