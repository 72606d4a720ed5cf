/* mapping/mapping_phone.c - phone numbers: the short way, and the library. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "mapping/mapping_phone.h"
#include "mapping/mapping_phone_plan.h"

/* The library takes no longer text (its kMaxInputStringLength). */
#define TEXT_MAX_BYTES 250

/* Beside the program, as built; or where an installed program has it. */
static const char *const places[] = { "", "../lib/leadbridge/" };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct phone_library *library;
static bool plans_made; /* false: all numbers go to the library */
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
	else
		plans_made = phone_plans_make(library);
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

enum phone_result
phone_e164(const char *text, size_t len, const char *region, bool assigned,
    char out[PHONE_E164])
{
	enum phone_result result;

	if (len <= TEXT_MAX_BYTES && phone_problem() == NULL && plans_made &&
	    phone_short(text, len, region, assigned, out, &result))
		return result;
	return phone_e164_by_library(text, len, region, assigned, out);
}
