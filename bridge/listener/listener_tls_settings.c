/* listener/listener_tls_settings.c - an entry of `listen`, files and all. */
#include "listener/listener.h"

const struct setting listener_certificate_settings[] = {
	{ .name = "certificate",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_certificate, certificate),
	    .required = true,
	    .help = "Certificate chain in PEM." },

	{ .name = "key",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_certificate, key),
	    .required = true,
	    .help = "Private key of the certificate, in PEM." },

	{ .name = "ocsp",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct listener_certificate, ocsp),
	    .help = "What its OCSP responder answered, in DER, to be "
	            "stapled." },

	{ .name = NULL },
};

/* NULL stays NULL. */
static const char *
beside(const config_setting_t *entry, const char *path)
{
	return path != NULL ? settings_named(entry, path) : NULL;
}

static bool
read_certificates(const config_setting_t *list, const char *what,
    struct listener_address *to, struct faults *all)
{
	int count = config_setting_is_list(list) ? config_setting_length(list)
	                                         : 0;
	bool ok = true;

	if (count == 0) {
		settings_fault(all, list,
		    "%s.certificates: a list ( { certificate = \"...\"; key = "
		    "\"...\"; } ) is expected",
		    what);
		return false;
	}
	to->certificates = base_alloc(
	    (size_t)count * sizeof(*to->certificates));
	for (int i = 0; i < count; i++) {
		const config_setting_t *entry = config_setting_get_elem(list,
		    (unsigned)i);
		struct listener_certificate c = { NULL, NULL, NULL };

		if (!settings_read(entry, "certificates",
		        listener_certificate_settings, &c, all)) {
			ok = false;
			continue;
		}
		to->certificates
		    [to->certificate_count++] = (struct listener_certificate){
			beside(entry, c.certificate), beside(entry, c.key),
			beside(entry, c.ocsp)
		};
	}
	return ok;
}

/* What would be ignored is a slip, or a hope that is not fulfilled. */
static bool
check_whole(const config_setting_t *entry, const char *what,
    const struct listener_address *a, struct faults *all)
{
	bool plain = a->certificate == NULL && a->certificate_tree == NULL;
	size_t before = all->count;

	if ((a->certificate == NULL) != (a->key == NULL))
		settings_fault(all, entry,
		    "%s: certificate and key go together", what);
	if (a->ocsp != NULL && a->certificate == NULL)
		settings_fault(all, entry,
		    "%s.ocsp: goes with a certificate beside it", what);
	if (a->client_ca != NULL && plain)
		settings_fault(all, entry,
		    "%s.client_ca: without a certificate there is no TLS, and "
		    "no client shows one",
		    what);
	if (a->client_ca == NULL &&
	    config_setting_get_member(entry, "client") != NULL)
		settings_fault(all, config_setting_get_member(entry, "client"),
		    "%s.client: goes with client_ca, the authorities whose "
		    "certificates clients may show",
		    what);
	if (plain && config_setting_get_member(entry, "unknown_name") != NULL)
		settings_fault(all,
		    config_setting_get_member(entry, "unknown_name"),
		    "%s.unknown_name: without a certificate no client says a "
		    "name",
		    what);
	return all->count == before;
}

bool
listener_address_read(const config_setting_t *entry, const char *what,
    struct listener_address *to, struct faults *all)
{
	struct listener_address a = { .address = NULL };
	bool ok = settings_read(entry, what, listener_address_settings, &a,
	              all) &&
	    check_whole(entry, what, &a, all);

	*to = a;
	to->certificate = to->key = to->ocsp = to->client_ca = NULL;
	if (!ok)
		return false;
	to->certificate = beside(entry, a.certificate);
	to->key = beside(entry, a.key);
	to->ocsp = beside(entry, a.ocsp);
	to->client_ca = beside(entry, a.client_ca);
	if (a.certificate_tree == NULL ||
	    read_certificates(a.certificate_tree, what, to, all))
		return true;
	listener_address_done(to);
	return false;
}

static void
free_text(const char *text)
{
	base_free((void *)(uintptr_t)text);
}

void
listener_address_done(struct listener_address *a)
{
	free_text(a->certificate);
	free_text(a->key);
	free_text(a->ocsp);
	free_text(a->client_ca);
	for (size_t i = 0; i < a->certificate_count; i++) {
		free_text(a->certificates[i].certificate);
		free_text(a->certificates[i].key);
		free_text(a->certificates[i].ocsp);
	}
	base_free(a->certificates);
	a->certificates = NULL;
	a->certificate_count = 0;
	a->certificate = a->key = a->ocsp = a->client_ca = NULL;
}
