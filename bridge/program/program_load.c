/* program/program_load.c - loading a settings file whole. */
#include <string.h>
#include <unistd.h>

#include "program/program_admin.h"
#include "program/program_confine.h"
#include "program/program_load.h"

const struct setting program_table[] = {
	{ .name = "admin",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, admin),
	    .rows = admin_settings_table,
	    .help = "Where health, metrics and the journal are served." },

	{ .name = "confine",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct program_settings, confine),
	    .names = confine_modes,
	    .fallback = "on",
	    .help = "Give up all files, ports and system calls but those "
	            "that are needed: on, as far as the kernel can; required, "
	            "or not start; off." },

	{ .name = "drain_timeout",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct program_settings, drain_timeout),
	    .min = 0,
	    .max = 3600 * 1000,
	    .fallback = "10s",
	    .help = "How long open requests may take to finish at the end." },

	{ .name = "group",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct program_settings, group),
	    .help = "The group to become with user; without it the user's "
	            "own." },

	{ .name = "journal",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, journal),
	    .rows = journal_settings_table,
	    .help = "Where events of queued routes are kept." },

	{ .name = "key_store",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, key_store),
	    .rows = key_store_settings,
	    .help = "The encrypted file that secrets with a store are in." },

	{ .name = "limits",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, limits),
	    .rows = listener_limits_settings,
	    .help = "Ceilings and deadlines of inbound connections." },

	{ .name = "listen",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, listen),
	    .rows = listener_address_settings,
	    .shape = SETTING_GROUPS,
	    .required = true,
	    .help = "Addresses to serve webhooks on." },

	{ .name = "log",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, log),
	    .rows = log_settings_table,
	    .help = "Level and format of the log." },

	{ .name = "routes",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct program_settings, routes),
	    .required = true,
	    .help = "The mapping files, a pattern beside this file." },

	{ .name = "secrets",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, secrets),
	    .rows = secret_settings,
	    .shape = SETTING_NAMED,
	    .help = "API keys and webhook secrets, by name." },

	{ .name = "tracing",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, tracing),
	    .rows = trace_settings_table,
	    .help = "Where spans of the events' way are sent, as OTLP over "
	            "HTTP; without it none are made." },

	{ .name = "upstreams",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct program_settings, upstreams),
	    .rows = upstream_settings,
	    .shape = SETTING_NAMED,
	    .required = true,
	    .help = "The APIs lead updates are sent to, by name." },

	{ .name = "user",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct program_settings, user),
	    .help = "Started as root, become this user once the addresses are "
	            "bound." },

	{ .name = "watch_files",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct program_settings, watch_files),
	    .min = 0,
	    .max = 3600 * 1000,
	    .fallback = "5s",
	    .help = "How often the files of certificates, keys and secrets "
	            "are looked at; when they change the settings are loaded "
	            "again. 0s: never." },

	{ .name = "workers",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct program_settings, workers),
	    .min = 0,
	    .max = 256,
	    .fallback = "0",
	    .help = "Threads that serve; 0 means one a core." },

	{ .name = NULL },
};

static char *
beside(const struct program *p, const char *path)
{
	return path != NULL ? settings_beside(settings_path(p->file), path)
	                    : NULL;
}

void
program_note(struct program *p, char *text)
{
	p->notes = base_grow(p->notes, p->note_count + 1, sizeof(*p->notes));
	p->notes[p->note_count++] = text;
}

/* Right, and yet to be looked at. */
static void
keep_note(void *arg, const char *file, const char *text)
{
	struct program *p = arg;

	program_note(p, base_print("%s: %s", file, text));
}

static void
check_certificate(struct program *p, const struct listener_address *a,
    const char *what, const config_setting_t *entry, struct faults *all)
{
	struct fault why = { 0 };

	if (listener_check_tls(a, p->strict, keep_note, p, &why) == -1)
		settings_fault(all, entry, "%s: %s%s%s", what, why.where,
		    why.where[0] != '\0' ? ": " : "", why.text);
}

static void
check_address(const char *address, const char *what, bool loopback,
    const config_setting_t *at, struct faults *all)
{
	struct fault why = { 0 };

	if (listener_check_address(address, loopback, &why) == -1)
		settings_fault(all, at, "%s.address: %s: %s", what, address,
		    why.text);
}

static void
check_front(const struct listener_address *a, const config_setting_t *entry,
    struct faults *all)
{
	struct fault why = { 0 };

	if (listener_check_front(a, &why) == -1)
		settings_fault(all, entry, "listen: %s: %s", why.where,
		    why.text);
}

