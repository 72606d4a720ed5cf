/*
 * console/console_doctor.h - the checks of `doctor`, and what they find.
 * Private.
 *
 * A check looks at one thing and says what it saw, once or several times. It
 * changes nothing: a bridge may be running beside it.
 */
#ifndef BRIDGE_CONSOLE_DOCTOR_H
#define BRIDGE_CONSOLE_DOCTOR_H

#include "program/program.h"

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_WARNING, /* works, and may not tomorrow */
	DOCTOR_FAULT,
	DOCTOR_VERDICTS
};

struct doctor_finding {
	enum doctor_verdict verdict;
	const char *check;    /* the name of who found it */
	char *subject, *text; /* of what; what is so */
	char *remedy;         /* or NULL: nothing is to be done */
};

struct doctor {
	const char *settings; /* the file */
	const char *ca;       /* of the admin endpoint; NULL: the system's */
	struct program *program;
	const char *check; /* that runs */
	bool as_it_comes;  /* prints each finding at once */
	struct doctor_finding *list;
	size_t count;
	char *metrics; /* of the bridge that runs; NULL: none does */
};

/*
 * Says what is so of a subject: a file, an upstream. remedy is what a person is
 * to do, a sentence without its full stop; NULL where all is well. Texts are
 * copied.
 */
void doctor_say(struct doctor *d, enum doctor_verdict v, const char *subject,
    const char *remedy, const char *fmt, ...) PRINTF(5, 6);
/* What the limits let strangers take, beside what may be taken; in bytes. */
void doctor_memory(struct doctor *d, const char *subject, int64_t worst,
    int64_t allowed);
/*
 * The way to a server, told step by step, up to where it ends: as that verdict,
 * with the remedy of that step. True: it answered, and *l has what was seen.
 */
bool doctor_walk(struct doctor *d, const struct upstream_target *t,
    enum doctor_verdict v, const char *const remedies[UPSTREAM_STEPS],
    struct upstream_look *l);
/* "2.1 GB" of bytes, into at least 16. */
const char *doctor_size(int64_t bytes, char *into, size_t room);

/* The checks; all of them need the program. */
void doctor_files(struct doctor *d);        /* console_doctor_files.c */
void doctor_certificates(struct doctor *d); /* console_doctor_certificates.c */
void doctor_limits(struct doctor *d);       /* console_doctor_machine.c */
void doctor_confinement(struct doctor *d);
void doctor_bridge(struct doctor *d); /* console_doctor_bridge.c */
void doctor_journal(struct doctor *d);
void doctor_upstreams(struct doctor *d); /* console_doctor_upstream.c */
void doctor_keys(struct doctor *d);
void doctor_tracing(struct doctor *d); /* console_doctor_tracing.c */

#endif
