/* certs/certs.c - what stands in the files, and what is wrong with it. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certs/certs.h"

const char *
cert_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "no reason given";
}

static FILE *
open_file(const char *file, struct fault *why)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		fault_set(why, FAULT_SETTINGS, file, "cannot be read: %s",
		    strerror(errno));
	return f;
}

/* The end of a file of PEM is an error of OpenSSL's, as any other. */
static bool
is_at_the_end(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* Takes all that are there; false when one is broken. */
static bool
read_all(FILE *f, STACK_OF(X509) * to)
{
	X509 *x;

	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(to, x) == 0)
			bug("out of memory for a certificate");
	return is_at_the_end();
}

static void
free_list(STACK_OF(X509) * list)
{
	sk_X509_pop_free(list, X509_free);
}

STACK_OF(X509) * cert_list_read(const char *file, struct fault *why)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	FILE *f = open_file(file, why);
	bool whole;

	if (list == NULL)
		bug("out of memory for certificates");
	if (f == NULL) {
		free_list(list);
		return NULL;
	}
	ERR_clear_error();
	whole = read_all(f, list);
	fclose(f);
	if (!whole || sk_X509_num(list) == 0) {
		fault_set(why, FAULT_SETTINGS, file,
		    "is not a file of certificates in PEM (%s)", cert_reason());
		free_list(list);
		list = NULL;
	}
	ERR_clear_error();
	return list;
}

void
crl_list_free(STACK_OF(X509_CRL) * list)
{
	sk_X509_CRL_pop_free(list, X509_CRL_free);
}

static bool
read_crls(FILE *f, STACK_OF(X509_CRL) * to)
{
	X509_CRL *crl;

	while ((crl = PEM_read_X509_CRL(f, NULL, NULL, NULL)) != NULL)
		if (sk_X509_CRL_push(to, crl) == 0)
			bug("out of memory for a revocation list");
	return is_at_the_end();
}

/*
 * OpenSSL takes a delta list for a whole one: whoever stands in the list that
 * it goes with, and not in the delta, would be trusted.
 */
static bool
any_delta(const STACK_OF(X509_CRL) * list)
{
	for (int i = 0; i < sk_X509_CRL_num(list); i++)
		if (X509_CRL_get_ext_by_NID(sk_X509_CRL_value(list, i),
		        NID_delta_crl, -1) != -1)
			return true;
	return false;
}

STACK_OF(X509_CRL) * crl_list_read(const char *file, struct fault *why)
{
	STACK_OF(X509_CRL) * list;
	FILE *f = open_file(file, why);
	bool whole, good = false;

	if (f == NULL)
		return NULL;
	list = sk_X509_CRL_new_null();
	if (list == NULL)
		bug("out of memory for revocation lists");
	ERR_clear_error();
	whole = read_crls(f, list);
	fclose(f);
	if (!whole || sk_X509_CRL_num(list) == 0)
		fault_set(why, FAULT_SETTINGS, file,
		    "is not a file of revocation lists in PEM (%s)",
		    cert_reason());
	else if (any_delta(list))
		fault_set(why, FAULT_SETTINGS, file,
		    "has a delta list, which tells only what is new: give the "
		    "authority's complete one in its place");
	else
		good = true;
	if (!good) {
		crl_list_free(list);
		list = NULL;
	}
	ERR_clear_error();
	return list;
}

/* Never asks on a terminal: a key behind a passphrase is a fault. */
static int
no_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out, (void)size, (void)writing;
	*(bool *)asked = true;
	return 0;
}

static EVP_PKEY *
read_key(const char *file, struct fault *why)
{
	bool asked = false;
	FILE *f = open_file(file, why);
	EVP_PKEY *key;

	if (f == NULL)
		return NULL;
	ERR_clear_error();
	key = PEM_read_PrivateKey(f, NULL, no_passphrase, &asked);
	fclose(f);
	if (key == NULL && asked)
		fault_set(why, FAULT_SETTINGS, file,
		    "is behind a passphrase, which nobody could type here; "
		    "store it without one, readable by the bridge only");
	else if (key == NULL)
		fault_set(why, FAULT_SETTINGS, file,
		    "is not a private key in PEM (%s)", cert_reason());
	ERR_clear_error();
	return key;
}

/* Which certificate of the list it is the key of, or -1. */
static int
owner_of(const EVP_PKEY *key, const STACK_OF(X509) * list)
{
	for (int i = 0; i < sk_X509_num(list); i++)
		if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(list, i)),
		        key) == 1)
			return i;
	return -1;
}

static int
check_owner(const struct cert_pair *p, const char *certificate, const char *key,
    struct fault *why)
{
	int owner = owner_of(p->key, p->chain);

	ERR_clear_error();
	if (owner == 0)
		return 0;
	if (owner > 0)
		return fault_set(why, FAULT_SETTINGS, certificate,
		    "its certificate number %d is the one of the key %s; that "
		    "has to come first, those that signed it behind it",
		    owner + 1, key);
	return fault_set(why, FAULT_SETTINGS, key,
	    "does not belong to the certificate %s", certificate);
}