static void
load_listen(struct program *p, struct faults *all)
{
	const config_setting_t *list = p->settings.listen;
	int count = list != NULL ? config_setting_length(list) : 0;

	if (list == NULL)
		return;
	if (!config_setting_is_list(list) || count == 0) {
		settings_fault(all, list,
		    "listen: a list ( { address = \"...\"; } ) is expected");
		return;
	}
	p->listen = base_alloc((size_t)count * sizeof(p->listen[0]));
	for (int i = 0; i < count; i++) {
		const config_setting_t *entry = config_setting_get_elem(list,
		    (unsigned)i);
		struct listener_address *a = &p->listen[p->listen_count];

		if (!listener_address_read(entry, "listen", a, all))
			continue;
		p->listen_count++;
		check_address(a->address, "listen", false, entry, all);
		check_certificate(p, a, "listen", entry, all);
		check_front(a, entry, all);
	}
}

/* Without a token the admin endpoint stays on this machine. */
static void
load_admin(struct program *p, struct faults *all)
{
	const config_setting_t *group = p->settings.admin;
	struct admin_settings admin = { 0 };

	if (!settings_read(group, "admin", admin_settings_table, &admin, all))
		return;
	p->admin = (struct listener_address){ .address = admin.address,
		.certificate = beside(p, admin.certificate),
		.key = beside(p, admin.key) };
	check_address(admin.address, "admin", admin.token == NULL, group, all);
	check_certificate(p, &p->admin, "admin", group, all);
	if (admin.token == NULL || p->secrets == NULL)
		return;
	p->admin_token = secrets_find(p->secrets, admin.token);
	if (p->admin_token == NULL)
		settings_fault(all, group,
		    "admin.token: there is no secret of that name");
}

static void
load_upstreams(struct program *p, struct faults *all)
{
	const config_setting_t *group = p->settings.upstreams;
	int count = 0;

	if (group == NULL)
		return;
	if (config_setting_is_group(group))
		count = config_setting_length(group);
	if (count == 0) {
		settings_fault(all, group,
		    "upstreams: a group { leadsail = { ... }; } is expected");
		return;
	}
	p->targets = base_alloc(
	    (size_t)count * sizeof(struct upstream_target *));
	for (int i = 0; i < count; i++) {
		const config_setting_t *entry = config_setting_get_elem(group,
		    (unsigned)i);
		struct upstream_target
		    *t = upstream_target_new(config_setting_name(entry), entry,
		        p->secrets, all);

		if (t != NULL)
			p->targets[p->target_count++] = t;
		if (t != NULL && upstream_target_note(t) != NULL)
			keep_note(p, config_setting_name(entry),
			    upstream_target_note(t));
	}
}

static void
load_routes(struct program *p, bool targets_known, struct faults *all)
{
	struct routes_setup setup = { .settings_file = settings_path(p->file),
		.pattern = p->settings.routes,
		.secrets = p->secrets,
		.targets = targets_known ? p->targets : NULL,
		.journalled = p->settings.journal != NULL,
		.target_count = p->target_count };

	if (p->settings.routes != NULL)
		p->routes = routes_load(&setup, all);
}

#define SQLITE "sqlite:"

const char *
journal_file(const char *url)
{
	const size_t len = sizeof(SQLITE) - 1;

	return strncmp(url, SQLITE, len) == 0 ? url + len : NULL;
}

/* A relative path stands beside the settings file. */
static char *
resolve_url(const struct program *p, const char *url)
{
	char *path = beside(p, journal_file(url)), *resolved;

	if (path == NULL)
		return base_copy(url);
	resolved = base_print(SQLITE "%s", path);
	base_free(path);
	return resolved;
}

static void
find_journal_key(struct program *p, struct faults *all)
{
	const char *name = p->journal.encrypt;
	const struct secret *secret;
	struct fault why = { 0 };

	if (name == NULL || p->secrets == NULL)
		return;
	secret = secrets_find(p->secrets, name);
	if (secret == NULL) {
		settings_fault(all, p->settings.journal,
		    "journal.encrypt: there is no secret of that name");
		return;
	}
	p->journal_key = secret_value(secret, 0);
	if (journal_check_key(p->journal_key, &why) == -1)
		settings_fault(all, p->settings.journal,
		    "journal.encrypt: the secret '%s': %s", name, why.text);
}

static void
load_journal(struct program *p, struct faults *all)
{
	struct fault why = { 0 };

	if (p->settings.journal == NULL ||
	    !settings_read(p->settings.journal, "journal",
	        journal_settings_table, &p->journal, all))
		return;
	if (journal_check_url(p->journal.url, &why) == -1)
		settings_fault(all, p->settings.journal, "journal.url: %s",
		    why.text);
	p->journal_url = resolve_url(p, p->journal.url);
	p->journal.url = p->journal_url;
	find_journal_key(p, all);
}

/* What the user of the settings may not read is found here, not by a reload. */
static void
dress(const struct program *p, struct confine_guise *g, struct faults *all)
{
	struct fault why = { 0 };

	if (confine_dress(g, p->settings.user, p->settings.group, &why) == -1)
		settings_fault(all,
		    config_setting_get_member(settings_root(p->file),
		        why.where),
		    "%s: %s", why.where, why.text);
}

