/*
 * tests/fuzz/replay.c - runs a fuzz target over kept files, without a
 * fuzzing engine: the corpus and every input that ever broke us.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, room = 0;

	if (f == NULL)
		return -1;
	for (;;) {
		if (len == room) {
			room = room > 0 ? room * 2 : 4096;
			data = realloc(data, room);
			if (data == NULL)
				abort();
		}
		size_t got = fread(data + len, 1, room - len, f);
		if (got == 0)
			break;
		len += got;
	}
	fclose(f);
	/* An exact copy, so that the address sanitizer sees its end. */
	uint8_t *exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	free(data);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned ran = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		while (dir != NULL && (e = readdir(dir)) != NULL) {
			char path[4096];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i],
			    e->d_name);
			ran += run_file(path) == 0;
		}
		if (dir != NULL)
			closedir(dir);
	}
	printf("%u inputs replayed\n", ran);
	return ran > 0 ? 0 : 1;
}
