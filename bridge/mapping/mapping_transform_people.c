/* mapping/mapping_transform_people.c - names, phone numbers, countries. */
#include <string.h>

#include "mapping/mapping_country.h"
#include "mapping/mapping_phone.h"
#include "mapping/mapping_transform_tools.h"

/* More words than any name has; what has more is no name. */
#define NAME_WORDS 32

/* In front of a name, and no part of it. */
static const char *const honorifics[] = { "mr", "mrs", "ms", "miss", "mx", "dr",
	"prof", "sir", NULL };
/* Behind a name, and neither given nor family name. */
static const char *const suffixes[] = { "jr", "sr", "ii", "iii", "iv", "phd",
	"md", "esq", NULL };
/* What belongs to the family name behind it. */
static const char *const particles[] = { "af", "al", "av", "bin", "binti", "da",
	"das", "de", "del", "della", "den", "der", "di", "do", "dos", "du",
	"el", "ibn", "la", "las", "le", "los", "st", "ten", "ter", "van", "vom",
	"von", "zu", "zum", "zur", NULL };

/* In any case, dots and commas apart: "Ph.D.," is phd. */
static bool
is_one_of(const char *const *words, struct str word)
{
	char plain[8];
	size_t len = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] == '.' || word.at[i] == ',')
			continue;
		if (len == sizeof(plain))
			return false;
		plain[len++] = word.at[i];
	}
	for (; *words != NULL; words++)
		if (str_eq_nocase((struct str){ plain, len }, str_of(*words)))
			return true;
	return false;
}

/* A full name in words; the family's are those from `family` on. */
struct name_parts {
	struct str words[NAME_WORDS];
	size_t count;
	size_t family; /* == count: there is none */
};

/* -1 when there are too many words. */
static int
add_words(struct name_parts *p, struct str text)
{
	struct str word;

	while (take_word(&text, &word)) {
		if (p->count == NAME_WORDS)
			return -1;
		p->words[p->count++] = word;
	}
	return 0;
}

/* Takes honorifics off the front and suffixes off the end, never all. */
static void
drop_titles(struct name_parts *p, size_t from)
{
	size_t first = from;

	while (p->count - first > 1 && is_one_of(honorifics, p->words[first]))
		first++;
	memmove(p->words + from, p->words + first,
	    (p->count - first) * sizeof(p->words[0]));
	p->count -= first - from;
	while (
	    p->count - from > 1 && is_one_of(suffixes, p->words[p->count - 1]))
		p->count--;
}

static bool
only_suffixes(struct str text)
{
	struct str word;

	while (take_word(&text, &word))
		if (!is_one_of(suffixes, word))
			return false;
	return true;
}

/*
 * "Given Family": the last word, and the particles in front of it, are the
 * family's; the first word never is.
 */
static int
split_plain(struct name_parts *p, struct str text)
{
	if (add_words(p, text) == -1)
		return -1;
	drop_titles(p, 0);
	p->family = p->count;
	if (p->count > 1)
		p->family--;
	while (p->family > 1 && p->family < p->count &&
	    is_one_of(particles, p->words[p->family - 1]))
		p->family--;
	return 0;
}

/* "Family, Given": put in the other order. */
static int
split_turned(struct name_parts *p, struct str family, struct str given)
{
	if (add_words(p, given) == -1)
		return -1;
	drop_titles(p, 0);
	p->family = p->count;
	if (add_words(p, family) == -1)
		return -1;
	if (p->count > p->family)
		drop_titles(p, p->family);
	return 0;
}

/*
 * What stands behind the last comma may be suffixes ("Ann Lee, Jr."); what
 * is left has a comma when the family name comes first.
 */
static int
split_name(struct name_parts *p, struct str text)
{
	struct str head, rest = text;

	p->count = 0;
	while (str_cut(&rest, ',', &head) && rest.at != NULL)
		if (only_suffixes(rest)) {
			text = str_span(text.at, head.at + head.len);
			break;
		}
	if (memchr(text.at, ',', text.len) == NULL)
		return split_plain(p, text);
	if (!str_cut(&text, ',', &head))
		return -1;
	return split_turned(p, head, text);
}

