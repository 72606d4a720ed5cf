/* base/base_share.c - what several hold, and the last of them frees. */
#include "base/base.h"

void
share_init(struct share *s, void (*done)(struct share *s))
{
	atomic_init(&s->held, 1);
	s->done = done;
}

void
share_hold(struct share *s)
{
	if (s != NULL)
		atomic_fetch_add_explicit(&s->held, 1, memory_order_relaxed);
}

/* What each did with it comes before it is freed. */
void
share_drop(struct share *s)
{
	if (s != NULL &&
	    atomic_fetch_sub_explicit(&s->held, 1, memory_order_acq_rel) == 1)
		s->done(s);
}
