/* trace/trace_ring.c - spans, from one thread to another. */
#include <string.h>

#include "trace/trace_exporter.h"

void
ring_init(struct trace_ring *r, size_t room)
{
	r->spans = base_alloc(room * sizeof(r->spans[0]));
	r->room = room;
	atomic_init(&r->filled, 0);
	atomic_init(&r->emptied, 0);
}

void
ring_done(struct trace_ring *r)
{
	base_free(r->spans);
	r->spans = NULL;
}

size_t
ring_put(struct trace_ring *r, const struct trace_span *span)
{
	size_t filled = atomic_load_explicit(&r->filled, memory_order_relaxed);
	size_t count = filled -
	    atomic_load_explicit(&r->emptied, memory_order_acquire);

	if (count == r->room)
		return 0;
	r->spans[filled % r->room] = *span;
	atomic_store_explicit(&r->filled, filled + 1, memory_order_release);
	return count + 1;
}

size_t
ring_take(struct trace_ring *r, struct trace_span *out, size_t most)
{
	size_t emptied = atomic_load_explicit(&r->emptied,
	    memory_order_relaxed);
	size_t count = ring_count(r);

	if (count > most)
		count = most;
	for (size_t i = 0; i < count; i++)
		out[i] = r->spans[(emptied + i) % r->room];
	atomic_store_explicit(&r->emptied, emptied + count,
	    memory_order_release);
	return count;
}

size_t
ring_count(struct trace_ring *r)
{
	size_t emptied = atomic_load_explicit(&r->emptied,
	    memory_order_relaxed);

	return atomic_load_explicit(&r->filled, memory_order_acquire) - emptied;
}

/* A character is 4 bytes at most: no more than 3 of one can be left. */
void
trace_text(char *out, size_t size, struct str text)
{
	if (text.len > size - 1)
		text.len = size - 1;
	text.len = utf8_bad(text);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}
