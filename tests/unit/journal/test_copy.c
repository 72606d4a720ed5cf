/* tests/unit/journal/test_copy.c - a journal moved to PostgreSQL and back. */
#include "unit/journal/postgres.h"

#include "journal/journal_copy.h"

#define ARENA ((size_t)16 << 20)

static const struct journal_settings kept = { .keep_done = 3600 * 1000,
	.keep_bodies = 3600 * 1000,
	.keep_keys = INT64_C(14) * 24 * 3600 * 1000,
	.keep_refused = 1000,
	.ceiling = 1000 };

static struct journal *
open_at(const char *url)
{
	struct journal_settings settings = kept;
	const struct journal_setup setup = { .settings = &settings };
	struct fault why = { 0 };
	struct journal *j;

	settings.url = url;
	j = journal_open(&setup, &why);
	if (j == NULL)
		fail_msg("%s: %s", url, why.text);
	return j;
}

static void
do_ok(struct journal *j, struct journal_op *op)
{
	journal_do(j, op);
	if (op->result != JOURNAL_OK)
		fail_msg("verb %d: %d %s", (int)op->verb, (int)op->result,
		    op->fault.text);
}

static char *
copied_id(unsigned i)
{
	return base_print("019ac000-0000-7000-8000-%012u", i);
}

/*
 * Two updates, the first of `lead`; leased where its lane is idle. Its dedupe
 * key is that of i % 1000.
 */
static enum journal_result
take_in(struct journal *j, unsigned i, const char *lead, unsigned flags,
    struct journal_lease leases[2])
{
	char *id = copied_id(i), *key = base_print("key %u", i % 1000);
	const struct journal_update updates[] = {
		{ .target = STR("api"),
		    .lead = str_of(lead),
		    .body = STR("{\"detail\":\"x\"}") },
		{ .refused = STR("a part that made nothing") },
	};
	struct journal_accept a = { .op = { .verb = JOURNAL_ACCEPT },
		.route = STR("/hooks/x"),
		.key = str_of(key),
		.digest = { 1 },
		.received_ms = 1700000000000 + (int64_t)i,
		.event = STR("POST /hooks/x HTTP/1.1\r\n\r\n\x01\xff"),
		.verdict = STR("proven"),
		.flags = flags,
		.updates = updates,
		.update_count = 2,
		.lease = true,
		.lease_ms = 60000,
		.leases = leases };

	memcpy(a.id, id, sizeof(a.id));
	journal_do(j, &a.op);
	base_free(key);
	base_free(id);
	return a.op.result;
}

static void
end(struct journal *j, const struct journal_lease *lease, enum journal_state to,
    int64_t delay_ms)
{
	struct journal_settle s = { .op = { .verb = JOURNAL_SETTLE },
		.target = STR("api"),
		.lease = *lease,
		.to = to,
		.delay_ms = delay_ms,
		.status = 422,
		.reason = "the API said no" };

	do_ok(j, &s.op);
}

/* In every state, blocked lanes, several in one lane, one being sent. */
static void
fill_it(struct journal *j)
{
	struct journal_lease leases[2];

	assert_int_equal(take_in(j, 1, "done", 0, leases), JOURNAL_OK);
	end(j, &leases[0], JOURNAL_DONE, 0);
	assert_int_equal(take_in(j, 2, "dead", 0, leases), JOURNAL_OK);
	end(j, &leases[0], JOURNAL_DEAD, 0);
	assert_int_equal(take_in(j, 3, "held", JOURNAL_BLOCKS, leases),
	    JOURNAL_OK);
	end(j, &leases[0], JOURNAL_DEAD, 0);
	assert_int_equal(take_in(j, 4, "held", JOURNAL_BLOCKS, leases),
	    JOURNAL_OK);
	assert_int_equal(take_in(j, 5, "later", 0, leases), JOURNAL_OK);
	end(j, &leases[0], JOURNAL_WAITING, 3600 * 1000);
	assert_int_equal(take_in(j, 6, "later", 0, leases), JOURNAL_OK);
	assert_int_equal(take_in(j, 7, "sent", JOURNAL_NOTES, leases),
	    JOURNAL_OK);
	for (unsigned i = 8; i < 200; i++)
		assert_int_equal(take_in(j, i, "many", 0, leases), JOURNAL_OK);
}

static void
list_all(struct journal *j, struct journal_list *l)
{
	*l = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.most = 1000,
		.whole = true,
		.arena = arena_new(ARENA) };
	do_ok(j, &l->op);
}

