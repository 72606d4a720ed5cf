/*
 * tests/static/contracts.h - what headers promise in words, for analyzers.
 *
 * They read one file at a time, and would follow the path on which a fault was
 * set and its caller goes on as if it was none. Read in front of each file, by
 * static.py alone; tests/unit/base holds the house to it.
 */
#ifndef TESTS_STATIC_CONTRACTS_H
#define TESTS_STATIC_CONTRACTS_H

#include "base/base.h"

static inline int
always_minus_one(int rc)
{
	(void)rc;
	return -1;
}

#define fault_set(...) always_minus_one(fault_set(__VA_ARGS__))
#define fault_at(...) always_minus_one(fault_at(__VA_ARGS__))

#endif
