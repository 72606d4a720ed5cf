/* secrets/secrets.c - the store: names, and their values in locked memory. */
#include <string.h>

#include "secrets/secrets.h"
#include "secrets/secrets_source.h"

#define NAMES_MAX ((size_t)1024)

struct secret {
	char *name;
	size_t count;
	struct str values[SECRET_VALUES_MAX];
	char *hosts[SECRET_VALUES_MAX]; /* see secret_host() */
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

/* Secrets being loaded, and where their faults go. */
struct loading {
	struct secrets *secrets;
	const config_setting_t *group;
	const char *file;
	struct key_store *store; /* while loading; NULL: none is needed */
	bool store_broken;
	struct faults *all;
};

/* A list is so many elements, anything else is one. */
static const config_setting_t *
element(const config_setting_t *s, unsigned i)
{
	if (config_setting_is_list(s))
		return config_setting_get_elem(s, i);
	return i == 0 ? s : NULL;
}

/* Of an entry of the store it holds as many as the entry. */
static size_t
values_in(const struct loading *l, const config_setting_t *source)
{
	const char *entry = secret_source_store(source);
	size_t n = entry != NULL && l->store != NULL
	    ? key_store_values(l->store, entry)
	    : 1;

	return n > 0 ? n : 1; /* that there is none is a fault, later */
}

static size_t
values_of(const struct loading *l, const config_setting_t *s)
{
	const config_setting_t *source;
	size_t n = 0;

	for (unsigned i = 0; (source = element(s, i)) != NULL; i++)
		n += values_in(l, source);
	return n;
}

/* Adds the nth value of the source to the name; false with a fault. */
static bool
read_value(const struct loading *l, struct secret *to,
    const config_setting_t *source, size_t nth)
{
	struct secrets *s = l->secrets;
	const char *entry = secret_source_store(source);
	char *what = base_print("secrets.%s", to->name);
	const struct reading r = { .group = source,
		.what = what,
		.settings = l->file,
		.into = s->vault + s->used,
		.store = l->store,
		.store_broken = l->store_broken,
		.nth = nth,
		.all = l->all };
	size_t len = secret_source_read(&r);

	base_free(what);
	if (len == 0)
		return false;
	if (entry != NULL)
		to->hosts[to->count] = base_copy(key_store_entry(l->store,
		    key_store_find(l->store, entry, nth))
		                                     .host);
	to->values[to->count++] = (struct str){ r.into, len };
	s->used += len;
	return true;
}

static bool
read_source(const struct loading *l, struct secret *to,
    const config_setting_t *source)
{
	size_t values = values_in(l, source);

	for (size_t nth = 0; nth < values; nth++)
		if (!read_value(l, to, source, nth))
			return false;
	return true;
}

static bool
read_name(const struct loading *l, const config_setting_t *from)
{
	struct secret *to = &l->secrets->list[l->secrets->count++];
	size_t values = values_of(l, from);
	const config_setting_t *source;
	bool ok = true;

	to->name = base_copy(config_setting_name(from));
	if (values == 0 || values > SECRET_VALUES_MAX) {
		settings_fault(l->all, from,
		    "secrets.%s: a list holds 1 to %zu values", to->name,
		    SECRET_VALUES_MAX);
		return false;
	}
	for (unsigned i = 0; (source = element(from, i)) != NULL; i++)
		ok = read_source(l, to, source) && ok;
	return ok;
}

static bool
make_room(const struct loading *l)
{
	struct secrets *s = l->secrets;
	size_t names = (size_t)config_setting_length(l->group), values = 0;

	if (names > NAMES_MAX) {
		settings_fault(l->all, l->group,
		    "secrets: %zu names; at most %zu are kept", names,
		    NAMES_MAX);
		return false;
	}
	for (unsigned i = 0; i < names; i++) {
		size_t n = values_of(l, config_setting_get_elem(l->group, i));

		values += n < SECRET_VALUES_MAX ? n : SECRET_VALUES_MAX;
	}
	s->list = base_alloc(names * sizeof(s->list[0]));
	if (values == 0)
		return true;
	s->vault = secrets_alloc(values * SECRET_ROOM);
	if (s->vault == NULL)
		settings_fault(l->all, l->group,
		    "secrets: the system has no memory "
		    "for them");
	return s->vault != NULL;
}

static bool
needs_store(const config_setting_t *group)
{
	const config_setting_t *name, *source;

	for (unsigned i = 0; (name = config_setting_get_elem(group, i)) != NULL;
	     i++)
		for (unsigned k = 0; (source = element(name, k)) != NULL; k++)
			if (secret_source_store(source) != NULL)
				return true;
	return false;
}

/* It costs a passphrase's half second: only where something is in it. */
static void
open_store(struct loading *l)
{
	const config_setting_t *root = config_setting_parent(l->group);
	const config_setting_t *store = root != NULL
	    ? config_setting_get_member(root, "key_store")
	    : NULL;

	if (store == NULL || !needs_store(l->group))
		return;
	l->store = key_store_open(store, l->file, KEY_STORE_READ, l->all);
	l->store_broken = l->store == NULL;
}

static bool
read_group(struct loading *l)
{
	bool ok = true;
	int names;

	if (!config_setting_is_group(l->group)) {
		settings_fault(l->all, l->group,
		    "secrets: a group { ... } is expected");
		return false;
	}
	open_store(l);
	if (!make_room(l))
		return false;
	names = config_setting_length(l->group);
	for (int i = 0; i < names; i++)
		ok = read_name(l,
		         config_setting_get_elem(l->group, (unsigned)i)) &&
		    ok;
	return ok;
}

struct secrets *
secrets_load(const config_setting_t *group, const char *file,
    struct faults *all)
{
	struct secrets *s = base_alloc(sizeof(*s));
	struct loading l = { .secrets = s,
		.group = group,
		.file = file,
		.all = all };
	bool ok = group == NULL || read_group(&l);

	key_store_close(l.store);
	if (!ok) {
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
	for (size_t i = 0; i < s->count; i++) {
		base_free(s->list[i].name);
		for (size_t k = 0; k < SECRET_VALUES_MAX; k++)
			base_free(s->list[i].hosts[k]);
	}
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

const char *
secret_host(const struct secret *s, size_t i)
{
	return i < s->count ? s->hosts[i] : NULL;
}
