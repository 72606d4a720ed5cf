/* upstream/upstream.c - the names of what a call can come to. */
#include "upstream/upstream.h"

static const struct {
	const char *name;
	bool unsent;
} outcomes[UPSTREAM_OUTCOMES] = {
	[UPSTREAM_ANSWERED] = { "answered", false },
	[UPSTREAM_BUSY] = { "busy", true },
	[UPSTREAM_NO_ADDRESS] = { "no address", true },
	[UPSTREAM_NO_CONNECT] = { "no connection", true },
	[UPSTREAM_NO_TLS] = { "no TLS", true },
	[UPSTREAM_LATE_UNSENT] = { "late, nothing sent", true },
	[UPSTREAM_LATE] = { "late", false },
	[UPSTREAM_BROKEN] = { "broken", false },
	[UPSTREAM_STOPPED] = { "stopped", false },
};

const char *
upstream_outcome_name(enum upstream_outcome o)
{
	return outcomes[o].name;
}

bool
upstream_outcome_unsent(enum upstream_outcome o)
{
	return outcomes[o].unsent;
}
