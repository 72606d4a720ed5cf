/*
 * tests/unit/journal/test_sqlite_file.c - the file itself: whose, where, what
 * is in it, and what no longer is.
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "journal/journal_sqlite.h"
#include "unit/journal/sqlite.h"
#include "unit/journal/suite_vfs.h"

#define MANY 102400 /* more than is merged, or looked at, in one go */

static int
setup(void **state)
{
	return suite_setup(state, &sqlite_it);
}

static int
teardown(void **state)
{
	vfs_reset();
	return suite_teardown(state);
}

/* Asserts that it cannot be opened, for this reason. */
static void
refused(struct world *w, enum fault_code code, const char *text)
{
	struct fault why = { 0 };

	assert_null(journal_sqlite.open(w->url, &w->settings, &why));
	if (why.code != code || strstr(why.text, text) == NULL)
		fail_msg("refused with %d: %s", (int)why.code, why.text);
	assert_string_equal(why.where, path_of(w));
}

/* What a person with SQLite's own program could do to the closed file. */
static void
tamper(const struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path_of(w), &db,
	                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	                     "unix"),
	    SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
write_file(const char *path, long at, const char *data, size_t len)
{
	FILE *f = fopen(path, at == 0 ? "wb" : "r+b");

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void
test_nobody_else_may_read_it(void **state)
{
	struct world *w = *state;
	char *wal = base_print("%s-wal", path_of(w));
	struct stat st;

	give(w, .number = 1);
	assert_int_equal(stat(path_of(w), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	base_free(wal);
	world_shut(w);
	chmod(path_of(w), 0640);
	refused(w, FAULT_SETTINGS, "others may use it (mode 0640): chmod 600");
}

static void
test_nobody_else_may_write_beside_it(void **state)
{
	struct world *w = *state;
	char *folder = base_copy(path_of(w));

	world_shut(w);
	*strrchr(folder, '/') = '\0';
	chmod(folder, 0770);
	refused(w, FAULT_SETTINGS, "others may write to its folder");
	chmod(folder, 01777);
	refused(w, FAULT_SETTINGS, "others may write to its folder");
	chmod(folder, 0755);
	world_reopen(w);
	base_free(folder);
}

static void
test_a_folder_has_to_be_there(void **state)
{
	struct world *w = *state;
	struct fault why = { 0 };
	char *url = base_print("%s.none/journal.db", w->url);

	assert_null(journal_sqlite.open(url, &w->settings, &why));
	assert_int_equal(why.code, FAULT_SETTINGS);
	assert_non_null(strstr(why.text, "its folder cannot be opened"));
	base_free(url);
}

static void
test_a_file_has_to_be_a_file(void **state)
{
	struct world *w = *state;

	world_shut(w);
	unlink(path_of(w));
	assert_int_equal(mkfifo(path_of(w), 0600), 0);
	refused(w, FAULT_SETTINGS, "it is no regular file");
}

static void
test_only_local_disks_will_do(void **state)
{
	(void)state;
	assert_string_equal(lite_file_system_problem(0x6969), "NFS");
	assert_string_equal(lite_file_system_problem(0x65735546), "FUSE");
	assert_string_equal(lite_file_system_problem((long)0xFF534D42), "CIFS");
	/* As a field of 32 bits with a sign has it. */
	assert_string_equal(lite_file_system_problem((int)0xFF534D42), "CIFS");
	assert_null(lite_file_system_problem(0xEF53));     /* ext4 */
	assert_null(lite_file_system_problem(0x58465342)); /* xfs */
	assert_null(lite_file_system_problem(0x01021994)); /* tmpfs */
}

static void
test_a_newer_version_is_left_alone(void **state)
{
	struct world *w = *state;

	world_shut(w);
	tamper(w, "PRAGMA user_version = 2");
	refused(w, FAULT_SETTINGS,
	    "newer version (schema 2, this one knows 1)");
	tamper(w, "PRAGMA user_version = 1");
	world_reopen(w);
}

static void
test_what_is_another_programs_is_left_alone(void **state)
{
	struct world *w = *state;
	char text[4096];

	world_shut(w);
	unlink(path_of(w));
	tamper(w, "CREATE TABLE mine(a)");
	chmod(path_of(w), 0600);
	refused(w, FAULT_SETTINGS, "it is a database, but no journal");
	tamper(w, "INSERT INTO mine VALUES(1)");
	memset(text, 'x', sizeof(text));
	write_file(path_of(w), 0, text, sizeof(text));
	refused(w, FAULT_INTERNAL, "it is no database");
}

static void
test_one_process_has_it(void **state)
{
	struct world *w = *state;

	refused(w, FAULT_BUSY, "another process has it open");
	give(w, .number = 1);
}

static void
test_damage_is_found_at_the_start(void **state)
{
	struct world *w = *state;
	char junk[512];
	struct stat st;

	for (unsigned i = 0; i < 300; i++)
		give(w, .number = i, .lead = "ann");
	world_shut(w);
	assert_int_equal(stat(path_of(w), &st), 0);
	memset(junk, 0x5a, sizeof(junk));
	/* The first pages are read by anybody, damage there is no feat. */
	for (long at = 8192 + 4; at < st.st_size; at += 8192)
		write_file(path_of(w), at, junk, sizeof(junk));
	refused(w, FAULT_INTERNAL, "it is damaged");
}

static bool
file_has(const char *path, const char *text)
{
	size_t len = 0, text_len = strlen(text);
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	bool has;

	if (f == NULL)
		return false;
	fseek(f, 0, SEEK_END);
	len = (size_t)ftell(f);
	rewind(f);
	data = base_alloc(len + 1);
	assert_int_equal(fread(data, 1, len, f), len);
	fclose(f);
	has = memmem(data, len, text, text_len) != NULL;
	base_free(data);
	return has;
}

static bool
disk_has(const struct world *w, const char *text)
{
	char *wal = base_print("%s-wal", path_of(w));
	bool has = file_has(path_of(w), text) || file_has(wal, text);

	base_free(wal);
	return has;
}

/* Enough of them that pages fill, split and empty on the way. */
static void
give_people(struct world *w, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		bool ann = i % 7 == 3;
		char *body = base_print("{\"body of %s %u\":\"%0*d\"}",
		    ann ? "ann" : "ben", i, (int)(i * 37 % 900), 0);
		char *bytes = base_print("event of %s %u %0*d",
		    ann ? "ann" : "ben", i, (int)(i * 91 % 2500), 0);

		give(w, .number = i, .lead = ann ? "lead-ann" : "lead-ben",
		    .body = body, .bytes = bytes);
		base_free(body);
		base_free(bytes);
	}
}

static void
assert_no_ann(const struct world *w)
{
	assert_false(disk_has(w, "event of ann"));
	assert_false(disk_has(w, "body of ann"));
	assert_false(disk_has(w, "lead-ann"));
	assert_true(disk_has(w, "event of ben"));
}

static void
test_a_forgotten_lead_is_not_on_the_disk(void **state)
{
	struct world *w = *state;
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("lead-ann") };

	give_people(w, 0, 500);
	for (int i = 0; i < 40; i++) {
		claim_most(w, 2);
		for (size_t k = 0; k < w->claim.count; k++)
			settle_to(w, &w->claim.items[k],
			    k == 0 ? JOURNAL_DONE : JOURNAL_DEAD);
	}
	assert_true(disk_has(w, "event of ann"));
	assert_int_equal(apply_one(w, &f.op), JOURNAL_OK);
	assert_int_equal(f.held, 0);
	assert_no_ann(w);
	world_shut(w);
	assert_no_ann(w);
	world_reopen(w);
}

static void
test_what_is_pruned_is_not_on_the_disk(void **state)
{
	struct world *w = *state;
	struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
		.most = 1000 };

	w->settings.keep_bodies = 0;
	w->settings.keep_done = 1;
	world_reopen(w);
	give_people(w, 0, 100);
	while (claim_most(w, 10) > 0)
		for (size_t k = 0; k < w->claim.count; k++)
			settle_to(w, &w->claim.items[k], JOURNAL_DONE);
	next_tick();
	assert_int_equal(apply_one(w, &p.op), JOURNAL_OK);
	assert_int_equal(p.pruned, 100);
	world_shut(w);
	assert_false(disk_has(w, "event of"));
	assert_false(disk_has(w, "body of"));
	assert_false(disk_has(w, "lead-ann"));
	world_reopen(w);
}

