/*
 * tests/unit/listener/test_tls.c - certificates that cannot be served, and
 * listeners that cannot start; each says why.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "listener/listener.h"

static char folder[] = "/tmp/listener-test-XXXXXX";

static const char *
in_folder(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void
write_certificate(const char *name, EVP_PKEY *key, long from, long to)
{
	X509 *x = X509_new();
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
}

static void
write_key(const char *name, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(in_folder(name), "w");
	const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_128_cbc()
	                                              : NULL;

	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, cipher, NULL, 0,
	                     NULL,
	                     passphrase != NULL ? (void *)(uintptr_t)passphrase
	                                        : NULL),
	    1);
	fclose(f);
}

#define DAY (24L * 3600)

static int
make_files(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	write_certificate("good.pem", key, -DAY, 90 * DAY);
	write_certificate("month.pem", key, -DAY, 21 * DAY + 600);
	write_certificate("weeks.pem", key, -DAY, 21 * DAY - 60);
	write_certificate("day.pem", key, -DAY, DAY + 600);
	write_certificate("hours.pem", key, -DAY, DAY - 60);
	write_certificate("old.pem", key, -2 * DAY, -DAY);
	write_certificate("early.pem", key, DAY, 2 * DAY);
	write_key("good.key", key, NULL);
	write_key("other.key", other, NULL);
	write_key("locked.key", key, "open sesame");
	f = fopen(in_folder("junk"), "w");
	fputs("junk\n", f);
	fclose(f);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return 0;
}

static int
drop_files(void **state)
{
	static const char *const names[] = { "good.pem", "month.pem",
		"weeks.pem", "day.pem", "hours.pem", "old.pem", "early.pem",
		"good.key", "other.key", "locked.key", "junk" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

static struct listener_address
serving(const char *certificate, const char *key)
{
	return (struct listener_address){ .address = "127.0.0.1:0",
		.certificate = in_folder(certificate),
		.key = in_folder(key) };
}

/* Keeps the last note, and counts. */
struct noted {
	unsigned count;
	char file[128], text[160];
};

static void
note(void *arg, const char *file, const char *text)
{
	struct noted *n = arg;

	n->count++;
	snprintf(n->file, sizeof(n->file), "%s", file);
	snprintf(n->text, sizeof(n->text), "%s", text);
}

static void
test_good_certificate(void **state)
{
	struct fault why = { .code = FAULT_NONE };
	struct listener_address a = serving("good.pem", "good.key");
	struct noted noted = { .count = 0 };

	(void)state;
	assert_int_equal(listener_check_tls(&a, true, note, &noted, &why), 0);
	assert_int_equal(why.code, FAULT_NONE);
	assert_int_equal(noted.count, 0);
	assert_int_equal(listener_check_tls(&a, true, NULL, NULL, &why), 0);
}

static void
test_plain_http_is_no_fault(void **state)
{
	struct fault why = { .code = FAULT_NONE };
	struct listener_address a = { .address = "127.0.0.1:0" };

	(void)state;
	assert_int_equal(listener_check_tls(&a, true, NULL, NULL, &why), 0);
}

