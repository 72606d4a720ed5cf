/*
 * tests/hostile/chains.c - would the bridge trust this chain?
 *
 *	upstream_chain ROOTS LISTS CHAIN
 *
 * PEM files: whom a target trusts (`ca`), its revocation lists (`crl`, or -
 * for none), and what a server shows, its own certificate first. Verified as
 * a handshake does, in the context that a target has, except that nobody's
 * name is asked for: suites of chains are of people, not of hosts. Prints
 * "good", or what is wrong.
 */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "certs/certs.h"
#include "upstream/upstream_target.h"

static int
but_for_the_name(int good, X509_STORE_CTX *chain)
{
	return good ||
	    X509_STORE_CTX_get_error(chain) == X509_V_ERR_HOSTNAME_MISMATCH;
}

/* What OpenSSL's handshake makes of a context, and of what was shown. */
static const char *
verify(SSL_CTX *tls, STACK_OF(X509) * shown)
{
	X509_STORE_CTX *chain = X509_STORE_CTX_new();
	const char *wrong = "good";

	if (chain == NULL ||
	    X509_STORE_CTX_init(chain, SSL_CTX_get_cert_store(tls),
	        sk_X509_value(shown, 0), shown) != 1 ||
	    X509_STORE_CTX_set_default(chain, "ssl_server") != 1 ||
	    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(chain),
	        SSL_CTX_get0_param(tls)) != 1)
		bug("out of memory for a chain");
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(chain),
	    SSL_CTX_get_security_level(tls));
	X509_STORE_CTX_set_verify_cb(chain, but_for_the_name);
	if (X509_verify_cert(chain) != 1)
		wrong = X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(chain));
	X509_STORE_CTX_free(chain);
	return wrong;
}

int
main(int argc, char **argv)
{
	struct fault why = { 0 };
	struct url url = { .host = "nobody.test" };
	struct tls_rules rules = { .tls_min = TLS1_2_VERSION };
	STACK_OF(X509) *shown = NULL;
	SSL_CTX *tls = NULL;

	if (argc != 4) {
		fprintf(stderr, "Usage: upstream_chain ROOTS LISTS CHAIN\n");
		return 2;
	}
	rules.ca = argv[1];
	rules.crl = strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
	tls = tls_context_new(&url, &rules, &why);
	if (tls != NULL)
		shown = cert_list_read(argv[3], &why);
	puts(shown != NULL ? verify(tls, shown) : why.text);
	sk_X509_pop_free(shown, X509_free);
	SSL_CTX_free(tls);
	return 0;
}
