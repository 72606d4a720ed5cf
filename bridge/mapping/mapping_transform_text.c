/*
 * mapping/mapping_transform_text.c - text to text.
 *
 * Case and character classes are Unicode's (libunistring); plain ASCII, most
 * of what comes, never gets there. A result that equals its input borrows it.
 */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <unicase.h>
#include <unictype.h>

#include "mapping/mapping_transform_tools.h"

static int
run_trim(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text;

	if (step_text(c, "trim", v, &text, why) == -1)
		return -1;
	*v = value_string(trim_blanks(text));
	return 0;
}

static int
run_squeeze(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str rest, word;
	struct bytes out;

	if (step_text(c, "squeeze", v, &rest, why) == -1)
		return -1;
	step_bytes(c, &out);
	while (take_word(&rest, &word)) {
		if (out.len > 0)
			bytes_add_char(&out, ' ');
		bytes_add_str(&out, word);
	}
	return step_give(c, "squeeze", &out, v, why);
}

typedef uint8_t *recase(const uint8_t *s, size_t n, const char *language,
    uninorm_t form, uint8_t *buffer, size_t *length);

/* The text in another case, in the arena. -1 when there is no memory. */
static int
recase_unicode(struct arena *a, struct str text, recase *how, struct str *out)
{
	/* Room for nearly all texts; a result that needs more is malloc'd. */
	size_t len = text.len * 2;
	uint8_t *room = arena_take(a, len);
	uint8_t *made = NULL;

	if (room != NULL)
		made = how((const uint8_t *)text.at, text.len, NULL, NULL, room,
		    &len);
	if (made == NULL)
		return -1;
	*out = (struct str){ (const char *)made, len };
	if (made != room) {
		*out = arena_copy(a, *out);
		free(made);
	}
	return out->at != NULL ? 0 : -1;
}

/*
 * Eight ASCII characters, the 26 from `first` on in the other case. In the
 * sums a byte has its top bit from some character on, and none carries.
 */
static uint64_t
recase8(uint64_t word, char first)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t from = word + each * (0x80 - (uint64_t)first);
	uint64_t past = word + each * (0x80 - (uint64_t)first - 26);

	return word ^ (from & ~past & each * 0x80) >> 2;
}

static int
recase_ascii(struct arena *a, struct str text, char first, struct str *out)
{
	char *made = arena_take(a, text.len);
	size_t i = 0;

	if (made == NULL)
		return -1;
	for (; text.len - i >= 8; i += 8) {
		uint64_t word = recase8(short_load8(text.at + i), first);

		memcpy(made + i, &word, sizeof(word));
	}
	for (; i < text.len; i++) {
		char c = text.at[i];

		made[i] = c >= first && c <= first + 25 ? (char)(c ^ 0x20) : c;
	}
	*out = (struct str){ made, text.len };
	return 0;
}

int
text_lower(struct arena *a, struct str text, struct str *out)
{
	if (is_ascii(text))
		return recase_ascii(a, text, 'A', out);
	return recase_unicode(a, text, u8_tolower, out);
}

static int
to_upper(struct arena *a, struct str text, struct str *out)
{
	if (is_ascii(text))
		return recase_ascii(a, text, 'a', out);
	return recase_unicode(a, text, u8_toupper, out);
}

static int
run_lower(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text, made;

	if (step_text(c, "lower", v, &text, why) == -1)
		return -1;
	if (text_lower(c->in->arena, text, &made) == -1)
		return step_full(c, "lower", why);
	*v = value_string(made);
	return 0;
}

static int
run_upper(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text, made;

	if (step_text(c, "upper", v, &text, why) == -1)
		return -1;
	if (to_upper(c->in->arena, text, &made) == -1)
		return step_full(c, "upper", why);
	*v = value_string(made);
	return 0;
}

static int
run_digits(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct bytes out;
	struct str text;
	uint32_t cp;

	if (step_text(c, "digits", v, &text, why) == -1)
		return -1;
	step_bytes(c, &out);
	for (size_t n; (n = utf8_get(text, &cp)) > 0;
	     text = str_skip(text, n)) {
		int digit = uc_decimal_value(cp);

		if (digit >= 0)
			bytes_add_char(&out, (char)('0' + digit));
	}
	return step_give(c, "digits", &out, v, why);
}

static int
prepare_replace(const struct transform_setup *s, void **out, struct fault *why)
{
	struct str from, to;

	(void)out;
	if (!setup_text(s, 0, &from) || !setup_text(s, 1, &to))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "replace: takes two texts, what and by what");
	if (from.len == 0)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "replace: the text to replace is empty");
	return 0;
}

static int
run_replace(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str rest, from, to;
	struct bytes out;
	const char *at;

	if (step_text(c, "replace", v, &rest, why) == -1 ||
	    step_arg_text(c, "replace", 0, &from, why) == -1 ||
	    step_arg_text(c, "replace", 1, &to, why) == -1)
		return -1;
	if (from.len == 0)
		return step_fault(c, why,
		    "replace: the text to replace is empty");
	step_bytes(c, &out);
	while ((at = memmem(rest.at, rest.len, from.at, from.len)) != NULL) {
		bytes_add_str(&out, str_span(rest.at, at));
		bytes_add_str(&out, to);
		rest = str_span(at + from.len, rest.at + rest.len);
	}
	bytes_add_str(&out, rest);
	return step_give(c, "replace", &out, v, why);
}

