/*
 * settings/settings_numbers.h - numbers libconfig would change. Private.
 *
 * libconfig 1.5 cuts an integer without a trailing L to 32 bits, one with it
 * to 64, and keeps a float as a double, all in silence. Its tree no longer
 * tells, so the text is looked at.
 */
#ifndef BRIDGE_SETTINGS_NUMBERS_H
#define BRIDGE_SETTINGS_NUMBERS_H

#include "base/base.h"

/* Adds a fault for each number of the text that would not stay as written. */
void numbers_check(struct str text, const char *file, struct faults *all);

#endif
