/*
 * tests/fuzz/fuzz_trace_parent.c - traceparent and tracestate of a stranger.
 *
 * What is passed on is printed as version 00 and reads back as the same; a
 * state that is passed on could end no header.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

#define CHECK(truth)                                                           \
	do {                                                                   \
		if (!(truth))                                                  \
			abort();                                               \
	} while (0)

static void
check_parent(struct str text)
{
	struct trace_context c, again;
	char printed[TRACE_PARENT_SIZE];

	if (!trace_parent_parse(text, &c))
		return;
	trace_parent_print(&c, printed);
	CHECK(strlen(printed) == TRACE_PARENT_SIZE - 1);
	CHECK(trace_parent_parse(str_of(printed), &again));
	CHECK(memcmp(c.trace, again.trace, TRACE_ID_SIZE) == 0);
	CHECK(memcmp(c.span, again.span, TRACE_SPAN_SIZE) == 0);
	CHECK(c.flags == again.flags);
	CHECK(memcmp(printed + 3, text.at + 3, 50) == 0);
}

static void
check_state(struct str text)
{
	if (!trace_state_valid(text))
		return;
	CHECK(text.len > 2 && text.len <= TRACE_STATE_MAX);
	for (size_t i = 0; i < text.len; i++)
		CHECK(text.at[i] == '\t' ||
		    (text.at[i] >= ' ' && text.at[i] <= '~'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };

	check_parent(text);
	check_state(text);
	return 0;
}
