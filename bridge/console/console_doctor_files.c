/* console/console_doctor_files.c - may others change or read what is ours? */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "program/program.h"
#include "console/console_doctor.h"

static void
look_at_folder(struct doctor *d, const struct need *n)
{
	struct stat st;

	if (stat(n->path, &st) == -1 && errno == ENOENT)
		return; /* who needs it says so */
	if (stat(n->path, &st) == -1)
		doctor_say(d, DOCTOR_FAULT, n->path,
		    "run doctor as the bridge's user, or mend the path",
		    "cannot be looked at: %s", strerror(errno));
	else if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
		doctor_say(d, DOCTOR_FAULT, n->path, "chmod o-w",
		    "anybody can replace files here (mode %04o)",
		    (unsigned)(st.st_mode & 07777));
	else
		doctor_say(d, DOCTOR_OK, n->path, NULL, "mode %04o, user %u",
		    (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
}

static bool
was_seen(const struct needs *n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (n->paths[k].at != NULL &&
		    strcmp(n->paths[k].path, n->paths[i].path) == 0)
			return true;
	return false;
}

/* A secret's file is looked at by who loads it; a TLS key by nobody else. */
static void
look_at_key(struct doctor *d, const config_setting_t *s)
{
	const char *name = config_setting_name(s);
	struct stat st;
	char *path;

	if (name == NULL || strcmp(name, "key") != 0 ||
	    config_setting_type(s) != CONFIG_TYPE_STRING)
		return;
	path = settings_named(s, config_setting_get_string(s));
	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		doctor_say(d, DOCTOR_WARNING, path, "chmod 600",
		    "others may read this private key (mode %04o)",
		    (unsigned)(st.st_mode & 07777));
	base_free(path);
}

static void
walk(struct doctor *d, const config_setting_t *s)
{
	const int count = config_setting_is_aggregate(s)
	    ? config_setting_length(s)
	    : 0;

	look_at_key(d, s);
	for (int i = 0; i < count; i++)
		walk(d, config_setting_get_elem(s, (unsigned)i));
}

void
doctor_files(struct doctor *d)
{
	struct needs n;

	needs_of(d->program, &n);
	for (size_t i = 0; i < n.path_count; i++)
		if (n.paths[i].at != NULL && !was_seen(&n, i))
			look_at_folder(d, &n.paths[i]);
	needs_done(&n);
	walk(d, settings_root(d->program->file));
}
