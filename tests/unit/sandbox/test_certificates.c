/*
 * tests/unit/sandbox/test_certificates.c - the development certificates:
 * what they are, what is kept, what is made anew.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sandbox/sandbox.h"
#include "sandbox/sandbox_parts.h"

#define DAY ((int64_t)24 * 60 * 60)

struct rig {
	char dir[32];
	int64_t now;
};

static int
set_up(void **state)
{
	struct rig *r = base_alloc(sizeof(*r));

	snprintf(r->dir, sizeof(r->dir), "/tmp/sandbox.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->now = clock_wall_ms() / 1000;
	*state = r;
	return 0;
}

static char *
path_of(const struct rig *r, const char *file)
{
	return base_print("%s/%s", r->dir, file);
}

static void
remove_folder(const char *at)
{
	DIR *dir = opendir(at);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path = base_print("%s/%s", at, entry->d_name);

		unlink(path);
		base_free(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(at);
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	remove_folder(r->dir);
	base_free(r);
	return 0;
}

static void
make(const struct rig *r, int64_t now)
{
	struct fault why = { 0 };

	if (certificates_make(r->dir, now, &why) == -1)
		fail_msg("%s: %s", why.where, why.text);
}

static X509 *
load(const struct rig *r, const char *file)
{
	char *path = path_of(r, file);
	FILE *f = fopen(path, "re");
	X509 *x;

	base_free(path);
	assert_non_null(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(x);
	return x;
}

/* Did the file change between two looks? Certificates have random serials. */
static char *
serial(const struct rig *r, const char *file)
{
	X509 *x = load(r, file);
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = BN_bn2hex(n);
	char *text = base_copy(hex);

	OPENSSL_free(hex);
	BN_free(n);
	X509_free(x);
	return text;
}

/* What a careful client does: chain, time, purpose, name. */
static int
verify(const struct rig *r, const char *file, const char *host,
    const char *address, int64_t at)
{
	X509 *ca = load(r, "dev-ca.pem"), *x = load(r, file);
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int error;

	assert_int_equal(X509_STORE_add_cert(trusted, ca), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, trusted, x, NULL), 1);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_time(param, (time_t)at);
	if (host != NULL)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	if (address != NULL)
		X509_VERIFY_PARAM_set1_ip_asc(param, address);
	X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(trusted);
	X509_free(x);
	X509_free(ca);
	return error;
}

static void
a_careful_client_accepts_them(void **state)
{
	static const char *const files[] = { "server.pem", "sandbox.pem" };
	struct rig *r = *state;

	make(r, r->now);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		assert_int_equal(verify(r, files[i], "localhost", NULL, r->now),
		    X509_V_OK);
		assert_int_equal(verify(r, files[i], NULL, "127.0.0.1", r->now),
		    X509_V_OK);
		assert_int_equal(verify(r, files[i], NULL, "::1", r->now),
		    X509_V_OK);
		assert_int_equal(verify(r, files[i], "api.leadsail.app", NULL,
		                     r->now),
		    X509_V_ERR_HOSTNAME_MISMATCH);
		assert_int_equal(verify(r, files[i], NULL, "127.0.0.2", r->now),
		    X509_V_ERR_IP_ADDRESS_MISMATCH);
		assert_int_equal(verify(r, files[i], "localhost", NULL,
		                     r->now + 89 * DAY),
		    X509_V_OK);
		assert_int_equal(verify(r, files[i], "localhost", NULL,
		                     r->now + 91 * DAY),
		    X509_V_ERR_CERT_HAS_EXPIRED);
	}
}

/* An extension's value as `openssl x509 -text` shows it. */
static void
assert_extension(const X509 *x, int nid, bool critical, const char *want)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	X509_EXTENSION *extension = X509_get_ext(x, at);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;
	struct str got;

	assert_true(at >= 0);
	assert_int_equal(X509_EXTENSION_get_critical(extension), critical);
	assert_int_equal(X509V3_EXT_print(bio, extension, 0, 0), 1);
	len = BIO_get_mem_data(bio, &data);
	got = (struct str){ data, (size_t)len };
	assert_str(got, want);
	BIO_free(bio);
}

