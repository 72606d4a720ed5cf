/* program/program_worst.c - limits, added up. */
#include "program/program_worst.h"

/* A few people and a monitor, on one worker. */
#define ADMIN_CONNECTIONS 64
#define ADMIN_MEMORY ((int64_t)32 << 20)
#define MEGA ((int64_t)1 << 20)

struct listener_limits
admin_limits(const struct program *p)
{
	struct listener_limits l = p->limits;

	if (l.connections > ADMIN_CONNECTIONS)
		l.connections = ADMIN_CONNECTIONS;
	if (l.memory > ADMIN_MEMORY)
		l.memory = ADMIN_MEMORY;
	l.requests_per_address = 0; /* it is asked often, by who may ask */
	return l;
}

enum part {
	PART_CONNECTIONS,
	PART_REQUESTS,
	PART_WORKERS,
	PART_UPSTREAMS,
	PART_ADMIN,
	PART_TRACING, /* told where there is any */
	PARTS
};

static const struct {
	const char *name; /* in JSON */
	const char *text;
} part_words[PARTS] = {
	[PART_CONNECTIONS] = { "connections", "connections" },
	[PART_REQUESTS] = { "requests", "requests under way" },
	[PART_WORKERS] = { "workers", "workers" },
	[PART_UPSTREAMS] = { "upstreams", "calls of upstreams" },
	[PART_ADMIN] = { "admin", "the admin endpoint" },
	[PART_TRACING] = { "tracing", "tracing" },
};

static bool
has_tls(const struct program *p)
{
	for (size_t i = 0; i < p->listen_count; i++)
		if (p->listen[i].certificate_count > 0 ||
		    p->listen[i].certificate != NULL)
			return true;
	return false;
}

static void
add_up(const struct program *p, int64_t parts[PARTS])
{
	unsigned workers = (unsigned)p->settings.workers;
	struct listener_limits limits = admin_limits(p);
	struct listener_worst in = listener_worst(&p->limits, workers,
	    has_tls(p));
	struct listener_worst admin = listener_worst(&limits, 1,
	    p->admin.certificate != NULL);

	parts[PART_CONNECTIONS] = in.connections + in.heads;
	parts[PART_REQUESTS] = in.requests;
	parts[PART_WORKERS] = in.workers;
	parts[PART_ADMIN] = admin.connections + admin.heads + admin.requests +
	    admin.workers;
	parts[PART_TRACING] = p->trace != NULL ? trace_worst(p->trace, workers)
	                                       : 0;
	parts[PART_UPSTREAMS] = 0;
	for (size_t i = 0; i < p->target_count; i++)
		parts[PART_UPSTREAMS] += workers *
		    upstream_worst(p->targets[i], MAPPING_BODY_MAX);
}

int64_t
worst_total(const struct program *p)
{
	int64_t parts[PARTS], total = 0;

	add_up(p, parts);
	for (int i = 0; i < PARTS; i++)
		total += parts[i];
	return total;
}

static bool
is_told(const int64_t parts[PARTS], int i)
{
	return i != PART_TRACING || parts[i] > 0;
}

void
worst_print(const struct program *p, struct bytes *out)
{
	int64_t parts[PARTS];

	add_up(p, parts);
	bytes_addf(out, "worst case: %lld MB of memory:",
	    (long long)(worst_total(p) / MEGA));
	for (int i = 0; i < PARTS; i++)
		if (is_told(parts, i))
			bytes_addf(out, "%s %lld %s", i > 0 ? "," : "",
			    (long long)(parts[i] / MEGA), part_words[i].text);
	bytes_addf(out, " (%lld connections, %lld worker%s)\n",
	    (long long)p->limits.connections, (long long)p->settings.workers,
	    p->settings.workers == 1 ? "" : "s");
}

void
worst_print_json(const struct program *p, struct bytes *out)
{
	int64_t parts[PARTS];

	add_up(p, parts);
	bytes_addf(out, "{\"bytes\":%lld", (long long)worst_total(p));
	for (int i = 0; i < PARTS; i++)
		if (is_told(parts, i))
			bytes_addf(out, ",\"%s\":%lld", part_words[i].name,
			    (long long)parts[i]);
	bytes_add_char(out, '}');
}
