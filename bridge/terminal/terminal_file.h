/* terminal/terminal_file.h - files, read and written whole. */
#ifndef BRIDGE_TERMINAL_FILE_H
#define BRIDGE_TERMINAL_FILE_H

#include "base/base.h"

/*
 * The bytes of a file ("-": standard input), NUL-ended; at == NULL with why
 * when it cannot be read or is larger than the ceiling. file_done it.
 */
struct str file_read(const char *path, size_t ceiling,
    struct fault *why) MUST_CHECK;
void file_done(struct str text);
/* Writes a whole file, mode 0644, replacing it in one step. */
int file_write(const char *path, struct str text, struct fault *why) MUST_CHECK;

/* A mapping's file, where its folder may be named too; base_free it. */
char *mapping_file(const char *path) MUST_CHECK;

#endif
