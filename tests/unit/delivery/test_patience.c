/* tests/unit/delivery/test_patience.c - how long a route's sender waits. */
#include <stdio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "delivery/delivery.h"

#define ROUTE                                                                  \
	"route = \"/x\"; upstream = \"u\"; lead_id = \"l\"; "                  \
	"update: { firstName = \"a\"; }; "

/* Of a route file that holds this; -1 with its fault in `all`. */
static int64_t
patience_of(const char *text, struct faults *all)
{
	char path[] = "/tmp/patience-XXXXXX";
	int fd = mkstemp(path);
	int64_t ms = -1;
	struct route *r;

	assert_int_not_equal(fd, -1);
	assert_true(dprintf(fd, ROUTE "%s\n", text) > 0);
	close(fd);
	r = route_open(path, NULL, all);
	if (r != NULL)
		ms = route_patience(r);
	route_close(r);
	unlink(path);
	return ms;
}

static void
the_file_then_the_preset_then_nobody_says(void **state)
{
	struct faults all = { 0 };

	(void)state;
	assert_int_equal(patience_of("sender = \"slack\";", &all), 3000);
	assert_int_equal(patience_of("sender = \"slack\"; patience = \"2s\";",
	                     &all),
	    2000);
	assert_int_equal(patience_of("sender = \"generic\";", &all), 0);
	assert_int_equal(patience_of("verify: { type = \"none\"; }; patience = "
	                             "\"4s\";",
	                     &all),
	    4000);
	assert_int_equal(all.count, 0);
}

static void
it_is_a_duration_of_the_route(void **state)
{
	struct faults all = { 0 };

	(void)state;
	assert_int_equal(patience_of("sender = \"slack\"; patience = \"2\";",
	                     &all),
	    -1);
	assert_int_equal(all.count, 1);
	/* Not of the proof. */
	assert_int_equal(patience_of("sender = \"slack\"; "
	                             "verify: { patience = \"2s\"; };",
	                     &all),
	    -1);
	assert_int_equal(all.count, 2);
	faults_done(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_then_the_preset_then_nobody_says),
		cmocka_unit_test(it_is_a_duration_of_the_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
