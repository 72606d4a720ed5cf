/*
 * journal/journal_sqlite_open.c - the file: whose it is, where, whether whole.
 *
 * What is not as it has to be is refused, and nothing of it is changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "journal/journal_sqlite.h"

/* Measured: with 4 KiB a group writes twice the pages, with 16 no fewer
 * bytes. Of a new file only. */
#define PAGE_SIZE "8192"
/* Past it the texts are not read at the start, see check_whole(). */
#define CHECK_TEXTS_MOST ((int64_t)512 << 20)
/* A process that ends may hold the file for so long. */
#define BUSY_MS 3000

struct pragma {
	const char *text, *wanted; /* NULL: whatever it says */
};

/* Locks on them are not what a database needs, nor is a sync. */
static const struct {
	long type;
	const char *name;
} foreign[] = {
	{ 0x6969, "NFS" },
	{ 0x517B, "SMB" },
	{ (long)0xFF534D42, "CIFS" },
	{ (long)0xFE534D42, "SMB" },
	{ 0x65735546, "FUSE" },
	{ 0x01021997, "9P" },
	{ 0x00C36400, "Ceph" },
	{ 0x5346414F, "AFS" },
	{ 0x6B414653, "AFS" },
	{ 0x73757245, "Coda" },
	{ 0x0BD00BD0, "Lustre" },
	{ 0x01161970, "GFS2" },
	{ 0x7461636F, "OCFS2" },
	{ 0x19830326, "BeeGFS" },
	{ 0x47504653, "GPFS" },
	{ 0x786F4256, "a VirtualBox share" },
};

const char *
lite_file_system_problem(long type)
{
	/* The kernel's field is 32 bits wide on some machines. */
	for (size_t i = 0; i < COUNT_OF(foreign); i++)
		if ((uint32_t)foreign[i].type == (uint32_t)type)
			return foreign[i].name;
	return NULL;
}

static int
no(const struct lite_store *s, struct fault *why, const char *text)
{
	return fault_set(why, FAULT_SETTINGS, s->path, "%s", text);
}

/* The folder is open: what is checked is what will be used. */
static int
check_folder(const struct lite_store *s, int fd, struct fault *why)
{
	struct stat st;
	struct statfs fs;
	const char *problem;

	if (fstat(fd, &st) == -1 || fstatfs(fd, &fs) == -1)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "its folder cannot be looked at: %s", strerror(errno));
	problem = lite_file_system_problem((long)fs.f_type);
	if (problem != NULL)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "a journal cannot be kept on %s: its locks and syncs are "
		    "not those of a local disk; use one, or PostgreSQL",
		    problem);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "others may write to its folder (mode %04o): a folder of "
		    "its own is needed, chmod 700",
		    (unsigned)(st.st_mode & 07777));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return no(s, why, "its folder is another user's");
	return 0;
}

static int
check_file(const struct lite_store *s, int fd, struct fault *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "it cannot be looked at: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return no(s, why, "it is no regular file");
	if (st.st_uid != geteuid())
		return no(s, why, "it is another user's");
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "others may use it (mode %04o): chmod 600",
		    (unsigned)(st.st_mode & 07777));
	return 0;
}

static int
open_folder(const struct lite_store *s, struct fault *why)
{
	const char *slash = strrchr(s->path, '/');
	char *folder = base_copy(slash == NULL ? "." : s->path);
	int fd;

	if (slash != NULL)
		folder[slash == s->path ? 1 : slash - s->path] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		fault_set(why, FAULT_SETTINGS, s->path,
		    "its folder cannot be opened: %s", strerror(errno));
	base_free(folder);
	return fd;
}

/*
 * Makes the file where it is not there: 0600 from its first moment, and in
 * its folder for good before anything is promised.
 */
