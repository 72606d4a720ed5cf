/* tests/unit/base/test_registers.c - what was copied stays in no register. */
#include "unit/cmocka_all.h"

#include "base/base.h"

#if defined(__x86_64__)

#define MARK "sixteen bytes of"

static void
the_low_ones_are_cleared(void **state)
{
	unsigned char was[16], is[16];

	(void)state;
	if (!__builtin_cpu_supports("avx"))
		skip();
	__asm__ volatile("movdqu %1, %%xmm5\n\tmovdqu %%xmm5, %0"
	                 : "=m"(was)
	                 : "m"(*(const char(*)[16])MARK)
	                 : "xmm5");
	assert_memory_equal(was, MARK, sizeof(was));
	registers_forget();
	__asm__ volatile("movdqu %%xmm5, %0" : "=m"(is));
	for (size_t i = 0; i < sizeof(is); i++)
		assert_int_equal(is[i], 0);
}

/* Nothing between touches them: no code of ours is built for AVX-512. */
static void
those_of_avx_512_are_cleared(void **state)
{
	unsigned char was[64], is[64];
	char mark[64];

	(void)state;
	if (!__builtin_cpu_supports("avx512f"))
		skip();
	memset(mark, 'x', sizeof(mark));
	__asm__ volatile("vmovdqu64 %1, %%zmm29\n\tvmovdqu64 %%zmm29, %0"
	                 : "=m"(was)
	                 : "m"(mark));
	assert_memory_equal(was, mark, sizeof(was));
	__asm__ volatile("vmovdqu64 %0, %%zmm29" : : "m"(mark));
	registers_forget();
	__asm__ volatile("vmovdqu64 %%zmm29, %0" : "=m"(is));
	for (size_t i = 0; i < sizeof(is); i++)
		assert_int_equal(is[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_low_ones_are_cleared),
		cmocka_unit_test(those_of_avx_512_are_cleared),
	};

	return cmocka_run_group_tests_name("base.registers", tests, NULL, NULL);
}

#else

int
main(void)
{
	return 0;
}

#endif
