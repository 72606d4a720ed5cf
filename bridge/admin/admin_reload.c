/*
 * admin/admin_reload.c - GET /settings and POST /reload.
 *
 * The keeper loads, on its own thread; who asked for it waits here.
 */
#include <event2/event.h>

#include "admin/admin_ask.h"
#include "admin/admin_job.h"
#include "base/base.h"

#define ANSWER_CEILING ((size_t)4 << 20)
/* A reload takes a fraction of a second: more who ask are not people. */
#define WAITING_MOST 64

/* One that waits; lives in the exchange's arena. */
struct waiting {
	struct exchange *exchange;
	unsigned number;
	struct waiting *next;
};

static void
reply_all(struct admin_worker *w, unsigned upto, const struct answer *a)
{
	struct waiting **at = &w->waiting;

	while (*at != NULL) {
		struct waiting *one = *at;

		if ((int)(upto - one->number) < 0) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		one->exchange->reply(one->exchange, a);
	}
}

static void
on_told(evutil_socket_t fd, short what, void *arg)
{
	struct admin_worker *w = arg;
	struct answer a = { 0 };
	struct bytes body;
	unsigned upto;

	(void)fd;
	(void)what;
	bytes_init(&body, ANSWER_CEILING);
	upto = asks_told(w->admin->asks, &a.status, &body);
	a.body = bytes_str(&body);
	reply_all(w, upto, &a);
	bytes_done(&body);
}

void
reloads_watch(struct admin_worker *w, struct event_base *base)
{
	w->told = event_new(base, asks_admin_fd(w->admin->asks),
	    EV_READ | EV_PERSIST, on_told, w);
	if (w->told == NULL || event_add(w->told, NULL) == -1)
		bug("no event for reloads");
}

void
reloads_refuse(struct admin_worker *w)
{
	if (w->told != NULL)
		event_free(w->told);
	w->told = NULL;
	while (w->waiting != NULL) {
		struct waiting *one = w->waiting;

		w->waiting = one->next;
		admin_refuse(one->exchange, FAULT_BUSY, "the bridge stops");
	}
}

void
admin_reload(struct admin_worker *w, struct exchange *x)
{
	struct waiting *one = arena_take(x->arena, sizeof(*one));
	size_t count = 0;

	for (const struct waiting *i = w->waiting; i != NULL; i = i->next)
		count++;
	if (w->told == NULL) {
		admin_refuse(x, FAULT_ROUTE, "nobody loads the settings again");
	} else if (!atomic_load(w->admin->ready)) {
		admin_refuse(x, FAULT_BUSY, "the bridge starts or stops");
	} else if (!ask_is_json(&x->request)) {
		admin_refuse(x, FAULT_BODY_KIND,
		    "application/json is expected");
	} else if (one == NULL || count >= WAITING_MOST) {
		admin_refuse(x, FAULT_BUSY, "too many ask for it");
	} else {
		admin_audit(x, LOG_LEVEL_INFO, "reload", NULL);
		*one = (struct waiting){ .exchange = x,
			.number = asks_put(w->admin->asks),
			.next = w->waiting };
		w->waiting = one;
	}
}

void
admin_settings_show(struct admin_worker *w, struct exchange *x)
{
	const struct fixed *f = w->admin->fixed;
	struct answer a = { .status = 200 };
	struct bytes out;

	bytes_init_in(&out, x->arena, ANSWER_CEILING);
	bytes_add_text(&out, "{\"success\":true,\"data\":{\"file\":");
	shown_add_json(&out, str_of(w->admin->settings));
	bytes_add_text(&out, ",\"fixed\":[");
	for (size_t i = 0; i < f->count; i++) {
		bytes_add_text(&out, i > 0 ? ",{\"name\":" : "{\"name\":");
		shown_add_json(&out, str_of(f->names[i]));
		bytes_add_text(&out, ",\"value\":");
		shown_add_json(&out, str_of(f->texts[i]));
		bytes_add_char(&out, '}');
	}
	bytes_add_text(&out, "]}}\n");
	if (!bytes_ok(&out)) {
		admin_refuse(x, FAULT_BUSY, "out of memory");
		return;
	}
	admin_audit(x, LOG_LEVEL_INFO, "settings", NULL);
	a.body = bytes_str(&out);
	x->reply(x, &a);
}
