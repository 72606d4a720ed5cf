/*
 * tests/unit/verify/test_schemes.c - candidates in several headers, in groups,
 * by position and in pairs; values deep in JSON; senders that sign fields.
 * Signatures were made with Python's hmac, secret "s" where none is said.
 */
#include "unit/verify/one_bench.h"

#define HMAC "type = \"hmac\"; "
#define BY_NEW                                                                 \
	"0eb6fdf4827b258ee3a559f26dc09df4e037567f2ae37a8e56a577c2c6415756"
#define BY_OLD                                                                 \
	"5022acffeea2804ff520532a0e2c2c89e8ad3ea1957eab6e12c65a339dd237b7"
#define WRONG "00000000000000000000000000000000" BY_HALF
#define BY_HALF "e037567f2ae37a8e56a577c2c6415756"

/* What the sender sends, and what comes of it; one header a name. */
struct row {
	const char *names[3];
	const char *values[3];
	enum verify_result want;
};

static void
check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum verify_result got;

		bench_clear_headers(&b);
		for (size_t k = 0; k < 3 && rows[i].names[k] != NULL; k++)
			bench_header(&b, rows[i].names[k], rows[i].values[k]);
		got = bench_check(&b);
		if (got != rows[i].want)
			fail_msg("row %zu is %s", i, verify_result_name(got));
	}
}

/* DocuSign: a header a key. */
static void
numbered_headers_are_candidates(void **state)
{
	static const struct row rows[] = {
		{ { "X-Sig-1" }, { BY_NEW }, VERIFY_OK },
		{ { "X-Sig-1", "x-sig-2" }, { WRONG, BY_NEW }, VERIFY_OK },
		{ { "X-Sig-16" }, { BY_NEW }, VERIFY_OK },
		{ { "X-Sig-3", "X-Sig-1" }, { WRONG, BY_NEW }, VERIFY_OK },
		{ { "X-Sig-1", "X-Sig-2" }, { "zz", BY_NEW }, VERIFY_OK },
		{ { "X-Sig-1", "X-Sig-2" }, { WRONG, BY_OLD }, VERIFY_FORGED },
		{ { "X-Sig-1", "X-Sig-1" }, { BY_NEW, BY_NEW },
		    VERIFY_MALFORMED },
		{ { "X-Sig-1" }, { "zz" }, VERIFY_MALFORMED },
		{ { "X-Sig-1" }, { " " }, VERIFY_MISSING },
		{ { "X-Sig-0" }, { BY_NEW }, VERIFY_MISSING },
		{ { "X-Sig-01" }, { BY_NEW }, VERIFY_MISSING },
		{ { "X-Sig-17" }, { BY_NEW }, VERIFY_MISSING },
		{ { "X-Sig-" }, { BY_NEW }, VERIFY_MISSING },
		{ { "X-Sig-1x" }, { BY_NEW }, VERIFY_MISSING },
		{ { "X-Sig-{n}" }, { BY_NEW }, VERIFY_MISSING },
	};

	(void)state;
	bench_verifier(&b, NULL, HMAC "signature = \"header:X-Sig-{n}\";",
	    "new", NULL);
	check_rows(rows, COUNT_OF(rows));
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_str(b.headers[0].name, "X-Sig-1");
	assert_result(&b, VERIFY_OK);
}

static void
a_number_may_stand_in_the_middle(void **state)
{
	static const struct row rows[] = {
		{ { "X-2-Sig" }, { "v0=" BY_NEW }, VERIFY_OK },
		{ { "X-2-Sig" }, { BY_NEW }, VERIFY_MALFORMED },
		{ { "X-2" }, { "v0=" BY_NEW }, VERIFY_MISSING },
		{ { "X-2-Sig", "X-3-Sig" }, { "v0=" BY_NEW, WRONG },
		    VERIFY_MALFORMED },
	};

	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X-{n}-Sig\"; prefix = \"v0=\";", "new",
	    NULL);
	check_rows(rows, COUNT_OF(rows));
}

