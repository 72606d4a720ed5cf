/*
 * mapping/mapping_transform_tools.h - what transforms have in common.
 *
 * Private to the mapping_transform_*.c files. Each takes the step's name, so
 * that a fault says which step refused; none repeats the value.
 */
#ifndef BRIDGE_MAPPING_TRANSFORM_TOOLS_H
#define BRIDGE_MAPPING_TRANSFORM_TOOLS_H

#include "mapping/mapping_transform.h"

/* A row's examples, ended. */
#define EXAMPLES(...)                                                          \
	(const struct transform_example[])                                     \
	{                                                                      \
		__VA_ARGS__,                                                   \
		{                                                              \
			NULL, NULL, NULL                                       \
		}                                                              \
	}

/* FAULT_MAPPING at the call's target. Always -1. */
int step_fault(const struct transform_call *c, struct fault *why,
    const char *fmt, ...) PRINTF(3, 4);
/* FAULT_BUSY: the arena of the run is full. Always -1. */
int step_full(const struct transform_call *c, const char *step,
    struct fault *why);

/* The text of a string or a number; everything else is a fault. */
int step_text(const struct transform_call *c, const char *step,
    const struct value *v, struct str *text, struct fault *why) MUST_CHECK;
/* The text of argument i; the caller knows that it is there. */
int step_arg_text(const struct transform_call *c, const char *step, size_t i,
    struct str *text, struct fault *why) MUST_CHECK;
/* Argument i as a whole number from min to max. */
int step_arg_int(const struct transform_call *c, const char *step, size_t i,
    int64_t min, int64_t max, int64_t *n, struct fault *why) MUST_CHECK;

/* Bytes in the arena of the run, which bounds them. */
void step_bytes(const struct transform_call *c, struct bytes *out);
/* *v becomes a string (or a number) of the bytes, unless they failed. */
int step_give(const struct transform_call *c, const char *step,
    const struct bytes *out, struct value *v, struct fault *why) MUST_CHECK;
int step_give_number(const struct transform_call *c, const char *step,
    const struct bytes *out, struct value *v, struct fault *why) MUST_CHECK;

/*
 * What first, join, lookup and their like work on: the items of a list or an
 * array. A scalar or an object is a list of itself: a path that matched once
 * must not behave unlike one that matched twice. In the arena.
 */
int step_items(const struct transform_call *c, const char *step,
    const struct value *v, struct value **items, size_t *count,
    struct fault *why) MUST_CHECK;
bool value_is_list(const struct value *v); /* a list or an array */
struct value value_list(const struct value *items, size_t count);

/* A literal's text for prepare(); false when it is no text or number. */
bool setup_text(const struct transform_setup *s, size_t i, struct str *text);

bool is_ascii(struct str s);
/* The text in lower case, in the arena. -1 when there is no memory. */
int text_lower(struct arena *a, struct str text, struct str *out) MUST_CHECK;

/*
 * One character of white space or without width (zero-width space, byte
 * order mark) at the front: its length in bytes, else 0.
 */
size_t blank_at(struct str s);
/* Takes the next word off the front, white space apart. False at the end. */
bool take_word(struct str *rest, struct str *word);
/* Without the white space at both ends, whatever Unicode calls so. */
struct str trim_blanks(struct str s);

#endif
