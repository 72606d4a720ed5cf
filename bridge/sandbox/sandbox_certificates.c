/*
 * sandbox/sandbox_certificates.c - a development CA and what it signs.
 *
 * The CA may sign for this machine's own names alone (name constraints), so
 * a browser that was told to trust it cannot be fooled about any other, even
 * by somebody who finds its key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sandbox/sandbox.h"
#include "sandbox/sandbox_parts.h"

#define DAY ((int64_t)24 * 60 * 60)
/* Files good for this much longer are kept. */
#define KEEP_DAYS 7
/* Clocks of two machines may differ a little: valid since an hour ago. */
#define CLOCK_SKEW 3600
/* Random bits of a serial number; RFC 5280 allows 20 bytes, positive. */
#define SERIAL_BITS 159
#define CERTIFICATE_FILE_MAX (64 << 10)

struct extension {
	int nid; /* 0 ends the list */
	const char *value;
};

/* One pair of files: name.pem, name.key. */
struct certificate {
	const char *name;
	const char *subject;
	int64_t days;
	bool authority;
	const struct extension *extensions;
};

static const struct extension authority_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_name_constraints,
	    "critical,permitted;DNS:localhost,"
	    "permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:::1/"
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL },
};

static const struct extension server_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL },
};

static const struct certificate authority = {
	.name = "dev-ca",
	.subject = "leadbridge development CA",
	.days = 365,
	.authority = true,
	.extensions = authority_extensions,
};

static const struct certificate servers[] = {
	{ .name = "server",
	    .subject = "leadbridge",
	    .days = 90,
	    .extensions = server_extensions },
	{ .name = "sandbox",
	    .subject = "leadbridge sandbox",
	    .days = 90,
	    .extensions = server_extensions },
};

/* A certificate with its private key. */
struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void
identity_done(struct identity *i)
{
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	*i = (struct identity){ 0 };
}

/* Reading what is there. */

static FILE *
open_file(const char *dir, const char *name, const char *suffix,
    mode_t forbidden)
{
	char *path = base_print("%s/%s.%s", dir, name, suffix);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	FILE *f = NULL;

	base_free(path);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & forbidden) == 0 && st.st_size < CERTIFICATE_FILE_MAX)
		f = fdopen(fd, "re");
	if (f == NULL)
		close(fd);
	return f;
}

static void
identity_read(struct identity *i, const char *dir, const char *name)
{
	FILE *f = open_file(dir, name, "pem", 0);

	if (f != NULL) {
		i->certificate = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	/* A key that others could read is no longer one: it is made anew. */
	f = open_file(dir, name, "key", S_IRWXG | S_IRWXO);
	if (f != NULL) {
		char no_passphrase[] = "";

		i->key = PEM_read_PrivateKey(f, NULL, NULL, no_passphrase);
		fclose(f);
	}
	ERR_clear_error();
}

static bool
in_time(const X509 *certificate, int64_t now)
{
	time_t from = (time_t)now, until = (time_t)(now + KEEP_DAYS * DAY);

	return X509_cmp_time(X509_get0_notBefore(certificate), &from) < 0 &&
	    X509_cmp_time(X509_get0_notAfter(certificate), &until) > 0;
}

static bool
names_this_machine(X509 *certificate)
{
	return X509_check_host(certificate, "localhost", 0, 0, NULL) == 1 &&
	    X509_check_ip_asc(certificate, "127.0.0.1", 0) == 1 &&
	    X509_check_ip_asc(certificate, "::1", 0) == 1;
}

/* Whole, in time, ours by signature, and fit for its purpose? */
static bool
still_good(const struct identity *i, const struct certificate *what,
    const struct identity *signer, int64_t now)
{
	X509 *issuer = what->authority ? i->certificate : signer->certificate;
	bool good;

	good = i->certificate != NULL && i->key != NULL &&
	    X509_check_private_key(i->certificate, i->key) == 1 &&
	    in_time(i->certificate, now) &&
	    X509_check_issued(issuer, i->certificate) == X509_V_OK &&
	    X509_verify(i->certificate, X509_get0_pubkey(issuer)) == 1 &&
	    (what->authority ? X509_check_ca(i->certificate) == 1
	                     : names_this_machine(i->certificate));
	ERR_clear_error();
	return good;
}

/* Making new ones. */

static int
set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	int set = number != NULL &&
	    BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) !=
	        NULL;

	BN_free(number);
	return set;
}

static int
set_subject(X509 *certificate, const char *subject)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate),
	    "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0);
}

