/*
 * listener/listener_tls.h - what a TLS address serves with. Private to this
 * room.
 *
 * An address has one SSL_CTX a set of names. The first is the one connections
 * are made from; whom a client asks for decides, within the handshake, which
 * one goes on. All of them hang off the first and are freed with it, and
 * OpenSSL counts who holds that: every connection holds the one it was opened
 * with. So another may take its place at any time, under open connections:
 * new ones are made from the new one, old ones go on as they are.
 *
 * What is loaded is read-only and shared by all workers; only the keys of
 * session tickets change.
 */
#ifndef BRIDGE_LISTENER_TLS_H
#define BRIDGE_LISTENER_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "certs/certs.h"
#include "listener/listener.h"

/* Whom to tell of what works and yet is to be looked at. */
struct tls_notes {
	listener_note *tell;
	void *arg;
	bool strict; /* see listener_check_tls() */
};

/*
 * The contexts of an address, behind the first; *to is NULL for plain HTTP.
 * -1 with why. What is out of date is served all the same, for that is better
 * than nothing; listener_check_tls() tells of it.
 */
int tls_load(const struct listener_address *a, SSL_CTX **to,
    struct fault *why) MUST_CHECK;
/* Clients are asked for certificates alike in both. */
bool tls_asks_alike(const SSL_CTX *a, const SSL_CTX *b);

/* listener_tls_names.c: whom a client asks for */

struct tls_name {
	char *text;   /* lower case; "*.a.test" stands for one label more */
	SSL_CTX *tls; /* who answers to it */
};

struct tls_names {
	struct tls_name *list; /* sorted by text */
	size_t count;
};

/* The DNS names of a certificate, sorted, each once; tls is NULL. */
void names_read(const X509 *own, struct tls_names *to);
/* Joins them to the table; who was first keeps a name. How many were new. */
size_t names_join(struct tls_names *table, const struct tls_names *more,
    SSL_CTX *tls);
bool names_equal(const struct tls_names *a, const struct tls_names *b);
/* Who answers to a host, of either case; NULL: nobody. */
SSL_CTX *names_find(const struct tls_names *table, const char *host);
void names_done(struct tls_names *n);

/* listener_tls_staple.c: what an OCSP responder said of a certificate */

struct staple {
	X509 *own;
	char *file;
	unsigned char *der; /* NULL: there is none */
	size_t len;
	int64_t until;    /* Unix time, in seconds */
	atomic_bool told; /* the log knows that it is over */
};

/*
 * -1 with why: not an answer, of another certificate, by somebody else, or
 * not "good". One that is over is told to the notes.
 */
int staple_read(const char *file, const struct cert_pair *pair,
    struct staple *to, const struct tls_notes *notes,
    struct fault *why) MUST_CHECK;
void staple_done(struct staple *s);
/* Has the context staple them; they have to live as long as it does. */
struct staples {
	struct staple **list;
	size_t count;
};
void staples_serve(SSL_CTX *tls, struct staples *all);

/* listener_tls_tickets.c: resumption, by any worker, over a renew as well */

struct ticket_key {
	unsigned char name[16], mac[32], cipher[32];
	int64_t made_us; /* monotonic; 0: not made yet */
};

/* The latest key and the one before, which is only read with. */
struct ticket_ring {
	pthread_mutex_t lock;
	struct ticket_key now, before;
};

/* A session is resumed, and a key is written with, for so long. */
#define TICKET_AGE_S 7200

/* The key to write with; false when the system has no random bytes. */
bool tickets_current(struct ticket_ring *r, int64_t now_us,
    struct ticket_key *to);
/* The key of that name; false when it is none of ours, or too old. */
bool tickets_find(struct ticket_ring *r, int64_t now_us,
    const unsigned char name[16], struct ticket_key *to);
/*
 * Sessions are resumed by tickets whose keys are the process's: no address
 * has its own, so that they outlive what they were issued by.
 */
void tickets_serve(SSL_CTX *tls);

/* listener_tls_client.c: certificates that clients show */

/*
 * Asks for certificates as the address says. `authorities` is what its file
 * holds, or NULL. A session is resumed only where the same are asked for:
 * `asked` is what they are, and whether one has to be shown, as a hash.
 */
#define CLIENT_ASKED_SIZE 32
void client_ask(SSL_CTX *tls, const struct listener_address *a,
    const STACK_OF(X509) * authorities, unsigned char asked[CLIENT_ASKED_SIZE]);
/* The time of the certificate that it was begun with is over. */
bool client_is_over(SSL_SESSION *session);
/*
 * Of a certificate that was verified: its first DNS name in lower case, its
 * first URI, its subject's common name; the first of the three that there is.
 * NULL: none, or it has no name that could be written. Belongs to the
 * connection. NULL is fine.
 */
const char *client_name(SSL *ssl);

#endif
