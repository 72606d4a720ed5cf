/*
 * listener/listener_tls_staple.c - OCSP answers, stapled (RFC 6066).
 *
 * An answer comes from a file that something else keeps up to date; nothing
 * is fetched here. It is checked as a client would, for a bad one does harm
 * where none at all would not. What is over is left out.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

#include "listener/listener_tls.h"

/* What is read of a file: answers have one to four KiB. */
#define ANSWER_MAX ((size_t)65536)
/* Clocks differ. */
#define SKEW_S 300

static int
refuse(const char *file, struct fault *why, const char *text)
{
	ERR_clear_error();
	return fault_set(why, FAULT_SETTINGS, file, "%s", text);
}

static int
read_file(const char *file, struct staple *to, struct fault *why)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return fault_set(why, FAULT_SETTINGS, file,
		    "cannot be read: %s", strerror(errno));
	to->der = base_alloc(ANSWER_MAX);
	to->len = fread(to->der, 1, ANSWER_MAX, f);
	fclose(f);
	return 0;
}

static OCSP_BASICRESP *
parse(const struct staple *s)
{
	const unsigned char *at = s->der;
	OCSP_RESPONSE *answer = d2i_OCSP_RESPONSE(NULL, &at, (long)s->len);
	OCSP_BASICRESP *basic = NULL;

	if (answer != NULL && at == s->der + s->len &&
	    OCSP_response_status(answer) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(answer);
	OCSP_RESPONSE_free(answer);
	return basic;
}

/*
 * By the issuer, or by somebody the issuer made a certificate for that; which
 * may be over as well where the answer is.
 */
static bool
is_signed(OCSP_BASICRESP *basic, X509 *issuer, bool over)
{
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN |
	    (over ? X509_V_FLAG_NO_CHECK_TIME : 0);
	X509_STORE *trusted = X509_STORE_new();
	STACK_OF(X509) *known = sk_X509_new_null();
	bool ok = trusted != NULL && known != NULL &&
	    X509_STORE_set_flags(trusted, flags) == 1 &&
	    X509_STORE_add_cert(trusted, issuer) == 1 &&
	    sk_X509_push(known, issuer) > 0 &&
	    OCSP_basic_verify(basic, known, trusted, 0) == 1;

	sk_X509_free(known);
	X509_STORE_free(trusted);
	return ok;
}

/*
 * What it says of the certificate. Responders name the issuer by a hash of
 * their choice, SHA-1 nearly all of them.
 */
static OCSP_SINGLERESP *
find(OCSP_BASICRESP *basic, const X509 *own, const X509 *issuer)
{
	const EVP_MD *const digests[] = { EVP_sha1(), EVP_sha256() };

	for (size_t i = 0; i < COUNT_OF(digests); i++) {
		OCSP_CERTID *id = OCSP_cert_to_id(digests[i], own, issuer);
		int at = id != NULL ? OCSP_resp_find(basic, id, -1) : -1;

		OCSP_CERTID_free(id);
		if (at >= 0)
			return OCSP_resp_get0(basic, at);
	}
	return NULL;
}

static int
judge(struct staple *s, OCSP_BASICRESP *basic, const struct cert_pair *pair,
    struct fault *why)
{
	X509 *issuer = sk_X509_value(pair->chain, 0);
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	OCSP_SINGLERESP *said = find(basic, pair->own, issuer);
	int64_t now = clock_wall_ms() / 1000;
	int status;

	if (said == NULL)
		return refuse(s->file, why,
		    "is an OCSP answer about another certificate");
	status = OCSP_single_get0_status(said, NULL, NULL, &from, &until);
	s->until = until != NULL ? cert_time(until) : INT64_MAX;
	if (!is_signed(basic, issuer, s->until <= now))
		return refuse(s->file, why,
		    "is an OCSP answer that the certificate's issuer did not "
		    "sign");
	if (status != V_OCSP_CERTSTATUS_GOOD)
		return refuse(s->file, why,
		    status == V_OCSP_CERTSTATUS_REVOKED
		        ? "says that the certificate is revoked: have another "
		          "one issued"
		        : "says that its responder does not know the "
		          "certificate");
	if (until == NULL)
		return refuse(s->file, why,
		    "does not say until when it holds, so that it could not "
		    "be told when it is over");
	if (cert_time(from) > now + SKEW_S)
		return refuse(s->file, why,
		    "holds from a time on that is yet to come: is this "
		    "machine's clock right?");
	return 0;
}

int
staple_read(const char *file, const struct cert_pair *pair, struct staple *to,
    const struct tls_notes *notes, struct fault *why)
{
	OCSP_BASICRESP *basic = NULL;
	int rc = -1;

	*to = (struct staple){ .file = base_copy(file) };
	to->own = pair->own;
	X509_up_ref(to->own);
	ERR_clear_error();
	if (sk_X509_num(pair->chain) == 0)
		refuse(file, why,
		    "cannot be checked: its certificate's file has to hold the "
		    "issuer's certificate, too");
	else if (read_file(file, to, why) == 0 && (basic = parse(to)) == NULL)
		refuse(file, why,
		    "is not a successful OCSP answer in DER (openssl ocsp "
		    "-respout writes one)");
	if (basic != NULL)
		rc = judge(to, basic, pair, why);
	OCSP_BASICRESP_free(basic);
	ERR_clear_error();
	if (rc == -1) {
		staple_done(to);
		return -1;
	}
	if (to->until <= clock_wall_ms() / 1000)
		notes->tell(notes->arg, file,
		    "this OCSP answer is over and is not stapled: fetch a new "
		    "one, and reload");
	return 0;
}

void
staple_done(struct staple *s)
{
	X509_free(s->own);
	base_free(s->file);
	base_free(s->der);
	*s = (struct staple){ .own = NULL };
}

static bool
is_over(struct staple *s)
{
	if (s->until > clock_wall_ms() / 1000)
		return false;
	if (!atomic_exchange(&s->told, true))
		log_event(LOG_LEVEL_WARNING, "OCSP answer out of date", "file",
		    s->file, "do",
		    "fetch a new one, and reload; none is stapled meanwhile",
		    NULL);
	return true;
}

/* The certificate is chosen by now: of a name's two, one has no answer. */
static int
on_status(SSL *ssl, void *arg)
{
	const struct staples *all = arg;
	const X509 *own = SSL_get_certificate(ssl);
	unsigned char *copy;

	for (size_t i = 0; i < all->count; i++) {
		struct staple *s = all->list[i];

		if (s->own != own || is_over(s))
			continue;
		copy = OPENSSL_memdup(s->der, s->len);
		if (copy == NULL)
			break;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->len);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

void
staples_serve(SSL_CTX *tls, struct staples *all)
{
	SSL_CTX_set_tlsext_status_cb(tls, on_status);
	SSL_CTX_set_tlsext_status_arg(tls, all);
}
