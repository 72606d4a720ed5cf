/*
 * tests/unit/console/test_confine_needs.c - where a journal's url leads to,
 * and what settings and links make readable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "program/program_confine.h"

static const struct {
	const char *url, *ports; /* in the order they are found */
} urls[] = {
	{ "postgresql://leadbridge@db/leadbridge", "5432" },
	{ "postgresql://db", "5432" },
	{ "postgresql:///leadbridge?host=/run/postgresql", "5432" },
	{ "postgresql://db:6432/leadbridge", "5432 6432" },
	{ "postgres://u:p:1@db:6432/leadbridge", "5432 6432" },
	{ "postgresql://u:p?1@db:6432/leadbridge", "5432 6432" },
	{ "postgresql://db:6432/x?passfile=/a@b:7", "5432 6432" },
	{ "postgresql://u:p@db1:6432,db2:6433,db3/x", "5432 6432 6433" },
	{ "postgresql://[2001:db8::1]:6432,[::1]/x", "5432 6432" },
	{ "postgresql://db/x?port=6432,6433", "5432 6432 6433" },
	{ "postgresql://db/x?sslmode=require&port=6432", "5432 6432" },
	{ "postgresql://db:99999/x?port=-1,0,x", "5432" },
	{ "postgresql://db:/x?port=", "5432" },
	{ "postgresql://", "5432" },
	{ "postgresql:", "5432" },
	{ "postgresql://db/x?service=mine", "5432 any" },
};

static void
needs_of_url(const char *url, struct needs *n)
{
	const struct program p = { .journal = { .url = url } };

	*n = (struct needs){ .path_count = 0 };
	needs_of_postgres(&p, n);
}

static void
test_ports_of_urls(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct needs n;
		struct bytes text;

		needs_of_url(urls[i].url, &n);
		bytes_init(&text, 4096);
		for (size_t k = 0; k < n.port_count; k++)
			bytes_addf(&text, "%s%u", k > 0 ? " " : "",
			    n.ports[k].port);
		if (n.any_port)
			bytes_add_text(&text, " any");
		assert_string_equal(bytes_str(&text).at, urls[i].ports);
		bytes_done(&text);
		needs_done(&n);
	}
}

static void
test_ports_of_the_environment(void **unused)
{
	struct needs n;

	(void)unused;
	setenv("PGPORT", "7777", 1);
	needs_of_url("postgresql://db/x", &n);
	unsetenv("PGPORT");
	assert_int_equal(n.port_count, 2);
	assert_int_equal(n.ports[1].port, 7777);
	needs_done(&n);
	setenv("PGSERVICE", "mine", 1);
	needs_of_url("postgresql://db/x", &n);
	unsetenv("PGSERVICE");
	assert_true(n.any_port);
	needs_done(&n);
}

static bool
has(const struct needs *n, const char *path)
{
	for (size_t i = 0; i < n->path_count; i++)
		if (strcmp(n->paths[i].path, path) == 0)
			return true;
	return false;
}

/* "%2F" is a slash; a path that is not whole is libpq's own matter. */
static void
test_files_of_urls(void **unused)
{
	struct needs n;

	(void)unused;
	needs_of_url("postgresql://db/x?sslkey=%2Fnone%2fkeys/a.key&"
	             "sslrootcert=/none/ca%2x.pem&sslcert=system&sslcrl=%",
	    &n);
	assert_int_equal(n.path_count, 2);
	assert_true(has(&n, "/none/keys"));
	assert_true(has(&n, "/none"));
	needs_done(&n);
}

/* Of settings that are not there, so that nothing but their words counts. */
static const char settings
    [] = "listen = ( { certificate = \"certs/a.pem\"; key = \"/none/keys/a\";\n"
         "             client_ca = \"clients/ca.pem\"; } );\n"
         "upstreams = { a = { ca = \"trust/ca.pem\"; api_key = \"k/n\"; }; };\n"
         "secrets = { k = ( { file = \"new/k\"; }, { file = \"old/k\"; } );\n"
         "            c = { credential = \"x/c\"; }; };\n"
         "routes = \"maps/*/mapping.cfg\";\n";

static const char *const written[] = {
	"/none/store", "/dev/null",
#ifdef BRIDGE_COVERAGE
	BRIDGE_COVERAGE, /* of a build that counts its lines */
#endif
};

static bool
is_written(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(written); i++)
		if (strcmp(path, written[i]) == 0)
			return true;
	return false;
}

