/*
 * tests/unit/self_signed.h - a certificate for 127.0.0.1 and its key, in two
 * files of a folder, and how much memory OpenSSL holds for records meanwhile.
 */
#ifndef UNIT_SELF_SIGNED_H
#define UNIT_SELF_SIGNED_H

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/leadbridge-unit-XXXXXX";
static char certificate[64], key[64];

static inline void
self_signed(void)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, "IP:127.0.0.1");
	FILE *f;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, pair);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"unit", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_add_ext(x, name, -1);
	assert_true(X509_sign(x, pair, EVP_sha256()) > 0);
	f = fopen(certificate, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	f = fopen(key, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, pair, NULL, NULL, 0, NULL,
	                     NULL),
	    1);
	fclose(f);
	X509_EXTENSION_free(name);
	X509_free(x);
	EVP_PKEY_free(pair);
}

/* Set-up and tear-down of a group. */
static inline int
make_files(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(certificate, sizeof(certificate), "%s/unit.pem", folder);
	snprintf(key, sizeof(key), "%s/unit.key", folder);
	self_signed();
	return 0;
}

static inline int
drop_files(void **state)
{
	(void)state;
	unlink(certificate);
	unlink(key);
	return rmdir(folder);
}

/*
 * Blocks as large as a record that OpenSSL holds: its buffers for reading.
 * Counted are those taken by threads that say so. Read and written by more
 * than one thread.
 */
static atomic_int records_held;
static _Thread_local bool counts_records;

/* In front of each block: whether it is counted. */
struct counted {
	_Alignas(max_align_t) size_t size;
	bool counts;
};

static void *
counted_malloc(size_t size, const char *file, int line)
{
	struct counted *c = malloc(sizeof(*c) + size);

	(void)file, (void)line;
	if (c == NULL)
		return NULL;
	c->size = size;
	c->counts = counts_records && size >= SSL3_RT_MAX_PLAIN_LENGTH;
	records_held += c->counts;
	return c + 1;
}

static void
counted_free(void *p, const char *file, int line)
{
	struct counted *c = p;

	(void)file, (void)line;
	if (p == NULL)
		return;
	c--;
	records_held -= c->counts;
	free(c);
}

static void *
counted_realloc(void *p, size_t size, const char *file, int line)
{
	struct counted *c = p;
	void *moved = counted_malloc(size, file, line);

	if (moved != NULL && p != NULL)
		memcpy(moved, p, c[-1].size < size ? c[-1].size : size);
	counted_free(p, file, line);
	return moved;
}

/* First thing in main(). */
static inline void
count_records(void)
{
	assert_int_equal(CRYPTO_set_mem_functions(counted_malloc,
	                     counted_realloc, counted_free),
	    1);
}

#endif
