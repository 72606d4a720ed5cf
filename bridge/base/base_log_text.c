/*
 * base/base_log_text.c - a line as JSON, as text, as fields of journald.
 *
 * A line is read by tools, and by people on terminals: what is no character
 * one can see goes out escaped, in all formats.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base_log_line.h"

#define VALUE_MAX_BYTES 512

/* syslog's, as journald has them. */
static const int priorities[] = {
	[LOG_LEVEL_ERROR] = 3,
	[LOG_LEVEL_WARNING] = 4,
	[LOG_LEVEL_INFO] = 6,
	[LOG_LEVEL_DEBUG] = 7,
};

/*
 * C0, DEL and C1; what ends a line elsewhere, and what no one sees or turns the
 * direction of what follows, so that a line reads as another.
 */
static const struct {
	uint32_t from, to;
} unseen[] = {
	{ 0x00, 0x1F },
	{ 0x7F, 0x9F },
	{ 0x61C, 0x61C },
	{ 0x200B, 0x200F },
	{ 0x2028, 0x202E },
	{ 0x2060, 0x206F },
	{ 0xFEFF, 0xFEFF },
	{ 0xFFF9, 0xFFFB },
};

static bool
is_unseen(uint32_t c)
{
	for (size_t i = 0; i < COUNT_OF(unseen); i++)
		if (c >= unseen[i].from && c <= unseen[i].to)
			return true;
	return false;
}

/* The character at the front, and its length; U+FFFD for a byte of none. */
static uint32_t
next_char(struct str s, size_t *n)
{
	struct str first = { s.at, s.len < 4 ? s.len : 4 };
	uint32_t c = 0xFFFD;

	*n = 1;
	if (utf8_bad(first) > 0)
		*n = utf8_get(first, &c);
	return c;
}

/* How many bytes go out as they are. */
static size_t
plain(struct str s)
{
	size_t n = 0;

	while (n < s.len && s.at[n] >= ' ' && s.at[n] < 0x7F &&
	    s.at[n] != '"' && s.at[n] != '\\')
		n++;
	return n;
}

/* Quoted: as a JSON string has it, without the quotes. */
static void
add_escaped(struct bytes *out, const char *text, bool quoted)
{
	/* More than is told, so that no character is cut there. */
	struct str rest = { text, strnlen(text, VALUE_MAX_BYTES + 8) };
	size_t end = out->len + VALUE_MAX_BYTES, n;

	while (rest.len > 0 && out->len < end) {
		uint32_t c;

		n = plain(rest);
		if (n > end - out->len)
			n = end - out->len;
		bytes_add(out, rest.at, n);
		rest = str_skip(rest, n);
		if (rest.len == 0 || out->len >= end || !bytes_ok(out))
			break;
		c = next_char(rest, &n);
		if (c == '"' || c == '\\')
			bytes_addf(out, quoted ? "\\%c" : "%c", (char)c);
		else if (c == 0xFFFD || is_unseen(c))
			bytes_addf(out, "\\u%04x", c);
		else
			bytes_add(out, rest.at, n);
		rest = str_skip(rest, n);
	}
	if (rest.len > 0)
		bytes_add_text(out, "...");
}

static void
add_quoted(struct bytes *out, const char *text)
{
	bytes_add_char(out, '"');
	add_escaped(out, text, true);
	bytes_add_char(out, '"');
}

/* Texts in a row, up to a NULL; printf is most of what a line would cost. */
static void
add_all(struct bytes *out, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	for (; text != NULL; text = va_arg(ap, const char *))
		bytes_add_text(out, text);
	va_end(ap);
}

/* A second's text is made once a thread. */
static void
add_time(struct bytes *out)
{
	static _Thread_local time_t made_of = -1;
	static _Thread_local char made[24];
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);

	if (seconds != made_of) {
		struct tm parts;

		gmtime_r(&seconds, &parts);
		strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%S", &parts);
		made_of = seconds;
	}
	add_all(out, made, ".", NULL);
	for (int64_t by = 100; by > 0; by /= 10)
		bytes_add_char(out, (char)('0' + now % 1000 / by % 10));
	bytes_add_char(out, 'Z');
}

