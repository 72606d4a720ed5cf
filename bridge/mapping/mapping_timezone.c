/* mapping/mapping_timezone.c - which time zone somebody meant. */
#include <string.h>

#include "mapping/mapping_timezone.h"

/* Longer than any name in the table, and than any that IANA has. */
#define NAME_MAX_BYTES 64

/*
 * The last part of the zone is a name of it, too; the others stand behind it,
 * in letters and digits only, with bars between.
 */
static const struct zone {
	const char *iana;
	const char *names;
} zones[] = {
	{ "Africa/Algiers", "westcentralafrica" },
	{ "Africa/Cairo", "egyptstandardtime" },
	{ "Africa/Casablanca", "moroccostandardtime" },
	{ "Africa/Harare", "" },
	{ "Africa/Johannesburg", "pretoria|southafricastandardtime" },
	{ "Africa/Lagos", "wcentralafricastandardtime" },
	{ "Africa/Monrovia", "" },
	{ "Africa/Nairobi", "eafricastandardtime" },
	{ "America/Anchorage", "alaska|alaskanstandardtime|alaskatime" },
	{ "America/Argentina/Buenos_Aires", "argentinastandardtime" },
	{ "America/Bogota", "sapacificstandardtime" },
	{ "America/Caracas", "venezuelastandardtime" },
	{ "America/Chicago",
	    "centraltimeuscanada|centraltimeusandcanada|"
	    "centralstandardtime|centraltime|uscentral" },
	{ "America/Chihuahua", "" },
	{ "America/Denver",
	    "mountaintimeuscanada|mountaintimeusandcanada|"
	    "mountainstandardtime|mountaintime|usmountain" },
	{ "America/Guatemala", "centralamerica|centralamericastandardtime" },
	{ "America/Guyana", "georgetown" },
	{ "America/Halifax",
	    "atlantictimecanada|atlanticstandardtime|"
	    "atlantictime" },
	{ "America/Indiana/Indianapolis", "indianaeast|useasternstandardtime" },
	{ "America/La_Paz", "sawesternstandardtime" },
	{ "America/Lima", "quito" },
	{ "America/Los_Angeles",
	    "pacifictimeuscanada|pacifictimeusandcanada|"
	    "pacificstandardtime|pacifictime|uspacific" },
	{ "America/Mazatlan", "" },
	{ "America/Mexico_City", "guadalajara|centralstandardtimemexico" },
	{ "America/Monterrey", "" },
	{ "America/Montevideo", "montevideostandardtime" },
	{ "America/New_York",
	    "easterntimeuscanada|easterntimeusandcanada|"
	    "easternstandardtime|easterntime|useastern" },
	{ "America/Nuuk", "greenland|greenlandstandardtime" },
	{ "America/Phoenix", "arizona|usmountainstandardtime" },
	{ "America/Puerto_Rico", "" },
	{ "America/Regina", "saskatchewan|canadacentralstandardtime" },
	{ "America/Santiago", "pacificsastandardtime" },
	{ "America/Sao_Paulo", "brasilia|esouthamericastandardtime" },
	{ "America/St_Johns", "newfoundland|newfoundlandstandardtime" },
	{ "America/Tijuana", "" },
	{ "Asia/Almaty", "astana" },
	{ "Asia/Baghdad", "arabicstandardtime" },
	{ "Asia/Baku", "" },
	{ "Asia/Bangkok", "hanoi|seasiastandardtime" },
	{ "Asia/Colombo", "srijayawardenepura|srilankastandardtime" },
	{ "Asia/Dhaka", "bangladeshstandardtime" },
	{ "Asia/Dubai", "abudhabi|arabianstandardtime" },
	{ "Asia/Hong_Kong", "" },
	{ "Asia/Irkutsk", "" },
	{ "Asia/Jakarta", "" },
	{ "Asia/Jerusalem", "israelstandardtime" },
	{ "Asia/Kabul", "" },
	{ "Asia/Kamchatka", "" },
	{ "Asia/Karachi", "islamabad|pakistanstandardtime" },
	{ "Asia/Kathmandu", "nepalstandardtime" },
	{ "Asia/Kolkata", "chennai|mumbai|newdelhi|indiastandardtime" },
	{ "Asia/Krasnoyarsk", "" },
	{ "Asia/Kuala_Lumpur", "" },
	{ "Asia/Kuwait", "" },
	{ "Asia/Magadan", "" },
	{ "Asia/Manila", "" },
	{ "Asia/Muscat", "" },
	{ "Asia/Novosibirsk", "" },
	{ "Asia/Riyadh", "arabstandardtime" },
	{ "Asia/Seoul", "koreastandardtime" },
	{ "Asia/Shanghai", "beijing|chongqing|chinastandardtime" },
	{ "Asia/Singapore", "singaporestandardtime" },
	{ "Asia/Srednekolymsk", "" },
	{ "Asia/Taipei", "taipeistandardtime" },
	{ "Asia/Tashkent", "" },
	{ "Asia/Tbilisi", "" },
	{ "Asia/Tehran", "iranstandardtime" },
	{ "Asia/Tokyo", "osaka|sapporo|tokyostandardtime" },
	{ "Asia/Ulaanbaatar", "" },
	{ "Asia/Urumqi", "" },
	{ "Asia/Vladivostok", "" },
	{ "Asia/Yakutsk", "" },
	{ "Asia/Yangon", "rangoon" },
	{ "Asia/Yekaterinburg", "ekaterinburg" },
	{ "Asia/Yerevan", "" },
	{ "Atlantic/Azores", "" },
	{ "Atlantic/Cape_Verde", "capeverdeis" },
	{ "Atlantic/South_Georgia", "midatlantic" },
	{ "Australia/Adelaide", "cenaustraliastandardtime" },
	{ "Australia/Brisbane", "eaustraliastandardtime" },
	{ "Australia/Darwin", "auscentralstandardtime" },
	{ "Australia/Hobart", "tasmaniastandardtime" },
	{ "Australia/Melbourne", "" },
	{ "Australia/Perth", "waustraliastandardtime" },
	{ "Australia/Sydney", "canberra|auseasternstandardtime" },
	{ "Etc/GMT+12", "internationaldatelinewest" },
	{ "Etc/UTC", "gmt|coordinateduniversaltime" },
	{ "Europe/Amsterdam", "" },
	{ "Europe/Athens", "" },
	{ "Europe/Belgrade", "" },
	{ "Europe/Berlin", "weuropestandardtime" },
	{ "Europe/Bratislava", "" },
	{ "Europe/Brussels", "" },
	{ "Europe/Bucharest", "gtbstandardtime" },
	{ "Europe/Budapest", "centraleuropestandardtime" },
	{ "Europe/Copenhagen", "" },
	{ "Europe/Dublin", "" },
	{ "Europe/Helsinki", "flestandardtime" },
	{ "Europe/Istanbul", "turkeystandardtime" },
	{ "Europe/Kaliningrad", "" },
	{ "Europe/Kyiv", "kiev" },
	{ "Europe/Lisbon", "" },
	{ "Europe/Ljubljana", "" },
	{ "Europe/London", "edinburgh|gmtstandardtime" },
	{ "Europe/Madrid", "" },
	{ "Europe/Minsk", "" },
	{ "Europe/Moscow", "stpetersburg|russianstandardtime" },
	{ "Europe/Oslo", "" },
	{ "Europe/Paris", "romancestandardtime" },
	{ "Europe/Prague", "" },
	{ "Europe/Riga", "" },
	{ "Europe/Rome", "" },
	{ "Europe/Samara", "" },
	{ "Europe/Sarajevo", "" },
	{ "Europe/Skopje", "" },
	{ "Europe/Sofia", "" },
	{ "Europe/Stockholm", "" },
	{ "Europe/Tallinn", "" },
	{ "Europe/Vienna", "" },
	{ "Europe/Vilnius", "" },
	{ "Europe/Volgograd", "" },
	{ "Europe/Warsaw", "centraleuropeanstandardtime" },
	{ "Europe/Zagreb", "" },
	{ "Europe/Zurich", "bern" },
	{ "Pacific/Apia", "samoa|samoastandardtime" },
	{ "Pacific/Auckland", "wellington|newzealandstandardtime" },
	{ "Pacific/Chatham", "chathamis" },
	{ "Pacific/Fakaofo", "tokelauis" },
	{ "Pacific/Fiji", "fijistandardtime" },
	{ "Pacific/Guadalcanal", "solomonis" },
	{ "Pacific/Guam", "" },
	{ "Pacific/Honolulu", "hawaii|hawaiianstandardtime|hawaiitime" },
	{ "Pacific/Majuro", "marshallis" },
	{ "Pacific/Midway", "midwayisland" },
	{ "Pacific/Noumea", "newcaledonia" },
	{ "Pacific/Pago_Pago", "americansamoa" },
	{ "Pacific/Port_Moresby", "" },
	{ "Pacific/Tongatapu", "nukualofa|tongastandardtime" },
};

