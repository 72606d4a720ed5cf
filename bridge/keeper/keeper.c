/* keeper/keeper.c - the main thread while the bridge runs. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "program/program.h"
#include "keeper/keeper.h"
#include "keeper/keeper_reload.h"

#define AGAIN_FIRST_MS 5000
#define AGAIN_MOST_MS INT64_C(300000)
#define STATUS_CEILING ((size_t)64 << 10)
/* Of what the watchdog allows, how often it hears of us. */
#define WATCHDOG_PARTS 4

struct keeper {
	struct bridge *bridge;
	const char *path, *level;
	struct asks *asks;
	const struct notify *notify;
	int signal_fd;

	int64_t drain_ms, look_ms; /* of the settings that run */
	struct files *files;
	struct keeper_again again;
	bool moved; /* a file, since the last that was loaded */
	int64_t looked_ms, beat_ms;
	bool ended;   /* by it */
	bool hurried; /* by a second one */
};

static int64_t
now_ms(void)
{
	return clock_mono_us() / 1000;
}

bool
again_due(const struct keeper_again *a, bool moved, int64_t now)
{
	return a->wait_ms == 0 || moved || now >= a->next_ms;
}

void
again_refused(struct keeper_again *a, int64_t now)
{
	a->wait_ms = a->wait_ms > 0 ? 2 * a->wait_ms : AGAIN_FIRST_MS;
	if (a->wait_ms > AGAIN_MOST_MS)
		a->wait_ms = AGAIN_MOST_MS;
	a->next_ms = now + a->wait_ms;
}

static void
take_settings(struct keeper *k, const struct program *p)
{
	k->drain_ms = p->settings.drain_timeout;
	k->look_ms = p->settings.watch_files;
}

static void
tell_ready(const struct keeper *k, const struct program *p)
{
	size_t count = routes_count(p->routes);
	char status[64];

	snprintf(status, sizeof(status), "Serving %zu route%s", count,
	    count == 1 ? "" : "s");
	notify_ready(k->notify, status);
}

/*
 * What ran goes on, so it is "ready" all the same: whoever asked by a signal
 * finds out here, and in the log.
 */
static void
tell_refused(const struct keeper *k, const struct faults *all)
{
	struct bytes text, status;

	bytes_init(&text, STATUS_CEILING);
	bytes_init(&status, STATUS_CEILING);
	fault_print(&all->list[0], &text);
	bytes_add_text(&status, "Serving; the last reload was refused: ");
	shown_add(&status, str_trim(bytes_str(&text)));
	notify_ready(k->notify, status.data);
	bytes_done(&text);
	bytes_done(&status);
}

/* The files are stamped before they are read, so that no change is missed. */
static void
load_again(struct keeper *k, const char *cause, unsigned upto)
{
	struct files *files = files_of(k->path);
	struct reload r;
	struct bytes text;

	notify_reloading(k->notify);
	reload_run(k->bridge, k->path, k->level, cause, &r);
	if (r.program != NULL) {
		take_settings(k, r.program);
		files_free(k->files);
		k->files = files;
		k->again = (struct keeper_again){ 0 };
	} else {
		files_free(files);
		again_refused(&k->again, now_ms());
	}
	k->moved = false;
	bytes_init(&text, (size_t)4 << 20);
	reload_print(&r, &text);
	asks_answer(k->asks, upto, reload_status(&r), bytes_str(&text));
	bytes_done(&text);
	if (r.program != NULL)
		tell_ready(k, r.program);
	else
		tell_refused(k, &r.faults);
	reload_done(&r);
}

/* An answer to a question that nobody asked is told to nobody. */
static void
load_unasked(struct keeper *k, const char *cause)
{
	load_again(k, cause, asks_take(k->asks));
}

static void
look_at_files(struct keeper *k, int64_t now)
{
	const char *which;
	enum files_news news = files_look(k->files, &which);

	k->looked_ms = now;
	if (news == FILES_CHANGING)
		k->moved = true;
	if (news != FILES_CHANGED || !again_due(&k->again, k->moved, now))
		return;
	log_event(LOG_LEVEL_INFO, "a file changed", "file", which, NULL);
	load_unasked(k, "files");
}