static void
same_text(struct str a, struct str b, const char *what, const char *id)
{
	if (!str_eq(a, b))
		fail_msg("%s of %s: '%.*s' and '%.*s'", what, id, STR_ARG(a),
		    STR_ARG(b));
}

static bool
near_due(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? a == b : llabs(a - b) < 60000;
}

static void
same_row(const struct journal_row *a, const struct journal_row *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->strikes, b->strikes);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->received_ms, b->received_ms);
	assert_true(near_due(a->due_ms, b->due_ms));
	same_text(a->route, b->route, "route", a->id);
	same_text(a->target, b->target, "target", a->id);
	same_text(a->lead, b->lead, "lead", a->id);
	same_text(a->verdict, b->verdict, "verdict", a->id);
	same_text(a->reason, b->reason, "reason", a->id);
	same_text(a->body, b->body, "body", a->id);
	same_text(a->event, b->event, "event", a->id);
}

/* The second as the first; and they know the same events. */
static void
same_journals(const char *first, const char *second)
{
	struct journal *a = open_at(first), *b = open_at(second);
	struct journal_lease leases[2];
	struct journal_list x, y;

	list_all(a, &x);
	list_all(b, &y);
	assert_int_equal(x.count, 398);
	assert_int_equal(x.count, y.count);
	for (size_t i = 0; i < x.count; i++)
		same_row(&x.rows[i], &y.rows[i]);
	arena_free(x.arena);
	arena_free(y.arena);
	for (unsigned i = 1; i < 200; i++)
		assert_int_equal(take_in(b, i + 1000, "new", 0, leases),
		    JOURNAL_DUPLICATE);
	journal_close(a);
	journal_close(b);
}

/* Of a lane in its order; nothing of one that is blocked, or not yet due. */
static void
leads_due(const char *url)
{
	struct journal *j = open_at(url);
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 10,
		.again = 10,
		.lease_ms = 60000,
		.arena = arena_new(ARENA) };
	char *first = copied_id(8);

	do_ok(j, &c.op);
	assert_int_equal(c.count, 2);
	for (size_t i = 0; i < 2; i++)
		if (strcmp(c.items[i].lease.lead, "many") == 0)
			assert_string_equal(c.items[i].id, first);
		else
			assert_string_equal(c.items[i].lease.lead, "sent");
	base_free(first);
	arena_free(c.arena);
	journal_close(j);
}

static void
migrate(const char *from, const char *to)
{
	struct journal_migrated m;
	struct fault why = { 0 };

	if (journal_migrate(from, to, &m, &why) == -1)
		fail_msg("%s", why.text);
	assert_int_equal(m.items, 398);
	assert_int_equal(m.keys, 199);
	assert_int_equal(m.to_items, 398);
	assert_int_equal(m.to_keys, 199);
}

static char folder[] = "/tmp/leadbridge-copy-XXXXXX";

static char *
file_url(const char *name)
{
	return base_print("sqlite:%s/%s", folder, name);
}

static void
all_of_it_comes_back(void **state)
{
	char *first = file_url("first.db"), *second = file_url("second.db");
	char *database = postgres_fresh();
	struct journal *j = open_at(first);

	(void)state;
	fill_it(j);
	journal_close(j);
	migrate(first, database);
	postgres_sound(database);
	migrate(first, database);
	postgres_sound(database);
	migrate(database, second);
	migrate(database, second);
	same_journals(first, second);
	leads_due(second);
	leads_due(database);
	base_free(first);
	base_free(second);
	base_free(database);
}

static void
not_while_a_bridge_has_it(void **state)
{
	char *file = file_url("third.db"), *database = postgres_fresh();
	struct journal *j = open_at(database);
	struct journal_migrated m;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(journal_migrate(database, file, &m, &why), -1);
	assert_non_null(strstr(why.text, "stop the bridges first"));
	why = (struct fault){ 0 };
	assert_int_equal(journal_migrate(file, database, &m, &why), -1);
	assert_non_null(strstr(why.text, "stop the bridges first"));
	journal_close(j);
	j = open_at(file);
	why = (struct fault){ 0 };
	assert_int_equal(journal_migrate(file, database, &m, &why), -1);
	assert_non_null(strstr(why.text, "another process"));
	journal_close(j);
	base_free(file);
	base_free(database);
}

static void
remove_folder(void)
{
	char *command = base_print("rm -r %s", folder);

	if (system(command) != 0)
		fprintf(stderr, "%s failed\n", command);
	base_free(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(not_while_a_bridge_has_it),
	};
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	postgres_end();
	return failed;
}
