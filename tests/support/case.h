/* tests/support/case.h - what the runners of case folders share. */
#ifndef TESTS_CASE_H
#define TESTS_CASE_H

#include "base/base.h"

/* Path of a file in the folder; valid until the next call but three. */
const char *case_path(const char *folder, const char *name);
bool case_has(const char *folder, const char *name);
/* The file's bytes, NUL-ended; exits 2 when it cannot be read. */
struct str case_read(const char *folder, const char *name);
/*
 * 0 when the file holds this text (a trailing newline aside), else 1 with
 * both printed.
 */
int case_compare_text(const char *folder, const char *name, const char *got);
/* The same for JSON: member order and white space do not matter. */
int case_compare_json(const char *folder, const char *name, struct str got);

#endif
