/* confine/confine_parts.h - the steps of confine.c. Private to this room. */
#ifndef BRIDGE_CONFINE_PARTS_H
#define BRIDGE_CONFINE_PARTS_H

#include "confine/confine.h"

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

/* Adds to state->missing, parted by "; ". */
void confine_lacks(struct confine_state *state, const char *fmt, ...)
    PRINTF(2, 3);

int confine_user(const char *user, const char *group,
    struct fault *why) MUST_CHECK;

/* Landlock's ABI here; 0 with errno: there is none. */
int landlock_abi(void);
void confine_landlock(const struct confine_rules *r,
    struct confine_state *state);

/* False with errno: the kernel has no filters, or not this action. */
bool seccomp_is_there(void);
void confine_system_calls(struct confine_state *state);

/* The table of system calls: confine_calls.c. */
enum call_rule {
	CALL_ALLOW,
	CALL_KILL, /* no bridge ever does this: whoever asks is not us */
	/* AddressSanitizer's leak check, at the end, is a small debugger. */
	CALL_KILL_BUT_SANITIZER,
	CALL_SANITIZER, /* allowed to it alone */
};
struct call_row {
	enum call_rule rule;
	const char *names; /* parted by one space; one that this architecture
	                      has not is skipped */
};
extern const struct call_row call_rows[]; /* ended by NULL names */

/* Allowed where arguments are so; several rows of a name: one is enough. */
struct call_condition {
	const char *name;
	unsigned argument;
	uint64_t mask, value; /* (argument & mask) == value */
	unsigned argument2;
	uint64_t mask2, value2; /* mask2 0: there is no second one */
	bool sanitizer;         /* to AddressSanitizer alone */
};
extern const struct call_condition call_conditions[]; /* ... NULL name */

#endif
