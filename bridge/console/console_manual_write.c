/* console/console_manual_write.c - words and lines of mdoc(7). */
#include <string.h>

#include "console/console_manual.h"

#define FILL_WIDTH 72
#define LIST ".Bl -tag -width Ds"
#define DISPLAY ".Bd -literal -offset indent"

/* What a formatter would change, or take for a request. */
static const struct {
	char c;
	const char *text;
} escapes[] = {
	{ '\\', "\\e" },
	{ '"', "\\(dq" },
	{ '-', "\\-" },
	{ '\'', "\\(aq" },
	{ '`', "\\(ga" },
	{ '^', "\\(ha" },
	{ '~', "\\(ti" },
};

static const char *
escape_of(char c)
{
	for (size_t i = 0; i < COUNT_OF(escapes); i++)
		if (escapes[i].c == c)
			return escapes[i].text;
	return NULL;
}

/* The text is ours, so it is UTF-8. */
static void
add_escaped(struct bytes *out, struct str text)
{
	/* A dot here would be a request at the start of a line. */
	if (text.len > 0 && text.at[0] == '.')
		bytes_add_text(out, "\\&");
	while (text.len > 0) {
		const char *escape = escape_of(text.at[0]);
		uint32_t cp;
		size_t n = utf8_get(text, &cp);

		if (escape != NULL)
			bytes_add_text(out, escape);
		else if (n > 1)
			bytes_addf(out, "\\[u%04X]", (unsigned)cp);
		else
			bytes_add_char(out, text.at[0]);
		text = str_skip(text, n);
	}
}

void
mdoc(struct bytes *out, const char *line)
{
	bytes_addf(out, "%s\n", line);
}

void
mdoc_macro(struct bytes *out, const char *macros, const char *text)
{
	bytes_addf(out, "%s \"\\&", macros);
	add_escaped(out, str_of(text));
	bytes_add_text(out, "\"\n");
}

static bool
ends_in_mark(struct str word)
{
	return word.len > 1 && strchr(".!?", word.at[word.len - 1]) != NULL;
}

/* "...", "??": marks, but of no sentence. */
static bool
ends_in_marks(struct str word)
{
	return ends_in_mark(word) &&
	    word.at[word.len - 2] == word.at[word.len - 1];
}

/* The next word of the text, which is cut off it; empty at the end. */
static struct str
next_word(struct str *text)
{
	struct str word;

	*text = str_trim(*text);
	word = *text;
	word.len = 0;
	while (
	    word.len < text->len && strchr(" \n", text->at[word.len]) == NULL)
		word.len++;
	*text = str_skip(*text, word.len);
	return word;
}

/* Lines are counted as they are written, escapes and all. */
static void
fill(struct bytes *out, struct str text)
{
	size_t line = out->len;
	struct str word;

	while ((word = next_word(&text)).len > 0) {
		size_t before = out->len;

		if (before > line)
			bytes_add_char(out, ' ');
		add_escaped(out, word);
		if (before > line && out->len - line > FILL_WIDTH) {
			out->data[before] = '\n';
			line = before + 1;
		}
		if (ends_in_marks(word)) {
			/* At a line's end it would be taken for one. */
			bytes_add_text(out, "\\&");
		} else if (ends_in_mark(word)) {
			bytes_add_char(out, '\n');
			line = out->len;
		}
	}
	if (out->len > line)
		bytes_add_char(out, '\n');
}

void
mdoc_text(struct bytes *out, const char *text)
{
	fill(out, str_of(text));
}

/* Up to the first line that is empty or indented otherwise. */
static struct str
cut_block(struct str *text)
{
	const bool shown = text->at[0] == ' ';
	struct str block = *text, line;

	block.len = 0;
	while (text->len > 0 && text->at[0] != '\n' &&
	    (text->at[0] == ' ') == shown) {
		str_cut(text, '\n', &line);
		block.len = (size_t)(line.at + line.len - block.at);
	}
	return block;
}

static void
display(struct bytes *out, struct str text)
{
	struct str line;

	mdoc(out, DISPLAY);
	while (text.len > 0 && str_cut(&text, '\n', &line)) {
		add_escaped(out, line);
		bytes_add_char(out, '\n');
	}
	mdoc(out, ".Ed");
}

void
mdoc_display(struct bytes *out, const char *text)
{
	display(out, str_of(text));
}

void
mdoc_paragraphs(struct bytes *out, const char *text)
{
	struct str rest = str_of(text);

	while (rest.len > 0) {
		if (rest.at[0] == '\n') {
			rest = str_skip(rest, 1);
			if (rest.len > 0 && rest.at[0] != ' ')
				mdoc(out, ".Pp");
		} else if (rest.at[0] == ' ') {
			display(out, cut_block(&rest));
		} else {
			fill(out, cut_block(&rest));
		}
	}
}

/* "This is a size between 1K and 64M; default: 1M." */
static void
add_kind(struct bytes *out, const struct setting *row)
{
	struct bytes words;

	bytes_init(&words, (size_t)1 << 16);
	bytes_add_text(&words, "This is ");
	settings_print_kind(row, &words);
	if (row->required)
		bytes_add_text(&words, "; required");
	else if (row->fallback != NULL)
		bytes_addf(&words,
		    row->kind == SETTING_TEXT ? "; default: \"%s\""
		                              : "; default: %s",
		    row->fallback);
	bytes_add_text(&words, ".");
	mdoc_text(out, bytes_str(&words).at);
	bytes_done(&words);
}

void
mdoc_settings(struct bytes *out, const struct setting *table)
{
	mdoc(out, LIST);
	for (const struct setting *row = table; row->name != NULL; row++) {
		mdoc_macro(out, ".It Cm", row->name);
		mdoc_text(out, row->help);
		add_kind(out, row);
	}
	mdoc(out, ".El");
}

static const char *const forms[] = {
	[SETTING_GROUP] = "A group:",
	[SETTING_GROUPS] = "A list of groups, ( { ... }, { ... } ), each with:",
	[SETTING_NAMED] = "Groups by name, { NAME = { ... }; }, each with:",
};

static void
add_group(struct bytes *out, const struct setting *row, const char *path)
{
	mdoc_macro(out, ".Ss", path);
	mdoc_text(out, row->help);
	mdoc_text(out, forms[row->shape]);
	mdoc_settings(out, row->rows);
}

void
mdoc_groups(struct bytes *out, const struct setting *table, const char *above)
{
	for (const struct setting *row = table; row->name != NULL; row++) {
		char *path;

		if (row->rows == NULL)
			continue;
		path = base_print("%s%s%s", above, above[0] != '\0' ? "." : "",
		    row->name);
		add_group(out, row, path);
		mdoc_groups(out, row->rows, path);
		base_free(path);
	}
}
