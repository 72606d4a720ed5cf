/*
 * workshop/workshop_folder.h - a new folder: there whole, or not at all.
 *
 * What is added goes into a hidden folder beside the one to be made, which
 * takes its name at the end. Until then a bridge that reads mappings/<any>
 * sees nothing of it, and a failure leaves nothing behind.
 */
#ifndef BRIDGE_WORKSHOP_FOLDER_H
#define BRIDGE_WORKSHOP_FOLDER_H

#include "base/base.h"

struct folder {
	char *path, *hidden;
	char **made; /* what is on the disk by us, in the order it came */
	size_t made_count;
	char **names; /* of the files, below path */
	size_t name_count;
};

/*
 * Begins a folder, and makes those above it that are missing. -1 with why:
 * it is there and has something in it, is no folder, or cannot be made.
 */
int folder_begin(struct folder *f, const char *path,
    struct fault *why) MUST_CHECK;
/* A file, as "samples/contact.http"; -1 with why. */
int folder_add(struct folder *f, const char *name, struct str text,
    struct fault *why) MUST_CHECK;
/* Gives the folder its name and prints its files; -1 with why. */
int folder_end(struct folder *f, struct fault *why) MUST_CHECK;
/* Forgets it; one that has not got its name is removed. Once begun, always. */
void folder_done(struct folder *f);

#endif
