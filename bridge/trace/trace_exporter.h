/*
 * trace/trace_exporter.h - from the rings to the collector. Private to this
 * room.
 */
#ifndef BRIDGE_TRACE_EXPORTER_H
#define BRIDGE_TRACE_EXPORTER_H

#include <stdatomic.h>

#include "trace/trace.h"

#define TRACE_BATCH ((size_t)512)
/* Of a batch; a span takes some 800 bytes, and 2,500 at the very most. */
#define TRACE_BODY_MAX ((size_t)TRACE_BATCH * 2560)
#define TRACE_TIMEOUT_MS 10000

/*
 * Filled by one thread and emptied by another. Both counts only rise; what
 * lies between them is full.
 */
struct trace_ring {
	struct trace_span *spans;
	size_t room;
	atomic_size_t filled, emptied;
};

void ring_init(struct trace_ring *r, size_t room);
void ring_done(struct trace_ring *r);
/* How many it holds then; 0: it is full, and the span is not in it. */
size_t ring_put(struct trace_ring *r, const struct trace_span *span);
/* Takes up to `most`, oldest first; how many. */
size_t ring_take(struct trace_ring *r, struct trace_span *out, size_t most);
size_t ring_count(struct trace_ring *r);

/* A worker's end; `next` is the exporter's. */
struct trace_port {
	struct trace_ring ring;
	size_t wake_at; /* spans in it */
	int wake_fd;
	uint64_t seed; /* of ids */
	struct trace_port *next;
};
void port_init(struct trace_port *p, size_t queue, int wake_fd);
/*
 * Takes up to `most` of the rings of a list, and puts its first one last: where
 * more comes than goes, all of them get their turn.
 */
size_t ports_take(struct trace_port **list, struct trace_span *out,
    size_t most);
/* When the exporter is told, before its time. */
static inline size_t
wake_at(size_t queue)
{
	return queue / 2 < TRACE_BATCH ? queue / 2 : TRACE_BATCH;
}
void trace_wake(int fd);

/* Of an id, the last: random in a UUIDv7 too. */
#define TRACE_RANDOM_BYTES 7

/*
 * An ExportTraceServiceRequest. ahead_us: what the wall clock shows when the
 * monotonic one shows 0.
 */
void trace_print(const struct trace_span *spans, size_t count,
    const char *service_name, int64_t ahead_us, struct bytes *out);

/* Of an answer of 2xx: spans that the collector did not take after all. */
size_t trace_rejected(struct str body, size_t count, struct arena *arena);

/* What an answer means for the batch. */
enum trace_verdict { TRACE_TAKEN, TRACE_REFUSED, TRACE_AGAIN };
enum trace_verdict trace_judge(const struct upstream_answer *a);
/* How long to wait before the n-th try again, from 1, in ms; now_ms: Unix. */
int64_t trace_wait_ms(const struct upstream_answer *a, unsigned n,
    int64_t now_ms);

#endif
