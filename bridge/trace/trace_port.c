/* trace/trace_port.c - what a worker does: decide, name, record. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "metrics/metrics.h"
#include "trace/trace_exporter.h"

bool
trace_is_sampled(const struct trace_rules *r,
    const unsigned char trace[TRACE_ID_SIZE])
{
	uint64_t random = 0;

	for (size_t i = TRACE_ID_SIZE - TRACE_RANDOM_BYTES; i < TRACE_ID_SIZE;
	     i++)
		random = random << 8 | trace[i];
	return random >= r->bar;
}

void
port_init(struct trace_port *p, size_t queue, int wake_fd)
{
	ring_init(&p->ring, queue);
	p->wake_at = wake_at(queue);
	p->wake_fd = wake_fd;
	if (getrandom(&p->seed, sizeof(p->seed), 0) != sizeof(p->seed))
		p->seed = (uint64_t)clock_mono_us() ^ (uint64_t)(uintptr_t)p;
}

size_t
ports_take(struct trace_port **list, struct trace_span *out, size_t most)
{
	struct trace_port *first = *list, **end = list;
	size_t n = 0;

	for (; *end != NULL; end = &(*end)->next)
		n += ring_take(&(*end)->ring, out + n, most - n);
	if (first != NULL && first->next != NULL) {
		*end = first;
		*list = first->next;
		first->next = NULL;
	}
	return n;
}

void
trace_wake(int fd)
{
	if (eventfd_write(fd, 1) == -1 && errno != EAGAIN)
		bug("the exporter's eventfd: %s", strerror(errno));
}

/* splitmix64: ids are unique, not secret; 0 is none. */
void
trace_make_id(struct trace_port *p, unsigned char out[TRACE_SPAN_SIZE])
{
	uint64_t z;

	do {
		z = p->seed += UINT64_C(0x9E3779B97F4A7C15);
		z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
		z ^= z >> 31;
	} while (z == 0);
	memcpy(out, &z, TRACE_SPAN_SIZE);
}

void
trace_record(struct trace_port *p, const struct trace_span *span)
{
	size_t count = ring_put(&p->ring, span);

	if (count == 0)
		metrics_add(METRIC_TRACE_SPANS, METRIC_SPAN_DROPPED, 1);
	else if (count == p->wake_at)
		trace_wake(p->wake_fd);
}
