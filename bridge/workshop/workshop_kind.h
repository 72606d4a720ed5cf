/*
 * workshop/workshop_kind.h - files named in each other's place.
 *
 * A mapping, a settings file and a capture are told apart by what is in them,
 * so that whoever swaps two is told so, and not of what is wrong in the one
 * when it is read as the other. What cannot be told goes on as it was named.
 */
#ifndef BRIDGE_WORKSHOP_KIND_H
#define BRIDGE_WORKSHOP_KIND_H

#include "terminal/terminal.h"

enum file_kind {
	FILE_UNKNOWN, /* or unreadable, or no regular file: it is not touched */
	FILE_MAPPING,
	FILE_SETTINGS,
	FILE_CAPTURE, /* a request */
	FILE_BODY,    /* ... or the body of one: JSON or XML */
	FILE_KINDS
};

/* Of a folder: of the mapping in it. */
enum file_kind file_kind_of(const char *path);

/*
 * EXIT_OK where the file may stand where one of that kind is expected; else
 * EXIT_USAGE, with what it looks like said. A capture or a body is a sample.
 */
int kind_check_mapping(const struct verb *v, const char *path) MUST_CHECK;
int kind_check_sample(const struct verb *v, const char *path) MUST_CHECK;
/* Of what is there and has no mapping in it. */
int kind_check_folder(const struct verb *v, const char *path) MUST_CHECK;
/* Of all arguments: MAPPING SAMPLE...; two that are swapped are told so. */
int kind_check_samples(const struct verb *v, const struct given *g) MUST_CHECK;
/* `code` instead of EXIT_USAGE. */
int kind_check_settings(const char *path, int code) MUST_CHECK;

#endif
