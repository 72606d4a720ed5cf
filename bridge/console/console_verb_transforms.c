/* console/console_verb_transforms.c - the transforms of the language. */
#include <string.h>

#include "console/console_verb.h"
#include "mapping/mapping.h"

static const struct option_row options[] = {
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* "2", "0 to 1" */
static char *
arguments(const struct mapping_transform *t)
{
	return t->min_args == t->max_args
	    ? base_print("%u", t->min_args)
	    : base_print("%u to %u", t->min_args, t->max_args);
}

static void
add_line(size_t i UNUSED, const struct mapping_transform *t, struct bytes *out)
{
	char *args = arguments(t);

	bytes_addf(out, "%-18s %-6s  %s -> %s: %s\n", t->name, args, t->takes,
	    t->gives, t->help);
	base_free(args);
}

static void
add_example(const struct mapping_example *e, struct bytes *out)
{
	bytes_addf(out, "  %s  | %s  ", e->in != NULL ? e->in : "absent",
	    e->step);
	if (e->fault != NULL)
		bytes_addf(out, "is refused: %s\n", e->fault);
	else
		bytes_addf(out, "-> %s\n", e->out != NULL ? e->out : "absent");
}

static void
add_page(size_t i, const struct mapping_transform *t, struct bytes *out)
{
	char *args = arguments(t);

	bytes_addf(out,
	    "%s\n\n%s\n\narguments  %s\ntakes      %s\ngives      %s\n",
	    t->name, t->help, args, t->takes, t->gives);
	if (t->examples > 0)
		bytes_add_text(out, "\nexamples\n");
	if (t->body != NULL)
		bytes_addf(out, "  of the body $ = %s\n", t->body);
	for (size_t k = 0; k < t->examples; k++) {
		struct mapping_example e = mapping_transform_example(i, k);

		add_example(&e, out);
	}
	base_free(args);
}

static void
add_pair(struct bytes *out, const char *name, const char *text)
{
	bytes_addf(out, "\"%s\":", name);
	bytes_add_json(out, str_of(text));
}

/* in and out are JSON themselves; what is absent is left out. */
static void
add_example_json(const struct mapping_example *e, struct bytes *out)
{
	bytes_add_char(out, '{');
	if (e->in != NULL)
		bytes_addf(out, "\"in\":%s,", e->in);
	add_pair(out, "step", e->step);
	if (e->out != NULL)
		bytes_addf(out, ",\"out\":%s", e->out);
	if (e->fault != NULL) {
		bytes_add_char(out, ',');
		add_pair(out, "fault", e->fault);
	}
	bytes_add_char(out, '}');
}

static void
add_json(size_t i, const struct mapping_transform *t, struct bytes *out)
{
	bytes_add_text(out, out->len > 1 ? ",\n{" : "{");
	add_pair(out, "name", t->name);
	bytes_addf(out, ",\"arguments\":{\"min\":%u,\"max\":%u},", t->min_args,
	    t->max_args);
	add_pair(out, "takes", t->takes);
	bytes_add_char(out, ',');
	add_pair(out, "gives", t->gives);
	bytes_add_char(out, ',');
	add_pair(out, "help", t->help);
	if (t->body != NULL)
		bytes_addf(out, ",\"body\":%s", t->body);
	bytes_add_text(out, ",\"examples\":[");
	for (size_t k = 0; k < t->examples; k++) {
		struct mapping_example e = mapping_transform_example(i, k);

		bytes_add_text(out, k > 0 ? "," : "");
		add_example_json(&e, out);
	}
	bytes_add_text(out, "]}");
}

static int
unknown(const char *name)
{
	struct mapping_transform t;
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; mapping_transform_at(i, &t); i++)
		nearest_try(&near, t.name);
	found = nearest_found(&near);
	return complain(EXIT_FAULTS, "there is no transform '%s'%s%s%s", name,
	    MEANT_ARG(found));
}

static int
transforms(const struct given *g)
{
	const char *name = given_arg(g, 0);
	const bool json = given_json(g);
	void (*add)(size_t i, const struct mapping_transform *t,
	    struct bytes *out) = json ? add_json
	    : name != NULL            ? add_page
	                              : add_line;
	struct mapping_transform t;
	struct bytes out;
	size_t found = 0;

	bytes_init(&out, (size_t)1 << 20);
	bytes_add_text(&out, json ? "[" : "");
	for (size_t i = 0; mapping_transform_at(i, &t); i++) {
		if (name != NULL && strcmp(name, t.name) != 0)
			continue;
		add(i, &t, &out);
		found++;
	}
	bytes_add_text(&out, json ? "]\n" : "");
	if (found == 0) {
		bytes_done(&out);
		return unknown(name);
	}
	print_bytes(&out);
	return EXIT_OK;
}

const struct verb verb_transforms = {
	.name = "transforms",
	.args = "[NAME]",
	.help = "List the transforms of the mapping language, or show one.",
	.more = "Each with how many arguments it has, what it takes and "
	        "gives.\n"
	        "With NAME its examples are shown too; they are tests of it.\n",
	.example = "  leadbridge transforms phone\n",
	.options = options,
	.max_args = 1,
	.run = transforms,
};
