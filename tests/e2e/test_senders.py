"""`senders show`: what is known of each sender, in words and as JSON."""
import glob
import json
import os
import re

import pytest

from house import House

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PRESETS = sorted(os.path.basename(p)[:-len(".cfg")]
                 for p in glob.glob(TOP + "/mappings/senders/*.cfg"))


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("senders"))
    yield h
    h.close()


def shown(house, name):
    return json.loads(house.run("senders", "show", name, "--output",
                                "json")[0])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_shows(house, name):
    text, _ = house.run("senders", "show", name)
    facts = shown(house, name)
    assert text.splitlines()[0] == facts["name"] == name
    for label in ("body", "delivery id", "handshake", "ping", "patience",
                  "retries", "disabled by", "  scheme"):
        assert re.search(rf"^{label} +\S", text, re.M), label
    for label in ("proof", "replies", "set-up"):
        assert re.search(rf"^{label}\b", text, re.M), label
    assert facts["body"] and facts["about"] in text
    assert 2 <= len(facts["setup"]) <= 4
    assert any("{url}" in step for step in facts["setup"])
    for fact in [*facts["setup"], *facts["proof"].values(), facts["body"],
                 facts["retries"] or "", facts["disables"] or ""]:
        assert fact in text
    for outcome, reply in facts["reply"].items():
        assert re.search(rf"^  {outcome} ", text, re.M)
        assert set(reply) <= {"status", "body", "type"} and reply


@pytest.mark.parametrize("name", PRESETS)
def test_json_and_text_leave_out_the_same(house, name):
    text, _ = house.run("senders", "show", name)
    facts = shown(house, name)
    for fact, label in (("patience", "patience"), ("retries", "retries"),
                        ("disables", "disabled by")):
        known = facts[fact] is not None
        line = re.search(rf"^{label} +(.+)$", text, re.M)[1]
        assert (line != "not documented") == known
    timed = "tolerance" in facts["proof"]
    assert ("captured webhook can be sent again" in text) != timed


def test_facts_of_typeform(house):
    facts = shown(house, "typeform")
    assert facts["patience"] == "30s"
    assert "404 or 410" in facts["disables"]
    assert facts["reply"] == {"upstream_404": {"status": 422},
                              "upstream_410": {"status": 422},
                              "declined": {"status": 502}}
    assert facts["proof"] == {
        "type": "hmac", "digest": "sha256", "prefix": "sha256=",
        "signature": "header:Typeform-Signature", "encoding": "base64",
        "message": "{body}", "key": "utf8"}


def test_facts_of_slack(house):
    facts = shown(house, "slack")
    assert facts["patience"] == "3s"
    assert facts["handshake"] == {"kind": "body_challenge"}
    assert facts["proof"]["tolerance"] == "5m"
    assert facts["proof"]["message"] == "v0:{timestamp}:{body}"
    text, _ = house.run("senders", "show", "slack")
    assert re.search(r"^handshake +body_challenge: a POST", text, re.M)


def test_facts_of_pipedrive(house):
    facts = shown(house, "pipedrive")
    assert facts["patience"] == "10s"
    assert facts["retries"] == "after 3, 30 and 150 s"
    assert "3 days without success" in facts["disables"]
    assert facts["proof"] == {"type": "basic", "user": "leadbridge"}
    assert facts["reply"] == {} and facts["handshake"] is None


def test_the_ping_and_the_answers_of_google(house):
    facts = shown(house, "google-ads")
    assert facts["ping"] == "json:is_test=true"
    assert facts["reply"]["delivered"] == {"status": 200, "body": "{}"}
    assert facts["patience"] is None


@pytest.mark.parametrize("name", PRESETS)
def test_no_answer_of_the_api_switches_a_hook_off(house, name):
    """What its sender says of itself is what its replies take care of."""
    facts = shown(house, name)
    told = {int(key[9:]): reply.get("status", int(key[9:]))
            for key, reply in facts["reply"].items()
            if re.fullmatch(r"upstream_\d+", key)}
    off = {int(s) for s in re.findall(r"\b4\d\d\b", facts["disables"] or "")}
    final = re.search(r"none after ([\d, ]+)", facts["retries"] or "")
    final = {int(s) for s in final[1].split(", ")} if final else set()
    assert not {told.get(status, status) for status in off} & off
    for status in {401, 403, 404} & final:  # the key is mended, the lead comes
        assert told.get(status) == 503


def test_raw_is_the_file(house):
    with open(f"{TOP}/mappings/senders/stripe.cfg") as f:
        assert house.run("senders", "show", "stripe", "--raw")[0] == f.read()
    house.run("senders", "show", "stripe", "--raw", "--output", "json",
              code=2)
    house.run("senders", "--raw", code=2)
    house.run("senders", "show", code=2)


def test_a_mapping_may_say_another_patience(house):
    house.run("new", "typeform", "made/t")
    path = house.path("made/t/mapping.cfg")
    with open(path) as f:
        text = f.read()
    for line, fault in (('patience = "8s";', None),
                        ('patience = "8";', "patience"),
                        ('patiense = "8s";', "did you mean 'patience'?")):
        with open(path, "w") as f:
            f.write(text + line + "\n")
        _, err = house.run("check", "made/t/mapping.cfg",
                           code=0 if fault is None else 1)
        if fault:
            assert fault in err and "mapping.cfg:" in err
