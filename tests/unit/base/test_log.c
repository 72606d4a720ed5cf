/* tests/unit/base/test_log.c - lines: their form, their ceiling, their way. */
#include "unit/cmocka_all.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base_log_line.h"

#define NO_JOURNAL "/nowhere/journal/socket"

static int stderr_kept;
static char got[1 << 21];

/* Standard error becomes `fd` until restore(). */
static void
divert(int fd)
{
	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	sink_forget(NO_JOURNAL);
}

static int
setup(void **state)
{
	(void)state;
	stderr_kept = dup(STDERR_FILENO);
	return 0;
}

static int
restore(void **state)
{
	(void)state;
	log_flush();
	divert(stderr_kept);
	close(stderr_kept);
	log_set_level(LOG_LEVEL_INFO);
	log_hash_leads(NULL);
	return 0;
}

/* What is there to read, without waiting. */
static char *
read_all(int fd)
{
	size_t len = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	while ((n = read(fd, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	return got;
}

static void
open_pipe(int ends[2], enum log_format format)
{
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	divert(ends[1]);
	assert_true(log_set_format(format));
}

static void
close_pipe(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static size_t
count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

static void
test_json_is_one_object_a_line(void **state)
{
	int ends[2];
	const char *text;

	(void)state;
	open_pipe(ends, LOG_FORMAT_AUTO); /* a pipe is no terminal */
	log_event(LOG_LEVEL_WARNING, "tried", "a", "1", "left out", NULL, "b",
	    "x y", NULL);
	text = read_all(ends[0]);
	assert_non_null(strstr(text,
	    "Z\",\"level\":\"warning\",\"event\":\"tried\",\"a\":\"1\","
	    "\"b\":\"x y\"}\n"));
	assert_ptr_equal(strstr(text, "{\"time\":\"20"), text);
	assert_int_equal(count_of(text, "\n"), 1);
	close_pipe(ends);
}

static void
test_text_is_for_people(void **state)
{
	int ends[2];
	const char *text;

	(void)state;
	open_pipe(ends, LOG_FORMAT_TEXT);
	log_event(LOG_LEVEL_ERROR, "tried", "why", "no \"such\"\nthing", NULL);
	text = read_all(ends[0]);
	assert_non_null(strstr(text,
	    "Z error   tried why=\"no \\\"such\\\"\\u000athing\"\n"));
	assert_int_equal(count_of(text, "\n"), 1);
	close_pipe(ends);
}

static void
test_escapes_what_nobody_sees(void **state)
{
	static const struct {
		const char *said, *told;
	} cases[] = {
		{ "a\"b\\c", "a\\\"b\\\\c" },
		{ "\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f" },
		{ "\xc2\x85\xc2\x9b", "\\u0085\\u009b" },
		{ "\u2028\u2029", "\\u2028\\u2029" },
		{ "\u202e\u2066\u200b\ufeff", "\\u202e\\u2066\\u200b\\ufeff" },
		{ "gr\u00fc\u00df \u20ac \U0001F600",
		    "gr\u00fc\u00df \u20ac "
		    "\U0001F600" },
		{ "a\x80z\xc3", "a\\ufffdz\\ufffd" },
		{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
		{ "\xf4\x90\x80\x80!", "\\ufffd\\ufffd\\ufffd\\ufffd!" },
		{ "\xc0\x8a", "\\ufffd\\ufffd" },
	};
	int ends[2];

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *want = base_print("\"v\":\"%s\"}\n", cases[i].told);

		log_event(LOG_LEVEL_INFO, "x", "v", cases[i].said, NULL);
		assert_non_null(strstr(read_all(ends[0]), want));
		base_free(want);
	}
	close_pipe(ends);
}

/* Cut between characters, whatever stands at the edge. */
static void
test_cuts_long_values_between_characters(void **state)
{
	int ends[2];
	char value[700];

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	for (size_t lead = 505; lead < 540; lead++) {
		memset(value, 'a', lead);
		strcpy(value + lead, "\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac");
		log_event(LOG_LEVEL_INFO, "x", "v", value, "w", "whole", NULL);
		read_all(ends[0]);
		assert_true(utf8_valid(str_of(got)));
		assert_non_null(strstr(got, "...\",\"w\":\"whole\"}\n"));
		assert_int_equal(count_of(got, "\\ufffd"), 0);
		assert_true(strlen(got) < 640);
	}
	close_pipe(ends);
}

static void
test_bounds_lines_and_says_so(void **state)
{
	int ends[2];
	char value[600], last[600] = "";
	const char *v = value;
	size_t len;

	(void)state;
	memset(value, '\x01', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	open_pipe(ends, LOG_FORMAT_JSON);
	log_event(LOG_LEVEL_INFO, "x", "a", v, "b", v, "c", v, "d", v, "e", v,
	    "f", v, "g", v, "h", v, "z", "short", NULL);
	len = strlen(read_all(ends[0]));
	assert_true(len < LINE_MAX_BYTES);
	assert_int_equal(got[len - 1], '\n');
	assert_non_null(strstr(got, ",\"z\":\"short\",\"cut\":\"true\"}\n"));
	/* However much is left for its end. */
	memset(last, 'a', sizeof(last) - 1);
	for (size_t i = 0; i < sizeof(last); i++) {
		log_event(LOG_LEVEL_INFO, "x", "a", v, "b", v, "c", v, "d", v,
		    "e", v, "f", v, "g", v, "h", last + i, NULL);
		len = strlen(read_all(ends[0]));
		assert_true(len < LINE_MAX_BYTES);
		assert_string_equal(got + len - 2, "}\n");
	}
	log_event(LOG_LEVEL_INFO, "x", "1", "", "2", "", "3", "", "4", "", "5",
	    "", "6", "", "7", "", "8", "", "9", "", "10", "", "11", "", "12",
	    "", "13", "", "14", "", "15", "", "16", "", "17", "", "18", "",
	    "19", "", "20", "", "21", "", "22", "", "23", "", "24", "", "25",
	    "", "26", "", NULL);
	assert_null(strstr(read_all(ends[0]), "\"25\""));
	close_pipe(ends);
}

static void
test_wants_levels_as_set(void **state)
{
	int ends[2];

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	log_set_level(LOG_LEVEL_WARNING);
	assert_false(log_wants(LOG_LEVEL_INFO));
	log_event(LOG_LEVEL_INFO, "quiet", NULL);
	log_event(LOG_LEVEL_WARNING, "loud", NULL);
	read_all(ends[0]);
	assert_null(strstr(got, "quiet"));
	assert_non_null(strstr(got, "loud"));
	close_pipe(ends);
}

/*
 * Nobody reads: no line waits, whole lines are dropped and counted, and the
 * first that goes out again says how many.
 */
static void
test_full_pipe_drops_and_tells(void **state)
{
	int64_t before = log_dropped(), dropped;
	int ends[2];
	char want[64];
	const char *text;

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	for (size_t i = 0; i < 1000; i++)
		log_event(LOG_LEVEL_ERROR, "flood", "reason", "the same", NULL);
	dropped = log_dropped() - before;
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	text = read_all(ends[0]);
	assert_int_equal(count_of(text, "\n"), 1000 - dropped);
	assert_true(dropped > 900 && dropped < 1000);
	assert_int_equal(text[strlen(text) - 2], '}');
	assert_null(strstr(text, "dropped"));
	log_event(LOG_LEVEL_INFO, "after", NULL);
	log_event(LOG_LEVEL_INFO, "later", NULL);
	snprintf(want, sizeof(want), "\"after\",\"dropped\":\"%lld\"}\n",
	    (long long)dropped);
	assert_non_null(strstr(read_all(ends[0]), want));
	assert_int_equal(count_of(got, "dropped"), 1);
	close_pipe(ends);
}

static void
test_full_socket_drops(void **state)
{
	int64_t before = log_dropped();
	int ends[2];
	size_t lines;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	                     ends),
	    0);
	divert(ends[1]);
	for (size_t i = 0; i < 20000; i++)
		log_event(LOG_LEVEL_ERROR, "flood", NULL);
	lines = count_of(read_all(ends[0]), "\n");
	assert_true(lines > 10);
	assert_int_equal(lines + (size_t)(log_dropped() - before), 20000);
	log_event(LOG_LEVEL_INFO, "after", NULL);
	assert_non_null(strstr(read_all(ends[0]), "\"dropped\":"));
	close_pipe(ends);
}

/* It is not opened anew: what was written before stays. */
static void
test_file_is_added_to(void **state)
{
	char name[] = "/tmp/leadbridge-log-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_int_not_equal(fd, -1);
	unlink(name);
	assert_int_equal(write(fd, "before\n", 7), 7);
	divert(fd);
	log_event(LOG_LEVEL_INFO, "one", NULL);
	log_event(LOG_LEVEL_INFO, "two", NULL);
	lseek(fd, 0, SEEK_SET);
	read_all(fd);
	assert_ptr_equal(strstr(got, "before\n{"), got);
	assert_int_equal(count_of(got, "\n"), 3);
	close(fd);
}

/* A stand-in of journald, and standard error as systemd hands it over. */
static int
open_journald(char *path, int ends[2])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat st;
	char *stream;

	assert_non_null(mkdtemp(path));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	                     ends),
	    0);
	divert(ends[1]);
	fstat(ends[1], &st);
	stream = base_print("%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	base_free(stream);
	return fd;
}

/* `journalctl -u leadbridge` shows no field but this one. */
static void
journald_message_is_read_by_people(int fd)
{
	char longer[1200];
	const char *said;

	log_event(LOG_LEVEL_INFO, "listening", "address", "0.0.0.0:8443", "tls",
	    "yes", NULL);
	assert_non_null(strstr(read_all(fd),
	    "\nMESSAGE=listening address=0.0.0.0:8443 tls=yes\n"));
	/* What a stranger chose is no pair of its own, nor a line. */
	log_event(LOG_LEVEL_INFO, "asked", "path", "/a status=200", "empty", "",
	    "mark", "a\"b", "line", "a\nMESSAGE=b", NULL);
	assert_non_null(strstr(read_all(fd),
	    "\nMESSAGE=asked path=\"/a status=200\" empty=\"\" "
	    "mark=\"a\\\"b\" line=\"a\\u000aMESSAGE=b\"\n"));
	/* All of it is in the fields, whose room it does not take. */
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_event(LOG_LEVEL_INFO, "long", "a", "1", "path", longer, "b", "2",
	    NULL);
	said = read_all(fd);
	assert_non_null(strstr(said, "\nMESSAGE=long a=1 ...\n"));
	assert_non_null(strstr(said, "\nLEADBRIDGE_PATH=xxxx"));
	assert_non_null(strstr(said, "\nLEADBRIDGE_B=2\n"));
	assert_null(strstr(said, "CUT="));
}

static void
test_journald_gets_fields(void **state)
{
	char path[] = "/tmp/leadbridge-log-XXXXXX", socket_path[64];
	int ends[2], fd = open_journald(path, ends);

	(void)state;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", path);
	sink_forget(socket_path);
	log_event(LOG_LEVEL_WARNING, "refused", "delivery", "d-1", "retry_in",
	    "1.5", "reason", "a \"b\"\nPRIORITY=0", NULL);
	assert_string_equal(read_all(fd),
	    "PRIORITY=4\nSYSLOG_IDENTIFIER=leadbridge\n"
	    "MESSAGE=refused: a \"b\"\\u000aPRIORITY=0 delivery=d-1 "
	    "retry_in=1.5\n"
	    "LEADBRIDGE_EVENT=refused\nLEADBRIDGE_DELIVERY=d-1\n"
	    "LEADBRIDGE_RETRY_IN=1.5\n"
	    "LEADBRIDGE_REASON=a \"b\"\\u000aPRIORITY=0\n");
	assert_string_equal(read_all(ends[0]), "");
	log_event(LOG_LEVEL_INFO, "refused", "reason", "no such route", "asked",
	    "POST /a", NULL);
	assert_non_null(strstr(read_all(fd),
	    "\nMESSAGE=refused: no such route asked=\"POST /a\"\n"));
	journald_message_is_read_by_people(fd);
	/* Another stream than ours: systemd's word is of somebody else. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	sink_forget(socket_path);
	log_event(LOG_LEVEL_INFO, "elsewhere", NULL);
	assert_string_equal(read_all(fd), "");
	assert_non_null(strstr(read_all(ends[0]), "{\"time\""));
	unsetenv("JOURNAL_STREAM");
	unlink(socket_path);
	rmdir(path);
	close(fd);
	close_pipe(ends);
}

static void
test_journald_that_is_not_there(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	divert(ends[1]);
	assert_false(log_set_format(LOG_FORMAT_JOURNALD));
	log_event(LOG_LEVEL_INFO, "x", NULL);
	assert_non_null(strstr(read_all(ends[0]), "\"event\":\"x\"}\n"));
	close_pipe(ends);
}

/* Lines of what and reason: those of the table are held back a second. */
static void
test_the_same_reason_is_counted(void **state)
{
	int64_t seconds = 0; /* that it has seen begin */
	int ends[2];

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	log_flush();
	seconds -= clock_mono_us() / 1000000;
	for (size_t i = 0; i < 500; i++) {
		log_event(LOG_LEVEL_WARNING, "refused", "reason", "forged", "n",
		    "x", NULL);
		log_event(LOG_LEVEL_INFO, "relayed", "n", "y", NULL);
		log_event(LOG_LEVEL_ERROR, "dead", "reason", "forged", NULL);
	}
	log_event(LOG_LEVEL_WARNING, "refused", "reason", "other", NULL);
	seconds += clock_mono_us() / 1000000;
	log_flush();
	read_all(ends[0]);
	assert_int_equal(count_of(got, "\"event\":\"relayed\""), 500);
	assert_int_equal(count_of(got, "\"event\":\"dead\""), 500);
	assert_int_equal(count_of(got, "\"reason\":\"other\""), 1);
	assert_true(count_of(got, "\"n\":\"x\"") >= LOG_SAME_A_SECOND);
	assert_true(count_of(got, "\"n\":\"x\"") <=
	    (size_t)(seconds + 1) * LOG_SAME_A_SECOND);
	assert_non_null(strstr(got, "\"reason\":\"forged\",\"repeated\":\""));
	log_flush();
	assert_string_equal(read_all(ends[0]), "");
	close_pipe(ends);
}

static size_t told_lines, told_rest;

static void
note_told(const struct log_line *line)
{
	told_lines++;
	told_rest += (size_t)str_number(str_of(line_value(line, "repeated")),
	    1000000);
}

static void
test_what_was_held_back_is_told_to_the_last(void **state)
{
	struct log_line line = { .level = LOG_LEVEL_INFO, .what = "bad" };
	struct log_line other = { .level = LOG_LEVEL_INFO, .what = "bad" };
	struct log_line graver = { .level = LOG_LEVEL_WARNING, .what = "bad" };
	const struct log_line plain = { .what = "relayed" };
	size_t written = 0;

	(void)state;
	same_flush(note_told);
	told_lines = told_rest = 0;
	line_add(&line, "reason", "r");
	line_add(&other, "reason", "s");
	line_add(&graver, "reason", "r");
	for (int64_t us = 1000000; us < 5000000; us += 10000)
		written += same_may(&line, us, note_told);
	assert_int_equal(written, 4 * LOG_SAME_A_SECOND);
	assert_int_equal(told_lines, 3);
	assert_true(same_may(&other, 5000000, note_told));
	assert_int_equal(told_lines, 4);
	assert_int_equal(told_rest + written, 400);
	/* One too many is told, and none where there was none. */
	for (size_t i = 0; i <= LOG_SAME_A_SECOND; i++)
		(void)same_may(&line, 6000000, note_told);
	for (size_t i = 0; i < LOG_SAME_A_SECOND; i++)
		assert_true(same_may(&other, 6000000, note_told));
	assert_true(same_may(&graver, 6000000, note_told));
	told_lines = told_rest = 0;
	same_flush(note_told);
	assert_int_equal(told_lines, 1);
	assert_int_equal(told_rest, 1);
	/* Any line will do, also one that is never held back. */
	for (size_t i = 0; i <= LOG_SAME_A_SECOND; i++)
		(void)same_may(&line, 7000000, note_told);
	assert_true(same_may(&plain, 7000000, note_told));
	assert_int_equal(told_lines, 1);
	assert_true(same_may(&plain, 8000000, note_told));
	assert_int_equal(told_lines, 2);
	told_lines = 4;
	/* More events than there are places: all are written. */
	for (unsigned i = 0; i < 1000; i++) {
		char reason[16];
		struct log_line many = { .level = LOG_LEVEL_INFO,
			.what = "bad" };

		snprintf(reason, sizeof(reason), "%u", i);
		line_add(&many, "reason", reason);
		assert_true(same_may(&many, 5000000, note_told));
	}
	same_flush(note_told);
	assert_int_equal(told_lines, 4);
}

static void
test_leads_by_hash(void **state)
{
	/* The vectors of the paper: key 00..0f, input 00, 01, ... */
	static const unsigned char key[LOG_KEY_BYTES] = { 0, 1, 2, 3, 4, 5, 6,
		7, 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned char in[64];
	int ends[2];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)i;
	assert_true(siphash(key, in, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash(key, in, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash(key, in, 8) == UINT64_C(0x93f5f5799a932462));
	open_pipe(ends, LOG_FORMAT_JSON);
	log_hash_leads(key);
	log_event(LOG_LEVEL_INFO, "x", "lead", "lead_42", "other", "lead_42",
	    NULL);
	log_event(LOG_LEVEL_INFO, "x", "lead", "lead_42", NULL);
	log_event(LOG_LEVEL_INFO, "x", "lead", "lead_43", NULL);
	read_all(ends[0]);
	assert_int_equal(count_of(got, "lead_42"), 1); /* not named "lead" */
	assert_int_equal(count_of(got, "lead_43"), 0);
	{
		char hash[LEAD_HASH_SIZE], *want;

		lead_hash("lead_42", hash);
		want = base_print("\"lead\":\"%s\"", hash);
		assert_int_equal(count_of(got, want), 2);
		base_free(want);
	}
	close_pipe(ends);
}

static void *
write_many(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < 2000; i++) {
		log_event(LOG_LEVEL_INFO, "thread", "reason",
		    i % 2 == 0 ? "even" : "odd", NULL);
		log_event(LOG_LEVEL_INFO, "thread", "n", "n", NULL);
		log_set_level(i % 3 == 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	}
	return NULL;
}

/* Whole lines only, and none unaccounted for. */
static void
test_threads_share_it(void **state)
{
	int64_t before = log_dropped();
	pthread_t threads[4];
	size_t lines = 0;
	int ends[2];

	(void)state;
	open_pipe(ends, LOG_FORMAT_JSON);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many,
		                     NULL),
		    0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	read_all(ends[0]);
	for (const char *p = got; *p != '\0'; lines++) {
		const char *end = strchr(p, '\n');

		assert_non_null(end);
		assert_int_equal(strncmp(p, "{\"time\":", 8), 0);
		assert_int_equal(end[-1], '}');
		p = end + 1;
	}
	assert_int_equal(count_of(got, "\"n\":\"n\"") +
	        (size_t)(log_dropped() - before),
	    8000);
	assert_true(lines >= 8000 - (size_t)(log_dropped() - before));
	close_pipe(ends);
}

/* Of a pipe that could not be opened once more, which may be another user's. */
static void
open_shared_pipe(int ends[2])
{
	struct rlimit files, none;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	divert(ends[1]);
	getrlimit(RLIMIT_NOFILE, &files);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(log_set_format(LOG_FORMAT_JSON));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

#define CROWD 4

static void *
write_large(void *together)
{
	char value[500];

	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	pthread_barrier_wait(together);
	log_event(LOG_LEVEL_INFO, "large", "a", value, "b", value, "c", value,
	    "d", value, "e", value, NULL);
	return NULL;
}

/* What each of them sees that there is room for has no room for two. */
static void
test_nobody_waits_for_a_shared_pipe(void **state)
{
	pthread_barrier_t together;
	pthread_t threads[CROWD];
	struct timespec until;
	int ends[2];

	(void)state;
	open_shared_pipe(ends);
	pthread_barrier_init(&together, NULL, CROWD);
	for (size_t round = 0; round < 300; round++) {
		for (size_t i = 0; i < CROWD; i++)
			assert_int_equal(pthread_create(&threads[i], NULL,
			                     write_large, &together),
			    0);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		for (size_t i = 0; i < CROWD; i++)
			assert_int_equal(pthread_timedjoin_np(threads[i], NULL,
			                     &until),
			    0);
		assert_int_equal(count_of(read_all(ends[0]), "\n"), 1);
	}
	pthread_barrier_destroy(&together);
	close_pipe(ends);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, restore)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_json_is_one_object_a_line),
		TEST(test_text_is_for_people),
		TEST(test_escapes_what_nobody_sees),
		TEST(test_cuts_long_values_between_characters),
		TEST(test_bounds_lines_and_says_so),
		TEST(test_wants_levels_as_set),
		TEST(test_full_pipe_drops_and_tells),
		TEST(test_full_socket_drops),
		TEST(test_file_is_added_to),
		TEST(test_journald_gets_fields),
		TEST(test_journald_that_is_not_there),
		TEST(test_the_same_reason_is_counted),
		TEST(test_what_was_held_back_is_told_to_the_last),
		TEST(test_leads_by_hash),
		TEST(test_threads_share_it),
		TEST(test_nobody_waits_for_a_shared_pipe),
	};

	signal(SIGPIPE, SIG_IGN); /* as the bridge does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
