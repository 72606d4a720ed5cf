/* base/base_alloc.c - memory of our own: there, or the process ends. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static NORETURN void
out_of_memory(void)
{
	static const char text[] = "leadbridge: out of memory\n";

	(void)!fwrite(text, 1, sizeof(text) - 1, stderr);
	abort();
}

void *
base_alloc(size_t size)
{
	void *p = calloc(1, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
base_grow(void *p, size_t count, size_t size)
{
	void *grown = reallocarray(p, count > 0 ? count : 1, size);

	if (grown == NULL)
		out_of_memory();
	return grown;
}

char *
base_copy(const char *text)
{
	char *copy;

	if (text == NULL)
		return NULL;
	copy = strdup(text);
	if (copy == NULL)
		out_of_memory();
	return copy;
}

char *
base_print(const char *fmt, ...)
{
	va_list ap;
	char *out = NULL;

	va_start(ap, fmt);
	if (vasprintf(&out, fmt, ap) == -1)
		out_of_memory();
	va_end(ap);
	return out;
}

void
base_free(void *p)
{
	free(p);
}

void
base_bug(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "leadbridge: bug at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