static int
check_place(const struct lite_store *s, struct fault *why)
{
	int folder = open_folder(s, why), fd = -1, rc = -1;

	if (folder == -1 || check_folder(s, folder, why) == -1)
		goto out;
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd == -1) {
		fault_set(why, FAULT_SETTINGS, s->path,
		    "it cannot be opened: %s", strerror(errno));
		goto out;
	}
	if (check_file(s, fd, why) == -1)
		goto out;
	if (fsync(folder) == -1) {
		fault_set(why, FAULT_SETTINGS, s->path,
		    "its folder cannot be synced: %s", strerror(errno));
		goto out;
	}
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	if (folder != -1)
		close(folder);
	return rc;
}

/* One row of one column, if there is one; a number or a text. */
static int
ask(struct lite_store *s, const char *sql, int64_t *number, char *text,
    size_t text_size)
{
	sqlite3_stmt *st = NULL;

	s->rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_step(st);
	if (s->rc == SQLITE_ROW) {
		const unsigned char *got = sqlite3_column_text(st, 0);

		*number = sqlite3_column_int64(st, 0);
		sqlite3_snprintf((int)text_size, text, "%s",
		    got != NULL ? (const char *)got : "");
		s->rc = sqlite3_step(st);
	}
	while (s->rc == SQLITE_ROW)
		s->rc = sqlite3_step(st);
	sqlite3_finalize(st);
	s->rc = s->rc == SQLITE_DONE ? SQLITE_OK : s->rc;
	return s->rc == SQLITE_OK ? 0 : -1;
}

static int
run_pragmas(struct lite_store *s, const struct pragma *list, struct fault *why)
{
	for (; list->text != NULL; list++) {
		char text[64] = "";
		int64_t number = 0;

		if (ask(s, list->text, &number, text, sizeof(text)) == -1)
			return lite_fault(s, why);
		if (list->wanted != NULL && strcmp(text, list->wanted) != 0)
			return fault_set(why, FAULT_SETTINGS, s->path,
			    "SQLite answers %s to %s: without it nothing can "
			    "be promised",
			    text, list->text);
	}
	return 0;
}

/* Before anything is read; none of them writes. */
static const struct pragma first_pragmas[] = {
	{ "PRAGMA locking_mode = EXCLUSIVE", "exclusive" },
	{ "PRAGMA trusted_schema = OFF", NULL },
	{ "PRAGMA trusted_schema", "0" },
	{ "PRAGMA cell_size_check = ON", NULL },
	{ "PRAGMA temp_store = MEMORY", NULL },
	{ "PRAGMA page_size = " PAGE_SIZE, NULL },
	{ NULL, NULL },
};

/* Once it is known to be ours, or new. */
static const struct pragma then_pragmas[] = {
	{ "PRAGMA journal_mode = WAL", "wal" },
	{ "PRAGMA synchronous = FULL", NULL },
	{ "PRAGMA synchronous", "2" },
	/* What is erased is gone: see test_sqlite_file. */
	{ "PRAGMA secure_delete = ON", "1" },
	{ "PRAGMA wal_autocheckpoint = 0", "0" },
	{ "PRAGMA journal_size_limit = 67108864", "67108864" },
	{ "PRAGMA cache_size = -32768", NULL },
	{ "PRAGMA mmap_size = 0", "0" },
	{ NULL, NULL },
};

