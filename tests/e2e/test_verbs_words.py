"""What somebody is told who does not know the program yet: by each mistake
what is wrong, where, and what to do."""

import json
import re

import pytest

from house import House, typeform_event
from journal_api import Api

SETTINGS = """
route    = "/hooks/x";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "{$.id}";
"""
QUEUED = """
route    = "/hooks/typeform";
sender   = "typeform";
secret   = "typeform";
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.form_response.hidden.lead_id}";
update: { detail = "{$.event_id}"; };
"""
NOTED = """
route    = "/hooks/noted";
sender   = "standard-webhooks";
secret   = "noted";
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    api = Api()
    h = House(build, tmp_path_factory.mktemp("words"), upstream=api.url,
              mappings={"typeform": QUEUED, "noted": NOTED},
              settings='journal = { url = "memory:"; };')
    h.write("noted.secret", "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\n",
            0o600)
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        "secrets   = {", 'secrets   = { noted = { file = "noted.secret"; };'))
    h.write("event.json", typeform_event().decode())
    h.start()
    yield h
    assert h.close() == 0
    api.close()


@pytest.mark.parametrize("word,meant", [
    ("status", "doctor"), ("validate", "check"), ("replay",
                                                  "deliveries retry"),
    ("dlq", "deliveries list --state dead"), ("chekc", "check")])
def test_what_other_tools_call_it_is_known(house, word, meant):
    _, err = house.run(word, code=2)
    assert f"there is no verb '{word}'; did you mean '{meant}'?" in err
    house.run(*meant.split(), "--help")


def test_a_word_that_is_like_nothing_is_like_nothing(house):
    _, err = house.run("zzz", code=2)
    assert err == ("leadbridge: there is no verb 'zzz'; see 'leadbridge "
                   "--help'\n")


@pytest.mark.parametrize("update,fault", [
    ('email = {$.a};', '9: a text stands in double quotes, a path as'),
    ('email = "{$["a"]}";', ' the text ends here; a " within it'),
    ('email = "{$.a};\n  phone = "{$.b}";', "its closing \" is missing"),
    ('email = "a"; email = "b";', "'email' stands twice in this group, "
                                  "first in line 7"),
])
def test_a_mistake_of_the_grammar_is_shown(house, update, fault):
    house.write("wrong.cfg", SETTINGS + f"update: {{\n  {update}\n}};")
    _, err = house.run("check", "wrong.cfg", code=1)
    first, line, mark = err.splitlines()[:3]
    where = re.match(r"wrong\.cfg:7:(\d+): ", first)
    assert where and fault in first.replace(where[1] + ":", "9:", 1)
    assert line == "    7 |   " + update.splitlines()[0]
    # The mark is under the column.
    assert mark == "      | " + " " * (int(where[1]) - 1) + "^"


def test_a_line_of_the_settings_is_not_shown(house):
    house.write("wrong.cfg", 'journal = { url = "postgresql://u:hunter2@h/d"\n'
                             ' keep = ; };')
    _, err = house.run("check", "-c", "wrong.cfg", code=1)
    assert err == "wrong.cfg:2:9: a value is missing here\n"
    house.write("wrong.cfg", 'secrets = { a = hunter2; };')
    _, err = house.run("check", "-c", "wrong.cfg", code=1)
    assert "wrong.cfg:1:17: " in err and "hunter2" not in err


@pytest.mark.parametrize("update,event,line,column,fault", [
    ('firstName = "{$.list[*]}";', {"list": ["a", "b"]}, 7, 15,
     "update.firstName: $.list[*] selects 2 values here"),
    ('address: {\n city = "{$.n | trim}"; };', {"n": {"a": 1}}, 8, 9,
     "update.address.city: trim: takes text, and was given an object"),
    ('questionnaire: { each = "$.q";\n as: { key = "{@.k}";\n'
     ' answer = "{@.a | integer}"; }; };', {"q": [{"k": "k", "a": "x"}]},
     9, 11, "update.questionnaire[].answer: integer: the text is not"),
])
def test_what_a_sample_breaks_is_shown_in_the_mapping(house, update, event,
                                                      line, column, fault):
    house.write("m.cfg", SETTINGS + f"update: {{\n  {update}\n}};")
    house.write("e.json", json.dumps({"id": "l1", **event}))
    for verb in ("map", "explain"):
        _, err = house.run(verb, "m.cfg", "e.json", code=1)
        assert err.startswith(f"m.cfg:{line}:{column}: {fault}"), err
        assert err.splitlines()[2] == "      | " + " " * (column - 1) + "^"
        assert "leadbridge:" not in err
    # A machine is told as before.
    out, _ = house.run("map", "m.cfg", "e.json", "-o", "json", code=1)
    assert json.loads(out)["error"]["details"][0].startswith(fault)


def test_a_fault_of_the_event_has_no_line_of_the_mapping(house):
    house.write("m.cfg", SETTINGS + 'update: { detail = "{$.a}"; };')
    house.write("e.json", '{"id": "l1",}')
    _, err = house.run("map", "m.cfg", "e.json", code=1)
    assert err.startswith("leadbridge: body:1:13: ")


def send(house, name, sample, *more):
    out, _ = house.run("send", "--to", f"http://127.0.0.1:{house.port}",
                       f"mappings/{name}", sample, *more)
    return json.loads(out)["data"]["delivery"]


def test_the_same_sample_is_another_event_with_a_new_id(house):
    first = send(house, "typeform", "event.json")
    assert send(house, "typeform", "event.json") == first
    others = {send(house, "typeform", "event.json", "--new-id")
              for _ in range(3)}
    assert len(others) == 3 and first not in others
    out, _ = house.run("deliveries", "show", first, "-o", "json")
    assert json.loads(json.loads(out)["event"].split("\r\n\r\n")[1])[
        "event_id"] == "01H8V7XQ2M"


def test_a_new_id_is_of_the_old_ones_kind(house):
    delivery = send(house, "typeform", "event.json", "--new-id")
    out, _ = house.run("deliveries", "show", delivery, "-o", "json")
    body = json.loads(out)["event"].split("\r\n\r\n")[1]
    fresh = json.loads(body)["event_id"]
    assert re.fullmatch(r"[1-9]{2}[G-Z][1-9][G-Z][1-9][G-Z]{2}[1-9][G-Z]",
                        fresh), fresh
    # Nothing else is touched.
    assert body.replace(fresh, "01H8V7XQ2M") == typeform_event().decode()


def test_an_id_in_a_header_is_renewed_there(house):
    house.write("noted.http",
                "POST /hooks/noted HTTP/1.1\nHost: h\nwebhook-id: msg_12ab\n"
                "Content-Type: application/json\n\n"
                '{"lead":"l9","detail":"msg_12ab, msg_12abc"}')
    first = send(house, "noted", "noted.http")
    assert send(house, "noted", "noted.http") == first
    other = send(house, "noted", "noted.http", "--new-id")
    assert other != first
    event = json.loads(house.run("deliveries", "show", other, "-o",
                                 "json")[0])["event"]
    fresh = re.search(r"webhook-id: (\S+)", event)[1]
    assert fresh != "msg_12ab" and re.fullmatch(r"[g-z]{3}_[1-9]{2}[a-f]{2}",
                                                fresh)
    assert f'"detail":"{fresh}, msg_12abc"' in event


def test_without_an_id_there_is_no_new_one(house):
    house.write("bare.json", '{"event_type": "form_response"}')
    args = ("send", "--to", f"http://127.0.0.1:{house.port}",
            "mappings/typeform", "--new-id")
    _, err = house.run(*args, "bare.json", code=1)
    assert "the sample has no id of its sender's" in err
    house.write("hidden.json", '{"event_id": "\\u0061bc"}')
    _, err = house.run(*args, "hidden.json", code=1)
    assert "not written as it reads" in err


def test_send_says_what_it_lacks(house):
    _, err = house.run("send", "mappings/typeform", "event.json", code=2)
    assert "--to URL is needed, where the bridge listens" in err
    url = f"https://localhost:{house.tls_port}"
    args = ("send", "mappings/typeform", "event.json")
    _, err = house.run(*args, "--to", url, code=3)
    assert "--ca FILE names an authority to trust" in err
    _, err = house.run(*args, "--to", url.replace("localhost", "0.0.0.0"),
                       "--ca", house.ca, code=3)
    assert "its certificate is for other names than this" in err


def test_a_key_in_a_file_is_changed_there(house):
    _, err = house.run("key", "rotate", "leadsail", code=3)
    assert "changed by writing the file" in err


def test_events_that_name_no_lead_are_not_of_one(house):
    body = {"items": [{"first_name": "A", "email": "a@example.com"},
                      {"first_name": "B", "email": "b@example.com"}]}
    head = "POST /x?lead_id=l1 HTTP/1.1\nHost: h\n" \
           "Content-Type: application/json\n\n"
    house.write("several.http", head + json.dumps(body))
    _, err = house.run("new", "--from", "several.http", "hooks/several")
    assert "All events of a webhook would go to one lead" in err
    with open(house.path("hooks/several/mapping.cfg")) as f:
        assert re.search(r"# Each event of a webhook would go to the same "
                         r"lead: .*\n# .*\nlead_id ", f.read())
    for n, item in enumerate(body["items"]):
        item["lead_id"] = f"l{n}"
    house.write("several.http", head + json.dumps(body))
    _, err = house.run("new", "--from", "several.http", "hooks/each")
    assert "one lead" not in err