static int
prepare_truncate(const struct transform_setup *s, void **out, struct fault *why)
{
	(void)out;
	if (s->args[0].kind != VALUE_NUMBER ||
	    str_number(s->args[0].text, INT32_MAX) < 1)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "truncate: takes a number of characters, 1 or more");
	return 0;
}

static int
run_truncate(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text;
	int64_t max;
	size_t end = 0;
	uint32_t cp;

	if (step_text(c, "truncate", v, &text, why) == -1 ||
	    step_arg_int(c, "truncate", 0, 1, INT32_MAX, &max, why) == -1)
		return -1;
	for (; max > 0 && end < text.len; max--)
		end += utf8_get(str_skip(text, end), &cp);
	*v = value_string((struct str){ text.at, end });
	return 0;
}

static int
run_sha256(const struct transform_call *c, struct value *v, struct fault *why)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct bytes out;
	struct str text;

	if (step_text(c, "sha256", v, &text, why) == -1)
		return -1;
	if (EVP_Digest(text.at, text.len, hash, &len, EVP_sha256(), NULL) != 1)
		return step_full(c, "sha256", why);
	step_bytes(c, &out);
	bytes_add_hex(&out, hash, len);
	return step_give(c, "sha256", &out, v, why);
}

const struct transform transforms_text[] = {
	{ .name = "digits",
	    .takes = "text",
	    .gives = "text",
	    .help = "Keeps the digits only.",
	    .examples = EXAMPLES({ "\"+1 (415) 555-2671\"", "digits",
	                             "\"14155552671\"" },
	        { "\"٤٢\"", "digits", "\"42\"" },
	        { "\"none\"", "digits", "\"\"" },
	        { "true", "digits", "!takes text, and was given a boolean" }),
	    .run = run_digits },

	{ .name = "lower",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes all letters lower case.",
	    .examples = EXAMPLES({ "\"Ann@Example.COM\"", "lower",
	                             "\"ann@example.com\"" },
	        { "\"ÅNGSTRÖM\"", "lower", "\"ångström\"" },
	        { "\"@[`{AZ\"", "lower", "\"@[`{az\"" },
	        { "{}", "lower", "!takes text, and was given an object" }),
	    .run = run_lower },

	{ .name = "replace",
	    .min_args = 2,
	    .max_args = 2,
	    .takes = "text",
	    .gives = "text",
	    .help = "Replaces every occurrence of one text by another.",
	    .examples = EXAMPLES({ "\"a-b-c\"", "replace('-', ' ')",
	                             "\"a b c\"" },
	        { "\"aaa\"", "replace('aa', 'b')", "\"ba\"" },
	        { "\"x\"", "replace('-', '')", "\"x\"" },
	        { "\"--\"", "replace('-', '')", "\"\"" },
	        { "\"x\"", "replace('', 'y')", "!is empty" }),
	    .prepare = prepare_replace,
	    .run = run_replace },

	{ .name = "sha256",
	    .takes = "text",
	    .gives = "text",
	    .help = "Hashes the text with SHA-256, in lower-case hex.",
	    .examples = EXAMPLES({ "\"abc\"", "sha256",
	        "\"ba7816bf8f01cfea414140de5dae2223"
	        "b00361a396177a9cb410ff61f20015ad\"" }),
	    .run = run_sha256 },

	{ .name = "squeeze",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes runs of white space one space, and trims.",
	    .examples = EXAMPLES({ "\"  a \\t\\n b  \"", "squeeze", "\"a b\"" },
	        { "\"a\\u00a0\\u3000b\"", "squeeze", "\"a b\"" },
	        { "\"  \"", "squeeze", "\"\"" }),
	    .run = run_squeeze },

	{ .name = "trim",
	    .takes = "text",
	    .gives = "text",
	    .help = "Takes white space off both ends.",
	    .examples = EXAMPLES({ "\" a b\\t\\n\"", "trim", "\"a b\"" },
	        { "\"\\ufeff\\u00a0a\\u200b\\u3000\"", "trim", "\"a\"" },
	        { "\" \"", "trim", "\"\"" }, { "12", "trim", "\"12\"" },
	        { "null", "trim", "" },
	        { "[1]", "trim", "!takes text, and was given an array" }),
	    .run = run_trim },

	{ .name = "truncate",
	    .min_args = 1,
	    .max_args = 1,
	    .takes = "text",
	    .gives = "text",
	    .help = "Cuts the text to at most so many characters.",
	    .examples = EXAMPLES({ "\"abcdef\"", "truncate(3)", "\"abc\"" },
	        { "\"éèê\"", "truncate(2)", "\"éè\"" },
	        { "\"ab\"", "truncate(3)", "\"ab\"" },
	        { "\"ab\"", "truncate(0)", "!1 or more" },
	        { "\"ab\"", "truncate('x')", "!1 or more" }),
	    .prepare = prepare_truncate,
	    .run = run_truncate },

	{ .name = "upper",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes all letters upper case.",
	    .examples = EXAMPLES({ "\"us\"", "upper", "\"US\"" },
	        { "\"straße\"", "upper", "\"STRASSE\"" }),
	    .run = run_upper },

	{ .name = NULL },
};