/* Box: the old key's signature comes in a header of its own. */
static void
all_headers_that_are_named_are_candidates(void **state)
{
	static const struct row rows[] = {
		{ { "Primary", "Secondary" }, { BY_NEW, BY_OLD }, VERIFY_OK },
		{ { "Secondary" }, { BY_OLD }, VERIFY_OK },
		{ { "Primary" }, { BY_OLD }, VERIFY_OK },
		{ { "Primary" }, { BY_NEW }, VERIFY_FORGED },
		{ { "Primary", "Secondary" }, { BY_NEW, WRONG },
		    VERIFY_FORGED },
		{ { "Secondary", "Secondary" }, { BY_OLD, BY_OLD },
		    VERIFY_MALFORMED },
		{ { "Other" }, { BY_OLD }, VERIFY_MISSING },
	};

	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:Primary, Secondary\";", "old", NULL);
	check_rows(rows, COUNT_OF(rows));
}

/* Recurly: the time, and a signature a key. */
static void
the_time_may_come_first(void **state)
{
#define GOOD "ab7bd212df57f3ef4ea3c17d4a1a71d8981ef595d4cd699b62517c68d89192a2"
	static const struct row rows[] = {
		{ { "X" }, { "1700000000," GOOD }, VERIFY_OK },
		{ { "X" }, { "1700000000, " WRONG "," GOOD }, VERIFY_OK },
		{ { "X" }, { "1700000000," WRONG }, VERIFY_FORGED },
		{ { "X" }, { "1700000001," GOOD }, VERIFY_FORGED },
		{ { "X" }, { GOOD }, VERIFY_MALFORMED },
		{ { "X" }, { "1700000000" }, VERIFY_MALFORMED },
		{ { "X" }, { "1700000000," }, VERIFY_MALFORMED },
		{ { "X" }, { "," GOOD }, VERIFY_MALFORMED },
		{ { "X" }, { "soon," GOOD }, VERIFY_MALFORMED },
		{ { "X" }, { GOOD ",1700000000" }, VERIFY_MALFORMED },
		{ { "Y" }, { "1700000000," GOOD }, VERIFY_OK },
		/* One time, and not the one of whoever comes last. */
		{ { "X", "Y" }, { "1700000000," GOOD, "1700000000," GOOD },
		    VERIFY_MALFORMED },
	};

	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X, Y\"; format = \"positional\"; "
	         "message = \"{timestamp}.{body}\";",
	    "s", NULL);
	check_rows(rows, COUNT_OF(rows));
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_str(b.headers[0].value, "1700000000," GOOD);
	b.request.received_ms = NOW_MS + 300001;
	assert_result(&b, VERIFY_STALE);
#undef GOOD
}

/* Persona: while a key is changed, each has its group, and that its time. */
static void
a_group_has_its_own_time(void **state)
{
#define OLDER                                                                  \
	"t=1699999000,v1="                                                     \
	"b911265359a4988b21a313ee0abc6de69fe9a3bebc2fee67ac592e50bdd5053d"
#define NEWER                                                                  \
	"t=1700000000,v1="                                                     \
	"3059c989fa84162df0f97ac049f47ef3901cb2d0450da51db83334ebd411d775"
#define NOISE "t=1700000000,v1=" WRONG
	static const struct row by_new[] = {
		{ { "X" }, { NEWER }, VERIFY_OK },
		{ { "X" }, { OLDER " " NEWER }, VERIFY_OK },
		{ { "X" }, { NEWER " " OLDER }, VERIFY_OK },
		{ { "X" }, { NOISE " " NOISE " " NOISE " " NEWER }, VERIFY_OK },
		{ { "X" }, { NOISE " " NOISE }, VERIFY_FORGED },
		/* Not a group more, however good. */
		{ { "X" }, { NOISE " " NOISE " " NOISE " " NOISE " " NEWER },
		    VERIFY_MALFORMED },
		{ { "X" }, { NEWER "  " NEWER }, VERIFY_MALFORMED },
		{ { "X" }, { NEWER " t=1700000000" }, VERIFY_MALFORMED },
		{ { "X" }, { "t=1700000000 " NEWER }, VERIFY_MALFORMED },
		{ { "X" }, { "t=x,v1=" WRONG " " NEWER }, VERIFY_MALFORMED },
	};
	/* The time of one group does not serve the signature of another. */
	static const struct row by_old[] = {
		{ { "X" }, { NEWER " " OLDER }, VERIFY_STALE },
		{ { "X" },
		    { "t=1700000000,v1="
		      "b911265359a4988b21a313ee0abc6de69fe9a3bebc2fee67ac592e50"
		      "bdd5053d " NEWER },
		    VERIFY_FORGED },
	};
	static const char group[] = HMAC "signature = \"header:X\"; "
	                                 "format = \"kv\"; "
	                                 "timestamp_key = \"t\"; "
	                                 "group_delimiter = \" \"; "
	                                 "message = \"{timestamp}.{body}\";";

	(void)state;
	bench_verifier(&b, NULL, group, "new", NULL);
	check_rows(by_new, COUNT_OF(by_new));
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_str(b.headers[0].value, NEWER);
	bench_verifier(&b, NULL, group, "old", NULL);
	check_rows(by_old, COUNT_OF(by_old));
}