static void
the_authority_can_do_no_harm(void **state)
{
	struct rig *r = *state;
	X509 *ca;
	int days, seconds;

	make(r, r->now);
	ca = load(r, "dev-ca.pem");
	assert_extension(ca, NID_basic_constraints, true, "CA:TRUE, pathlen:0");
	assert_extension(ca, NID_key_usage, true, "Certificate Sign, CRL Sign");
	assert_extension(ca, NID_name_constraints, true,
	    "Permitted:\n  DNS:localhost\n  IP:127.0.0.0/255.0.0.0\n  "
	    "IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");
	assert_int_equal(ASN1_TIME_diff(&days, &seconds,
	                     X509_get0_notBefore(ca), X509_get0_notAfter(ca)),
	    1);
	assert_int_equal(days, 365);
	assert_int_equal(X509_get_version(ca), X509_VERSION_3);
	assert_int_equal(X509_get_signature_nid(ca), NID_ecdsa_with_SHA256);
	X509_free(ca);
}

static void
servers_say_what_they_are_for(void **state)
{
	struct rig *r = *state;
	char group[32];
	X509 *x, *ca;

	make(r, r->now);
	x = load(r, "server.pem");
	ca = load(r, "dev-ca.pem");
	assert_extension(x, NID_basic_constraints, true, "CA:FALSE");
	assert_extension(x, NID_key_usage, true, "Digital Signature");
	assert_extension(x, NID_ext_key_usage, false,
	    "TLS Web Server Authentication");
	assert_extension(x, NID_subject_alt_name, false,
	    "DNS:localhost, IP Address:127.0.0.1, "
	    "IP Address:0:0:0:0:0:0:0:1");
	assert_non_null(X509_get0_authority_key_id(x));
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
	                     X509_get0_subject_key_id(ca)),
	    0);
	assert_int_equal(EVP_PKEY_get_group_name(X509_get0_pubkey(x), group,
	                     sizeof(group), NULL),
	    1);
	assert_string_equal(group, "prime256v1");
	X509_free(ca);
	X509_free(x);
}

