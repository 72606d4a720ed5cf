/* console/console_file.h - files and samples, read whole. Private. */
#ifndef BRIDGE_CONSOLE_FILE_H
#define BRIDGE_CONSOLE_FILE_H

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

/*
 * A sample: a request as captured. *.http is a raw HTTP/1.1 request (LF or
 * CRLF line ends; the body is all behind the blank line); any other file is
 * a body alone, its content type told by its name (.json, .form) or by its
 * first character. Everything points into text or the arena.
 */
int sample_parse(struct str text, const char *name, struct arena *arena,
    struct request *out, struct fault *why) MUST_CHECK;
/* Gives it another address: target, and path and query with it. */
void sample_set_target(struct request *r, struct str target);

#endif
