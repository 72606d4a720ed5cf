/*
 * base/base_log.h - one line an event, for the loud rooms.
 *
 * error: a person should act; warning: we carried on; info: life cycle, and
 * what became of each event; debug: moves. Never a secret, a lead's value, a
 * body, a query string or a header's value. Any thread.
 *
 * Lines are JSON objects, or readable text on a terminal, or fields of
 * journald where standard error is its. Values are texts; control characters,
 * line and direction marks and what is no UTF-8 are escaped; what is too long
 * is cut, and ends in "...". A line that was cut has "cut".
 *
 * Nobody waits for whoever reads the lines: where a pipe or a socket is full,
 * the line is dropped and counted, and the next one that goes out says
 * "dropped". There is no memory of ours in between, so that nothing is lost
 * when the process ends, however it does.
 *
 * Of lines below error that have a "reason", LOG_SAME_A_SECOND of the same
 * event and reason are written a second; the rest is counted, and told, as
 * "repeated", behind the first line after that second, or by log_flush().
 * Errors are all written: each names what a person has to look at.
 */
#ifndef BRIDGE_BASE_LOG_H
#define BRIDGE_BASE_LOG_H

#include "base/base_names.h"

#define LOG_SAME_A_SECOND 10

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
extern const struct name log_levels[];

enum log_format {
	LOG_FORMAT_AUTO, /* what fits standard error */
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
	LOG_FORMAT_JOURNALD
};
extern const struct name log_formats[];

enum log_leads { LOG_LEADS_PLAIN, LOG_LEADS_HASHED };
extern const struct name log_leads_kinds[];

/* May change at any time. */
void log_set_level(enum log_level level);
bool log_wants(enum log_level level);

/*
 * Opens what lines go to, and is best called before the process confines
 * itself; without it, the first line does so. False: there is no journald
 * where it was asked for by name, and lines go to standard error, as JSON. May
 * change at any time.
 */
bool log_set_format(enum log_format format);

/*
 * The value of a pair named "lead" goes out as a hash under this key (SipHash,
 * 16 hex digits): the same lead has the same hash, and without the key nobody
 * can try leads out. NULL: as it is. May change at any time.
 */
#define LOG_KEY_BYTES 16
void log_hash_leads(const unsigned char key[LOG_KEY_BYTES]);
bool log_hashes_leads(void);

/* Lines dropped so far. */
int64_t log_dropped(void);
/* Tells what is counted and not told yet; at the end, before the last line. */
void log_flush(void);

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