/* Braintree: form fields, pairs of key and signature, a hashed secret. */
static void
a_pair_is_for_its_key(void **state)
{
#define GOOD "f51f7f8e03819654fb1a3839882e1c24f0c2d2e3"
#define BAD "051f7f8e03819654fb1a3839882e1c24f0c2d2e3"
#define OTHER "other%7C" BAD "%26"
#define FOUR OTHER OTHER OTHER OTHER
#define OTHERS FOUR FOUR FOUR FOUR FOUR
#define FIELDS                                                                 \
	HMAC "digest = \"sha1\"; key = \"sha1\"; "                             \
	     "signature = \"form:bt_signature\"; format = \"pairs\"; "         \
	     "delimiter = \"&\"; message = \"{form:bt_payload}\"; "            \
	     "fields_only = true; "
	static const struct {
		const char *body;
		enum verify_result ours, any;
	} rows[] = {
		{ "bt_signature=pub%7C" GOOD "&bt_payload=payload", VERIFY_OK,
		    VERIFY_OK },
		{ "bt_payload=payload&bt_signature=x%7Czz%26pub%7C" GOOD,
		    VERIFY_OK, VERIFY_OK },
		{ "bt_signature=other%7C" GOOD "&bt_payload=payload",
		    VERIFY_FORGED, VERIFY_OK },
		{ "bt_signature=other%7C" GOOD "%26pub%7C" BAD
		  "&bt_payload=payload",
		    VERIFY_FORGED, VERIFY_OK },
		{ "bt_signature=pub%7C" GOOD "%26other%7C" BAD
		  "&bt_payload=payload",
		    VERIFY_OK, VERIFY_OK },
		{ "bt_signature=" OTHERS OTHERS OTHERS "pub%7C" GOOD
		  "&bt_payload=payload",
		    VERIFY_OK, VERIFY_MALFORMED },
		{ "bt_signature=" OTHERS OTHERS OTHERS FOUR "pub%7C" GOOD
		  "&bt_payload=payload",
		    VERIFY_MALFORMED, VERIFY_MALFORMED },
		{ "bt_signature=other%7Czz&bt_payload=payload",
		    VERIFY_MALFORMED, VERIFY_MALFORMED },
		{ "bt_signature=pub%7C" GOOD "&bt_payload=payloae",
		    VERIFY_FORGED, VERIFY_FORGED },
		{ "bt_signature=" GOOD "&bt_payload=payload", VERIFY_MALFORMED,
		    VERIFY_MALFORMED },
		{ "bt_signature=pub%7C" GOOD "&bt_payload=payload"
		  "&bt_payload=payload",
		    VERIFY_MALFORMED, VERIFY_MALFORMED },
		{ "bt_signature=pub%7C" GOOD, VERIFY_MISSING, VERIFY_MISSING },
		{ "bt_payload=payload", VERIFY_MISSING, VERIFY_MISSING },
	};

	(void)state;
	bench_header(&b, "Content-Type", "application/x-www-form-urlencoded");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		b.request.body = str_of(rows[i].body);
		bench_verifier(&b, NULL, FIELDS "signature_key = \"pub\";", "s",
		    NULL);
		assert_result(&b, rows[i].ours);
		bench_verifier(&b, NULL, FIELDS "signature_key = \"\";", "s",
		    NULL);
		assert_result(&b, rows[i].any);
	}
