/*
 * metrics/metrics_process.c - what the system knows of this process.
 *
 * A process that is confined may not see all of it; what cannot be read is
 * left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metrics/metrics_table.h"

static void
add(struct bytes *out, const char *name, const char *type, const char *help,
    double value)
{
	bytes_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help,
	    name, type, name, value);
}

static void
print_memory(struct bytes *out)
{
	FILE *f = fopen("/proc/self/statm", "re");
	double page = (double)sysconf(_SC_PAGESIZE);
	unsigned long long all = 0, resident = 0;
	char line[128], *end;

	if (f == NULL)
		return;
	if (fgets(line, sizeof(line), f) != NULL) {
		all = strtoull(line, &end, 10);
		resident = strtoull(end, NULL, 10);
	}
	fclose(f);
	if (all > 0 && resident > 0) {
		add(out, "process_virtual_memory_bytes", "gauge",
		    "Virtual memory size.", (double)all * page);
		add(out, "process_resident_memory_bytes", "gauge",
		    "Resident memory size.", (double)resident * page);
	}
}

static void
print_files(struct bytes *out)
{
	DIR *d = opendir("/proc/self/fd");
	struct rlimit most;
	int count = -3; /* ".", "..", and the folder itself */

	if (d != NULL) {
		while (readdir(d) != NULL)
			count++;
		closedir(d);
		add(out, "process_open_fds", "gauge", "Open files and sockets.",
		    count);
	}
	if (getrlimit(RLIMIT_NOFILE, &most) == 0)
		add(out, "process_max_fds", "gauge", "Most that may be open.",
		    (double)most.rlim_cur);
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void
process_print(struct bytes *out)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) == 0)
		add(out, "process_cpu_seconds_total", "counter",
		    "Processor time spent, user and system.",
		    seconds(used.ru_utime) + seconds(used.ru_stime));
	print_memory(out);
	print_files(out);
}
