"""coverage: what no sample of a mapping tries."""

import json

import pytest

from house import House

MAPPING = """
route    = "/hooks/t";
verify:  { type = "none"; };
upstream = "leadsail";
when = "$.kind != 'ping'";
lead_id = "{$.id}";
update: {
  email    = "{$.mail ?? $.contact.email | lower}";
  phone    = "{($.mobile ?? $.contact.phone) | phone('CH')}";
  lastName = "{$.last}";
  status   = "{$.stage | table('stage')}";
  address: { when = "$.city"; city = "{$.city}"; country = "US"; };
  tags     = ( "web", "{$.labels}" );
  questionnaire: {
    each = "$.answers[*]";
    as: { key = "{@.ref}"; answer = "{@.text ?? @.number}"; };
  };
};
tables: { stage = ( ("Hot", "qualified"), ("Cold", "no_contact"),
                    ("*", "pending") ); };
"""

ONE = {"kind": "lead", "id": "l1", "mail": "a@b.ch", "stage": "Hot",
       "labels": ["x", "y"], "contact": {"fax": None, "phone": "0791234567"},
       "answers": [{"ref": "q1", "text": "A", "it's": 1},
                   {"ref": "q2", "text": "B", "it's": 2}]}
TWO = {"kind": "lead", "id": "l2", "contact": {"email": "c@d.ch"},
       "stage": "Odd", "city": "Bern", "mobile": "0791234567", "last": "Roe",
       "answers": [{"ref": "q3", "number": 4, "text": None}]}


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("coverage"))
    h.write("m.cfg", MAPPING)
    h.write("one.json", json.dumps(ONE))
    h.write("two.json", json.dumps(TWO))
    h.write("one.expected.json", "{}")
    h.write("ping.json", '{"kind":"ping"}')
    yield h
    h.close()


def covered(house, *args, **more):
    out, err = house.run("coverage", "m.cfg", *args, "--output", "json", **more)
    assert err == ""
    return json.loads(out)


def rules(told):
    return [(r["kind"], r["field"], r.get("text"))
            for r in told["rules"]["uncovered"]]


def test_one_sample_leaves_open_what_it_does_not_have(house):
    told = covered(house, "one.json")
    assert (told["samples"], told["updates"], told["ignored"],
            told["refused"]) == (1, 1, 0, 0)
    assert told["paths"] == {"total": 10, "covered": 7, "uncovered": [
        "$.answers[*]['it\\'s']", "$.contact.fax", "$.kind"]}
    assert rules(told) == [
        ("alternative", "update.email", "$.contact.email"),
        ("alternative", "update.phone", "$.mobile"),
        ("field", "update.lastName", "{$.last}"),
        ("when", "update.address", None),
        ("field", "update.address.city", "{$.city}"),
        ("field", "update.address.country", '"US"'),
        ("alternative", "update.questionnaire[].answer", "@.number"),
        ("row", "tables.stage", "Cold"),
        ("row", "tables.stage", "*")]
    assert told["rules"]["total"] - told["rules"]["covered"] == 9
    unwritten = told["fields"]["uncovered"]
    assert {"lastName", "address", "dateOfBirth"} <= set(unwritten)
    assert not {"email", "phone", "status", "tags",
                "questionnaire"} & set(unwritten)


def test_samples_are_taken_together(house):
    told = covered(house, "one.json", "two.json")
    assert rules(told) == [("row", "tables.stage", "Cold")]
    assert told["paths"]["uncovered"] == [
        "$.answers[*]['it\\'s']", "$.contact.fax", "$.kind"]
    assert not {"lastName", "address"} & set(told["fields"]["uncovered"])
    assert covered(house, "two.json", "one.json") == told
    house.write("pong.json", '{"kind":"ping","id":"l1"}')
    assert covered(house, "pong.json")["paths"]["covered"] == 0
    told = covered(house, "one.json", "pong.json")
    assert "$.id" not in told["paths"]["uncovered"]


def test_what_is_empty_here_and_has_parts_there_is_one_place(house):
    house.write("empty.json", json.dumps(
        {"id": "l3", "answers": [], "contact": None, "labels": {}, "l": []}))
    told = covered(house, "empty.json")
    assert told["paths"]["uncovered"] == [
        "$.answers", "$.contact", "$.l"]
    told = covered(house, "one.json", "empty.json")
    assert told["paths"]["uncovered"] == [
        "$.answers[*]['it\\'s']", "$.contact.fax", "$.kind", "$.l"]


