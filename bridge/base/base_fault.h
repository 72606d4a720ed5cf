/*
 * base/base_fault.h - what went wrong, as a value.
 *
 * Whoever can fail takes a `struct fault *why` last and returns -1, NULL or
 * false. It does not log: the caller that decides what to do logs, once.
 * The first fault wins; later ones are usually its echo. A fault's text
 * names fields, paths and reasons, never a secret and never a lead's value.
 */
#ifndef BRIDGE_BASE_FAULT_H
#define BRIDGE_BASE_FAULT_H

#include "base/base_bytes.h"

enum fault_code {
	FAULT_NONE,
	FAULT_SETTINGS,      /* a settings or mapping file is wrong */
	FAULT_REQUEST,       /* HTTP that cannot be trusted */
	FAULT_UNSIGNED,      /* the sender did not prove who it is */
	FAULT_FORBIDDEN,     /* proved, or tried to, and may not */
	FAULT_ROUTE,         /* nobody lives at this path */
	FAULT_METHOD,        /* ... not by this method */
	FAULT_BODY,          /* could not be decoded */
	FAULT_BODY_KIND,     /* a content type no decoder takes */
	FAULT_TOO_LARGE,     /* past a ceiling on size */
	FAULT_MAPPING,       /* decoded, and the mapping cannot use it */
	FAULT_CONTRACT,      /* mapped, and not a lead update */
	FAULT_CONFLICT,      /* its id came before, with other bytes */
	FAULT_RATE,          /* more a second than are taken */
	FAULT_BUSY,          /* a ceiling on load or memory; try again */
	FAULT_UPSTREAM,      /* no usable answer from the API */
	FAULT_UPSTREAM_LATE, /* none in time */
	FAULT_INTERNAL,      /* ours */
	FAULT_CODES
};

struct fault {
	enum fault_code code;
	unsigned line;   /* 1-based; 0 when there is no file or text */
	unsigned column; /* 1-based, in characters; 0 when not known */
	char where[96];  /* "mappings/acme/mapping.cfg", "update.email"; of a
	                    longer one "..." and its end */
	char text[240];
};

/* What the code means to a sender; one row a code (base_fault.c). */
struct fault_kind {
	const char *name; /* the envelope's error code: "UNAUTHORIZED" */
	const char *text; /* its message: "Authentication required" */
	int status;       /* HTTP */
	bool again;       /* trying again may help: answered with Retry-After */
};
const struct fault_kind *fault_kind(enum fault_code code);

/* Keeps the first fault. Always -1. where may be NULL; why may be NULL. */
int fault_set(struct fault *why, enum fault_code code, const char *where,
    const char *fmt, ...) PRINTF(4, 5);
int fault_at(struct fault *why, enum fault_code code, const char *where,
    unsigned line, unsigned column, const char *fmt, ...) PRINTF(6, 7);
/* "where:line:column: text", leaving out what is not known. */
void fault_print(const struct fault *f, struct bytes *out);

/*
 * Faults of files: `check` wants all of them, not only the first. Bounded:
 * past 100 only the count goes on.
 */
struct faults {
	struct fault *list;
	char *
	    *excerpts; /* one each: what faults_print shows below it; or NULL */
	size_t count;  /* all that were added */
	size_t kept;   /* those in list */
};
void faults_add(struct faults *all, const char *file, unsigned line,
    const char *fmt, ...) PRINTF(4, 5);

/* Where in a file; what is not known is 0 or NULL. */
struct fault_place {
	const char *file;
	unsigned line, column; /* as in struct fault */
	const char *excerpt;   /* whole lines, the place marked; is copied */
};
void faults_add_at(struct faults *all, const struct fault_place *at,
    const char *fmt, ...) PRINTF(3, 4);
/* True when the next one will only be counted. */
bool faults_full(const struct faults *all);
/* A line each, and its excerpt. */
void faults_print(const struct faults *all, struct bytes *out);
void faults_done(struct faults *all);

#endif
