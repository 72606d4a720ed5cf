/*
 * listener/listener_tls_tickets.c - the keys of session tickets.
 *
 * They are the process's: a session that one worker, address or certificate
 * began is resumed by another, and after a renew. What must not be resumed
 * elsewhere is told apart by its context id (listener_tls_client.c). A key
 * writes for two hours and reads for two more, as long as a session lasts,
 * and is then wiped: what was recorded before cannot be read by whoever
 * finds the present one.
 */
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#include "listener/listener_tls.h"

#define AGE_US ((int64_t)TICKET_AGE_S * 1000000)

static struct ticket_ring ring = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
make_key(struct ticket_key *k, int64_t now_us)
{
	unsigned char
	    bytes[sizeof(k->name) + sizeof(k->mac) + sizeof(k->cipher)];

	if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	memcpy(k->name, bytes, sizeof(k->name));
	memcpy(k->mac, bytes + sizeof(k->name), sizeof(k->mac));
	memcpy(k->cipher, bytes + sizeof(k->name) + sizeof(k->mac),
	    sizeof(k->cipher));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	k->made_us = now_us;
	return true;
}

static bool
is_younger(const struct ticket_key *k, int64_t now_us, int64_t age_us)
{
	return k->made_us != 0 && now_us - k->made_us < age_us;
}

/* Under the lock. False when there is no key to write with. */
static bool
turn(struct ticket_ring *r, int64_t now_us)
{
	struct ticket_key next;

	if (!is_younger(&r->before, now_us, 2 * AGE_US))
		OPENSSL_cleanse(&r->before, sizeof(r->before));
	if (is_younger(&r->now, now_us, AGE_US))
		return true;
	if (!make_key(&next, now_us))
		return false;
	if (is_younger(&r->now, now_us, 2 * AGE_US))
		r->before = r->now;
	r->now = next;
	OPENSSL_cleanse(&next, sizeof(next));
	return true;
}

bool
tickets_current(struct ticket_ring *r, int64_t now_us, struct ticket_key *to)
{
	bool there;

	pthread_mutex_lock(&r->lock);
	there = turn(r, now_us);
	if (there)
		*to = r->now;
	pthread_mutex_unlock(&r->lock);
	return there;
}

static bool
is_named(const struct ticket_key *k, const unsigned char name[16])
{
	return k->made_us != 0 && memcmp(k->name, name, sizeof(k->name)) == 0;
}

bool
tickets_find(struct ticket_ring *r, int64_t now_us,
    const unsigned char name[16], struct ticket_key *to)
{
	const struct ticket_key *found = NULL;

	pthread_mutex_lock(&r->lock);
	(void)turn(r, now_us);
	if (is_named(&r->now, name))
		found = &r->now;
	else if (is_named(&r->before, name))
		found = &r->before;
	if (found != NULL)
		*to = *found;
	pthread_mutex_unlock(&r->lock);
	return found != NULL;
}

/* Fetched once: a look-up a ticket would cost more than the cipher does. */
static EVP_CIPHER *cipher;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void
fetch(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (cipher == NULL)
		bug("OpenSSL has no AES-256-CBC");
}

static bool
set_keys(const struct ticket_key *k, const unsigned char *iv,
    EVP_CIPHER_CTX *sealed, EVP_MAC_CTX *mac, bool writing)
{
	static char digest[] = "SHA256";
	unsigned char key[sizeof(k->mac)];
	OSSL_PARAM params[3];
	bool ok;

	memcpy(key, k->mac, sizeof(key));
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key,
	    sizeof(key));
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    digest, 0);
	params[2] = OSSL_PARAM_construct_end();
	ok = EVP_MAC_CTX_set_params(mac, params) == 1 &&
	    EVP_CipherInit_ex2(sealed, cipher, k->cipher, iv, writing, NULL) ==
	        1;
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

/* OpenSSL: 1 it is well, 2 and a new one is due, 0 unknown, -1 failed. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *sealed, EVP_MAC_CTX *mac, int writing)
{
	int64_t now_us = clock_mono_us();
	struct ticket_key k;
	int rc = -1;

	if (writing != 0) {
		if (tickets_current(&ring, now_us, &k) &&
		    RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher)) == 1 &&
		    set_keys(&k, iv, sealed, mac, true)) {
			memcpy(name, k.name, sizeof(k.name));
			rc = 1;
		}
	} else if (!tickets_find(&ring, now_us, name, &k)) {
		rc = 0;
	} else if (set_keys(&k, iv, sealed, mac, false)) {
		/*
		 * TLS 1.3 wants each ticket to be used once. In TLS 1.2 the key
		 * reads for as long as the session lasts, which a new ticket
		 * would not change.
		 */
		rc = SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
	}
	OPENSSL_cleanse(&k, sizeof(k));
	return rc;
}

/*
 * OpenSSL has read a session, or could not. TLS 1.3 makes a new session of
 * each that is resumed: it would stand for the client's certificate, which is
 * not looked at again, as long as it is used.
 */
static SSL_TICKET_RETURN
on_session(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
    size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	bool found = status == SSL_TICKET_SUCCESS ||
	    status == SSL_TICKET_SUCCESS_RENEW;

	(void)ssl, (void)name, (void)name_len, (void)arg;
	if (!found || client_is_over(session))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
	                                    : SSL_TICKET_RETURN_USE_RENEW;
}

void
tickets_serve(SSL_CTX *tls)
{
	pthread_once(&fetched, fetch);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(tls, TICKET_AGE_S);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(tls, on_ticket);
	if (SSL_CTX_set_session_ticket_cb(tls, NULL, on_session, NULL) != 1)
		bug("OpenSSL takes no look at sessions");
}
