// mapping/mapping_phone.cc - libphonenumber behind a C table.
//
// A module of its own, loaded by mapping_phone.c where a mapping asks for
// phone(): the library and what it stands on (protobuf, ICU) take 10 MiB that
// a bridge without phone numbers need not have.
#include <cstring>
#include <new>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <phonenumbers/phonemetadata.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include "mapping/mapping_phone.h"

// The library's tables, as it has them compiled in. No header of its tells of
// them, so that a build of it may be without: then the short way is shut.
namespace i18n::phonenumbers
{
__attribute__((weak)) int metadata_size();
__attribute__((weak)) const void *metadata_get();
} // namespace i18n::phonenumbers

using google::protobuf::io::CodedInputStream;
using i18n::phonenumbers::PhoneMetadata;
using i18n::phonenumbers::PhoneMetadataCollection;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberDesc;
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
		const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();

		return util.GetCountryCodeForRegion(region) != 0;
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

// A kind without lengths has those of all numbers; one that no number is of
// has the length -1.
static uint32_t
lengths_of(const google::protobuf::RepeatedField<int> &lengths)
{
	uint32_t bits = 0;

	for (int length : lengths)
		if (length >= 0 && length < 31)
			bits |= uint32_t(1) << length;
	return bits;
}

static void
add_kind(const PhoneNumberDesc &desc, struct phone_row *row)
{
	uint32_t lengths = row->number.lengths;

	if (desc.possible_length_size() > 0)
		lengths &= lengths_of(desc.possible_length());
	if (lengths != 0 && !desc.national_number_pattern().empty())
		row->kinds[row->kind_count++] = {
			desc.national_number_pattern().c_str(), lengths
		};
}

static void
add_kinds(const PhoneMetadata &plan, struct phone_row *row)
{
	add_kind(plan.fixed_line(), row);
	add_kind(plan.mobile(), row);
	add_kind(plan.toll_free(), row);
	add_kind(plan.premium_rate(), row);
	add_kind(plan.shared_cost(), row);
	add_kind(plan.personal_number(), row);
	add_kind(plan.voip(), row);
	add_kind(plan.pager(), row);
	add_kind(plan.uan(), row);
	add_kind(plan.voicemail(), row);
}

static struct phone_row
row_of(const PhoneMetadata &plan)
{
	const PhoneNumberDesc &all = plan.general_desc();
	struct phone_row row = {};

	row.region = plan.id().c_str();
	row.code = static_cast<unsigned>(plan.country_code());
	row.main = plan.main_country_for_code();
	row.international.text = plan.international_prefix().c_str();
	row.national.text = plan.national_prefix_for_parsing().c_str();
	row.leading.text = plan.leading_digits().c_str();
	row.transform = plan.national_prefix_transform_rule().c_str();
	row.number.text = all.national_number_pattern().c_str();
	row.number.lengths = lengths_of(all.possible_length());
	row.local_lengths = lengths_of(all.possible_length_local_only());
	add_kinds(plan, &row);
	return row;
}

// Plan by plan, so that memory for one of them is all it takes.
static bool
read_rows(bool (*take)(const struct phone_row *row, void *to), void *to)
{
	CodedInputStream in(static_cast<const uint8_t *>(
	                        i18n::phonenumbers::metadata_get()),
	    i18n::phonenumbers::metadata_size());
	uint32_t tag;

	while ((tag = in.ReadTag()) != 0) {
		std::string bytes;
		PhoneMetadata plan;
		uint32_t len;

		if (tag >> 3 != PhoneMetadataCollection::kMetadataFieldNumber ||
		    !in.ReadVarint32(&len) ||
		    !in.ReadString(&bytes, static_cast<int>(len)) ||
		    !plan.ParseFromString(bytes))
			return false;
		struct phone_row row = row_of(plan);
		if (!take(&row, to))
			return false;
	}
	return true;
}

static bool
rows(bool (*take)(const struct phone_row *row, void *to), void *to)
{
	if (i18n::phonenumbers::metadata_get == nullptr ||
	    i18n::phonenumbers::metadata_size == nullptr)
		return false;
	try {
		return read_rows(take, to);
	} catch (...) {
		return false;
	}
}

extern "C" __attribute__((visibility("default")))
const struct phone_library phone_library = { region_known, e164, rows };
