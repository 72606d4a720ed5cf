/* base/base_log.c - an event becomes a line. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/base_log_line.h"

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
	{ "journald", LOG_FORMAT_JOURNALD },
	{ NULL, -1 },
};

const struct name log_leads_kinds[] = {
	{ "plain", LOG_LEADS_PLAIN },
	{ "hashed", LOG_LEADS_HASHED },
	{ NULL, -1 },
};

static atomic_int level_wanted = LOG_LEVEL_INFO;
static atomic_llong dropped_all;
static atomic_llong dropped_untold;

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_wanted, (int)level, memory_order_relaxed);
}

bool
log_wants(enum log_level level)
{
	return (int)level <=
	    atomic_load_explicit(&level_wanted, memory_order_relaxed);
}

int64_t
log_dropped(void)
{
	return atomic_load_explicit(&dropped_all, memory_order_relaxed);
}

const char *
line_value(const struct log_line *line, const char *key)
{
	for (size_t i = 0; i < line->count; i++)
		if (strcmp(line->pairs[i].key, key) == 0)
			return line->pairs[i].value;
	return NULL;
}

void
line_add(struct log_line *line, const char *key, const char *value)
{
	if (value != NULL && line->count < LINE_PAIRS)
		line->pairs[line->count++] = (struct log_pair){ key, value };
}

/* Changes a copy: the caller's may be told again. */
static void
write_line(const struct log_line *told)
{
	char room[LINE_MAX_BYTES], hash[LEAD_HASH_SIZE], text[24];
	struct bytes out = { .data = room,
		.room = sizeof(room),
		.ceiling = sizeof(room) - 1 };
	enum log_format format = sink_format();
	struct log_line line = *told;
	int64_t dropped = 0;

	for (size_t i = 0; log_hashes_leads() && i < line.count; i++)
		if (strcmp(line.pairs[i].key, "lead") == 0) {
			lead_hash(line.pairs[i].value, hash);
			line.pairs[i].value = hash;
		}
	if (atomic_load_explicit(&dropped_untold, memory_order_relaxed) > 0)
		dropped = atomic_exchange(&dropped_untold, 0);
	if (dropped > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)dropped);
		line_add(&line, "dropped", text);
	}
	line_print(&line, format, &out);
	if (sink_write(format, &out))
		return;
	atomic_fetch_add(&dropped_untold, dropped + 1);
	atomic_fetch_add(&dropped_all, 1);
}

void
log_event(enum log_level level, const char *what, ...)
{
	struct log_line line = { .level = level, .what = what };
	const char *key;
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, what);
	while ((key = va_arg(ap, const char *)) != NULL)
		line_add(&line, key, va_arg(ap, const char *));
	va_end(ap);
	if (same_may(&line, clock_mono_us(), write_line))
		write_line(&line);
}

void
log_flush(void)
{
	same_flush(write_line);
}
