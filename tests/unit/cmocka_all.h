/* tests/unit/cmocka_all.h - cmocka with the headers it wants before it. */
#ifndef TESTS_CMOCKA_ALL_H
#define TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

/* Compares a str with a literal, and shows both when they differ. */
#define assert_str(got, want)                                                  \
	do {                                                                   \
		struct str got_ = (got);                                       \
		char *text_ = base_print("%.*s", STR_ARG(got_));               \
		assert_string_equal(text_, want);                              \
		base_free(text_);                                              \
	} while (0)

#endif
