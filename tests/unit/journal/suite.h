/*
 * tests/unit/journal/suite.h - what every backend of the journal has to do.
 *
 * The suite talks to a backend as the journal's thread does, op by op and
 * group by group; each case gets an empty store. Leases and delays of 0 are
 * over at once and those of an hour are not over in any test, so no case
 * depends on how fast it runs. A test of a backend is a few lines:
 *
 *	static char *fresh(void);		// url of an empty store
 *	static void gone(const char *url);	// its end; may be NULL
 *	static const struct suite_backend it = { &journal_x, fresh, gone,
 *		true };
 *	... return suite_run("journal.x", &it);
 */
#ifndef TESTS_JOURNAL_SUITE_H
#define TESTS_JOURNAL_SUITE_H

#include "unit/cmocka_all.h"

#include "journal/journal_backend.h"

#define HOUR ((int64_t)3600 * 1000)
#define ITEMS_MOST 64

struct suite_backend {
	const struct journal_backend *backend;
	char *(*fresh)(void); /* to base_free */
	void (*gone)(const char *url);
	bool durable; /* keeps what it has from one open to the next */
};

/* All cases; what main() returns. */
int suite_run(const char *name, const struct suite_backend *b);

/* One open store, and what the last calls brought. */
struct world {
	const struct suite_backend *with;
	char *url;
	struct journal_settings settings;
	void *store;
	struct arena *arena;

	struct journal_accept accept;
	struct journal_lease leases[ITEMS_MOST];
	struct journal_claim claim;
	struct journal_settle settle;
	struct journal_list list;
	struct journal_show show;
};

void world_open(struct world *w, const struct suite_backend *b);
/* Closes the store, if it is open; the world waits to be opened again. */
void world_shut(struct world *w);
/* The same store, closed and opened again with the world's settings. */
void world_reopen(struct world *w);
void world_close(struct world *w);
/* For cmocka: *state is a world that is open, then is no more. */
int suite_setup(void **state, const struct suite_backend *b);
int suite_teardown(void **state);

/* As one group, which has to be committed. */
void apply(struct world *w, struct journal_op *const *ops, size_t count);
enum journal_result apply_one(struct world *w, struct journal_op *op);

/* The delivery of that number; of a few, the texts stay. */
const char *id_of(unsigned number);
/* Asserts that it is this delivery's. */
void assert_id(const char *got, unsigned number);

/* An event with one update; what is left out is usual. */
struct put {
	unsigned number;
	const char *lead;
	const char *key, *bytes; /* dedupe: key, and the event */
	const char *refused;
	const char *route, *target, *body;
	unsigned flags;
	bool lease;
	int64_t lease_ms, age_ms;
};
/* Fills an accept and its one update, which the caller holds. */
void put_fill(struct journal_accept *a, struct journal_update *u,
    const struct put *p);
enum journal_result put(struct world *w, struct put p);
/* One that must be stored. */
#define give(w, ...)                                                           \
	assert_int_equal(put(w, (struct put){ __VA_ARGS__ }), JOURNAL_OK)

/* Claims of target "api" with an hour's lease; how many items came. */
size_t claim_most(struct world *w, size_t most);
size_t claim_with(struct world *w, struct journal_claim how);
/* The only item of a claim of many. */
struct journal_item *claim_one(struct world *w);

/* Settles a claimed item's lane. */
enum journal_result settle_with(struct world *w,
    const struct journal_item *item, struct journal_settle how);
enum journal_result settle_to(struct world *w, const struct journal_item *item,
    enum journal_state to);
/* Claims the one lane that is due and settles it so. */
void claim_and_settle(struct world *w, enum journal_state to);

/* The first row of a delivery; asserts that it is there. */
const struct journal_row *row_of(struct world *w, unsigned number);
bool is_there(struct world *w, unsigned number);
size_t list_with(struct world *w, struct journal_list how);
void get_stats(struct world *w, struct journal_stats *stats);
/* Items of a target that wait or are being sent; 0: it is not told of. */
int64_t live_of(const struct journal_stats *stats, const char *target);

/* Until the milliseconds that a store measures by have moved on. */
void next_tick(void);

/* The cases, by what they are about; each list ends with a NULL name. */
extern const struct CMUnitTest suite_accept[];
extern const struct CMUnitTest suite_lanes[];
extern const struct CMUnitTest suite_coalesce[];
extern const struct CMUnitTest suite_person[];
extern const struct CMUnitTest suite_stranded[];
extern const struct CMUnitTest suite_keep[];
extern const struct CMUnitTest suite_random[];
extern const struct CMUnitTest suite_durable[];

#endif
