/* mapping/mapping_phone.c - phone numbers: the short way, and the library. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "mapping/mapping_phone.h"

/* The library takes no longer text (its kMaxInputStringLength). */
#define TEXT_MAX_BYTES 250

/* Beside the program, as built; or where an installed program has it. */
static const char *const places[] = { "", "../lib/leadbridge/" };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct phone_library *library;
static char problem[256];

/* Of this program, with the slash; false when /proc does not tell. */
static bool
own_folder(char *out, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (len <= 0)
		return false;
	out[len] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return false;
	slash[1] = '\0';
	return true;
}

/* The handle is kept to the end of the process, and so is the library. */
static void
load(void)
{
	char folder[1024], path[1200];

	if (!own_folder(folder, sizeof(folder))) {
		snprintf(problem, sizeof(problem), "/proc is not there");
		return;
	}
	for (size_t i = 0; library == NULL && i < COUNT_OF(places); i++) {
		void *handle;

		snprintf(path, sizeof(path), "%s%s%s", folder, places[i],
		    PHONE_MODULE);
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (handle != NULL)
			library = dlsym(handle, "phone_library");
	}
	if (library == NULL)
		snprintf(problem, sizeof(problem), "%.200s", dlerror());
}

const char *
phone_problem(void)
{
	pthread_once(&once, load);
	return library != NULL ? NULL : problem;
}

bool
phone_region_known(const char *region)
{
	return phone_problem() == NULL && library->region_known(region);
}

enum phone_result
phone_e164_by_library(const char *text, size_t len, const char *region,
    bool assigned, char out[PHONE_E164])
{
	if (len > TEXT_MAX_BYTES)
		return PHONE_NONE;
	if (phone_problem() != NULL)
		return PHONE_FULL;
	return library->e164(text, len, region, assigned, out);
}

/*
 * The digits among marks that people put between them. 0 when there is
 * anything else, or more digits than `most`.
 */
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
		} else if (c == '\0' || strchr(" -.()", c) == NULL) {
			return 0;
		}
	}
	return count;
}

/*
 * Ten digits of the North American plan, the first of them 2 to 9: what the
 * library makes of them does not depend on its tables, and it takes a
 * hundred times longer. phone_e164_by_library is the measure in the tests.
 */
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
	if (plus ? !one : strcmp(region, "US") != 0)
		return false;
	memcpy(out, "+1", 2);
	memcpy(out + 2, digits + one, 10);
	out[12] = '\0';
	return true;
}

enum phone_result
phone_e164(const char *text, size_t len, const char *region, bool assigned,
    char out[PHONE_E164])
{
	if (len <= TEXT_MAX_BYTES && !assigned &&
	    north_american(text, len, region, out))
		return PHONE_OK;
	return phone_e164_by_library(text, len, region, assigned, out);
}
