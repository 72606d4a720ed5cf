/* program/program_files.c - the files that settings name, looked at. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program/program_files.h"

/* Settings whose text is a file, wherever they stand. */
static const char *const file_settings[] = { "ca", "certificate", "client_ca",
	"crl", "file", "key", "ocsp" };

/* Of a larger file there is no sum: keys and lists have some KiB. */
#define SUM_BYTES_MAX ((off_t)1 << 20)
#define SUM_SIZE 32
#define SALT_SIZE 16

/* Zeroed: it is not there. */
struct look {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec content, changed;
};

struct file {
	char *path;
	struct look loaded, last;
	bool has_sum;
	unsigned char sum[SUM_SIZE]; /* of what was there when it was loaded */
};

struct files {
	struct file *list;
	size_t count;
	unsigned char salt[SALT_SIZE]; /* a sum says nothing of a secret */
};

static struct look
look_at(const char *path)
{
	struct stat s;

	if (stat(path, &s) == -1)
		return (struct look){ 0 };
	return (
	    struct look){ s.st_dev, s.st_ino, s.st_size, s.st_mtim, s.st_ctim };
}

static bool
is_then(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
seems_same(const struct look *a, const struct look *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && is_then(&a->content, &b->content);
}

static bool
is_same(const struct look *a, const struct look *b)
{
	return seems_same(a, b) && is_then(&a->changed, &b->changed);
}

static bool
add_file(EVP_MD_CTX *sum, int fd)
{
	unsigned char bytes[4096];
	off_t all = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0 &&
	    (all += n) <= SUM_BYTES_MAX &&
	    EVP_DigestUpdate(sum, bytes, (size_t)n) == 1)
		;
	explicit_bzero(bytes, sizeof(bytes)); /* it may be a key */
	return n == 0;
}

/* False where there is none: it cannot be read, or is too large. */
static bool
sum_of(const struct files *f, const char *path, unsigned char sum[SUM_SIZE])
{
	/* A pipe that nobody writes to would be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = fd != -1 && md != NULL &&
	    EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(md, f->salt, sizeof(f->salt)) == 1 &&
	    add_file(md, fd) && EVP_DigestFinal_ex(md, sum, NULL) == 1;

	EVP_MD_CTX_free(md);
	if (fd != -1)
		close(fd);
	return ok;
}

static void
add(struct files *f, char *path)
{
	struct look now = look_at(path);
	struct file *file;

	f->list = base_grow(f->list, f->count + 1, sizeof(f->list[0]));
	file = &f->list[f->count++];
	*file = (struct file){ .path = path, .loaded = now, .last = now };
	file->has_sum = sum_of(f, path, file->sum);
}

/*
 * Who writes into a file can set the time of its content back (cp -p), but not
 * that of the change; which is another one, too, where it was only linked to,
 * given away, or moved there and back. Only then it is read.
 */
static bool
is_loaded(const struct files *f, struct file *file, const struct look *now)
{
	unsigned char sum[SUM_SIZE];

	if (is_same(now, &file->loaded))
		return true;
	if (!seems_same(now, &file->loaded) || !file->has_sum ||
	    !sum_of(f, file->path, sum) ||
	    memcmp(sum, file->sum, sizeof(sum)) != 0)
		return false;
	file->loaded = *now; /* and is not read each time */
	return true;
}

bool
files_is_setting(const char *name)
{
	for (size_t i = 0; name != NULL && i < COUNT_OF(file_settings); i++)
		if (strcmp(name, file_settings[i]) == 0)
			return true;
	return false;
}

static void
add_setting(struct files *f, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);
	const char *name = config_setting_name(s);
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (text == NULL || text[0] == '\0' || name == NULL)
		return;
	if (files_is_setting(name))
		add(f, settings_named(s, text));
	else if (strcmp(name, "credential") == 0 && dir != NULL)
		add(f, base_print("%s/%s", dir, text));
}

static void
walk(struct files *f, const config_setting_t *s)
{
	int count = config_setting_is_aggregate(s) ? config_setting_length(s)
	                                           : 0;

	add_setting(f, s);
	for (int i = 0; i < count; i++)
		walk(f, config_setting_get_elem(s, (unsigned)i));
}

struct files *
files_of(const char *settings)
{
	struct files *f = base_alloc(sizeof(*f));
	struct faults unread = { 0 };
	struct settings_file *file = settings_open(settings, &unread);

	if (getrandom(f->salt, sizeof(f->salt), 0) != sizeof(f->salt))
		bug("the system has no random numbers");
	if (file != NULL)
		walk(f, settings_root(file));
	settings_close(file);
	faults_done(&unread);
	return f;
}

void
files_free(struct files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		base_free(f->list[i].path);
	base_free(f->list);
	base_free(f);
}

size_t
files_count(const struct files *f)
{
	return f->count;
}

enum files_news
files_look(struct files *f, const char **which)
{
	enum files_news news = FILES_SAME;

	*which = NULL;
	for (size_t i = 0; i < f->count; i++) {
		struct file *file = &f->list[i];
		struct look now = look_at(file->path);
		bool moves = !is_same(&now, &file->last);

		file->last = now;
		if (moves)
			news = FILES_CHANGING;
		if (is_loaded(f, file, &now))
			continue;
		*which = file->path;
		if (news == FILES_SAME)
			news = FILES_CHANGED;
	}
	return *which != NULL ? news : FILES_SAME;
}
