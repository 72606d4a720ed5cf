/* workshop/workshop_sign.c - a sample, signed as its sender signs. */
#include <string.h>

#include "terminal/terminal.h"
#include "workshop/workshop_sign.h"

#define PROOF_HEADERS 8

static bool
is_among(struct str name, const struct header *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(list[i].name, name))
			return true;
	return false;
}

static bool
has_param(struct str query, struct str name)
{
	struct str param, key;

	while (str_cut(&query, '&', &param)) {
		str_cut(&param, '=', &key);
		if (str_eq(key, name))
			return true;
	}
	return false;
}

/* The target without the parameters that are in `gone` too. */
static struct str
without(struct str target, struct str gone, struct arena *arena)
{
	struct str rest = target, path, param;
	struct bytes out;
	char mark = '?';

	bytes_init_in(&out, arena, target.len + 1);
	str_cut(&rest, '?', &path);
	bytes_add_str(&out, path);
	while (str_cut(&rest, '&', &param)) {
		struct str value = param, key;

		str_cut(&value, '=', &key);
		if (has_param(gone, key))
			continue;
		bytes_addf(&out, "%c%.*s", mark, STR_ARG(param));
		mark = '&';
	}
	return bytes_str(&out);
}

/* What signing has put behind the target: "token=..."; empty: nothing. */
static struct str
added_to(struct str target, struct str signed_target)
{
	struct str added = str_skip(signed_target, target.len);

	return added.len > 0 ? str_skip(added, 1) : added;
}

/*
 * Signs for the target. What of it the sender proves itself with, as a token
 * in the address, is not the sample's any more: then it is signed once more.
 */
static int
sign_target(const struct verifier *v, struct request *r, struct str target,
    struct arena *arena, struct header *proof, size_t *count, struct fault *why)
{
	struct str signed_target = target, bare;

	sample_set_target(r, target);
	if (verifier_sign(v, r, arena, proof, PROOF_HEADERS, count,
	        &signed_target, why) == -1)
		return -1;
	bare = without(target, added_to(target, signed_target), arena);
	if (bare.len == target.len) {
		sample_set_target(r, signed_target);
		return 0;
	}
	*count = 0;
	return sign_target(v, r, bare, arena, proof, count, why);
}

int
sign_by(const struct verifier *v, const struct request *sample,
    struct str target, struct arena *arena, struct request *out,
    struct fault *why)
{
	size_t room = sample->header_count + PROOF_HEADERS;
	struct header *headers = arena_take(arena, room * sizeof(*headers));
	struct header proof[PROOF_HEADERS];
	size_t count = 0, n = 0;

	if (headers == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	*out = *sample;
	out->received_ms = clock_wall_ms();
	if (verifier_fill(v, out, arena, &out->body, why) == -1 ||
	    sign_target(v, out, target, arena, proof, &count, why) == -1)
		return -1;
	for (size_t i = 0; i < sample->header_count; i++)
		if (!is_among(sample->headers[i].name, proof, count))
			headers[n++] = sample->headers[i];
	memcpy(headers + n, proof, count * sizeof(proof[0]));
	out->headers = headers;
	out->header_count = n + count;
	return 0;
}

int
sign_sample(const struct route *r, const struct request *sample,
    struct str target, struct arena *arena, struct request *out,
    struct fault *why)
{
	return sign_by(route_verifier(r), sample, target, arena, out, why);
}
