/*
 * base/base_log_line.h - a line of the log, from inside: made, held back,
 * written. Private to the log.
 */
#ifndef BRIDGE_BASE_LOG_LINE_H
#define BRIDGE_BASE_LOG_LINE_H

#include "base/base.h"

/* A pipe takes as much (PIPE_BUF) whole or not at all. */
#define LINE_MAX_BYTES 4096
#define LINE_PAIRS 24

struct log_pair {
	const char *key;
	const char *value;
};

struct log_line {
	enum log_level level;
	const char *what;
	struct log_pair pairs[LINE_PAIRS];
	size_t count;
};

/* The value of a pair, or NULL. */
const char *line_value(const struct log_line *line, const char *key);
/* A pair more; one too many, or a NULL value, is left out. */
void line_add(struct log_line *line, const char *key, const char *value);

/* base_log_text.c */
/* As the format has it; never AUTO. Ends with what ends it. */
void line_print(const struct log_line *line, enum log_format format,
    struct bytes *out);

/* base_log_sink.c */
/* What the line is to be printed as. Opens on the first call. */
enum log_format sink_format(void);
/* False: it was dropped. */
bool sink_write(enum log_format format, const struct bytes *text);
/* For tests: looks at standard error anew; journald's socket is that one. */
void sink_forget(const char *journald);

/* base_log_same.c */
/*
 * False: it is one of too many. What has to be told of earlier ones is told
 * through `tell`, a line each, before.
 */
bool same_may(const struct log_line *line, int64_t now_us,
    void (*tell)(const struct log_line *line));
void same_flush(void (*tell)(const struct log_line *line));

/* base_log_lead.c */
#define LEAD_HASH_SIZE 17
void lead_hash(const char *lead, char out[LEAD_HASH_SIZE]);
uint64_t siphash(const unsigned char key[LOG_KEY_BYTES], const void *data,
    size_t len);

#endif