static const char *const areas[] = { "Africa/", "America/", "Antarctica/",
	"Arctic/", "Asia/", "Atlantic/", "Australia/", "Etc/", "Europe/",
	"Indian/", "Pacific/" };

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* America/Kentucky/Louisville: one of IANA's areas, and what may follow. */
static bool
looks_like_iana(struct str s)
{
	struct str rest = STR_NONE, part;

	for (size_t i = 0; rest.at == NULL && i < COUNT_OF(areas); i++)
		if (str_starts(s, str_of(areas[i])))
			rest = str_skip(s, strlen(areas[i]));
	if (rest.at == NULL || s.len > NAME_MAX_BYTES)
		return false;
	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || part.at[0] < 'A' || part.at[0] > 'Z')
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!is_letter(part.at[i]) &&
			    (part.at[i] < '0' || part.at[i] > '9') &&
			    (part.at[i] == '\0' ||
			        strchr("_-+", part.at[i]) == NULL))
				return false;
	}
	return true;
}

/*
 * Letters and digits, in lower case; what has more than `room`, or a letter of
 * another alphabet, has none.
 */
static struct str
plain(struct str s, char room[NAME_MAX_BYTES])
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if ((unsigned char)c >= 0x80)
			return STR("");
		if (!is_letter(c) && (c < '0' || c > '9'))
			continue;
		if (len == NAME_MAX_BYTES)
			return STR("");
		room[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	return (struct str){ room, len };
}

