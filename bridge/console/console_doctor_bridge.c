/*
 * console/console_doctor_bridge.c - the bridge that runs, and its journal.
 *
 * It is asked by its admin endpoint; the journal's file is its own, and is
 * not opened here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "program/program.h"
#include "console/console_doctor.h"
#include "console/console_post.h"

#define DISK_FAULT ((int64_t)64 << 20)
#define DISK_WARNING ((int64_t)1 << 30)
#define OLD_SECONDS (15 * 60)

/* 0: nobody answers, and why says what happened; else the HTTP status. */
static int
ask(struct doctor *d, const char *path, char **body, struct fault *why)
{
	const struct program *p = d->program;
	char *url = base_print("%s://%s",
	    p->admin.certificate != NULL ? "https" : "http", p->admin.address);
	char *token = p->admin_token != NULL
	    ? base_print("Bearer %.*s",
	          STR_ARG(secret_value(p->admin_token, 0)))
	    : NULL;
	const struct header headers[] = { { STR("Authorization"),
	    str_of(token) } };
	const struct request r = { .method = STR("GET"),
		.target = str_of(path),
		.headers = headers,
		.header_count = token != NULL ? 1 : 0,
		.body = STR("") };
	struct post_answer a = { .status = 0 };
	struct post_url at;

	if (post_url_parse(url, &at, why) == 0 &&
	    post_send(&at, d->ca, &r, &a, why) == 0)
		*body = base_print("%.*s", STR_ARG(a.body));
	else
		a.status = 0;
	post_answer_done(&a);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	base_free(token);
	base_free(url);
	return a.status;
}

/* The value of a line of the bridge's metrics; -1: there is none. */
static int64_t
metric(const struct doctor *d, const char *name)
{
	const size_t len = strlen(name);
	const char *line = d->metrics;

	while (line != NULL) {
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return (int64_t)strtod(line + len, NULL);
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return -1;
}

/* What the one that runs gave up; what it could is the kernel's line. */
static void
look_at_confined(struct doctor *d)
{
	static const char *const kinds[] = { "files", "ports", "signals",
		"system_calls" };
	char name[64], held[64] = "", free_of[64] = "";
	size_t held_len = 0, free_len = 0;

	for (size_t i = 0; d->metrics != NULL && i < COUNT_OF(kinds); i++) {
		snprintf(name, sizeof(name), "leadbridge_confined{of=\"%s\"}",
		    kinds[i]);
		if (metric(d, name) == 1)
			held_len += (size_t)snprintf(held + held_len,
			    sizeof(held) - held_len, " %s", kinds[i]);
		else
			free_len += (size_t)snprintf(free_of + free_len,
			    sizeof(free_of) - free_len, " %s", kinds[i]);
	}
	if (free_len > 0)
		doctor_say(d, DOCTOR_WARNING, "confined",
		    "see confine in the settings, and what is said of the "
		    "kernel",
		    "the bridge that runs is not, in its%s", free_of);
	else if (held_len > 0)
		doctor_say(d, DOCTOR_OK, "confined", NULL,
		    "the bridge that runs is, in its%s", held);
}

void
doctor_bridge(struct doctor *d)
{
	const char *at = d->program->admin.address;
	struct fault why = { 0 };
	char *body = NULL;
	const int status = ask(d, "/readyz", &body, &why);

	base_free(body);
	if (status == 0) {
		doctor_say(d, DOCTOR_WARNING, at,
		    "start it; with a certificate of your own authority, --ca "
		    "names that",
		    "no bridge answers (%s)", why.text);
		return;
	}
	if (status != 200)
		doctor_say(d, DOCTOR_FAULT, at,
		    "its log says which: it starts, drains, or cannot write "
		    "its journal",
		    "the bridge is not ready (%d)", status);
	else
		doctor_say(d, DOCTOR_OK, at, NULL,
		    "a bridge runs, and is ready");
	if (ask(d, "/metrics", &d->metrics, &why) != 200) {
		base_free(d->metrics);
		d->metrics = NULL;
	}
	look_at_confined(d);
	doctor_memory(d, "memory", metric(d, "leadbridge_memory_worst_bytes"),
	    metric(d, "leadbridge_memory_allowed_bytes"));
}

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* A line an upstream: its name, up to the quote; the settings allow none. */
static void
look_at_stranded(struct doctor *d)
{
	static const char start[] = "leadbridge_journal_stranded_items{"
	                            "upstream=\"";
	const char *line = d->metrics;

	while (line != NULL && (line = strstr(line, start)) != NULL) {
		struct str rest, name, value;
		char *subject, *remedy;

		line += sizeof(start) - 1;
		rest = str_of(line);
		if (!str_cut(&rest, '"', &name) ||
		    !str_cut(&rest, ' ', &value) ||
		    !str_cut(&rest, '\n', &value))
			return;
		if (str_eq(value, STR("0")))
			continue;
		subject = base_print("stranded %.*s", STR_ARG(name));
		remedy = base_print("bring it back, or: leadbridge deliveries "
		                    "retry --upstream %.*s",
		    STR_ARG(name));
		doctor_say(d, DOCTOR_WARNING, subject, remedy,
		    "updates wait for an upstream that the settings of the "
		    "bridge that runs do not name: %.*s",
		    STR_ARG(value));
		base_free(subject);
		base_free(remedy);
	}
}

/* Is something stuck, or given up? */
static void
look_at_items(struct doctor *d)
{
	const int64_t waiting = metric(d,
	    "leadbridge_journal_items{state=\"waiting\"}");
	const int64_t dead = metric(d,
	    "leadbridge_journal_items{state=\"dead\"}");
	const int64_t oldest = metric(d, "leadbridge_journal_oldest_seconds");

	if (waiting == -1)
		return;
	if (oldest > OLD_SECONDS)
		doctor_say(d, DOCTOR_WARNING, "waiting",
		    "see what is said of the upstream and its key",
		    "%lld update%s, the oldest for %lld minutes",
		    (long long)waiting, plural(waiting),
		    (long long)(oldest / 60));
	else
		doctor_say(d, DOCTOR_OK, "waiting", NULL, "%lld update%s",
		    (long long)waiting, plural(waiting));
	look_at_stranded(d);
	if (dead > 0)
		doctor_say(d, DOCTOR_WARNING, "given up",
		    "leadbridge deliveries list --state dead; mend, then retry",
		    "%lld update%s", (long long)dead, plural(dead));
}

/* Root asks as the user that the bridge will be. 0, or errno. */
static int
write_error(const struct doctor *d, const char *folder)
{
	const struct program_settings *s = &d->program->settings;
	struct confine_guise guise;
	struct fault why = { 0 };
	int error = 0;

	if (confine_dress(&guise, s->user, s->group, &why) == -1)
		return EPERM;
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == -1)
		error = errno;
	confine_undress(&guise);
	return error;
}

