/*
 * admin/admin_choose.h - an event was mapped anew: which of its
 * updates take the place of which dead or refused items. Private; values in,
 * values out.
 *
 * Of a batch some updates may have been delivered, and must not go again.
 * Items are numbered as the updates were, until a first retry numbers on.
 */
#ifndef BRIDGE_ADMIN_CHOOSE_H
#define BRIDGE_ADMIN_CHOOSE_H

#include "delivery/delivery.h"

struct chosen {
	const struct journal_row **rows; /* dead or refused, of the delivery */
	size_t row_count;
	struct journal_update *updates; /* to take the rows' places */
	size_t count;
};

/* -1 with why: which they are cannot be told, or the arena is full. */
int choose_updates(const struct journal_row *rows, size_t row_count,
    const struct delivery_remapped *made, struct arena *arena,
    struct chosen *out, struct fault *why) MUST_CHECK;
/* It waits, or is being sent. */
bool choose_is_live(const struct journal_row *row);
/*
 * What is live at an upstream that there is no more is as good as dead, and is
 * so from here on: in these rows, not in the journal. How many they are.
 */
size_t choose_stranded(struct journal_row *rows, size_t count,
    struct str upstream);
/* Dead or refused. */
bool choose_may_retry(const struct journal_row *row);

#endif
