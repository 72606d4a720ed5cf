/* console/console_completion.c - what may stand where on a command line. */
#include <string.h>

#include "console/console_completion.h"
#include "mapping/mapping.h"
#include "verify/verify.h"

static void
add_word(struct bytes *words, struct str word)
{
	if (words->len > 0)
		bytes_add_char(words, ' ');
	bytes_add_str(words, word);
}

static void
add_senders(struct bytes *words)
{
	const char *name;

	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++)
		add_word(words, str_of(name));
}

static void
add_transforms(struct bytes *words)
{
	struct mapping_transform t;

	for (size_t i = 0; mapping_transform_at(i, &t); i++)
		add_word(words, str_of(t.name));
}

/* Verbs whose argument is a name that the program knows. */
static const struct {
	const char *verb;
	void (*add)(struct bytes *words);
} names_of[] = {
	{ "new", add_senders },
	{ "senders", add_senders },
	{ "transforms", add_transforms },
};

/* What the names in capitals stand for. */
static const struct {
	const char *name;
	enum completion_kind kind;
} places[] = {
	{ "CAPTURE", COMPLETES_FILES },
	{ "DIR", COMPLETES_FOLDERS },
	{ "FILE", COMPLETES_FILES },
	{ "FOLDER", COMPLETES_FOLDERS },
	{ "MAPPING", COMPLETES_FILES },
	{ "SAMPLE", COMPLETES_FILES },
};

static enum completion_kind
place_of(const char *text)
{
	enum completion_kind best = COMPLETES_NOTHING;

	/* A file may be anywhere, also where a folder may be. */
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (strstr(text, places[i].name) != NULL &&
		    best != COMPLETES_FILES)
			best = places[i].kind;
	return best;
}

static bool
is_word(struct str s)
{
	if (s.len == 0 || s.at[0] < 'a' || s.at[0] > 'z')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-._",
		        s.at[i]) == NULL)
			return false;
	return true;
}

static struct str
without_brackets(struct str s)
{
	if (s.len > 1 && s.at[0] == '[' && s.at[s.len - 1] == ']')
		return (struct str){ s.at + 1, s.len - 2 };
	return s;
}

/* "list | show ID | tail": the words that begin an alternative. */
static void
add_alternatives(const char *text, struct bytes *words)
{
	struct str rest = without_brackets(str_of(text)), part, word;

	if (strchr(text, '|') == NULL)
		return;
	while (str_cut(&rest, '|', &part)) {
		part = str_trim(part);
		if (str_cut(&part, ' ', &word) && is_word(word))
			add_word(words, word);
	}
}

enum completion_kind
completion_of_value(const char *value, struct bytes *words)
{
	add_alternatives(value, words);
	return words->len > 0 ? COMPLETES_WORDS : place_of(value);
}

enum completion_kind
completion_of_args(const struct verb *v, struct bytes *words)
{
	for (size_t i = 0; i < COUNT_OF(names_of); i++)
		if (strcmp(names_of[i].verb, v->name) == 0)
			names_of[i].add(words);
	if (words->len == 0)
		add_alternatives(v->args, words);
	return words->len > 0 ? COMPLETES_WORDS : place_of(v->args);
}
