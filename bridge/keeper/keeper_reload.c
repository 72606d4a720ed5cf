/* keeper/keeper_reload.c - the settings, loaded again. */
#include <stdio.h>
#include <string.h>

#include "keeper/keeper_measure.h"
#include "keeper/keeper_reload.h"
#include "base/base.h"
#include "metrics/metrics.h"

#define EXCERPT_MAX 4096

static void
warn(struct reload *r, char *text)
{
	r->warnings = base_grow(r->warnings, r->warning_count + 1,
	    sizeof(r->warnings[0]));
	r->warnings[r->warning_count++] = text;
}

/* What is written and does not count, and what every start warns of. */
static void
gather_warnings(const struct bridge *b, const struct program *p,
    struct reload *r)
{
	struct fixed written;
	size_t at = 0;
	char *text;

	fixed_read(p, &written);
	while (
	    (text = fixed_difference(bridge_fixed(b), &written, &at)) != NULL)
		warn(r, text);
	fixed_done(&written);
	for (size_t i = 0; program_warning(p, i) != NULL; i++)
		warn(r, base_copy(program_warning(p, i)));
}

/* A journal that is not there cannot be opened by a bridge that runs. */
static bool
may_serve(const struct bridge *b, const struct program *p, struct faults *all)
{
	if (bridge_has_journal(b) || !routes_journalled(p->routes))
		return true;
	settings_fault(all, p->settings.journal,
	    "journal: none runs, and there are routes now that need one; "
	    "restart the bridge");
	return false;
}

static struct program *
load(struct bridge *b, const char *path, struct faults *all)
{
	struct program *p = program_load(path, all);
	struct fault why = { 0 };

	if (p == NULL)
		return NULL;
	if (may_serve(b, p, all)) {
		if (bridge_renew(b, p, &why) == 0)
			return p;
		faults_add(all, why.where, why.line, "%s", why.text);
	}
	program_free(p);
	return NULL;
}

static void
log_refused(const struct faults *all, const char *cause)
{
	for (size_t i = 0; i < all->kept; i++) {
		const struct fault *f = &all->list[i];
		char line[16];

		snprintf(line, sizeof(line), "%u", f->line);
		log_event(LOG_LEVEL_ERROR, "reload refused", "cause", cause,
		    "file", f->where[0] != '\0' ? f->where : NULL, "line",
		    f->line > 0 ? line : NULL, "reason", f->text, NULL);
	}
}

static void
log_done(const struct reload *r, const char *cause)
{
	char routes[24];

	for (size_t i = 0; i < r->warning_count; i++)
		log_event(LOG_LEVEL_WARNING, "settings", "reason",
		    r->warnings[i], NULL);
	snprintf(routes, sizeof(routes), "%zu",
	    routes_count(r->program->routes));
	log_event(LOG_LEVEL_INFO, "reloaded", "cause", cause, "routes", routes,
	    NULL);
}

void
reload_run(struct bridge *b, const char *path, const char *level,
    const char *cause, struct reload *r)
{
	bool done;

	*r = (struct reload){ 0 };
	r->program = load(b, path, &r->faults);
	done = r->program != NULL;
	metrics_add(METRIC_RELOADS, !done, 1);
	metrics_set(METRIC_RELOAD_WELL, 0, done);
	if (!done) {
		log_refused(&r->faults, cause);
		return;
	}
	metrics_set(METRIC_RELOAD_TIME, 0, clock_wall_ms() / 1000);
	measure_program(r->program);
	log_settings_apply(&r->program->log, r->program->secrets, level);
	gather_warnings(b, r->program, r);
	log_done(r, cause);
}

void
reload_done(struct reload *r)
{
	for (size_t i = 0; i < r->warning_count; i++)
		base_free(r->warnings[i]);
	base_free(r->warnings);
	faults_done(&r->faults);
	program_free(r->program);
	*r = (struct reload){ 0 };
}

int
reload_status(const struct reload *r)
{
	return r->program != NULL ? 200 : 422;
}

/* A line as check prints it, its excerpt below. */
static void
print_fault(const struct faults *all, size_t i, struct bytes *out)
{
	struct bytes text;

	bytes_init(&text, sizeof(all->list[i]) + EXCERPT_MAX);
	fault_print(&all->list[i], &text);
	if (all->excerpts[i] != NULL) {
		bytes_add_char(&text, '\n');
		bytes_add_text(&text, all->excerpts[i]);
	}
	shown_add_json(out, str_trim(bytes_str(&text)));
	bytes_done(&text);
}

static void
print_refused(const struct reload *r, struct bytes *out)
{
	const struct faults *all = &r->faults;

	bytes_addf(out,
	    "{\"success\":false,\"error\":{\"code\":\"INVALID_SETTINGS\","
	    "\"message\":\"The settings are not right; those that ran go "
	    "on\",\"count\":%zu,\"details\":[",
	    all->count);
	for (size_t i = 0; i < all->kept; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		print_fault(all, i, out);
	}
	bytes_add_text(out, "]}}\n");
}

void
reload_print(const struct reload *r, struct bytes *out)
{
	if (r->program == NULL) {
		print_refused(r, out);
		return;
	}
	bytes_addf(out,
	    "{\"success\":true,\"data\":{\"routes\":%zu,\"warnings\":[",
	    routes_count(r->program->routes));
	for (size_t i = 0; i < r->warning_count; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		shown_add_json(out, str_of(r->warnings[i]));
	}
	bytes_add_text(out, "]}}\n");
}
