/*
 * tests/bench/journal.c - how fast and how large is the journal on SQLite?
 *
 * Talks to the backend as the journal's thread does: groups of 64 ops, each
 * written while the one before is synced, no loop, no front. Beside it, in
 * turns of the same length, the floor of anything that promises durability in
 * such groups (journal_disk.h). A disk whose syncs are free (a cache that
 * nobody flushes) shows what SQLite costs, not what it adds to a disk: so the
 * same is done with syncs that take longer, of both.
 *
 *	bench_journal FOLDER [accepts|slow|work|million]...
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal_sync.h"
#include "journal_disk.h"

#define GROUP JOURNAL_GROUP
#define EVENT_BYTES 1024
#define BODY_BYTES 200
#define TURNS 25
#define TURN_GROUPS 80
#define MILLION 1000000
#define LANES 100000
#define LONG_LANE 100000 /* items of one lane in the million */
#define SLOW_US 20000
#define SYNC_US 2000 /* about what a disk takes that keeps what it says */

/* Accepts as the workers hand them in. */
struct group {
	struct journal_accept accepts[GROUP];
	struct journal_update updates[GROUP];
	char leads[GROUP][16];
	unsigned char keys[GROUP][JOURNAL_HASH];
	struct journal_op *ops[GROUP];
};

struct bench {
	char path[512], url[520];
	struct journal_settings settings;
	void *store;
	struct syncer *syncer;
	bool syncing;
	uint64_t made;
	struct arena *arena;
	char event[EVENT_BYTES], body[BODY_BYTES];
	struct group *groups; /* TURN_GROUPS of them, filled before a turn */
};

static double
seconds_since(int64_t start_us)
{
	return (double)(clock_mono_us() - start_us) / 1e6;
}

/* No two the same, spread evenly: what a hash gives. */
static uint64_t
mix(uint64_t n)
{
	n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9u;
	n = (n ^ n >> 27) * 0x94D049BB133111EBu;
	return n ^ n >> 31;
}

static void
open_store(struct bench *b)
{
	struct fault why = { 0 };

	b->store = journal_sqlite.open(b->url, &b->settings, &why);
	if (b->store == NULL)
		die("open", &why);
	b->syncer = syncer_new(&journal_sqlite, b->store, NULL, NULL, &why);
	if (b->syncer == NULL)
		die("open", &why);
}

static void
close_store(struct bench *b)
{
	syncer_free(b->syncer);
	journal_sqlite.close(b->store);
}

static void
new_store(struct bench *b)
{
	unlink(b->path);
	b->made = 0;
	open_store(b);
}

static void
check_ops(struct journal_op *const *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ops[i]->result != JOURNAL_OK)
			die("an op", &ops[i]->fault);
}

static void
apply(struct bench *b, struct journal_op *const *ops, size_t count)
{
	struct fault why = { 0 };

	if (journal_sqlite.apply(b->store, ops, count, &why) == -1)
		die("apply", &why);
	check_ops(ops, count);
}

/* Until what was begun first is on the disk. */
static void
wait_synced(struct bench *b)
{
	struct fault why = { 0 };

	if (b->syncing && syncer_wait(b->syncer, &why) == -1)
		die("sync", &why);
	b->syncing = false;
}

/* Written, and to be synced; the sync of the one before is over. */
static void
begin(struct bench *b, struct journal_op *const *ops, size_t count)
{
	struct fault why = { 0 };

	if (journal_sqlite.begin(b->store, ops, count, &why) == -1)
		die("begin", &why);
	check_ops(ops, count);
	syncer_ask(b->syncer);
	wait_synced(b);
	b->syncing = true;
}

