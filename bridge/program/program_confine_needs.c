/* program/program_confine_needs.c - files, folders and ports, gathered. */
#include <glob.h>
#include <limits.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program/program_confine.h"
#include "program/program_files.h"

#define DNS 53 /* where an answer does not fit in a datagram */

/* What the libraries read, wherever the settings are. */
static const struct {
	const char *path, *why;
	bool write;
} of_the_system[] = {
	{ "/etc/resolv.conf", "names: the servers", false },
	{ "/etc/hosts", "names", false },
	{ "/etc/host.conf", "names", false },
	{ "/etc/nsswitch.conf", "names: who is asked", false },
	{ "/etc/gai.conf", "names: which address first", false },
	{ "/etc/services", "names of ports", false },
	{ "/etc/protocols", "names of protocols", false },
	{ "/run/systemd/resolve", "names: what resolv.conf links to", false },
	{ "/run/resolvconf", "names: what resolv.conf links to", false },
	{ "/run/NetworkManager", "names: what resolv.conf links to", false },
	{ "/etc/passwd", "libpq asks who it is", false },
	{ "/etc/ssl/certs", "the system's roots of trust", false },
	{ "/etc/ssl/openssl.cnf", "OpenSSL's settings", false },
	{ "/etc/pki", "roots and settings, of other distributions", false },
	{ "/usr/lib/ssl", "OpenSSL's folder", false },
	{ "/usr/share/ca-certificates", "what the roots link to", false },
	{ "/usr/local/share/ca-certificates", "the machine's own roots",
	    false },
	{ "/usr/share/zoneinfo", "time zones", false },
	{ "/etc/localtime", "the machine's time zone", false },
	{ "/etc/ld.so.cache", "libraries that are loaded when asked for",
	    false },
	{ "/lib", "libraries: libpq, NSS modules", false },
	{ "/lib64", "libraries", false },
	{ "/usr/lib", "libraries", false },
	{ "/usr/local/lib", "libraries", false },
	/* Memory and environment of others Landlock refuses by itself. */
	{ "/proc", "its own figures, /proc/self", false },
	{ "/sys/devices/system/cpu", "how many processors there are", false },
	{ "/sys/fs/cgroup", "the ceiling on its memory", false },
	{ "/dev/urandom", "random numbers, of old libraries", false },
	{ "/dev/null", "nothing", true },
};

/* Folders and files that the environment names. */
static const struct {
	const char *name;
	bool is_folder;
} variables[] = {
	{ "CREDENTIALS_DIRECTORY", true }, /* systemd's */
	{ "SSL_CERT_DIR", true },          /* OpenSSL's */
	{ "SSL_CERT_FILE", false },
	{ "OPENSSL_CONF", false },
	{ "PGPASSFILE", false }, /* libpq's */
	{ "PGSERVICEFILE", false },
	{ "PGSYSCONFDIR", true },
	{ "PGSSLROOTCERT", false },
	{ "PGSSLCERT", false },
	{ "PGSSLKEY", false },
	{ "PGSSLCRL", false },
};

static void
add(struct needs *n, char *path, bool write, const config_setting_t *at)
{
	struct stat st;

	n->paths = base_grow(n->paths, n->path_count + 1, sizeof(n->paths[0]));
	n->paths[n->path_count] = (struct need){ path, at, write, 0, 0 };
	if (stat(path, &st) == 0) {
		n->paths[n->path_count].device = st.st_dev;
		n->paths[n->path_count].inode = st.st_ino;
	}
	n->path_count++;
}

/* Without links and dots, where it is there: so that two can be compared. */
static char *
plain(const char *path)
{
	char *found = realpath(path, NULL);

	return found != NULL ? found : base_copy(path);
}

void
needs_add_folder(struct needs *n, const char *path, bool write,
    const config_setting_t *at)
{
	add(n, plain(path), write, at);
}

char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = base_copy(slash != NULL ? path : ".");

	if (slash != NULL)
		folder[slash == path ? 1 : slash - path] = '\0';
	return folder;
}

/* The root's folder is everything: of a file there, the file alone. */
static void
add_folder_of(struct needs *n, const char *path, const config_setting_t *at)
{
	char *folder = folder_of(path);

	if (strcmp(folder, "/") == 0)
		needs_add_folder(n, path, false, at);
	else
		needs_add_folder(n, folder, false, at);
	base_free(folder);
}

