/* secrets/secrets_source.c - one value, from a file, a variable, systemd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secrets/secrets_source.h"

struct source_settings {
	const char *credential;
	const char *env;
	const char *file;
};

static const struct setting source_table[] = {
	{ .name = "credential",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct source_settings, credential),
	    .help = "Name of a systemd credential (LoadCredential=)." },

	{ .name = "env",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct source_settings, env),
	    .help = "Name of an environment variable." },

	{ .name = "file",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct source_settings, file),
	    .help = "A file only the bridge's user can read." },

	{ .name = NULL },
};

/* One value on its way in. */
struct reading {
	const config_setting_t *group;
	const char *what;
	const char *settings;
	char *into;
	struct faults *all;
};

const char *
secret_problem(struct str value)
{
	if (value.len == 0)
		return "is empty";
	if (value.len > SECRET_MAX)
		return "is longer than 4096 bytes";
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (c < 0x20 || c == 0x7f)
			return "holds a control character (a line break, a "
			       "tab?); write the bare value and at most one "
			       "newline behind it";
	}
	return NULL;
}

static size_t
without_newline(const char *at, size_t len)
{
	if (len > 0 && at[len - 1] == '\n')
		len--;
	if (len > 0 && at[len - 1] == '\r')
		len--;
	return len;
}

/* The last step of every source: the value stays, or nothing of it does. */
static size_t
accept(const struct reading *r, size_t len, const char *from, const char *name)
{
	const char *problem;

	len = without_newline(r->into, len);
	problem = secret_problem((struct str){ r->into, len });
	if (problem == NULL)
		return len;
	explicit_bzero(r->into, SECRET_ROOM);
	settings_fault(r->all, r->group, "%s: the value in %s%s %s", r->what,
	    from, name, problem);
	return 0;
}

static size_t
read_path(const struct reading *r, const char *path)
{
	int fd = secret_file_open(path, r->group, r->what, r->all);
	size_t len = 0;
	ssize_t got;

	if (fd == -1)
		return 0;
	do {
		got = read(fd, r->into + len, SECRET_ROOM - len);
		if (got > 0)
			len += (size_t)got;
	} while (
	    (got > 0 && len < SECRET_ROOM) || (got == -1 && errno == EINTR));
	if (got == -1)
		settings_fault(r->all, r->group, "%s: %s cannot be read: %s",
		    r->what, path, strerror(errno));
	close(fd);
	return got == -1 ? 0 : accept(r, len, "", path);
}

static size_t
read_file(const struct reading *r, const char *name)
{
	char *path = settings_beside(r->settings, name);
	size_t len = read_path(r, path);

	base_free(path);
	return len;
}

static size_t
read_env(const struct reading *r, const char *name)
{
	const char *value = getenv(name);
	size_t len = value != NULL ? strlen(value) : 0;

	if (len == 0) {
		settings_fault(r->all, r->group,
		    "%s: the environment variable %s is %s", r->what, name,
		    value == NULL ? "not set" : "empty");
		return 0;
	}
	if (len > SECRET_ROOM)
		len = SECRET_ROOM;
	memcpy(r->into, value, len);
	return accept(r, len, "$", name);
}

static size_t
read_credential(const struct reading *r, const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	size_t len;

	if (folder == NULL || folder[0] != '/') {
		settings_fault(r->all, r->group,
		    "%s: systemd handed over no credentials; put "
		    "LoadCredential=%s:PATH into the unit, or use file = ...",
		    r->what, name);
		return 0;
	}
	if (name[0] == '.' || strchr(name, '/') != NULL) {
		settings_fault(r->all, r->group,
		    "%s: credential is the name of one, not a path", r->what);
		return 0;
	}
	path = base_print("%s/%s", folder, name);
	len = read_path(r, path);
	base_free(path);
	return len;
}

/* A value written into the file itself, in either of its likely forms. */
static bool
is_written_out(const config_setting_t *group)
{
	return config_setting_type(group) == CONFIG_TYPE_STRING ||
	    (config_setting_is_group(group) &&
	        config_setting_get_member(group, "value") != NULL);
}

size_t
secret_source_read(const config_setting_t *group, const char *what,
    const char *settings, char *into, struct faults *all)
{
	struct source_settings s = { .file = NULL };
	const struct reading r = { group, what, settings, into, all };

	if (is_written_out(group)) {
		settings_fault(all, group,
		    "%s: a secret does not stand in a settings file; name "
		    "where it is: file, env or credential",
		    what);
		return 0;
	}
	if (!settings_read(group, what, source_table, &s, all))
		return 0;
	if ((s.file != NULL) + (s.env != NULL) + (s.credential != NULL) != 1) {
		settings_fault(all, group,
		    "%s: one of file, env, credential is expected", what);
		return 0;
	}
	if (s.file != NULL)
		return read_file(&r, s.file);
	if (s.env != NULL)
		return read_env(&r, s.env);
	return read_credential(&r, s.credential);
}
