/* settings/settings_fault.c - faults of a file, with their places. */
#include <stdarg.h>

#include "settings/settings_place.h"

/* How a fault's place is told. */
struct telling {
	const config_setting_t *setting;
	size_t at;    /* byte of its text; or SETTINGS_NAME, SETTINGS_VALUE */
	bool excerpt; /* with the line it points into */
};

/* The byte in the file's text, or NULL; *exact: it is that of t->at. */
static const char *
pointed_at(const struct telling *t, struct str text, bool *exact)
{
	const char *string = config_setting_get_string(t->setting);
	const char *within;
	struct spot spot;

	*exact = false;
	if (!place_find(text, t->setting, &spot))
		return NULL;
	if (t->at < SETTINGS_NAME && string != NULL) {
		within = place_in_string(text, spot.value, str_of(string),
		    t->at);
		*exact = within != NULL;
		return *exact ? within : spot.value;
	}
	if (spot.name != NULL &&
	    (t->at == SETTINGS_NAME || config_setting_is_aggregate(t->setting)))
		return spot.name;
	return spot.value;
}

/* Fills the place from the file's text; returns whether it is exact. */
static bool
find_place(const struct telling *t, struct fault_place *place,
    struct bytes *excerpt)
{
	struct str text = settings_text(t->setting);
	bool exact;
	const char *at = pointed_at(t, text, &exact);

	if (at != NULL) {
		place_count(text, at, &place->line, &place->column);
		if (t->excerpt)
			place_excerpt(text, at, excerpt);
		place->excerpt = t->excerpt ? bytes_str(excerpt).at : NULL;
	}
	base_free((void *)(uintptr_t)text.at);
	return exact;
}

static void add_fault(struct faults *all, const struct telling *t,
    const char *fmt, va_list ap) PRINTF(3, 0);

static void
add_fault(struct faults *all, const struct telling *t, const char *fmt,
    va_list ap)
{
	char *file = settings_file_of(t->setting);
	struct fault_place place = { .file = file,
		.line = settings_line(t->setting) };
	struct bytes words, excerpt;
	bool exact = false;

	bytes_init(&words, 4096);
	bytes_init(&excerpt, 4096);
	bytes_addv(&words, fmt, ap);
	if (!faults_full(all) && file != NULL)
		exact = find_place(t, &place, &excerpt);
	if (!exact && t->at < SETTINGS_NAME) {
		struct str before = { config_setting_get_string(t->setting),
			t->at };

		bytes_addf(&words, " (at its character %zu)",
		    utf8_count(before) + 1);
	}
	faults_add_at(all, &place, "%s", bytes_str(&words).at);
	bytes_done(&words);
	bytes_done(&excerpt);
	base_free(file);
}

const config_setting_t *
settings_member(const config_setting_t *group, const char *name)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	return s != NULL ? s : group;
}

void
settings_fault(struct faults *all, const config_setting_t *s, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_fault(all, &(struct telling){ s, SETTINGS_VALUE, false }, fmt, ap);
	va_end(ap);
}

void
settings_fault_name(struct faults *all, const config_setting_t *s,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_fault(all, &(struct telling){ s, SETTINGS_NAME, false }, fmt, ap);
	va_end(ap);
}

void
settings_fault_in(struct faults *all, const config_setting_t *s, size_t at,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_fault(all, &(struct telling){ s, at, true }, fmt, ap);
	va_end(ap);
}