static int
open_database(struct lite_store *s, struct fault *why)
{
	s->rc = sqlite3_open_v2(s->path, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	        SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (s->rc != SQLITE_OK)
		return lite_fault(s, why);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0,
	    NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	return run_pragmas(s, first_pragmas, why);
}

static int
make_schema(struct lite_store *s, struct fault *why)
{
	char *sql = base_print("BEGIN IMMEDIATE; %s"
	                       "PRAGMA application_id = %d;"
	                       "PRAGMA user_version = %d; COMMIT",
	    lite_schema, LITE_APPLICATION_ID, LITE_SCHEMA_VERSION);

	s->rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	base_free(sql);
	return s->rc == SQLITE_OK ? 0 : lite_fault(s, why);
}

/* *is_new: there is nothing in it yet. */
static int
check_version(struct lite_store *s, bool *is_new, struct fault *why)
{
	int64_t application = 0, version = 0, tables = 0;
	char text[64];

	if (ask(s, "PRAGMA application_id", &application, text, sizeof(text)) ==
	        -1 ||
	    ask(s, "PRAGMA user_version", &version, text, sizeof(text)) == -1 ||
	    ask(s, "SELECT count(*) FROM sqlite_schema", &tables, text,
	        sizeof(text)) == -1)
		return lite_fault(s, why);
	*is_new = application == 0 && version == 0 && tables == 0;
	if (*is_new)
		return 0;
	if (application != LITE_APPLICATION_ID || version <= 0)
		return no(s, why, "it is a database, but no journal");
	if (version > LITE_SCHEMA_VERSION)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "it was written by a newer version (schema %d, this one "
		    "knows %d): use that one",
		    (int)version, LITE_SCHEMA_VERSION);
	return 0;
}

static int
check_table(struct lite_store *s, const char *table, struct fault *why)
{
	char sql[64], text[160] = "";
	int64_t number;

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA quick_check(%s)", table);
	if (ask(s, sql, &number, text, sizeof(text)) == -1)
		return lite_fault(s, why);
	if (strcmp(text, "ok") == 0)
		return 0;
	return fault_set(why, FAULT_INTERNAL, s->path,
	    "it is damaged: %.100s; go back to a copy, or move it away and "
	    "start anew",
	    text);
}

/*
 * Every page of what is moved, and of the texts where there are few: a page
 * of texts that is damaged is found when it is read, and nothing but texts
 * is on it.
 */
static int
check_whole(struct lite_store *s, struct fault *why)
{
	static const char *const tables[] = { "meta", "item", "fresh", "key",
		"text" };
	int64_t bytes = 0;
	char text[64];

	if (ask(s,
	        "SELECT page_count * page_size FROM pragma_page_count,"
	        " pragma_page_size",
	        &bytes, text, sizeof(text)) == -1)
		return lite_fault(s, why);
	for (size_t i = 0; i < COUNT_OF(tables) - (bytes > CHECK_TEXTS_MOST);
	     i++)
		if (check_table(s, tables[i], why) == -1)
			return -1;
	return 0;
}

static void
load_meta(struct lite_store *s)
{
	int64_t latest = 0;

	if (lite_row(s, SQL_META_READ)) {
		latest = lite_get(s, SQL_META_READ, 0);
		s->last_order = (uint64_t)lite_get(s, SQL_META_READ, 1);
		s->boots = lite_get(s, SQL_META_READ, 2) + 1;
		s->count[JOURNAL_DONE] = lite_get(s, SQL_META_READ, 3);
		s->count[JOURNAL_DEAD] = lite_get(s, SQL_META_READ, 4);
		s->count[JOURNAL_REFUSED] = lite_get(s, SQL_META_READ, 5);
	} else {
		lite_note(s, SQLITE_CORRUPT);
	}
	lite_end(s, SQL_META_READ);
	/* No two processes give the same fence, nor one the same twice. */
	s->last_fence = (uint64_t)s->boots << 40;
	journal_clock_set(&s->clock, latest);
	s->now_ms = journal_clock_now(&s->clock);
}

static void
load_top_id(struct lite_store *s)
{
	struct str id;

	if (lite_row(s, SQL_ID_TOP)) {
		id = lite_get_text(s, SQL_ID_TOP, 0);
		if (id.len == LITE_ID_BYTES)
			memcpy(s->top_id, id.at, LITE_ID_BYTES);
	}
	lite_end(s, SQL_ID_TOP);
}

