/* terminal/terminal.c - what is said to a person, and how a verb is called. */
#include <stdarg.h>

#include "terminal/terminal_part.h"

int
complain(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("leadbridge: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int
complain_faults(struct faults *all, int code)
{
	struct bytes out;

	bytes_init(&out, (size_t)1 << 20);
	faults_print(all, &out);
	fwrite(bytes_str(&out).at, 1, out.len, stderr);
	bytes_done(&out);
	faults_done(all);
	return code;
}

int
complain_fault(const struct fault *f, int code)
{
	struct bytes out;

	bytes_init(&out, 4096);
	fault_print(f, &out);
	complain(code, "%s", bytes_str(&out).at);
	bytes_done(&out);
	return code;
}

void
print_bytes(struct bytes *b)
{
	fwrite(bytes_str(b).at, 1, b->len, stdout);
	bytes_done(b);
}

/* Of an option with its value; a longer one has a line of its own. */
#define OPTION_WIDTH 28

const struct option_row option_help = {
	.name = "help",
	.letter = 'h',
	.help = "Show this help.",
};

static void
print_option(const struct option_row *row)
{
	char left[64];
	const char *gap = row->value != NULL ? " " : "";
	const char *value = row->value != NULL ? row->value : "";

	if (row->letter != 0)
		snprintf(left, sizeof(left), "-%c, --%s%s%s", row->letter,
		    row->name, gap, value);
	else
		snprintf(left, sizeof(left), "    --%s%s%s", row->name, gap,
		    value);
	if (strlen(left) > OPTION_WIDTH)
		printf("  %s\n  %-*s %s\n", left, OPTION_WIDTH, "", row->help);
	else
		printf("  %-*s %s\n", OPTION_WIDTH, left, row->help);
}

int
verb_help(const struct verb *v, const char *part)
{
	const struct verb_part *p = verb_part_named(v, part);
	struct str args = p != NULL ? verb_part_args(v, p) : str_of(v->args);

	printf("Usage: leadbridge %s [OPTION...]%s%.*s\n\n%s\n", v->name,
	    args.len > 0 ? " " : "", STR_ARG(args), v->help);
	if (v->more != NULL)
		printf("\n%s", v->more);
	printf("\nOptions:\n");
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		if (p == NULL || verb_part_takes(v, p, row->name))
			print_option(row);
	print_option(&option_help);
	if (p == NULL && v->parts != NULL)
		printf("\n'leadbridge %s %s --help' shows the options of %s "
		       "alone.\n",
		    v->name, v->parts[0].name, v->parts[0].name);
	printf("\nFor example:\n%s\n%s", v->example, EXIT_CODES);
	return EXIT_OK;
}
