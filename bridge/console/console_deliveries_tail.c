/*
 * console/console_deliveries_tail.c - updates, as they end.
 *
 * Every second: the newest items, and the oldest of those that are open. What
 * was open, or was not there, and has ended now is printed; what was open and
 * is in neither list is asked for by its id.
 */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console/console_deliveries.h"

#define NEWEST 500
#define OPEN 1000
#define OPEN_STATES "waiting,sending"

/* An item that was seen. */
struct seen {
	char id[40];
	long long n;
	bool open;
	unsigned round; /* it was last seen in */
};

struct tail {
	struct client *client;
	const struct given *given;
	struct seen *seen;
	size_t count;
	unsigned round;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static struct seen *
find_seen(const struct tail *t, struct str id, long long n)
{
	for (size_t i = t->count; i > 0; i--)
		if (t->seen[i - 1].n == n &&
		    str_eq(str_of(t->seen[i - 1].id), id))
			return &t->seen[i - 1];
	return NULL;
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
print_end(const struct tail *t, const struct document *d, doc_node item)
{
	struct bytes out;

	if (!is_wanted(t->given, client_text(d, item, "state")))
		return;
	bytes_init(&out, SIZE_MAX / 2);
	if (given_json(t->given)) {
		doc_print(d, item, &out);
		bytes_add_char(&out, '\n');
	} else {
		deliveries_print_item(d, item, &out);
	}
	print_bytes(&out);
	fflush(stdout);
}

static void
look_at(struct tail *t, const struct document *d, doc_node item)
{
	struct str id = client_text(d, item, "delivery");
	long long n = (long long)client_number(d, item, "n");
	bool open = is_open(client_text(d, item, "state"));
	struct seen *s = find_seen(t, id, n);
	bool was_open = s != NULL ? s->open : t->round > 1;

	if (s == NULL) {
		t->seen = base_grow(t->seen, t->count + 1, sizeof(*t->seen));
		s = &t->seen[t->count++];
		*s = (struct seen){ .n = n };
		snprintf(s->id, sizeof(s->id), "%.*s", STR_ARG(id));
	}
	if (was_open && !open)
		print_end(t, d, item);
	s->open = open;
	s->round = t->round;
}

static int
look(struct tail *t, struct page *page)
{
	struct client_answer a;
	int code = deliveries_page(t->client, t->given, page, &a);

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

	for (size_t i = 0; i < t->count; i++)
		if (t->seen[i].round == t->round)
			t->seen[kept++] = t->seen[i];
	t->count = kept;
}

static int
look_around(struct tail *t)
{
	struct page newest = { .newest = true, .most = NEWEST };
	struct page open = { .states = OPEN_STATES, .most = OPEN };
	int code;

	t->round++;
	code = look(t, &newest);
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

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int
deliveries_tail(struct client *c, const struct given *g)
{
	const struct timespec pause = { .tv_sec = 1 };
	struct tail t = { .client = c, .given = g };
	int code;

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
