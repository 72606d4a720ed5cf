/* workshop/workshop_propose_names.h - what senders call a lead's fields. */
#ifndef BRIDGE_WORKSHOP_PROPOSE_NAMES_H
#define BRIDGE_WORKSHOP_PROPOSE_NAMES_H

#include <stdbool.h>

#define PROPOSE_STEPS 6

/* One field, and the members that may be it. */
struct propose_rule {
	const char *group, *target; /* group: "" is the update itself */
	/*
	 * Names in small letters and digits alone, the likeliest first; each
	 * may be a member's own ("city") or with its parent's ("addresscity").
	 */
	const char *names;
	/* What stands behind the path; the first that takes the capture's. */
	const char *steps[PROPOSE_STEPS];
	bool vague;   /* own name counts only at a place where people stand */
	bool is_list; /* takes a list of texts, and nothing else */
};

/* Ended by a NULL target. The first rule of a target that matches wins. */
extern const struct propose_rule propose_rules[];
/* Names of a lead's id, and of places where a person's members stand. */
extern const char propose_lead_names[], propose_people[];

#endif
