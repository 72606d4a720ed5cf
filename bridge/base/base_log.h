/*
 * base/base_log.h - one line an event, for the loud rooms.
 *
 * error: a person should act; warning: we carried on; info: life cycle;
 * debug: moves. Never a secret, a lead's value, a body or a query string.
 * One JSON object a line, or readable text when standard error is a
 * terminal; control characters and line separators are escaped; long texts
 * are cut. Any thread.
 */
#ifndef BRIDGE_BASE_LOG_H
#define BRIDGE_BASE_LOG_H

#include "base/base_names.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
extern const struct name log_levels[];

enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
extern const struct name log_formats[];

void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
bool log_wants(enum log_level level);

/*
 * `what` is the event, a fixed phrase one can search for; then pairs of
 * key, value (both const char *; a NULL value leaves the pair out), ended
 * by a NULL key.
 *
 *	log_event(LOG_LEVEL_INFO, "listening", "address", "127.0.0.1:80", NULL);
 */
void log_event(enum log_level level, const char *what, ...)
    __attribute__((sentinel));

#endif
