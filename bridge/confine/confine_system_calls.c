/*
 * confine/confine_system_calls.c - the filter, made of the table's rows.
 *
 * What the table does not name fails with ENOSYS, as on a kernel that has it
 * not: libraries try what newer kernels have, and go on by older ways on that
 * answer alone. What no bridge ever does ends the process: whoever asks for it
 * is not us.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine_parts.h"

#define NAME_MAX_LENGTH 32

#ifdef ADDRESS_SANITIZER
#define LOOSE true
#else
#define LOOSE false
#endif

/* What a row means here; 0: nothing. */
static const uint32_t actions[] = {
	[CALL_ALLOW] = SCMP_ACT_ALLOW,
	[CALL_KILL] = SCMP_ACT_KILL_PROCESS,
	[CALL_KILL_BUT_SANITIZER] = LOOSE ? SCMP_ACT_ALLOW
	                                  : SCMP_ACT_KILL_PROCESS,
	[CALL_SANITIZER] = LOOSE ? SCMP_ACT_ALLOW : 0,
};

/* -1: no kernel of this architecture knows it. */
static int
number_of(struct str name)
{
	char text[NAME_MAX_LENGTH];
	int number;

	if (name.len >= sizeof(text))
		bug("a system call of %zu characters", name.len);
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	number = seccomp_syscall_resolve_name(text);
	return number >= 0 ? number : -1;
}

static int
add_row(scmp_filter_ctx filter, const struct call_row *row)
{
	const uint32_t action = actions[row->rule];
	struct str rest = str_of(row->names), name;
	int rc = 0;

	while (action != 0 && rc == 0 && str_cut(&rest, ' ', &name)) {
		const int number = number_of(name);

		if (number != -1)
			rc = seccomp_rule_add(filter, action, number, 0);
	}
	return rc;
}

static int
add_condition(scmp_filter_ctx filter, const struct call_condition *c)
{
	const struct scmp_arg_cmp compare[] = {
		SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value),
		SCMP_CMP64(c->argument2, SCMP_CMP_MASKED_EQ, c->mask2,
		    c->value2),
	};
	const int number = number_of(str_of(c->name));

	if (number == -1 || (c->sanitizer && !LOOSE))
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number,
	    c->mask2 != 0 ? 2 : 1, compare);
}

/* Signals to itself, as abort() sends them. */
static int
add_self(scmp_filter_ctx filter)
{
	static const char *const names[] = { "kill", "tgkill" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < COUNT_OF(names); i++)
		rc = add_condition(filter,
		    &(struct call_condition){ .name = names[i],
		        .mask = UINT32_MAX,
		        .value = (uint64_t)getpid() });
	return rc;
}

static int
fill(scmp_filter_ctx filter)
{
	int rc = add_self(filter);

	for (size_t i = 0; rc == 0 && call_rows[i].names != NULL; i++)
		rc = add_row(filter, &call_rows[i]);
	for (size_t i = 0; rc == 0 && call_conditions[i].name != NULL; i++)
		rc = add_condition(filter, &call_conditions[i]);
	return rc;
}

/*
 * All threads (a sanitizer's), no slower branches because of it (SSB), and
 * another architecture's calls are nobody's either.
 */
static int
tune(scmp_filter_ctx filter)
{
	static const struct {
		enum scmp_filter_attr what;
		uint32_t value;
	} wanted[] = {
		{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
		{ SCMP_FLTATR_CTL_TSYNC, 1 },
		{ SCMP_FLTATR_CTL_SSB, 1 },
		{ SCMP_FLTATR_CTL_OPTIMIZE, 2 },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < COUNT_OF(wanted); i++)
		rc = seccomp_attr_set(filter, wanted[i].what, wanted[i].value);
	return rc;
}

bool
seccomp_is_there(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void
confine_system_calls(struct confine_state *state)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc = filter != NULL ? tune(filter) : -ENOMEM;

	if (rc == 0)
		rc = fill(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	if (rc != 0) {
		confine_lacks(state, "system calls: %s", strerror(-rc));
		state->system_calls = false;
	}
	seccomp_release(filter);
}
