/*
 * tests/fuzz/fuzz_answer_reader.c - HTTP answers.
 *
 * The same bytes, whole, in two pieces and byte by byte, must come to the
 * same verdict, status, body and count of bytes used.
 */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"

#define CHECK(truth)                                                           \
	do {                                                                   \
		if (!(truth))                                                  \
			abort();                                               \
	} while (0)

static struct answer_limits limits = { .headers = 2048, .body = 4096 };

/* Feeds at most `step` bytes at a time; returns how many were used. */
static size_t
feed(struct answer_reader *r, const char *at, size_t len, size_t step)
{
	size_t used = 0;

	answer_reader_init(r, limits);
	while (used < len && r->verdict == VERDICT_MORE) {
		size_t n = len - used < step ? len - used : step;
		size_t took = answer_reader_feed(r, at + used, n);

		CHECK(took <= n);
		CHECK(took == n || r->verdict != VERDICT_MORE);
		used += took;
	}
	if (r->verdict == VERDICT_MORE)
		answer_reader_end(r);
	return used;
}

static void
check_alone(const struct answer_reader *r)
{
	CHECK(r->verdict != VERDICT_MORE);
	CHECK((r->problem != NULL) == (r->verdict == VERDICT_BAD));
	CHECK(r->body.len <= limits.body);
	if (r->verdict == VERDICT_WHOLE)
		CHECK(r->status >= 200 && r->status <= 599);
}

static void
check_same(const struct answer_reader *a, const struct answer_reader *b)
{
	CHECK(a->verdict == b->verdict);
	if (a->verdict == VERDICT_BAD) {
		CHECK(strcmp(a->problem, b->problem) == 0);
		return;
	}
	CHECK(a->status == b->status && a->reusable == b->reusable);
	CHECK(str_eq(bytes_str(&a->body), bytes_str(&b->body)));
	CHECK(a->content_type.there == b->content_type.there);
	CHECK(a->retry_after.there == b->retry_after.there);
}

static void
check_cuts(const char *at, size_t size)
{
	size_t steps[] = { size, size / 2 + 1, 7, 1 };
	struct answer_reader whole, pieces;
	size_t used = feed(&whole, at, size, size);

	check_alone(&whole);
	for (size_t i = 1; i < COUNT_OF(steps); i++) {
		size_t took = feed(&pieces, at, size, steps[i]);

		check_same(&whole, &pieces);
		if (whole.verdict == VERDICT_WHOLE)
			CHECK(took == used);
		answer_reader_done(&pieces);
	}
	answer_reader_done(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	for (int last = 0; last < 2; last++) {
		limits.last = last;
		check_cuts((const char *)data, size);
	}
	return 0;
}