def test_as_text(house):
    out, err = house.run("coverage", "m.cfg", "one.json", "two.json",
                         "ping.json")
    assert err == ""
    shown = [" ".join(line.split()) for line in out.splitlines()]
    assert shown[0] == "samples: 3, updates: 2, ignored: 1, refused: 0"
    assert shown[1].startswith("input paths: ")
    assert shown[1].endswith(" mapped, never:")
    assert shown[2:5] == ["$.answers[*]['it\\'s']", "$.contact.fax", "$.kind"]
    assert shown[5].startswith("rules: ")
    assert shown[6] == "tables.stage row Cold"
    assert shown[7].startswith("contract fields: 7 of ")
    out, _ = house.run("coverage", "m.cfg", "one.json", "--only", "rules")
    shown = [" ".join(line.split()) for line in out.splitlines()]
    assert "update.email ?? $.contact.email" in shown
    assert "update.address when" in shown
    assert "update.lastName {$.last}" in shown
    assert not any(line.startswith("input paths") for line in shown)


def test_a_when_that_never_held(house):
    told = covered(house, "ping.json")
    assert told["ignored"] == 1 and told["updates"] == 0
    assert ("when", "when", None) in rules(told)
    assert told["rules"]["covered"] == 0
    assert told["fields"]["covered"] == 0


def test_strict_is_1_when_anything_looked_at_is_open(house):
    covered(house, "one.json", "--strict", code=1)
    covered(house, "one.json", "two.json", "--strict", "--only", "rules",
            code=1)
    house.write("cold.json", json.dumps(dict(ONE, stage="Cold")))
    told = covered(house, "one.json", "two.json", "cold.json", "--strict",
                   "--only", "rules")
    assert told["rules"]["uncovered"] == []
    assert "paths" not in told and "fields" not in told
    covered(house, "one.json", "two.json", "cold.json", "--strict", "--only",
            "rules", "--only", "paths", code=1)


def test_a_refused_sample_counts_as_tried_and_writes_nothing(house):
    house.write("bad.json", json.dumps(dict(ONE, mail="nobody")))
    told = covered(house, "bad.json")
    assert told["refused"] == 1 and told["updates"] == 0
    assert ("alternative", "update.email", "$.mail") not in rules(told)
    assert told["fields"]["covered"] == 0
    house.write("broken.json", "{")
    told = covered(house, "broken.json")
    assert told["refused"] == 1 and told["paths"]["total"] == 0


def test_an_update_an_item_and_what_is_around_them(house):
    house.write("batch.cfg", MAPPING.replace(
        'lead_id = "{$.id}"', 'events = "$.items[*]"; lead_id = "{@.id}"')
        .replace('"{$.last}"', '"{@.last}"'))
    house.write("batch.json", json.dumps({"items": [
        {"id": "a", "mail": 1}, {"id": "b", "last": "Roe"}]}))
    out, _ = house.run("coverage", "batch.cfg", "batch.json", "--output",
                       "json")
    told = json.loads(out)
    assert told["updates"] == 2
    assert told["paths"]["uncovered"] == ["$.items[*].mail"]
    assert ("field", "update.lastName", "{@.last}") not in rules(told)


def test_a_literal_and_null_among_alternatives(house):
    house.write("null.cfg", MAPPING.replace(
        'lastName = "{$.last}"', 'deliveredAt = "{$.last ?? null | keep_null}"'))
    out, _ = house.run("coverage", "null.cfg", "one.json", "--output", "json")
    told = json.loads(out)
    assert ("alternative", "update.deliveredAt", "$.last") in rules(told)
    assert ("alternative", "update.deliveredAt", "null") not in rules(told)
    assert ("field", "update.deliveredAt",
            "{$.last ?? null | keep_null}") not in rules(told)


def test_what_a_sample_should_make_is_no_sample(house):
    assert covered(house, "one.json", "one.expected.json") == \
        covered(house, "one.json")
    _, err = house.run("coverage", "m.cfg", "one.expected.json", code=3)
    assert "no sample is among the files" in err


def test_faults_and_exit_codes(house):
    _, err = house.run("coverage", "m.cfg", code=2)
    assert "too few arguments" in err
    _, err = house.run("coverage", "m.cfg", "one.json", "--only", "all",
                       code=2)
    assert "paths|rules|fields" in err
    out, err = house.run("coverage", "m.cfg", "none.json", "nine.json",
                         "one.json", code=3)
    assert "none.json" in err and "nine.json" in err and out == ""
    house.write("wrong.cfg", MAPPING.replace("lastName", "lastNam"))
    _, err = house.run("coverage", "wrong.cfg", "one.json", code=1)
    assert "did you mean 'lastName'" in err