int
cert_pair_read(const char *certificate, const char *key, struct cert_pair *to,
    struct fault *why)
{
	struct cert_pair p = { .chain = cert_list_read(certificate, why) };

	if (p.chain != NULL)
		p.key = read_key(key, why);
	if (p.key == NULL || check_owner(&p, certificate, key, why) == -1) {
		cert_pair_free(&p);
		*to = p;
		return -1;
	}
	p.own = sk_X509_shift(p.chain);
	*to = p;
	return 0;
}

void
cert_pair_free(struct cert_pair *p)
{
	X509_free(p->own);
	free_list(p->chain);
	EVP_PKEY_free(p->key);
	*p = (struct cert_pair){ .own = NULL };
}

int
cert_pair_use(const struct cert_pair *p, const char *certificate, SSL_CTX *tls,
    struct fault *why)
{
	int rc = 0;

	ERR_clear_error();
	if (SSL_CTX_use_cert_and_key(tls, p->own, p->key, p->chain, 0) != 1)
		rc = fault_set(why, FAULT_SETTINGS, certificate,
		    "cannot be used: %s", cert_reason());
	ERR_clear_error();
	return rc;
}

int64_t
cert_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : -1;
}

int64_t
cert_seconds_left(const X509 *x, int64_t now)
{
	if (cert_time(X509_get0_notBefore(x)) > now)
		return -1;
	return cert_time(X509_get0_notAfter(x)) - now;
}

int64_t
cert_list_seconds_left(const STACK_OF(X509) * list, int64_t now, int *at)
{
	int64_t least = INT64_MAX;

	*at = 0;
	for (int i = 0; i < sk_X509_num(list); i++) {
		int64_t left = cert_seconds_left(sk_X509_value(list, i), now);

		if (left < least) {
			least = left;
			*at = i;
		}
	}
	return least;
}

#define DAY_S 86400

bool
cert_is_over_soon(const X509 *x, int64_t now, char text[CERT_AGE_TEXT])
{
	int64_t left = cert_seconds_left(x, now);

	text[0] = '\0';
	if (left >= (int64_t)CERT_DAYS_ENOUGH * DAY_S)
		return false;
	left = left > 0 ? left / DAY_S : 0;
	snprintf(text, CERT_AGE_TEXT, "is over in %lld day%s: have it renewed",
	    (long long)left, left == 1 ? "" : "s");
	return true;
}

/* A name is within itself and all above it; OpenSSL lets a dot lead, too. */
static bool
is_within(struct str host, struct str base)
{
	struct str end;

	if (base.len == 0)
		return true;
	if (host.len < base.len)
		return false;
	end = str_skip(host, host.len - base.len);
	return str_eq_nocase(end, base) &&
	    (end.at == host.at || base.at[0] == '.' || end.at[-1] == '.');
}

static bool
is_excluded(struct str host, const GENERAL_SUBTREE *tree)
{
	const ASN1_IA5STRING *name = tree->base->d.ia5;

	return tree->base->type == GEN_DNS &&
	    is_within(host,
	        (struct str){ (const char *)ASN1_STRING_get0_data(name),
	            (size_t)ASN1_STRING_length(name) });
}

bool
cert_excludes(const X509 *authority, const char *host)
{
	const STACK_OF(GENERAL_SUBTREE) *all = NULL;
	NAME_CONSTRAINTS *nc;
	bool found = false;

	ERR_set_mark();
	nc = X509_get_ext_d2i(authority, NID_name_constraints, NULL, NULL);
	ERR_pop_to_mark();
	if (nc != NULL)
		all = nc->excludedSubtrees;
	for (int i = 0; !found && i < sk_GENERAL_SUBTREE_num(all); i++)
		found = is_excluded(str_of(host),
		    sk_GENERAL_SUBTREE_value(all, i));
	NAME_CONSTRAINTS_free(nc);
	return found;
}

int
cert_verify_exclusions(int good, X509_STORE_CTX *chain)
{
	const STACK_OF(X509) *all = X509_STORE_CTX_get0_chain(chain);
	const char *
	    host = X509_VERIFY_PARAM_get0_host(X509_STORE_CTX_get0_param(chain),
	        0);

	if (good == 0 || host == NULL ||
	    X509_STORE_CTX_get_error_depth(chain) != 0)
		return good;
	for (int i = 1; i < sk_X509_num(all); i++)
		if (cert_excludes(sk_X509_value(all, i), host)) {
			X509_STORE_CTX_set_error(chain,
			    X509_V_ERR_EXCLUDED_VIOLATION);
			return 0;
		}
	return 1;
}

bool
cert_pin(const X509 *x, unsigned char pin[CERT_PIN_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool ok = len > 0 &&
	    EVP_Digest(der, (size_t)len, pin, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}
