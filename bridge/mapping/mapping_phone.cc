// mapping/mapping_phone.cc - libphonenumber behind a C header.
#include <cstring>
#include <new>
#include <set>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "mapping/mapping_phone.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// The library takes no longer text (its kMaxInputStringLength).
static const size_t text_max = 250;

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

extern "C" bool
phone_region_known(const char *region)
{
	try {
		std::set<std::string> regions;

		PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
		return regions.count(region) > 0;
	} catch (...) {
		return false;
	}
}

extern "C" enum phone_result
phone_e164_by_library(const char *text, size_t len, const char *region,
    bool assigned, char *out)
{
	if (len > text_max)
		return PHONE_NONE;
	try {
		return look_up(std::string(text, len), region, assigned, out);
	} catch (...) {
		return PHONE_FULL;
	}
}

// The digits among marks that people put between them. 0 when there is
// anything else, or more digits than `most`.
static size_t
plain_digits(const char *text, size_t len, char *digits, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9') {
			if (count == most)
				return 0;
			digits[count++] = c;
		} else if (c == '\0' || std::strchr(" -.()", c) == nullptr) {
			return 0;
		}
	}
	return count;
}

// Ten digits of the North American plan, the first of them 2 to 9: what the
// library makes of them does not depend on its tables, and it takes a
// hundred times longer. phone_e164_by_library is the measure in the tests.
static bool
north_american(const char *text, size_t len, const char *region, char *out)
{
	char digits[11];
	bool plus = len > 0 && text[0] == '+';
	size_t count, one;

	count = plain_digits(text + plus, len - plus, digits, sizeof(digits));
	one = count == 11 && digits[0] == '1';
	if (count - one != 10 || digits[one] < '2')
		return false;
	if (plus ? !one : std::strcmp(region, "US") != 0)
		return false;
	std::memcpy(out, "+1", 2);
	std::memcpy(out + 2, digits + one, 10);
	out[12] = '\0';
	return true;
}

extern "C" enum phone_result
phone_e164(const char *text, size_t len, const char *region, bool assigned,
    char *out)
{
	if (len <= text_max && !assigned &&
	    north_american(text, len, region, out))
		return PHONE_OK;
	return phone_e164_by_library(text, len, region, assigned, out);
}
