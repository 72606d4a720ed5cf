/*
 * tests/unit/verify/one_bench.h - the bench of a whole file of tests, made anew
 * for each of them.
 */
#ifndef TESTS_ONE_BENCH_H
#define TESTS_ONE_BENCH_H

#include "unit/verify/with_verifier.h"

static struct bench b;

static int
start(void **state)
{
	(void)state;
	bench_start(&b);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	bench_done(&b);
	return 0;
}

#endif