#undef OTHERS
#undef FOUR
#undef OTHER
#undef BAD
#undef GOOD
}

/* Mailgun: the proof is an object of the body, and signs its own fields. */
static void
a_signature_may_stand_deep_in_the_body(void **state)
{
	static const char group[] = HMAC
	    "signature = \"json:signature.signature\"; "
	    "timestamp = \"json:signature.timestamp\"; "
	    "message = \"{timestamp}{json:signature.token}\"; "
	    "fields_only = true;";
	static const struct {
		const char *body;
		enum verify_result want;
	} rows[] = {
#define GOOD "80dc02ba14a0d16f6f5044aeeebbbced8945867129c0ca20d5403e4323ec78a0"
		{ "{\"signature\":{\"timestamp\":\"1700000000\",\"token\":"
		  "\"tok\",\"signature\":\"" GOOD "\"},\"event-data\":{}}",
		    VERIFY_OK },
		{ "{\"signature\":{\"timestamp\":1700000000,\"token\":"
		  "\"tok\",\"signature\":\"" GOOD "\"}}",
		    VERIFY_OK },
		{ "{\"signature\":{\"timestamp\":\"1700000000\",\"token\":"
		  "\"tok2\",\"signature\":\"" GOOD "\"}}",
		    VERIFY_FORGED },
		{ "{\"signature\":{\"timestamp\":\"1700000000\",\"token\":"
		  "\"tok\",\"token\":\"tok\",\"signature\":\"" GOOD "\"}}",
		    VERIFY_MALFORMED },
		{ "{\"signature\":\"" GOOD "\"}", VERIFY_MISSING },
#undef GOOD
	};

	(void)state;
	bench_verifier(&b, NULL, group, "s", NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		b.request.body = str_of(rows[i].body);
		assert_result(&b, rows[i].want);
	}
}

/* A captured proof, put into a text of a body that is read another way. */
static void
signed_fields_are_those_that_are_mapped(void **state)
{
#define PROOF "bt_signature=pub%7Cf51f7f8e03819654fb1a3839882e1c24f0c2d2e3"
	static const char hidden[] = "{\"bt_payload\":\"mine\",\"x\":\"&" PROOF
	                             "&bt_payload=payload&\"}";
	static const struct {
		const char *type;
		enum verify_result form, json;
	} types[] = {
		{ "application/x-www-form-urlencoded", VERIFY_OK,
		    VERIFY_MALFORMED },
		{ "application/json", VERIFY_MALFORMED, VERIFY_OK },
		{ "application/vnd.x+JSON; charset=utf-8", VERIFY_MALFORMED,
		    VERIFY_OK },
		{ "text/plain", VERIFY_MALFORMED, VERIFY_OK },
		{ "text/xml", VERIFY_MALFORMED, VERIFY_MALFORMED },
		{ "multipart/form-data; boundary=x", VERIFY_MALFORMED,
		    VERIFY_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		bench_clear_headers(&b);
		bench_header(&b, "Content-Type", types[i].type);
		b.request.body = str_of(hidden);
		bench_verifier(&b, NULL, FIELDS "signature_key = \"pub\";", "s",
		    NULL);
		assert_result(&b, types[i].form);
		b.request.body = STR("{\"p\":\"payload\"}&p=mine");
		bench_verifier(&b, NULL,
		    HMAC "digest = \"sha1\"; key = \"sha1\"; "
		         "signature = \"header:X\"; fields_only = true; "
		         "message = \"{json:p}\";",
		    "s", NULL);
		bench_header(&b, "X",
		    "f51f7f8e03819654fb1a3839882e1c24f0c2d2e3");
		assert_result(&b, types[i].json);
	}
#undef PROOF
}

static void
a_message_reaches_deep_into_json(void **state)
{
	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X\"; "
	         "message = \"{json:a.b[1].c}|{body}\";",
	    "s", NULL);
	bench_header(&b, "X",
	    "c5913897096cfa45351c669d642d51070a8f739cd2d3cc4f09aaa832922306db");
	b.request.body = STR(
	    "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":\"y\\n\"}]},\"n\":7}");
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"a\":{\"b\":[{\"c\":\"x\"}]},\"n\":7}");
	assert_result(&b, VERIFY_MISSING);
	b.request.body = STR(
	    "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":\"z\\n\"}]},\"n\":7}");
	assert_result(&b, VERIFY_FORGED);
}

