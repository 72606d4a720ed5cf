/* keeper/keeper_measure.c - what of the settings is told as metrics. */
#include "keeper/keeper_measure.h"

#include "certs/certs.h"
#include "program/program.h"
#include "lead/lead.h"
#include "metrics/metrics.h"

/* Certificates that are told of, by their labels. */
struct told {
	unsigned *labels;
	size_t count;
};

/* A file that cannot be read was told of when it was to be used. */
static void
measure_certificate(struct told *t, const char *file, enum metric_side side)
{
	struct fault why = { 0 };
	STACK_OF(X509) * list;
	unsigned label;

	if (file == NULL)
		return;
	list = cert_list_read(file, &why);
	if (list == NULL)
		return;
	label = metric_of(metrics_name(METRIC_FILES, file), side);
	metrics_set(METRIC_CERTIFICATES, label,
	    cert_time(X509_get0_notAfter(sk_X509_value(list, 0))));
	t->labels = base_grow(t->labels, t->count + 1, sizeof(t->labels[0]));
	t->labels[t->count++] = label;
	sk_X509_pop_free(list, X509_free);
}

static void
forget(struct told *t)
{
	for (size_t i = 0; i < t->count; i++)
		metrics_unname(METRIC_FILES, metric_name_of(t->labels[i]));
	base_free(t->labels);
}

static void
measure_address(struct told *t, const struct listener_address *a)
{
	measure_certificate(t, a->certificate, METRIC_SIDE_IN);
	for (size_t i = 0; i < a->certificate_count; i++)
		measure_certificate(t, a->certificates[i].certificate,
		    METRIC_SIDE_IN);
}

/* What an upstream is shown; its own certificate is its own affair. */
static void
measure_upstreams(struct told *t, const struct program *p)
{
	const config_setting_t *group = p->settings.upstreams;

	for (unsigned i = 0; i < p->target_count; i++) {
		const config_setting_t *entry = config_setting_get_elem(group,
		    i);
		const char *name = NULL;
		char *file;

		if (!config_setting_lookup_string(entry, "certificate", &name))
			continue;
		file = settings_named(entry, name);
		measure_certificate(t, file, METRIC_SIDE_OUT);
		base_free(file);
	}
}

/* An increase is seen only of what was told before: from 0 on. */
static void
name_fields(void)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	for (size_t i = 0; i < count; i++)
		if (metrics_named(METRIC_FIELDS, f[i].name) == 0)
			(void)metrics_name(METRIC_FIELDS, f[i].name);
}

void
measure_program(const struct program *p)
{
	static struct told before; /* whose names are held */
	struct told told = { 0 };

	name_fields();
	metrics_set(METRIC_MEMORY_WORST, 0, worst_total(p));
	metrics_set(METRIC_MEMORY_ALLOWED, 0, memory_allowed(NULL, NULL));
	for (size_t i = 0; i < p->listen_count; i++)
		measure_address(&told, &p->listen[i]);
	measure_address(&told, &p->admin);
	measure_upstreams(&told, p);
	metrics_keep(METRIC_CERTIFICATES, told.labels, told.count);
	forget(&before);
	before = told;
}
