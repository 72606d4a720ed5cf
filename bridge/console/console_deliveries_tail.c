/*
 * console/console_deliveries_tail.c - updates, as they end.
 *
 * Every second: the newest items, and the oldest of those that are open. What
 * was open, or was not there, and has ended now is printed; what was open and
 * is in neither list is asked for by its id.
 *
 * An item has its place in the journal before it is committed: where nodes
 * share one, it may come to light behind others that were shown long ago. So
 * each look goes back some seconds behind where the one before it began, and
 * skips what it has seen.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console/console_deliveries.h"

#define NEWEST 500
#define PAGES_MOST 40 /* of those, a look */
#define LATE_MS 5000  /* so much later than its neighbours one may come */
#define CHAINS 4096
#define OPEN 1000
#define OPEN_STATES "waiting,sending"

/* An item that was seen. */
struct seen {
	char id[40];
	long long n;
	bool open;
	unsigned round; /* it was last seen in */
	size_t next;    /* of its chain, and 1; 0: none */
};

struct tail {
	struct client *client;
	const struct given *given;
	struct seen *seen;
	size_t count;
	size_t chains[CHAINS]; /* first of each, and 1 */
	unsigned round;
	int64_t received_ms;       /* the latest there was */
	int64_t page_ms;           /* of the last of the page */
	int64_t began_ms;          /* the latest change when the tail began */
	struct item_widths widths; /* of what was printed so far */
};

static volatile sig_atomic_t interrupted;

/*
 * A signal may come just before a call that waits: it is said again, by the
 * alarm clock, until the call hears of it.
 */
static void
on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
	alarm(1);
}

static size_t *
chain_of(struct tail *t, struct str id)
{
	size_t hash = 0;

	for (size_t i = 0; i < id.len; i++)
		hash = hash * 31 + (unsigned char)id.at[i];
	return &t->chains[hash % CHAINS];
}

static struct seen *
find_seen(struct tail *t, struct str id, long long n)
{
	size_t at = *chain_of(t, id);

	while (at != 0 &&
	    (t->seen[at - 1].n != n || !str_eq(str_of(t->seen[at - 1].id), id)))
		at = t->seen[at - 1].next;
	return at != 0 ? &t->seen[at - 1] : NULL;
}

static void
put_in_chain(struct tail *t, size_t at)
{
	size_t *chain = chain_of(t, str_of(t->seen[at].id));

	t->seen[at].next = *chain;
	*chain = at + 1;
}

/* "2026-11-28T11:02:03.456Z" as the admin endpoint has it; 0: it is none. */
static int64_t
time_ms(struct str text)
{
	struct tm when = { 0 };
	char copy[32];
	const char *end;

	if (text.len >= sizeof(copy))
		return 0;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &when);
	if (end == NULL)
		return 0;
	return (int64_t)timegm(&when) * 1000 +
	    (end[0] == '.' ? strtol(end + 1, NULL, 10) : 0);
}

static bool
is_open(struct str state)
{
	return str_eq(state, STR("waiting")) || str_eq(state, STR("sending"));
}

/* --state is about ends, and the bridge is asked for what is open, too. */
static bool
is_wanted(const struct given *g, struct str state)
{
	struct str rest = str_of(given_option(g, "state")), one;

	if (rest.at == NULL)
		return true;
	while (str_cut(&rest, ',', &one))
		if (str_eq(one, state))
			return true;
	return false;
}

static void
print_end(struct tail *t, const struct document *d, doc_node item)
{
	struct bytes out;

	if (!is_wanted(t->given, client_text(d, item, "state")))
		return;
	bytes_init(&out, SIZE_MAX / 2);
	if (given_json(t->given)) {
		doc_print(d, item, &out);
		bytes_add_char(&out, '\n');
	} else {
		deliveries_measure(d, item, &t->widths);
		deliveries_print_item(d, item, &t->widths, &out);
	}
	print_bytes(&out);
	fflush(stdout);
}

