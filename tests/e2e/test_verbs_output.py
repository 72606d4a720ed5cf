"""What `test` prints for machines, and `send` without a mapping."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from house import FORM_SECRET, TYPEFORM, House, typeform_event

WANT = {"leadId": "lead_abc123", "update": {
    "firstName": "Laura", "lastName": "Diaz",
    "email": "laura@example.com", "tags": ["typeform", "form-lT4Z3j"],
    "customFields": {"score": 19.99}}}


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("output"))
    h.write("event.json", typeform_event().decode())
    sample(h, "good", "fits", WANT)
    sample(h, "bad", "fits", WANT)
    wrong = json.loads(json.dumps(WANT))
    wrong["update"]["email"] = "<\"&'\ufffe\x7f"
    wrong["update"]["customFields"]["score"] = 20
    wrong["leadId"] = "lead_other"
    sample(h, "bad", "other name", wrong)
    h.write("bad/one/samples/torn.json", "{}")
    h.write("bad/one/samples/torn.expected.json", "{\n  \"leadId\": 1,,\n}")
    h.write("bad/two/mapping.cfg", TYPEFORM.replace("| lower", "| lowr"))
    h.write("bad/three/mapping.cfg", TYPEFORM)
    yield h
    h.close()


def sample(house, top, name, want):
    folder = f"{top}/one"
    house.write(f"{folder}/mapping.cfg", TYPEFORM)
    house.write(f"{folder}/samples/{name}.json", typeform_event().decode())
    house.write(f"{folder}/samples/{name}.expected.json", json.dumps(want))


def line_of(text, part):
    return 1 + text[:text.index(part)].count("\n")


EMAIL, SCORE, LEAD = (line_of(TYPEFORM, w) for w in (
    "email ", "score", "lead_id "))


def test_every_form_has_the_same_exit_codes(house):
    house.write("hollow/readme", "no mapping\n")
    for form in ("text", "junit", "json", "sarif"):
        house.run("test", "--output", form, "good")
        house.run("test", "--output", form, "bad", code=1)
        out, err = house.run("test", "--output", form, "nowhere", code=3)
        assert "nowhere: no mapping is there" in err and out == ""
        house.run("test", "--output", form, "hollow", code=3)
    _, err = house.run("test", "--output", "xml", "good", code=2)
    assert "--output takes text|junit|json|sarif, not 'xml'" in err


def test_text_is_what_it_was_without_the_option(house):
    assert house.run("test", "--output", "text", "bad", code=1) == \
        house.run("test", "bad", code=1)
    out, err = house.run("test", "bad", code=1)
    assert out.endswith("1 passed, 4 failed\n")
    assert "ok    bad/one/samples/fits.json\n" in out
    assert re.search(r'    bad/one/mapping\.cfg:\d+: update\.customFields\.'
                     r'score: expected 20, got 19\.99\n'
                     r'FAIL  bad/one/samples/other name\.json\n', out)
    assert "FAIL  bad/three: has no samples\n" in out
    assert "FAIL  bad/two/mapping.cfg\n" in out
    assert f"bad/two/mapping.cfg:{EMAIL}:" in err


def test_text_writes_out_what_cannot_be_seen(house):
    want = json.loads(json.dumps(WANT))
    want["update"]["email"] = "a\x9b31m\u202eb"
    sample(house, "hidden", "x", want)
    out, _ = house.run("test", "hidden", code=1)
    assert 'expected "a\\u009b31m\\u202eb"' in out
    assert "\x9b" not in out and "\u202e" not in out


def test_json_names_file_and_line(house):
    got = json.loads(house.run("test", "--output", "json", "bad", code=1)[0])
    assert (got["passed"], got["failed"]) == (1, 4)
    cases = {c["file"]: c for c in got["cases"]}
    assert len(cases) == 5
    assert cases["bad/one/samples/fits.json"] == {
        "mapping": "bad/one", "file": "bad/one/samples/fits.json",
        "passed": True, "findings": []}
    wrong = cases["bad/one/samples/other name.json"]
    assert wrong["passed"] is False
    where = {f["text"].split(":")[0]: (f["rule"], f["file"], f["line"])
             for f in wrong["findings"]}
    assert where == {
        place: ("sample-differs", "bad/one/mapping.cfg", line)
        for place, line in (("leadId", LEAD), ("update.email", EMAIL),
                            ("update.customFields.score", SCORE))}
    torn, = cases["bad/one/samples/torn.json"]["findings"]
    assert (torn["rule"], torn["line"]) == ("sample-unreadable", 2)
    assert torn["file"] == "bad/one/samples/torn.expected.json"
    fault, = cases["bad/two/mapping.cfg"]["findings"]
    assert (fault["rule"], fault["file"], fault["line"]) == (
        "mapping-wrong", "bad/two/mapping.cfg", EMAIL)
    empty, = cases["bad/three/mapping.cfg"]["findings"]
    assert empty["rule"] == "mapping-untested"


def test_junit_is_xml_that_adds_up(house):
    root = ElementTree.fromstring(
        house.run("test", "--output", "junit", "bad", code=1)[0])
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures")) == ("5", "4")
    # What the schemas of JUnit's readers know; strict ones refuse the rest.
    known = {"testsuites": {"name", "tests", "failures", "errors", "time"},
             "testsuite": {"name", "tests", "failures", "errors", "time"},
             "testcase": {"classname", "name", "time"},
             "failure": {"type", "message"}}
    for element in root.iter():
        assert set(element.keys()) == known[element.tag]
        if "time" in known[element.tag]:
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time"))
    suites = {s.get("name"): s for s in root}
    assert set(suites) == {"bad/one", "bad/two", "bad/three"}
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("errors") == "0"
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(
            suite.findall("testcase/failure"))
    cases = {c.get("name"): c for c in suites["bad/one"]}
    assert cases["fits.json"].find("failure") is None
    wrong = cases["other name.json"]
    assert wrong.get("classname") == "bad/one"
    assert set(wrong.keys()) == {"classname", "name", "time"}
    failure = wrong.find("failure")
    assert failure.get("type") == "sample-differs"
    assert failure.get("message").startswith("leadId: expected")
    # What XML has no character for is written out.
    assert (f'bad/one/mapping.cfg:{EMAIL}: update.email: expected '
            '"<\\"&\'\\ufffe\x7f", got "laura@example.com"') in failure.text


def test_sarif_points_at_the_line_to_mend(house):
    log = json.loads(house.run("test", "--output", "sarif", "bad", code=1)[0])
    assert log["version"] == "2.1.0" and "sarif-2.1.0" in log["$schema"]
    run, = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "leadbridge"
    assert house.run("version")[0].split()[1] == driver["version"]
    found = set()
    for result in run["results"]:
        assert result["level"] == "error" and result["message"]["text"]
        rule = driver["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"].endswith(".")
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        found.add((rule["id"], place["artifactLocation"]["uri"],
                   place["region"]["startLine"]))
        if rule["id"] == "sample-differs":
            other = result["relatedLocations"][0]["physicalLocation"]
            assert other["artifactLocation"]["uri"] == \
                "bad/one/samples/other%20name.json"
    assert found == {
        ("sample-differs", "bad/one/mapping.cfg", LEAD),
        ("sample-differs", "bad/one/mapping.cfg", EMAIL),
        ("sample-differs", "bad/one/mapping.cfg", SCORE),
        ("sample-unreadable", "bad/one/samples/torn.expected.json", 2),
        ("mapping-wrong", "bad/two/mapping.cfg", EMAIL),
        ("mapping-untested", "bad/three/mapping.cfg", 1)}


# SARIF 2.1.0, what we use of it: the members that a thing must have, and
# all that it may have.
SARIF = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"results", "columnKind"}),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"version", "rules", "informationUri"}),
    "rule": ({"id"}, {"shortDescription"}),
    "shortDescription": ({"text"}, set()),
    "result": ({"message"}, {"ruleId", "ruleIndex", "level", "locations",
                             "relatedLocations"}),
    "message": ({"text"}, set()),
    "location": (set(), {"physicalLocation"}),
    "physicalLocation": ({"artifactLocation"}, {"region"}),
    "artifactLocation": ({"uri"}, set()),
    "region": ({"startLine"}, {"startColumn"}),
}
ITEMS = {"runs": "run", "rules": "rule", "results": "result",
         "locations": "location", "relatedLocations": "location"}


def check_sarif(kind, value):
    must, may = SARIF[kind]
    assert must <= set(value) <= must | may, (kind, value)
    for name, member in value.items():
        if name in ITEMS:
            assert isinstance(member, list)
            for item in member:
                check_sarif(ITEMS[name], item)
        elif name in SARIF:
            check_sarif(name, member)
        elif name in ("startLine", "startColumn"):
            assert isinstance(member, int) and member >= 1
        elif name == "ruleIndex":
            assert isinstance(member, int) and member >= 0
        else:
            assert isinstance(member, str) and member
            assert name != "uri" or re.fullmatch(
                r"[A-Za-z0-9._~:/%-]+", member)


@pytest.mark.parametrize("folder, code", [("good", 0), ("bad", 1)])
def test_sarif_has_what_its_schema_asks_for_and_nothing_else(
        house, folder, code):
    log = json.loads(house.run("test", "--output", "sarif", folder,
                               code=code)[0])
    check_sarif("log", log)
    run, = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert result["level"] in ("none", "note", "warning", "error")


def test_sarif_of_an_absolute_folder_has_file_uris(house):
    log = json.loads(house.run("test", "--output", "sarif",
                               house.path("bad"), code=1)[0])
    uri = (log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
           ["artifactLocation"]["uri"])
    assert uri == "file://" + house.path("bad/one/mapping.cfg")
    good = json.loads(house.run("test", "--output", "sarif", "good")[0])
    assert good["runs"][0]["results"] == []


@pytest.fixture(scope="module")
def bridge(house):
    house.start()
    yield house
    assert house.stop() == 0


def by_sender(house, *args, path="/hooks/typeform", code=0):
    return house.run("send", "--sender", "typeform", "--to",
                     f"http://127.0.0.1:{house.port}{path}", *args, code=code)


def test_send_signs_for_a_sender_without_a_mapping(bridge):
    out, err = by_sender(bridge, "--secret-file", "form.secret", "event.json")
    assert json.loads(out) == {"success": True, "data": None}
    assert "HTTP 200 OK" in err
    out, err = bridge.run(
        "send", "--sender", "typeform", "--secret-file", "form.secret",
        "--ca", bridge.ca, "--to",
        f"https://localhost:{bridge.tls_port}/hooks/typeform", "event.json")
    assert "HTTP 200 OK" in err
    # The settings beside it have a secret of the sender's name.
    assert "HTTP 200" in by_sender(bridge, "event.json")[1]
    assert "HTTP 200" in by_sender(bridge, "-c", "leadbridge.cfg",
                                   "event.json")[1]


def test_send_takes_the_path_of_a_captured_request(bridge):
    bridge.write("captured.http", "POST /hooks/typeform HTTP/1.1\n"
                 "Content-Type: application/json\n"
                 "Typeform-Signature: sha256=stale\n\n"
                 + typeform_event().decode())
    args = ("--secret-file", "form.secret", "captured.http")
    assert "HTTP 200" in by_sender(bridge, *args, path="")[1]
    assert "HTTP 200" in by_sender(bridge, *args, path="/")[1]
    assert "HTTP 404" in by_sender(bridge, *args, path="/other", code=1)[1]


def test_send_with_another_secret_is_refused(bridge):
    odd = bridge.write('o"d\\.secret', "another-secret\n", 0o600)
    out, err = by_sender(bridge, "--secret-file", odd, "event.json", code=1)
    assert "HTTP 401" in err
    assert "another-secret" not in out + err


def test_send_says_what_is_missing(bridge):
    def refused(*args, code=1):
        out, err = by_sender(bridge, *args, code=code)
        assert out == "" and FORM_SECRET not in err
        return err

    bridge.write("none.cfg", "secrets = { };")
    err = refused("-c", "none.cfg", "event.json")
    assert "the secret of 'typeform' is needed: --secret-file FILE" in err
    assert "missing.secret" in refused("--secret-file", "missing.secret",
                                       "event.json")
    bridge.write("open.secret", "x\n", 0o644)
    assert "open.secret" in refused("--secret-file", "open.secret",
                                    "event.json")
    assert "none.json: cannot be read" in refused(
        "--secret-file", "form.secret", "none.json", code=3)
    assert "SAMPLE alone" in refused("mappings/typeform", "event.json", code=2)
    to = f"http://127.0.0.1:{bridge.port}"
    _, err = bridge.run("send", "--to", to, "--sender", "typfeorm",
                        "event.json", code=1)
    assert "did you mean 'typeform'?" in err
    _, err = bridge.run("send", "--to", to, "--secret-file", "form.secret",
                        "mappings/typeform", "event.json", code=2)
    assert "--secret-file goes with --sender" in err


@pytest.mark.parametrize("tls", [False, True])
def test_an_answer_that_comes_early_is_the_answer(bridge, tls):
    bridge.write("large.json", '"' + "x" * (12 << 20) + '"')
    to = (f"https://localhost:{bridge.tls_port}" if tls
          else f"http://127.0.0.1:{bridge.port}")
    out, err = bridge.run("send", "--sender", "typeform", "--secret-file",
                          "form.secret", "--ca", bridge.ca, "--to",
                          to + "/hooks/typeform", "large.json", code=1)
    assert "HTTP 413" in err
    assert json.loads(out)["error"]["code"] == "CONTENT_TOO_LARGE"