/* libssl loads each pair, and no draft is left behind. */
static void
files_are_pairs_and_keys_are_private(void **state)
{
	static const char *const names[] = { "dev-ca", "server", "sandbox" };
	struct rig *r = *state;
	mode_t before = umask(0);
	DIR *dir;
	size_t count = 0;

	make(r, r->now);
	umask(before);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_method());
		char *pem = base_print("%s/%s.pem", r->dir, names[i]);
		char *key = base_print("%s/%s.key", r->dir, names[i]);
		struct stat st;

		assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, pem),
		    1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, key,
		                     SSL_FILETYPE_PEM),
		    1);
		assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
		assert_int_equal(stat(key, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(stat(pem, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
		base_free(key);
		base_free(pem);
		SSL_CTX_free(ctx);
	}
	dir = opendir(r->dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	assert_int_equal(count, 2 + 2 * COUNT_OF(names));
}

/* Makes again at `now`; wants these anew, the others kept, and all good. */
static void
assert_remade(const struct rig *r, int64_t now, bool ca, bool server,
    bool sandbox)
{
	static const char *const files[] = { "dev-ca.pem", "server.pem",
		"sandbox.pem" };
	char *before[COUNT_OF(files)];
	const bool want[] = { ca, server, sandbox };

	for (size_t i = 0; i < COUNT_OF(files); i++)
		before[i] = serial(r, files[i]);
	make(r, now);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char *after = serial(r, files[i]);

		if ((strcmp(before[i], after) != 0) != want[i])
			fail_msg("%s: %s", files[i],
			    want[i] ? "kept" : "made anew");
		base_free(after);
		base_free(before[i]);
	}
	assert_int_equal(verify(r, "server.pem", "localhost", NULL, now),
	    X509_V_OK);
	assert_int_equal(verify(r, "sandbox.pem", "localhost", NULL, now),
	    X509_V_OK);
}

static void
good_ones_are_kept_and_old_ones_are_not(void **state)
{
	struct rig *r = *state;

	make(r, r->now);
	assert_remade(r, r->now, false, false, false);
	assert_remade(r, r->now + 82 * DAY, false, false, false);
	assert_remade(r, r->now + 84 * DAY, false, true, true);
	/* The CA's days end, and with it whatever it signed. */
	assert_remade(r, r->now + 359 * DAY, true, true, true);
	/* A clock set back: not valid yet. */
	assert_remade(r, r->now, true, true, true);
}

static void
rename_in(const struct rig *r, const char *from, const char *to)
{
	char *a = path_of(r, from), *b = path_of(r, to);

	assert_int_equal(rename(a, b), 0);
	base_free(b);
	base_free(a);
}

static void
spoilt_ones_are_made_anew(void **state)
{
	struct rig *r = *state;
	char *key = path_of(r, "server.key");
	FILE *f;

	make(r, r->now);
	/* A key others could read, a key that is gone, half a file. */
	assert_int_equal(chmod(key, 0644), 0);
	assert_remade(r, r->now, false, true, false);
	assert_int_equal(unlink(key), 0);
	assert_remade(r, r->now, false, true, false);
	f = fopen(key, "we");
	assert_non_null(f);
	fputs("-----BEGIN PRIVATE KEY-----\n", f);
	fclose(f);
	assert_remade(r, r->now, false, true, false);
	/* Somebody else's key in its place. */
	rename_in(r, "sandbox.key", "server.key");
	assert_remade(r, r->now, false, true, true);
	/* A lost CA key: no new leaf could be signed. */
	rename_in(r, "dev-ca.key", "other.key");
	assert_remade(r, r->now, true, true, true);
	/* A leaf in the CA's place is no CA. */
	rename_in(r, "server.key", "dev-ca.key");
	rename_in(r, "server.pem", "dev-ca.pem");
	make(r, r->now);
	assert_int_equal(verify(r, "server.pem", "localhost", NULL, r->now),
	    X509_V_OK);
	base_free(key);
}

static FILE *
open_in(const struct rig *r, const char *name, const char *suffix,
    const char *mode)
{
	char *path = base_print("%s/%s.%s", r->dir, name, suffix);
	FILE *f = fopen(path, mode);

	base_free(path);
	assert_non_null(f);
	return f;
}

static EVP_PKEY *
load_key(const struct rig *r, const char *name)
{
	FILE *f = open_in(r, name, "key", "re");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	assert_non_null(key);
	return key;
}

static void
store(const struct rig *r, const char *name, X509 *x)
{
	FILE *f = open_in(r, name, "pem", "we");

	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
}

/* name.pem: for name's own key, in time, signed by the CA; but bare. */
static void
forge(const struct rig *r, const char *name)
{
	X509 *ca = load(r, "dev-ca.pem"), *x = X509_new();
	EVP_PKEY *key = load_key(r, name), *signer = load_key(r, "dev-ca");
	X509_NAME *issuer = X509_get_subject_name(ca);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
	X509_set_issuer_name(x, issuer);
	X509_set_subject_name(x, issuer);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 60L * 24 * 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
	store(r, name, x);
	EVP_PKEY_free(signer);
	EVP_PKEY_free(key);
	X509_free(x);
	X509_free(ca);
}

/* All its claims stay; the signature under them is not the CA's. */
static void
spoil_signature(const struct rig *r, const char *file, const char *name)
{
	X509 *x = load(r, file);
	const ASN1_BIT_STRING *signature;

	X509_get0_signature(&signature, NULL, x);
	signature->data[signature->length - 1] ^= 1;
	store(r, name, x);
	X509_free(x);
}

static void
forged_ones_are_made_anew(void **state)
{
	struct rig *r = *state;

	make(r, r->now);
	spoil_signature(r, "server.pem", "server");
	assert_remade(r, r->now, false, true, false);
	/* Signed by the CA, and names nothing. */
	forge(r, "sandbox");
	assert_remade(r, r->now, false, false, true);
	/* Signed by itself, and no CA. */
	forge(r, "dev-ca");
	assert_remade(r, r->now, true, true, true);
}

static void
a_link_is_replaced_and_not_followed(void **state)
{
	struct rig *r = *state;
	char *key = path_of(r, "server.key"), *other = path_of(r, "other");
	struct stat st;

	assert_int_equal(symlink(other, key), 0);
	make(r, r->now);
	assert_int_equal(lstat(key, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(lstat(other, &st), -1);
	base_free(other);
	base_free(key);
}

static void
the_folder_is_made_or_the_fault_names_it(void **state)
{
	struct rig *r = *state;
	struct fault why = { 0 };
	char *file = path_of(r, "file"), *deep = path_of(r, "no/such");
	FILE *f = fopen(file, "we");

	fclose(f);
	assert_int_equal(sandbox_make_certificates(deep, &why), -1);
	assert_string_equal(why.where, deep);
	assert_string_equal(why.text,
	    "cannot be made: No such file or "
	    "directory");
	why = (struct fault){ 0 };
	assert_int_equal(sandbox_make_certificates(file, &why), -1);
	assert_non_null(strstr(why.text, "Not a directory"));
	unlink(file);
	assert_int_equal(sandbox_make_certificates(file, &why), 0);
	remove_folder(file);
	base_free(deep);
	base_free(file);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_careful_client_accepts_them),
		test(the_authority_can_do_no_harm),
		test(servers_say_what_they_are_for),
		test(files_are_pairs_and_keys_are_private),
		test(good_ones_are_kept_and_old_ones_are_not),
		test(spoilt_ones_are_made_anew),
		test(forged_ones_are_made_anew),
		test(a_link_is_replaced_and_not_followed),
		test(the_folder_is_made_or_the_fault_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