static void
fill_accept(struct bench *b, struct group *g, size_t i, uint64_t lane)
{
	struct journal_accept *a = &g->accepts[i];
	uint64_t n = b->made++;

	snprintf(g->leads[i], sizeof(g->leads[i]), "lead_%08x", (unsigned)lane);
	for (size_t k = 0; k < JOURNAL_HASH / 8; k++) {
		uint64_t h = mix(n * 2 + k + 1);

		memcpy(g->keys[i] + 8 * k, &h, 8);
	}
	g->updates[i] = (struct journal_update){ .target = STR("leadsail"),
		.lead = str_of(g->leads[i]),
		.body = { b->body, BODY_BYTES } };
	*a = (struct journal_accept){ .op = { .verb = JOURNAL_ACCEPT },
		.route = STR("/hooks/typeform"),
		.key = { (const char *)g->keys[i], JOURNAL_HASH },
		.received_ms = clock_wall_ms(),
		.event = { b->event, EVENT_BYTES },
		.verdict = STR("hmac"),
		.updates = &g->updates[i],
		.update_count = 1 };
	snprintf(a->id, sizeof(a->id), "%08x-%04x-7000-8000-%012llx",
	    (unsigned)(a->received_ms >> 16),
	    (unsigned)(a->received_ms & 0xffff), (unsigned long long)n);
	g->ops[i] = &a->op;
}

static void
fill_group(struct bench *b, struct group *g)
{
	for (size_t i = 0; i < GROUP; i++)
		fill_accept(b, g, i, mix(b->made) % LANES);
}

static void
accept_group(struct bench *b)
{
	fill_group(b, b->groups);
	apply(b, b->groups->ops, GROUP);
}

/* What of an accept has to be kept: its texts, ids and hashes. */
static size_t
payload(void)
{
	return EVENT_BYTES + BODY_BYTES + 2 * JOURNAL_HASH + 16 +
	    strlen("/hooks/typeform"
	           "leadsail"
	           "lead_00000000"
	           "hmac");
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

static void
time_accepts(struct bench *b, struct bare *bare, long us)
{
	double ratio[TURNS], ours[TURNS], floor[TURNS];

	disk_syncs_longer(us);
	for (size_t t = 0; t < TURNS; t++) {
		int64_t start;
		double floor_s, ours_s;

		for (size_t i = 0; i < TURN_GROUPS; i++)
			fill_group(b, &b->groups[i]);
		start = clock_mono_us();
		for (size_t i = 0; i < TURN_GROUPS; i++)
			bare_write(bare);
		floor_s = seconds_since(start);
		start = clock_mono_us();
		for (size_t i = 0; i < TURN_GROUPS; i++)
			begin(b, b->groups[i].ops, GROUP);
		wait_synced(b);
		ours_s = seconds_since(start);
		floor[t] = TURN_GROUPS * GROUP / floor_s;
		ours[t] = TURN_GROUPS * GROUP / ours_s;
		ratio[t] = floor_s / ours_s;
	}
	disk_syncs_longer(0);
	median(ratio, TURNS);
	printf("accepts: syncs %.1f ms longer: %.0f/s, bare write + fdatasync "
	       "%.0f/s: ratio %.2f (%.2f to %.2f)\n",
	    (double)us / 1000, median(ours, TURNS), median(floor, TURNS),
	    ratio[TURNS / 2], ratio[0], ratio[TURNS - 1]);
}

static void
bench_accepts(struct bench *b)
{
	static const long longer[] = { 0, SYNC_US / 2, SYNC_US, 2 * SYNC_US };
	char path[600];
	struct bare bare;

	snprintf(path, sizeof(path), "%s.bare", b->path);
	bare_open(&bare, path, GROUP * payload());
	new_store(b);
	for (size_t i = 0; i < COUNT_OF(longer); i++)
		time_accepts(b, &bare, longer[i]);
	close_store(b);
	bare_close(&bare);
}

static void
bench_slow(struct bench *b)
{
	const int groups = 100;
	int64_t start;

	disk_syncs_longer(SLOW_US);
	new_store(b);
	start = clock_mono_us();
	for (int i = 0; i < groups; i++)
		accept_group(b);
	printf("slow: %.0f accepts/s with %d ms more for a sync, bar 1000\n",
	    groups * GROUP / seconds_since(start), SLOW_US / 1000);
	close_store(b);
	disk_syncs_longer(0);
}

/* Claims a group of lanes, and settles them in the next transaction. */
static size_t
work_group(struct bench *b)
{
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("leadsail"),
		.most = GROUP,
		.again = GROUP,
		.lease_ms = 60000,
		.arena = b->arena };
	static struct journal_settle settles[GROUP];
	struct journal_op *ops[GROUP] = { &c.op };

	arena_reset(b->arena);
	apply(b, ops, 1);
	for (size_t i = 0; i < c.count; i++) {
		settles[i] = (struct journal_settle){
			.op = { .verb = JOURNAL_SETTLE },
			.target = STR("leadsail"),
			.lease = c.items[i].lease,
			.to = JOURNAL_DONE,
			.status = 200
		};
		ops[i] = &settles[i].op;
	}
	if (c.count > 0)
		apply(b, ops, c.count);
	return c.count;
}

