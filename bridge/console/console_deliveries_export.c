/* console/console_deliveries_export.c - events as samples. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "console/console_deliveries.h"
#include "terminal/terminal.h"

static int
write_one(const char *folder, const char *id, const char *end, struct str text)
{
	struct fault why = { 0 };
	char *path = base_print("%s/%s%s", folder, id, end);
	int code = EXIT_OK;

	if (file_write(path, text, &why) == -1)
		code = complain_fault(&why, EXIT_CANNOT);
	base_free(path);
	return code;
}

/* Base64 where the sender sent no text. False: it is not kept. */
static bool
event_bytes(const struct client_answer *a, struct bytes *out)
{
	struct str text = doc_text(a->doc,
	    doc_member(a->doc, a->data, STR("event")));
	struct str coded = client_text(a->doc, a->data, "event_base64");
	char *room;
	int64_t len;

	if (text.at != NULL) {
		bytes_add_str(out, text);
		return true;
	}
	room = coded.len > 0 ? bytes_reserve(out, coded.len) : NULL;
	len = room != NULL
	    ? base64_decode(coded, false, (unsigned char *)room, coded.len)
	    : -1;
	if (len < 0)
		return false;
	out->len += (size_t)len;
	return true;
}

static int
write_delivery(const char *folder, const char *id,
    const struct client_answer *a, size_t *written)
{
	struct bytes event, json;
	int code;

	bytes_init(&event, SIZE_MAX / 2);
	bytes_init(&json, SIZE_MAX / 2);
	doc_print(a->doc, a->data, &json);
	bytes_add_char(&json, '\n');
	code = write_one(folder, id, ".json", bytes_str(&json));
	if (code == EXIT_OK && event_bytes(a, &event)) {
		code = write_one(folder, id, ".http", bytes_str(&event));
		*written += code == EXIT_OK;
	} else if (code == EXIT_OK) {
		code = complain(EXIT_FAULTS,
		    "%s: its event is not kept any more", id);
	}
	bytes_done(&event);
	bytes_done(&json);
	return code;
}

/* What follows is tried though one is gone, but not though the disk is full. */
static int
export_all(struct client *c, const char *folder, const struct delivery_ids *ids)
{
	size_t written = 0;
	int worst = EXIT_OK;

	for (size_t i = 0; i < ids->count && worst != EXIT_CANNOT; i++) {
		struct client_answer a;
		int code = deliveries_get(c, ids->at[i], &a);

		if (code == EXIT_OK)
			code = write_delivery(folder, ids->at[i], &a, &written);
		worst = code > worst ? code : worst;
	}
	fprintf(stderr, "%zu %s in %s\n", written,
	    written == 1 ? "event" : "events", folder);
	return worst;
}

int
deliveries_export(struct client *c, const struct given *g)
{
	const char *folder = given_arg(g, 1);
	struct delivery_ids ids;
	int code = deliveries_find(c, g, 2, &ids);

	/* They are people's data: for their owner alone. */
	umask(077);
	if (code == EXIT_OK && mkdir(folder, 0700) == -1 && errno != EEXIST)
		code = complain(EXIT_CANNOT, "%s: cannot be made: %s", folder,
		    strerror(errno));
	if (code == EXIT_OK)
		code = export_all(c, folder, &ids);
	base_free(ids.at);
	return code;
}
