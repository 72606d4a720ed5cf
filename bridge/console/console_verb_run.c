/* console/console_verb_run.c - the bridge itself. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "program/program.h"
#include "keeper/keeper.h"
#include "console/console_verb.h"
#include "metrics/metrics.h"

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

/* What a run has beside the program. */
struct stage {
	const char *path, *level;
	const sigset_t *signals;
	struct asks *asks;
	struct notify *notify;
	int sockets[SOCKETS_MAX];
	size_t socket_count;
};

/* Before it is ready: whoever waits for that finds it. */
static void
tell_of(const struct program *p)
{
	for (size_t i = 0; program_warning(p, i) != NULL; i++)
		log_event(LOG_LEVEL_WARNING, "settings", "reason",
		    program_warning(p, i), NULL);
	measure_program(p);
	metrics_set(METRIC_START_TIME, 0, clock_wall_ms() / 1000);
	metrics_set(METRIC_RELOAD_WELL, 0, 1);
	metrics_set(METRIC_RELOAD_TIME, 0, clock_wall_ms() / 1000);
}

static int
serve(struct stage *s, struct program *p, struct files *files)
{
	struct fault why = { 0 };
	struct bridge *b;

	tell_of(p);
	b = bridge_start(&(struct bridge_setup){ .program = p,
	                     .asks = s->asks,
	                     .sockets = s->sockets,
	                     .socket_count = s->socket_count },
	    &why);
	if (b == NULL) {
		files_free(files);
		program_free(p);
		return complain_fault(&why, EXIT_CANNOT);
	}
	secrets_ask_no_more();
	log_event(LOG_LEVEL_INFO, "ready", "version", BRIDGE_VERSION, NULL);
	keeper_run(&(struct keeper_setup){ .bridge = b,
	    .program = p,
	    .path = s->path,
	    .level = s->level,
	    .signals = s->signals,
	    .asks = s->asks,
	    .notify = s->notify,
	    .files = files });
	bridge_stop(b);
	log_flush();
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return EXIT_OK;
}

static int
load_and_serve(struct stage *s)
{
	struct files *files = files_of(s->path);
	struct faults all = { 0 };
	struct program *p = program_load(s->path, &all);

	if (p == NULL) {
		files_free(files);
		return complain_faults(&all, EXIT_SETTINGS);
	}
	log_settings_apply(&p->log, p->secrets, s->level);
	return serve(s, p, files);
}

static int
run(const struct given *g)
{
	sigset_t signals;
	struct stage s = { .path = given_config(g),
		.level = given_option(g, "log-level"),
		.signals = &signals };
	int code;

	block_signals(&signals);
	raise_file_limit();
	s.socket_count = sockets_given(s.sockets);
	s.notify = notify_new();
	s.asks = asks_new();
	code = load_and_serve(&s);
	asks_free(s.asks);
	notify_free(s.notify);
	return code;
}

const struct verb verb_run = {
	.name = "run",
	.args = "",
	.help = "Run the bridge until SIGTERM or SIGINT.",
	.more = "SIGTERM and SIGINT drain: no new connections, open requests\n"
	        "may finish within drain_timeout; a second one hurries.\n"
	        "SIGHUP loads the settings again, as 'leadbridge reload' "
	        "does.\n"
	        "Under systemd it tells when it is ready, reloads and stops,\n"
	        "feeds the watchdog, and takes sockets that are handed over.\n",
	.example = "  leadbridge run -c leadbridge.cfg\n",
	.options = options,
	.run = run,
};
