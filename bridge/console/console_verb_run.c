/* console/console_verb_run.c - the bridge itself. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "console/console_bridge.h"
#include "console/console_verb.h"

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ .name = "log-level",
	    .value = "error|warning|info|debug",
	    .help = "Overrides log.level of the settings." },
	{ .name = NULL },
};

/*
 * Signals are for this thread alone, and taken one at a time: the threads
 * started later inherit the mask.
 */
static void
block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
set_log(const struct program *p, const struct given *g)
{
	const char *level = given_option(g, "log-level");

	log_set_format((enum log_format)p->log_format);
	log_set_level((enum log_level)(level != NULL
	        ? name_value(log_levels, str_of(level))
	        : p->log_level));
}

/* As many files as the system lets us have: a connection each. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* The signal to end by. A SIGHUP asks for a reload, which there is not. */
static int
wait_for_end(const sigset_t *set)
{
	int got = 0;

	while (sigwait(set, &got) != 0 || got == SIGHUP)
		if (got == SIGHUP)
			log_event(LOG_LEVEL_WARNING, "SIGHUP ignored", "reason",
			    "settings are read at start; restart to change "
			    "them",
			    NULL);
	return got;
}

static int
serve(const struct program *p, const sigset_t *set)
{
	struct fault why = { 0 };
	struct bridge *b = bridge_start(p, &why);
	int got = 0;

	if (b == NULL)
		return complain_fault(&why, EXIT_CANNOT);
	for (size_t i = 0; program_warning(p, i) != NULL; i++)
		log_event(LOG_LEVEL_WARNING, "settings", "reason",
		    program_warning(p, i), NULL);
	log_event(LOG_LEVEL_INFO, "ready", "version", BRIDGE_VERSION, NULL);
	got = wait_for_end(set);
	log_event(LOG_LEVEL_INFO, "stopping", "signal", strsignal(got), NULL);
	bridge_stop(b);
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return EXIT_OK;
}

static int
run(const struct given *g)
{
	struct faults all = { 0 };
	struct program *p;
	sigset_t set;
	int code;

	block_signals(&set);
	raise_file_limit();
	p = program_load(given_config(g), &all);
	if (p == NULL)
		return complain_faults(&all, EXIT_CANNOT);
	set_log(p, g);
	code = serve(p, &set);
	program_free(p);
	return code;
}

const struct verb verb_run = {
	.name = "run",
	.args = "",
	.help = "Run the bridge until SIGTERM or SIGINT.",
	.more = "SIGTERM and SIGINT drain: no new connections, open requests\n"
	        "may finish within drain_timeout. SIGHUP is ignored.\n",
	.example = "  leadbridge run -c leadbridge.cfg\n",
	.options = options,
	.run = run,
};
