/* admin/admin_asks.c - what the admin endpoint asks of the keeper. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "admin/admin_asks.h"

#define ANSWER_CEILING ((size_t)4 << 20)

struct asks {
	int keeper_fd, admin_fd; /* eventfds */
	pthread_mutex_t lock;    /* of what follows */
	unsigned asked, answered;
	int status;
	struct bytes body;
};

static int
new_fd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd == -1)
		bug("no eventfd: %s", strerror(errno));
	return fd;
}

static void
ring(int fd)
{
	if (eventfd_write(fd, 1) == -1)
		bug("cannot ring: %s", strerror(errno));
}

static void
hush(int fd)
{
	eventfd_t count;

	(void)!eventfd_read(fd, &count);
}

struct asks *
asks_new(void)
{
	struct asks *a = base_alloc(sizeof(*a));

	a->keeper_fd = new_fd();
	a->admin_fd = new_fd();
	pthread_mutex_init(&a->lock, NULL);
	bytes_init(&a->body, ANSWER_CEILING);
	return a;
}

void
asks_free(struct asks *a)
{
	if (a == NULL)
		return;
	close(a->keeper_fd);
	close(a->admin_fd);
	pthread_mutex_destroy(&a->lock);
	bytes_done(&a->body);
	base_free(a);
}

int
asks_keeper_fd(const struct asks *a)
{
	return a->keeper_fd;
}

int
asks_admin_fd(const struct asks *a)
{
	return a->admin_fd;
}

unsigned
asks_put(struct asks *a)
{
	unsigned number;

	pthread_mutex_lock(&a->lock);
	number = ++a->asked;
	pthread_mutex_unlock(&a->lock);
	ring(a->keeper_fd);
	return number;
}

unsigned
asks_take(struct asks *a)
{
	unsigned upto;

	hush(a->keeper_fd);
	pthread_mutex_lock(&a->lock);
	upto = a->asked;
	pthread_mutex_unlock(&a->lock);
	return upto;
}

void
asks_answer(struct asks *a, unsigned upto, int status, struct str body)
{
	pthread_mutex_lock(&a->lock);
	a->answered = upto;
	a->status = status;
	bytes_clear(&a->body);
	bytes_add_str(&a->body, body);
	pthread_mutex_unlock(&a->lock);
	ring(a->admin_fd);
}

unsigned
asks_told(struct asks *a, int *status, struct bytes *body)
{
	unsigned upto;

	hush(a->admin_fd);
	pthread_mutex_lock(&a->lock);
	upto = a->answered;
	*status = a->status;
	bytes_add_str(body, bytes_str(&a->body));
	pthread_mutex_unlock(&a->lock);
	return upto;
}
