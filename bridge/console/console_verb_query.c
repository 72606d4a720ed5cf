/* console/console_verb_query.c - a JSONPath on a document, like jq. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "terminal/terminal.h"
#include "console/console_verb.h"
#include "jsonpath/jsonpath.h"

#define DOCUMENT_CEILING ((size_t)256 << 20)

static const struct option_row options[] = {
	OPTION_OUTPUT,
	{ .name = NULL },
};

static void
print_nodes(const struct document *d, const struct jsonpath_nodes *nodes,
    bool json)
{
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	if (json)
		bytes_add_char(&out, '[');
	for (size_t i = 0; i < nodes->count; i++) {
		if (json && i > 0)
			bytes_add_char(&out, ',');
		doc_print(d, nodes->at[i], &out);
		if (!json)
			bytes_add_char(&out, '\n');
	}
	if (json)
		bytes_add_text(&out, "]\n");
	print_bytes(&out);
}

static int
run_query(const struct jsonpath *path, const char *file, struct arena *arena,
    bool json)
{
	const struct decode_limits limits = { .depth = 1000,
		.values = 50000000 };
	struct jsonpath_scope scope = { .current = DOC_NONE, .arena = arena };
	struct jsonpath_nodes nodes;
	struct fault why = { 0 };
	struct str text = file_read(file, DOCUMENT_CEILING, &why);
	int code = EXIT_OK;

	if (text.at == NULL)
		return complain_fault(&why, EXIT_CANNOT);
	scope.document = decode_json(arena, text, &limits, &why);
	if (scope.document == NULL ||
	    jsonpath_select(path, &scope, &nodes, &why) == -1)
		code = complain_fault(&why, EXIT_FAULTS);
	else
		print_nodes(scope.document, &nodes, json);
	file_done(text);
	return code;
}

/* The expression with a caret under the place of the fault. */
static int
bad_path(const char *text, const struct fault *why)
{
	fprintf(stderr, "leadbridge: column %u: %s\n  %s\n", why->column,
	    why->text, text);
	if (why->column > 0)
		fprintf(stderr, "  %*s^\n", (int)why->column - 1, "");
	return EXIT_FAULTS;
}

/* A file where the path stands, and a path where the file does. */
static bool
are_swapped(const struct given *g)
{
	const char *second = given_arg(g, 1);

	return second != NULL && second[0] == '$' &&
	    access(second, F_OK) != 0 && access(given_arg(g, 0), F_OK) == 0;
}

static int
query(const struct given *g)
{
	const char *file = given_arg(g, 1);
	struct fault why = { 0 };
	struct jsonpath *path;
	struct arena *arena;
	int code;

	path = jsonpath_compile(str_of(given_arg(g, 0)), 0, NULL, &why);
	if (path == NULL && are_swapped(g))
		return complain(EXIT_USAGE,
		    "query: the path comes first: leadbridge query EXPR "
		    "[FILE|-]");
	if (path == NULL)
		return bad_path(given_arg(g, 0), &why);
	arena = arena_new((size_t)8 << 30);
	code = run_query(path, file != NULL ? file : "-", arena, given_json(g));
	arena_free(arena);
	jsonpath_free(path);
	return code;
}

const struct verb verb_query = {
	.name = "query",
	.args = "EXPR [FILE|-]",
	.help = "Print what a JSONPath (RFC 9535) selects, a value a line.",
	.more = "Reads standard input where no file is named. --output json\n"
	        "prints one array. An invalid path exits 1 and shows where.\n",
	.example = "  leadbridge query '$.form_response.hidden' event.json\n",
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.run = query,
};