/* When a lane whose head is this row is due. */
static int64_t
due_of_row(struct lite_store *s)
{
	int64_t since = lite_get(s, SQL_LOAD, 5),
	        due = lite_get(s, SQL_LOAD, 6);

	if (due == 0)
		return since < s->now_ms ? since : s->now_ms;
	return due < s->now_ms + JOURNAL_DELAY_MAX_MS
	    ? due
	    : s->now_ms + JOURNAL_DELAY_MAX_MS;
}

static void
load_row(struct lite_store *s)
{
	struct lite_lane *lane;
	struct lite_item *item;

	lane = lite_lane_get(&s->lanes, lite_get_text(s, SQL_LOAD, 7),
	    lite_get_text(s, SQL_LOAD, 8));
	item = lite_item_add(&s->lanes, lane,
	    (uint64_t)lite_get(s, SQL_LOAD, 0),
	    (unsigned)lite_get(s, SQL_LOAD, 2), s->now_ms);
	item->state = (uint8_t)lite_get(s, SQL_LOAD, 1);
	item->attempts = (unsigned)lite_get(s, SQL_LOAD, 3);
	item->strikes = (uint8_t)lite_get(s, SQL_LOAD, 4);
	if (item->state != JOURNAL_DEAD) {
		s->count[item->state]++;
		lane->target->live++;
	}
	if (lane->now.first == item) {
		lane->now.due_ms = due_of_row(s);
		lite_lane_place(&s->lanes, lane);
	}
	/* There is nothing to undo: a million of these would be memory. */
	lite_lanes_commit(&s->lanes);
}

/* Who held them is no more. */
static void
void_leases(struct lite_store *s)
{
	lite_ask(s, SQL_SENDING, lite_number(JOURNAL_SENDING));
	lite_collect(s, SQL_SENDING);
	for (size_t i = 0; i < s->order_count; i++) {
		struct lite_place p;

		if (!lite_place_find(s, s->orders[i], &p))
			return;
		if (p.item == NULL || p.item != p.lane->now.first)
			lite_note(s, SQLITE_CORRUPT);
		else
			lite_strike(s, p.lane);
	}
}

static int
load(struct lite_store *s, struct fault *why)
{
	if (lite_prepare_all(s) == -1)
		return lite_fault(s, why);
	load_meta(s);
	load_top_id(s);
	lite_keys_load(s);
	while (lite_row(s, SQL_LOAD))
		load_row(s);
	if (s->rc != SQLITE_OK)
		return lite_fault(s, why);
	lite_begin(s);
	void_leases(s);
	return lite_commit(s, true) == 0 ? 0 : lite_fault(s, why);
}

/*
 * What a process left in the WAL whose sync failed is read here, and may be on
 * no disk: what is promised behind it would go with it. So it is written again,
 * to the database, and the WAL begun anew. Without room for that it stays.
 */
static int
empty_wal(struct lite_store *s, struct fault *why)
{
	lite_checkpoint(s);
	if (lite_is_damage(s->rc))
		return lite_fault(s, why);
	s->rc = SQLITE_OK;
	return 0;
}

int
lite_open(struct lite_store *s, struct fault *why)
{
	bool is_new = false;

	if (check_place(s, why) == -1 || open_database(s, why) == -1 ||
	    check_version(s, &is_new, why) == -1 ||
	    run_pragmas(s, then_pragmas, why) == -1)
		return -1;
	/* From here on it is this process's alone, and the file beside it. */
	if (lite_reserve_open(&s->reserve, s->path, s->settings.reserve, why) ==
	    -1)
		return -1;
	if (is_new && make_schema(s, why) == -1)
		return -1;
	if (check_whole(s, why) == -1 || empty_wal(s, why) == -1 ||
	    load(s, why) == -1)
		return -1;
	s->rc = lite_wal_take(s);
	if (s->rc != SQLITE_OK)
		return lite_fault(s, why);
	lite_reserve_fill(&s->reserve);
	return 0;
}