static int
give_words(const struct transform_call *c, const char *step,
    const struct str *words, size_t count, struct value *v, struct fault *why)
{
	struct bytes out;

	if (count == 0) {
		*v = (struct value){ .kind = VALUE_ABSENT };
		return 0;
	}
	if (count == 1) {
		*v = value_string(words[0]);
		return 0;
	}
	step_bytes(c, &out);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes_add_char(&out, ' ');
		bytes_add_str(&out, words[i]);
	}
	return step_give(c, step, &out, v, why);
}

static int
read_name(const struct transform_call *c, const char *step,
    const struct value *v, struct name_parts *p, struct fault *why)
{
	struct str text;

	if (step_text(c, step, v, &text, why) == -1)
		return -1;
	if (split_name(p, text) == -1)
		return step_fault(c, why,
		    "%s: more than %d words are not a name", step, NAME_WORDS);
	return 0;
}

static int
run_given_name(const struct transform_call *c, struct value *v,
    struct fault *why)
{
	struct name_parts p = { .count = 0 };

	if (read_name(c, "given_name", v, &p, why) == -1)
		return -1;
	return give_words(c, "given_name", p.words, p.family, v, why);
}

static int
run_family_name(const struct transform_call *c, struct value *v,
    struct fault *why)
{
	struct name_parts p = { .count = 0 };

	if (read_name(c, "family_name", v, &p, why) == -1)
		return -1;
	return give_words(c, "family_name", p.words + p.family,
	    p.count - p.family, v, why);
}

/* What phone() was asked for besides the number. */
struct phone_wish {
	char region[PHONE_REGION]; /* "": none given */
	bool computed;             /* an argument is the event's */
	bool keep;                 /* one that is none passes as it is */
	bool assigned;
};

/* Two letters, or anything else that country() knows: "USA", "France". */
static bool
read_region(struct str text, char region[PHONE_REGION])
{
	const struct country *country = country_find(trim_blanks(text));

	if (country == NULL || !phone_region_known(country->alpha_2))
		return false;
	memcpy(region, country->alpha_2, PHONE_REGION);
	return true;
}

/* What is wrong with an argument, or NULL when nothing is. */
static const char *
read_wish_word(struct str word, bool first, struct phone_wish *w)
{
	if (str_eq(word, STR("keep")))
		w->keep = true;
	else if (str_eq(word, STR("valid")))
		w->assigned = true;
	else if (!first)
		return "takes 'keep' or 'valid' behind the region";
	else if (!read_region(word, w->region))
		return "has a region that is no country with phone numbers";
	return NULL;
}

/* The same for all; the wish has what the arguments do not say. */
static const char *
read_wish(const struct value *args, size_t count, struct phone_wish *w)
{
	const char *problem = NULL;

	for (size_t i = 0; problem == NULL && i < count; i++) {
		if (args[i].kind == VALUE_ABSENT || args[i].kind == VALUE_NULL)
			continue;
		if (args[i].kind == VALUE_STRING)
			problem = read_wish_word(args[i].text, i == 0, w);
		else
			problem = "takes a region, 'keep' and 'valid', all as "
			          "text";
	}
	return problem;
}

/*
 * A region the event brings; its words are no options of ours. What is no
 * country is no region: a number with '+' needs none, others are refused.
 */
static const char *
read_event_region(const struct value *arg, struct phone_wish *w)
{
	struct str text;

	if (arg->kind == VALUE_ABSENT || arg->kind == VALUE_NULL)
		return NULL;
	if (arg->kind != VALUE_STRING)
		return "takes a region as text";
	text = trim_blanks(arg->text);
	if (text.len > 0 && !read_region(text, w->region))
		w->region[0] = '\0';
	return NULL;
}

static int
prepare_phone(const struct transform_setup *s, void **out, struct fault *why)
{
	struct phone_wish wish = { .region = "" };
	const char *problem = phone_problem();

	if (problem != NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "phone: libphonenumber cannot be used: %s", problem);
	if (s->region.at != NULL && !read_region(s->region, wish.region))
		problem = "the mapping's region has no phone numbers";
	else
		problem = read_wish(s->args, s->arg_count, &wish);
	if (problem != NULL)
		return fault_set(why, FAULT_SETTINGS, NULL, "phone: %s",
		    problem);
	for (size_t i = 1; i < s->arg_count; i++)
		if (s->args[i].kind == VALUE_ABSENT)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "phone: only its region can come from the event");
	wish.computed = s->arg_count > 0 && s->args[0].kind == VALUE_ABSENT;
	*out = base_alloc(sizeof(wish));
	memcpy(*out, &wish, sizeof(wish));
	return 0;
}