/* The service manager hears of us only while all threads come round. */
static void
beat(struct keeper *k, int64_t now)
{
	k->beat_ms = now;
	if (bridge_beats(k->bridge))
		notify_alive(k->notify);
}

static int64_t
beat_every(const struct keeper *k)
{
	int64_t ms = notify_watchdog_ms(k->notify);

	return ms > 0 ? (ms + WATCHDOG_PARTS - 1) / WATCHDOG_PARTS : 0;
}

static int64_t
sooner(int64_t wait, int64_t every, int64_t last, int64_t now)
{
	int64_t left = every - (now - last);

	if (every == 0)
		return wait;
	if (left < 0)
		left = 0;
	return wait < 0 || left < wait ? left : wait;
}

static int
wait_ms(const struct keeper *k, int64_t now)
{
	int64_t wait = sooner(-1, beat_every(k), k->beat_ms, now);

	if (!k->ended)
		wait = sooner(wait, k->look_ms, k->looked_ms, now);
	return (int)(wait < INT32_MAX ? wait : INT32_MAX);
}

static void
on_time(struct keeper *k)
{
	int64_t now = now_ms();

	if (beat_every(k) > 0 && now - k->beat_ms >= beat_every(k))
		beat(k, now);
	if (!k->ended && k->look_ms > 0 && now - k->looked_ms >= k->look_ms)
		look_at_files(k, now);
}

static void
begin_end(struct keeper *k, int signal)
{
	k->ended = true;
	log_event(LOG_LEVEL_INFO, "stopping", "signal", strsignal(signal),
	    NULL);
	notify_stopping(k->notify, "Ending what is under way");
	bridge_drain(k->bridge, k->drain_ms);
}

/* Who asks twice does not want to wait. */
static void
hurry(struct keeper *k, int signal)
{
	if (k->hurried)
		return;
	k->hurried = true;
	log_event(LOG_LEVEL_WARNING, "stopping at once", "signal",
	    strsignal(signal), NULL);
	bridge_drain(k->bridge, 0);
}

static void
on_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (
	    read(k->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGHUP && !k->ended)
			load_unasked(k, "SIGHUP");
		else if (signal != SIGHUP && !k->ended)
			begin_end(k, signal);
		else if (signal != SIGHUP)
			hurry(k, signal);
	}
}

static void
open_signals(struct keeper *k, const sigset_t *signals)
{
	k->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->signal_fd == -1)
		bug("no signalfd: %s", strerror(errno));
}

/* Until the drain is over; what is asked meanwhile the admin refuses. */
static void
loop(struct keeper *k)
{
	enum { SIGNALS, ASKS, DRAINED, COUNT };
	struct pollfd fds[COUNT] = {
		[SIGNALS] = { .fd = k->signal_fd, .events = POLLIN },
		[ASKS] = { .fd = asks_keeper_fd(k->asks), .events = POLLIN },
		[DRAINED] = { .fd = -1, .events = POLLIN },
	};

	while (fds[DRAINED].revents == 0) {
		if (poll(fds, COUNT, wait_ms(k, now_ms())) == -1 &&
		    errno != EINTR)
			bug("poll: %s", strerror(errno));
		if (fds[SIGNALS].revents != 0)
			on_signal(k);
		if (fds[ASKS].revents != 0 && !k->ended)
			load_again(k, "asked for", asks_take(k->asks));
		on_time(k);
		if (k->ended) {
			fds[ASKS].fd = -1;
			fds[DRAINED].fd = bridge_drained_fd(k->bridge);
		}
	}
}

void
keeper_run(const struct keeper_setup *setup)
{
	struct keeper k = { .bridge = setup->bridge,
		.path = setup->path,
		.level = setup->level,
		.asks = setup->asks,
		.notify = setup->notify,
		.files = setup->files,
		.looked_ms = now_ms() };

	take_settings(&k, setup->program);
	open_signals(&k, setup->signals);
	tell_ready(&k, setup->program);
	program_free(setup->program);
	loop(&k);
	close(k.signal_fd);
	files_free(k.files);
}
