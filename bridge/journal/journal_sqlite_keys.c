/*
 * journal/journal_sqlite_keys.c - what was seen before.
 *
 * Keys are hashes: put straight into a table that is sorted by them, each of
 * the 64 of a group lands on a page of its own, and a commit writes more of
 * those than of the events themselves. So a key is appended to `fresh`, and
 * found there through memory; when there are MERGE_AT of them they are put
 * into `key`, sorted, a slice with each group: neighbours share a page then.
 */
#include <stdlib.h>
#include <string.h>

#include "journal/journal_sqlite.h"

#define MERGE_AT 65536
#define MERGE_SLICE 1024
#define SCAN_SLICE 2048

static struct lite_value
hash_value(const void *hash)
{
	return lite_blob((struct str){ hash, JOURNAL_HASH });
}

/* The hash is spread well, but a test's need not be. */
static size_t
slot_of(const struct lite_keys *k, const void *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof(h));
	return (size_t)(h * 0x9E3779B97F4A7C15u >> 32) & (k->slot_count - 1);
}

static void
slot_put(struct lite_keys *k, size_t index)
{
	size_t at = slot_of(k, k->list[index].hash);

	while (k->slots[at] != 0)
		at = (at + 1) & (k->slot_count - 1);
	k->slots[at] = (uint32_t)index + 1;
}

static void
slots_build(struct lite_keys *k, size_t slot_count)
{
	base_free(k->slots);
	k->slot_count = slot_count;
	k->slots = base_alloc(slot_count * sizeof(k->slots[0]));
	for (size_t i = 0; i < k->count; i++)
		slot_put(k, i);
}

/* NULL: not among the fresh ones. */
static struct lite_key *
fresh_find(struct lite_keys *k, const void *hash)
{
	size_t at;

	if (k->count == 0)
		return NULL;
	for (at = slot_of(k, hash); k->slots[at] != 0;
	     at = (at + 1) & (k->slot_count - 1)) {
		struct lite_key *key = &k->list[k->slots[at] - 1];

		if (!key->gone && memcmp(key->hash, hash, JOURNAL_HASH) == 0)
			return key;
	}
	return NULL;
}

static void
fresh_put(struct lite_keys *k, const struct lite_key *key)
{
	if (k->count == k->room) {
		k->room = k->room * 2 + 1024;
		k->list = base_grow(k->list, k->room, sizeof(k->list[0]));
	}
	k->list[k->count++] = *key;
	if (2 * k->count > k->slot_count)
		slots_build(k, k->slot_count > 0 ? 2 * k->slot_count : 2048);
	else
		slot_put(k, k->count - 1);
}

static void
fresh_gone(struct lite_keys *k, struct lite_key *key)
{
	if (k->gone_count == k->gone_room) {
		k->gone_room = k->gone_room * 2 + 64;
		k->gone = base_grow(k->gone, k->gone_room, sizeof(k->gone[0]));
	}
	k->gone[k->gone_count++] = (size_t)(key - k->list);
	key->gone = true;
}

static bool
get_hash(struct lite_store *s, enum lite_sql sql, int column,
    uint8_t out[JOURNAL_HASH])
{
	struct str hash = lite_get_text(s, sql, column);

	if (hash.len != JOURNAL_HASH)
		return false;
	memcpy(out, hash.at, JOURNAL_HASH);
	return true;
}

void
lite_keys_load(struct lite_store *s)
{
	while (lite_row(s, SQL_FRESH_LOAD)) {
		struct lite_key key = { .seq = (uint64_t)lite_get(s,
			                    SQL_FRESH_LOAD, 0),
			.at_ms = lite_get(s, SQL_FRESH_LOAD, 4) };

		lite_get_id(s, SQL_FRESH_LOAD, 3, key.id);
		if (get_hash(s, SQL_FRESH_LOAD, 1, key.hash) &&
		    get_hash(s, SQL_FRESH_LOAD, 2, key.body))
			fresh_put(&s->keys, &key);
	}
}

void
lite_keys_done(struct lite_keys *k)
{
	base_free(k->list);
	base_free(k->slots);
	base_free(k->merging);
	base_free(k->gone);
}

bool
lite_key_find(struct lite_store *s, const char *hash, struct lite_key *out)
{
	const struct lite_key *fresh = fresh_find(&s->keys, hash);
	bool found;

	if (fresh != NULL) {
		*out = *fresh;
		return true;
	}
	lite_ask(s, SQL_KEY_FIND, hash_value(hash));
	found = lite_row(s, SQL_KEY_FIND);
	if (found) {
		found = get_hash(s, SQL_KEY_FIND, 0, out->body);
		lite_get_id(s, SQL_KEY_FIND, 1, out->id);
		out->at_ms = lite_get(s, SQL_KEY_FIND, 2);
		out->seq = (uint64_t)lite_get(s, SQL_KEY_FIND, 3);
		lite_end(s, SQL_KEY_FIND);
	}
	return found;
}

void
lite_key_add(struct lite_store *s, const struct journal_accept *a,
    const struct lite_value *id, uint64_t seq)
{
	struct lite_key key = { .at_ms = s->now_ms, .seq = seq };

	memcpy(key.hash, a->key.at, JOURNAL_HASH);
	memcpy(key.body, a->digest, JOURNAL_HASH);
	memcpy(key.id, a->id, sizeof(key.id));
	lite_run(s, SQL_FRESH_ADD, lite_order(seq), hash_value(key.hash),
	    hash_value(key.body), *id, lite_number(key.at_ms));
	fresh_put(&s->keys, &key);
}

