/*
 * console/console_doctor_certificates.c - the days left of each file, and
 * whether what is served is a chain.
 */
#include <openssl/x509_vfy.h>
#include <string.h>

#include "certs/certs.h"
#include "console/console_doctor.h"

#define DAY ((int64_t)24 * 60 * 60)

static void
tell_days(struct doctor *d, const char *file, const STACK_OF(X509) * list)
{
	int at;
	const int64_t left = cert_list_seconds_left(list,
	    clock_wall_ms() / 1000, &at);

	if (left <= 0)
		doctor_say(d, DOCTOR_FAULT, file, "renew it",
		    "is over, or has not begun");
	else if (left < CERT_DAYS_ENOUGH * DAY)
		doctor_say(d, DOCTOR_WARNING, file,
		    "renew it, and look why that is not done by itself",
		    "%lld days left", (long long)(left / DAY));
	else
		doctor_say(d, DOCTOR_OK, file, NULL, "%lld days left",
		    (long long)(left / DAY));
}

/* X509_V_OK, or why nobody who trusts what this machine trusts would. */
static int
judge(STACK_OF(X509) * list)
{
	X509_STORE *roots = X509_STORE_new();
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	int error = X509_V_ERR_OUT_OF_MEM;

	if (roots != NULL && c != NULL &&
	    X509_STORE_set_default_paths(roots) == 1 &&
	    X509_STORE_CTX_init(c, roots, sk_X509_value(list, 0), list) == 1) {
		(void)X509_verify_cert(c);
		error = X509_STORE_CTX_get_error(c);
	}
	X509_STORE_CTX_free(c);
	X509_STORE_free(roots);
	return error;
}

static void
tell_chain(struct doctor *d, const char *file, STACK_OF(X509) * list)
{
	const int error = judge(list);

	if (error == X509_V_OK)
		doctor_say(d, DOCTOR_OK, file, NULL,
		    "a chain of %d, to a root this machine trusts",
		    sk_X509_num(list));
	else
		doctor_say(d, DOCTOR_WARNING, file,
		    "put the authority's certificates behind its own; of an "
		    "authority of your own this is as it should be",
		    "senders refuse it unless they were told its authority "
		    "(%s)",
		    X509_verify_cert_error_string(error));
}

static void
look_at(struct doctor *d, const char *file, bool is_served)
{
	struct fault why = { 0 };
	STACK_OF(X509) *list = cert_list_read(file, &why);

	if (list == NULL) {
		doctor_say(d, DOCTOR_FAULT, file, "mend the file, or its path",
		    "%s", why.text);
		return;
	}
	tell_days(d, file, list);
	if (is_served)
		tell_chain(d, file, list);
	sk_X509_pop_free(list, X509_free);
}

static void
look_at_address(struct doctor *d, const struct listener_address *a)
{
	if (a->certificate != NULL)
		look_at(d, a->certificate, true);
	for (size_t i = 0; i < a->certificate_count; i++)
		look_at(d, a->certificates[i].certificate, true);
	if (a->client_ca != NULL)
		look_at(d, a->client_ca, false);
}

/* The way out: who is trusted, and what is shown. */
static void
look_at_upstream(struct doctor *d, const config_setting_t *upstream)
{
	static const char *const names[] = { "ca", "certificate" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *text = NULL;
		char *file;

		if (config_setting_lookup_string(upstream, names[i], &text) !=
		    CONFIG_TRUE)
			continue;
		file = settings_named(upstream, text);
		look_at(d, file, false);
		base_free(file);
	}
}

void
doctor_certificates(struct doctor *d)
{
	const struct program *p = d->program;
	const config_setting_t *upstreams = p->settings.upstreams;

	for (size_t i = 0; i < p->listen_count; i++)
		look_at_address(d, &p->listen[i]);
	look_at_address(d, &p->admin);
	for (int i = 0; i < config_setting_length(upstreams); i++)
		look_at_upstream(d,
		    config_setting_get_elem(upstreams, (unsigned)i));
}
