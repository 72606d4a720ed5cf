/* secrets/secrets_process.c - a process that is hard to look into. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "secrets/secrets.h"

#if defined(__SANITIZE_ADDRESS__)
#define KEEP_DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_DUMPABLE 1
#endif
#endif

void *
wiping_malloc(size_t size)
{
	return malloc(size);
}

void
wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/*
 * Not realloc(): where that moves a block it leaves the old bytes behind.
 * A block that stays the larger one is kept as it is.
 */
void *
wiping_realloc(void *p, size_t size)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *moved;

	if (size == 0) {
		wiping_free(p);
		return NULL;
	}
	if (p != NULL && size <= had && size >= had / 2)
		return p;
	moved = malloc(size);
	if (moved == NULL)
		return NULL;
	if (p != NULL)
		memcpy(moved, p, had < size ? had : size);
	wiping_free(p);
	return moved;
}

static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return pool_malloc(size);
}

static void *
openssl_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return pool_realloc(p, size);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	pool_free(p);
}

void
secrets_guard_process(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef KEEP_DUMPABLE
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	/* Refused once OpenSSL has taken memory: hence "first thing in main".
	 */
	(void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
	    openssl_free);
}
