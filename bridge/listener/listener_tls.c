/*
 * listener/listener_tls.c - the contexts of an address.
 *
 * TLS 1.2 with ephemeral keys and authenticated ciphers, and TLS 1.3.
 * A context a set of names: of two certificates with the same names one may
 * have an RSA key and one an ECDSA key, and the client's offer decides.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "listener/listener_tls.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384"
/* 112 bits: refuses RSA below 2048 and SHA-1 signatures. */
#define SECURITY_LEVEL 2
/*
 * Bytes of a record we write. OpenSSL's write buffer is of that size; nearly
 * all answers fit.
 */
#define RECORD_MAX 4096

/*
 * Of the certificates a client shows, all together: OpenSSL has room for them
 * as soon as it has read their length, and would allow 100 KiB. Chains have
 * some KiB.
 */
#define SHOWN_MAX ((size_t)20 << 10)

/* What hangs off a context, and is freed with it. */
struct extra {
	unsigned char asked[CLIENT_ASKED_SIZE]; /* see client_ask() */
	struct tls_names own;                   /* of its certificates */
	struct staples staples;
	/* Of the first alone: */
	struct tls_names table; /* of all contexts */
	bool refuse;            /* who asks for another name */
	SSL_CTX **others;
	size_t other_count;
};

/* An address being loaded. */
struct loading {
	const struct listener_address *address;
	const struct tls_notes *notes;
	STACK_OF(X509) * authorities; /* of client_ca; NULL: none */
	SSL_CTX *first;
	struct fault *why;
};

static int extra_index;
static pthread_once_t indexed = PTHREAD_ONCE_INIT;

static void
free_extra(void *parent, void *p, CRYPTO_EX_DATA *data, int index, long argl,
    void *argp)
{
	struct extra *e = p;

	(void)parent, (void)data, (void)index, (void)argl, (void)argp;
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->other_count; i++)
		SSL_CTX_free(e->others[i]);
	for (size_t i = 0; i < e->staples.count; i++) {
		staple_done(e->staples.list[i]);
		base_free(e->staples.list[i]);
	}
	names_done(&e->own);
	names_done(&e->table);
	base_free(e->staples.list);
	base_free(e->others);
	base_free(e);
}

static void
make_index(void)
{
	extra_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_extra);
	if (extra_index == -1)
		bug("OpenSSL has no room for a context's names");
}

