/*
 * console/console_deliveries_summary.h - how many of which kind, and why.
 * Private.
 *
 * A kind is a state, route, upstream, status and reason. Reasons are alike that
 * differ by a number or an id only: a place in a body, the first delivery of an
 * id. What they share is told with N and ID for these.
 */
#ifndef BRIDGE_CONSOLE_DELIVERIES_SUMMARY_H
#define BRIDGE_CONSOLE_DELIVERIES_SUMMARY_H

#include "console/console_deliveries.h"

/* Past these a kind has no line of its own: whoever reads has lost the way. */
#define KINDS_MOST 1000

enum kind_part {
	KIND_STATE,
	KIND_ROUTE,
	KIND_UPSTREAM,
	KIND_STATUS,
	KIND_REASON,
	KIND_PARTS
};

struct kind {
	char *key; /* the parts, each but the last ended by a NUL */
	size_t key_len;
	size_t alike;            /* where in it what all reasons share begins */
	char *parts[KIND_PARTS]; /* "": none; the reason as long as it is one */
	bool stranded;           /* waits for an unknown upstream */
	size_t count;
	char oldest[32], newest[32]; /* received; RFC 3339, UTC */
};

struct summary {
	struct kind *kinds; /* most frequent first */
	size_t kind_count;
	size_t updates, others; /* others: of kinds past the most */
	bool complete;          /* nothing is left to be counted */
	struct bytes key;       /* of the item in hand; alike: as of a kind */
	size_t alike;
};

/* On standard output; as text with what to do next on standard error. */
void summary_print_json(const struct summary *s);
void summary_print_text(const struct summary *s, const struct given *g);

#endif