static void
the_time_may_stand_at_a_path(void **state)
{
	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X\"; timestamp = \"json:meta.at[0]\"; "
	         "timestamp_unit = \"iso8601\";",
	    "s", NULL);
	bench_header(&b, "X",
	    "85c12ea8ef57c98cab7d1c829be11f5fa5e0df74adc904828403cd45fd6a6799");
	b.request.body = STR("{\"meta\":{\"at\":[\"2023-11-14T22:13:20Z\"]}}");
	assert_result(&b, VERIFY_OK);
	b.request.received_ms = NOW_MS + 300001;
	assert_result(&b, VERIFY_STALE);
	b.request.body = STR("{\"meta\":{\"at\":[]}}");
	assert_result(&b, VERIFY_MISSING);
}

/* Mandrill: address and fields; what is no form is not signed at all. */
static void
sorted_fields_are_all_of_a_form_and_nothing_else(void **state)
{
	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X\"; digest = \"sha1\"; "
	         "encoding = \"base64\"; message = \"{url}{sorted_form}\";",
	    "s", "https://x.example");
	bench_header(&b, "Content-Type", "application/x-www-form-urlencoded");
	bench_header(&b, "X", "n6zakisFQwxFr/y3l1Z5HNdtQ8s=");
	b.request.body = STR("b=2&a=1");
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("b=2&a=2");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("application/json");
	assert_result(&b, VERIFY_MALFORMED);
	/* Signed as empty, and sent with a body that no field is of. */
	b.request.body = STR("");
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"a\":1}");
	assert_result(&b, VERIFY_MALFORMED);
}

/* Solidgate: base64 of the digits; not of the bytes, not the digits alone. */
static void
a_signature_may_be_base64_of_its_digits(void **state)
{
	static const char right[] =
	    "N2Y3ZmE5MDYyMWIxZTNmMGVjNzgwOTRjY2FkNjA1MTRjNTMyZmQ3MTRmY2IzY2Rk"
	    "OTk4ZDYwMzI0ZTM3YTEzOGU2MzhhZmMxMDYwNjg1NzUxNDg0MjRlZDVmZTE2NmNj"
	    "MzQ1ZDZhZjhjN2JhOTRjMDFjYzk2MDY2OWE5ODU1NGE=";
	static const struct {
		const char *signature;
		enum verify_result want;
	} rows[] = {
		{ right, VERIFY_OK },
		{ "7f7fa90621b1e3f0ec78094ccad60514c532fd714fcb3cdd998d60324e37"
		  "a138e638afc106068575148424ed5fe166cc345d6af8c7ba94c01cc96066"
		  "9a98554a",
		    VERIFY_MALFORMED },
		{ "f3+pBiGx4/DseAlMytYFFMUy/XFPyzzdmY1gMk43oTjmOK/BBgaFdRSEJO1f"
		  "4WbMNF1q+Me6lMAcyWBmmphVSg==",
		    VERIFY_MALFORMED },
		{ "N2Y3Zg==", VERIFY_MALFORMED },
		{ "N2Y3", VERIFY_MALFORMED },
		{ "=", VERIFY_MALFORMED },
	};
	static char longer[1024];

	(void)state;
	bench_verifier(&b, NULL,
	    HMAC "signature = \"header:X\"; digest = \"sha512\"; "
	         "encoding = \"base64hex\"; message = \"pk{body}pk\";",
	    "secret", NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bench_clear_headers(&b);
		bench_header(&b, "X", rows[i].signature);
		assert_result(&b, rows[i].want);
	}
	snprintf(longer, sizeof(longer), "%.*s%s", 128, right, right);
	bench_clear_headers(&b);
	bench_header(&b, "X", longer);
	assert_result(&b, VERIFY_MALFORMED);
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_str(b.headers[0].value, right);
	b.request.body = STR("{\"a\":2}");
	assert_result(&b, VERIFY_FORGED);
}

