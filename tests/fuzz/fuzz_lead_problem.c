/*
 * tests/fuzz/fuzz_lead_problem.c - any text for any field of the contract.
 *
 * The first byte picks the field, the second the type. What is taken must be
 * free of what could never be right; a reason is one that a person can read.
 */
#include <stdlib.h>
#include <string.h>

#include "lead/lead.h"

static void
check_taken(const struct lead_field *f, struct str text)
{
	if (f->format == NULL)
		return;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7F)
			bug("%s took a control character", f->name);
	if (strcmp(f->format, "email") == 0 &&
	    (text.len < 6 || memchr(text.at, '@', text.len) == NULL))
		bug("%s took what is no address", f->name);
	if (strcmp(f->format, "date") == 0 && text.len != 10)
		bug("%s took what is no date", f->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);
	enum lead_type type;
	const char *problem;
	struct str text;
	char *copy;

	if (len < 2)
		return 0;
	f += bytes[0] % count;
	type = bytes[1] % 4 == 0 ? LEAD_NUMBER : LEAD_STRING;
	copy = malloc(len);
	if (copy == NULL)
		return 0;
	memcpy(copy, bytes + 2, len - 2);
	text = (struct str){ copy, len - 2 };
	if (utf8_valid(text)) {
		problem = lead_problem(f, type, text);
		if (problem == NULL && type == LEAD_STRING)
			check_taken(f, text);
		if (problem != NULL && strncmp(problem, "must ", 5) != 0)
			bug("%s: \"%s\"", f->name, problem);
	}
	lead_id_valid(text);
	free(copy);
	return 0;
}
