/* The ceiling on a process's memory, read of trees of control groups. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "unit/cmocka_all.h"

#include "program/program_memory.h"

#define MEGA ((int64_t)1 << 20)

static char top[] = "/tmp/leadbridge-memory-XXXXXX";

static int
make_top(void **state)
{
	(void)state;
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int
remove_top(void **state)
{
	char *command = base_print("rm -r %s", top);
	int rc = system(command);

	(void)state;
	base_free(command);
	return rc;
}

/* The file and the folders above it; NULL text: none. */
static void
put(const char *name, const char *text)
{
	char *path = base_print("%s/%s", top, name);
	char *command = base_print("mkdir -p $(dirname %s)", path);
	FILE *f;

	assert_int_equal(system(command), 0);
	remove(path);
	if (text != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	base_free(command);
	base_free(path);
}

static int64_t
allowed(const char *own)
{
	char *path = base_print("%s/own", top);
	int64_t n;

	put("own", own);
	n = memory_allowed(top, path);
	base_free(path);
	return n;
}

static int64_t
machine(void)
{
	struct sysinfo s;

	assert_int_equal(sysinfo(&s), 0);
	return (int64_t)s.totalram * s.mem_unit;
}

static void
a_unit_s_own_ceiling_is_found(void **state)
{
	(void)state;
	put("system.slice/leadbridge.service/memory.max", "67108864\n");
	put("system.slice/memory.max", "max\n");
	assert_int_equal(allowed("0::/system.slice/leadbridge.service\n"),
	    64 * MEGA);
	/* Beside the lines of an older tree. */
	assert_int_equal(allowed("4:memory:/elsewhere\n1:name=systemd:/x\n"
	                         "0::/system.slice/leadbridge.service\n"),
	    64 * MEGA);
	put("system.slice/leadbridge.service/memory.max", "max\n");
	assert_int_equal(allowed("0::/system.slice/leadbridge.service\n"),
	    machine());
}

static void
the_lowest_on_the_way_counts(void **state)
{
	(void)state;
	put("a/b/memory.max", "67108864\n");
	put("a/memory.max", "33554432\n");
	assert_int_equal(allowed("0::/a/b\n"), 32 * MEGA);
	put("a/memory.max", "134217728\n");
	assert_int_equal(allowed("0::/a/b\n"), 64 * MEGA);
	/* Of a container, where the tree begins with its own group. */
	put("memory.max", "16777216\n");
	assert_int_equal(allowed("0::/\n"), 16 * MEGA);
	assert_int_equal(allowed("0::/not/here\n"), 16 * MEGA);
	put("memory.max", NULL);
}

static void
older_trees_are_read_too(void **state)
{
	(void)state;
	put("memory/pod/memory.limit_in_bytes", "50331648\n");
	put("memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(allowed("9:pids:/x\n4:memory:/pod\n0::/none\n"),
	    48 * MEGA);
	assert_int_equal(allowed("4:memory:/\n"), machine());
	put("unified/user/memory.max", "25165824\n");
	assert_int_equal(allowed("4:memory:/\n0::/user\n"), 24 * MEGA);
}

static void
what_cannot_be_read_is_no_ceiling(void **state)
{
	static const char *const figures[] = { "", "\n", "-1\n", "0\n", "1G\n",
		"99999999999999999999999999999999999999\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(figures); i++) {
		put("odd/memory.max", figures[i]);
		assert_int_equal(allowed("0::/odd\n"), machine());
	}
	put("odd/memory.max", NULL);
	assert_int_equal(allowed("0::/odd\n"), machine());
	assert_int_equal(allowed("nonsense 0::/odd\n"), machine());
	assert_int_equal(allowed(""), machine());
	assert_int_equal(allowed(NULL), machine());
	/* Of this machine: whatever it is, it is told. */
	assert_in_range(memory_allowed(NULL, NULL), MEGA, machine());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_s_own_ceiling_is_found),
		cmocka_unit_test(the_lowest_on_the_way_counts),
		cmocka_unit_test(older_trees_are_read_too),
		cmocka_unit_test(what_cannot_be_read_is_no_ceiling),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