bool
lite_key_delete(struct lite_store *s, const char *hash)
{
	struct lite_key *fresh = fresh_find(&s->keys, hash);
	int before = sqlite3_total_changes(s->db);

	if (fresh != NULL) {
		lite_run(s, SQL_FRESH_DELETE, lite_order(fresh->seq));
		fresh_gone(&s->keys, fresh);
	}
	/* It may be in both while it is being merged. */
	lite_run(s, SQL_KEY_DELETE, hash_value(hash));
	return sqlite3_total_changes(s->db) != before;
}

/* For qsort, which hands on nothing: the journal has one thread. */
static const struct lite_key *sorted_list;

static int
compare_hashes(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return memcmp(sorted_list[*x].hash, sorted_list[*y].hash, JOURNAL_HASH);
}

/* Those of this transaction may be rolled back: they are for the next. */
static void
merge_start(struct lite_keys *k)
{
	k->merge_count = k->begin_count;
	k->merging = base_alloc(k->merge_count * sizeof(k->merging[0]));
	for (size_t i = 0; i < k->merge_count; i++)
		k->merging[i] = (uint32_t)i;
	sorted_list = k->list;
	qsort(k->merging, k->merge_count, sizeof(k->merging[0]),
	    compare_hashes);
	k->merged = k->begin_merged = 0;
}

void
lite_keys_merge(struct lite_store *s)
{
	struct lite_keys *k = &s->keys;
	size_t end;

	if (k->merging == NULL && k->begin_count < MERGE_AT)
		return;
	if (k->merging == NULL)
		merge_start(k);
	end = k->merged + MERGE_SLICE;
	for (; k->merged < end && k->merged < k->merge_count; k->merged++) {
		const struct lite_key *key = &k->list[k->merging[k->merged]];

		if (!key->gone)
			lite_run(s, SQL_KEY_ADD, hash_value(key->hash),
			    hash_value(key->body), lite_id(key->id),
			    lite_number(key->at_ms), lite_order(key->seq));
	}
	if (k->merged == k->merge_count)
		lite_run(s, SQL_FRESH_MERGED,
		    lite_order(k->list[k->merge_count - 1].seq));
}

static size_t
prune_fresh(struct lite_store *s, size_t most, int64_t before)
{
	struct lite_keys *k = &s->keys;
	size_t pruned = 0;

	for (size_t i = 0; i < k->count && pruned < most; i++) {
		struct lite_key *key = &k->list[i];

		if (key->at_ms > before)
			break;
		if (key->gone)
			continue;
		lite_key_delete(s, (const char *)key->hash);
		pruned++;
	}
	return pruned;
}

/* The table is looked through in slices, round and round: see `pruned`. */
static size_t
prune_merged(struct lite_store *s, size_t most, int64_t before)
{
	struct lite_keys *k = &s->keys;
	uint8_t(*old)[JOURNAL_HASH] = base_alloc(SCAN_SLICE * sizeof(*old));
	size_t seen = 0, count = 0;

	lite_ask(s, SQL_KEY_SCAN, hash_value(k->pruned),
	    lite_number(SCAN_SLICE));
	while (count < most && lite_row(s, SQL_KEY_SCAN)) {
		seen++;
		if (get_hash(s, SQL_KEY_SCAN, 0, k->pruned) &&
		    lite_get(s, SQL_KEY_SCAN, 1) <= before)
			memcpy(old[count++], k->pruned, JOURNAL_HASH);
	}
	lite_end(s, SQL_KEY_SCAN);
	if (seen < SCAN_SLICE && count < most)
		memset(k->pruned, 0, sizeof(k->pruned));
	for (size_t i = 0; i < count; i++)
		lite_run(s, SQL_KEY_DELETE, hash_value(old[i]));
	base_free(old);
	return count;
}

size_t
lite_keys_prune(struct lite_store *s, size_t most)
{
	int64_t before = s->now_ms - s->settings.keep_keys;
	size_t pruned = prune_fresh(s, most, before);

	return pruned + prune_merged(s, most - pruned, before);
}

void
lite_keys_begin(struct lite_keys *k)
{
	k->begin_count = k->count;
	k->begin_merged = k->merged;
	k->gone_count = 0;
}

static void
merge_end(struct lite_keys *k)
{
	base_free(k->merging);
	k->merging = NULL;
	k->count -= k->merge_count;
	memmove(k->list, k->list + k->merge_count,
	    k->count * sizeof(k->list[0]));
	slots_build(k, k->slot_count);
}

void
lite_keys_commit(struct lite_keys *k)
{
	if (k->merging != NULL && k->merged == k->merge_count)
		merge_end(k);
}

void
lite_keys_rollback(struct lite_keys *k)
{
	for (size_t i = 0; i < k->gone_count; i++)
		k->list[k->gone[i]].gone = false;
	k->merged = k->begin_merged;
	if (k->count == k->begin_count)
		return;
	k->count = k->begin_count;
	slots_build(k, k->slot_count);
}
