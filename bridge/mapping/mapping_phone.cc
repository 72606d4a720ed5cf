// mapping/mapping_phone.cc - libphonenumber behind a C table.
//
// A module of its own, loaded by mapping_phone.c where a mapping asks for
// phone(): the library and what it stands on (protobuf, ICU) take 4 MiB that
// a bridge without phone numbers need not have.
#include <cstring>
#include <new>
#include <set>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "mapping/mapping_phone.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

static enum phone_result
look_up(const std::string &text, const std::string &region, bool assigned,
    char *out)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	PhoneNumber number;
	std::string e164;

	if (util.Parse(text, region.empty() ? "ZZ" : region, &number) !=
	    PhoneNumberUtil::NO_PARSING_ERROR)
		return PHONE_NONE;
	if (util.IsPossibleNumberWithReason(number) !=
	    PhoneNumberUtil::IS_POSSIBLE)
		return PHONE_NONE;
	if (assigned && !util.IsValidNumber(number))
		return PHONE_NONE;
	util.Format(number, PhoneNumberUtil::E164, &e164);
	if (e164.size() >= PHONE_E164)
		return PHONE_NONE;
	std::memcpy(out, e164.c_str(), e164.size() + 1);
	return PHONE_OK;
}

static bool
region_known(const char *region)
{
	try {
		std::set<std::string> regions;

		PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
		return regions.count(region) > 0;
	} catch (...) {
		return false;
	}
}

static enum phone_result
e164(const char *text, size_t len, const char *region, bool assigned, char *out)
{
	try {
		return look_up(std::string(text, len), region, assigned, out);
	} catch (...) {
		return PHONE_FULL;
	}
}

extern "C" __attribute__((visibility("default")))
const struct phone_library phone_library = { region_known, e164 };
