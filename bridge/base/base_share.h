/*
 * base/base_share.h - what several hold, and the last of them frees.
 *
 * A member of the thing that is shared, which is read-only from the moment a
 * second one holds it. Any thread. NULL is fine: then what is shared outlives
 * all that use it.
 */
#ifndef BRIDGE_BASE_SHARE_H
#define BRIDGE_BASE_SHARE_H

#include <stdatomic.h>

struct share {
	atomic_uint held;
	void (*done)(struct share *s); /* frees; on the thread of the last */
};

/* Held once, by who makes it. */
void share_init(struct share *s, void (*done)(struct share *s));
void share_hold(struct share *s);
void share_drop(struct share *s);

#endif
