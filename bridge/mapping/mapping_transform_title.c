/* mapping/mapping_transform_title.c - large and small letters of names. */
#include <string.h>
#include <unicase.h>
#include <unictype.h>

#include "mapping/mapping_transform_tools.h"

/* Letters of both cases: a person's own spelling, which title() keeps. */
static bool
is_mixed(struct str text)
{
	bool upper = false, lower = false;
	uint32_t cp;

	for (size_t n; (n = utf8_get(text, &cp)) > 0;
	     text = str_skip(text, n)) {
		upper = upper || uc_is_property_uppercase(cp);
		lower = lower || uc_is_property_lowercase(cp);
	}
	return upper && lower;
}

static bool
is_apostrophe(uint32_t cp)
{
	return cp == '\'' || cp == 0x2019 || cp == 0x02BC;
}

/* Of a word up to the next character that is no letter, mark or digit. */
static size_t
count_letters(struct str s)
{
	size_t count = 0;
	uint32_t cp;

	for (size_t n; (n = utf8_get(s, &cp)) > 0; s = str_skip(s, n)) {
		if (!uc_is_property_alphabetic(cp))
			break;
		count++;
	}
	return count;
}

/* Small in a family name of several words, when another one follows. */
static const char *const small[] = { "af", "av", "bin", "binti", "da", "das",
	"de", "del", "della", "den", "der", "di", "do", "dos", "du", "ibn",
	"ten", "ter", "van", "vom", "von", "zu", "zum", "zur", NULL };
/* The same, but only behind one of those: van la Haye is, La Toya is not. */
static const char *const smaller[] = { "el", "la", "las", "le", "los", NULL };

static bool
is_word(const char *const *words, struct str word)
{
	while (*words != NULL && !str_eq(word, str_of(*words)))
		words++;
	return *words != NULL;
}

/*
 * Whether a word is small; `behind`: the word before it is. The last word of a
 * name never is.
 */
static bool
is_small(struct str word, struct str rest, bool behind)
{
	struct str next;

	return (is_word(small, word) || (behind && is_word(smaller, word))) &&
	    take_word(&rest, &next);
}

/*
 * At the start of a name one particle alone is as good as a given name (Van
 * Morrison, De Niro); several are the family's: van der Berg.
 */
static bool
is_small_first(struct str word, struct str rest)
{
	struct str next;

	return is_small(word, rest, false) && take_word(&rest, &next) &&
	    is_small(next, rest, true);
}

/* Behind "Mc" at the start of a word, before two letters or more. */
static bool
is_behind_mc(struct str lower, size_t at, size_t letters)
{
	return letters == 2 && at >= 2 &&
	    memcmp(lower.at + at - 2, "mc", 2) == 0 &&
	    count_letters(str_skip(lower, at)) > 1;
}

/*
 * Writes the text, all lower case, with its words' first letters large. An
 * apostrophe starts a word only behind a single letter and before two or
 * more: O'Neil and D'Angelo, but not John'S. With `name`, also McDonald.
 */
static void
add_title(struct str lower, bool name, struct bytes *out)
{
	size_t letters = 0; /* of the word at hand, so far */
	uint32_t cp;

	for (size_t at = 0, n; (n = utf8_get(str_skip(lower, at), &cp)) > 0;
	     at += n) {
		bool letter = uc_is_property_alphabetic(cp) ||
		    uc_is_general_category(cp, UC_MARK) ||
		    (cp >= '0' && cp <= '9');
		char made[4];

		if (letter &&
		    (letters == 0 ||
		        (name && is_behind_mc(lower, at, letters))))
			cp = uc_totitle(cp);
		bytes_add(out, made, utf8_put(made, cp));
		if (letter)
			letters++;
		else if (!is_apostrophe(cp) ||
		    (letters == 1 &&
		        count_letters(str_skip(lower, at + n)) > 1))
			letters = 0;
	}
}

