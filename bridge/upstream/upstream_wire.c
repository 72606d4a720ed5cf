/* upstream/upstream_wire.c - bytes over one connection, TLS or not. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "upstream/upstream_wire.h"

/*
 * A resumed session stands for a certificate checked at most this long ago;
 * servers may offer sessions of up to a week.
 */
#define SESSION_AGE_US ((int64_t)3600 * 1000000)

static enum wire_result
lose(struct wire *w, const char *what, const char *reason)
{
	w->dead = true;
	snprintf(w->problem, sizeof(w->problem), "%s%s%s", what,
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
	return WIRE_LOST;
}

void
wire_forget_session(struct wire_memory *memory)
{
	SSL_SESSION_free(memory->session);
	memory->session = NULL;
}

/*
 * OpenSSL hands over a session; 1: it is ours now. One that comes of another
 * is no younger than that: nobody looked at the certificate in between.
 */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct wire *w = SSL_get_app_data(ssl);

	w->heard = true;
	if (!SSL_SESSION_is_resumable(session))
		return 0;
	wire_forget_session(w->memory);
	w->memory->session = session;
	w->memory->proved_us = SSL_session_reused(ssl) == 1 ? w->proved_us
	                                                    : clock_mono_us();
	return 1;
}

void
wire_remember_sessions(SSL_CTX *tls)
{
	SSL_CTX_set_session_cache_mode(tls,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls, on_session);
}

void
wire_init(struct wire *w, struct wire_memory *memory)
{
	*w = (struct wire){ .socket = { .fd = -1 }, .memory = memory };
}

enum wire_result
wire_open(struct wire *w, const struct wire_address *to)
{
	static const int on = 1;

	w->socket.fd = socket(to->at.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->socket.fd == -1)
		return lose(w, "no socket", strerror(errno));
	/* A request is one write; waiting for more would only delay it. */
	(void)setsockopt(w->socket.fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on));
	if (connect(w->socket.fd, (const struct sockaddr *)&to->at, to->len) ==
	    0)
		return WIRE_DONE;
	if (errno == EINPROGRESS || errno == EINTR)
		return WIRE_NEEDS_WRITE;
	return lose(w, "cannot connect", strerror(errno));
}

enum wire_result
wire_opened(struct wire *w)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(w->socket.fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	return error == 0 ? WIRE_DONE
	                  : lose(w, "cannot connect", strerror(error));
}

/* What to look at, for the refusals people meet most. */
static const struct {
	int verdict;
	const char *text;
} advices[] = {
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    " (not among the trusted roots, or the server leaves out an "
	    "intermediate)" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, " (is this machine's clock right?)" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, " (is this machine's clock right?)" },
	{ X509_V_ERR_HOSTNAME_MISMATCH, " (is it the host of the url?)" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL,
	    " (in the file `crl` there is none of its issuer)" },
	{ X509_V_ERR_CRL_HAS_EXPIRED,
	    " (fetch a new one into the file `crl`, and reload)" },
};

static const char *
advice(long verdict)
{
	for (size_t i = 0; i < COUNT_OF(advices); i++)
		if (advices[i].verdict == verdict)
			return advices[i].text;
	return "";
}

/* The handshake failed, in words. */
static enum wire_result
handshake_lost(struct wire *w, int error, int saved)
{
	long verdict = SSL_get_verify_result(w->ssl);
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);
	char text[160];

	/* A session the server chokes on is not tried again. */
	wire_forget_session(w->memory);
	if (verdict == X509_V_ERR_APPLICATION_VERIFICATION) {
		snprintf(text, sizeof(text),
		    "no key of its chain is among the pins (its own is %s)",
		    w->own_pin);
		return lose(w, "the server's certificate is refused", text);
	}
	if (verdict != X509_V_OK) {
		snprintf(text, sizeof(text), "%s%s",
		    X509_verify_cert_error_string(verdict), advice(verdict));
		return lose(w, "the server's certificate is refused", text);
	}
	if (error == SSL_ERROR_SYSCALL && saved != 0)
		return lose(w, "the TLS handshake failed", strerror(saved));
	if (error == SSL_ERROR_ZERO_RETURN || reason == NULL)
		reason = "the server closed the connection";
	return lose(w, "the TLS handshake failed", reason);
}

static bool
begin_tls(struct wire *w, const struct upstream_target *t)
{
	struct wire_memory *m = w->memory;
	char host[URL_HOST_MAX + 1]; /* the macro below drops a const */

	w->ssl = SSL_new(t->tls);
	if (w->ssl == NULL || !bio_set_socket(w->ssl, &w->socket))
		return false;
	SSL_set_app_data(w->ssl, w);
	SSL_set_connect_state(w->ssl);
	memcpy(host, t->url.host, sizeof(host));
	/* RFC 6066: an address is no server name. */
	if (!t->url.numeric && SSL_set_tlsext_host_name(w->ssl, host) != 1)
		return false;
	w->proved_us = m->proved_us;
	if (m->session != NULL &&
	    clock_mono_us() - m->proved_us < SESSION_AGE_US)
		(void)SSL_set_session(w->ssl, m->session);
	return true;
}