/*
 * A link on the way that leads below its own folder is how all there is
 * replaced in one step (Kubernetes' ..data, "current"): next time it leads to
 * another one, so the folder of the link is what is read.
 */
static void
add_turning_links(struct needs *n, const char *path, const config_setting_t *at)
{
	for (const char *end = strchr(path, '/'); end != NULL;
	     end = strchr(end + 1, '/')) {
		char *part = base_print("%.*s", (int)(end - path), path);
		char *folder = folder_of(part), *real = plain(folder);
		char *target = realpath(part, NULL);
		struct stat st;

		if (target != NULL && lstat(part, &st) == 0 &&
		    S_ISLNK(st.st_mode) && strcmp(real, "/") != 0 &&
		    needs_is_below(target, real))
			needs_add_folder(n, real, false, at);
		free(target);
		base_free(real);
		base_free(folder);
		base_free(part);
	}
}

void
needs_add_file(struct needs *n, const char *path, const config_setting_t *at)
{
	char *target = realpath(path, NULL);

	add_turning_links(n, path, at);
	add_folder_of(n, path, at);
	if (target != NULL)
		add_folder_of(n, target, at);
	free(target);
}

void
needs_add_port(struct needs *n, uint16_t port, const config_setting_t *at)
{
	n->ports = base_grow(n->ports, n->port_count + 1, sizeof(n->ports[0]));
	n->ports[n->port_count++] = (struct need_port){ port, at };
}

/*
 * DHCP clients put a new resolv.conf in the place of the old one. Where that is
 * no link and no mount, there is no smaller folder than /etc to allow; without
 * it names would be lost with the first change.
 */
static void
add_resolver(struct needs *n)
{
	struct stat file, folder;

	if (lstat("/etc/resolv.conf", &file) == 0 &&
	    stat("/etc", &folder) == 0 && S_ISREG(file.st_mode) &&
	    file.st_dev == folder.st_dev)
		needs_add_folder(n, "/etc", false, NULL);
}

static void
add_system(struct needs *n)
{
	for (size_t i = 0; i < COUNT_OF(of_the_system); i++)
		needs_add_folder(n, of_the_system[i].path,
		    of_the_system[i].write, NULL);
	add_resolver(n);
}

static void
add_environment(struct needs *n)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		const char *path = getenv(variables[i].name);

		if (path == NULL || path[0] == '\0')
			continue;
		if (variables[i].is_folder)
			needs_add_folder(n, path, false, NULL);
		else
			needs_add_file(n, path, NULL);
	}
}

/* The module for phone numbers lies beside it, or in ../lib/leadbridge. */
static void
add_program(struct needs *n)
{
	char *self = realpath("/proc/self/exe", NULL);
	char *library;

	if (self == NULL)
		return;
	add_folder_of(n, self, NULL);
	*strrchr(self, '/') = '\0';
	library = base_print("%s/../lib/leadbridge", self);
	needs_add_folder(n, library, false, NULL);
	base_free(library);
	free(self);
}

static void
add_named(struct needs *n, const config_setting_t *s, const char *text,
    const config_setting_t *at)
{
	char *path = settings_named(s, text);

	needs_add_file(n, path, at);
	base_free(path);
}

static void
add_setting(struct needs *n, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);

	if (text != NULL && text[0] != '\0' &&
	    files_is_setting(config_setting_name(s)))
		add_named(n, s, text, s);
}

static void
walk(struct needs *n, const config_setting_t *s)
{
	const int count = config_setting_is_aggregate(s)
	    ? config_setting_length(s)
	    : 0;

	add_setting(n, s);
	for (int i = 0; i < count; i++)
		walk(n, config_setting_get_elem(s, (unsigned)i));
}