static int
set_times(X509 *certificate, int64_t now, int64_t days)
{
	return ASN1_TIME_set(X509_getm_notBefore(certificate),
	           (time_t)(now - CLOCK_SKEW)) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(certificate),
	        (time_t)(now + days * DAY)) != NULL;
}

static int
add_extensions(X509 *certificate, X509 *issuer, const struct extension *list)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	for (; list->nid != 0; list++) {
		X509_EXTENSION *made = X509V3_EXT_nconf_nid(NULL, &context,
		    list->nid, list->value);
		int added = made != NULL && X509_add_ext(certificate, made, -1);

		X509_EXTENSION_free(made);
		if (!added)
			return 0;
	}
	return 1;
}

/* signer NULL: signs itself. Fills `out` wholly or not at all. */
static int
identity_make(const struct certificate *what, const struct identity *signer,
    int64_t now, struct identity *out)
{
	struct identity made = { X509_new(), EVP_EC_gen("P-256") };
	X509 *issuer = signer != NULL ? signer->certificate : made.certificate;
	EVP_PKEY *key = signer != NULL ? signer->key : made.key;

	if (made.certificate == NULL || made.key == NULL ||
	    !X509_set_version(made.certificate, X509_VERSION_3) ||
	    !set_serial(made.certificate) ||
	    !set_subject(made.certificate, what->subject) ||
	    !X509_set_issuer_name(made.certificate,
	        X509_get_subject_name(issuer)) ||
	    !set_times(made.certificate, now, what->days) ||
	    !X509_set_pubkey(made.certificate, made.key) ||
	    !add_extensions(made.certificate, issuer, what->extensions) ||
	    !X509_sign(made.certificate, key, EVP_sha256())) {
		identity_done(&made);
		return -1;
	}
	*out = made;
	return 0;
}

/* Writing them. */

/* Closes f. */
static int
write_all(FILE *f, const struct identity *i, bool key)
{
	int written = key
	    ? PEM_write_PKCS8PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL)
	    : PEM_write_X509(f, i->certificate);

	if (fflush(f) != 0 || fsync(fileno(f)) == -1 ||
	    fchmod(fileno(f), key ? 0600 : 0644) == -1)
		written = 0;
	if (fclose(f) != 0)
		written = 0;
	return written ? 0 : -1;
}

/* Beside its place first, then in it: nobody ever reads half of a file. */
static int
write_file(const char *dir, const char *name, const struct identity *i,
    bool key, struct fault *why)
{
	char *path = base_print("%s/%s.%s", dir, name, key ? "key" : "pem");
	char *draft = base_print("%s/.%s.XXXXXX", dir, name);
	int fd = mkostemp(draft, O_CLOEXEC); /* 0600 from its birth */
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;
	int rc = -1;

	if (f != NULL)
		rc = write_all(f, i, key);
	else if (fd != -1)
		close(fd);
	if (rc == 0)
		rc = rename(draft, path);
	if (rc == -1) {
		fault_set(why, FAULT_SETTINGS, path, "cannot be written: %s",
		    strerror(errno));
		if (fd != -1)
			unlink(draft);
	}
	base_free(draft);
	base_free(path);
	return rc;
}

/* What is there when it is still good, else a new one in its place. */
static int
identity_keep_or_make(const char *dir, const struct certificate *what,
    const struct identity *signer, int64_t now, struct identity *out,
    struct fault *why)
{
	struct identity i = { 0 };

	identity_read(&i, dir, what->name);
	if (!still_good(&i, what, signer, now)) {
		identity_done(&i);
		if (identity_make(what, signer, now, &i) == -1) {
			ERR_clear_error();
			return fault_set(why, FAULT_INTERNAL, what->name,
			    "OpenSSL cannot make this certificate");
		}
		if (write_file(dir, what->name, &i, true, why) == -1 ||
		    write_file(dir, what->name, &i, false, why) == -1) {
			identity_done(&i);
			return -1;
		}
	}
	*out = i;
	return 0;
}

int
certificates_make(const char *dir, int64_t now, struct fault *why)
{
	struct identity ca = { 0 }, server = { 0 };
	int rc;

	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		return fault_set(why, FAULT_SETTINGS, dir, "cannot be made: %s",
		    strerror(errno));
	rc = identity_keep_or_make(dir, &authority, NULL, now, &ca, why);
	for (size_t i = 0; rc == 0 && i < COUNT_OF(servers); i++) {
		rc = identity_keep_or_make(dir, &servers[i], &ca, now, &server,
		    why);
		identity_done(&server);
	}
	identity_done(&ca);
	return rc;
}

int
sandbox_make_certificates(const char *dir, struct fault *why)
{
	return certificates_make(dir, clock_wall_ms() / 1000, why);
}
