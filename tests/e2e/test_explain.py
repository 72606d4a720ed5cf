"""explain: where each field of an update came from."""

import json
import re

import pytest

from house import House

MAPPING = """
route    = "/hooks/t";
verify:  { type = "none"; };
upstream = "leadsail";
when = "$.kind != 'ping'";
lead_id = "{$.id}";
update: {
  email   = "{$.mail ?? $.contact.email | trim | lower}";
  phone   = "{$.contact.phone | phone('CH')}";
  lastName = "{$.last | trim | lower}";
  country = "US";
  address: { street = "{$.street} {$.number}"; };
  tags     = ( "web", "{$.labels | list}" );
  detail   = "{$.to | default($.contact.owner)}";
};
"""

EVENT = {"kind": "lead", "id": "l1", "street": "Way", "number": 5,
         "token": "unread", "labels": "x",
         "contact": {"email": " A@B.CH ", "fax": None,
                     "phone": "079 123 45 67", "owner": "o1"}}


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("explain"))
    h.write("m.cfg", MAPPING)
    h.write("event.json", json.dumps(EVENT))
    yield h
    h.close()


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_each_field_by_its_source_its_steps_and_its_value(house):
    out, err = house.run("explain", "m.cfg", "event.json")
    assert err == ""
    shown = lines(out)
    for line in (
            "when wanted",
            'lead_id $.id "l1"',
            'update.email $.mail absent $.contact.email " A@B.CH " '
            '| trim -> "A@B.CH" | lower -> "a@b.ch"',
            'update.phone $.contact.phone "079 123 45 67" '
            "| phone('CH') -> \"+41791234567\"",
            "update.lastName $.last absent",
            'update.country = "US"',
            'update.tags[1] $.labels "x" | list -> ["x"]',
            'update.address.street $.street "Way" $.number 5 = "Way 5"',
            'update.detail $.to absent with $.contact.owner "o1" '
            '| default($.contact.owner) -> "o1"'):
        assert line in shown, (line, shown)


def test_below_stands_what_no_field_took(house):
    out, _ = house.run("explain", "m.cfg", "event.json")
    shown = lines(out)
    assert shown[shown.index("nothing came of"):] == [
        "nothing came of", "$.kind \"lead\"", "$.token \"unread\"",
        "$.contact.fax null"]


def test_explain_as_json(house):
    out, _ = house.run("explain", "m.cfg", "event.json", "--output", "json")
    told = json.loads(out)
    assert told["unused"] == ["$['kind']", "$['token']", "$['contact']['fax']"]
    assert told["outcome"] == json.loads(
        house.run("map", "m.cfg", "event.json", "--output", "json")[0])
    fields = {f["field"]: f for f in told["fields"]}
    assert fields["when"] == {"update": 0, "field": "when", "steps": [],
                              "when": True}
    assert fields["update.email"] == {
        "update": 1, "field": "update.email", "steps": [
            {"source": "$.mail"},
            {"source": "$.contact.email", "value": " A@B.CH "},
            {"step": "trim", "value": "A@B.CH"},
            {"step": "lower", "value": "a@b.ch"}], "value": "a@b.ch"}
    assert fields["update.detail"]["steps"][1] == {
        "argument": "$.contact.owner", "value": "o1"}
    assert "value" not in fields["update.lastName"]


def test_a_fault_is_told_behind_the_way_to_it(house):
    event = dict(EVENT, mail="nobody", contact={"phone": 12})
    house.write("bad.json", json.dumps(event))
    out, err = house.run("explain", "m.cfg", "bad.json", code=1)
    assert 'update.email $.mail "nobody" | trim -> "nobody"' in \
        "\n".join(lines(out))
    assert "update.email" in err
    out, err = house.run("explain", "m.cfg", "bad.json", "--output", "json",
                         code=1)
    told = json.loads(out)
    phone = next(f for f in told["fields"] if f["field"] == "update.phone")
    assert phone["steps"] == [{"source": "$.contact.phone", "value": 12}]
    assert phone["fault"]
    assert told["fields"][-1]["field"] == "update.detail"
    assert "update.email" in told["outcome"]["error"]["details"][0]
    assert err == ""


def test_a_step_that_refuses_is_named(house):
    event = dict(EVENT, contact={"phone": "no phone"})
    house.write("refused.json", json.dumps(event))
    out, err = house.run("explain", "m.cfg", "refused.json", code=1)
    line = next(x for x in lines(out) if x.startswith("update.phone"))
    assert line.startswith('update.phone $.contact.phone "no phone" refused: ')
    assert line.split("refused: ")[1] in err


def test_an_unwanted_event_and_an_unreadable_one(house):
    house.write("ping.json", '{"kind":"ping"}')
    out, err = house.run("explain", "m.cfg", "ping.json")
    assert "when not wanted" in lines(out)
    assert err.startswith("ignored:")
    house.write("broken.json", "{")
    house.run("explain", "m.cfg", "broken.json", code=1)
    out, _ = house.run("explain", "m.cfg", "broken.json", "--output", "json",
                       code=1)
    assert json.loads(out)["fields"] == []
    _, err = house.run("explain", "m.cfg", "nowhere.json", code=3)
    assert "nowhere.json" in err
    house.run("explain", "nowhere.cfg", "event.json", code=1)


def test_each_update_of_a_batch_by_its_number(house):
    house.write("batch.json", json.dumps(
        [{"lead": "a", "email": "X@y.ch"}, {"lead": "b", "detail": "d"},
         {"lead": "c", "tail": 1, "detail": "e" * 100}]))
    out, _ = house.run("explain", "mappings/batch", "batch.json")
    shown = lines(out)
    assert shown.index("update 1") < shown.index('lead_id @.lead "a"') < \
        shown.index("update 2") < shown.index('lead_id @.lead "b"')
    assert 'update.detail @.detail "' + "e" * 59 + "..." in shown
    assert shown[-2:] == ["nothing came of", "$[2].tail 1"]
    out, _ = house.run("explain", "mappings/batch", "batch.json", "--output",
                       "json")
    assert [f["update"] for f in json.loads(out)["fields"]
            if f["field"] == "lead_id"] == [1, 2, 3]


# Controls of a terminal, marks of direction, and what has no width.
HIDDEN = ["\x1b", "\x7f", "\x85", "\x9b", "\xa0", "\xad", "\u061c", "\u200b",
          "\u200e", "\u202e", "\u2028", "\u2066", "\ufeff", "\ufe0f",
          "\ufff9", "\U000e0041", "\U0001d173"]


def escaped(char):
    return json.dumps(char)[1:-1]


@pytest.mark.parametrize("char", HIDDEN, ids=lambda c: f"U+{ord(c):04X}")
def test_what_cannot_be_seen_is_written_out(house, char):
    house.write("hidden.json", json.dumps(
        {"kind": "lead", "id": "l1", "last": f"A{char}B",
         f"k{char}": f"v{char}", "street": "é日本😀", "number": 1},
        ensure_ascii=False))
    out, _ = house.run("explain", "m.cfg", "hidden.json")
    assert char not in out
    want = escaped(char) if char != "\x7f" else "\\u007f"
    assert f'update.lastName  $.last  "A{want}B"' in re.sub(
        r" {3,}", "  ", out)
    assert f'"v{want}"' in out and f"$['k{want}']" in out
    assert "é日本😀 1" in out  # what can be seen stays
    out, _ = house.run("coverage", "m.cfg", "hidden.json", "--only", "paths")
    assert char not in out and f"k{want}" in out
