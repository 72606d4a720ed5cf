/* terminal/terminal_file.c - files, read and written whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "terminal/terminal_file.h"

/* Reads to the end; false with errno set. */
static bool
read_all(int fd, struct bytes *out)
{
	for (;;) {
		char *room = bytes_reserve(out, 65536);
		size_t size = 65536;
		ssize_t got;

		if (room == NULL) {
			errno = EFBIG;
			return false;
		}
		got = read(fd, room, size);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return false;
		if (got == 0)
			return true;
		out->len += (size_t)got;
		out->data[out->len] = '\0';
	}
}

struct str
file_read(const char *path, size_t ceiling, struct fault *why)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct bytes all;
	struct str text = STR_NONE;
	bool whole;

	bytes_init(&all, ceiling + 65536);
	whole = fd != -1 && read_all(fd, &all);
	if (!whole && errno != EFBIG) {
		fault_set(why, FAULT_SETTINGS, path, "cannot be read: %s",
		    strerror(errno));
	} else if (!whole || all.len > ceiling) {
		fault_set(why, FAULT_SETTINGS, path, "is larger than %zu bytes",
		    ceiling);
	} else {
		text.len = all.len;
		text.at = bytes_take(&all);
	}
	if (fd != -1 && !standard)
		close(fd);
	bytes_done(&all);
	return text;
}

void
file_done(struct str text)
{
	base_free((void *)(uintptr_t)text.at);
}

static bool
write_all(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);

		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			text = str_skip(text, (size_t)n);
	}
	return true;
}

/* A new file of that text, closed; false with errno set. */
static bool
write_new(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int error;

	if (fd == -1)
		return false;
	if (write_all(fd, text))
		return close(fd) == 0;
	error = errno;
	close(fd);
	errno = error;
	return false;
}

int
file_write(const char *path, struct str text, struct fault *why)
{
	char *temporary = base_print("%s.new", path);
	int rc = 0;

	if (!write_new(temporary, text) || rename(temporary, path) == -1) {
		rc = fault_set(why, FAULT_SETTINGS, path,
		    "cannot be written: %s", strerror(errno));
		unlink(temporary); /* half of it helps nobody */
	}
	base_free(temporary);
	return rc;
}

char *
mapping_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return base_print("%s/mapping.cfg", path);
	return base_copy(path);
}
