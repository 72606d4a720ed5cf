/*
 * listener/listener_tls.c - certificates, and what is offered with them.
 *
 * TLS 1.2 with ephemeral keys and authenticated ciphers, and TLS 1.3.
 * Sessions are resumed by tickets, so workers share no cache.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "listener/listener.h"
#include "listener/listener_socket.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
/*
 * Bytes of a record we write. OpenSSL's write buffer is of that size; nearly
 * all answers fit.
 */
#define RECORD_MAX 4096

/* Never asks on a terminal: a key behind a passphrase is a fault. */
static int
no_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return 0;
}

static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offered, unsigned offered_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1,
	        offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
new_context(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL || SSL_CTX_set_cipher_list(tls, CIPHERS) != 1 ||
	    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1)
		bug("OpenSSL has no TLS 1.2 with " CIPHERS);
	SSL_CTX_set_options(tls,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	        SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(tls,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
	(void)SSL_CTX_set_max_send_fragment(tls, RECORD_MAX);
	SSL_CTX_set_read_ahead(tls, 1); /* a record in one read, not in two */
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
	return tls;
}

/* OpenSSL's own word on a file says little; whether it opens says more. */
static int
readable(const char *file, struct fault *why)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return fault_set(why, FAULT_SETTINGS, file,
		    "cannot be read: %s", strerror(errno));
	fclose(f);
	return 0;
}

static int
load_certificate(SSL_CTX *tls, const char *file, struct fault *why)
{
	if (readable(file, why) == -1)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(tls, file) == 1)
		return 0;
	return fault_set(why, FAULT_SETTINGS, file,
	    "is not a certificate chain in PEM: first the server's own, then "
	    "those that signed it (%s)",
	    ERR_reason_error_string(ERR_peek_last_error()));
}

static int
load_key(SSL_CTX *tls, const char *file, const char *certificate,
    struct fault *why)
{
	bool asked = false;

	if (readable(file, why) == -1)
		return -1;
	SSL_CTX_set_default_passwd_cb(tls, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(tls, &asked);
	if (SSL_CTX_use_PrivateKey_file(tls, file, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(tls) == 1)
		return 0;
	if (asked)
		return fault_set(why, FAULT_SETTINGS, file,
		    "is behind a passphrase, which nobody could type here; "
		    "store it without one, readable by the bridge only");
	if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
		return fault_set(why, FAULT_SETTINGS, file,
		    "does not belong to the certificate %s", certificate);
	return fault_set(why, FAULT_SETTINGS, file,
	    "is not a private key in PEM (%s)",
	    ERR_reason_error_string(ERR_peek_last_error()));
}

static bool
out_of_date(const SSL_CTX *tls)
{
	const X509 *own = SSL_CTX_get0_certificate(tls);

	return X509_cmp_current_time(X509_get0_notBefore(own)) >= 0 ||
	    X509_cmp_current_time(X509_get0_notAfter(own)) <= 0;
}

SSL_CTX *
tls_load(const char *certificate, const char *key, bool *expired,
    struct fault *why)
{
	SSL_CTX *tls = new_context();

	ERR_clear_error();
	if (load_certificate(tls, certificate, why) == -1 ||
	    load_key(tls, key, certificate, why) == -1) {
		SSL_CTX_free(tls);
		tls = NULL;
	} else {
		SSL_CTX_set_default_passwd_cb_userdata(tls, NULL);
		*expired = out_of_date(tls);
	}
	ERR_clear_error();
	return tls;
}

int
listener_check_certificate(const char *certificate, const char *key,
    struct fault *why)
{
	bool expired = false;
	SSL_CTX *tls = tls_load(certificate, key, &expired, why);

	SSL_CTX_free(tls);
	if (tls == NULL)
		return -1;
	if (expired)
		return fault_set(why, FAULT_SETTINGS, certificate,
		    "has expired, or is not valid yet: renew it, or set this "
		    "machine's clock");
	return 0;
}