static void
note_unasked(struct program *p)
{
	const char *route = p->routes != NULL ? routes_ask_client(p->routes)
	                                      : NULL;

	for (size_t i = 0; i < p->listen_count; i++)
		if (p->listen[i].client_ca != NULL)
			return;
	if (route != NULL)
		keep_note(p, route,
		    "client_name: no address of `listen` has client_ca, so "
		    "that no client shows a certificate: all is refused");
}

/* Goes on where it can, so that one run shows every fault of every file. */
static void
load_parts(struct program *p, struct faults *all)
{
	struct confine_guise guise;
	size_t before;

	settings_read(settings_root(p->file), "", program_table, &p->settings,
	    all);
	dress(p, &guise, all);
	settings_read(p->settings.limits, "limits", listener_limits_settings,
	    &p->limits, all);
	load_listen(p, all);
	p->secrets = secrets_load(p->settings.secrets, settings_path(p->file),
	    all);
	log_settings_read(p->settings.log, p->secrets, &p->log, all);
	load_admin(p, all);
	load_journal(p, all);
	if (p->settings.tracing != NULL)
		p->trace = trace_rules_load(p->settings.tracing, p->secrets,
		    all);
	before = all->count;
	if (p->secrets != NULL)
		load_upstreams(p, all);
	load_routes(p, p->targets != NULL && all->count == before, all);
	note_unasked(p);
	program_check_confined(p, all);
	confine_undress(&guise);
}

static void
free_program(struct share *share)
{
	struct program *p = (struct program *)((char *)share -
	    offsetof(struct program, share));

	routes_free(p->routes);
	for (size_t i = 0; i < p->target_count; i++)
		upstream_target_free(p->targets[i]);
	base_free(p->targets);
	trace_rules_free(p->trace);
	base_free(p->journal_url);
	secrets_free(p->secrets);
	for (size_t i = 0; i < p->listen_count; i++)
		listener_address_done(&p->listen[i]);
	base_free(p->listen);
	listener_address_done(&p->admin);
	for (size_t i = 0; i < p->note_count; i++)
		base_free(p->notes[i]);
	base_free(p->notes);
	settings_close(p->file);
	base_free(p);
}

static struct program *
load(const char *path, bool strict, struct faults *all)
{
	struct program *p = base_alloc(sizeof(*p));
	size_t before = all->count;

	p->strict = strict;
	share_init(&p->share, free_program);
	p->file = settings_open(path, all);
	if (p->file != NULL)
		load_parts(p, all);
	if (all->count > before) {
		program_free(p);
		return NULL;
	}
	if (p->settings.workers == 0)
		p->settings.workers = sysconf(_SC_NPROCESSORS_ONLN);
	return p;
}

struct program *
program_load(const char *path, struct faults *all)
{
	return load(path, false, all);
}

struct program *
program_check(const char *path, struct faults *all)
{
	return load(path, true, all);
}

static bool
is_memory(const struct program *p)
{
	return p->journal.url != NULL &&
	    strncmp(p->journal.url, "memory:", 7) == 0;
}

/* On another address than a loopback, readable on its way. */
static bool
is_exposed(const struct program *p)
{
	struct fault why = { 0 };

	return p->admin.certificate == NULL &&
	    listener_check_address(p->admin.address, true, &why) == -1;
}

static bool
is_free(const struct program *p)
{
	return p->settings.confine == CONFINE_OFF;
}

static bool
is_traced_openly(const struct program *p)
{
	return p->trace != NULL && upstream_collector_open(p->trace->collector);
}

static const struct {
	bool (*applies)(const struct program *p);
	const char *text;
} warnings[] = {
	{ is_memory,
	    "journal: memory: keeps nothing over a restart; what was promised "
	    "is lost with the process" },
	{ is_exposed,
	    "admin: without a certificate its token and the leads it shows "
	    "are readable on the network" },
	{ is_traced_openly,
	    "tracing: by http:// to another machine, whoever is on the way "
	    "reads routes, senders, hosts, delivery ids and times" },
	{ is_free,
	    "confine: \"off\": whoever takes over this process has all that "
	    "its user has" },
};

const char *
program_warning(const struct program *p, size_t i)
{
	for (size_t k = 0; k < COUNT_OF(warnings); k++)
		if (warnings[k].applies(p) && i-- == 0)
			return warnings[k].text;
	return i < p->note_count ? p->notes[i] : NULL;
}

void
program_free(struct program *p)
{
	if (p != NULL)
		share_drop(&p->share);
}

struct secrets *
program_secrets(const char *path, struct settings_file **file,
    struct faults *all)
{
	*file = NULL;
	if (path == NULL)
		return NULL;
	*file = settings_open(path, all);
	if (*file == NULL)
		return NULL;
	return secrets_load(config_setting_get_member(settings_root(*file),
	                        "secrets"),
	    path, all);
}
