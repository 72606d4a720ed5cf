/* console/console_verb_doctor.c - what keeps a bridge from its work, if any. */
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "console/console_doctor.h"
#include "base/base.h"
#include "console/console_verb.h"

#define OUTPUT_CEILING ((size_t)1 << 22)

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ .name = "ca",
	    .value = "FILE",
	    .help = "Certificates to trust, instead of the system's, when the "
	            "admin endpoint of the bridge is asked." },
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* In this order: what comes first explains what comes later. */
static const struct {
	const char *name;
	void (*run)(struct doctor *d);
} checks[] = {
	{ "files", doctor_files },
	{ "certificates", doctor_certificates },
	{ "limits", doctor_limits },
	{ "confinement", doctor_confinement },
	{ "bridge", doctor_bridge },
	{ "journal", doctor_journal },
	{ "upstream", doctor_upstreams },
	{ "key", doctor_keys },
	{ "tracing", doctor_tracing },
};

static const char *const verdicts[DOCTOR_VERDICTS] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_FAULT] = "fault",
};

/* "warning  certificates  server.pem: 12 days left; renew it" */
static void
print_line(const struct doctor_finding *f)
{
	struct bytes out;

	bytes_init(&out, OUTPUT_CEILING);
	bytes_addf(&out, "%-8s %-13s ", verdicts[f->verdict], f->check);
	shown_add(&out, str_of(f->subject));
	bytes_add_text(&out, ": ");
	shown_add(&out, str_of(f->text));
	if (f->remedy != NULL) {
		bytes_add_text(&out, "; ");
		shown_add(&out, str_of(f->remedy));
	}
	bytes_add_char(&out, '\n');
	print_bytes(&out);
	fflush(stdout);
}

void
doctor_say(struct doctor *d, enum doctor_verdict v, const char *subject,
    const char *remedy, const char *fmt, ...)
{
	struct doctor_finding *f;
	struct bytes text;
	va_list ap;

	bytes_init(&text, OUTPUT_CEILING);
	va_start(ap, fmt);
	bytes_addv(&text, fmt, ap);
	va_end(ap);
	d->list = base_grow(d->list, d->count + 1, sizeof(d->list[0]));
	f = &d->list[d->count++];
	*f = (struct doctor_finding){ .verdict = v,
		.check = d->check,
		.subject = base_copy(subject),
		.text = base_print("%.*s", STR_ARG(bytes_str(&text))),
		.remedy = base_copy(remedy) };
	bytes_done(&text);
	if (d->as_it_comes)
		print_line(f);
}

const char *
doctor_size(int64_t bytes, char *into, size_t room)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 1000 && unit + 1 < COUNT_OF(units)) {
		n /= 1000;
		unit++;
	}
	snprintf(into, room, n < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", n,
	    units[unit]);
	return into;
}

/* As `check` has it: each fault, or what was loaded and its warnings. */
static void
load(struct doctor *d)
{
	struct faults all = { 0 };
	char place[128];

	d->check = "settings";
	d->program = program_load(d->settings, &all);
	for (size_t i = 0; i < all.kept; i++) {
		const struct fault *f = &all.list[i];

		if (f->line > 0)
			snprintf(place, sizeof(place), "%s:%u", f->where,
			    f->line);
		else
			snprintf(place, sizeof(place), "%s", f->where);
		doctor_say(d, DOCTOR_FAULT, place, NULL, "%s", f->text);
	}
	faults_done(&all);
	if (d->program == NULL)
		return;
	doctor_say(d, DOCTOR_OK, d->settings, NULL,
	    "routes: %zu, upstreams: %zu", routes_count(d->program->routes),
	    d->program->target_count);
	for (size_t i = 0; program_warning(d->program, i) != NULL; i++)
		doctor_say(d, DOCTOR_WARNING, d->settings, NULL, "%s",
		    program_warning(d->program, i));
}

static void
add_member(struct bytes *out, const char *name, const char *text)
{
	bytes_addf(out, ",\"%s\":", name);
	if (text != NULL)
		shown_add_json(out, str_of(text));
	else
		bytes_add_text(out, "null");
}

static void
print_json(const struct doctor *d, bool is_well)
{
	struct bytes out;

	bytes_init(&out, OUTPUT_CEILING);
	bytes_addf(&out, "{\"ok\":%s,\"findings\":[",
	    is_well ? "true" : "false");
	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_finding *f = &d->list[i];

		bytes_addf(&out, "%s\n{\"verdict\":\"%s\"", i > 0 ? "," : "",
		    verdicts[f->verdict]);
		add_member(&out, "check", f->check);
		add_member(&out, "subject", f->subject);
		add_member(&out, "text", f->text);
		add_member(&out, "remedy", f->remedy);
		bytes_add_char(&out, '}');
	}
	bytes_add_text(&out, "]}\n");
	print_bytes(&out);
}

static size_t
count(const struct doctor *d, enum doctor_verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->list[i].verdict == v;
	return n;
}

static void
print_sum(const struct doctor *d)
{
	size_t warnings = count(d, DOCTOR_WARNING),
	       faults = count(d, DOCTOR_FAULT);

	printf("\n%zu ok, %zu warning%s, %zu fault%s\n", count(d, DOCTOR_OK),
	    warnings, warnings == 1 ? "" : "s", faults, faults == 1 ? "" : "s");
}

static void
done(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		base_free(d->list[i].subject);
		base_free(d->list[i].text);
		base_free(d->list[i].remedy);
	}
	base_free(d->list);
	base_free(d->metrics);
	program_free(d->program);
}

static int
doctor(const struct given *g)
{
	struct doctor d = { .settings = given_config(g),
		.ca = given_option(g, "ca"),
		.as_it_comes = !given_json(g) };
	size_t faults;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	load(&d);
	for (size_t i = 0; d.program != NULL && i < COUNT_OF(checks); i++) {
		d.check = checks[i].name;
		checks[i].run(&d);
	}
	faults = count(&d, DOCTOR_FAULT);
	if (given_json(g))
		print_json(&d, faults == 0);
	else
		print_sum(&d);
	done(&d);
	return faults > 0 ? EXIT_FAULTS : EXIT_OK;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.args = "",
	.help = "Look for what keeps the bridge from its work.",
	.more =
	    "Looks at the settings and what they name: files, certificates,\n"
	    "limits and confinement of this machine, the bridge that runs and\n"
	    "its journal, and the way to each API: name, connection, TLS,\n"
	    "clock, and whether the key is accepted (by an empty update of a\n"
	    "lead that there is not); the same way to the collector of spans,\n"
	    "and whether it takes an export of none. Each line says ok,\n"
	    "warning or fault, and what to do. It changes nothing, and may be "
	    "run beside a bridge:\n"
	    "as the bridge's user, so that it sees what the bridge sees.\n",
	.example = "  leadbridge doctor -c leadbridge.cfg\n"
	           "  leadbridge doctor --output json | jq "
	           "'.findings[] | select(.verdict != \"ok\")'\n",
	.options = options,
	.run = doctor,
};