/* A region the event brought is its own affair: it is not repeated. */
static int
no_phone(const struct transform_call *c, const struct phone_wish *w,
    struct fault *why)
{
	if (w->region[0] == '\0')
		return step_fault(c, why,
		    "phone: is not a phone number with '+' and a country "
		    "code; phone('US') would take national ones");
	if (w->computed)
		return step_fault(c, why,
		    "phone: is not a phone number in the region given");
	return step_fault(c, why, "phone: is not a phone number in region %s",
	    w->region);
}

static int
run_phone(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct phone_wish w = *(const struct phone_wish *)c->prepared;
	char number[PHONE_E164];
	enum phone_result result;
	struct str text;

	if (step_text(c, "phone", v, &text, why) == -1)
		return -1;
	if (w.computed) {
		const char *problem = read_event_region(&c->args[0], &w);

		if (problem != NULL)
			return step_fault(c, why, "phone: %s", problem);
	}
	result = phone_e164(text.at, text.len, w.region, w.assigned, number);
	if (result == PHONE_FULL)
		return step_full(c, "phone", why);
	if (result == PHONE_NONE && !w.keep)
		return no_phone(c, &w, why);
	if (result == PHONE_OK)
		text = arena_copy(c->in->arena, str_of(number));
	if (text.at == NULL)
		return step_full(c, "phone", why);
	*v = value_string(text);
	return 0;
}

static int
run_country(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct country *found;
	struct str text;

	if (step_text(c, "country", v, &text, why) == -1)
		return -1;
	found = country_find(trim_blanks(text));
	if (found == NULL)
		return step_fault(c, why,
		    "country: is neither a code of ISO 3166-1 nor a "
		    "country's English name");
	*v = value_string(str_of(found->alpha_2));
	return 0;
}

static int
run_email(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct lead_field *field = lead_field_find(STR("email"));
	const struct str scheme = STR("mailto:");
	struct str text;

	if (step_text(c, "email", v, &text, why) == -1)
		return -1;
	text = trim_blanks(text);
	if (text.len > scheme.len &&
	    str_eq_nocase((struct str){ text.at, scheme.len }, scheme))
		text = str_skip(text, scheme.len);
	if (lead_problem(field, LEAD_STRING, text) != NULL)
		return step_fault(c, why,
		    "email: is not an e-mail address that the API takes");
	*v = value_string(text);
	return 0;
}