static struct extra *
extra_of(const SSL_CTX *tls)
{
	return SSL_CTX_get_ex_data(tls, extra_index);
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

/*
 * Versions, ALPN, sessions and what is asked of clients are alike in all
 * contexts of an address: a connection keeps some of these from the first,
 * and takes the others from the one it went on with.
 */
static SSL_CTX *
new_context(const struct loading *l)
{
	const struct listener_address *a = l->address;
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL || SSL_CTX_set_cipher_list(tls, CIPHERS) != 1 ||
	    SSL_CTX_set1_groups_list(tls, GROUPS) != 1 ||
	    SSL_CTX_set_min_proto_version(tls,
	        a->tls_min != 0 ? a->tls_min : TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_ex_data(tls, extra_index,
	        base_alloc(sizeof(struct extra))) != 1)
		bug("OpenSSL has no TLS 1.2 with " CIPHERS);
	SSL_CTX_set_security_level(tls, SECURITY_LEVEL);
	SSL_CTX_set_options(tls,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	        SSL_OP_CLEANSE_PLAINTEXT | /* tokens */
	        SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(tls,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
	(void)SSL_CTX_set_max_send_fragment(tls, RECORD_MAX);
	SSL_CTX_set_max_cert_list(tls, SHOWN_MAX);
	SSL_CTX_set_read_ahead(tls, 1); /* a record in one read, not in two */
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
	tickets_serve(tls);
	client_ask(tls, a, l->authorities, extra_of(tls)->asked);
	return tls;
}

/* Whom does the client want? The name is in the handshake's first bytes. */
static int
on_name(SSL *ssl, int *alert, void *arg)
{
	const struct extra *first = arg;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *tls;

	if (host == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	tls = names_find(&first->table, host);
	if (tls == NULL && first->refuse) {
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	if (tls == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	if (tls != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, tls) == NULL)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static int
note_age(const struct loading *l, const char *file, const X509 *own)
{
	int64_t now = clock_wall_ms() / 1000;
	char text[CERT_AGE_TEXT];

	if (cert_seconds_left(own, now) > 0) {
		if (cert_is_over_soon(own, now, text))
			l->notes->tell(l->notes->arg, file, text);
		return 0;
	}
	if (l->notes->strict)
		return fault_set(l->why, FAULT_SETTINGS, file,
		    CERT_OUT_OF_DATE);
	l->notes->tell(l->notes->arg, file,
	    CERT_OUT_OF_DATE "; it is served all the same, and senders that "
	                     "look at it send nothing");
	return 0;
}

static bool
has_kind_of(SSL_CTX *tls, EVP_PKEY *key)
{
	long more = SSL_CTX_set_current_cert(tls, SSL_CERT_SET_FIRST);

	for (; more == 1;
	     more = SSL_CTX_set_current_cert(tls, SSL_CERT_SET_NEXT)) {
		const EVP_PKEY *has = SSL_CTX_get0_privatekey(tls);

		if (has != NULL &&
		    EVP_PKEY_get_base_id(has) == EVP_PKEY_get_base_id(key))
			return true;
	}
	return false;
}

/* The context of the same names that lacks a key of this kind, or NULL. */
static SSL_CTX *
find_partner(const struct loading *l, const struct tls_names *names,
    EVP_PKEY *key)
{
	const struct extra *first;

	if (l->first == NULL)
		return NULL;
	first = extra_of(l->first);
	if (names_equal(&first->own, names) && !has_kind_of(l->first, key))
		return l->first;
	for (size_t i = 0; i < first->other_count; i++)
		if (names_equal(&extra_of(first->others[i])->own, names) &&
		    !has_kind_of(first->others[i], key))
			return first->others[i];
	return NULL;
}

/* A context of its own; the first is the address's. */
static SSL_CTX *
begin_context(struct loading *l, const char *file, struct tls_names *names)
{
	SSL_CTX *tls = new_context(l);
	struct extra *first;

	if (l->first == NULL)
		l->first = tls;
	first = extra_of(l->first);
	if (tls != l->first) {
		first->others = base_grow(first->others, first->other_count + 1,
		    sizeof(SSL_CTX *));
		first->others[first->other_count++] = tls;
	}
	if (names_join(&first->table, names, tls) == 0 && tls != l->first) {
		fault_set(l->why, FAULT_SETTINGS, file,
		    "would never be served: every name in it (DNS, among its "
		    "subject's alternative names) is one of a certificate "
		    "before it, with a key of the same kind");
		return NULL;
	}
	extra_of(tls)->own = *names;
	*names = (struct tls_names){ .list = NULL };
	return tls;
}

static int
add_staple(struct loading *l, SSL_CTX *tls, const char *file,
    const struct cert_pair *pair)
{
	struct staples *all = &extra_of(tls)->staples;
	struct staple *s;

	if (file == NULL)
		return 0;
	s = base_alloc(sizeof(*s));
	if (staple_read(file, pair, s, l->notes, l->why) == -1) {
		base_free(s);
		return -1;
	}
	all->list = base_grow(all->list, all->count + 1, sizeof(*all->list));
	all->list[all->count++] = s;
	staples_serve(tls, all);
	return 0;
}

static int
add_pair(struct loading *l, const struct listener_certificate *c,
    const struct cert_pair *pair)
{
	struct tls_names names;
	SSL_CTX *tls;
	int rc = -1;

	names_read(pair->own, &names);
	tls = find_partner(l, &names, pair->key);
	if (tls == NULL)
		tls = begin_context(l, c->certificate, &names);
	names_done(&names);
	if (tls != NULL &&
	    cert_pair_use(pair, c->certificate, tls, l->why) == 0 &&
	    note_age(l, c->certificate, pair->own) == 0)
		rc = add_staple(l, tls, c->ocsp, pair);
	return rc;
}

static int
add_certificate(struct loading *l, const struct listener_certificate *c)
{
	struct cert_pair pair;
	int rc;

	if (c->certificate == NULL || c->key == NULL)
		return fault_set(l->why, FAULT_SETTINGS, l->address->address,
		    "certificate and key belong together: give both, or "
		    "neither for plain HTTP");
	if (cert_pair_read(c->certificate, c->key, &pair, l->why) == -1)
		return -1;
	rc = add_pair(l, c, &pair);
	cert_pair_free(&pair);
	return rc;
}

static int
add_all(struct loading *l)
{
	const struct listener_address *a = l->address;
	const struct listener_certificate first = { a->certificate, a->key,
		a->ocsp };

	if ((a->certificate != NULL || a->key != NULL) &&
	    add_certificate(l, &first) == -1)
		return -1;
	for (size_t i = 0; i < a->certificate_count; i++)
		if (add_certificate(l, &a->certificates[i]) == -1)
			return -1;
	return 0;
}

static void
serve_names(const struct loading *l)
{
	struct extra *first = extra_of(l->first);

	first->refuse = l->address->unknown_name == UNKNOWN_NAME_REFUSE;
	if (first->other_count == 0 && !first->refuse)
		return;
	SSL_CTX_set_tlsext_servername_callback(l->first, on_name);
	SSL_CTX_set_tlsext_servername_arg(l->first, first);
}

static int
load(struct loading *l, SSL_CTX **to)
{
	const struct listener_address *a = l->address;
	int rc;

	*to = NULL;
	if (a->certificate == NULL && a->key == NULL &&
	    a->certificate_count == 0)
		return 0;
	pthread_once(&indexed, make_index);
	if (a->client_ca != NULL) {
		l->authorities = cert_list_read(a->client_ca, l->why);
		if (l->authorities == NULL)
			return -1;
	}
	rc = add_all(l);
	sk_X509_pop_free(l->authorities, X509_free);
	if (rc == -1) {
		SSL_CTX_free(l->first);
		return -1;
	}
	serve_names(l);
	*to = l->first;
	return 0;
}

bool
tls_asks_alike(const SSL_CTX *a, const SSL_CTX *b)
{
	return memcmp(extra_of(a)->asked, extra_of(b)->asked,
	           CLIENT_ASKED_SIZE) == 0;
}

static void
tell_nobody(void *arg, const char *file, const char *text)
{
	(void)arg, (void)file, (void)text;
}

int
tls_load(const struct listener_address *a, SSL_CTX **to, struct fault *why)
{
	static const struct tls_notes notes = { .tell = tell_nobody };
	struct loading l = { .address = a, .notes = &notes, .why = why };

	return load(&l, to);
}

int
listener_check_tls(const struct listener_address *a, bool strict,
    listener_note *note, void *arg, struct fault *why)
{
	const struct tls_notes notes = { note != NULL ? note : tell_nobody, arg,
		strict };
	struct loading l = { .address = a, .notes = &notes, .why = why };
	SSL_CTX *tls;

	if (load(&l, &tls) == -1)
		return -1;
	SSL_CTX_free(tls);
	return 0;
}
