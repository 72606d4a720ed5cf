/*
 * workshop/workshop_report.h - what `test` found, for people and for machines.
 * Text is printed as it comes, the other forms once at the end.
 */
#ifndef BRIDGE_WORKSHOP_REPORT_H
#define BRIDGE_WORKSHOP_REPORT_H

#include "base/base.h"

enum report_rule {
	RULE_DIFFERS,    /* a place of the update is not what was expected */
	RULE_UNREADABLE, /* a sample that is none, or nothing to compare with */
	RULE_MAPPING,    /* the mapping file is wrong */
	RULE_EMPTY,      /* a mapping without samples */
	RULE_COUNT
};
struct report_rule_row {
	const char *id;   /* "sample-differs" */
	const char *help; /* one sentence, ends with a full stop */
};
extern const struct report_rule_row report_rules[RULE_COUNT];

struct report_finding {
	enum report_rule rule;
	char *file;            /* where to mend it: a mapping or a sample */
	unsigned line, column; /* 1-based; 0: not known */
	char *text;
};

/* A sample, or a mapping that could not be tried: then with findings. */
struct report_case {
	char *folder; /* the mapping's */
	char *file;   /* the sample; the mapping where there is none */
	struct report_finding *findings;
	size_t count;    /* 0: passed */
	int64_t took_us; /* until the case was complete */
};

struct report {
	const struct report_form *form;
	struct report_case *cases;
	size_t count, failed;
};

/* The names of the forms, as the option shows them. */
#define REPORT_FORMS "text|junit|json|sarif"

void report_start(struct report *r, const char *form); /* NULL: text */
/* Opens a case; what is found goes to the last one opened. */
void report_case(struct report *r, const char *folder, const char *file);
void report_find(struct report *r, enum report_rule rule, const char *file,
    unsigned line, unsigned column, const char *fmt, ...) PRINTF(6, 7);
/* The last case is complete. */
void report_case_end(struct report *r);
/* Prints what is not printed yet. */
void report_print(const struct report *r);
void report_done(struct report *r);

/* The forms that are files: workshop_report_junit.c, workshop_report_sarif.c.
 */
void report_junit(const struct report *r, struct bytes *out);
void report_sarif(const struct report *r, struct bytes *out);

#endif
