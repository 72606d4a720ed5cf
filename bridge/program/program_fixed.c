/* program/program_fixed.c - what a running bridge cannot change any more. */
#include <stdlib.h>
#include <string.h>

#include "program/program_confine.h"
#include "program/program_fixed.h"

#define TEXT_CEILING ((size_t)64 << 10)

void
fixed_add(struct fixed *f, char *name, char *text)
{
	f->names = base_grow(f->names, f->count + 1, sizeof(char *));
	f->texts = base_grow(f->texts, f->count + 1, sizeof(char *));
	f->names[f->count] = name;
	f->texts[f->count++] = text;
}

static void
add(struct fixed *f, char *name, struct bytes *text)
{
	fixed_add(f, name, base_print("%.*s", STR_ARG(bytes_str(text))));
	bytes_done(text);
}

/* "user:pass@word" up to the first mark of where a password begins. */
static void
print_user(struct str user, struct bytes *out)
{
	size_t len = 0;

	while (len < user.len && strchr(":/?@", user.at[len]) == NULL)
		len++;
	bytes_add(out, user.at, len);
}

/*
 * An url, but for the password and the parameters. Also who wrote a '?' or '/'
 * into a password as it is finds no part of it in a log.
 */
static void
print_url(struct str url, struct bytes *out)
{
	const char *scheme = memmem(url.at, url.len, "://", 3), *at = NULL;
	struct str rest = url, behind, shown;

	if (scheme != NULL) {
		rest = str_skip(url, (size_t)(scheme - url.at) + 3);
		bytes_add_str(out, str_span(url.at, rest.at));
		behind = rest;
		(void)str_cut(&behind, '/', &shown);
		at = memrchr(shown.at, '@', shown.len);
	}
	behind = str_span(at != NULL ? at : rest.at, rest.at + rest.len);
	(void)str_cut(&behind, '?', &shown);
	if (scheme != NULL)
		at = memrchr(shown.at, '@', shown.len);
	if (at != NULL) {
		print_user(rest, out);
		shown = str_span(at, shown.at + shown.len);
	}
	bytes_add_str(out, shown);
}

/* As the reader of settings filled it. */
static void
print_value(const struct setting *row, const void *from, struct bytes *out)
{
	const char *at = (const char *)from + row->at;

	switch (row->kind) {
	case SETTING_BOOLEAN:
		bytes_add_text(out, *(const bool *)at ? "true" : "false");
		break;
	case SETTING_NAME:
		bytes_add_text(out, name_text(row->names, *(const int *)at));
		break;
	case SETTING_TEXT:
		if (*(const char *const *)at != NULL)
			print_url(str_of(*(const char *const *)at), out);
		break;
	case SETTING_DURATION:
		bytes_add_int(out, *(const int64_t *)at);
		bytes_add_text(out, "ms");
		break;
	case SETTING_COUNT:
	case SETTING_SIZE:
		bytes_add_int(out, *(const int64_t *)at);
		break;
	case SETTING_TREE:
		break;
	}
}

static void
add_row(struct fixed *f, char *name, const struct setting *row,
    const void *from)
{
	struct bytes text;

	bytes_init(&text, TEXT_CEILING);
	print_value(row, from, &text);
	add(f, name, &text);
}

/* One file has one text, from wherever it is looked at. */
static void
add_url(struct fixed *f, const char *url)
{
	const char *path = journal_file(url);
	char *folder = NULL, *real = NULL;
	struct bytes text;

	bytes_init(&text, TEXT_CEILING);
	if (path != NULL) {
		folder = settings_beside(path, ".");
		real = realpath(folder, NULL);
	}
	if (real != NULL)
		bytes_addf(&text, "sqlite:%s/%s", real, basename(path));
	else
		print_url(str_of(url), &text);
	add(f, base_copy("journal.url"), &text);
	free(real);
	base_free(folder);
}

static void
add_journal(struct fixed *f, const struct program *p)
{
	if (p->journal.url == NULL)
		return;
	add_url(f, p->journal.url);
	for (const struct setting *row = journal_settings_table;
	     row->name != NULL; row++)
		if (strcmp(row->name, "url") != 0)
			add_row(f, base_print("journal.%s", row->name), row,
			    &p->journal);
}

static bool
is_tls(const struct listener_address *a)
{
	return a->certificate != NULL || a->certificate_count > 0;
}

/* Of an address, whether it has certificates; all else may change. */
static void
add_address(struct fixed *f, const struct listener_address *a)
{
	fixed_add(f, base_print("listen %s TLS", a->address),
	    base_copy(is_tls(a) ? "yes" : "no"));
}

static void
add_listen(struct fixed *f, const struct program *p)
{
	struct bytes text;

	bytes_init(&text, TEXT_CEILING);
	for (size_t i = 0; i < p->listen_count; i++) {
		bytes_add_text(&text, i > 0 ? ", " : "");
		bytes_add_text(&text, p->listen[i].address);
	}
	add(f, base_copy("listen"), &text);
	for (size_t i = 0; i < p->listen_count; i++)
		add_address(f, &p->listen[i]);
}

/* Of the main file's own settings. */
static const char *const of_program[] = { "confine", "group", "user",
	"workers" };

static void
add_own(struct fixed *f, const struct program *p)
{
	for (const struct setting *row = program_table; row->name != NULL;
	     row++)
		for (size_t i = 0; i < COUNT_OF(of_program); i++)
			if (strcmp(row->name, of_program[i]) == 0)
				add_row(f, base_copy(row->name), row,
				    &p->settings);
}

/* All else of it is taken up by a reload. */
static void
add_tracing(struct fixed *f, const struct program *p)
{
	if (p->trace != NULL)
		fixed_add(f, base_copy("tracing"),
		    base_print("a queue of %lld spans",
		        (long long)p->trace->settings.queue));
}

void
fixed_read(const struct program *p, struct fixed *f)
{
	*f = (struct fixed){ 0 };
	add_own(f, p);
	add_listen(f, p);
	fixed_add(f, base_copy("admin.address"),
	    base_print("%s%s", p->admin.address,
	        is_tls(&p->admin) ? " with TLS" : ""));
	add_journal(f, p);
	add_tracing(f, p);
}

void
fixed_done(struct fixed *f)
{
	for (size_t i = 0; i < f->count; i++) {
		base_free(f->names[i]);
		base_free(f->texts[i]);
	}
	base_free(f->names);
	base_free(f->texts);
	*f = (struct fixed){ 0 };
}

const char *
fixed_text(const struct fixed *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->names[i], name) == 0)
			return f->texts[i];
	return NULL;
}

/* All that is written; what only runs is told by "listen" and "journal". */
char *
fixed_difference(const struct fixed *runs, const struct fixed *written,
    size_t *at)
{
	while (*at < written->count) {
		const char *name = written->names[*at];
		const char *is = written->texts[(*at)++];
		const char *was = fixed_text(runs, name);

		if (was == NULL && strncmp(name, "listen ", 7) == 0)
			continue; /* of an address that does not run */
		if (was == NULL || strcmp(was, is) != 0)
			return base_print("%s: '%s' takes a restart; '%s' goes "
			                  "on",
			    name, is, was != NULL ? was : "");
	}
	if ((*at)++ == written->count &&
	    fixed_text(runs, "journal.url") != NULL &&
	    fixed_text(written, "journal.url") == NULL)
		return base_print("journal: to leave it out takes a restart; "
		                  "'%s' goes on",
		    fixed_text(runs, "journal.url"));
	return NULL;
}
