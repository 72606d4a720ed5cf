/*
 * journal/journal_stranded.c - what waits for a target that there is no more.
 *
 * Nothing is wrong with such an update, so nothing happens to it: no claim
 * names its target. Only a count can find it.
 */
#include <stdio.h>
#include <string.h>

#include "journal/journal_front.h"
#include "metrics/metrics.h"

void
journal_serve(struct journal *j, const char *const *targets, size_t count)
{
	char **names = base_alloc(count * sizeof(names[0]));

	for (size_t i = 0; i < count; i++)
		names[i] = base_copy(targets[i]);
	pthread_mutex_lock(&j->lock);
	served_free(&j->served_next);
	j->served_next = (struct served){ names, count };
	j->served_anew = true;
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
}

void
served_free(struct served *s)
{
	for (size_t i = 0; i < s->count; i++)
		base_free(s->names[i]);
	base_free(s->names);
	*s = (struct served){ 0 };
}

bool
stranded_renew(struct journal *j)
{
	bool anew;

	pthread_mutex_lock(&j->lock);
	anew = j->served_anew;
	j->served_anew = false;
	if (anew) {
		served_free(&j->served);
		j->served = j->served_next;
		j->served_next = (struct served){ 0 };
		j->is_served = j->warns = true;
	}
	pthread_mutex_unlock(&j->lock);
	return anew;
}

static void
warn(const struct journal_live *live)
{
	char count[24], remedy[JOURNAL_NAME_MAX + 96];

	snprintf(count, sizeof(count), "%lld", (long long)live->count);
	snprintf(remedy, sizeof(remedy),
	    "bring it back, or: leadbridge deliveries retry --upstream %s",
	    live->target);
	log_event(LOG_LEVEL_WARNING, "updates are stranded", "upstream",
	    live->target, "updates", count, "reason",
	    "they wait for an upstream that the settings do not name", "do",
	    remedy, NULL);
}

/* Names are held while they are told. */
static void
measure(const struct journal_stats *stats, unsigned *names, size_t *count)
{
	unsigned before[JOURNAL_TARGETS];
	size_t before_count = *count;

	memcpy(before, names, sizeof(before));
	*count = stats->live_count;
	for (size_t i = 0; i < *count; i++) {
		const struct journal_live *live = &stats->live[i];

		names[i] = metric_of(metrics_name(METRIC_UPSTREAMS,
		                         live->target),
		    0);
		metrics_set(METRIC_STRANDED, names[i], live->count);
	}
	metrics_keep(METRIC_STRANDED, names, *count);
	for (size_t i = 0; i < before_count; i++)
		metrics_unname(METRIC_UPSTREAMS, metric_name_of(before[i]));
}

void
stranded_ask(const struct journal *j, struct journal_stats *stats)
{
	stats->served = (const char *const *)j->served.names;
	stats->served_count = j->served.count;
}

void
stranded_tell(struct journal *j, const struct journal_stats *stats)
{
	if (!j->is_served)
		return;
	measure(stats, j->stranded, &j->stranded_count);
	for (size_t i = 0; j->warns && i < stats->live_count; i++)
		warn(&stats->live[i]);
	j->warns = false;
}

void
stranded_done(struct journal *j)
{
	const struct journal_stats none = { .live_count = 0 };

	measure(&none, j->stranded, &j->stranded_count);
	served_free(&j->served);
	served_free(&j->served_next);
}