const struct transform transforms_people[] = {
	{ .name = "country",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes the two letters of ISO 3166-1 from a country's "
	            "English name or code.",
	    .examples = EXAMPLES({ "\"United States\"", "country", "\"US\"" },
	        { "\"USA\"", "country", "\"US\"" },
	        { "\"us\"", "country", "\"US\"" },
	        { "\"840\"", "country", "\"US\"" },
	        { "840", "country", "\"US\"" }, { "4", "country", "\"AF\"" },
	        { "\"U.K.\"", "country", "\"GB\"" },
	        { "\"England\"", "country", "\"GB\"" },
	        { "\"Côte d’Ivoire\"", "country", "\"CI\"" },
	        { "\" the netherlands \"", "country", "\"NL\"" },
	        { "\"Bosnia & Herzegovina\"", "country", "\"BA\"" },
	        { "\"Republic of Korea\"", "country", "\"KR\"" },
	        { "\"Türkiye\"", "country", "\"TR\"" },
	        { "\"Kosovo\"", "country", "\"XK\"" },
	        { "\"Atlantis\"", "country", "!neither a code" },
	        { "\"0\"", "country", "!neither a code" },
	        { "\"|\"", "country", "!neither a code" },
	        { "\"\"", "country", "!neither a code" }),
	    .run = run_country },

	{ .name = "email",
	    .takes = "text",
	    .gives = "text",
	    .help = "Takes white space and 'mailto:' off an e-mail address; "
	            "refuses what the API would not take for one.",
	    .examples = EXAMPLES({ "\" Ann@Example.com \"", "email",
	                             "\"Ann@Example.com\"" },
	        { "\"mailto:ann@example.com\"", "email",
	            "\"ann@example.com\"" },
	        { "\"MailTo:ann@example.com\"", "email",
	            "\"ann@example.com\"" },
	        { "\"none\"", "email", "!is not an e-mail address" },
	        { "\"ann@localhost\"", "email", "!is not an e-mail address" },
	        { "\"\"", "email", "!is not an e-mail address" },
	        { "true", "email", "!was given a boolean" }),
	    .run = run_email },

	{ .name = "family_name",
	    .takes = "text",
	    .gives = "text",
	    .help = "Takes the family name out of a full name; nothing of a "
	            "single word.",
	    .examples = EXAMPLES({ "\"Ann Lee\"", "family_name", "\"Lee\"" },
	        { "\"Mr. Juan  de la Cruz, Jr.\"", "family_name",
	            "\"de la Cruz\"" },
	        { "\"Lee, Ann Marie\"", "family_name", "\"Lee\"" },
	        { "\"van der Berg, Jan\"", "family_name", "\"van der Berg\"" },
	        { "\"Van Morrison\"", "family_name", "\"Morrison\"" },
	        { "\"Robert De Niro\"", "family_name", "\"De Niro\"" },
	        { "\"John Smith III\"", "family_name", "\"Smith\"" },
	        { "\"Lee, Jr., Ann\"", "family_name", "\"Lee\"" },
	        { "\"Ann\"", "family_name", "" },
	        { "\"\"", "family_name", "" }),
	    .run = run_family_name },

	{ .name = "given_name",
	    .takes = "text",
	    .gives = "text",
	    .help = "Takes the given names out of a full name.",
	    .examples = EXAMPLES({ "\"Ann Lee\"", "given_name", "\"Ann\"" },
	        { "\"Ann Marie Lee\"", "given_name", "\"Ann Marie\"" },
	        { "\"Dr. Ann Lee, PhD\"", "given_name", "\"Ann\"" },
	        { "\"Lee, Ann  Marie\"", "given_name", "\"Ann Marie\"" },
	        { "\"Ludwig van Beethoven\"", "given_name", "\"Ludwig\"" },
	        { "\"Ann\"", "given_name", "\"Ann\"" },
	        { "\"Ann, Jr\"", "given_name", "\"Ann\"" },
	        { "\"  \"", "given_name", "" }, { "\",\"", "given_name", "" }),
	    .run = run_given_name },

	{ .name = "phone",
	    .max_args = 3,
	    .flags = TRANSFORM_MIXED_ARGS,
	    .takes = "text",
	    .gives = "text",
	    .help = "Writes a phone number in E.164 form, without extension; a "
	            "country is where national numbers are at home, 'keep' "
	            "passes what is no number, 'valid' wants a prefix in use.",
	    .examples = EXAMPLES({ "\"(415) 555-2671\"", "phone('US')",
	                             "\"+14155552671\"" },
	        { "4155552671", "phone('US')", "\"+14155552671\"" },
	        { "\"020 7946 0018\"", "phone('gb')", "\"+442079460018\"" },
	        { "\"+44 20 7946 0018\"", "phone", "\"+442079460018\"" },
	        { "\"+44 20 7946 0018\"", "phone('US')", "\"+442079460018\"" },
	        { "\"tel:+1-555-123-4567\"", "phone('US')",
	            "\"+15551234567\"" },
	        { "\"415-555-2671 x12\"", "phone('US')", "\"+14155552671\"" },
	        { "\"555 123 4567\"", "phone('US', 'valid')",
	            "!is not a phone number in region US" },
	        { "\"555-1234\"", "phone('US')",
	            "!is not a phone number in region US" },
	        { "\"none\"", "phone('US', 'keep')", "\"none\"" },
	        { "\"415 555 2671\"", "phone", "!phone('US') would take" },
	        { "\"020 7946 0018\"", "phone('United Kingdom')",
	            "\"+442079460018\"" },
	        { "\"(415) 555-2671\"", "phone('USA')", "\"+14155552671\"" },
	        { "\"x\"", "phone('Atlantis')", "!no country with phone" },
	        { "\"x\"", "phone('AQ')", "!no country with phone" },
	        { "\"x\"", "phone('US', 'maybe')", "!'keep' or 'valid'" },
	        { "true", "phone('US')", "!was given a boolean" }),
	    .prepare = prepare_phone,
	    .release = base_free,
	    .run = run_phone },

	{ .name = NULL },
};
