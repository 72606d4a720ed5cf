/* mapping/mapping_transform_boolean.c - words for yes and no. */
#include <unicase.h>

#include "mapping/mapping_transform_tools.h"

/*
 * What forms, spreadsheets and people write, in the languages most of them
 * are in. A word that is yes in one and no in another is in neither list.
 */
static const struct name booleans[] = {
	{ "true", 1 },
	{ "yes", 1 },
	{ "y", 1 },
	{ "on", 1 },
	{ "1", 1 },
	{ "checked", 1 },
	{ "t", 1 },
	{ "agree", 1 },
	{ "agreed", 1 },
	{ "i agree", 1 },
	{ "accept", 1 },
	{ "accepted", 1 },
	{ "i accept", 1 },
	{ "consent", 1 },
	{ "i consent", 1 },
	{ "granted", 1 },
	{ "opt-in", 1 },
	{ "opted in", 1 },
	{ "subscribed", 1 },
	{ "si", 1 },
	{ "sí", 1 },
	{ "sì", 1 },
	{ "oui", 1 },
	{ "ja", 1 },
	{ "sim", 1 },
	{ "tak", 1 },
	{ "ano", 1 },
	{ "evet", 1 },
	{ "да", 1 },
	{ "так", 1 },
	{ "はい", 1 },
	{ "是", 1 },
	{ "네", 1 },
	{ "false", 0 },
	{ "no", 0 },
	{ "n", 0 },
	{ "off", 0 },
	{ "0", 0 },
	{ "unchecked", 0 },
	{ "f", 0 },
	{ "disagree", 0 },
	{ "i disagree", 0 },
	{ "decline", 0 },
	{ "declined", 0 },
	{ "denied", 0 },
	{ "refused", 0 },
	{ "opt-out", 0 },
	{ "opted out", 0 },
	{ "unsubscribed", 0 },
	{ "non", 0 },
	{ "nein", 0 },
	{ "nee", 0 },
	{ "nej", 0 },
	{ "nei", 0 },
	{ "não", 0 },
	{ "nao", 0 },
	{ "nie", 0 },
	{ "ne", 0 },
	{ "hayır", 0 },
	{ "нет", 0 },
	{ "ні", 0 },
	{ "いいえ", 0 },
	{ "否", 0 },
	{ "아니요", 0 },
	{ NULL, -1 },
};

/* The same word in any case, Unicode's where it needs that. */
static bool
same_word(struct str a, struct str b)
{
	int order = 1;

	if (is_ascii(a))
		return str_eq_nocase(a, b);
	return u8_casecmp((const uint8_t *)a.at, a.len, (const uint8_t *)b.at,
	           b.len, NULL, NULL, &order) == 0 &&
	    order == 0;
}

static int
known_boolean(struct str word)
{
	for (const struct name *n = booleans; n->text != NULL; n++)
		if (same_word(word, str_of(n->text)))
			return n->value;
	return -1;
}

/* The mapping's own word for yes, then its own for no. */
static int
own_boolean(const struct transform_call *c, struct str word)
{
	struct str own;

	for (size_t i = 0; i < c->arg_count; i++)
		if (value_text(&c->args[i], &own) && same_word(word, own))
			return i == 0;
	return -1;
}

static int
run_boolean(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str word;
	int yes;

	if (v->kind == VALUE_TRUE || v->kind == VALUE_FALSE)
		return 0;
	if (step_text(c, "boolean", v, &word, why) == -1)
		return -1;
	word = trim_blanks(word);
	yes = own_boolean(c, word);
	if (yes == -1)
		yes = known_boolean(word);
	if (yes == -1)
		return step_fault(c, why,
		    "boolean: the text is neither a word for yes nor for no; "
		    "name others as boolean('I agree', 'No thanks')");
	*v = value_boolean(yes == 1);
	return 0;
}

const struct transform transforms_boolean[] = {
	{ .name = "boolean",
	    .max_args = 2,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "any scalar",
	    .gives = "a boolean",
	    .help = "Reads true, yes, on, 1, checked, agree, sí, oui, ja and "
	            "more such words, and their opposites, in any case, and "
	            "the words given for yes and for no.",
	    .examples = EXAMPLES({ "\"Yes\"", "boolean", "true" },
	        { "\" off \"", "boolean", "false" }, { "1", "boolean", "true" },
	        { "false", "boolean", "false" },
	        { "\"i agree\"", "boolean('I agree', 'No thanks')", "true" },
	        { "\"No thanks\"", "boolean('I agree', 'No thanks')", "false" },
	        { "\"no\"", "boolean('I agree', 'No thanks')", "false" },
	        { "\"Sí\"", "boolean", "true" },
	        { "\"DA\"", "boolean", "!neither" },
	        { "\"ДА\"", "boolean", "true" },
	        { "\"ОТКАЗ\"", "boolean('Согласен', 'Отказ')", "false" },
	        { "\"NÃO\"", "boolean", "false" },
	        { "\"Opted out\"", "boolean", "false" },
	        { "\"maybe\"", "boolean", "!neither" },
	        { "2", "boolean", "!neither" },
	        { "\"\"", "boolean", "!neither" },
	        { "[]", "boolean", "!was given an array" }),
	    .run = run_boolean },

	{ .name = NULL },
};