static bool
is_called(const struct zone *z, struct str wanted)
{
	struct str names = str_of(z->names), name, iana = str_of(z->iana);
	const char *last = strrchr(z->iana, '/') + 1;
	char room[NAME_MAX_BYTES];

	/* Without its sign GMT+12 would be the other side of the world. */
	if (strpbrk(last, "+-0123456789") == NULL &&
	    (str_eq(plain(str_of(last), room), wanted) ||
	        str_eq(plain(iana, room), wanted)))
		return true;
	while (str_cut(&names, '|', &name))
		if (str_eq(name, wanted))
			return true;
	return false;
}

/* "(GMT-05:00) Lima" is Lima. */
static struct str
drop_offset(struct str s)
{
	struct str rest = s, head;

	if ((str_starts(s, STR("(GMT")) || str_starts(s, STR("(UTC"))) &&
	    str_cut(&rest, ')', &head) && rest.at != NULL)
		return str_trim(rest);
	return s;
}

struct str
timezone_find_among(const struct zone_names *known, struct str text)
{
	char room[NAME_MAX_BYTES];
	struct str wanted = STR_NONE;

	if (known->count == 0 && looks_like_iana(text))
		return text;
	/* Those without an area are abbreviations: EST, MET. */
	if (text.len > 0 && memchr(text.at, '/', text.len) != NULL)
		wanted = zone_names_find(known, text);
	if (wanted.at != NULL)
		return wanted;
	wanted = plain(drop_offset(text), room);
	for (size_t i = 0; wanted.len > 0 && i < COUNT_OF(zones); i++)
		if (is_called(&zones[i], wanted))
			return str_of(zones[i].iana);
	return STR_NONE;
}

struct str
timezone_find(struct str text)
{
	return timezone_find_among(zone_names(), text);
}
