/* workshop/workshop_propose_names.c - what senders call a lead's fields. */
#include <stddef.h>

#include "workshop/workshop_propose_names.h"

/* What a sender may say as a number and the API takes as a text. */
#define TEXT .steps = { "string" }
#define AS_IT_IS .steps = { "" }
#define ROW(g, t, ...)                                                         \
	{                                                                      \
		.group = (g), .target = (t), .names = __VA_ARGS__              \
	}

const char propose_lead_names[] = "leadid leadref leadsailid leadsailleadid";

const char propose_people[] = "answers applicant contact customer data fields "
                              "formdata hidden lead payload people person "
                              "properties user values";

const struct propose_rule propose_rules[] = {
	ROW("", "firstName",
	    "firstname fname givenname forename namefirst contactfirstname "
	    "leadfirstname first",
	    .steps = { "squeeze" }, .vague = true),
	ROW("", "lastName",
	    "lastname lname familyname surname namelast contactlastname "
	    "leadlastname last",
	    .steps = { "squeeze" }, .vague = true),
	ROW("", "firstName", "fullname yourname contactname leadname name",
	    .steps = { "given_name" }, .vague = true),
	ROW("", "lastName", "fullname yourname contactname leadname name",
	    .steps = { "family_name" }, .vague = true),
	ROW("", "email",
	    "email emailaddress mail youremail useremail contactemail "
	    "leademail workemail",
	    .steps = { "email | lower" }),
	ROW("", "phone",
	    "phone phonenumber mobile mobilephone mobilenumber cell "
	    "cellphone tel telephone contactphone leadphone",
	    .steps = { "string | phone" }),
	ROW("", "dateOfBirth", "dateofbirth dob birthdate birthday",
	    .steps = { "date", "date('MM/DD/YYYY')", "date('DD.MM.YYYY')",
	        "date('DD/MM/YYYY')", "date('auto')" }),
	ROW("", "country", "countrycode country addresscountry",
	    .steps = { "country" }),
	ROW("", "timezone", "timezone tz", .steps = { "timezone" }),
	ROW("", "clientLeadId", "clientleadid externalid crmid", TEXT),
	ROW("", "status", "leadstatus status", .steps = { "lower" },
	    .vague = true),
	ROW("", "tags", "tags labels", AS_IT_IS, .is_list = true),

	ROW("address", "street",
	    "street streetaddress address1 addressline1 address", AS_IT_IS),
	ROW("address", "unit", "unit apartment apt address2 addressline2",
	    TEXT),
	ROW("address", "city", "city town", AS_IT_IS),
	ROW("address", "state",
	    "addressstate statecode province region stateprovince state",
	    AS_IT_IS, .vague = true),
	ROW("address", "zip", "zip zipcode postalcode postcode plz", TEXT),

	ROW("compliance", "tcpaConsent",
	    "tcpaconsent tcpa consent optin marketingconsent smsconsent",
	    .steps = { "boolean" }),
	ROW("compliance", "trustedFormCertUrl",
	    "xxtrustedformcerturl trustedformcerturl trustedformurl "
	    "trustedformcert trustedform",
	    AS_IT_IS),
	ROW("compliance", "jornayaLeadId",
	    "universalleadid leadidtoken jornayaleadid jornaya", AS_IT_IS),

	ROW("attribution", "captureUrl",
	    "captureurl landingpage landingpageurl landingurl pageurl "
	    "sourceurl",
	    AS_IT_IS),
	ROW("attribution", "referrer", "referrer referer referrerurl",
	    AS_IT_IS),
	ROW("attribution", "ipAddress", "ipaddress clientip remoteip userip ip",
	    AS_IT_IS),
	ROW("attribution", "userAgent", "useragent", AS_IT_IS),
	ROW("attribution", "gclid", "gclid", AS_IT_IS),
	ROW("attribution", "gbraid", "gbraid", AS_IT_IS),
	ROW("attribution", "wbraid", "wbraid", AS_IT_IS),
	ROW("attribution", "fbclid", "fbclid", AS_IT_IS),
	ROW("attribution", "fbc", "fbc", AS_IT_IS),
	ROW("attribution", "fbp", "fbp", AS_IT_IS),
	ROW("attribution", "ttclid", "ttclid", AS_IT_IS),
	ROW("attribution", "ttp", "ttp", AS_IT_IS),
	ROW("attribution", "msclkid", "msclkid", AS_IT_IS),
	ROW("attribution", "tblci", "tblci", AS_IT_IS),
	ROW("params", "utm_source", "utmsource", AS_IT_IS),
	ROW("params", "utm_medium", "utmmedium", AS_IT_IS),
	ROW("params", "utm_campaign", "utmcampaign", AS_IT_IS),
	ROW("params", "utm_term", "utmterm", AS_IT_IS),
	ROW("params", "utm_content", "utmcontent", AS_IT_IS),
	ROW("params", "utm_id", "utmid", AS_IT_IS),
	{ .target = NULL },
};
