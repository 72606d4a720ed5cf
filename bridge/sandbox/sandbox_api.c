/*
 * sandbox/sandbox_api.c - a request in, the API's answer out.
 *
 * In the order in which the API itself looks: the path, the method, the key,
 * the headers, the body, the lead.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "lead/lead.h"
#include "sandbox/sandbox_parts.h"

/* More than the listener lets in: what arrived is kept whole. */
#define LAST_REQUEST_MAX ((size_t)4 << 20)
/* PROBLEMS_MAX texts of at most 512 bytes, every byte escaped. */
#define DETAILS_MAX ((size_t)PROBLEMS_MAX * 512 * 6)
#define LEAD_TEXT_MAX ((size_t)64 << 20)

#define LEADS_PATH "/api/v1/leads/"

struct api {
	struct str key; /* .at is ours */
	struct store *store;
	char *last_request; /* NULL: none yet */
};

struct api *
api_new(struct str key, const char *const *ids, bool any)
{
	struct api *a = base_alloc(sizeof(*a));
	char *kept;

	a->store = store_new(ids, any);
	if (a->store == NULL) {
		base_free(a);
		return NULL;
	}
	kept = base_alloc(key.len + 1);
	memcpy(kept, key.at, key.len);
	a->key = (struct str){ kept, key.len };
	return a;
}

void
api_free(struct api *a)
{
	char *key;

	if (a == NULL)
		return;
	key = (char *)(uintptr_t)a->key.at;
	OPENSSL_cleanse(key, a->key.len);
	base_free(key);
	base_free(a->last_request);
	store_free(a->store);
	base_free(a);
}

/* A constant body with its length, fit for a static table. */
#define TEXT(literal)                                                          \
	{                                                                      \
		"" literal, sizeof(literal) - 1                                \
	}
#define FAILURE(code, message)                                                 \
	TEXT("{\"success\":false,\"error\":{\"code\":\"" code                  \
	     "\",\"message\":\"" message "\"}}")

enum reply {
	REPLY_UPDATED,
	REPLY_NO_KEY,
	REPLY_NOT_FOUND,
	REPLY_METHOD,
	REPLY_BUSY,
};

/* The API's exact words; a validation error and a lead are made below. */
static const struct answer replies[] = {
	[REPLY_UPDATED] = { .status = 200,
	    .body = TEXT("{\"success\":true,\"data\":null}") },
	[REPLY_NO_KEY] = { .status = 401,
	    .body = FAILURE("UNAUTHORIZED", "Authentication required") },
	[REPLY_NOT_FOUND] = { .status = 404,
	    .body = FAILURE("NOT_FOUND", "Resource not found") },
	[REPLY_METHOD] = { .status = 405,
	    .body = FAILURE("METHOD_NOT_ALLOWED", "Method not allowed"),
	    .allow = TEXT("GET, PATCH") },
	[REPLY_BUSY] = { .status = 503,
	    .body = FAILURE("SERVICE_UNAVAILABLE", "Try again later"),
	    .retry_after = 1 },
};

/* Only the length of the key can be told from the time this takes. */
static bool
key_fits(const struct api *a, const struct request *r)
{
	struct str given = request_header(r, STR("X-API-Key"));

	return request_header_count(r, STR("X-API-Key")) == 1 &&
	    given.len == a->key.len &&
	    CRYPTO_memcmp(given.at, a->key.at, given.len) == 0;
}

static void
check_headers(const struct request *r, struct problems *all)
{
	struct str type = request_header(r, STR("Content-Type"));
	struct str length = request_header(r, STR("Content-Length"));
	struct str media;

	if (!str_cut(&type, ';', &media) ||
	    !str_eq_nocase(str_trim(media), STR("application/json")))
		problems_add(all, "Content-Type: must be application/json");
	if (length.at == NULL)
		problems_add(all, "Content-Length: is required");
	else if (str_number(length, INT64_MAX) != (int64_t)r->body.len)
		problems_add(all, "Content-Length: is not the body's");
}

static void
invalid(const struct problems *all, struct arena *arena, struct answer *out)
{
	struct bytes body;

	bytes_init_in(&body, arena, DETAILS_MAX + 256);
	bytes_add_text(&body,
	    "{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\","
	    "\"message\":\"Invalid input data\",\"details\":[");
	bytes_add_str(&body, bytes_str(all->out));
	bytes_add_text(&body, "]}}");
	if (bytes_ok(all->out) && bytes_ok(&body))
		*out = (struct answer){ .status = 400,
			.body = bytes_str(&body) };
	else
		*out = replies[REPLY_BUSY];
}

