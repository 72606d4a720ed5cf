/* program/program_confine.c - the process gives up what it does not need. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "program/program_confine.h"
#include "metrics/metrics.h"

const struct name confine_modes[] = {
	{ "on", CONFINE_ON },
	{ "off", CONFINE_OFF },
	{ "required", CONFINE_REQUIRED },
	{ NULL, -1 },
};

/* A process is confined once, and for good: so this is the process's. */
static struct {
	struct needs needs;
	bool files, ports; /* held to them */
} given_up;

/* "NOTIFY_SOCKET=@name": a socket without a file. */
static bool
notifies_abstract(void)
{
	const char *at = getenv("NOTIFY_SOCKET");

	return at != NULL && at[0] == '@';
}

static struct confine_rules
rules_of(const struct program *p, const struct needs *n,
    struct confine_path *paths, uint16_t *ports)
{
	for (size_t i = 0; i < n->path_count; i++)
		paths[i] = (struct confine_path){ n->paths[i].path,
			n->paths[i].write };
	for (size_t i = 0; i < n->port_count; i++)
		ports[i] = n->ports[i].port;
	return (struct confine_rules){ .user = p->settings.user,
		.group = p->settings.group,
		.paths = paths,
		.path_count = n->path_count,
		.ports = ports,
		.port_count = n->port_count,
		.any_port = n->any_port,
		.bare = p->settings.confine == CONFINE_OFF,
		.abstract_sockets = notifies_abstract() };
}

static const char *
yes(bool is_so)
{
	return is_so ? "yes" : "no";
}

static void
tell(const struct confine_state *s, bool any_port)
{
	const bool whole = s->missing[0] == '\0';

	metrics_set(METRIC_CONFINED, METRIC_CONFINED_FILES, s->files);
	metrics_set(METRIC_CONFINED, METRIC_CONFINED_PORTS,
	    s->ports && !any_port);
	metrics_set(METRIC_CONFINED, METRIC_CONFINED_SIGNALS, s->scopes);
	metrics_set(METRIC_CONFINED, METRIC_CONFINED_CALLS, s->system_calls);
	log_event(whole ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "confined",
	    "files", yes(s->files), "ports", yes(s->ports && !any_port),
	    "system_calls", yes(s->system_calls), "lacking",
	    whole ? NULL : s->missing, NULL);
}

static int
settle(const struct program *p, const struct confine_state *s,
    struct fault *why)
{
	if (p->settings.confine == CONFINE_OFF)
		return 0;
	if (p->settings.confine == CONFINE_REQUIRED &&
	    (!s->files || !s->system_calls))
		return fault_set(why, FAULT_SETTINGS, "confine",
		    "\"required\" cannot be had here: %s. Use a kernel that "
		    "has it, or \"on\", which takes what there is",
		    s->missing);
	tell(s, given_up.needs.any_port);
	given_up.files = s->files;
	given_up.ports = s->ports && !given_up.needs.any_port;
	return 0;
}

int
program_confine(const struct program *p, struct fault *why)
{
	struct needs *n = &given_up.needs;
	struct confine_state state;
	struct confine_path *paths;
	struct confine_rules rules;
	uint16_t *ports;
	int rc;

	needs_of(p, n);
	paths = base_alloc(n->path_count * sizeof(*paths));
	ports = base_alloc(n->port_count * sizeof(*ports));
	rules = rules_of(p, n, paths, ports);
	rc = confine_apply(&rules, &state, why);
	if (rc == 0)
		rc = settle(p, &state, why);
	base_free(ports);
	base_free(paths);
	/* What names a setting does so no longer than its file is loaded. */
	for (size_t i = 0; i < n->path_count; i++)
		n->paths[i].at = NULL;
	for (size_t i = 0; i < n->port_count; i++)
		n->ports[i].at = NULL;
	if (!given_up.files && !given_up.ports)
		needs_done(n);
	return rc;
}

bool
needs_is_below(const char *path, const char *folder)
{
	const size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/' || len == 1);
}

/* The right is to a folder, not to its name: another one there has none. */
static bool
is_as_it_was(const struct need *n)
{
	struct stat st;

	return stat(n->path, &st) == 0 && st.st_dev == n->device &&
	    st.st_ino == n->inode;
}

/* NULL: it may be used. */
static const char *
lost_path(const struct need *wanted)
{
	const struct needs *n = &given_up.needs;
	const char *lost = "was not in the settings this process started with";
	struct stat st;

	if (stat(wanted->path, &st) == -1)
		return NULL; /* not there: who needs it says so */
	for (size_t i = 0; i < n->path_count; i++) {
		if (n->paths[i].write < wanted->write ||
		    !needs_is_below(wanted->path, n->paths[i].path))
			continue;
		if (is_as_it_was(&n->paths[i]))
			return NULL;
		lost = "is another folder than when this process started";
	}
	return lost;
}

static bool
has_port(uint16_t port)
{
	const struct needs *n = &given_up.needs;

	for (size_t i = 0; i < n->port_count; i++)
		if (n->ports[i].port == port)
			return true;
	return false;
}

/* The journal is opened once: what is written of it waits for a restart. */
static bool
matters(const struct program *p, const config_setting_t *at)
{
	return at != NULL && at != p->settings.journal;
}

/* Several settings name one folder: it is told at the first. */
static bool
is_first(const struct program *p, const struct needs *n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (matters(p, n->paths[k].at) &&
		    n->paths[k].write == n->paths[i].write &&
		    strcmp(n->paths[k].path, n->paths[i].path) == 0)
			return false;
	return true;
}

void
program_check_confined(const struct program *p, struct faults *all)
{
	struct needs n;

	if (!given_up.files && !given_up.ports)
		return;
	needs_of(p, &n);
	for (size_t i = 0; given_up.files && i < n.path_count; i++) {
		const char *lost = matters(p, n.paths[i].at) &&
		        is_first(p, &n, i)
		    ? lost_path(&n.paths[i])
		    : NULL;

		if (lost != NULL)
			settings_fault(all, n.paths[i].at,
			    "confine: %s %s, and it gave up the right to %s "
			    "it; restart it",
			    n.paths[i].path, lost,
			    n.paths[i].write ? "write" : "read");
	}
	for (size_t i = 0; given_up.ports && i < n.port_count; i++)
		if (matters(p, n.ports[i].at) && !has_port(n.ports[i].port))
			settings_fault(all, n.ports[i].at,
			    "confine: port %u was not in the settings this "
			    "process started with, and it gave up the right "
			    "to connect to it; restart it",
			    n.ports[i].port);
	needs_done(&n);
}
