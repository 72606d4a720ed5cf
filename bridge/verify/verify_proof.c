/*
 * verify/verify_proof.c - what a request brings to prove itself: signature
 * candidates, decoded, and the time.
 */
#include "verify/verify_scheme.h"

size_t
signature_size(const struct verifier *v)
{
	return v->type == SCHEME_ED25519 ? 64 : v->hash->size;
}

/*
 * Adds what is a whole signature: one that was cut short proves less than
 * the sender promised. False when there are too many.
 */
static bool
add_candidate(const struct verifier *v, struct str text, struct proof *to)
{
	unsigned char *at;
	int64_t len;

	if (to->count == CANDIDATES_MAX)
		return false;
	at = to->candidates[to->count];
	if (v->encoding == ENCODING_HEX)
		len = hex_decode(text, at, to->size);
	else
		len = base64_decode(text, v->encoding == ENCODING_BASE64URL, at,
		    to->size);
	if (len == (int64_t)to->size)
		to->count++;
	return true;
}

static bool
read_plain(const struct verifier *v, struct str text, struct proof *to)
{
	return add_candidate(v, text, to);
}

static bool
read_list(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item;

	while (str_cut(&text, v->delimiter, &item))
		if (!add_candidate(v, str_trim(item), to))
			return false;
	return true;
}

/* Unknown keys are a newer or a test scheme's, and no concern of ours. */
static bool
read_kv(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item, key;

	while (str_cut(&text, v->delimiter, &item)) {
		item = str_trim(item);
		if (!str_cut(&item, '=', &key) || item.at == NULL)
			return false;
		if (str_eq(key, v->signature_key)) {
			if (!add_candidate(v, item, to))
				return false;
		} else if (str_eq(key, v->timestamp_key)) {
			if (to->timestamp.at != NULL)
				return false;
			to->timestamp = item;
		}
	}
	return true;
}

static bool
read_tagged(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item, tag;

	while (str_cut(&text, ' ', &item))
		if (str_cut(&item, ',', &tag) && item.at != NULL &&
		    str_eq(tag, v->signature_key) &&
		    !add_candidate(v, item, to))
			return false;
	return true;
}

static enum verify_result
read_signature(const struct verifier *v, const struct request *r,
    struct arena *arena, struct proof *to)
{
	static bool (*const formats[])(const struct verifier *v,
	    struct str text, struct proof *to) = {
		[FORMAT_PLAIN] = read_plain,
		[FORMAT_KV] = read_kv,
		[FORMAT_TAGGED] = read_tagged,
		[FORMAT_LIST] = read_list,
	};
	struct str text;
	enum verify_result result = place_read(&v->signature, r, arena, &text);

	if (result != VERIFY_OK)
		return result;
	if (!str_starts(text, v->prefix))
		return VERIFY_MALFORMED;
	text = str_skip(text, v->prefix.len);
	if (!formats[v->format](v, text, to) || to->count == 0)
		return VERIFY_MALFORMED;
	return VERIFY_OK;
}

static enum verify_result
read_time(const struct verifier *v, const struct request *r,
    struct arena *arena, struct proof *to)
{
	enum verify_result result;

	if (v->timestamp.kind != PLACE_NOWHERE) {
		result = place_read(&v->timestamp, r, arena, &to->timestamp);
		if (result != VERIFY_OK)
			return result;
	} else if (v->timestamp_key.at == NULL) {
		return VERIFY_OK;
	}
	to->time_ms = to->timestamp.at != NULL
	    ? time_parse(v->unit, to->timestamp)
	    : -1;
	return to->time_ms >= 0 ? VERIFY_OK : VERIFY_MALFORMED;
}

enum verify_result
proof_read(const struct verifier *v, const struct request *r,
    struct arena *arena, struct proof *to)
{
	enum verify_result result;

	to->timestamp = STR_NONE;
	to->time_ms = -1;
	to->size = signature_size(v);
	to->count = 0;
	result = read_signature(v, r, arena, to);
	return result == VERIFY_OK ? read_time(v, r, arena, to) : result;
}
