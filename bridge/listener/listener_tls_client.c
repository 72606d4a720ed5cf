/*
 * listener/listener_tls_client.c - certificates that clients show.
 *
 * OpenSSL verifies them against the authorities of the address, for the use
 * "TLS client"; who of them may do what is for the routes to say, by name.
 */
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "listener/listener_tls.h"
#include "listener/listener_worker.h"

/* The longest name that is told; a longer one is none. */
#define NAME_MAX_LEN 255
#define REFUSED_LINES_A_SECOND 5

static int name_index; /* of a connection's name, once it was asked for */
static pthread_once_t indexed = PTHREAD_ONCE_INIT;

static void
free_name(void *parent, void *name, CRYPTO_EX_DATA *data, int index, long argl,
    void *argp)
{
	(void)parent, (void)data, (void)index, (void)argl, (void)argp;
	base_free(name);
}

static void
make_index(void)
{
	name_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_name);
	if (name_index == -1)
		bug("OpenSSL has no room for a client's name");
}

/* Asking. */

static void
log_refused(const struct guard *g, int error)
{
	struct worker *w = g->worker;
	char more[16];
	unsigned dropped;

	if (!quota_take(&w->refused_lines, REFUSED_LINES_A_SECOND, &dropped))
		return;
	snprintf(more, sizeof(more), "%u", dropped);
	log_event(LOG_LEVEL_INFO, "client certificate refused", "listener",
	    w->name, "peer", g->peer, "reason",
	    X509_verify_cert_error_string(error), "lines_left_out",
	    dropped > 0 ? more : NULL, NULL);
}

static int
on_verify(int good, X509_STORE_CTX *chain)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(chain,
	    SSL_get_ex_data_X509_STORE_CTX_idx());

	if (good == 0)
		log_refused(SSL_get_app_data(ssl),
		    X509_STORE_CTX_get_error(chain));
	return good;
}

static void
trust(SSL_CTX *tls, const STACK_OF(X509) * authorities)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls);

	/* What is named is trusted, be it a root or not. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	for (int i = 0; i < sk_X509_num(authorities); i++) {
		X509 *x = sk_X509_value(authorities, i);

		if (X509_STORE_add_cert(store, x) != 1 ||
		    SSL_CTX_add_client_CA(tls, x) != 1)
			bug("out of memory for client_ca");
	}
}

/*
 * What a session stands for: what was asked of the client that began it. One
 * from before a change of that is not resumed.
 */
static void
set_session_context(SSL_CTX *tls, const struct listener_address *a,
    const STACK_OF(X509) * authorities, unsigned char id[CLIENT_ASKED_SIZE])
{
	unsigned char one[SHA256_DIGEST_LENGTH];
	unsigned char mode = authorities != NULL
	    ? (unsigned char)(a->client + 1)
	    : 0;
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	bool ok = sum != NULL &&
	    EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(sum, &mode, 1) == 1;

	for (int i = 0; i < sk_X509_num(authorities); i++)
		ok = ok &&
		    X509_digest(sk_X509_value(authorities, i), EVP_sha256(),
		        one, NULL) == 1 &&
		    EVP_DigestUpdate(sum, one, sizeof(one)) == 1;
	if (!ok || EVP_DigestFinal_ex(sum, id, NULL) != 1 ||
	    SSL_CTX_set_session_id_context(tls, id, CLIENT_ASKED_SIZE) != 1)
		bug("OpenSSL has no SHA-256");
	EVP_MD_CTX_free(sum);
}

void
client_ask(SSL_CTX *tls, const struct listener_address *a,
    const STACK_OF(X509) * authorities, unsigned char asked[CLIENT_ASKED_SIZE])
{
	int mode = SSL_VERIFY_PEER;

	set_session_context(tls, a, authorities, asked);
	if (authorities == NULL)
		return;
	pthread_once(&indexed, make_index);
	if (a->client == CLIENT_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(tls, mode, on_verify);
	trust(tls, authorities);
}

bool
client_is_over(SSL_SESSION *session)
{
	const X509 *own = SSL_SESSION_get0_peer(session);

	return own != NULL &&
	    cert_seconds_left(own, clock_wall_ms() / 1000) <= 0;
}

/* Naming. */

/* Printable ASCII, so that it is what it looks like; NULL: it is not. */
static char *
copy_name(const ASN1_STRING *s)
{
	struct str text = { (const char *)ASN1_STRING_get0_data(s),
		(size_t)ASN1_STRING_length(s) };

	if (text.len == 0 || text.len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return NULL;
	return base_print("%.*s", STR_ARG(text));
}

static char *
first_of_kind(const GENERAL_NAMES *all, int kind)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		/* DNS names and URIs are of one type of text. */
		if (g->type == kind)
			return copy_name(g->d.ia5);
	}
	return NULL;
}

/* As DNS compares them; NULL stays NULL. */
static char *
lower_case(char *name)
{
	for (char *c = name; c != NULL && *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return name;
}

static bool
has_kind(const GENERAL_NAMES *all, int kind)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
		if (sk_GENERAL_NAME_value(all, i)->type == kind)
			return true;
	return false;
}

static char *
common_name(const X509 *x)
{
	X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	/* Two of them are a riddle, not a name. */
	if (at < 0 ||
	    X509_NAME_get_index_by_NID(subject, NID_commonName, at) != -1)
		return NULL;
	return copy_name(
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static char *
name_of(const X509 *x)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
	char *name;

	if (has_kind(all, GEN_DNS))
		name = lower_case(first_of_kind(all, GEN_DNS));
	else if (has_kind(all, GEN_URI))
		name = first_of_kind(all, GEN_URI);
	else
		name = common_name(x);
	GENERAL_NAMES_free(all);
	return name;
}

const char *
client_name(SSL *ssl)
{
	const X509 *own;
	char *name;

	if (ssl == NULL || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE)
		return NULL;
	name = SSL_get_ex_data(ssl, name_index);
	if (name != NULL)
		return name;
	own = SSL_get0_peer_certificate(ssl);
	if (own == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
		return NULL;
	name = name_of(own);
	if (name != NULL && SSL_set_ex_data(ssl, name_index, name) != 1) {
		base_free(name);
		return NULL;
	}
	return name;
}
