/* secrets/secrets_ask.c - a secret a person types, or a pipe hands over. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "secrets/secrets.h"

struct terminal {
	bool there;
	struct termios was;
};

/*
 * Nothing is shown, and the key that interrupts ends the line instead: the
 * terminal would stay as it is now.
 */
static void
hide(struct terminal *t)
{
	struct termios now;

	t->there = tcgetattr(STDIN_FILENO, &t->was) == 0;
	if (!t->there)
		return;
	now = t->was;
	now.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
	now.c_cc[VEOL] = t->was.c_cc[VINTR];
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
}

static void
show(const struct terminal *t)
{
	if (!t->there)
		return;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->was);
	fputc('\n', stderr);
}

/* Byte by byte: what stands behind the line is for the next to ask. */
static ssize_t
read_byte(char *into)
{
	ssize_t got;

	do
		got = read(STDIN_FILENO, into, 1);
	while (got == -1 && errno == EINTR);
	return got;
}

/* The line's length without its end; -1: interrupted, or a failed read. */
static int64_t
read_line(const struct terminal *t, char *into)
{
	size_t len = 0;
	ssize_t got = 0;

	while (len < SECRET_ROOM) {
		got = read_byte(into + len);
		if (got != 1 || into[len] == '\n')
			break;
		if (t->there && into[len] == (char)t->was.c_cc[VINTR])
			return -1;
		len++;
	}
	if (got == 1 && len > 0 && len < SECRET_ROOM && into[len - 1] == '\r')
		len--;
	return got == -1 ? -1 : (int64_t)len;
}

static size_t
refuse(char *into, struct fault *why, const char *problem)
{
	explicit_bzero(into, SECRET_ROOM);
	fault_set(why, FAULT_SETTINGS, "standard input", "the value %s",
	    problem);
	return 0;
}

size_t
secrets_ask(const char *prompt, bool last, char *into, struct fault *why)
{
	struct terminal t = { 0 };
	const char *problem;
	char more = '\0';
	int64_t len;

	if (isatty(STDIN_FILENO)) {
		hide(&t);
		fprintf(stderr, "%s (it is not shown): ", prompt);
	}
	len = read_line(&t, into);
	show(&t);
	if (len == -1)
		return refuse(into, why, "was not given");
	problem = secret_problem((struct str){ into, (size_t)len });
	if (problem != NULL)
		return refuse(into, why, problem);
	if (last && !t.there && read_byte(&more) == 1)
		return refuse(into, why,
		    "has more than one line; a bare value and at most one "
		    "newline behind it are expected");
	return (size_t)len;
}