/* A person's name, word by word: its particles stay small. */
static void
add_name(struct str lower, struct bytes *out)
{
	struct str rest = lower, word;
	const char *done = lower.at;
	bool first = true, behind = false;

	for (; take_word(&rest, &word); first = false) {
		bytes_add_str(out, str_span(done, word.at));
		behind = first ? is_small_first(word, rest)
		               : is_small(word, rest, behind);
		if (behind)
			bytes_add_str(out, word);
		else
			add_title(word, true, out);
		done = word.at + word.len;
	}
	bytes_add_str(out, str_span(done, lower.at + lower.len));
}

static int
prepare_title(const struct transform_setup *s, void **out, struct fault *why)
{
	struct str word;

	(void)out;
	if (s->arg_count > 0 &&
	    (!setup_text(s, 0, &word) || !str_eq(word, STR("name"))))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "title: takes 'name', or nothing");
	return 0;
}

static int
run_title(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text, lower;
	struct bytes out;

	if (step_text(c, "title", v, &text, why) == -1)
		return -1;
	if (is_mixed(text)) {
		*v = value_string(text);
		return 0;
	}
	if (text_lower(c->in->arena, text, &lower) == -1)
		return step_full(c, "title", why);
	step_bytes(c, &out);
	if (c->arg_count > 0)
		add_name(lower, &out);
	else
		add_title(lower, false, &out);
	return step_give(c, "title", &out, v, why);
}

const struct transform transforms_title[] = {
	{ .name = "title",
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes each word's first letter large when all letters "
	            "are large or all are small; of a 'name' also Jan "
	            "van der Berg, Van Morrison, McDonald.",
	    .examples = EXAMPLES({ "\"ann o'neil\"", "title",
	                             "\"Ann O'Neil\"" },
	        { "\"JEAN-LUC D’ANGELO\"", "title", "\"Jean-Luc D’Angelo\"" },
	        { "\"john's\"", "title", "\"John's\"" },
	        { "\"o's\"", "title", "\"O's\"" },
	        { "\"ÉMILE ZOLA\"", "title", "\"Émile Zola\"" },
	        { "\"Ronald McDonald\"", "title", "\"Ronald McDonald\"" },
	        { "\"ann McDonald\"", "title", "\"ann McDonald\"" },
	        { "\"42nd street\"", "title", "\"42nd Street\"" },
	        { "\"DES MOINES DE LA MCX\"", "title",
	            "\"Des Moines De La Mcx\"" },
	        { "\"VAN DER BERG\"", "title('name')", "\"van der Berg\"" },
	        { "\"de la cruz\"", "title('name')", "\"de la Cruz\"" },
	        { "\"la toya\"", "title('name')", "\"La Toya\"" },
	        { "\" von  ÖTZI-mcdonald\"", "title('name')",
	            "\" von  ÖTZI-mcdonald\"" },
	        { "\" VON  ÖTZI-MCDONALD\"", "title('name')",
	            "\" Von  Ötzi-McDonald\"" },
	        { "\"VAN MORRISON\"", "title('name')", "\"Van Morrison\"" },
	        { "\"JAN VAN DER BERG\"", "title('name')",
	            "\"Jan van der Berg\"" },
	        { "\"maria de los ángeles\"", "title('name')",
	            "\"Maria de los Ángeles\"" },
	        { "\"john la farge\"", "title('name')", "\"John La Farge\"" },
	        { "\"JAN VAN\"", "title('name')", "\"Jan Van\"" },
	        { "\"VAN\"", "title('name')", "\"Van\"" },
	        { "\"DE LA\"", "title('name')", "\"De La\"" },
	        { "\"MCDONALD\"", "title('name')", "\"McDonald\"" },
	        { "\"o'neill\"", "title('name')", "\"O'Neill\"" },
	        { "\"mca mc\"", "title('name')", "\"Mca Mc\"" },
	        { "\"\"", "title('name')", "\"\"" },
	        { "\"x\"", "title('city')", "!takes 'name'" }),
	    .prepare = prepare_title,
	    .run = run_title },

	{ .name = NULL },
};
