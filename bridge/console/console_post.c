/* console/console_post.c - one HTTP request, sent as a sender would. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "certs/certs.h"
#include "console/console_post.h"

#define TIMEOUT_SECONDS 35
#define HANDSHAKE_SECONDS 10

/* As large as the admin endpoint makes one: an event of any size. */
static const struct answer_limits answer_most = { .headers = 65536,
	.body = (size_t)256 << 20,
	.last = true };

int
post_url_parse(const char *url, struct post_url *out, struct fault *why)
{
	struct str rest = str_of(url), authority;
	const char *colon;

	*out = (struct post_url){ .tls = str_starts(rest, STR("https://")) };
	if (!out->tls && !str_starts(rest, STR("http://")))
		return fault_set(why, FAULT_SETTINGS, url,
		    "must begin with http:// or https://");
	rest = str_skip(rest, out->tls ? 8 : 7);
	authority = rest;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.at[i] == '/' || rest.at[i] == '?') {
			authority.len = i;
			break;
		}
	out->target = str_skip(rest, authority.len);
	/* Not repeated: a password may stand there. */
	if (memchr(authority.at, '@', authority.len) != NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "a URL has no user name in front of its host here");
	colon = memrchr(authority.at, ':', authority.len);
	if (colon != NULL &&
	    memchr(colon, ']',
	        authority.len - (size_t)(colon - authority.at)) == NULL) {
		struct str port = str_skip(authority,
		    (size_t)(colon + 1 - authority.at));

		if (str_number(port, 65535) <= 0)
			return fault_set(why, FAULT_SETTINGS, url,
			    "has a port that is not one");
		snprintf(out->port, sizeof(out->port), "%.*s", STR_ARG(port));
		authority = str_span(authority.at, colon);
	} else {
		snprintf(out->port, sizeof(out->port), "%s",
		    out->tls ? "443" : "80");
	}
	if (authority.len == 0 || authority.len >= sizeof(out->host))
		return fault_set(why, FAULT_SETTINGS, url,
		    "has no host, or one that is too long");
	snprintf(out->host, sizeof(out->host), "%.*s", STR_ARG(authority));
	return 0;
}

/* The host without the brackets of an IPv6 address. */
static void
bare_host(const struct post_url *url, char out[256])
{
	struct str host = str_of(url->host);

	if (host.len > 2 && host.at[0] == '[')
		host = (struct str){ host.at + 1, host.len - 2 };
	snprintf(out, 256, "%.*s", STR_ARG(host));
}

/* What OpenSSL has to say, in words. */
static const char *
error_text(unsigned long error)
{
	const char *text;

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	text = ERR_reason_error_string(error);
	return text != NULL ? text : "closed by the peer";
}

/* Of a verdict on the peer's certificate: what to do. */
static const char *
remedy(long verdict)
{
	switch (verdict) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "; --ca FILE names an authority to trust";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "; its certificate is for other names than this";
	default:
		return "";
	}
}

static void
connect_failed(const struct post_url *url, BIO *bio, SSL *ssl,
    struct fault *why)
{
	long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *text;

	if (verdict != X509_V_OK)
		text = X509_verify_cert_error_string(verdict);
	else if (BIO_should_retry(bio))
		text = "no answer in time";
	else
		text = error_text(ERR_get_error());
	fault_set(why, FAULT_SETTINGS, url->host, "cannot connect: %s%s", text,
	    remedy(verdict));
}