static void
time_work(struct bench *b, int groups, const char *name)
{
	int64_t start = clock_mono_us();
	size_t done = 0;

	for (int i = 0; i < groups; i++)
		done += work_group(b);
	printf("%s: %.0f deliveries/s claimed and settled, two commits for "
	       "each %d\n",
	    name, (double)done / seconds_since(start), GROUP);
}

static void
bench_work(struct bench *b)
{
	new_store(b);
	for (int i = 0; i < 400; i++)
		accept_group(b);
	time_work(b, 300, "work");
	close_store(b);
}

static long
rss_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

static void
fill_million(struct bench *b)
{
	int64_t start = clock_mono_us();

	new_store(b);
	while (b->made < MILLION) {
		for (size_t i = 0; i < GROUP; i++)
			fill_accept(b, b->groups, i,
			    b->made % (MILLION / LONG_LANE) == 0
			        ? LANES
			        : mix(b->made) % LANES);
		apply(b, b->groups->ops, GROUP);
	}
	printf("million: filled at %.0f/s\n", MILLION / seconds_since(start));
	close_store(b);
}

static void
time_forget(struct bench *b)
{
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("lead_00000007") };
	struct journal_op *op = &f.op;
	int64_t start = clock_mono_us();

	apply(b, &op, 1);
	printf("million: a lead with %zu updates forgotten in %.2f s\n",
	    f.items, seconds_since(start));
}

static void
bench_million(struct bench *b)
{
	long before;
	int64_t start;
	FILE *f;

	fill_million(b);
	f = fopen(b->path, "rb");
	fseek(f, 0, SEEK_END);
	printf("million: %.0f MB in the file\n", (double)ftell(f) / 1e6);
	posix_fadvise(fileno(f), 0, 0, POSIX_FADV_DONTNEED);
	fclose(f);
	before = rss_kib();
	start = clock_mono_us();
	open_store(b);
	printf("million: opened in %.2f s, bar 10; %ld MiB resident more, "
	       "%ld in all, bar 256\n",
	    seconds_since(start), (rss_kib() - before) / 1024,
	    rss_kib() / 1024);
	time_work(b, 300, "million");
	time_forget(b);
	printf("million: %ld MiB resident at the end\n", rss_kib() / 1024);
	close_store(b);
}

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = {
	{ "accepts", bench_accepts },
	{ "slow", bench_slow },
	{ "work", bench_work },
	{ "million", bench_million },
};

static bool
is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 2;
}

int
main(int argc, char **argv)
{
	struct bench *b;
	char folder[480];

	if (argc < 2) {
		fprintf(stderr,
		    "usage: bench_journal FOLDER [accepts|slow|"
		    "work|million]...\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s/bench.XXXXXX", argv[1]);
	if (mkdtemp(folder) == NULL)
		die(folder, NULL);
	disk_register();
	b = base_alloc(sizeof(*b));
	b->arena = arena_new(16 << 20);
	b->groups = base_alloc(TURN_GROUPS * sizeof(b->groups[0]));
	memset(b->event, 'e', sizeof(b->event));
	memset(b->body, 'b', sizeof(b->body));
	snprintf(b->path, sizeof(b->path), "%s/journal.db", folder);
	snprintf(b->url, sizeof(b->url), "sqlite:%s", b->path);
	b->settings = (struct journal_settings){ .url = b->url,
		.keep_done = INT64_C(7) * 24 * 3600 * 1000,
		.keep_bodies = INT64_C(24) * 3600 * 1000,
		.keep_keys = INT64_C(14) * 24 * 3600 * 1000,
		.keep_refused = 1000,
		.ceiling = 2 * MILLION };
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (is_wanted(parts[i].name, argc, argv)) {
			parts[i].run(b);
			fflush(stdout);
		}
	unlink(b->path);
	rmdir(folder);
	arena_free(b->arena);
	base_free(b->groups);
	base_free(b);
	return 0;
}