static void
start_json(const struct log_line *line, struct bytes *out)
{
	bytes_add_text(out, "{\"time\":\"");
	add_time(out);
	add_all(out, "\",\"level\":\"", name_text(log_levels, (int)line->level),
	    "\",\"event\":", NULL);
	add_quoted(out, line->what);
}

static void
add_json(const struct log_pair *pair, struct bytes *out)
{
	add_all(out, ",\"", pair->key, "\":", NULL);
	add_quoted(out, pair->value);
}

static void
start_text(const struct log_line *line, struct bytes *out)
{
	add_time(out);
	bytes_addf(out, " %-7s ", name_text(log_levels, (int)line->level));
	add_escaped(out, line->what, true);
}

static void
add_text(const struct log_pair *pair, struct bytes *out)
{
	add_all(out, " ", pair->key, "=", NULL);
	add_quoted(out, pair->value);
}

/* In quotes where it could be read as more than one. */
static void
add_word(struct bytes *out, const char *text)
{
	if (text[0] != '\0' && strpbrk(text, " \"=") == NULL)
		add_escaped(out, text, false);
	else
		add_quoted(out, text);
}

/* Of MESSAGE: the fields behind it have all of it, and need the room. */
#define MESSAGE_PAIRS_MAX 1024

/*
 * What `journalctl` shows: the event, why, and then what it is about, as
 * key=value. Values that do not fit are in the fields alone.
 */
static void
add_message(const struct log_line *line, struct bytes *out)
{
	const char *reason = line_value(line, "reason");
	size_t end = out->len + MESSAGE_PAIRS_MAX;

	add_escaped(out, line->what, false);
	if (reason != NULL) {
		bytes_add_text(out, ": ");
		add_escaped(out, reason, false);
	}
	for (size_t i = 0; i < line->count; i++) {
		const struct log_pair *pair = &line->pairs[i];

		if (strcmp(pair->key, "reason") == 0)
			continue;
		if (out->len + strlen(pair->key) + strlen(pair->value) > end) {
			bytes_add_text(out, " ...");
			break;
		}
		add_all(out, " ", pair->key, "=", NULL);
		add_word(out, pair->value);
	}
}

/* The pairs are fields of their own: journalctl LEADBRIDGE_DELIVERY=... */
static void
start_fields(const struct log_line *line, struct bytes *out)
{
	bytes_addf(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=leadbridge\nMESSAGE=",
	    priorities[line->level]);
	add_message(line, out);
	bytes_add_text(out, "\nLEADBRIDGE_EVENT=");
	add_escaped(out, line->what, false);
	bytes_add_char(out, '\n');
}

static void
add_field(const struct log_pair *pair, struct bytes *out)
{
	bytes_add_text(out, "LEADBRIDGE_");
	for (const char *p = pair->key; *p != '\0'; p++)
		bytes_add_char(out,
		    *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	bytes_add_char(out, '=');
	add_escaped(out, pair->value, false);
	bytes_add_char(out, '\n');
}

static const struct shape {
	void (*start)(const struct log_line *line, struct bytes *out);
	void (*add)(const struct log_pair *pair, struct bytes *out);
	const char *end;
} shapes[] = {
	[LOG_FORMAT_TEXT] = { start_text, add_text, "\n" },
	[LOG_FORMAT_JSON] = { start_json, add_json, "}\n" },
	[LOG_FORMAT_JOURNALD] = { start_fields, add_field, "" },
};

/* For the last pair and the end of a line that is too long. */
#define END_ROOM 32

void
line_print(const struct log_line *line, enum log_format format,
    struct bytes *out)
{
	static const struct log_pair cut = { "cut", "true" };
	const struct shape *shape = &shapes[format];
	bool whole = true;

	/* The room too: bytes look at the ceiling when that is used up. */
	out->ceiling -= END_ROOM;
	out->room -= END_ROOM;
	shape->start(line, out);
	for (size_t i = 0; i < line->count; i++) {
		size_t before = out->len;

		shape->add(&line->pairs[i], out);
		if (bytes_ok(out))
			continue;
		out->len = before; /* without this pair */
		out->failed = false;
		whole = false;
	}
	out->ceiling += END_ROOM;
	out->room += END_ROOM;
	if (!whole)
		shape->add(&cut, out);
	bytes_add_text(out, shape->end);
}