static SSL_CTX *
make_context(const char *ca, struct fault *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, cert_verify_exclusions);
	if (ca != NULL ? SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1
	               : SSL_CTX_set_default_verify_paths(ctx) != 1) {
		fault_set(why, FAULT_SETTINGS, ca, "no certificates in it");
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static void
set_name(SSL *ssl, char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	SSL_set_hostflags(ssl,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return;
	SSL_set_tlsext_host_name(ssl, host);
	SSL_set1_host(ssl, host);
}

static void
set_timeouts(BIO *bio, int seconds)
{
	struct timeval limit = { .tv_sec = seconds };
	int fd = -1;

	if (BIO_get_fd(bio, &fd) < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* TLS over the connection, which it takes. */
static BIO *
secure(BIO *tcp, const struct post_url *url, SSL_CTX *ctx, struct fault *why)
{
	BIO *bio = BIO_new_ssl(ctx, 1);
	char host[256];
	SSL *ssl = NULL;

	if (bio == NULL || BIO_get_ssl(bio, &ssl) != 1) {
		BIO_free_all(bio);
		BIO_free_all(tcp);
		return NULL;
	}
	bio = BIO_push(bio, tcp);
	bare_host(url, host);
	set_name(ssl, host);
	if (BIO_do_handshake(bio) == 1)
		return bio;
	connect_failed(url, bio, ssl, why);
	BIO_free_all(bio);
	return NULL;
}

static BIO *
connect_to(const struct post_url *url, SSL_CTX *ctx, struct fault *why)
{
	struct post_url at = *url; /* OpenSSL's macros want it writable */
	BIO *bio = BIO_new_connect(NULL);

	if (bio == NULL)
		return NULL;
	BIO_set_conn_hostname(bio, at.host);
	BIO_set_conn_port(bio, at.port);
	ERR_clear_error();
	if (BIO_do_connect(bio) != 1) {
		connect_failed(url, bio, NULL, why);
		BIO_free_all(bio);
		return NULL;
	}
	if (url->tls) {
		set_timeouts(bio, HANDSHAKE_SECONDS);
		bio = secure(bio, url, ctx, why);
	}
	if (bio != NULL)
		set_timeouts(bio, TIMEOUT_SECONDS);
	return bio;
}

static bool
is_ours(struct str name)
{
	return str_eq_nocase(name, STR("Host")) ||
	    str_eq_nocase(name, STR("Content-Length")) ||
	    str_eq_nocase(name, STR("Connection")) ||
	    str_eq_nocase(name, STR("Transfer-Encoding")) ||
	    str_eq_nocase(name, STR("Expect"));
}

static void
print_request(const struct post_url *url, const struct request *r,
    struct bytes *out)
{
	bytes_addf(out, "%.*s %.*s HTTP/1.1\r\nHost: %s:%s\r\n",
	    STR_ARG(r->method), STR_ARG(r->target), url->host, url->port);
	for (size_t i = 0; i < r->header_count; i++)
		if (!is_ours(r->headers[i].name))
			bytes_addf(out, "%.*s: %.*s\r\n",
			    STR_ARG(r->headers[i].name),
			    STR_ARG(r->headers[i].value));
	bytes_addf(out, "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	    r->body.len);
	bytes_add_str(out, r->body);
}

/* The peer ended the stream as one does; anything else may be a cut. */
static bool
has_ended(BIO *bio, int got)
{
	SSL *ssl = NULL;

	if (BIO_get_ssl(bio, &ssl) == 1 && ssl != NULL)
		return (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
	return got == 0;
}

/* A part of it was read, or nothing more will come: NULL, or what is wrong. */
static const char *
read_part(BIO *bio, struct answer_reader *r)
{
	char part[16384];
	int got;

	ERR_clear_error();
	got = BIO_read(bio, part, sizeof(part));
	if (got > 0)
		(void)answer_reader_feed(r, part, (size_t)got);
	else if (has_ended(bio, got))
		answer_reader_end(r);
	else if (BIO_should_retry(bio))
		return "it takes too long";
	else
		return "the connection broke";
	return r->problem;
}

static int
read_answer(BIO *bio, struct post_answer *out, const char *host,
    struct fault *why)
{
	struct answer_reader *r = &out->reader;

	while (r->verdict == VERDICT_MORE) {
		const char *problem = read_part(bio, r);

		if (problem != NULL)
			return fault_set(why, FAULT_SETTINGS, host,
			    "gave no HTTP answer: %s", problem);
	}
	out->status = r->status;
	out->body = bytes_str(&r->body);
	return 0;
}

void
post_answer_done(struct post_answer *answer)
{
	answer_reader_done(&answer->reader);
}

/*
 * In pieces. False when the peer takes no more: an early answer (413) may
 * have come all the same, and is still to be read.
 */
static bool
write_all(BIO *bio, struct str rest)
{
	while (rest.len > 0) {
		size_t piece = rest.len < 16384 ? rest.len : 16384;
		int done = BIO_write(bio, rest.at, (int)piece);

		if (done <= 0)
			return false;
		rest = str_skip(rest, (size_t)done);
	}
	return true;
}

int
post_send(const struct post_url *url, const char *ca,
    const struct request *request, struct post_answer *out, struct fault *why)
{
	SSL_CTX *ctx = url->tls ? make_context(ca, why) : NULL;
	struct bytes text;
	BIO *bio = NULL;
	struct fault silent = { 0 };
	bool written;
	int rc = -1;

	*out = (struct post_answer){ 0 };
	answer_reader_init(&out->reader, answer_most);
	bytes_init(&text, request->body.len + ((size_t)1 << 20));
	if (url->tls && ctx == NULL)
		goto out;
	bio = connect_to(url, ctx, why);
	if (bio == NULL)
		goto out;
	print_request(url, request, &text);
	if (!bytes_ok(&text)) {
		fault_set(why, FAULT_SETTINGS, NULL, "out of memory");
		goto out;
	}
	written = write_all(bio, bytes_str(&text));
	rc = read_answer(bio, out, url->host, written ? why : &silent);
	if (rc == -1 && !written)
		fault_set(why, FAULT_SETTINGS, url->host, "cannot be written");

out:
	bytes_done(&text);
	BIO_free_all(bio);
	SSL_CTX_free(ctx);
	return rc;
}
