/* secrets/secrets_source.h - where one value comes from. Private. */
#ifndef BRIDGE_SECRETS_SOURCE_H
#define BRIDGE_SECRETS_SOURCE_H

#include "secrets/secrets.h"

/* Long enough for a PEM key; what is longer is not a secret but a mistake. */
#define SECRET_MAX ((size_t)4096)
/* What reading one needs: the value, "\r\n", and a byte to notice excess. */
#define SECRET_ROOM (SECRET_MAX + 3)

/* What is wrong with a value, or NULL. Never holds the value. */
const char *secret_problem(struct str value);

/*
 * Reads the value a { file = ...; } like group names straight to `into`,
 * SECRET_ROOM bytes, so that it is never anywhere else. `what` names it in
 * faults ("secrets.leadsail"), relative files stand beside `settings`. The
 * value's length, or 0 with faults added.
 */
size_t secret_source_read(const config_setting_t *group, const char *what,
    const char *settings, char *into, struct faults *all);

/*
 * Opens a file that only we (and root) can read or replace; -1 with the
 * fault added at the place of `s`.
 */
int secret_file_open(const char *path, const config_setting_t *s,
    const char *what, struct faults *all);

#endif
