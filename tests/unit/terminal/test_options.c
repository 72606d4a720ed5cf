/* tests/unit/terminal/test_options.c - argv, read through a verb's rows. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "terminal/terminal_part.h"

/* There the usual settings file is, whatever else this machine has. */
static char folder[] = "/tmp/test_options.XXXXXX";

static int
enter_folder(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) == -1)
		return -1;
	fd = open(CONFIG_USUAL, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	return fd == -1 ? -1 : close(fd);
}

static int
leave_folder(void **state)
{
	(void)state;
	return unlink(CONFIG_USUAL) == -1 || chdir("/") == -1 ? -1
	                                                      : rmdir(folder);
}

static const struct option_row options[] = {
	OPTION_CONFIG,
	OPTION_OUTPUT,
	{ .name = "to", .letter = 't', .value = "URL", .help = "Where to." },
	{ .name = "only", .value = "NAME", .help = "Which.", .many = true },
	{ .name = "yes", .letter = 'y', .help = "Unasked." },
	{ .name = NULL },
};
static const struct verb_part parts[] = {
	{ "add", 1, 2, "to" },
	{ "list", 0, 0, "output yes" },
	{ .name = NULL },
};

/* What the verb saw, in words. */
static char seen[256];

static int
see(const struct given *g)
{
	struct bytes out;

	bytes_init(&out, sizeof(seen) - 1);
	bytes_addf(&out, "part %zu config %s", given_part(g), given_config(g));
	if (given_json(g))
		bytes_add_text(&out, " json");
	if (given_flag(g, "yes"))
		bytes_add_text(&out, " yes");
	for (size_t i = 0; given_each(g, "only", i) != NULL; i++)
		bytes_addf(&out, " only %s", given_each(g, "only", i));
	for (size_t i = 0; i < given_count(g); i++)
		bytes_addf(&out, " [%s]", given_arg(g, i));
	assert_null(given_arg(g, given_count(g)));
	snprintf(seen, sizeof(seen), "%.*s", STR_ARG(bytes_str(&out)));
	bytes_done(&out);
	return EXIT_FAULTS;
}

static const struct verb plain = { .name = "verb",
	.args = "FILE...",
	.help = "Does.",
	.example = "  leadbridge verb x\n",
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.run = see };
static const struct verb parted = { .name = "verb",
	.args = "add NAME|list",
	.help = "Does.",
	.example = "  leadbridge verb list\n",
	.options = options,
	.min_args = 1,
	.max_args = 3,
	.parts = parts,
	.run = see };

static const struct {
	const struct verb *verb;
	const char *line; /* one space between words */
	int code;
	const char *seen; /* by the verb; or what standard error says */
} lines[] = {
	{ &plain, "a", EXIT_FAULTS, "part 0 config leadbridge.cfg [a]" },
	{ &plain, "-c x.cfg a --output json", EXIT_FAULTS,
	    "part 0 config x.cfg json [a]" },
	{ &plain, "--config=x.cfg -y a b", EXIT_FAULTS,
	    "part 0 config x.cfg yes [a] [b]" },
	{ &plain, "--only 1 a --only 2", EXIT_FAULTS,
	    "part 0 config leadbridge.cfg only 1 only 2 [a]" },
	{ &plain, "-- -y", EXIT_FAULTS, "part 0 config leadbridge.cfg [-y]" },
	{ &plain, "", EXIT_USAGE, "verb: too few arguments: FILE..." },
	{ &plain, "a b c", EXIT_USAGE, "verb: too many arguments" },
	{ &plain, "a --bad", EXIT_USAGE,
	    "verb: there is no option --bad; see 'leadbridge verb --help'" },
	{ &plain, "a --confg x", EXIT_USAGE,
	    "there is no option --confg; did you mean '--config'?" },
	{ &plain, "a --json", EXIT_USAGE, "did you mean '--output json'?" },
	{ &plain, "a --force", EXIT_USAGE, "did you mean '--yes'?" },
	{ &plain, "a --noop", EXIT_USAGE, "there is no option --noop; see" },
	{ &plain, "a --pasword=hunter2", EXIT_USAGE,
	    "there is no option --pasword; see" },
	{ &plain, "a -o json", EXIT_FAULTS,
	    "part 0 config leadbridge.cfg json [a]" },
	{ &plain, "a -t", EXIT_USAGE, "verb: a value is missing after -t" },
	{ &plain, "a -t 1 --to 2", EXIT_USAGE, "verb: --to is given twice" },
	{ &plain, "a --output xml", EXIT_USAGE,
	    "verb: --output takes text|json, not 'xml'" },
	{ &parted, "add a", EXIT_FAULTS,
	    "part 0 config leadbridge.cfg [add] [a]" },
	{ &parted, "list -y", EXIT_FAULTS,
	    "part 1 config leadbridge.cfg yes [list]" },
	{ &parted, "lits", EXIT_USAGE,
	    "verb: add NAME|list is expected; did you mean 'list'?" },
	{ &parted, "add", EXIT_USAGE, "verb add: too few arguments" },
	{ &parted, "list a", EXIT_USAGE, "verb list: too many arguments" },
	{ &parted, "list --to x", EXIT_USAGE,
	    "verb list: --to does not go with it" },
	/* No part names it: it goes with all of them. */
	{ &parted, "list --only x", EXIT_FAULTS,
	    "part 1 config leadbridge.cfg only x [list]" },
};