enum wire_result
wire_secure(struct wire *w, const struct upstream_target *t)
{
	int rc, error;

	ERR_clear_error();
	if (w->ssl == NULL && !begin_tls(w, t))
		return lose(w, "TLS cannot be set up", NULL);
	errno = 0;
	rc = SSL_do_handshake(w->ssl);
	if (rc != 1) {
		error = SSL_get_error(w->ssl, rc);
		if (error == SSL_ERROR_WANT_READ)
			return WIRE_NEEDS_READ;
		if (error == SSL_ERROR_WANT_WRITE)
			return WIRE_NEEDS_WRITE;
		return handshake_lost(w, error, errno);
	}
	/* The library has checked both; nothing is sent on its word alone. */
	if (SSL_get_verify_result(w->ssl) != X509_V_OK ||
	    SSL_get0_peer_certificate(w->ssl) == NULL)
		return handshake_lost(w, SSL_ERROR_SSL, 0);
	return WIRE_DONE;
}

/*
 * Alerts about our certificate, or that there is none. In TLS 1.3 they come
 * when we are through with the handshake and the server is not.
 */
static const int refusals[] = {
	SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
	SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
	SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	SSL_R_TLSV1_ALERT_UNKNOWN_CA,
};

static bool
is_refusal(int reason)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++)
		if (refusals[i] == reason)
			return true;
	return false;
}

static const char *
refusal_words(int reason, const char *text)
{
	if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)
		return "the server wants a client certificate";
	return text != NULL ? text : "the server refuses our certificate";
}

/* Why a read or a write over TLS failed. */
static enum wire_result
tls_lost(struct wire *w, int error, int saved)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (!w->heard && is_refusal(ERR_GET_REASON(code))) {
		w->refused = true;
		return lose(w, "the TLS handshake failed",
		    refusal_words(ERR_GET_REASON(code), reason));
	}
	if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return lose(w, "the connection was cut (no close_notify)",
		    NULL);
	if (error == SSL_ERROR_SYSCALL && saved != 0)
		return lose(w, "the connection was lost", strerror(saved));
	return lose(w, "the connection was lost",
	    reason != NULL ? reason : "TLS");
}

/* SSL_get_error() trusts the queue; nearly always there is nothing in it. */
static void
forget_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
	errno = 0;
}

static enum wire_result
tls_read(struct wire *w, char *at, size_t room, size_t *got)
{
	int error;

	forget_errors();
	if (SSL_read_ex(w->ssl, at, room, got) == 1) {
		w->heard = true;
		return WIRE_DONE;
	}
	error = SSL_get_error(w->ssl, 0);
	if (error == SSL_ERROR_WANT_READ)
		return WIRE_NEEDS_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return WIRE_NEEDS_WRITE;
	if (error == SSL_ERROR_ZERO_RETURN)
		return WIRE_END;
	return tls_lost(w, error, errno);
}

static enum wire_result
plain_read(struct wire *w, char *at, size_t room, size_t *got)
{
	ssize_t n = recv(w->socket.fd, at, room, 0);

	if (n > 0) {
		*got = (size_t)n;
		return WIRE_DONE;
	}
	if (n == 0)
		return WIRE_END;
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_NEEDS_READ;
	return lose(w, "the connection was lost", strerror(errno));
}

enum wire_result
wire_read(struct wire *w, char *at, size_t room, size_t *got)
{
	return w->ssl != NULL ? tls_read(w, at, room, got)
	                      : plain_read(w, at, room, got);
}

static enum wire_result
tls_write(struct wire *w, const char *at, size_t len, size_t *put)
{
	int error;

	forget_errors();
	if (SSL_write_ex(w->ssl, at, len, put) == 1)
		return WIRE_DONE;
	error = SSL_get_error(w->ssl, 0);
	if (error == SSL_ERROR_WANT_WRITE)
		return WIRE_NEEDS_WRITE;
	return tls_lost(w, error, errno);
}

static enum wire_result
plain_write(struct wire *w, const char *at, size_t len, size_t *put)
{
	ssize_t n = send(w->socket.fd, at, len, MSG_NOSIGNAL);

	if (n >= 0) {
		*put = (size_t)n;
		return WIRE_DONE;
	}
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_NEEDS_WRITE;
	return lose(w, "the connection was lost", strerror(errno));
}

enum wire_result
wire_write(struct wire *w, const char *at, size_t len, size_t *put)
{
	return w->ssl != NULL ? tls_write(w, at, len, put)
	                      : plain_write(w, at, len, put);
}

bool
wire_has_more(const struct wire *w)
{
	return w->ssl != NULL && SSL_has_pending(w->ssl) == 1;
}

bool
wire_is_silent(const struct wire *w)
{
	char byte;

	return !wire_has_more(w) &&
	    recv(w->socket.fd, &byte, 1, MSG_PEEK) == -1 && errno == EAGAIN;
}

void
wire_keep_buffers(struct wire *w, bool keep)
{
	if (w->ssl == NULL)
		return;
	if (keep) {
		SSL_clear_mode(w->ssl, SSL_MODE_RELEASE_BUFFERS);
	} else {
		SSL_set_mode(w->ssl, SSL_MODE_RELEASE_BUFFERS);
		(void)SSL_free_buffers(w->ssl); /* no: after the next record */
	}
}

/*
 * A TLS connection that did not fail is shut down properly even in haste:
 * OpenSSL takes a session whose connection was not for broken.
 */
void
wire_close(struct wire *w)
{
	if (w->ssl != NULL && !w->dead && SSL_is_init_finished(w->ssl)) {
		ERR_clear_error();
		(void)SSL_shutdown(w->ssl);
	}
	SSL_free(w->ssl);
	w->ssl = NULL;
	if (w->socket.fd != -1)
		close(w->socket.fd);
	w->socket.fd = -1;
}