/* An accept is a few writes; a checkpoint of all this is more. */
static void
test_a_wal_that_cannot_be_emptied_takes_no_more(void **state)
{
	struct world *w = *state;
	struct lite_store *store = w->store;
	char *big = base_alloc(60001);

	memset(big, 'x', 60000);
	for (unsigned i = 1; i <= 20; i++)
		give(w, .number = i, .body = big);
	base_free(big);
	store->wal_pages = 1 << 20;
	vfs_arm(VFS_FULL, VFS_WRITE, 100);
	refuse_one(w);
	assert_true(vfs_hit());
	assert_true(store->wal_pages > 1 << 19);
	give(w, .number = 99);
	assert_true(store->wal_pages < 1000);
}

/* Erased is what is out of the WAL, too: a checkpoint that fails is made up. */
static void
test_what_was_forgotten_stays_to_be_erased(void **state)
{
	struct world *w = *state;
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("lead-ann") };
	struct lite_store *store = w->store;
	unsigned n = 0;

	give_people(w, 0, 20);
	do {
		vfs_arm(VFS_FULL_EVER, VFS_WRITE | VFS_TRUNCATE, ++n);
		f.op.result = JOURNAL_OK;
	} while (!try_one(w, &f.op));
	assert_true(store->erased);
	assert_true(disk_has(w, "event of ann"));
	refuse_one(w);
	vfs_reset();
	give(w, .number = 99, .bytes = "event of ben");
	assert_false(store->erased);
	assert_no_ann(w);
}

