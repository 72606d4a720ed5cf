/* mapping/mapping_transform_slug.c - a key of a text: small letters, digits. */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "mapping/mapping_transform_tools.h"

/* Of the hash of a text that a slug cannot say; two digits each. */
#define HASH_BYTES 4

/* Latin letters that no decomposition takes apart. */
static const struct {
	uint32_t cp;
	const char *plain;
} letters[] = { { 0xE6, "ae" }, { 0xF0, "d" }, { 0xF8, "o" }, { 0xFE, "th" },
	{ 0x111, "d" }, { 0x127, "h" }, { 0x131, "i" }, { 0x142, "l" },
	{ 0x14B, "ng" }, { 0x153, "oe" }, { 0x167, "t" } };

/* The character in letters a to z and digits; "" when it has none. */
static const char *
plain_of(uint32_t cp, char room[2])
{
	int digit = uc_decimal_value(cp);

	room[0] = digit >= 0 ? (char)('0' + digit) : (char)cp;
	room[1] = '\0';
	if (digit >= 0 || (cp >= 'a' && cp <= 'z'))
		return room;
	for (size_t i = 0; cp >= 0x80 && i < COUNT_OF(letters); i++)
		if (letters[i].cp == cp)
			return letters[i].plain;
	return "";
}

/* An accent, or the apostrophe in "don't": it parts nothing. */
static bool
is_inside(uint32_t cp)
{
	return cp == '\'' || cp == 0x2019 || uc_combining_class(cp) != 0;
}

/* Returns false when letters or digits of another script were left out. */
static bool
add_slug(struct str folded, struct bytes *out)
{
	bool between = false, whole = true;
	uint32_t cp;

	for (size_t n; (n = utf8_get(folded, &cp)) > 0;
	     folded = str_skip(folded, n)) {
		char room[2];
		const char *plain = plain_of(cp, room);

		if (plain[0] != '\0') {
			if (between && out->len > 0)
				bytes_add_char(out, '-');
			bytes_add_text(out, plain);
			between = false;
		} else if (!is_inside(cp)) {
			between = true;
			whole = whole &&
			    !uc_is_general_category_withtable(cp,
			        UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
		}
	}
	return whole;
}

/* Two texts that differ only in what a slug cannot say stay two. */
static int
add_hash(struct str text, struct bytes *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(text.at, text.len, hash, NULL, EVP_sha256(), NULL) != 1)
		return -1;
	if (out->len > 0)
		bytes_add_char(out, '-');
	bytes_add_hex(out, hash, HASH_BYTES);
	return 0;
}

static int
run_slug(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct bytes out;
	struct str text;
	uint8_t *folded;
	size_t len = 0;
	bool whole;

	if (step_text(c, "slug", v, &text, why) == -1)
		return -1;
	text = trim_blanks(text);
	if (text.len == 0)
		return step_fault(c, why, "slug: the text is empty");
	folded = u8_casefold((const uint8_t *)text.at, text.len, NULL,
	    UNINORM_NFKD, NULL, &len);
	if (folded == NULL)
		return step_full(c, "slug", why);
	step_bytes(c, &out);
	whole = add_slug((struct str){ (const char *)folded, len }, &out);
	free(folded);
	if ((!whole || out.len == 0) && bytes_ok(&out) &&
	    add_hash(text, &out) == -1)
		return step_full(c, "slug", why);
	return step_give(c, "slug", &out, v, why);
}

const struct transform transforms_slug[] = {
	{ .name = "slug",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes small letters a to z and digits of a text, with '-' "
	            "for all that is between them; a hash stands for letters "
	            "of other scripts.",
	    .examples = EXAMPLES({ "\"How did you hear about us?\"", "slug",
	                             "\"how-did-you-hear-about-us\"" },
	        { "\"  Crème  Brûlée (n° 5) \"", "slug",
	            "\"creme-brulee-n-5\"" },
	        { "\"Don't / don’t\"", "slug", "\"dont-dont\"" },
	        { "\"Straße\"", "slug", "\"strasse\"" },
	        { "\"Łódź Ærø\"", "slug", "\"lodz-aero\"" },
	        { "\"٤٢ ①\"", "slug", "\"42-1\"" },
	        { "\"日本\"", "slug", "\"cf2abf0c\"" },
	        { "\"Имя (name)\"", "slug", "\"name-7b195032\"" },
	        { "\"???\"", "slug", "\"a03b221c\"" },
	        { "2026", "slug", "\"2026\"" },
	        { "\" \"", "slug", "!is empty" },
	        { "[]", "slug", "!was given an array" }),
	    .run = run_slug },

	{ .name = NULL },
};
