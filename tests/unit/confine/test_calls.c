/*
 * The table of system calls: each word is one that there is, once. A slip of
 * the pen would be skipped, as what an architecture has not is.
 */
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "unit/cmocka_all.h"

#include "confine/confine_parts.h"

#define NAMES_MAX 400

struct names {
	char list[NAMES_MAX][32];
	size_t count;
};

static void
add(struct names *n, struct str name)
{
	assert_true(n->count < NAMES_MAX);
	snprintf(n->list[n->count++], sizeof(n->list[0]), "%.*s",
	    STR_ARG(name));
}

static void
gather(struct names *n)
{
	struct str rest, name;

	*n = (struct names){ .count = 0 };
	for (size_t i = 0; call_rows[i].names != NULL; i++) {
		rest = str_of(call_rows[i].names);
		while (str_cut(&rest, ' ', &name))
			add(n, name);
	}
}

static bool
is_call(const char *name)
{
	return seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name) !=
	    __NR_SCMP_ERROR &&
	    seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, name) !=
	    __NR_SCMP_ERROR;
}

static void
test_every_word_is_a_call(void **unused)
{
	static struct names n;

	(void)unused;
	gather(&n);
	assert_true(n.count > 100);
	for (size_t i = 0; i < n.count; i++)
		if (!is_call(n.list[i]))
			fail_msg("there is no system call '%s'", n.list[i]);
	for (size_t i = 0; call_conditions[i].name != NULL; i++)
		if (!is_call(call_conditions[i].name))
			fail_msg("there is no system call '%s'",
			    call_conditions[i].name);
}

/* Said twice, one of the two says nothing, or the other thing. */
static void
test_no_word_is_there_twice(void **unused)
{
	static struct names n;

	(void)unused;
	gather(&n);
	for (size_t i = 0; i < n.count; i++)
		for (size_t k = i + 1; k < n.count; k++)
			if (strcmp(n.list[i], n.list[k]) == 0)
				fail_msg("'%s' is there twice", n.list[i]);
}

/* What arm64 has in place of the older calls. */
static void
test_arm64_has_what_it_needs(void **unused)
{
	static const char *const needed[] = { "openat", "newfstatat", "ppoll",
		"epoll_create1", "epoll_pwait", "eventfd2", "pipe2", "accept4",
		"renameat", "unlinkat", "readlinkat", "faccessat", "dup3",
		"futex", "getrandom", "pselect6", "signalfd4" };
	static struct names n;

	(void)unused;
	gather(&n);
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		bool found = false;

		assert_true(seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64,
		                needed[i]) >= 0);
		for (size_t k = 0; k < n.count; k++)
			found = found || strcmp(n.list[k], needed[i]) == 0;
		if (!found)
			fail_msg("'%s' is missing", needed[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_word_is_a_call),
		cmocka_unit_test(test_no_word_is_there_twice),
		cmocka_unit_test(test_arm64_has_what_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
