/*
 * program/program_memory.h - how much memory this process may take: a ceiling
 * of its unit or container, or what the machine has.
 */
#ifndef BRIDGE_PROGRAM_MEMORY_H
#define BRIDGE_PROGRAM_MEMORY_H

#include "base/base.h"

/*
 * Bytes. Of the tree of control groups at `groups` (NULL: the machine's) the
 * lowest ceiling on the way from the root to the group that `own` (NULL:
 * /proc/self/cgroup) names; and never more than the machine has. 0: it cannot
 * be told.
 */
int64_t memory_allowed(const char *groups, const char *own);

#endif
