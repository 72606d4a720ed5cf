/*
 * workshop/workshop_template.h - the mappings of the tree, built into the
 * program as templates.
 */
#ifndef BRIDGE_WORKSHOP_TEMPLATE_H
#define BRIDGE_WORKSHOP_TEMPLATE_H

#include <stddef.h>

/* One file of a mapping's folder. */
struct template_file {
	const char *folder; /* "typeform" */
	const char *path;   /* "mapping.cfg", "samples/response.http" */
	const char *data;   /* NUL-ended, and may have NULs inside */
	size_t len;
};

/* A folder's files follow each other; ended by a NULL folder. */
extern const struct template_file template_files[];

#endif