/* 21 days are told of, and one second more is not. */
static void
test_days_left_are_told(void **state)
{
	static const struct {
		const char *file, *says;
	} cases[] = {
		{ "month.pem", NULL },
		{ "weeks.pem", "is over in 20 days" },
		{ "day.pem", "is over in 1 day:" },
		{ "hours.pem", "is over in 0 days" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fault why = { .code = FAULT_NONE };
		struct listener_address a = serving(cases[i].file, "good.key");
		struct noted noted = { .count = 0 };

		assert_int_equal(listener_check_tls(&a, true, note, &noted,
		                     &why),
		    0);
		assert_int_equal(noted.count, cases[i].says != NULL);
		if (cases[i].says == NULL)
			continue;
		assert_non_null(strstr(noted.file, cases[i].file));
		if (strstr(noted.text, cases[i].says) == NULL)
			fail_msg("%s: says %s", cases[i].file, noted.text);
	}
}

static void
test_bad_certificates(void **state)
{
	static const struct {
		const char *certificate, *key, *where, *says;
	} cases[] = {
		{ "none", "good.key", "none", "cannot be read: No such file" },
		{ "good.pem", "none", "none", "cannot be read: No such file" },
		{ "junk", "good.key", "junk",
		    "not a file of certificates in PEM" },
		{ "good.key", "good.key", "good.key",
		    "not a file of certificates in PEM" },
		{ "good.pem", "junk", "junk", "not a private key in PEM" },
		{ "good.pem", "other.key", "other.key", "does not belong to" },
		{ "good.pem", "locked.key", "locked.key", "passphrase" },
		{ "old.pem", "good.key", "old.pem", "has expired" },
		{ "early.pem", "good.key", "early.pem", "not valid yet" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fault why = { .code = FAULT_NONE };
		struct listener_address a = serving(cases[i].certificate,
		    cases[i].key);

		assert_int_equal(listener_check_tls(&a, true, NULL, NULL, &why),
		    -1);
		assert_int_equal(why.code, FAULT_SETTINGS);
		assert_non_null(strstr(why.where, cases[i].where));
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("%s: says %s", cases[i].certificate, why.text);
	}
}

/* Senders are better served by one that is over than by nobody. */
static void
test_out_of_date_is_served_and_told(void **state)
{
	static const char *const files[] = { "old.pem", "early.pem" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct fault why = { .code = FAULT_NONE };
		struct listener_address a = serving(files[i], "good.key");
		struct noted noted = { .count = 0 };

		assert_int_equal(listener_check_tls(&a, false, note, &noted,
		                     &why),
		    0);
		assert_int_equal(noted.count, 1);
		assert_non_null(strstr(noted.file, files[i]));
		assert_non_null(strstr(noted.text, "has expired"));
		assert_non_null(strstr(noted.text, "served all the same"));
	}
}

/* A service that starts on all workers but one. */
static atomic_int started, stopped;

static void *
start(void *shared, void *event_base, unsigned worker)
{
	assert_non_null(event_base);
	if (worker == *(const unsigned *)shared)
		return NULL;
	started++;
	return shared;
}

static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
	x->reply(x, &(struct answer){ .status = 204 });
}

static void
stop(void *mine)
{
	(void)mine;
	stopped++;
}

static struct listener *
start_with(const struct listener_address *address, unsigned bad_worker,
    struct fault *why)
{
	static unsigned bad;
	static struct service service = { .start = start,
		.serve = serve,
		.stop = stop,
		.shared = &bad };
	struct listener_setup setup = { .name = "test",
		.addresses = address,
		.address_count = 1,
		.workers = 3,
		.service = &service };
	struct faults all = { 0 };

	bad = bad_worker;
	started = stopped = 0;
	log_set_level(LOG_LEVEL_ERROR);
	assert_true(settings_read(NULL, "limits", listener_limits_settings,
	    &setup.limits, &all));
	return listener_start(&setup, why);
}

#define NONE 99

static void
test_starts_and_stops(void **state)
{
	struct listener_address address = { .address = "127.0.0.1:0" };
	struct fault why = { .code = FAULT_NONE };
	struct listener *l = start_with(&address, NONE, &why);

	(void)state;
	assert_non_null(l);
	assert_true(listener_port(l, 0) > 0);
	assert_int_equal(started, 3);
	listener_stop(l, 1000);
	assert_int_equal(stopped, 3);
}

static void
test_a_worker_that_cannot_start_stops_all(void **state)
{
	struct listener_address address = { .address = "127.0.0.1:0" };
	struct fault why = { .code = FAULT_NONE };

	(void)state;
	assert_null(start_with(&address, 1, &why));
	assert_non_null(strstr(why.text, "could not start"));
	assert_int_equal(started, 2);
	assert_int_equal(stopped, 2);
}

static void
test_a_key_needs_its_certificate(void **state)
{
	struct listener_address address = { .address = "127.0.0.1:0",
		.key = in_folder("good.key") };
	struct fault why = { .code = FAULT_NONE };

	(void)state;
	assert_null(start_with(&address, NONE, &why));
	assert_non_null(strstr(why.text, "belong together"));
	assert_int_equal(started, 0);
}

/* Serving badly is better than not at all; `check` is where it is told. */
static void
test_an_old_certificate_is_served(void **state)
{
	struct listener_address address = { .address = "127.0.0.1:0",
		.certificate = in_folder("old.pem"),
		.key = in_folder("good.key") };
	struct fault why = { .code = FAULT_NONE };
	struct listener *l = start_with(&address, NONE, &why);

	(void)state;
	assert_non_null(l);
	listener_stop(l, 0);
}

static void
test_defaults(void **state)
{
	struct listener_limits limits = { 0 };
	struct faults all = { 0 };

	(void)state;
	assert_true(settings_read(NULL, "limits", listener_limits_settings,
	    &limits, &all));
	assert_int_equal(limits.body, 1 << 20);
	assert_int_equal(limits.headers, 16 << 10);
	assert_int_equal(limits.connections, 4096);
	assert_int_equal(limits.header_timeout, 5000);
	assert_int_equal(limits.body_timeout, 15000);
	assert_int_equal(limits.idle_timeout, 60000);
	assert_int_equal(limits.write_timeout, 30000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_certificate),
		cmocka_unit_test(test_plain_http_is_no_fault),
		cmocka_unit_test(test_days_left_are_told),
		cmocka_unit_test(test_bad_certificates),
		cmocka_unit_test(test_out_of_date_is_served_and_told),
		cmocka_unit_test(test_starts_and_stops),
		cmocka_unit_test(test_a_worker_that_cannot_start_stops_all),
		cmocka_unit_test(test_a_key_needs_its_certificate),
		cmocka_unit_test(test_an_old_certificate_is_served),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
