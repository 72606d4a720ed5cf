/* base/base_registers.c - vector registers, cleared. */
#include "base/base_registers.h"

#if defined(__x86_64__)

#define CLEAR(n) "vpxord %zmm" #n ", %zmm" #n ", %zmm" #n "\n\t"
#define CLEAR4(a, b, c, d) CLEAR(a) CLEAR(b) CLEAR(c) CLEAR(d)

/* Those that only AVX-512 has: the C library uses them, no code of ours. */
static void
forget_high(void)
{
	__asm__ volatile(CLEAR4(16, 17, 18, 19));
	__asm__ volatile(CLEAR4(20, 21, 22, 23));
	__asm__ volatile(CLEAR4(24, 25, 26, 27));
	__asm__ volatile(CLEAR4(28, 29, 30, 31));
}

void
registers_forget(void)
{
	if (!__builtin_cpu_supports("avx"))
		return;
	__asm__ volatile("vzeroall" ::
	                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
	                 "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
	                 "xmm12", "xmm13", "xmm14", "xmm15", "memory");
	if (__builtin_cpu_supports("avx512f"))
		forget_high();
}

#else

void
registers_forget(void)
{
}

#endif
