/*
 * verify/verify_build.h - a verifier while it is built. Private to this room.
 */
#ifndef BRIDGE_VERIFY_BUILD_H
#define BRIDGE_VERIFY_BUILD_H

#include "verify/verify_scheme.h"

struct building {
	const struct verify_setup *setup;
	struct options options;
	struct verifier *v;
	struct faults *all;
};

/* Adds the fault, at the option's place. Always false. */
bool refuse(const struct building *b, const char *option, const char *fmt, ...)
    PRINTF(3, 4);
/* Written by hand, and no text: that fault is said already. */
bool is_misread(const struct building *b, const char *option);

/* verify_cover.c; false with the faults added */

/* What is written by hand means something for the type. */
bool check_fit(const struct building *b);
/* Everything that is believed is signed. */
bool check_coverage(const struct building *b);
/* The front is believed for something. */
bool check_front(const struct building *b);

#endif
