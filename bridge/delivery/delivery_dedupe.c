/* delivery/delivery_dedupe.c - keys by which duplicates are known. */
#include "delivery/delivery_dedupe.h"
#include "jsonpath/jsonpath.h"

#define DEDUPE_PATHS_MAX 8
#define DEDUPE_KEY_MAX 4096

enum dedupe_kind { DEDUPE_NONE, DEDUPE_ID, DEDUPE_BODY, DEDUPE_PATHS };

static const struct name kinds[] = {
	{ "none", DEDUPE_NONE },
	{ "id", DEDUPE_ID },
	{ "body", DEDUPE_BODY },
	{ NULL, -1 },
};

struct dedupe {
	int kind;
	struct jsonpath *paths[DEDUPE_PATHS_MAX];
	size_t count;
};

static void
add_path(struct dedupe *d, const config_setting_t *at, struct faults *all)
{
	const char *text = config_setting_get_string(at);
	struct fault why = { 0 };
	struct jsonpath *p;

	if (text == NULL) {
		settings_fault(all, at, "dedupe: a path is expected: \"$.id\"");
		return;
	}
	p = jsonpath_compile(str_of(text), JSONPATH_STRICT, NULL, &why);
	if (p == NULL) {
		settings_fault(all, at, "dedupe: %s", why.text);
		return;
	}
	d->paths[d->count++] = p;
	if (!jsonpath_is_singular(p))
		settings_fault(all, at,
		    "dedupe: names and indexes only, so that it is one value");
}

static void
add_paths(struct dedupe *d, const config_setting_t *list, struct faults *all)
{
	int count = config_setting_length(list);

	d->kind = DEDUPE_PATHS;
	if (count == 0 || count > DEDUPE_PATHS_MAX) {
		settings_fault(all, list, "dedupe: one to %d paths",
		    DEDUPE_PATHS_MAX);
		return;
	}
	for (int i = 0; i < count; i++)
		add_path(d, config_setting_get_elem(list, (unsigned)i), all);
}

struct dedupe *
dedupe_new(const config_setting_t *setting, struct faults *all)
{
	struct dedupe *d = base_alloc(sizeof(*d));
	size_t before = all->count;

	d->kind = DEDUPE_ID;
	if (setting != NULL && config_setting_is_aggregate(setting))
		add_paths(d, setting, all);
	else if (setting != NULL) {
		d->kind = name_value(kinds,
		    str_of(config_setting_get_string(setting)));
		if (d->kind == -1)
			settings_fault(all, setting,
			    "dedupe: \"id\", \"body\", \"none\" or a list of "
			    "paths is expected");
	}
	if (all->count > before) {
		dedupe_free(d);
		return NULL;
	}
	return d;
}

void
dedupe_free(struct dedupe *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++)
		jsonpath_free(d->paths[i]);
	base_free(d);
}

bool
dedupe_by_id(const struct dedupe *d)
{
	return d->kind == DEDUPE_ID;
}

static bool
is_plain(enum doc_kind kind)
{
	return kind == DOC_STRING || kind == DOC_NUMBER || kind == DOC_TRUE ||
	    kind == DOC_FALSE;
}

/* JSON, one behind the other: no two lists of values print the same. */
static int
key_of_paths(const struct dedupe *d, const struct document *document,
    struct arena *arena, struct str *out)
{
	const struct jsonpath_scope scope = { .document = document,
		.current = DOC_NONE,
		.arena = arena };
	struct bytes key;

	/* As long as values of an event are: only its hash is kept. */
	bytes_init_in(&key, arena, SIZE_MAX / 4);
	for (size_t i = 0; i < d->count; i++) {
		doc_node n = jsonpath_one(d->paths[i], &scope);

		if (!is_plain(doc_kind(document, n)))
			return 0;
		doc_print(document, n, &key);
		bytes_add_char(&key, '\n');
	}
	if (!bytes_ok(&key))
		return -1;
	*out = bytes_str(&key);
	return 0;
}

int
dedupe_key(const struct dedupe *d, const struct dedupe_event *event,
    struct arena *arena, struct str *key)
{
	*key = STR_NONE;
	switch ((enum dedupe_kind)d->kind) {
	case DEDUPE_ID:
		if (event->id.len > 0)
			*key = event->id;
		break;
	case DEDUPE_BODY:
		*key = event->digest;
		break;
	case DEDUPE_PATHS:
		if (event->document != NULL)
			return key_of_paths(d, event->document, arena, key);
		break;
	case DEDUPE_NONE:
		break;
	}
	return 0;
}
