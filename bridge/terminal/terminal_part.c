/* terminal/terminal_part.c - verbs with parts: which is meant, what goes with
 * it.
 */
#include <string.h>

#include "terminal/terminal_part.h"

static bool
takes(const struct verb_part *p, const char *option)
{
	struct str rest = str_of(p->takes), word;

	while (str_cut(&rest, ' ', &word))
		if (str_eq(word, str_of(option)))
			return true;
	return false;
}

static bool
goes_with_all(const struct verb *v, const char *option)
{
	for (const struct verb_part *p = v->parts; p->name != NULL; p++)
		if (takes(p, option))
			return false;
	return true;
}

const struct verb_part *
verb_part_named(const struct verb *v, const char *name)
{
	for (size_t i = 0;
	     v->parts != NULL && name != NULL && v->parts[i].name != NULL; i++)
		if (strcmp(v->parts[i].name, name) == 0)
			return &v->parts[i];
	return NULL;
}

struct str
verb_part_args(const struct verb *v, const struct verb_part *p)
{
	struct str rest = str_of(v->args), one;
	size_t len = strlen(p->name);

	while (str_cut(&rest, '|', &one)) {
		one = str_trim(one);
		if (str_starts(one, str_of(p->name)) &&
		    (one.len == len || one.at[len] == ' '))
			return one;
	}
	return str_of(p->name);
}

bool
verb_part_takes(const struct verb *v, const struct verb_part *p,
    const char *option)
{
	return takes(p, option) || goes_with_all(v, option);
}

/* The word is not repeated: it may be a key. */
static int
unknown_part(const struct verb *v, const char *word)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(word));
	for (const struct verb_part *p = v->parts; p->name != NULL; p++)
		nearest_try(&near, p->name);
	found = nearest_found(&near);
	return complain(EXIT_USAGE, "%s: %s is expected%s%s%s", v->name,
	    v->args, MEANT_ARG(found));
}

static int
check_usage(const struct verb *v, const struct verb_part *p,
    const struct given *g)
{
	const size_t count = given_count(g) - 1;

	if (count < p->min_args)
		return complain(EXIT_USAGE, "%s %s: too few arguments: %s",
		    v->name, p->name, v->args);
	if (count > p->max_args)
		return complain(EXIT_USAGE, "%s %s: too many arguments; %s",
		    v->name, p->name,
		    v->surplus != NULL ? v->surplus : "--help tells which");
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		if (given_flag(g, row->name) &&
		    !verb_part_takes(v, p, row->name))
			return complain(EXIT_USAGE,
			    "%s %s: --%s does not go with it; see 'leadbridge "
			    "%s --help'",
			    v->name, p->name, row->name, v->name);
	return -1;
}

int
verb_part_find(const struct verb *v, const struct given *g, size_t *which)
{
	const char *word = given_arg(g, 0);
	const struct verb_part *p = verb_part_named(v, word);

	if (p == NULL)
		return unknown_part(v, word);
	*which = (size_t)(p - v->parts);
	return check_usage(v, p, g);
}
