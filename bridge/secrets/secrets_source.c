/* secrets/secrets_source.c - one value, from a file, a variable, systemd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secrets/secrets_kept.h"
#include "secrets/secrets_source.h"

struct source_settings {
	const char *credential;
	const char *env;
	const char *file;
	const char *store;
};

const struct setting secret_settings[] = {
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

	{ .name = "store",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct source_settings, store),
	    .help = "Name of an entry of the key store." },

	{ .name = NULL },
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

	if (r->raw)
		return len;
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
	int fd = secret_file_open(path, SECRET_FILE_BARE, r->group, r->what,
	    r->all);
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

size_t
secret_read_file(const struct reading *r, const char *name)
{
	char *path = settings_beside(r->settings, name);
	size_t len = read_path(r, path);

	base_free(path);
	return len;
}

/*
 * What /proc/PID/environ would show is overwritten; a variable that is empty
 * now may have been read before.
 */
static struct str
take_env(const char *name)
{
	char *value = getenv(name);
	char *key = base_print("$%s", name);
	struct str found = str_of(value);

	if (value != NULL && found.len > 0 && kept_put(key, found))
		explicit_bzero(value, found.len);
	if (value != NULL && kept_get(key).at != NULL)
		found = kept_get(key);
	base_free(key);
	return found;
}

static size_t
read_env(const struct reading *r, const char *name)
{
	struct str value = take_env(name);
	size_t len = value.len < SECRET_ROOM ? value.len : SECRET_ROOM;

	if (len == 0) {
		settings_fault(r->all, r->group,
		    "%s: the environment variable %s is %s", r->what, name,
		    value.at == NULL ? "not set" : "empty");
		return 0;
	}
	memcpy(r->into, value.at, len);
	return accept(r, len, "$", name);
}

size_t
secret_read_credential(const struct reading *r, const char *name)
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

static size_t
read_store(const struct reading *r, const char *name)
{
	struct fault why = { 0 };
	const char *near;
	size_t i, len;

	if (r->store == NULL && !r->store_broken)
		settings_fault(r->all, r->group,
		    "%s: there is no key_store = { ... } in these settings",
		    r->what);
	if (r->store == NULL)
		return 0;
	i = key_store_find(r->store, name, r->nth);
	if (i == SIZE_MAX) {
		near = key_store_nearest(r->store, name);
		settings_fault(r->all, r->group,
		    "%s: the key store has no entry '%s'%s%s%s; 'leadbridge "
		    "key add' adds one",
		    r->what, name, MEANT_ARG(near));
		return 0;
	}
	len = key_store_value(r->store, i, r->into, &why);
	if (len == 0)
		settings_fault(r->all, r->group, "%s: %s: %s", r->what,
		    why.where, why.text);
	return len;
}

const char *
secret_source_store(const config_setting_t *group)
{
	const char *name = NULL;

	if (config_setting_is_group(group))
		(void)config_setting_lookup_string(group, "store", &name);
	return name;
}

size_t
secret_source_read(const struct reading *r)
{
	struct source_settings s = { .file = NULL };

	if (is_written_out(r->group)) {
		settings_fault(r->all, r->group,
		    "%s: a secret does not stand in a settings file; name "
		    "where it is: file, env, credential or store",
		    r->what);
		return 0;
	}
	if (!settings_read(r->group, r->what, secret_settings, &s, r->all))
		return 0;
	if ((s.file != NULL) + (s.env != NULL) + (s.credential != NULL) +
	        (s.store != NULL) !=
	    1) {
		settings_fault(r->all, r->group,
		    "%s: one of file, env, credential, store is expected",
		    r->what);
		return 0;
	}
	if (s.file != NULL)
		return secret_read_file(r, s.file);
	if (s.env != NULL)
		return read_env(r, s.env);
	if (s.credential != NULL)
		return secret_read_credential(r, s.credential);
	return read_store(r, s.store);
}
