/* verify/verify_facts.c - how a sender behaves, as its preset says. */
#include <string.h>

#include "verify/verify_scheme.h"

/* Longer is a mistyped unit: no sender keeps a connection for an hour. */
#define PATIENCE_MAX 3600000

struct facts {
	const char *body;
	int64_t patience;
	const char *retries;
	const char *disables;
	const config_setting_t *setup;
};

const struct setting sender_facts_settings[] = {
	{ .name = "body",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct facts, body),
	    .help = "What the sender posts." },

	{ .name = "disables",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct facts, disables),
	    .help = "What makes the sender switch the webhook off." },

	{ .name = "patience",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct facts, patience),
	    .min = 1000,
	    .max = PATIENCE_MAX,
	    .help = "How long the sender waits for an answer." },

	{ .name = "retries",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct facts, retries),
	    .help = "When the sender sends again." },

	{ .name = "setup",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct facts, setup),
	    .help = "What to do at the sender's end; {url} is the route's "
	            "address." },

	{ .name = NULL },
};

static bool
read_steps(const config_setting_t *list, struct sender_facts *to,
    struct faults *all)
{
	int count;

	if (list == NULL)
		return true;
	count = config_setting_is_list(list) ? config_setting_length(list) : 0;
	if (count < 1 || count > SENDER_STEPS_MAX) {
		settings_fault(all, list,
		    "setup: a list of 1 to %d texts is expected: "
		    "( \"step\", \"step\" )",
		    SENDER_STEPS_MAX);
		return false;
	}
	for (int i = 0; i < count; i++) {
		const char *text = config_setting_get_string_elem(list, i);

		if (text == NULL) {
			settings_fault(all, list,
			    "setup: step %d: a text is expected", i + 1);
			return false;
		}
		to->setup[to->setup_count++] = text;
	}
	return true;
}

bool
sender_facts_read(const config_setting_t *preset, const char *name,
    struct sender_facts *to, struct faults *all)
{
	const char *also[OPTION_NAMES_MAX];
	struct sender_facts got = { 0 };
	struct facts f = { 0 };

	options_names(also);
	if (!settings_read_with(preset, name, sender_facts_settings, also, &f,
	        all) ||
	    !read_steps(f.setup, &got, all))
		return false;
	got.patience = f.patience;
	got.body = f.body;
	got.retries = f.retries;
	got.disables = f.disables;
	*to = got;
	return true;
}
