/*
 * certs/certs.h - certificates and keys in PEM files: read, and judged.
 *
 * What the listener serves with and what the upstream client shows is read
 * here, so that a file that will not do is told of in the same words. Quiet:
 * the caller says what time it is. Every fault names its file; none holds a
 * byte of a key. OpenSSL's queue of errors is left empty.
 */
#ifndef BRIDGE_CERTS_H
#define BRIDGE_CERTS_H

#include <openssl/ssl.h>

#include "base/base.h"

/* A certificate, those that signed it, and its private key. */
struct cert_pair {
	X509 *own;
	STACK_OF(X509) * chain; /* as the file has them; may be empty */
	EVP_PKEY *key;
};

/*
 * Reads both files: the certificate's own first, then those above it. -1 with
 * why: unreadable, not PEM, a key behind a passphrase, or of another
 * certificate; *to is empty then.
 */
int cert_pair_read(const char *certificate, const char *key,
    struct cert_pair *to, struct fault *why) MUST_CHECK;
void cert_pair_free(struct cert_pair *p); /* an empty one is fine */
/*
 * Has the context show it. Of each kind of key a context takes one. -1 with
 * why: its key or a signature in its chain is too weak for the context.
 */
int cert_pair_use(const struct cert_pair *p, const char *certificate,
    SSL_CTX *tls, struct fault *why) MUST_CHECK;

/* All certificates of a file, at least one; NULL with why. */
STACK_OF(X509) * cert_list_read(const char *file, struct fault *why) MUST_CHECK;

/* The same of revocation lists, of complete ones: a delta list is a fault. */
STACK_OF(X509_CRL) *
    crl_list_read(const char *file, struct fault *why) MUST_CHECK;
void crl_list_free(STACK_OF(X509_CRL) * list); /* NULL is fine */

/*
 * Seconds until it is over at Unix time `now`, 0 and less when it is; -1 also
 * when it has not begun.
 */
int64_t cert_seconds_left(const X509 *x, int64_t now);
/* Of a list what is over first; INT64_MAX: it is empty. *at is its place. */
int64_t cert_list_seconds_left(const STACK_OF(X509) * list, int64_t now,
    int *at);
/* The Unix time of an ASN.1 time, in seconds; -1 when it is none. */
int64_t cert_time(const ASN1_TIME *t);

/* One with fewer days left is told of: there is time to see to it. */
#define CERT_DAYS_ENOUGH 21
#define CERT_AGE_TEXT 64
/*
 * The text "is over in 20 days: have it renewed"; false, and no text, where
 * it is not that soon.
 */
bool cert_is_over_soon(const X509 *x, int64_t now, char text[CERT_AGE_TEXT]);
/* What is said of one whose time is not now. */
#define CERT_OUT_OF_DATE                                                       \
	"has expired, or is not valid yet: renew it, or set this machine's "   \
	"clock"

/*
 * It may issue nothing for this DNS name, by the constraints in it (RFC 5280,
 * 4.2.1.10: what is excluded). No word of what it may issue alone.
 */
bool cert_excludes(const X509 *authority, const char *host) MUST_CHECK;
/*
 * For SSL_CTX_set_verify(): no authority of the chain may exclude the host
 * that is asked for. OpenSSL compares names as they are written, and so finds
 * "*.a.test" outside of "api.a.test"; RFC 5280 does not say (CVE-2025-61727).
 */
int cert_verify_exclusions(int good, X509_STORE_CTX *chain);

/* SHA-256 of its public key as certificates hold it (SPKI). */
#define CERT_PIN_SIZE 32
bool cert_pin(const X509 *x, unsigned char pin[CERT_PIN_SIZE]) MUST_CHECK;

/* What OpenSSL says of the latest error in its queue; never NULL. */
const char *cert_reason(void);

#endif
