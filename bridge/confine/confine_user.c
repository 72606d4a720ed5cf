/* confine/confine_user.c - from root to a user that is nobody much. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "confine/confine_parts.h"

struct identity {
	uid_t user;
	gid_t group;
};

static int
find_user(const char *user, struct identity *id, struct fault *why)
{
	const struct passwd *found;

	errno = 0;
	/* cppcheck-suppress getpwnamCalled; no thread runs yet */
	found = getpwnam(user);
	if (found == NULL)
		return fault_set(why, FAULT_SETTINGS, "user",
		    "there is no user '%s' on this machine%s%s; make it: "
		    "useradd --system --no-create-home %s",
		    user, errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "", user);
	id->user = found->pw_uid;
	id->group = found->pw_gid;
	return 0;
}

static int
find_group(const char *group, struct identity *id, struct fault *why)
{
	const struct group *found;

	errno = 0;
	/* cppcheck-suppress getgrnamCalled; no thread runs yet */
	found = getgrnam(group);
	if (found == NULL)
		return fault_set(why, FAULT_SETTINGS, "group",
		    "there is no group '%s' on this machine%s%s", group,
		    errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
	id->group = found->gr_gid;
	return 0;
}

static int
find(const char *user, const char *group, struct identity *id,
    struct fault *why)
{
	if (user == NULL && group != NULL)
		return fault_set(why, FAULT_SETTINGS, "group",
		    "says nothing without user; name both");
	if (user == NULL)
		return 0;
	if (find_user(user, id, why) == -1)
		return -1;
	return group != NULL ? find_group(group, id, why) : 0;
}

/*
 * Whoever becomes another user may be looked into as the system's default has
 * it (fs.suid_dumpable), and not as the process has chosen.
 */
static void
keep_shut(int before)
{
	if (before == 0)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int
is_dumpable(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

/* The groups it has now, to be had again. */
static int
remember(struct confine_guise *g, struct fault *why)
{
	g->group = getegid();
	g->count = getgroups(0, NULL);
	if (g->count > 0) {
		g->groups = base_alloc((size_t)g->count * sizeof(gid_t));
		g->count = getgroups(g->count, g->groups);
	}
	return g->count >= 0
	    ? 0
	    : fault_set(why, FAULT_SETTINGS, "user",
	          "the groups of this process: %s", strerror(errno));
}

int
confine_dress(struct confine_guise *g, const char *user, const char *group,
    struct fault *why)
{
	const int dumpable = is_dumpable();
	struct identity id = { 0 };

	*g = (struct confine_guise){ .worn = false };
	if (find(user, group, &id, why) == -1)
		return -1;
	if (user == NULL || geteuid() != 0)
		return 0;
	if (remember(g, why) == -1)
		return -1;
	g->worn = true;
	if (initgroups(user, id.group) == 0 && setegid(id.group) == 0 &&
	    seteuid(id.user) == 0) {
		keep_shut(dumpable);
		return 0;
	}
	fault_set(why, FAULT_SETTINGS, "user", "root cannot become '%s': %s",
	    user, strerror(errno));
	confine_undress(g);
	return -1;
}

void
confine_undress(struct confine_guise *g)
{
	const int dumpable = is_dumpable();

	if (g->worn &&
	    (seteuid(0) == -1 || setegid(g->group) == -1 ||
	        setgroups((size_t)g->count, g->groups) == -1))
		bug("root cannot be root again: %s", strerror(errno));
	keep_shut(dumpable);
	base_free(g->groups);
	*g = (struct confine_guise){ .worn = false };
}

/* All three of each, and no way back: what the calls said is not enough. */
static bool
is_settled(const struct identity *id)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1)
		return false;
	if (r != id->user || e != id->user || s != id->user)
		return false;
	if (rg != id->group || eg != id->group || sg != id->group)
		return false;
	return id->user == 0 || setresuid(-1U, 0, -1U) == -1;
}

int
confine_user(const char *user, const char *group, struct fault *why)
{
	const int dumpable = is_dumpable();
	struct identity id = { 0 };

	if (find(user, group, &id, why) == -1)
		return -1;
	if (user == NULL)
		return 0;
	if (geteuid() != 0) {
		if (is_settled(&id))
			return 0;
		return fault_set(why, FAULT_SETTINGS, "user",
		    "only root can become '%s', and this is user %u; start it "
		    "as root, or as that user, or leave user out",
		    user, geteuid());
	}
	if (initgroups(user, id.group) == -1 ||
	    setresgid(id.group, id.group, id.group) == -1 ||
	    setresuid(id.user, id.user, id.user) == -1 || !is_settled(&id))
		return fault_set(why, FAULT_SETTINGS, "user",
		    "root cannot become '%s': %s", user, strerror(errno));
	keep_shut(dumpable);
	return 0;
}