static void
look_at_disk(struct doctor *d, const char *folder)
{
	struct statvfs fs;
	int64_t left;
	char text[24];
	int error;

	if (statvfs(folder, &fs) == -1) {
		doctor_say(d, DOCTOR_FAULT, folder,
		    "make it: install -d -m 700", "cannot be looked at: %s",
		    strerror(errno));
		return;
	}
	error = write_error(d, folder);
	if (error != 0) {
		doctor_say(d, DOCTOR_FAULT, folder,
		    "give it to the bridge's user, and run doctor as that one",
		    "the journal cannot be written here: %s", strerror(error));
		return;
	}
	left = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	doctor_size(left, text, sizeof(text));
	if (left < DISK_WARNING)
		doctor_say(d, left < DISK_FAULT ? DOCTOR_FAULT : DOCTOR_WARNING,
		    folder,
		    "make room on this disk, but not in the journal's files",
		    "%s left", text);
	else
		doctor_say(d, DOCTOR_OK, folder, NULL, "%s left", text);
}

/* What a bridge would refuse to open; its own words come at its start. */
static void
look_at_file(struct doctor *d, const char *file)
{
	struct stat st;
	char text[24];

	if (stat(file, &st) == -1) {
		doctor_say(d, errno == ENOENT ? DOCTOR_OK : DOCTOR_FAULT, file,
		    errno == ENOENT ? NULL : "run doctor as the bridge's user",
		    "%s",
		    errno == ENOENT ? "is made by the first start"
		                    : strerror(errno));
		return;
	}
	doctor_size((int64_t)st.st_size, text, sizeof(text));
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		doctor_say(d, DOCTOR_FAULT, file, "chmod 600",
		    "others may use it (mode %04o)",
		    (unsigned)(st.st_mode & 07777));
	else
		doctor_say(d, DOCTOR_OK, file, NULL, "%s, user %u", text,
		    (unsigned)st.st_uid);
}

static void
look_at_sqlite(struct doctor *d, const char *file)
{
	char *folder = folder_of(file);

	look_at_file(d, file);
	look_at_disk(d, folder);
	base_free(folder);
}

void
doctor_journal(struct doctor *d)
{
	const char *url = d->program->journal.url;

	if (url == NULL) {
		doctor_say(d, DOCTOR_OK, "journal", NULL,
		    "there is none: every route relays");
		return;
	}
	if (journal_file(url) != NULL)
		look_at_sqlite(d, journal_file(url));
	else if (d->metrics == NULL)
		doctor_say(d, DOCTOR_OK, "journal", NULL,
		    "is a server's, and only a bridge that runs can tell");
	look_at_items(d);
}
