/*
 * tests/unit/confine/suite.h - a stage, and children that confine themselves
 * on it and try something.
 */
#ifndef TESTS_CONFINE_SUITE_H
#define TESTS_CONFINE_SUITE_H

#include <sys/un.h>

#include "confine/confine.h"

/* Where the children are: made once, by the parent. */
struct stage {
	char top[64];
	char open[80];   /* a folder to read, with a file */
	char store[80];  /* ... to write */
	char secret[80]; /* ... that is none of theirs */
	int listening[2];
	uint16_t port[2]; /* the first is allowed */
	int abstract;     /* a socket of somebody else's, without a file */
	struct sockaddr_un name;
	socklen_t name_len;
};
extern struct stage stage;

/* For cmocka: group set up and tear down. */
int stage_set(void **unused);
int stage_clear(void **unused);

/* An attempt: 0, or errno. */
typedef int attempt(void);

int said(long rc);
int open_it(const char *folder, const char *name, int flags);
int reach(uint16_t port);

/* An outcome: the attempt's, or ended by that signal. */
#define DIED(signal) (1000 + (signal))
/* In a child: a fault of the test's own. */
#define CHILD_FAILED 99

struct confine_rules stage_rules(void);
/* In a child: confines it wholly, or ends it. */
void confine_child(const struct confine_rules *r);
/* Forks, confines the child if asked to, and has it try. */
int outcome_of(attempt *run, bool confined);
/* False, and said, on an older kernel. */
bool kernel_has_all(void);

#endif
