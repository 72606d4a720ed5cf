/* base/base_fault.c - faults as values, and what they mean to a sender. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define FAULTS_KEPT 100

static const struct fault_kind kinds[FAULT_CODES] = {
	[FAULT_NONE] = { "OK", "No fault", 200, false },
	[FAULT_SETTINGS] = { "INTERNAL_ERROR", "Internal error", 500, false },
	[FAULT_REQUEST] = { "BAD_REQUEST", "Malformed request", 400, false },
	[FAULT_UNSIGNED] = { "UNAUTHORIZED", "Authentication required", 401,
	    false },
	[FAULT_FORBIDDEN] = { "FORBIDDEN", "Not allowed", 403, false },
	[FAULT_ROUTE] = { "NOT_FOUND", "Resource not found", 404, false },
	[FAULT_METHOD] = { "METHOD_NOT_ALLOWED", "Method not allowed", 405,
	    false },
	[FAULT_BODY] = { "UNREADABLE_BODY", "The body cannot be read", 400,
	    false },
	[FAULT_BODY_KIND] = { "UNSUPPORTED_MEDIA_TYPE",
	    "The content type is not supported", 415, false },
	[FAULT_TOO_LARGE] = { "CONTENT_TOO_LARGE",
	    "The request exceeds a limit", 413, false },
	[FAULT_MAPPING] = { "MAPPING_ERROR",
	    "The event cannot be mapped to a lead update", 422, false },
	[FAULT_CONTRACT] = { "VALIDATION_ERROR", "Invalid input data", 422,
	    false },
	[FAULT_CONFLICT] = { "CONFLICT",
	    "The same id came before with another body", 409, false },
	[FAULT_RATE] = { "TOO_MANY_REQUESTS", "Too many requests", 429, true },
	[FAULT_BUSY] = { "BUSY", "Try again later", 503, true },
	[FAULT_UPSTREAM] = { "UPSTREAM_FAILED",
	    "The leads API gave no usable answer", 502, true },
	[FAULT_UPSTREAM_LATE] = { "UPSTREAM_TIMEOUT",
	    "The leads API did not answer in time", 504, true },
	[FAULT_INTERNAL] = { "INTERNAL_ERROR", "Internal error", 500, true },
};

const struct fault_kind *
fault_kind(enum fault_code code)
{
	return &kinds[code];
}

static int set(struct fault *why, enum fault_code code, const char *where,
    unsigned line, unsigned column, const char *fmt, va_list ap) PRINTF(6, 0);

static void print_cut(char *out, size_t size, const char *fmt, va_list ap)
    PRINTF(3, 0);

/* What does not fit ends in "...", between characters: it may become JSON. */
static void
print_cut(char *out, size_t size, const char *fmt, va_list ap)
{
	int len = vsnprintf(out, size, fmt, ap);
	size_t end = size - sizeof("...");

	if (len < 0 || (size_t)len < size)
		return;
	while (end > 0 && ((unsigned char)out[end] & 0xC0) == 0x80)
		end--;
	memcpy(out + end, "...", sizeof("..."));
}

/* Of what does not fit, the end: a path's last names say more than its first.
 */
static void
keep_end(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);
	const char *from = text;

	if (len >= size) {
		from = text + len - (size - sizeof("..."));
		while (((unsigned char)*from & 0xC0) == 0x80)
			from++;
	}
	snprintf(out, size, "%s%s", from == text ? "" : "...", from);
}

static int
set(struct fault *why, enum fault_code code, const char *where, unsigned line,
    unsigned column, const char *fmt, va_list ap)
{
	if (why == NULL || why->code != FAULT_NONE)
		return -1;
	why->code = code;
	why->line = line;
	why->column = column;
	keep_end(why->where, sizeof(why->where), where != NULL ? where : "");
	print_cut(why->text, sizeof(why->text), fmt, ap);
	return -1;
}

int
fault_set(struct fault *why, enum fault_code code, const char *where,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(why, code, where, 0, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int
fault_at(struct fault *why, enum fault_code code, const char *where,
    unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(why, code, where, line, column, fmt, ap);
	va_end(ap);
	return -1;
}

void
fault_print(const struct fault *f, struct bytes *out)
{
	size_t start = out->len;

	bytes_add_text(out, f->where);
	if (f->line > 0) {
		if (f->where[0] != '\0')
			bytes_add_char(out, ':');
		bytes_add_int(out, f->line);
	}
	if (f->column > 0) {
		bytes_add_text(out, out->len > start ? ":" : "column ");
		bytes_add_int(out, f->column);
	}
	if (out->len > start)
		bytes_add_text(out, ": ");
	bytes_add_text(out, f->text);
}

bool
faults_full(const struct faults *all)
{
	return all->kept == FAULTS_KEPT;
}

/* The next free place, or NULL past the ceiling; counts either way. */
static struct fault *
next_place(struct faults *all, const char *excerpt)
{
	all->count++;
	if (faults_full(all))
		return NULL;
	all->list = base_grow(all->list, all->kept + 1, sizeof(all->list[0]));
	all->excerpts = base_grow(all->excerpts, all->kept + 1,
	    sizeof(all->excerpts[0]));
	all->excerpts[all->kept] = excerpt != NULL ? base_copy(excerpt) : NULL;
	return memset(&all->list[all->kept++], 0, sizeof(all->list[0]));
}

void
faults_add(struct faults *all, const char *file, unsigned line, const char *fmt,
    ...)
{
	struct fault *f = next_place(all, NULL);
	va_list ap;

	va_start(ap, fmt);
	set(f, FAULT_SETTINGS, file, line, 0, fmt, ap);
	va_end(ap);
}

void
faults_add_at(struct faults *all, const struct fault_place *at, const char *fmt,
    ...)
{
	struct fault *f = next_place(all, at->excerpt);
	va_list ap;

	va_start(ap, fmt);
	set(f, FAULT_SETTINGS, at->file, at->line, at->column, fmt, ap);
	va_end(ap);
}

void
faults_print(const struct faults *all, struct bytes *out)
{
	for (size_t i = 0; i < all->kept; i++) {
		fault_print(&all->list[i], out);
		bytes_add_char(out, '\n');
		if (all->excerpts[i] != NULL)
			bytes_add_text(out, all->excerpts[i]);
	}
	if (all->count > all->kept)
		bytes_addf(out, "and %zu more faults\n",
		    all->count - all->kept);
}

void
faults_done(struct faults *all)
{
	for (size_t i = 0; i < all->kept; i++)
		base_free(all->excerpts[i]);
	base_free(all->excerpts);
	base_free(all->list);
	*all = (struct faults){ 0 };
}