/* Twilio: the user of HTTP Basic is in the address, or is not. */
static void
twilio_may_write_the_user_or_not(void **state)
{
	static const struct row rows[] = {
		{ { "X-Twilio-Signature", "Authorization" },
		    { "qRFHPCDfvoGfTOFfG7+WwazvJus=", "Basic dTpwQA==" },
		    VERIFY_OK },
		{ { "X-Twilio-Signature", "Authorization" },
		    { "DMJlqLEJ+5uJ6CrTLTfCrdI4cuA=", "Basic dTpw" },
		    VERIFY_OK },
		{ { "X-Twilio-Signature", "Authorization" },
		    { "dtrpv675JNv+tcASppyDt5oNOzI=", "Basic dTpw" },
		    VERIFY_OK },
		{ { "X-Twilio-Signature" }, { "dtrpv675JNv+tcASppyDt5oNOzI=" },
		    VERIFY_OK },
		{ { "X-Twilio-Signature", "Authorization" },
		    { "DMJlqLEJ+5uJ6CrTLTfCrdI4cuA=", "Basic dTpx" },
		    VERIFY_FORGED },
		{ { "X-Twilio-Signature", "Authorization" },
		    { "DMJlqLEJ+5uJ6CrTLTfCrdI4cuA=", "Basic ~" },
		    VERIFY_FORGED },
		{ { "X-Twilio-Signature", "Authorization" },
		    { "DMJlqLEJ+5uJ6CrTLTfCrdI4cuA=", "Bearer dTpw" },
		    VERIFY_FORGED },
		{ { "X-Twilio-Signature" }, { "DMJlqLEJ+5uJ6CrTLTfCrdI4cuA=" },
		    VERIFY_FORGED },
	};
	struct row row;

	(void)state;
	b.request.body = STR("b=2&a=1");
	bench_verifier(&b, "twilio", NULL, "12345", "https://x.example");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t k = 0;

		row = rows[i];
		while (row.names[k] != NULL)
			k++;
		row.names[k] = "Content-Type";
		row.values[k] = "application/x-www-form-urlencoded";
		check_rows(&row, 1);
	}
	bench_verifier(&b, "twilio", "url_any_user = false;", "12345",
	    "https://x.example");
	row = rows[1];
	row.names[2] = "Content-Type";
	row.values[2] = "application/x-www-form-urlencoded";
	row.want = VERIFY_FORGED;
	check_rows(&row, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(numbered_headers_are_candidates),
		TEST(a_number_may_stand_in_the_middle),
		TEST(all_headers_that_are_named_are_candidates),
		TEST(the_time_may_come_first),
		TEST(a_group_has_its_own_time),
		TEST(a_pair_is_for_its_key),
		TEST(a_signature_may_stand_deep_in_the_body),
		TEST(signed_fields_are_those_that_are_mapped),
		TEST(a_message_reaches_deep_into_json),
		TEST(the_time_may_stand_at_a_path),
		TEST(sorted_fields_are_all_of_a_form_and_nothing_else),
		TEST(a_signature_may_be_base64_of_its_digits),
		TEST(twilio_may_write_the_user_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
