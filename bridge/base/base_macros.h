/* base/base_macros.h - attributes with names a reader can say aloud. */
#ifndef BRIDGE_BASE_MACROS_H
#define BRIDGE_BASE_MACROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
/* Of what is done for every value, wherever else it is called. */
#define INLINE inline __attribute__((always_inline))
#define BIT(n) (1u << (n))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Memory for things of our own, small and of fixed size (a route, a verb's
 * state): there, or the process ends. What a stranger sizes comes from an
 * arena or from bytes, and may fail.
 */
void *base_alloc(size_t size) MUST_CHECK; /* zeroed; base_free it */
void *base_grow(void *p, size_t count, size_t size) MUST_CHECK;
char *base_copy(const char *text) MUST_CHECK; /* NULL stays NULL */
char *base_print(const char *fmt, ...) PRINTF(1, 2) MUST_CHECK;
void base_free(void *p);

/* A thing only a bug of ours can cause: says so and aborts. */
#define bug(...) base_bug(__FILE__, __LINE__, __VA_ARGS__)
void base_bug(const char *file, int line, const char *fmt, ...)
    PRINTF(3, 4) NORETURN;

#endif