static void
store_answer(struct api *a, const struct request *r, struct str id,
    const json_t *update, struct problems *all, struct answer *out)
{
	switch (store_update(a->store, id, update, r->received_ms)) {
	case UPDATE_DONE:
		*out = replies[REPLY_UPDATED];
		break;
	case UPDATE_UNKNOWN:
		*out = replies[REPLY_NOT_FOUND];
		break;
	case UPDATE_FULL:
		problems_add(all,
		    "sandbox: it keeps at most %d leads, and %d notes or "
		    "answers a lead; restart it to begin anew",
		    STORE_LEADS_MAX, STORE_ITEMS_MAX);
		break;
	case UPDATE_BUSY:
		*out = replies[REPLY_BUSY];
		break;
	}
}

static void
patch_answer(struct api *a, const struct request *r, struct str id,
    struct arena *arena, struct answer *out)
{
	struct bytes details;
	struct problems all = { .out = &details };
	json_t *update = NULL;

	bytes_init(&details, DETAILS_MAX);
	*out = replies[REPLY_BUSY];
	check_headers(r, &all);
	if (all.count == 0)
		update = check_body(r->body, &all);
	if (update != NULL)
		store_answer(a, r, id, update, &all, out);
	if (all.count > 0)
		invalid(&all, arena, out);
	json_decref(update);
	bytes_done(&details);
}

static void
get_answer(struct api *a, struct str id, struct arena *arena,
    struct answer *out)
{
	json_t *lead = store_copy(a->store, id);
	struct bytes body;

	*out = replies[REPLY_NOT_FOUND];
	if (lead == NULL)
		return;
	bytes_init_in(&body, arena, LEAD_TEXT_MAX);
	bytes_add_text(&body, "{\"success\":true,\"data\":");
	print_json(lead, false, &body);
	bytes_add_char(&body, '}');
	if (bytes_ok(&body))
		*out = (struct answer){ .status = 200,
			.body = bytes_str(&body) };
	else
		*out = replies[REPLY_BUSY];
	json_decref(lead);
}

static bool
is_secret(struct str header)
{
	return str_eq_nocase(header, STR("X-API-Key")) ||
	    str_eq_nocase(header, STR("Authorization"));
}

static void
keep_request(struct api *a, const struct request *r)
{
	struct bytes text;

	bytes_init(&text, LAST_REQUEST_MAX);
	bytes_addf(&text, "%.*s %.*s HTTP/1.1\n", STR_ARG(r->method),
	    STR_ARG(r->target));
	for (size_t i = 0; i < r->header_count; i++) {
		bytes_add_str(&text, r->headers[i].name);
		bytes_add_text(&text, ": ");
		bytes_add_str(&text,
		    is_secret(r->headers[i].name) ? STR("********")
		                                  : r->headers[i].value);
		bytes_add_char(&text, '\n');
	}
	bytes_add_char(&text, '\n');
	bytes_add_str(&text, r->body);
	base_free(a->last_request);
	a->last_request = bytes_ok(&text) ? bytes_take(&text) : NULL;
	bytes_done(&text);
}

void
api_answer(struct api *a, const struct request *r, struct arena *arena,
    struct answer *out)
{
	bool patch = str_eq(r->method, STR("PATCH"));
	struct str id = str_skip(r->path, sizeof(LEADS_PATH) - 1);

	if (patch)
		keep_request(a, r);
	if (!str_starts(r->path, STR(LEADS_PATH)) || !lead_id_valid(id))
		*out = replies[REPLY_NOT_FOUND];
	else if (!patch && !str_eq(r->method, STR("GET")))
		*out = replies[REPLY_METHOD];
	else if (!key_fits(a, r))
		*out = replies[REPLY_NO_KEY];
	else if (patch)
		patch_answer(a, r, id, arena, out);
	else
		get_answer(a, id, arena, out);
}

char *
api_lead(struct api *a, struct str id)
{
	json_t *lead = store_copy(a->store, id);
	struct bytes text;

	if (lead == NULL)
		return NULL;
	bytes_init(&text, LEAD_TEXT_MAX);
	print_json(lead, true, &text);
	json_decref(lead);
	if (bytes_ok(&text))
		return bytes_take(&text);
	bytes_done(&text);
	return NULL;
}

char *
api_last_request(const struct api *a)
{
	return base_copy(a->last_request);
}
