/* console/console_against.c - what is written, against what runs. */
#include "console/console_client.h"
#include "program/program.h"
#include "console/console_against.h"

static char *
copy_text(const struct client_answer *a, doc_node object, const char *name)
{
	return base_print("%.*s", STR_ARG(client_text(a->doc, object, name)));
}

/* As GET /settings has it. */
static void
read_fixed(const struct client_answer *a, struct fixed *f)
{
	doc_node list = doc_member(a->doc, a->data, STR("fixed"));

	DOC_FOREACH (a->doc, list, one)
		fixed_add(f, copy_text(a, one, "name"),
		    copy_text(a, one, "value"));
}

static void
compare(const struct client_answer *a, struct program *p)
{
	struct fixed runs = { 0 }, written;
	size_t at = 0;
	char *text;

	read_fixed(a, &runs);
	fixed_read(p, &written);
	while ((text = fixed_difference(&runs, &written, &at)) != NULL)
		program_note(p, text);
	fixed_done(&runs);
	fixed_done(&written);
}

int
against_running(const struct given *g, struct program *p)
{
	struct client_answer a;
	struct client *c;
	int code;

	c = client_open(g, &code);
	if (c == NULL)
		return code;
	code = client_get(c, STR("/settings"), &a);
	if (code == EXIT_OK)
		compare(&a, p);
	client_close(c);
	return code;
}
