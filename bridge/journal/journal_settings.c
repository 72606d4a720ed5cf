/* journal/journal_settings.c - the journal's names and options. */
#include <string.h>

#include "journal/journal.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

const struct name journal_states[] = {
	{ "waiting", JOURNAL_WAITING },
	{ "sending", JOURNAL_SENDING },
	{ "done", JOURNAL_DONE },
	{ "dead", JOURNAL_DEAD },
	{ "refused", JOURNAL_REFUSED },
	{ NULL, -1 },
};

#define AT(member) offsetof(struct journal_settings, member)

const struct setting journal_settings_table[] = {
	{ .name = "url",
	    .kind = SETTING_TEXT,
	    .at = AT(url),
	    .required = true,
	    .help = "Where deliveries are kept: \"sqlite:/path\", "
	            "\"postgresql://...\", or \"memory:\", which loses them "
	            "at the end." },
	{ .name = "keep_done",
	    .kind = SETTING_DURATION,
	    .at = AT(keep_done),
	    .max = 3650 * DAY_MS,
	    .fallback = "7d",
	    .help = "How long a delivered update is kept to be looked up." },
	{ .name = "keep_bodies",
	    .kind = SETTING_DURATION,
	    .at = AT(keep_bodies),
	    .max = 3650 * DAY_MS,
	    .fallback = "1d",
	    .help = "How long a delivered update keeps its body and its "
	            "event; \"0s\" drops them at once." },
	{ .name = "keep_keys",
	    .kind = SETTING_DURATION,
	    .at = AT(keep_keys),
	    .min = 7 * DAY_MS,
	    .max = 3650 * DAY_MS,
	    .fallback = "14d",
	    .help = "How long an event that comes again is known." },
	{ .name = "keep_dead",
	    .kind = SETTING_DURATION,
	    .at = AT(keep_dead),
	    .max = 3650 * DAY_MS,
	    .fallback = "0s",
	    .help = "How long an update that was given up is kept; \"0s\" "
	            "is for ever." },
	{ .name = "keep_refused",
	    .kind = SETTING_COUNT,
	    .at = AT(keep_refused),
	    .max = 1000000,
	    .fallback = "1000",
	    .help = "How many refused events are kept for a person to see." },
	{ .name = "reserve",
	    .kind = SETTING_SIZE,
	    .at = AT(reserve),
	    .max = INT64_C(1) << 40,
	    .fallback = "48M",
	    .help = "SQLite: room on the disk that is held back, so that what "
	            "was accepted is delivered on a full disk, too; 0 holds "
	            "none, and deliveries stop." },
	{ .name = "ceiling",
	    .kind = SETTING_COUNT,
	    .at = AT(ceiling),
	    .min = 1,
	    .max = 100000000,
	    .fallback = "1000000",
	    .help = "How many updates may wait before senders are asked to "
	            "come back later." },
	{ .name = "encrypt",
	    .kind = SETTING_TEXT,
	    .at = AT(encrypt),
	    .help = "Name of a secret of 32 bytes (or its hex or base64): "
	            "bodies and events are kept encrypted." },
	{ .name = NULL },
};
