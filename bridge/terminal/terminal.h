/*
 * terminal/terminal.h - how the program speaks to a person: options and
 * arguments, faults on standard error, text on standard output.
 *
 * A verb is a row: its options, its words for help, its function. Help, usage,
 * manual and completion are made of these rows.
 */
#ifndef BRIDGE_TERMINAL_H
#define BRIDGE_TERMINAL_H

#include <stdio.h>

#include "base/base.h"
#include "terminal/terminal_file.h"

enum terminal_exit {
	EXIT_OK = 0,
	EXIT_FAULTS = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT = 3,
	/* Of `run` alone: no start will do better until a person mends them. */
	EXIT_SETTINGS = 78 /* EX_CONFIG, as service managers call it */
};
/* They in a line, for help. */
#define EXIT_CODES                                                             \
	"Exit codes: 0 ok, 1 found faults, 2 usage, 3 cannot run, 78 run "     \
	"refuses its settings.\n"

/* An option of a verb: "-c, --config FILE". */
struct option_row {
	const char *name;  /* long name, without dashes */
	char letter;       /* 0: none */
	const char *value; /* what follows, as shown in help; NULL: a flag */
	const char *help;
	bool many; /* may be given several times */
};

/* What was given on the command line, read through the verb's rows. */
struct given;
/* The value of an option; NULL when it was not given. */
const char *given_option(const struct given *g, const char *name);
bool given_flag(const struct given *g, const char *name);
/* The i-th value of an option that may be repeated; NULL past the end. */
const char *given_each(const struct given *g, const char *name, size_t i);
const char *given_arg(const struct given *g, size_t i); /* NULL past the end */
size_t given_count(const struct given *g);
/* Which of the verb's parts the first argument names. */
size_t given_part(const struct given *g);
/* Of OPTION_CONFIG: the file it names, or the usual one that is there. */
const char *given_config(const struct given *g);
/* True for --output json. Only for verbs that have the option. */
bool given_json(const struct given *g);

/* A word behind the verb that says what is to be done: "key add". */
struct verb_part {
	const char *name;
	unsigned min_args, max_args; /* behind it */
	/* Options, one space between; one no part names goes with all. */
	const char *takes;
};

struct verb {
	const char *name;
	const char *args;    /* shown in usage as it stands */
	const char *help;    /* one line, ends with a full stop */
	const char *more;    /* paragraphs for --help; NULL: none */
	const char *example; /* lines for --help, each indented by two */
	const struct option_row *options; /* ended by a NULL name */
	unsigned min_args, max_args;
	const struct verb_part *parts; /* ended by a NULL name; or NULL */
	const char *surplus; /* why a part takes no more arguments; or NULL */
	int (*run)(const struct given *g); /* enum terminal_exit */
};

/* Of every verb, beside its rows. */
extern const struct option_row option_help;
/*
 * Its help, on standard output; EXIT_OK. Of the part that is named, with the
 * options that go with it; of all where `part` is NULL or names none.
 */
int verb_help(const struct verb *v, const char *part);
/* Whether a verb may run with what it was given: EXIT_OK, or why not, said. */
typedef int verb_guard(const struct verb *v, const struct given *g);
/*
 * Reads argv, which begins with the verb, through its rows, and runs it, if
 * guard lets it (NULL: it does); its exit code, or EXIT_USAGE with the reason
 * said.
 */
int verb_call(const struct verb *v, int argc, char **argv,
    verb_guard *guard) MUST_CHECK;

/* The settings file when -c was not given; where it is not, the package's. */
#define CONFIG_USUAL "leadbridge.cfg"
#define CONFIG_SYSTEM "/etc/leadbridge/leadbridge.cfg"

/* Rows several verbs share. */
#define OPTION_CONFIG                                                          \
	{                                                                      \
		.name = "config", .letter = 'c', .value = "FILE",              \
		.help = "The settings file (default: " CONFIG_USUAL            \
		        " here, or in /etc/leadbridge).",                      \
	}
#define OPTION_OUTPUT                                                          \
	{                                                                      \
		.name = "output", .letter = 'o', .value = "text|json",         \
		.help = "How to print (default: text).",                       \
	}

/* Prints "leadbridge: ..." on standard error; returns the exit code. */
int complain(int code, const char *fmt, ...) PRINTF(2, 3);
/* Prints all faults, a line each, on standard error. */
int complain_faults(struct faults *all, int code);
int complain_fault(const struct fault *f, int code);
/* Prints what bytes hold and forgets it; for standard output. */
void print_bytes(struct bytes *b);

#endif
