/*
 * confine/confine_landlock.c - files and ports, by Landlock.
 *
 * What a ruleset handles is forbidden but for its rules. Debian 12's header
 * ends at Linux 6.1: what came later is written down here, and is asked for
 * only of a kernel that has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine_parts.h"

#define FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND_TCP (1ULL << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)
#define RULE_NET_PORT 2

struct ruleset {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t allowed, port;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |         \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE)
/* Those a file may have that is no folder. */
#define FS_OF_FILES                                                            \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
	    FS_TRUNCATE)
/* ABI 1: EXECUTE to MAKE_SYM. */
#define FS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What came when. */
static const struct {
	int abi;
	struct ruleset adds;
} history[] = {
	{ 1, { .fs = FS_FIRST } },
	{ 2, { .fs = LANDLOCK_ACCESS_FS_REFER } },
	{ 3, { .fs = FS_TRUNCATE } },
	{ 4, { .net = NET_BIND_TCP | NET_CONNECT_TCP } },
	{ 5, { .fs = FS_IOCTL_DEV } },
	{ 6, { .scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL } },
};

int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static struct ruleset
handled(const struct confine_rules *r, int abi)
{
	struct ruleset all = { 0 };

	for (size_t i = 0; i < COUNT_OF(history); i++) {
		if (history[i].abi > abi)
			break;
		all.fs |= history[i].adds.fs;
		all.net |= history[i].adds.net;
		all.scoped |= history[i].adds.scoped;
	}
	if (r->any_port)
		all.net &= ~NET_CONNECT_TCP;
	if (r->abstract_sockets)
		all.scoped &= ~SCOPE_ABSTRACT;
	return all;
}

static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

static int
allow_path(int rules, const struct ruleset *all, const struct confine_path *p)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = -1 };
	struct stat st;
	int rc;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return is_absent(errno) ? 0 : -1;
	rule.allowed_access = (p->write ? FS_READ | FS_WRITE : FS_READ) &
	    all->fs;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	rc = (int)syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc;
}

static int
allow_port(int rules, uint16_t port)
{
	const struct port_rule rule = { NET_CONNECT_TCP, port };

	return (
	    int)syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &rule, 0);
}

/* NULL, or what cannot be had; errno says why. */
static const char *
add_rules(int rules, const struct confine_rules *r, const struct ruleset *all)
{
	for (size_t i = 0; i < r->path_count; i++)
		if (allow_path(rules, all, &r->paths[i]) == -1)
			return r->paths[i].path;
	if ((all->net & NET_CONNECT_TCP) == 0)
		return NULL;
	for (size_t i = 0; i < r->port_count; i++)
		if (allow_port(rules, r->ports[i]) == -1)
			return "a port";
	return NULL;
}

void
confine_landlock(const struct confine_rules *r, struct confine_state *state)
{
	const struct ruleset all = handled(r, state->landlock);
	const char *failed = "its rules";
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all),
	    0);

	if (rules != -1)
		failed = add_rules(rules, r, &all);
	if (failed == NULL &&
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		failed = "itself";
	if (failed != NULL) {
		confine_lacks(state, "files and TCP ports: Landlock, %s: %s",
		    failed, strerror(errno));
		state->files = state->ports = state->scopes = false;
	}
	if (rules != -1)
		close(rules);
}
