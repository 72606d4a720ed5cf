/*
 * mapping/mapping_compile_remainder.c - remainder(): what nothing else uses.
 *
 * A member counts as used when a path or a condition of the mapping names it:
 * $.email and $.email.work both use `email`. Which ones that are is known
 * when all of the file is compiled, and does not depend on the event.
 */
#include <stdlib.h>

#include "mapping/mapping_compile.h"

void
compile_remember(struct compiler *c, struct str text)
{
	struct path_text *t = mapping_take(c->m, sizeof(*t));

	*t = (struct path_text){ text, c->texts };
	c->texts = t;
}

const struct remainder *
compile_remainder(struct compiler *c, const struct place *p,
    const struct jsonpath *path)
{
	struct remainder *made = mapping_take(c->m, sizeof(*made));

	if (!jsonpath_is_singular(path) || jsonpath_is_relative(path)) {
		place_fault(c, p,
		    "remainder() takes the path to one object of the body, as "
		    "in remainder($.answers)");
		return NULL;
	}
	c->m->sends_rest = true;
	made->path = path;
	made->next = c->remainders;
	c->remainders = made;
	return made;
}

/*
 * The paths in a condition or in another path's filters: they join those of
 * the mapping. What does not compile here was refused where it stands.
 */
static void
join_paths(struct compiler *c, struct str text)
{
	char quote = '\0';

	for (size_t i = 0; i < text.len; i++) {
		char at = text.at[i];
		struct jsonpath *path = NULL;
		struct fault why = { 0 };

		if (quote != '\0') {
			i += at == '\\';
			quote = at == quote ? '\0' : quote;
		} else if (at == '\'' || at == '"')
			quote = at;
		else if (at == '$')
			path = jsonpath_compile(str_skip(text, i),
			    JSONPATH_PREFIX, NULL, &why);
		if (path != NULL)
			mapping_own_path(c->m, path);
	}
}

static int
by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void
settle(struct compiler *c, struct remainder *r)
{
	const struct jsonpath_family *family = c->m->family;
	struct str *names;

	r->count = jsonpath_steps(family, r->path, NULL);
	names = mapping_take(c->m, (r->count + 1) * sizeof(*names));
	jsonpath_steps(family, r->path, names);
	qsort(names, r->count, sizeof(*names), by_name);
	r->names = names;
}

void
compile_remainders_end(struct compiler *c)
{
	if (c->remainders == NULL)
		return;
	for (struct path_text *t = c->texts; t != NULL; t = t->next)
		join_paths(c, t->text);
	for (struct remainder *r = c->remainders; r != NULL; r = r->next)
		settle(c, r);
}
