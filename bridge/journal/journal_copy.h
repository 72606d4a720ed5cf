/*
 * journal/journal_copy.h - a store moved into another, row by row. Private to
 * this room.
 *
 * Nobody serves from either meanwhile. Rows go as they are, sealed texts too;
 * only their orders are new, ascending as the old ones. All times are Unix
 * time in ms, in both.
 */
#ifndef BRIDGE_JOURNAL_COPY_H
#define BRIDGE_JOURNAL_COPY_H

#include "journal/journal_backend.h"

struct copied_item {
	struct journal_row row; /* order, and what is shown; SENDING: never */
	bool live;              /* in a lane: it waits, or blocks it */
	int64_t since_ms;
	int64_t due_ms; /* of a lane's head that waits for it; 0: none */
	/* Its delivery's: */
	unsigned next_n;
	struct str key; /* JOURNAL_HASH bytes; at == NULL: none */
};

struct copied_key {
	uint8_t hash[JOURNAL_HASH], body[JOURNAL_HASH];
	char id[JOURNAL_ID_SIZE];
	int64_t at_ms;
};

struct copied_counts {
	int64_t items[JOURNAL_STATES];
	int64_t keys;
};

/* All return -1 with why. */
struct journal_copier {
	/* Another process has it open, as far as that can be told. */
	int (*alone)(void *store, struct fault *why);
	/* Up to `most` behind an order, texts in the arena; 0: no more. */
	int (*read_items)(void *store, uint64_t after, struct arena *arena,
	    struct copied_item *items, size_t most, size_t *count,
	    struct fault *why);
	/* Behind a hash. */
	int (*read_keys)(void *store, const uint8_t after[JOURNAL_HASH],
	    struct copied_key *keys, size_t most, size_t *count,
	    struct fault *why);
	/*
	 * One transaction. What is there already (an item's id and number, a
	 * hash) stays as it is. The store is not to be served from behind it.
	 */
	int (*write_items)(void *store, const struct copied_item *items,
	    size_t count, struct fault *why);
	int (*write_keys)(void *store, const struct copied_key *keys,
	    size_t count, struct fault *why);
	int (*count)(void *store, struct copied_counts *out, struct fault *why);
};

extern const struct journal_copier journal_sqlite_copier,
    journal_postgres_copier;

#endif
