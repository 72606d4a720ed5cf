/* console/console_doctor_machine.c - what this machine and kernel give. */
#include <sys/resource.h>
#include <unistd.h>

#include "program/program.h"
#include "console/console_doctor.h"

/* Logs, wakes, the journal's files, lookups. */
#define FILES_BESIDE 64

static int64_t
files_wanted(const struct program *p)
{
	int64_t upstream = 0;

	for (size_t i = 0; i < p->target_count; i++)
		upstream += (int64_t)upstream_target_connections(p->targets[i]);
	return p->limits.connections + p->settings.workers * (upstream + 1) +
	    FILES_BESIDE;
}

static void
look_at_files(struct doctor *d)
{
	const int64_t wanted = files_wanted(d->program);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	if (limit.rlim_max != RLIM_INFINITY && (int64_t)limit.rlim_max < wanted)
		doctor_say(d, DOCTOR_WARNING, "open files",
		    "raise it (LimitNOFILE= of the unit, ulimit -Hn), or lower "
		    "limits.connections",
		    "%lld are allowed here, and all connections at once would "
		    "take %lld",
		    (long long)limit.rlim_max, (long long)wanted);
	else
		doctor_say(d, DOCTOR_OK, "open files", NULL,
		    "%lld at most, all connections at once", (long long)wanted);
}

/*
 * Of whoever asks, who may be in another unit than the bridge: what is said of
 * the bridge that runs has that one's ceiling.
 */
static void
look_at_memory(struct doctor *d)
{
	doctor_memory(d, "memory", worst_total(d->program),
	    memory_allowed(NULL, NULL));
}

void
doctor_memory(struct doctor *d, const char *subject, int64_t worst,
    int64_t allowed)
{
	char a[24], b[24];

	if (worst <= 0 || allowed <= 0)
		return;
	doctor_size(worst, a, sizeof(a));
	doctor_size(allowed, b, sizeof(b));
	if (worst > allowed)
		doctor_say(d, DOCTOR_WARNING, subject,
		    "lower what `check` names as large, or raise the ceiling "
		    "(MemoryMax= of the unit, the limit of the container)",
		    "%s at the worst, by the limits, and %s may be taken", a,
		    b);
	else
		doctor_say(d, DOCTOR_OK, subject, NULL,
		    "%s at the worst, by the limits, of %s", a, b);
}

void
doctor_limits(struct doctor *d)
{
	look_at_files(d);
	look_at_memory(d);
}

static void
look_at_kernel(struct doctor *d)
{
	const int mode = d->program->settings.confine;
	struct confine_state s;

	confine_probe(&s);
	if (s.missing[0] == '\0')
		doctor_say(d, DOCTOR_OK, "kernel", NULL,
		    "has all of it: Landlock %d, seccomp", s.landlock);
	else
		doctor_say(d,
		    mode == CONFINE_REQUIRED && (!s.files || !s.system_calls)
		        ? DOCTOR_FAULT
		        : DOCTOR_WARNING,
		    "kernel", "a newer kernel has it", "lacks %s", s.missing);
}

static void
look_at_user(struct doctor *d)
{
	const struct program *p = d->program;

	if (p->settings.user != NULL)
		doctor_say(d, DOCTOR_OK, "user", NULL, "becomes %s",
		    p->settings.user);
	else if (geteuid() == 0)
		doctor_say(d, DOCTOR_WARNING, "user",
		    "name one: user = \"leadbridge\"; or start it as one",
		    "a bridge that root starts stays root");
}

void
doctor_confinement(struct doctor *d)
{
	look_at_kernel(d);
	look_at_user(d);
}
