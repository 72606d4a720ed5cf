/*
 * tests/unit/console/test_tail.c - `deliveries tail` ends when it is told to.
 *
 * The bridge that it asks is a double of ours, which tells it so at the worst
 * of times: just before a call that waits.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "console/console_deliveries.h"
#include "decode/decode.h"

/* So long nobody waits for it; what is not heard of fails then. */
#define PATIENCE_MS 20000

static struct arena *arena;
static unsigned asked, told_at;
static bool waits;

/* An answer that does not come, unless a signal ends the wait. */
static int
wait_for_signal(void)
{
	int fds[2];
	struct pollfd one = { .events = POLLIN };
	int rc;

	assert_int_equal(pipe(fds), 0);
	one.fd = fds[0];
	rc = poll(&one, 1, PATIENCE_MS);
	assert_int_equal(rc, -1);
	assert_int_equal(errno, EINTR);
	close(fds[0]);
	close(fds[1]);
	return EXIT_CANNOT;
}

/* Two lists a look: the newest have three that are open, once. */
int
deliveries_page(struct client *c, const struct given *g, struct page *page,
    struct client_answer *out)
{
	static const char open[] = "{\"items\":["
	                           "{\"delivery\":\"a\",\"state\":\"sending\"},"
	                           "{\"delivery\":\"b\",\"state\":\"waiting\"},"
	                           "{\"delivery\":\"c\",\"state\":\"waiting\"}"
	                           "]}";
	struct fault why = { 0 };

	(void)c;
	(void)g;
	asked++;
	if (asked == told_at) {
		raise(SIGTERM);
		if (waits)
			return wait_for_signal();
	}
	page->after[0] = '\0';
	out->doc = decode_json(arena,
	    str_of(asked == 1 ? open : "{\"items\":[]}"),
	    &decode_limits_default, &why);
	assert_non_null(out->doc);
	out->data = doc_root(out->doc);
	return EXIT_OK;
}

void
deliveries_measure(const struct document *d, doc_node item,
    struct item_widths *w)
{
	(void)d;
	(void)item;
	(void)w;
	fail();
}

void
deliveries_print_item(const struct document *d, doc_node item,
    const struct item_widths *w, struct bytes *out)
{
	(void)d;
	(void)item;
	(void)w;
	(void)out;
	fail();
}

static void
tail(unsigned at, bool waiting)
{
	arena = arena_new(1 << 20);
	asked = 0;
	told_at = at;
	waits = waiting;
	assert_int_equal(deliveries_tail(NULL, NULL), EXIT_OK);
	alarm(0);
	arena_free(arena);
}

/* Two lists, and those that it had seen open: each is a call of its own. */
static void
it_ends_in_the_middle_of_a_look(void **state)
{
	(void)state;
	tail(4, false);
	assert_int_equal(asked, 4);
}

static void
a_signal_before_a_call_that_waits_ends_it(void **state)
{
	(void)state;
	tail(5, true);
	assert_int_equal(asked, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_in_the_middle_of_a_look),
		cmocka_unit_test(a_signal_before_a_call_that_waits_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