static void
test_what_settings_name(void **unused)
{
	static const char *const named[] = { "/none/conf", "/none/conf/certs",
		"/none/keys", "/none/conf/clients", "/none/conf/trust",
		"/none/conf/new", "/none/conf/old", "/none/conf/maps" };
	struct faults all = { 0 };
	struct program p = { .file = settings_parse(str_of(settings),
		                 "/none/conf/x.cfg", &all),
		.settings.routes = "maps/*/mapping.cfg",
		.journal.url = "sqlite:/none/store/journal.db" };
	struct needs n;
	size_t of_none = 0, writes = 0;

	(void)unused;
	assert_int_equal(all.count, 0);
	needs_of(&p, &n);
	for (size_t i = 0; i < COUNT_OF(named); i++)
		if (!has(&n, named[i]))
			fail_msg("%s is not among them", named[i]);
	for (size_t i = 0; i < n.path_count; i++) {
		of_none += strncmp(n.paths[i].path, "/none", 5) == 0;
		writes += n.paths[i].write;
		if (n.paths[i].write && !is_written(n.paths[i].path))
			fail_msg("%s may be written", n.paths[i].path);
	}
	assert_int_equal(writes, COUNT_OF(written));
	/* ... and the store; nothing else was taken for a file. */
	assert_int_equal(of_none, COUNT_OF(named) + 1);
	assert_int_equal(n.port_count, 1); /* DNS */
	needs_done(&n);
	settings_close(p.file);
}

/* An included file names its own as the first does; and it is read itself. */
static void
test_what_an_included_file_names(void **unused)
{
	char top[] = "/tmp/needs-XXXXXX", path[64], text[96];
	struct faults all = { 0 };
	struct program p = { .file = NULL };
	struct needs n;
	FILE *f;

	(void)unused;
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/part", top);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/part/a.cfg", top);
	f = fopen(path, "w");
	fputs("secrets = { k = { file = \"keys/k\"; }; };\n", f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/x.cfg", top);
	f = fopen(path, "w");
	fputs("@include \"part/a.cfg\"\n", f);
	fclose(f);

	p.file = settings_open(path, &all);
	assert_non_null(p.file);
	needs_of(&p, &n);
	snprintf(text, sizeof(text), "%s/keys", top);
	assert_true(has(&n, text));
	snprintf(text, sizeof(text), "%s/part/keys", top);
	assert_false(has(&n, text));
	snprintf(text, sizeof(text), "%s/part", top);
	assert_true(has(&n, text));
	needs_done(&n);
	settings_close(p.file);
	snprintf(text, sizeof(text), "rm -r '%s'", top);
	assert_int_equal(system(text), 0);
}

/* certbot's: live/x.pem links to archive/x3.pem, which is to be replaced. */
static void
test_a_link_and_what_it_links_to(void **unused)
{
	char top[] = "/tmp/needs-XXXXXX", path[64], folder[64];
	struct needs n = { .path_count = 0 };

	(void)unused;
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/archive", top);
	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/archive/x3.pem", top);
	fclose(fopen(path, "w"));
	snprintf(folder, sizeof(folder), "%s/live", top);
	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/live/x.pem", top);
	assert_int_equal(symlink("../archive/x3.pem", path), 0);

	needs_add_file(&n, path, NULL);
	assert_int_equal(n.path_count, 2);
	assert_true(has(&n, folder));
	snprintf(folder, sizeof(folder), "%s/archive", top);
	assert_true(has(&n, folder));
	needs_done(&n);
	snprintf(path, sizeof(path), "rm -r '%s'", top);
	assert_int_equal(system(path), 0);
}

static void
put_link(const char *top, const char *name, const char *to)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(symlink(to, path), 0);
}

/* "..data" is turned to another folder; "away" leads out, for good. */
static void
test_links_on_the_way(void **unused)
{
	char top[] = "/tmp/needs-XXXXXX", path[96];
	struct needs turned = { .path_count = 0 }, out = { .path_count = 0 };

	(void)unused;
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/..1", top);
	assert_int_equal(mkdir(path, 0700), 0);
	put_link(top, "..data", "..1");
	put_link(top, "away", "/usr/lib");
	snprintf(path, sizeof(path), "%s/..data/key", top);
	needs_add_file(&turned, path, NULL);
	assert_true(has(&turned, top));
	snprintf(path, sizeof(path), "%s/..1", top);
	assert_true(has(&turned, path));
	snprintf(path, sizeof(path), "%s/away/key", top);
	needs_add_file(&out, path, NULL);
	assert_false(has(&out, top));
	needs_done(&turned);
	needs_done(&out);
	snprintf(path, sizeof(path), "rm -r '%s'", top);
	assert_int_equal(system(path), 0);
}

/* A file of the root's folder does not open the whole disk. */
static void
test_the_root_is_not_a_folder(void **unused)
{
	struct needs n = { .path_count = 0 };

	(void)unused;
	needs_add_file(&n, "/leadbridge.cfg", NULL);
	assert_int_equal(n.path_count, 1);
	assert_string_equal(n.paths[0].path, "/leadbridge.cfg");
	needs_done(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports_of_urls),
		cmocka_unit_test(test_ports_of_the_environment),
		cmocka_unit_test(test_files_of_urls),
		cmocka_unit_test(test_what_settings_name),
		cmocka_unit_test(test_what_an_included_file_names),
		cmocka_unit_test(test_a_link_and_what_it_links_to),
		cmocka_unit_test(test_links_on_the_way),
		cmocka_unit_test(test_the_root_is_not_a_folder),
	};

	unsetenv("PGPORT");
	unsetenv("PGSERVICE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
