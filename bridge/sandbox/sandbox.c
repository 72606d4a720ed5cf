/* sandbox/sandbox.c - the leads API behind a listener of its own. */
#include <openssl/tls1.h>
#include <pthread.h>
#include <stdio.h>

#include "lead/lead.h"
#include "listener/listener.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_parts.h"

/* A stop waits no longer than this for an answer on its way. */
#define DRAIN_MS 1000

struct sandbox {
	pthread_mutex_t lock; /* guards api: its users are any thread */
	struct api *api;
	struct listener *listener;
	struct service service;
};

static void *
on_start(void *shared, void *event_base, unsigned worker)
{
	(void)event_base, (void)worker;
	return shared;
}

static void
on_request(void *mine, struct exchange *x)
{
	struct sandbox *s = mine;
	struct answer answer;
	char status[16];

	pthread_mutex_lock(&s->lock);
	api_answer(s->api, &x->request, x->arena, &answer);
	pthread_mutex_unlock(&s->lock);
	if (log_wants(LOG_LEVEL_DEBUG)) {
		snprintf(status, sizeof(status), "%d", answer.status);
		log_event(LOG_LEVEL_DEBUG, "sandbox answered", "status", status,
		    NULL);
	}
	x->reply(x, &answer);
}

static void
on_stop(void *mine)
{
	(void)mine;
}

/* "127.", "[::1]:" or "localhost:": plain text stays on this machine. */
static bool
is_loopback(struct str address)
{
	return str_starts(address, STR("127.")) ||
	    str_starts(address, STR("[::1]:")) ||
	    str_starts(address, STR("localhost:"));
}

static int
check_setup(const struct sandbox_setup *setup, struct fault *why)
{
	if (setup->api_key.len == 0)
		return fault_set(why, FAULT_SETTINGS, "sandbox",
		    "needs an API key that callers have to show");
	if (setup->certificate == NULL && !is_loopback(str_of(setup->address)))
		return fault_set(why, FAULT_SETTINGS, setup->address,
		    "plain HTTP is for 127.0.0.1 and [::1] only; give a "
		    "certificate and a key, or listen there");
	for (size_t i = 0; setup->leads != NULL && setup->leads[i] != NULL; i++)
		if (!lead_id_valid(str_of(setup->leads[i])))
			return fault_set(why, FAULT_SETTINGS, "sandbox",
			    "lead %zu has no valid id: 1 to 64 of A-Z a-z 0-9 "
			    "_ -",
			    i + 1);
	return 0;
}

static struct listener *
listen_as(struct sandbox *s, const struct sandbox_setup *setup,
    struct fault *why)
{
	struct listener_address address = { .address = setup->address,
		.certificate = setup->certificate,
		.key = setup->key,
		.tls_min = TLS1_3_VERSION };
	struct listener_setup listen = { .name = "sandbox",
		.addresses = &address,
		.address_count = 1,
		.workers = 1,
		.service = &s->service };
	struct faults all = { 0 };

	/* The defaults of the table are in range; there is no fault to add. */
	if (!settings_read(NULL, "sandbox", listener_limits_settings,
	        &listen.limits, &all))
		bug("the listener's defaults do not pass its own table");
	return listener_start(&listen, why);
}

struct sandbox *
sandbox_start(const struct sandbox_setup *setup, struct fault *why)
{
	struct sandbox *s = NULL;

	if (check_setup(setup, why) == -1)
		return NULL;
	s = base_alloc(sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->service = (struct service){ .start = on_start,
		.serve = on_request,
		.stop = on_stop,
		.shared = s };
	s->api = api_new(setup->api_key, setup->leads, setup->any_lead);
	if (s->api == NULL)
		fault_set(why, FAULT_BUSY, "sandbox", "out of memory");
	else
		s->listener = listen_as(s, setup, why);
	if (s->listener != NULL)
		return s;
	sandbox_stop(s);
	return NULL;
}

unsigned
sandbox_port(const struct sandbox *s)
{
	return listener_port(s->listener, 0);
}

void
sandbox_stop(struct sandbox *s)
{
	if (s == NULL)
		return;
	if (s->listener != NULL)
		listener_stop(s->listener, DRAIN_MS);
	api_free(s->api);
	pthread_mutex_destroy(&s->lock);
	base_free(s);
}

char *
sandbox_lead(struct sandbox *s, const char *id)
{
	char *text;

	pthread_mutex_lock(&s->lock);
	text = api_lead(s->api, str_of(id));
	pthread_mutex_unlock(&s->lock);
	return text;
}

char *
sandbox_last_request(struct sandbox *s)
{
	char *text;

	pthread_mutex_lock(&s->lock);
	text = api_last_request(s->api);
	pthread_mutex_unlock(&s->lock);
	return text;
}
