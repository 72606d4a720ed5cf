/* delivery/delivery_log.c - what became of a delivery, in a line. */
#include <stdio.h>

#include "delivery/delivery_life.h"

#define MS_SIZE 24

/* "12.345"; NULL for what took no time, as it did not happen. */
static const char *
ms_text(int64_t us, char out[MS_SIZE])
{
	if (us <= 0)
		return NULL;
	snprintf(out, MS_SIZE, "%lld.%03lld", (long long)(us / 1000),
	    (long long)(us % 1000));
	return out;
}

static const char *
status_text(int status, char out[16])
{
	if (status <= 0)
		return NULL;
	snprintf(out, 16, "%d", status);
	return out;
}

static const char *
str_text(struct str s, char *out, size_t size)
{
	if (s.at == NULL)
		return NULL;
	snprintf(out, size, "%.*s", STR_ARG(s));
	return out;
}

void
delivery_log(const struct delivery *d, enum log_level level, const char *what,
    const char *reason, int status)
{
	const struct request *r = &d->exchange->request;
	char receive[MS_SIZE], map[MS_SIZE], upstream[MS_SIZE], all[MS_SIZE];
	char lead[LEAD_ID_SIZE], client[64], told[16], answered[16];

	if (!log_wants(level))
		return;
	log_event(level, what, "delivery", d->id, "first", d->first, "route",
	    d->route != NULL ? route_path(d->route) : NULL, "sender",
	    d->route != NULL ? route_sender(d->route) : NULL, "client",
	    str_text(r->peer, client, sizeof(client)), "lead",
	    str_text(d->update.lead_id, lead, sizeof(lead)), "status",
	    status_text(status, told), "upstream_status",
	    status_text(d->upstream_status, answered), "reason", reason,
	    "asked", d->asked, "receive_ms", ms_text(r->receive_us, receive),
	    "map_ms", ms_text(d->mapped_us - d->started_us, map), "upstream_ms",
	    ms_text(d->upstream_us, upstream), "ms",
	    ms_text(clock_mono_us() - d->started_us, all), NULL);
}

/* "POST /hooks/typo"; never the query. */
const char *
delivery_asked_for(const struct delivery *d)
{
	const struct request *r = &d->exchange->request;
	struct str path = r->path;
	struct bytes text;

	/* A lead may stand in it. */
	if (log_hashes_leads())
		path = d->route != NULL ? str_of(route_path(d->route))
		                        : STR("a path that no route has");
	bytes_init_in(&text, d->exchange->arena, 200);
	bytes_add_str(&text, r->method);
	bytes_add_char(&text, ' ');
	bytes_add(&text, path.at, path.len < 160 ? path.len : 160);
	return bytes_ok(&text) ? text.data : NULL;
}

void
delivery_heard(struct delivery *d, const struct upstream_answer *got)
{
	d->upstream_us += got->took_us;
	d->upstream_status = got->status;
}
