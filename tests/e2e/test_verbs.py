"""The command line, as a person types it."""

import json
import os
import re
import shutil
import subprocess

import pytest

from house import FORM_SECRET, TYPEFORM, House, typeform_event

VERBS = ["check", "coverage", "deliveries", "demo", "explain", "forget",
         "journal", "map", "new", "query", "run", "sandbox", "schema", "send",
         "senders", "test", "transforms", "version"]
# Their examples need a bridge that runs, or a journal: test_deliveries_verbs.py.
OF_A_BRIDGE = {"deliveries", "forget", "journal"}


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("verbs"))
    h.write("event.json", typeform_event().decode())
    yield h
    h.close()


def test_help_lists_every_verb_and_each_has_its_own(house):
    out, _ = house.run("--help")
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", out, re.M), verb
        text, _ = house.run(verb, "--help")
        assert text.startswith(f"Usage: leadbridge {verb}")
        assert "--help" in text
        assert house.run("help", verb)[0] == text
    assert house.run("help")[0] == house.run("-h")[0] == out
    _, err = house.run("help", "chek", code=2)
    assert "did you mean 'check'?" in err


CODES = ("Exit codes: 0 ok, 1 found faults, 2 usage, 3 cannot run, "
         "78 run refuses its settings.\n")
# What an option of one name is called in every verb that has it.
SAME = {"config": "-c, --config FILE", "output": "-o, --output text|",
        "ca": "    --ca FILE", "help": "-h, --help"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_has_the_same_shape(house, verb):
    text, _ = house.run(verb, "--help")
    head, rest = text.split("\nOptions:\n")
    options, example = rest.split("\nFor example:\n")
    assert example.endswith("\n\n" + CODES)
    assert re.search(r"^[A-Z].*\.$", head.split("\n\n")[1])
    # Behind them a verb with parts says how to see those of one.
    lines = options.rstrip("\n").split("\n\n")[0].split("\n")
    for line in lines:
        # An option with its value, and its help from one column on; on a
        # line of its own where it would not fit.
        assert re.fullmatch(r"  (-\w,|   ) --[a-z-]+( \S+)?"
                            r"|(  (-\w,|   ) --[a-z-]+( \S+)?| ) +"
                            r"[A-Z].*\.", line), line
        if line.endswith("."):
            assert line[:31].endswith(" ") and line[31] != " ", line
        name = re.match(r".{4,6}--([a-z-]+)", line)
        if name and name[1] in SAME:
            assert line.strip().startswith(SAME[name[1]].strip()), line
    assert max(len(line) for line in text.splitlines()) < 125


@pytest.fixture(scope="module")
def newcomer(build, tmp_path_factory):
    """The folder of somebody who has done what `new --help` says."""
    h = House(build, tmp_path_factory.mktemp("newcomer"))
    shutil.rmtree(h.path("mappings"))
    h.run("new", "typeform")
    h.write("event.json", '{"form_response": {"hidden": {"a": 1}}}')
    h.write("captured.http", "POST / HTTP/1.1\nContent-Type: "
            'application/json\n\n{"lead_id": "l1", "email": "a@b.co"}')
    yield h
    h.close()


@pytest.mark.parametrize("verb", sorted(set(VERBS) - OF_A_BRIDGE - {
    "demo", "run", "sandbox", "send"}))
def test_the_examples_of_help_work(newcomer, verb):
    example = newcomer.run(verb, "--help")[0].split("For example:\n")[1]
    for line in re.findall(r"^  (leadbridge .*)$", example, re.M):
        assert line.split()[1] == verb
        shutil.rmtree(newcomer.path("mappings"))
        if line != "leadbridge new typeform":
            newcomer.run("new", "typeform")
        p = subprocess.run(
            ["sh", "-c", line.replace("leadbridge ", newcomer.program + " ",
                                      1)],
            cwd=newcomer.folder, capture_output=True, text=True, timeout=60)
        assert p.returncode == 0, (line, p.stderr)


def test_usage_errors_exit_2_and_name_the_nearest(house):
    _, err = house.run(code=2)
    assert "Usage:" in err
    _, err = house.run("chek", code=2)
    assert "did you mean 'check'?" in err
    _, err = house.run("map", code=2)
    assert "too few arguments" in err
    _, err = house.run("check", "--nope", code=2)
    assert "there is no option --nope" in err
    _, err = house.run("query", "--output", "xml", "$", code=2)
    assert "text|json" in err


def test_version(house):
    out, _ = house.run("version")
    assert re.match(r"leadbridge \d+\.\d+\.\d+\n", out)
    assert "OpenSSL 3" in out
    assert house.run("--version")[0] == house.run("-V")[0] == out


def test_check_says_ok(house):
    out, _ = house.run("check", "-c", "leadbridge.cfg")
    assert out.startswith("leadbridge.cfg: ok, 4 routes\n"
                          "worst case: ")
    assert out.count("\n") == 2


def test_check_warns_of_what_has_no_effect(house):
    with open(house.path("leadbridge.cfg")) as f:
        house.write("queued.cfg", f.read() +
                    '\njournal = { url = "memory:"; };\n')
    out, err = house.run("check", "-c", "queued.cfg")
    assert out.startswith("queued.cfg: ok, 4 routes\n")
    assert "queued.cfg: warning: journal: memory: keeps nothing over" in err
    with open(house.path("queued.cfg")) as f:
        house.write("kept.cfg",
                    f.read().replace("memory:", "sqlite:journal.db"))
    out, err = house.run("check", "-c", "kept.cfg")
    assert out.startswith("kept.cfg: ok, 4 routes\n")
    assert err == ""


@pytest.mark.parametrize("old,new,fault", [
    ('admin     = { address = "127.0.0.1:', 'admin = { address = "10.0.0.1:',
     "admin.address"),
    ('admin     = { address = "127.0.0.1:', 'admin = { address = "127.evil.com:',
     "admin.address"),
    ('listen    = ( { address = "127.0.0.1:', 'listen = ( { address = "127.0.0.1#',
     "listen.address"),
    ("workers   = 2", "workers = 4294967297", "would be changed"),
])
def test_check_refuses_what_run_could_not_use(house, old, new, fault):
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert old in text
    house.write("wrong.cfg", text.replace(old, new))
    _, err = house.run("check", "-c", "wrong.cfg", code=1)
    assert fault in err


def test_a_key_written_where_its_name_belongs_is_not_repeated(house):
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    house.write("pasted.cfg", text.replace('api_key = "leadsail"',
                                           'api_key = "sk_live_4711"'))
    out, err = house.run("check", "-c", "pasted.cfg", code=1)
    assert "api_key: there is no secret of that name" in err
    assert "sk_live_4711" not in out + err


def test_a_mapping_alone_is_checked_for_its_proof_too(house):
    house.write("proof/mapping.cfg", TYPEFORM.replace(
        'sender   = "typeform"', 'sender   = "typfeorm"'))
    _, err = house.run("check", "proof/mapping.cfg", code=1)
    assert "did you mean 'typeform'?" in err


def test_two_bridges_do_not_share_a_port(house):
    house.start()
    try:
        with open(house.path("leadbridge.cfg")) as f:
            text = f.read()
        house.write("twin.cfg", text.replace(
            f'admin     = {{ address = "127.0.0.1:{house.admin_port}"',
            'admin = { address = "127.0.0.1:0"'))
        _, err = house.run("run", "-c", "twin.cfg", code=3)
        assert "Address already in use" in err
    finally:
        assert house.stop() == 0


def test_check_reports_every_fault_of_every_file_at_once(house):
    bad = house.write("bad/mappings/a/mapping.cfg", '''
route    = "/hooks/a";
sender   = "typefrom";
secret   = "typeform";
upstream = "leadsial";
lead_id  = "{$.lead_id}";
update: {
  emial = "{$.email | lowr}";
  status = "unheard-of";
};
''')
    for name in ("api.key", "form.secret"):
        house.write(f"bad/{name}", "x\n", 0o600)
    house.write("bad/leadbridge.cfg", '''
workres   = 2;
listen    = ( { address = "127.0.0.1:8080"; } );
limits    = { body = "1X"; };
upstreams = { leadsail = { url = "https://localhost"; api_key = "leadsail"; }; };
secrets   = { leadsail = { file = "api.key"; };
              typeform = { file = "form.secret"; }; };
routes    = "mappings/*/mapping.cfg";
''')
    _, err = house.run("check", "-c", "bad/leadbridge.cfg", code=1)
    for line in ("leadbridge.cfg:2:1: workres: there is no such setting; "
                 "did you mean 'workers'?",
                 "leadbridge.cfg:4:22: limits.body:",
                 "mapping.cfg:3:", "'typeform'?",
                 "mapping.cfg:8:", "'email'?", "'lower'?",
                 "mapping.cfg:9:12: update.status:"):
        assert line in err, (line, err)
    assert bad  # the file is part of what was checked


def test_check_without_its_file(house):
    _, err = house.run("check", "-c", "nowhere.cfg", code=1)
    assert "nowhere.cfg: cannot be read: No such file or directory" in err


def test_run_with_broken_settings_exits_78(house):
    """Of its own: no start will do better, and a service manager is told."""
    house.write("broken.cfg", "workers = ;")
    _, err = house.run("run", "-c", "broken.cfg", code=78)
    assert "broken.cfg:1:11: a value is missing here" in err


def test_map_prints_lead_id_and_body(house):
    out, _ = house.run("map", "mappings/typeform/mapping.cfg", "event.json")
    lead, body = out.splitlines()
    assert lead == "lead_abc123"
    assert json.loads(body)["email"] == "laura@example.com"
    again, _ = house.run("map", "mappings/typeform", "event.json",
                         "--output", "json", "-c", "leadbridge.cfg")
    assert json.loads(again) == {"leadId": lead, "update": json.loads(body)}


def test_map_shows_faults_and_exits_1(house):
    house.write("bad.json", typeform_event(email="x").decode())
    _, err = house.run("map", "mappings/typeform", "bad.json", code=1)
    assert "update.email" in err


def test_query_prints_a_value_a_line(house):
    doc = '{"a":[1,{"b":19.99},"x"]}'
    out, _ = house.run("query", "$.a[*]", stdin=doc)
    assert out == '1\n{"b":19.99}\n"x"\n'
    out, _ = house.run("query", "--output", "json", "$..b", "-", stdin=doc)
    assert out == "[19.99]\n"
    out, _ = house.run("query", "$.nope", stdin=doc)
    assert out == ""


def test_query_shows_where_a_path_is_wrong(house):
    _, err = house.run("query", "$.a[", stdin="{}", code=1)
    assert "column 5" in err
    assert "\n  $.a[\n      ^\n" in err
    _, err = house.run("query", "$.a", stdin='{"a":}', code=1)
    assert "1:6" in err


def test_schema_is_json_schema_of_the_contract(house):
    schema = json.loads(house.run("schema")[0])
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["additionalProperties"] is False
    assert schema["properties"]["phone"]["minLength"] == 10
    assert len(schema["properties"]["status"]["enum"]) == 23


def test_test_runs_samples_and_shows_what_differs(house):
    folder = "samples-test/typeform"
    house.write(f"{folder}/mapping.cfg", TYPEFORM)
    house.write(f"{folder}/samples/one.json", typeform_event().decode())
    want = {"leadId": "lead_abc123", "update": {
        "firstName": "Laura", "lastName": "Diaz",
        "email": "laura@example.com", "tags": ["typeform", "form-lT4Z3j"],
        "customFields": {"score": 19.99}}}
    house.write(f"{folder}/samples/one.expected.json", json.dumps(want))
    out, _ = house.run("test", "samples-test")
    assert out.endswith("1 passed, 0 failed\n")
    want["update"]["email"] = "other@example.com"
    house.write(f"{folder}/samples/one.expected.json", json.dumps(want))
    out, _ = house.run("test", "samples-test", code=1)
    assert ('update.email: expected "other@example.com", got '
            '"laura@example.com"') in out


def test_send_signs_as_the_sender_does(house):
    house.start()
    try:
        to = f"http://127.0.0.1:{house.port}"
        args = ("mappings/typeform", "event.json", "-c", "leadbridge.cfg")
        out, err = house.run("send", "--to", to, *args)
        assert json.loads(out) == {"success": True, "data": None}
        assert "HTTP 200 OK" in err
        out, _ = house.run("send", "--to", f"https://localhost:{house.tls_port}",
                           "--ca", house.ca, *args)
        assert json.loads(out)["success"] is True
        _, err = house.run("send", "--to",
                           f"https://localhost:{house.tls_port}", *args,
                           code=3)
        assert "certificate" in err
        house.write("form.secret.other", "other\n", 0o600)
        house.write("other.cfg",
                    'secrets = { typeform = { file = "form.secret.other"; }; };')
        out, err = house.run("send", "--to", to, "mappings/typeform",
                             "event.json", "-c", "other.cfg", code=1)
        assert "HTTP 401" in err
        assert FORM_SECRET not in out + err
    finally:
        assert house.stop() == 0


def test_senders_lists_the_presets_and_shows_one(house):
    out, _ = house.run("senders")
    assert re.search(r"^typeform +Typeform", out, re.M)
    names = [line.split()[0] for line in out.splitlines()]
    assert names == sorted(names) and len(names) > 40
    listed = json.loads(house.run("senders", "--output", "json")[0])
    assert [s["name"] for s in listed] == names
    out, _ = house.run("senders", "show", "stripe", "--raw")
    assert 'message       = "{timestamp}.{body}";' in out
    _, err = house.run("senders", "show", "typefrom", code=1)
    assert "did you mean 'typeform'?" in err
    assert house.run("senders", "stripe", "--raw")[0] == out
    _, err = house.run("senders", "list", code=1)
    assert "there is no sender 'list'" in err
    house.run("senders", "show", code=2)
    house.run("senders", "show", "stripe", "tally", code=2)


def test_a_closed_output_is_an_error(house):
    with open("/dev/full", "w") as full:
        p = subprocess.run([house.program, "schema"], stdout=full,
                           stderr=subprocess.PIPE, text=True, timeout=20)
    assert p.returncode == 3
    assert "cannot write" in p.stderr


def test_the_demo_goes_through(house, tmp_path):
    out, _ = house.run("demo")
    assert "All 4 went as they should." in out
    for text in ("HTTP 200", "HTTP 401", "HTTP 422", "NOT_FOUND",
                 "PATCH /api/v1/leads/lead_abc123", "VALIDATION_ERROR",
                 "Typeform-Signature: sha256="):
        assert text in out, text
    assert "demo-api-key" not in out
    out, _ = house.run("demo", "--dir", str(tmp_path / "kept"))
    assert os.path.exists(tmp_path / "kept" / "leadbridge.cfg")
