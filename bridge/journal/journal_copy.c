/* journal/journal_copy.c - `journal migrate`: a store moved into another. */
#include <string.h>

#include "journal/journal_copy.h"
#include "journal/journal_front.h"

#define PAGE_ITEMS 64 /* an event may be as large as a body */
#define PAGE_KEYS 4096
#define PAGE_ARENA ((size_t)1 << 30)

struct side {
	const struct journal_backend *backend;
	void *store;
};

static int
open_side(const char *url, const char *which, struct side *s, struct fault *why)
{
	/* Nothing is pruned here, and nothing accepted. */
	struct journal_settings settings = { .url = url,
		.keep_keys = INT64_MAX / 4,
		.ceiling = INT64_MAX };

	if (journal_check_url(url, why) == -1)
		return -1;
	s->backend = journal_backend_of(url);
	if (s->backend->copy == NULL)
		return fault_set(why, FAULT_SETTINGS, which,
		    "%s keeps nothing, so there is nothing to move",
		    s->backend->scheme);
	s->store = s->backend->open(url, &settings, why);
	return s->store != NULL ? s->backend->copy->alone(s->store, why) : -1;
}

static void
close_side(struct side *s)
{
	if (s->store != NULL)
		s->backend->close(s->store);
}

static int
copy_items(const struct side *from, const struct side *to, struct fault *why)
{
	struct copied_item *items = base_alloc(PAGE_ITEMS * sizeof(*items));
	struct arena *arena = arena_new(PAGE_ARENA);
	uint64_t after = 0;
	size_t count;
	int rc;

	do {
		arena_reset(arena);
		rc = from->backend->copy->read_items(from->store, after, arena,
		    items, PAGE_ITEMS, &count, why);
		if (rc == 0 && count > 0) {
			after = items[count - 1].row.order;
			rc = to->backend->copy->write_items(to->store, items,
			    count, why);
		}
	} while (rc == 0 && count > 0);
	arena_free(arena);
	base_free(items);
	return rc;
}

static int
copy_keys(const struct side *from, const struct side *to, struct fault *why)
{
	struct copied_key *keys = base_alloc(PAGE_KEYS * sizeof(*keys));
	uint8_t after[JOURNAL_HASH] = { 0 };
	size_t count;
	int rc;

	do {
		rc = from->backend->copy->read_keys(from->store, after, keys,
		    PAGE_KEYS, &count, why);
		if (rc == 0 && count > 0) {
			memcpy(after, keys[count - 1].hash, sizeof(after));
			rc = to->backend->copy->write_keys(to->store, keys,
			    count, why);
		}
	} while (rc == 0 && count > 0);
	base_free(keys);
	return rc;
}

static void
take_counts(const struct copied_counts *c, int64_t *items, int64_t *keys)
{
	*items = 0;
	for (size_t i = 0; i < JOURNAL_STATES; i++)
		*items += c->items[i];
	*keys = c->keys;
}

/* There may be more in the target: what it had before. */
static int
compare(const struct side *from, const struct side *to,
    struct journal_migrated *out, struct fault *why)
{
	struct copied_counts had, has;

	if (from->backend->copy->count(from->store, &had, why) == -1 ||
	    to->backend->copy->count(to->store, &has, why) == -1)
		return -1;
	take_counts(&had, &out->items, &out->keys);
	take_counts(&has, &out->to_items, &out->to_keys);
	if (out->to_items < out->items || out->to_keys < out->keys)
		return fault_set(why, FAULT_INTERNAL, "journal",
		    "the target has less than was copied into it: %lld of "
		    "%lld updates, %lld of %lld keys; leave the source as it "
		    "is",
		    (long long)out->to_items, (long long)out->items,
		    (long long)out->to_keys, (long long)out->keys);
	return 0;
}

int
journal_migrate(const char *from_url, const char *to_url,
    struct journal_migrated *out, struct fault *why)
{
	struct side from = { 0 }, to = { 0 };
	int rc = -1;

	*out = (struct journal_migrated){ 0 };
	if (strcmp(from_url, to_url) == 0)
		return fault_set(why, FAULT_SETTINGS, "--to",
		    "it is the same journal as --from");
	/* Keys last: an update without its key may come twice, but a key
	 * without its update would turn it away. */
	if (open_side(from_url, "--from", &from, why) == 0 &&
	    open_side(to_url, "--to", &to, why) == 0 &&
	    copy_items(&from, &to, why) == 0 && copy_keys(&from, &to, why) == 0)
		rc = compare(&from, &to, out, why);
	close_side(&to);
	close_side(&from);
	return rc;
}
