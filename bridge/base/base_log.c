/* base/base_log.c - one line an event, in one write. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define LINE_MAX_BYTES 2048
#define VALUE_MAX_BYTES 512

const struct name log_levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, -1 },
};

const struct name log_formats[] = {
	{ "auto", LOG_FORMAT_AUTO },
	{ "text", LOG_FORMAT_TEXT },
	{ "json", LOG_FORMAT_JSON },
	{ NULL, -1 },
};

static atomic_int level_wanted = LOG_LEVEL_INFO;
static atomic_int format_wanted = LOG_FORMAT_AUTO;

void
log_set_level(enum log_level level)
{
	atomic_store(&level_wanted, (int)level);
}

void
log_set_format(enum log_format format)
{
	atomic_store(&format_wanted, (int)format);
}

bool
log_wants(enum log_level level)
{
	return (int)level <= atomic_load(&level_wanted);
}

static bool
as_json(void)
{
	int format = atomic_load(&format_wanted);

	if (format == LOG_FORMAT_AUTO)
		return isatty(STDERR_FILENO) == 0;
	return format == LOG_FORMAT_JSON;
}

/*
 * Printable ASCII as it is; all else, also what is not UTF-8, escaped: a
 * log line is read by tools, and by people on terminals.
 */
static void
add_quoted(struct bytes *line, const char *text)
{
	size_t left = VALUE_MAX_BYTES;

	bytes_add_char(line, '"');
	for (; *text != '\0' && left > 0; text++, left--) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			bytes_addf(line, "\\%c", c);
		else if (c < 0x20 || c >= 0x7F)
			bytes_addf(line, "\\u%04x", c);
		else
			bytes_add_char(line, (char)c);
	}
	bytes_add_text(line, *text != '\0' ? "...\"" : "\"");
}

static void
add_time(struct bytes *line)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	bytes_addf(line, "%s.%03dZ", text, (int)(now % 1000));
}

static void
start_line(struct bytes *line, bool json, enum log_level level,
    const char *what)
{
	const char *name = name_text(log_levels, (int)level);

	if (json) {
		bytes_add_text(line, "{\"time\":\"");
		add_time(line);
		bytes_addf(line, "\",\"level\":\"%s\",\"event\":", name);
		add_quoted(line, what);
	} else {
		add_time(line);
		bytes_addf(line, " %-7s %s", name, what);
	}
}

void
log_event(enum log_level level, const char *what, ...)
{
	char room[LINE_MAX_BYTES];
	struct bytes line = { .data = room,
		.room = sizeof(room),
		.ceiling = sizeof(room) - 4 };
	bool json = as_json();
	const char *key;
	va_list ap;

	if (!log_wants(level))
		return;
	start_line(&line, json, level, what);
	va_start(ap, what);
	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);
		size_t before = line.len;

		if (value == NULL)
			continue;
		bytes_addf(&line, json ? ",\"%s\":" : " %s=", key);
		add_quoted(&line, value);
		if (!bytes_ok(&line)) { /* too long: without this pair */
			line.len = before;
			break;
		}
	}
	va_end(ap);
	room[line.len] = json ? '}' : '\n';
	room[line.len + 1] = '\n';
	(void)!write(STDERR_FILENO, room, line.len + (json ? 2 : 1));
}
