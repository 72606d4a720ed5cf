/*
 * workshop/workshop_sender.h - what is known of a sender, for people and as
 * JSON: its preset, put into words.
 */
#ifndef BRIDGE_WORKSHOP_SENDER_H
#define BRIDGE_WORKSHOP_SENDER_H

#include "verify/verify.h"

struct sender_page {
	const char *name;
	struct str about;
	const config_setting_t *preset;
	struct sender_facts facts;
};

void sender_print(const struct sender_page *p, struct bytes *out);
void sender_print_json(const struct sender_page *p, struct bytes *out);

#endif
