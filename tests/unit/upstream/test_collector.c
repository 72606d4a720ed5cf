/* A collector as a target: its request, and nothing of it counted. */
#include "unit/cmocka_all.h"

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

static struct secrets *secrets;
static struct settings_file *file;

static struct upstream_target *
load(const char *url, const char *authorization, struct faults *all)
{
	struct fault why = { 0 };

	*all = (struct faults){ 0 };
	file = settings_parse(STR("t = { };"), "unit.cfg", all);
	secrets = secrets_of("otlp", STR("Bearer unit-token"), &why);
	return upstream_collector_new(
	    &(struct upstream_collector){ .what = "tracing",
	        .url = url,
	        .path = "/v1/traces",
	        .authorization = authorization,
	        .timeout_ms = 1000 },
	    config_setting_get_member(settings_root(file), "t"), secrets, all);
}

static void
unload(struct upstream_target *t, struct faults *all)
{
	upstream_target_free(t);
	faults_done(all);
	settings_close(file);
	secrets_free(secrets);
}

static const struct {
	const char *url, *authorization, *head;
} heads[] = {
	{ "http://127.0.0.1:4318", NULL,
	    "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:4318\r\n"
	    "Content-Type: application/json\r\n" },
	{ "https://c.test/a/b/", "otlp",
	    "POST /a/b HTTP/1.1\r\nHost: c.test\r\n"
	    "Authorization: *****************\r\nContent-Type: " },
};

/* What it is sent is a POST; the secret is not in what waits. */
static void
its_request_is_a_post(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct faults all;
		struct upstream_target *t = load(heads[i].url,
		    heads[i].authorization, &all);
		char *text;

		assert_non_null(t);
		text = base_print("%s%s", t->start, t->fields);
		assert_memory_equal(text, heads[i].head, strlen(heads[i].head));
		assert_null(strstr(text, "unit-token"));
		assert_null(strstr(text, "X-API-Key"));
		base_free(text);
		unload(t, &all);
	}
}

static const struct {
	const char *url, *authorization, *fault;
} bads[] = {
	{ "http://c.test", NULL, "tracing.url: must begin with https://" },
	{ "c.test", NULL, "tracing.url: must begin with https://" },
	{ "http://127.0.0.1/a?b", NULL, "tracing.url: its path may hold only" },
	{ "http://127.0.0.1", "none",
	    "tracing.authorization: there is no secret of that name" },
};

static void
what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		struct faults all;

		assert_null(load(bads[i].url, bads[i].authorization, &all));
		assert_int_equal(all.count, 1);
		assert_memory_equal(all.list[0].text, bads[i].fault,
		    strlen(bads[i].fault));
		unload(NULL, &all);
	}
}

static int64_t
counted(void)
{
	int64_t n = 0;

	for (unsigned i = 0; i < METRIC_GATES_KINDS; i++)
		n += metrics_value(METRIC_GATES, i);
	for (unsigned i = 0; i < 32; i++)
		for (unsigned value = 0; value < ANSWERS; value++)
			n += metrics_value(METRIC_UPSTREAM,
			         metric_of(i, value)) +
			    metrics_value(METRIC_UPSTREAM_FAILURES,
			        metric_of(i, value)) +
			    metrics_value(METRIC_UPSTREAM_CONNS,
			        metric_of(i, value));
	return n + metrics_value(METRIC_UPSTREAM_CONNECTS, 0) +
	    metrics_value(METRIC_UPSTREAM_TIME, 0);
}

static void
on_done(void *arg, const struct upstream_answer *a)
{
	*(enum upstream_outcome *)arg = a->outcome;
}

/* No upstream of the settings has anything to do with it. */
static void
nothing_of_it_is_counted(void **state)
{
	struct faults all;
	/* Nobody listens there. */
	struct upstream_target *t = load("http://127.0.0.1:1", NULL, &all);
	struct event_base *base = event_base_new();
	struct upstream_pool *p = upstream_pool_new(base, t);
	enum upstream_outcome outcome = UPSTREAM_ANSWERED;
	struct upstream_call *call = upstream_begin(p, 2);

	(void)state;
	bytes_add_text(upstream_body(call), "{}");
	upstream_post(call, on_done, &outcome);
	while (outcome == UPSTREAM_ANSWERED)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(outcome, UPSTREAM_NO_CONNECT);
	assert_int_equal(counted(), 0);
	upstream_pool_free(p);
	event_base_free(base);
	unload(t, &all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_request_is_a_post),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(nothing_of_it_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
