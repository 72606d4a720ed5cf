/* upstream/upstream_tls.c - how TLS is spoken to a target. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "certs/certs.h"
#include "upstream/upstream_target.h"
#include "upstream/upstream_wire.h"

/* 112 bits: refuses RSA below 2048, SHA-1 signatures, 3DES, RC4. */
#define SECURITY_LEVEL 2
/* Of TLS 1.2: ephemeral keys, authenticated ciphers, as the listener's. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
/* Bytes of a record we write; OpenSSL sizes its write buffer by it. */
#define RECORD_MAX 4096

static int
trust(SSL_CTX *tls, const char *ca, struct fault *why)
{
	ERR_clear_error();
	if (ca == NULL) {
		if (SSL_CTX_set_default_verify_paths(tls) != 1)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "the system's trusted roots cannot be read: %s",
			    cert_reason());
		return 0;
	}
	if (SSL_CTX_load_verify_file(tls, ca) != 1)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "no certificate (PEM) can be read from '%s': %s", ca,
		    cert_reason());
	return 0;
}

/*
 * The name is set on the context, so that no connection can be made that
 * forgets it. The subject's common name is not looked at: RFC 9525.
 */
static int
expect_host(SSL_CTX *tls, const struct url *url, struct fault *why)
{
	X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(tls);
	int ok;

	X509_VERIFY_PARAM_set_hostflags(rules,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (url->numeric)
		ok = X509_VERIFY_PARAM_set1_ip_asc(rules, url->host);
	else
		ok = X509_VERIFY_PARAM_set1_host(rules, url->host, 0);
	if (ok != 1)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "OpenSSL takes no host '%s': %s", url->host, cert_reason());
	return 0;
}

/* For an API that asks who we are. */
static int
show(SSL_CTX *tls, const struct tls_rules *rules, struct fault *why)
{
	struct cert_pair pair;
	int rc;

	if (rules->certificate == NULL)
		return 0;
	if (cert_pair_read(rules->certificate, rules->key, &pair, why) == -1)
		return -1;
	rc = cert_pair_use(&pair, rules->certificate, tls, why);
	if (rc == 0 && cert_seconds_left(pair.own, clock_wall_ms() / 1000) <= 0)
		rc = fault_set(why, FAULT_SETTINGS, rules->certificate,
		    CERT_OUT_OF_DATE);
	cert_pair_free(&pair);
	return rc;
}

static int
add_crl(X509_STORE *store, X509_CRL *crl, const char *file, struct fault *why)
{
	const ASN1_TIME *over = X509_CRL_get0_nextUpdate(crl);

	if (over != NULL && cert_time(over) <= clock_wall_ms() / 1000)
		return fault_set(why, FAULT_SETTINGS, file,
		    "a revocation list in it has run out: fetch a new one from "
		    "its authority");
	if (X509_STORE_add_crl(store, crl) != 1)
		bug("out of memory for a revocation list");
	return 0;
}

/* Of the whole chain; a list that is missing is as bad as one that names it. */
static int
ask_revocation(SSL_CTX *tls, const char *file, struct fault *why)
{
	STACK_OF(X509_CRL) * list;
	int rc = 0;

	if (file == NULL)
		return 0;
	list = crl_list_read(file, why);
	if (list == NULL)
		return -1;
	for (int i = 0; rc == 0 && i < sk_X509_CRL_num(list); i++)
		rc = add_crl(SSL_CTX_get_cert_store(tls),
		    sk_X509_CRL_value(list, i), file, why);
	crl_list_free(list);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls),
	    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return rc;
}

/*
 * In place of OpenSSL's own step, which is taken first. A session that is
 * resumed was begun by one that went through here.
 */
static int
verify_pinned(X509_STORE_CTX *chain, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(chain,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct wire *w = SSL_get_app_data(ssl);

	if (X509_verify_cert(chain) != 1)
		return 0;
	if (pins_hold(arg, X509_STORE_CTX_get0_chain(chain)))
		return 1;
	pin_print(X509_STORE_CTX_get0_cert(chain), w->own_pin);
	X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static void
ask_pins(SSL_CTX *tls, const struct pins *pins)
{
	if (pins != NULL && pins->count > 0)
		SSL_CTX_set_cert_verify_callback(tls, verify_pinned,
		    (void *)(uintptr_t)pins);
}

static void
harden(SSL_CTX *tls)
{
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, cert_verify_exclusions);
	SSL_CTX_set_security_level(tls, SECURITY_LEVEL);
	SSL_CTX_set_options(tls,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* An end of stream without close_notify stays an error. */
	SSL_CTX_clear_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

/*
 * One read per answer. A connection gives its two buffers back after each
 * record, unless it is told to keep them (wire_keep_buffers()): a record is
 * cheap where they are kept, and many connections are open for a burst. All
 * but unusual updates are one of the small records; a larger one takes a
 * write a record.
 */
static void
tune(SSL_CTX *tls)
{
	SSL_CTX_set_read_ahead(tls, 1);
	(void)SSL_CTX_set_max_send_fragment(tls, RECORD_MAX);
	SSL_CTX_set_mode(tls,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	wire_remember_sessions(tls);
}

SSL_CTX *
tls_context_new(const struct url *url, const struct tls_rules *rules,
    struct fault *why)
{
	static const unsigned char http11[] = "\x08http/1.1";
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL ||
	    SSL_CTX_set_min_proto_version(tls, rules->tls_min) != 1 ||
	    SSL_CTX_set_cipher_list(tls, CIPHERS) != 1 ||
	    SSL_CTX_set_alpn_protos(tls, http11, sizeof(http11) - 1) != 0) {
		fault_set(why, FAULT_SETTINGS, NULL, "TLS cannot be set up: %s",
		    cert_reason());
		SSL_CTX_free(tls);
		return NULL;
	}
	harden(tls);
	tune(tls);
	ask_pins(tls, rules->pins);
	if (trust(tls, rules->ca, why) == -1 ||
	    expect_host(tls, url, why) == -1 || show(tls, rules, why) == -1 ||
	    ask_revocation(tls, rules->crl, why) == -1) {
		SSL_CTX_free(tls);
		return NULL;
	}
	return tls;
}
