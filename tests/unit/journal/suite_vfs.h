/*
 * tests/unit/journal/suite_vfs.h - a disk that fails, for SQLite.
 *
 * Wraps the system's VFS and becomes the default. Calls are counted by kind;
 * at the n-th of those that were asked for something happens. A power cut
 * undoes what was written since the last sync of each file; after it, and after
 * vfs_die(), nothing reaches the disk any more, as if the process were no more.
 */
#ifndef TESTS_JOURNAL_SUITE_VFS_H
#define TESTS_JOURNAL_SUITE_VFS_H

#include <stdbool.h>

#define VFS_WRITE 1u
#define VFS_SYNC 2u
#define VFS_TRUNCATE 4u
#define VFS_OPEN 8u
#define VFS_ALL 15u

enum vfs_trouble {
	VFS_NONE,
	VFS_EIO,        /* the call fails, once */
	VFS_FULL,       /* ... for want of room; syncs do not */
	VFS_QUOTA,      /* ... because the user's share of it is used up */
	VFS_EIO_EVER,   /* that call and all later ones */
	VFS_FULL_EVER,  /* ... likewise */
	VFS_CUT_BEFORE, /* power goes; what was not synced is lost */
	VFS_CUT_AFTER,  /* ... when the call is through */
	VFS_CUT_SOME,   /* as before, and some of it is there all the same */
};

void vfs_install(void);
/* At the n-th call (from 1) of these kinds. */
void vfs_arm(enum vfs_trouble trouble, unsigned kinds, unsigned n);
/* Whether it came to that. */
bool vfs_hit(void);
void vfs_die(void);
/* Called when a file is closed, before its locks are gone; NULL: nothing is. */
extern void (*vfs_at_close)(void);
/* All is well again; the files have to be closed. */
void vfs_reset(void);

#endif
