/* upstream/upstream_tls.c - how TLS is spoken to a target. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "upstream/upstream_target.h"
#include "upstream/upstream_wire.h"

/* 112 bits: refuses RSA below 2048, SHA-1 signatures, 3DES, RC4. */
#define SECURITY_LEVEL 2
/* Bytes of a record we write; OpenSSL sizes its write buffer by it. */
#define RECORD_MAX 4096

static const char *
openssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = ERR_reason_error_string(code);

	return text != NULL ? text : "no reason given";
}

static int
trust(SSL_CTX *tls, const char *ca, struct fault *why)
{
	ERR_clear_error();
	if (ca == NULL) {
		if (SSL_CTX_set_default_verify_paths(tls) != 1)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "the system's trusted roots cannot be read: %s",
			    openssl_reason());
		return 0;
	}
	if (SSL_CTX_load_verify_file(tls, ca) != 1)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "no certificate (PEM) can be read from '%s': %s", ca,
		    openssl_reason());
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
		    "OpenSSL takes no host '%s': %s", url->host,
		    openssl_reason());
	return 0;
}

static void
harden(SSL_CTX *tls)
{
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
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
tls_context_new(const struct url *url, const char *ca, int tls_min,
    struct fault *why)
{
	static const unsigned char http11[] = "\x08http/1.1";
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL || SSL_CTX_set_min_proto_version(tls, tls_min) != 1 ||
	    SSL_CTX_set_alpn_protos(tls, http11, sizeof(http11) - 1) != 0) {
		fault_set(why, FAULT_SETTINGS, NULL, "TLS cannot be set up: %s",
		    openssl_reason());
		SSL_CTX_free(tls);
		return NULL;
	}
	harden(tls);
	tune(tls);
	if (trust(tls, ca, why) == -1 || expect_host(tls, url, why) == -1) {
		SSL_CTX_free(tls);
		return NULL;
	}
	return tls;
}
