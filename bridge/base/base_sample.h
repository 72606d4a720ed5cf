/* base/base_sample.h - a request, read from what was captured of it. */
#ifndef BRIDGE_BASE_SAMPLE_H
#define BRIDGE_BASE_SAMPLE_H

#include "base/base_arena.h"
#include "base/base_fault.h"
#include "base/base_http.h"

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
