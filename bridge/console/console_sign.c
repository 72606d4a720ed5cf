/* console/console_sign.c - a sample, signed as its sender signs. */
#include <string.h>

#include "console/console_sign.h"

#define PROOF_HEADERS 8

static bool
is_among(struct str name, const struct header *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(list[i].name, name))
			return true;
	return false;
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
	struct str rest;

	if (headers == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	*out = *sample;
	out->received_ms = clock_wall_ms();
	out->target = target;
	if (verifier_sign(v, out, arena, proof, PROOF_HEADERS, &count,
	        &out->target, why) == -1)
		return -1;
	for (size_t i = 0; i < sample->header_count; i++)
		if (!is_among(sample->headers[i].name, proof, count))
			headers[n++] = sample->headers[i];
	memcpy(headers + n, proof, count * sizeof(proof[0]));
	out->headers = headers;
	out->header_count = n + count;
	rest = out->target;
	str_cut(&rest, '?', &out->path);
	out->query = rest;
	return 0;
}

int
sign_sample(const struct route *r, const struct request *sample,
    struct str target, struct arena *arena, struct request *out,
    struct fault *why)
{
	return sign_by(route_verifier(r), sample, target, arena, out, why);
}