static void
test_who_takes_the_process_down_is_dead_in_the_end(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	for (unsigned i = 0; i < JOURNAL_STRIKES; i++) {
		assert_id(claim_one(w)->id, 1);
		assert_int_equal(row_of(w, 1)->strikes, i);
		world_reopen(w);
	}
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
	assert_str(row_of(w, 1)->reason, "abandoned 5 times");
	assert_id(claim_one(w)->id, 2);
}

static void
test_no_lane_waits_for_ever(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	world_shut(w);
	tamper(w, "UPDATE item SET due_ms = 9000000000000000000");
	world_reopen(w);
	assert_int_equal(claim_most(w, 1), 0);
	assert_true(w->claim.next_ms > JOURNAL_DELAY_MAX_MS - HOUR);
	assert_true(w->claim.next_ms <= JOURNAL_DELAY_MAX_MS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_nobody_else_may_read_it),
		TEST(test_nobody_else_may_write_beside_it),
		TEST(test_a_folder_has_to_be_there),
		TEST(test_a_file_has_to_be_a_file),
		TEST(test_only_local_disks_will_do),
		TEST(test_a_newer_version_is_left_alone),
		TEST(test_what_is_another_programs_is_left_alone),
		TEST(test_one_process_has_it),
		TEST(test_damage_is_found_at_the_start),
		TEST(test_a_forgotten_lead_is_not_on_the_disk),
		TEST(test_what_is_pruned_is_not_on_the_disk),
		TEST(test_a_wal_that_cannot_be_emptied_takes_no_more),
		TEST(test_what_was_forgotten_stays_to_be_erased),
		TEST(test_who_takes_the_process_down_is_dead_in_the_end),
		TEST(test_no_lane_waits_for_ever),
	};

	vfs_install();
	return cmocka_run_group_tests_name("journal.sqlite_file", tests, NULL,
	    NULL);
}
