// support/phone_samples.cc - numbers as people of all regions write them.
#include <set>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "support/phone_samples.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

using give_sample = void (*)(const char *region, const char *text, void *to);

static const PhoneNumberUtil::PhoneNumberFormat formats[] = {
	PhoneNumberUtil::E164,
	PhoneNumberUtil::INTERNATIONAL,
	PhoneNumberUtil::NATIONAL,
	PhoneNumberUtil::RFC3966,
};

// In the notations of its own country, and as it is dialled from three others.
static void
give_number(const std::string &region, const PhoneNumber &number,
    give_sample give, void *to)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	std::string text;

	for (auto format : formats) {
		util.Format(number, format, &text);
		give(region.c_str(), text.c_str(), to);
	}
	for (auto from : { "US", "DE", "AU" }) {
		text.clear();
		util.FormatOutOfCountryCallingNumber(number, from, &text);
		give(from, text.c_str(), to);
	}
	text.clear(); // it is appended to
	util.GetNationalSignificantNumber(number, &text);
	give(region.c_str(), text.c_str(), to);
}

static void
give_region(const std::string &region, give_sample give, void *to)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	PhoneNumber number;

	for (int type = 0; type <= PhoneNumberUtil::UNKNOWN; type++) {
		number.Clear();
		if (util.GetExampleNumberForType(region,
		        static_cast<PhoneNumberUtil::PhoneNumberType>(type),
		        &number))
			give_number(region, number, give, to);
	}
	number.Clear();
	if (util.GetInvalidExampleNumber(region, &number))
		give_number(region, number, give, to);
}

void
phone_samples(give_sample give, void *to)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	std::set<std::string> regions;
	std::set<int> codes;
	PhoneNumber number;

	util.GetSupportedRegions(&regions);
	for (const std::string &region : regions)
		give_region(region, give, to);
	util.GetSupportedGlobalNetworkCallingCodes(&codes);
	for (int code : codes)
		if (util.GetExampleNumberForNonGeoEntity(code, &number))
			give_number("FR", number, give, to);
}
