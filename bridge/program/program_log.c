/* program/program_log.c - what the settings say of the log. */
#include "program/program_log.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#define AT(member) offsetof(struct log_settings, member)

const struct setting log_settings_table[] = {
	{ .name = "format",
	    .kind = SETTING_NAME,
	    .at = AT(format),
	    .names = log_formats,
	    .fallback = "auto",
	    .help = "json, text, journald, or auto: text on a terminal, "
	            "journald under systemd, else json." },

	{ .name = "hash_key",
	    .kind = SETTING_TEXT,
	    .at = AT(hash_key),
	    .help = "Secret that leads are hashed under; without it the hashes "
	            "are others after each start." },

	{ .name = "lead_ids",
	    .kind = SETTING_NAME,
	    .at = AT(lead_ids),
	    .names = log_leads_kinds,
	    .fallback = "plain",
	    .help = "How a line names a lead: plain, or hashed." },

	{ .name = "level",
	    .kind = SETTING_NAME,
	    .at = AT(level),
	    .names = log_levels,
	    .fallback = "info",
	    .help = "The least important lines that are written." },

	{ .name = NULL },
};

static void
fault_at_key(const config_setting_t *group, struct faults *all,
    const char *problem)
{
	settings_fault(all, config_setting_get_member(group, "hash_key"),
	    "log.hash_key: %s", problem);
}

void
log_settings_read(const config_setting_t *group, const struct secrets *secrets,
    struct log_settings *out, struct faults *all)
{
	if (!settings_read(group, "log", log_settings_table, out, all) ||
	    out->hash_key == NULL)
		return;
	if (out->lead_ids != LOG_LEADS_HASHED)
		fault_at_key(group, all,
		    "nothing is hashed; say lead_ids = \"hashed\", or leave it "
		    "out");
	else if (secrets != NULL &&
	    secrets_find(secrets, out->hash_key) == NULL)
		fault_at_key(group, all, "there is no secret of that name");
}

/* One that nobody knows: the same until the process ends. */
static void
random_key(unsigned char key[LOG_KEY_BYTES])
{
	static unsigned char own[LOG_KEY_BYTES];
	static bool made;

	if (!made && getrandom(own, sizeof(own), 0) != sizeof(own))
		bug("the system has no random numbers");
	made = true;
	memcpy(key, own, sizeof(own));
}

/* Of a secret of any length. */
static void
secret_key(const struct secret *secret, unsigned char key[LOG_KEY_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct str value = secret_value(secret, 0);

	if (EVP_Digest(value.at, value.len, digest, NULL, EVP_sha256(), NULL) !=
	    1)
		bug("OpenSSL has no SHA-256");
	memcpy(key, digest, LOG_KEY_BYTES);
	explicit_bzero(digest, sizeof(digest));
}

static void
apply_leads(const struct log_settings *log, const struct secrets *secrets)
{
	unsigned char key[LOG_KEY_BYTES];

	if (log->lead_ids != LOG_LEADS_HASHED) {
		log_hash_leads(NULL);
		return;
	}
	if (log->hash_key != NULL)
		secret_key(secrets_find(secrets, log->hash_key), key);
	else
		random_key(key);
	log_hash_leads(key);
	explicit_bzero(key, sizeof(key));
}

void
log_settings_apply(const struct log_settings *log,
    const struct secrets *secrets, const char *level)
{
	log_set_level((enum log_level)(level != NULL
	        ? name_value(log_levels, str_of(level))
	        : log->level));
	apply_leads(log, secrets);
	if (!log_set_format((enum log_format)log->format))
		log_event(LOG_LEVEL_WARNING, "log", "reason",
		    "journald does not answer: lines go to standard error",
		    NULL);
}
