/* secrets/secrets.c - the store: names, and their values in locked memory. */
#include <string.h>

#include "secrets/secrets.h"
#include "secrets/secrets_source.h"

/* Two are a rotation; more are several accounts on one route. */
#define VALUES_MAX ((size_t)8)
#define NAMES_MAX ((size_t)1024)

struct secret {
	char *name;
	size_t count;
	struct str values[VALUES_MAX];
};

/*
 *	0 .. used	values, one behind the other, no separators
 *	used .. room	free; at least SECRET_ROOM for each value to come
 */
struct secrets {
	struct secret *list;
	size_t count;
	char *vault; /* secrets_alloc; NULL when there are no secrets */
	size_t used;
};

static size_t
values_of(const config_setting_t *s)
{
	int length = config_setting_is_list(s) ? config_setting_length(s) : 1;

	return length > 0 ? (size_t)length : 0;
}

/* Adds one value to the name; false with a fault. */
static bool
read_value(struct secrets *s, struct secret *to, const config_setting_t *from,
    const char *file, struct faults *all)
{
	char *what = base_print("secrets.%s", to->name);
	char *into = s->vault + s->used;
	size_t len = secret_source_read(from, what, file, into, all);

	base_free(what);
	if (len == 0)
		return false;
	to->values[to->count++] = (struct str){ into, len };
	s->used += len;
	return true;
}

static bool
read_name(struct secrets *s, const config_setting_t *from, const char *file,
    struct faults *all)
{
	struct secret *to = &s->list[s->count++];
	size_t values = values_of(from);
	bool ok = true;

	to->name = base_copy(config_setting_name(from));
	if (values == 0 || values > VALUES_MAX) {
		settings_fault(all, from,
		    "secrets.%s: a list holds 1 to %zu values", to->name,
		    VALUES_MAX);
		return false;
	}
	if (!config_setting_is_list(from))
		return read_value(s, to, from, file, all);
	for (unsigned i = 0; i < values; i++)
		ok = read_value(s, to, config_setting_get_elem(from, i), file,
		         all) &&
		    ok;
	return ok;
}

static bool
make_room(struct secrets *s, const config_setting_t *group, struct faults *all)
{
	size_t names = (size_t)config_setting_length(group), values = 0;

	if (names > NAMES_MAX) {
		settings_fault(all, group,
		    "secrets: %zu names; at most %zu are kept", names,
		    NAMES_MAX);
		return false;
	}
	for (unsigned i = 0; i < names; i++) {
		size_t n = values_of(config_setting_get_elem(group, i));

		values += n < VALUES_MAX ? n : VALUES_MAX;
	}
	s->list = base_alloc(names * sizeof(s->list[0]));
	if (values == 0)
		return true;
	s->vault = secrets_alloc(values * SECRET_ROOM);
	if (s->vault == NULL)
		settings_fault(all, group,
		    "secrets: the system has no memory "
		    "for them");
	return s->vault != NULL;
}

static bool
read_group(struct secrets *s, const config_setting_t *group, const char *file,
    struct faults *all)
{
	bool ok = true;
	int names;

	if (!config_setting_is_group(group)) {
		settings_fault(all, group,
		    "secrets: a group { ... } is expected");
		return false;
	}
	if (!make_room(s, group, all))
		return false;
	names = config_setting_length(group);
	for (int i = 0; i < names; i++)
		ok = read_name(s, config_setting_get_elem(group, (unsigned)i),
		         file, all) &&
		    ok;
	return ok;
}

struct secrets *
secrets_load(const config_setting_t *group, const char *file,
    struct faults *all)
{
	struct secrets *s = base_alloc(sizeof(*s));

	if (group != NULL && !read_group(s, group, file, all)) {
		secrets_free(s);
		return NULL;
	}
	if (s->vault != NULL)
		secrets_seal(s->vault);
	return s;
}

struct secrets *
secrets_of(const char *name, struct str value, struct fault *why)
{
	const char *problem = secret_problem(value);
	struct secrets *s;

	if (problem != NULL) {
		fault_set(why, FAULT_SETTINGS, name, "the secret %s", problem);
		return NULL;
	}
	s = base_alloc(sizeof(*s));
	s->vault = secrets_alloc(value.len);
	if (s->vault == NULL) {
		fault_set(why, FAULT_BUSY, name, "no memory for the secret");
		base_free(s);
		return NULL;
	}
	memcpy(s->vault, value.at, value.len);
	secrets_seal(s->vault);
	s->list = base_alloc(sizeof(s->list[0]));
	s->count = 1;
	s->list[0] = (struct secret){ .name = base_copy(name),
		.count = 1,
		.values = { { s->vault, value.len } } };
	return s;
}

void
secrets_free(struct secrets *s)
{
	if (s == NULL)
		return;
	secrets_wipe(s->vault);
	for (size_t i = 0; i < s->count; i++)
		base_free(s->list[i].name);
	base_free(s->list);
	base_free(s);
}

const struct secret *
secrets_find(const struct secrets *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].name, name) == 0)
			return &s->list[i];
	return NULL;
}

const char *
secrets_nearest(const struct secrets *s, const char *name)
{
	struct nearest near;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; i < s->count; i++)
		nearest_try(&near, s->list[i].name);
	return nearest_found(&near);
}

const char *
secret_name(const struct secret *s)
{
	return s->name;
}

size_t
secret_count(const struct secret *s)
{
	return s->count;
}

struct str
secret_value(const struct secret *s, size_t i)
{
	if (i >= s->count)
		bug("secret '%s' has no value %zu", s->name, i);
	return s->values[i];
}
