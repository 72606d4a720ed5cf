/* tests/unit/secrets/test_memory.c - locked blocks, and the wiping malloc. */
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "secrets/secrets.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

/* True when a child that runs `touch` is ended by a signal. */
static bool
dies(void (*touch)(volatile char *at), volatile char *at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* Not the sanitizer's report: only whether it faults. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		touch(at);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void
read_byte(volatile char *at)
{
	(void)*at;
}

static sigjmp_buf faulted;

static void
on_fault(int sig)
{
	siglongjmp(faulted, sig);
}

static void
a_block_is_zeroed_and_holds_what_is_written(void **state)
{
	char *block = secrets_alloc(5000);

	(void)state;
	assert_non_null(block);
	assert_int_equal((uintptr_t)block % 64, 0);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(block[i], 0);
	memset(block, 'x', 5000);
	secrets_wipe(block);
	secrets_wipe(NULL);
}

static void
a_sealed_block_cannot_be_written(void **state)
{
	volatile char *block = secrets_alloc(8);
	struct sigaction act = { .sa_handler = on_fault }, old;

	(void)state;
	block[0] = 'a';
	secrets_seal((void *)(uintptr_t)block);
	assert_int_equal(block[0], 'a');
	sigaction(SIGSEGV, &act, &old);
	if (sigsetjmp(faulted, 1) == 0) {
		block[0] = 'b';
		fail_msg("a sealed block was written");
	}
	sigaction(SIGSEGV, &old, NULL);
	secrets_wipe((void *)(uintptr_t)block);
}

static void
a_forked_child_does_not_have_the_block(void **state)
{
	char *block = secrets_alloc(8);

	(void)state;
	assert_true(dies(read_byte, block));
	secrets_wipe(block);
}

static void
pages_around_a_block_cannot_be_touched(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *block = secrets_alloc(8);
	char *start = (char *)((uintptr_t)block / page * page);
	unsigned char seen;

	(void)state;
	/* mincore of a page that exists succeeds; access does not. */
	assert_int_equal(mincore(start - page, page, &seen), 0);
	assert_int_equal(mincore(start + page, page, &seen), 0);
	assert_true(dies(read_byte, start - 1));
	assert_true(dies(read_byte, start + page));
	secrets_wipe(block);
}

/* The flags the kernel keeps for the mapping of an address. */
static bool
mapping_has_flag(const void *at, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool inside = false, found = false;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)at >= from && (uintptr_t)at < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(f);
	return found;
}

static void
a_block_is_left_out_of_core_dumps_and_swap(void **state)
{
	char *block = secrets_alloc(8);

	(void)state;
	assert_true(mapping_has_flag(block, " dd "));
	assert_true(mapping_has_flag(block, " dc "));
#if !SANITIZED && !defined(__SANITIZE_THREAD__) /* there mlock() is a no-op */
	assert_int_equal(mapping_has_flag(block, " lo "),
	    secrets_locked(block));
#endif
	secrets_wipe(block);
}

static void
a_process_that_may_lock_nothing_still_gets_its_block(void **state)
{
	struct rlimit old, none = { 0, 0 };
	char *block;

	(void)state;
	getrlimit(RLIMIT_MEMLOCK, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &none);
	block = secrets_alloc(8);
	assert_non_null(block);
	/* Root may lock all the same. */
	if (geteuid() != 0)
		assert_false(secrets_locked(block));
	secrets_wipe(block);
	setrlimit(RLIMIT_MEMLOCK, &old);
}

static void
an_absurd_size_is_refused(void **state)
{
	(void)state;
	assert_null(secrets_alloc(SIZE_MAX));
	assert_null(secrets_alloc(SIZE_MAX / 2 - 4096));
}

static void
the_wiping_allocator_keeps_contents(void **state)
{
	char *p = wiping_malloc(32), *grown;

	(void)state;
	assert_non_null(p);
	memset(p, 'k', 32);
	grown = wiping_realloc(p, 8000);
	assert_non_null(grown);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(grown[i], 'k');
	grown = wiping_realloc(grown, 16);
	assert_int_equal(grown[15], 'k');
	assert_null(wiping_realloc(grown, 0));
	wiping_free(NULL);
	p = wiping_realloc(NULL, 16);
	assert_non_null(p);
	wiping_free(p);
}

static void
a_guarded_process_leaves_no_core(void **state)
{
	struct rlimit core;

	(void)state;
	secrets_guard_process();
	getrlimit(RLIMIT_CORE, &core);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
#if !SANITIZED
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
#endif
}

/* OpenSSL uses our allocator from here on; what it took before stays right. */
static void
a_guarded_process_has_openssl_wipe(void **state)
{
	CRYPTO_malloc_fn take;
	CRYPTO_realloc_fn grow;
	CRYPTO_free_fn give, give_before;
	void *p;

	(void)state;
	CRYPTO_get_mem_functions(&take, &grow, &give_before);
	secrets_guard_process();
	CRYPTO_get_mem_functions(&take, &grow, &give);
	assert_true(give != give_before);
	p = OPENSSL_zalloc(100);
	assert_non_null(p);
	p = OPENSSL_realloc(p, 1000);
	assert_non_null(p);
	OPENSSL_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_zeroed_and_holds_what_is_written),
		cmocka_unit_test(a_sealed_block_cannot_be_written),
		cmocka_unit_test(a_forked_child_does_not_have_the_block),
		cmocka_unit_test(pages_around_a_block_cannot_be_touched),
		cmocka_unit_test(a_block_is_left_out_of_core_dumps_and_swap),
		cmocka_unit_test(
		    a_process_that_may_lock_nothing_still_gets_its_block),
		cmocka_unit_test(an_absurd_size_is_refused),
		cmocka_unit_test(the_wiping_allocator_keeps_contents),
		cmocka_unit_test(a_guarded_process_has_openssl_wipe),
		cmocka_unit_test(a_guarded_process_leaves_no_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