/* One that was not seen: its end is news unless it was before the tail. */
static struct seen *
add_seen(struct tail *t, struct str id, long long n, int64_t updated_ms)
{
	struct seen *s;

	t->seen = base_grow(t->seen, t->count + 1, sizeof(*t->seen));
	s = &t->seen[t->count];
	*s = (struct seen){ .n = n };
	snprintf(s->id, sizeof(s->id), "%.*s", STR_ARG(id));
	put_in_chain(t, t->count++);
	s->open = t->round > 1 && updated_ms > t->began_ms - LATE_MS;
	return s;
}

static void
note_times(struct tail *t, int64_t received_ms, int64_t updated_ms)
{
	if (received_ms > t->received_ms)
		t->received_ms = received_ms;
	t->page_ms = received_ms;
	if (t->round == 1 && updated_ms > t->began_ms)
		t->began_ms = updated_ms;
}

static void
look_at(struct tail *t, const struct document *d, doc_node item)
{
	struct str id = client_text(d, item, "delivery");
	long long n = (long long)client_number(d, item, "n");
	bool open = is_open(client_text(d, item, "state"));
	int64_t updated_ms = time_ms(client_text(d, item, "updated"));
	struct seen *s = find_seen(t, id, n);

	note_times(t, time_ms(client_text(d, item, "received")), updated_ms);
	if (s == NULL)
		s = add_seen(t, id, n, updated_ms);
	if (s->open && !open)
		print_end(t, d, item);
	s->open = open;
	s->round = t->round;
}

static int
look(struct tail *t, struct page *page)
{
	struct client_answer a;
	int code;

	if (interrupted) /* a look may be thousands of these */
		return EXIT_CANNOT;
	code = deliveries_page(t->client, t->given, page, &a);
	if (code != EXIT_OK)
		return code;
	DOC_FOREACH (a.doc, doc_member(a.doc, a.data, STR("items")), item)
		look_at(t, a.doc, item);
	return EXIT_OK;
}

/* Open when it was seen last, and in no list now: it may have ended. */
static int
look_for_lost(struct tail *t)
{
	for (size_t i = 0; i < t->count; i++) {
		char query[64];
		struct page page = { .most = 1000 };
		int code;

		if (!t->seen[i].open || t->seen[i].round == t->round)
			continue;
		snprintf(query, sizeof(query), "&id=%s", t->seen[i].id);
		page.extra = str_of(query);
		code = look(t, &page);
		if (code != EXIT_OK)
			return code;
	}
	return EXIT_OK;
}

/* What was in neither list, and is not open, will not be missed. */
static void
forget_old(struct tail *t)
{
	size_t kept = 0;

	memset(t->chains, 0, sizeof(t->chains));
	for (size_t i = 0; i < t->count; i++)
		if (t->seen[i].round == t->round) {
			t->seen[kept] = t->seen[i];
			put_in_chain(t, kept++);
		}
	t->count = kept;
}

/* Page by page, until one ends with what nothing can come late behind. */
static int
look_at_newest(struct tail *t)
{
	struct page page = { .newest = true, .most = NEWEST };
	int64_t before_ms = t->received_ms;
	int code = look(t, &page);

	if (t->round == 1)
		before_ms = t->received_ms;
	for (size_t i = 1; code == EXIT_OK && i < PAGES_MOST &&
	     page.after[0] != '\0' && t->page_ms > before_ms - LATE_MS;
	     i++)
		code = look(t, &page);
	return code;
}

static int
look_around(struct tail *t)
{
	struct page open = { .states = OPEN_STATES, .most = OPEN };
	int code;

	t->round++;
	code = look_at_newest(t);
	if (code == EXIT_OK)
		code = look(t, &open);
	if (code == EXIT_OK)
		code = look_for_lost(t);
	forget_old(t);
	return code;
}

static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	interrupted = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

int
deliveries_tail(struct client *c, const struct given *g)
{
	const struct timespec pause = { .tv_sec = 1 };
	static struct tail t;
	int code;

	t = (struct tail){ .client = c, .given = g };
	catch_signals();
	code = look_around(&t);
	if (code == EXIT_OK)
		fprintf(stderr, "Updates are shown as they end; ^C stops.\n");
	while (code == EXIT_OK && !interrupted) {
		nanosleep(&pause, NULL);
		if (!interrupted)
			code = look_around(&t);
	}
	base_free(t.seen);
	return interrupted ? EXIT_OK : code;
}