/* Files that are included; they may lie in another folder ("../..."). */
static void
add_includes(struct needs *n, const struct settings_file *file,
    const config_setting_t *s, const config_setting_t *at)
{
	const int count = config_setting_is_aggregate(s)
	    ? config_setting_length(s)
	    : 0;
	const char *where = settings_where(s), *last = settings_path(file);

	for (int i = 0; i < count; i++) {
		const config_setting_t *one = config_setting_get_elem(s,
		    (unsigned)i);
		const char *own = settings_where(one);

		if (strcmp(own, where) != 0 && strcmp(own, last) != 0)
			add_named(n, one, own, at);
		last = own;
		add_includes(n, file, one, at);
	}
}

/* A mapping may be a link to where all of them are kept. */
static void
add_mapping(struct needs *n, const char *path, const char *folder,
    const config_setting_t *at)
{
	struct faults unread = { 0 };
	struct settings_file *file = settings_open(path, &unread);
	char *target = plain(path);

	if (!needs_is_below(target, folder))
		needs_add_file(n, path, at);
	if (file != NULL)
		add_includes(n, file, settings_root(file), at);
	settings_close(file);
	faults_done(&unread);
	base_free(target);
}

static void
add_mappings(struct needs *n, const char *pattern, const char *folder,
    const config_setting_t *at)
{
	glob_t files;

	if (glob(pattern, 0, NULL, &files) != 0)
		return;
	for (size_t i = 0; i < files.gl_pathc; i++)
		add_mapping(n, files.gl_pathv[i], folder, at);
	globfree(&files);
}

/* The folder above the first part of the pattern that has a wildcard. */
static void
add_routes(struct needs *n, const struct program *p)
{
	const config_setting_t *at;
	char *pattern, *top, *folder, *real;

	if (p->settings.routes == NULL)
		return;
	at = config_setting_get_member(settings_root(p->file), "routes");
	pattern = settings_beside(settings_path(p->file), p->settings.routes);
	top = base_copy(pattern);
	top[strcspn(top, "*?[")] = '\0';
	folder = folder_of(top);
	real = plain(folder);
	add_folder_of(n, top, at);
	add_mappings(n, pattern, real, at);
	base_free(real);
	base_free(folder);
	base_free(top);
	base_free(pattern);
}

static void
add_journal(struct needs *n, const struct program *p)
{
	const char *url = p->journal.url, *file;
	char *folder;

	if (url == NULL || strcmp(url, "memory:") == 0)
		return;
	file = journal_file(url);
	if (file == NULL) {
		needs_of_postgres(p, n);
		return;
	}
	folder = folder_of(file);
	needs_add_folder(n, folder, true, p->settings.journal);
	base_free(folder);
}

/* libpq's, of the user it will be. */
static void
add_home(struct needs *n, const struct program *p)
{
	static const char *const names[] = { ".pgpass", ".pg_service.conf",
		".postgresql" };
	const char *name = p->settings.user;
	const struct passwd *user;

	/* cppcheck-suppress getpwnamCalled; no thread runs yet */
	/* cppcheck-suppress getpwuidCalled; likewise */
	user = name != NULL ? getpwnam(name) : getpwuid(geteuid());

	for (size_t i = 0; user != NULL && i < COUNT_OF(names); i++) {
		char *path = base_print("%s/%s", user->pw_dir, names[i]);

		needs_add_folder(n, path, false, NULL);
		base_free(path);
	}
}

void
needs_of(const struct program *p, struct needs *n)
{
	*n = (struct needs){ .path_count = 0 };
	add_system(n);
	add_environment(n);
	add_program(n);
	needs_add_file(n, settings_path(p->file), NULL);
	walk(n, settings_root(p->file));
	add_includes(n, p->file, settings_root(p->file), NULL);
	add_routes(n, p);
	add_journal(n, p);
	add_home(n, p);
	needs_add_port(n, DNS, NULL);
	for (size_t i = 0; i < p->target_count; i++)
		needs_add_port(n, upstream_target_port(p->targets[i]),
		    config_setting_get_member(p->settings.upstreams,
		        upstream_target_name(p->targets[i])));
	if (p->trace != NULL)
		needs_add_port(n, upstream_target_port(p->trace->collector),
		    p->settings.tracing);
}

void
needs_done(struct needs *n)
{
	for (size_t i = 0; i < n->path_count; i++)
		base_free(n->paths[i].path);
	base_free(n->paths);
	base_free(n->ports);
	*n = (struct needs){ .path_count = 0 };
}
