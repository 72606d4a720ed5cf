/* tests/unit/delivery/test_merge.c - note ids, and several updates as one. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_merge.h"

struct bench {
	struct arena *arena;
	struct bytes out;
};

static void
begin(struct bench *b)
{
	b->arena = arena_new((size_t)1 << 20);
	bytes_init_in(&b->out, b->arena, 65536);
}

static void
assert_names(const char *body, const char *wanted)
{
	struct bench b;
	bool named;

	begin(&b);
	named = merge_note_ids(str_of(body), "id", 2, b.arena, &b.out);
	assert_int_equal(named, wanted != NULL);
	if (named)
		assert_string_equal(b.out.data, wanted);
	else
		assert_int_equal(b.out.len, 0);
	arena_free(b.arena);
}

static void
notes_without_an_id_get_one(void **state)
{
	(void)state;
	assert_names("{\"a\":1,\"notes\":[{\"text\":\"x\"},{\"id\":\"mine\"},"
	             "{\"text\":\"y\"}],\"b\":2}",
	    "{\"a\":1,\"notes\":[{\"id\":\"id-2-0\",\"text\":\"x\"},"
	    "{\"id\":\"mine\"},{\"id\":\"id-2-2\",\"text\":\"y\"}],\"b\":2}");
}

static void
bodies_without_such_notes_stay(void **state)
{
	(void)state;
	assert_names("{\"a\":1}", NULL);
	assert_names("{\"notes\":[]}", NULL);
	assert_names("{\"notes\":[{\"id\":\"mine\"}]}", NULL);
	assert_names("{\"notes\":[\"a text\"]}", NULL);
	assert_names("{\"a\":\"\\\"notes\\\":[{}]\"}", NULL);
	assert_names("{\"address\":{\"notes\":[{}]}}", NULL);
}

static void
assert_merges(const char *const *bodies, size_t count, size_t merged,
    const char *wanted)
{
	struct str all[8];
	struct bench b;

	begin(&b);
	for (size_t i = 0; i < count; i++)
		all[i] = str_of(bodies[i]);
	assert_int_equal(merge_updates(all, count, b.arena, &b.out), merged);
	assert_string_equal(b.out.data, wanted);
	arena_free(b.arena);
}

static void
the_later_field_wins(void **state)
{
	static const char *const bodies[] = {
		"{\"a\":1,\"b\":\"x\"}",
		"{\"b\":\"y\",\"c\":[1]}",
		"{\"a\":null,\"d\":19.990}",
	};

	(void)state;
	assert_merges(bodies, 3, 3,
	    "{\"b\":\"y\",\"c\":[1],\"a\":null,\"d\":19.990}");
	assert_merges(bodies, 1, 1, bodies[0]);
}

static void
lists_and_objects_named_twice_end_it(void **state)
{
	static const char *const lists[] = { "{\"tags\":[1]}", "{\"a\":1}",
		"{\"tags\":[2]}", "{\"b\":1}" };
	static const char *const mixed[] = { "{\"x\":1}", "{\"x\":{}}" };

	(void)state;
	assert_merges(lists, 4, 2, "{\"tags\":[1],\"a\":1}");
	assert_merges(mixed, 2, 1, "{\"x\":1}");
}

static void
what_is_no_json_is_sent_alone(void **state)
{
	static const char *const bodies[] = { "{\"a\":1}", "{\"b\":" };

	(void)state;
	assert_merges(bodies, 2, 1, "{\"a\":1}");
	assert_merges(bodies + 1, 1, 1, "{\"b\":");
}

/* What finds no room to be read is not merged, and never sent in part. */
static void
as_many_are_merged_as_find_room(void **state)
{
	struct str all[33];
	size_t most = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		all[i] = STR("{\"a\":\"some text that takes room\"}");
	for (size_t room = 64; room < 65536; room += 64) {
		struct arena *arena = arena_new(room);
		struct bytes out;
		size_t merged;

		bytes_init(&out, 65536);
		merged = merge_updates(all, COUNT_OF(all), arena, &out);
		assert_true(merged >= 1 && merged <= COUNT_OF(all));
		assert_true(bytes_ok(&out) && str_eq(bytes_str(&out), all[0]));
		if (merged > most)
			most = merged;
		bytes_done(&out);
		arena_free(arena);
	}
	assert_int_equal(most, COUNT_OF(all));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_without_an_id_get_one),
		cmocka_unit_test(bodies_without_such_notes_stay),
		cmocka_unit_test(the_later_field_wins),
		cmocka_unit_test(lists_and_objects_named_twice_end_it),
		cmocka_unit_test(what_is_no_json_is_sent_alone),
		cmocka_unit_test(as_many_are_merged_as_find_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