/* Calls the verb with standard error in `said`. */
static int
call(const struct verb *v, const char *line, char *said, size_t room)
{
	char words[128], *argv[16] = { words };
	int ends[2], kept = dup(STDERR_FILENO), argc = 1, code;
	ssize_t got;

	snprintf(words, sizeof(words), "verb %s", line);
	for (char *at = words; (at = strchr(at, ' ')) != NULL;) {
		*at++ = '\0';
		if (*at != '\0')
			argv[argc++] = at;
	}
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) != -1);
	code = verb_call(v, argc, argv, NULL);
	assert_true(dup2(kept, STDERR_FILENO) != -1);
	got = read(ends[0], said, room - 1);
	said[got > 0 ? got : 0] = '\0';
	close(kept);
	close(ends[0]);
	close(ends[1]);
	return code;
}

static void
a_line_is_read_or_its_fault_is_said(void **state)
{
	char said[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		seen[0] = '\0';
		if (call(lines[i].verb, lines[i].line, said, sizeof(said)) !=
		    lines[i].code)
			fail_msg("'%s': %s", lines[i].line, said);
		if (lines[i].code == EXIT_USAGE &&
		    strstr(said, lines[i].seen) == NULL)
			fail_msg("'%s': %s", lines[i].line, said);
		if (lines[i].code != EXIT_USAGE)
			assert_string_equal(seen, lines[i].seen);
		assert_int_equal(seen[0] == '\0', lines[i].code == EXIT_USAGE);
	}
}

static void
the_settings_are_those_of_the_folder_or_else_the_systems(void **state)
{
	(void)state;
	assert_string_equal(config_choose("/dev/null", "/dev/zero"),
	    "/dev/null");
	assert_string_equal(config_choose("/nowhere/a", "/dev/zero"),
	    "/dev/zero");
	assert_string_equal(config_choose("/nowhere/a", "/nowhere/b"),
	    "/nowhere/a");
}

/* What the help prints, with `part` or NULL. */
static void
print_help(const struct verb *v, const char *part, char *out, size_t room)
{
	int ends[2], kept;
	ssize_t got;

	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDOUT_FILENO) != -1);
	assert_int_equal(verb_help(v, part), EXIT_OK);
	fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) != -1);
	got = read(ends[0], out, room - 1);
	out[got > 0 ? got : 0] = '\0';
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

static void
a_parts_help_has_its_options_alone(void **state)
{
	static char out[8192];

	(void)state;
	print_help(&parted, "add", out, sizeof(out));
	assert_non_null(strstr(out,
	    "Usage: leadbridge verb [OPTION...] add "
	    "NAME\n"));
	assert_non_null(strstr(out, "--to URL"));
	assert_non_null(strstr(out, "--only NAME")); /* goes with all */
	assert_null(strstr(out, "--yes"));
	print_help(&parted, "list", out, sizeof(out));
	assert_non_null(strstr(out, "verb [OPTION...] list\n"));
	assert_null(strstr(out, "--to URL"));
	assert_non_null(strstr(out, "-o, --output"));
	print_help(&parted, "nothing", out, sizeof(out));
	assert_non_null(strstr(out, "add NAME|list\n"));
	assert_non_null(strstr(out, "--to URL"));
	assert_non_null(strstr(out, "'leadbridge verb add --help'"));
	print_help(&plain, NULL, out, sizeof(out));
	assert_null(strstr(out, "shows the options of"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_or_its_fault_is_said),
		cmocka_unit_test(
		    the_settings_are_those_of_the_folder_or_else_the_systems),
		cmocka_unit_test(a_parts_help_has_its_options_alone),
	};

	return cmocka_run_group_tests_name("terminal.options", tests,
	    enter_folder, leave_folder);
}
