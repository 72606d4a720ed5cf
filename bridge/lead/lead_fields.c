/*
 * lead/lead_fields.c - the contract, a row a field.
 *
 * The page names the top-level fields and constrains some of them; what it
 * leaves open stays open here. Members of objects are not published: the
 * keys are what GET of a lead returns, and serve to suggest names only.
 */
#include "lead/lead.h"

#define NONE INT64_MIN

/* What the three instants of the page's unions take. */
#define INSTANT (LEAD_STRING | LEAD_INTEGER | LEAD_NULL)
/* An object whose page says no more; whether null clears it is theirs. */
#define OPEN_OBJECT (LEAD_OBJECT | LEAD_NULL)

static const char *const timezone_sources[] = { "ip", "zip", "area_code",
	"user_input", "inferred", NULL };

static const char *const statuses[] = { "new", "pending", "processing",
	"qualified", "disqualified", "missing_data", "queued", "pending_action",
	"no_answer", "voicemail", "contacted", "scheduled_callback",
	"no_contact", "pending_signature", "document_sent", "signed",
	"delivered", "accepted", "duplicate", "failed", "error", "rejected",
	"dnc", NULL };

static const char *const address_keys[] = { "street", "unit", "city", "state",
	"zip", "country", NULL };
static const char *const answer_keys[] = { "key", "question", "answer", NULL };
static const char *const note_keys[] = { "id", "text", "createdAt", "createdBy",
	NULL };
static const char *const attribution_keys[] = { "params", "captureUrl",
	"referrer", "ipAddress", "userAgent", "gclid", "gbraid", "wbraid",
	"fbclid", "fbc", "fbp", "ttclid", "ttp", "msclkid", "tblci",
	"adPlatform", "capturePlatform", NULL };
static const char *const compliance_keys[] = { "tcpaConsent", NULL };
static const char *const approval_keys[] = { "status", "campaignId",
	"decidedBy", "decidedAt", "reason", NULL };
static const char *const campaign_keys[] = { "campaignId", "name", "clientId",
	NULL };

static const struct lead_field fields[] = {
	{ .name = "firstName",
	    .types = LEAD_STRING,
	    .min_length = 1,
	    .minimum = NONE,
	    .help = "Given name." },

	{ .name = "lastName",
	    .types = LEAD_STRING,
	    .min_length = 1,
	    .minimum = NONE,
	    .help = "Family name." },

	{ .name = "email",
	    .types = LEAD_STRING,
	    .max_length = 254, /* the longest that fits a mail path */
	    .format = "email",
	    .minimum = NONE,
	    .help = "E-mail address." },

	{ .name = "phone",
	    .types = LEAD_STRING,
	    .min_length = 10,
	    .minimum = NONE,
	    .help = "Phone number, at least ten characters." },

	{ .name = "country",
	    .types = LEAD_STRING,
	    .min_length = 2,
	    .max_length = 2,
	    .minimum = NONE,
	    .help = "Country, the two letters of ISO 3166-1." },

	{ .name = "address",
	    .types = LEAD_OBJECT,
	    .keys = address_keys,
	    .minimum = NONE,
	    .help = "Postal address." },

	{ .name = "dateOfBirth",
	    .types = LEAD_STRING,
	    .format = "date",
	    .minimum = NONE,
	    .help = "Date of birth, YYYY-MM-DD." },

	{ .name = "timezone",
	    .types = LEAD_STRING,
	    .minimum = NONE,
	    .help = "Time zone." },

	{ .name = "timezoneSource",
	    .types = LEAD_STRING,
	    .values = timezone_sources,
	    .minimum = NONE,
	    .help = "How the time zone was found." },

	{ .name = "questionnaire",
	    .types = LEAD_ARRAY,
	    .keys = answer_keys,
	    .minimum = NONE,
	    .help = "Answers; one with a known key replaces the old one." },

	{ .name = "deleteQuestionnaireKeys",
	    .types = LEAD_ARRAY,
	    .minimum = NONE,
	    .help = "Keys of answers to remove." },

	{ .name = "notes",
	    .types = LEAD_ARRAY,
	    .keys = note_keys,
	    .minimum = NONE,
	    .appends = true,
	    .help = "Notes to add." },

	{ .name = "customFields",
	    .types = OPEN_OBJECT,
	    .minimum = NONE,
	    .help = "Fields of your own." },

	{ .name = "attribution",
	    .types = OPEN_OBJECT,
	    .keys = attribution_keys,
	    .minimum = NONE,
	    .help = "Where the lead came from." },

	{ .name = "compliance",
	    .types = OPEN_OBJECT,
	    .keys = compliance_keys,
	    .minimum = NONE,
	    .help = "Consents." },

	{ .name = "status",
	    .types = LEAD_STRING,
	    .values = statuses,
	    .minimum = NONE,
	    .help = "Where the lead stands." },

	{ .name = "detail",
	    .types = LEAD_STRING,
	    .minimum = NONE,
	    .help = "More words on the status." },

	{ .name = "flags",
	    .types = LEAD_ANY,
	    .minimum = NONE,
	    .help = "Flags; the page does not say their type." },

	{ .name = "approval",
	    .types = OPEN_OBJECT,
	    .keys = approval_keys,
	    .minimum = NONE,
	    .help = "The decision on the lead." },

	{ .name = "campaign",
	    .types = OPEN_OBJECT,
	    .keys = campaign_keys,
	    .minimum = NONE,
	    .help = "The campaign the lead belongs to." },

	{ .name = "tags",
	    .types = LEAD_ARRAY,
	    .minimum = NONE,
	    .help = "Tags." },

	{ .name = "clientLeadId",
	    .types = LEAD_STRING,
	    .minimum = NONE,
	    .help = "The lead's id in the client's own system." },

	{ .name = "repostedTo",
	    .types = LEAD_ARRAY,
	    .minimum = NONE,
	    .help = "Where the lead was posted again." },

	{ .name = "latestSubmittedAt",
	    .types = INSTANT,
	    .format = "date-time",
	    .minimum = NONE,
	    .help = "Last submission: date-time, epoch milliseconds or null." },

	{ .name = "lastActivityAt",
	    .types = INSTANT,
	    .format = "date-time",
	    .minimum = NONE,
	    .help = "Last activity: date-time, epoch milliseconds or null." },

	{ .name = "deliveredAt",
	    .types = INSTANT,
	    .format = "date-time",
	    .minimum = NONE,
	    .help = "Delivery: date-time, epoch milliseconds or null." },

	{ .name = "submissionCount",
	    .types = LEAD_INTEGER,
	    .minimum = 0,
	    .help = "How often the lead was submitted." },
};

const struct lead_field *
lead_fields(size_t *count)
{
	*count = COUNT_OF(fields);
	return fields;
}

const struct lead_field *
lead_field_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (str_eq(name, str_of(fields[i].name)))
			return &fields[i];
	return NULL;
}

const char *
lead_field_nearest(struct str name)
{
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		nearest_try(&near, fields[i].name);
	return nearest_found(&near);
}
