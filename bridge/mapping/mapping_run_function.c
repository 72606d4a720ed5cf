/* mapping/mapping_run_function.c - header('X') and its kind, a row each. */
#include <stdio.h>
#include <time.h>

#include "mapping/mapping_program.h"

static struct str
header(const struct mapping_input *in, struct str name)
{
	return in->request != NULL ? request_header(in->request, name)
	                           : STR_NONE;
}

static struct str
query(const struct mapping_input *in, struct str name)
{
	return in->request != NULL ? request_query(in->request, name, in->arena)
	                           : STR_NONE;
}

static struct str
param(const struct mapping_input *in, struct str name)
{
	for (size_t i = 0; i < in->param_count; i++)
		if (str_eq(in->params[i].name, name))
			return in->params[i].value;
	return STR_NONE;
}

static struct str
sender(const struct mapping_input *in, struct str none UNUSED)
{
	return in->sender;
}

static struct str
delivery_id(const struct mapping_input *in, struct str none UNUSED)
{
	return in->delivery_id;
}

/* RFC 3339 in UTC, milliseconds kept: "2026-01-31T09:30:00.000Z". */
static struct str
received_at(const struct mapping_input *in, struct str none UNUSED)
{
	int64_t ms = in->received_ms % 1000;
	time_t seconds = (time_t)(in->received_ms / 1000 - (ms < 0));
	struct tm tm;
	char text[64];
	size_t len;

	if (gmtime_r(&seconds, &tm) == NULL)
		return STR_NONE;
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(text + len, sizeof(text) - len, ".%03dZ",
	    (int)(ms < 0 ? ms + 1000 : ms));
	return arena_copy(in->arena, (struct str){ text, len });
}

static struct str
client_ip(const struct mapping_input *in, struct str none UNUSED)
{
	return in->request != NULL ? in->request->peer : STR_NONE;
}

static const struct function functions[] = {
	{ "client_ip", NULL, SOURCE_FUNCTION, client_ip,
	    "The address the request came from." },
	{ "delivery_id", NULL, SOURCE_FUNCTION, delivery_id,
	    "The sender's own id of this delivery." },
	{ "header", "the name of a header", SOURCE_FUNCTION, header,
	    "A header of the request; the first, where it was sent several "
	    "times." },
	{ "key", NULL, SOURCE_KEY, NULL,
	    "The name of the current item, where it is a member of an "
	    "object." },
	{ "param", "the name of a {part} of the route", SOURCE_PARAM, param,
	    "A {part} of the route's path." },
	{ "query", "the name of a query parameter", SOURCE_FUNCTION, query,
	    "A parameter behind the '?' of the address; the first of "
	    "several." },
	{ "received_at", NULL, SOURCE_FUNCTION, received_at,
	    "When the request came, in UTC." },
	{ "remainder", NULL, SOURCE_REMAINDER, NULL,
	    "The object, or the one at a path, without the members that this "
	    "mapping names." },
	{ "sender", NULL, SOURCE_FUNCTION, sender,
	    "The sender as the route names it." },
};

bool
mapping_function_at(size_t i, struct mapping_word *out)
{
	if (i >= COUNT_OF(functions))
		return false;
	*out = (struct mapping_word){ functions[i].name, functions[i].argument,
		functions[i].help };
	return true;
}

const struct function *
function_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (str_eq(str_of(functions[i].name), name))
			return &functions[i];
	return NULL;
}

const char *
function_nearest(struct str name)
{
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		nearest_try(&near, functions[i].name);
	return nearest_found(&near);
}
