"""The verbs of the journal, with a bridge and without one."""

import json
import os
import re
import signal

import pytest

from deliveries import (
    MAPPINGS, UNKNOWN, ask, dead, ended, forget, fresh, house, living,
    open_house, post, refused, states, verb)
from house import wait_for
from journal_api import Api

# --- the verbs

def test_lists_are_for_people_or_machines(house):
    delivery = dead(house, "v1")
    out, err = verb(house, "list", "--lead", "v1")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  %s/0  dead     "
                    r"attempts 1  422  v1  /hooks/one  \S" % delivery, out)
    out, _ = verb(house, "list", "--lead", "v1", "--output", "json")
    assert [i["delivery"] for i in json.loads(out)] == [delivery]
    out, err = verb(house, "list", "--lead", "nobody")
    assert (out, err) == ("", "There is nothing of that kind.\n")
    dead(house, "v1", detail="y")
    _, err = verb(house, "list", "--lead", "v1", "--limit", "1")
    assert "There are more" in err
    out, _ = verb(house, "show", delivery)
    assert "update 0: dead, attempts 1, the API said 422\n" in out
    assert '  PATCH    {"detail":"x"}\n' in out
    assert "  upstream leadsail\n" in out
    assert "  POST /hooks/one HTTP/1.1\n" in out
    # As the list prints it, with the number of the update.
    assert verb(house, "show", f"{delivery}/0")[0] == out
    out, _ = verb(house, "show", delivery, "--output", "json")
    assert json.loads(out)["items"][0]["lead"] == "v1"
    _, err = verb(house, "show", UNKNOWN, code=1)
    assert "there is no such delivery in the journal" in err


def test_an_event_is_shown_however_large(build, tmp_path):
    """As large as limits.body lets it; exported, too."""
    h = open_house(build, tmp_path, Api())
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        "limits    = {", 'limits    = { body = "8M"; memory = "64M";'))
    pad = "y" * (6 << 20)
    with living(h):
        large, small = dead(h, "b1", pad=pad), dead(h, "b2")
        out, _ = verb(h, "show", large, "--output", "json")
        assert pad in json.loads(out)["event"]
        verb(h, "export", "samples", "--state", "dead")
    kept = os.listdir(h.path("samples"))
    assert all(any(delivery in name for name in kept)
               for delivery in (large, small)), kept


def test_an_empty_journal_says_whose_events_it_keeps(build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api)
    h.start()
    out, err = verb(h, "list")
    assert out == "" and 'mode = "queue"' in err and "the log tells" in err
    assert verb(h, "list", "--output", "json") == ("[]\n", "")
    assert h.close() == 0
    api.close()


def test_a_terminal_is_not_told_what_to_do(house):
    delivery = dead(house, "v2", detail="a\x1b[2Jb")
    house.api.plan["v3"] = [422]
    evil = ended(house, post(
        house, "one", b'{"lead":"v3","detail":"x","z":"\xc2\x9b1m"}'), "dead")
    for d in (delivery, evil):
        out, _ = verb(house, "show", d)
        assert "\x1b" not in out and "\x9b" not in out


@pytest.mark.parametrize("args,fault", [
    (["lst"], "did you mean 'list'"),
    (["list", "x"], "too many arguments"),
    (["show"], "too few arguments"),
    (["list", "--as-stored"], "--as-stored does not go with it"),
    (["show", UNKNOWN, "--state", "dead"], "--state does not go with it"),
    (["drop", "--as-stored", UNKNOWN], "--as-stored does not go with it"),
    (["retry"], "either IDs or a filter"),
    (["retry", UNKNOWN, "--state", "dead"], "either IDs or a filter"),
    (["show", UNKNOWN[:8]], f"'{UNKNOWN[:8]}' is no delivery's id"),
    (["show", "../deliveries"], "'..' is no delivery's id"),
    (["show", UNKNOWN[:-1] + "x"], "is no delivery's id"),
    (["retry", "lead_abc123"], "'lead_abc123' is no delivery's id"),
    (["drop", f"{UNKNOWN}/1"], "that is one update; a delivery is acted on "
     f"as a whole: {UNKNOWN}\n"),
    (["list", "--limit", "none"], "--limit takes a number"),
])
def test_usage(house, args, fault):
    _, err = verb(house, *args, code=2)
    assert fault in err


def test_a_bad_filter_is_told_by_the_bridge(house):
    _, err = verb(house, "list", "--state", "deed", code=1)
    assert "400: Malformed request: state: some of waiting" in err


def test_where_no_bridge_runs(house):
    house.write("away.cfg", 'admin = { address = "127.0.0.1:1"; };')
    for args in (["deliveries", "list"], ["forget", "--lead", "x", "-y"]):
        _, err = house.run(*args, "-c", "away.cfg", code=3)
        assert "no bridge answers at http://127.0.0.1:1" in err
        assert "is it running?" in err and "away.cfg" in err
    _, err = house.run("deliveries", "list", "-c", "none.cfg", code=3)
    assert "none.cfg" in err
    # What answers may be something else.
    _, err = house.run("deliveries", "list", "--to", house.api.url, code=3)
    assert "is no leadbridge's admin endpoint" in err


def test_each_use_is_in_the_log_and_no_value_is(house):
    delivery = dead(house, "log-lead", email="log-value@example.com")
    verb(house, "list", "--lead", "log-lead")
    verb(house, "show", delivery)
    verb(house, "retry", "--dry-run", delivery)
    verb(house, "retry", delivery)
    ended(house, delivery, "done")
    verb(house, "drop", "--dry-run", delivery)
    verb(house, "drop", "-y", delivery)
    forget(house, "--email", "log-value@example.com")
    ask(house, "/deliveries", Host="evil.example")
    said = [(e["action"], e.get("what", e.get("reason")))
            for e in house.logged("admin")]
    for action, what in (("list", None), ("show", delivery),
                         *((act, "1 of 1 deliveries, 1 updates") for act in (
                             "retry", "retry, dry run", "drop",
                             "drop, dry run")),
                         ("forget", "0 leads, 0 updates, 0 events, 0 keys "
                          "erased; 0 held")):
        assert (action, what) in said
    assert ("refused", "asked for by another name than this machine's") in said
    assert "log-value" not in house.log()


@pytest.mark.parametrize("name", ["deliveries", "forget"])
def test_the_examples_of_help_work(house, name):
    example = house.run(name, "--help")[0].split("For example:\n")[1]
    lines = re.findall(r"^  leadbridge (.*)$", example, re.M)
    assert lines
    for line in lines:
        house.run(*line.split(), *([] if "-y" in line or name == "deliveries"
                                   else ["-y"]))


# --- a journal without a bridge

def test_a_journal_is_checked_when_no_bridge_has_it(fresh):
    h = fresh
    dead(h, "c1")
    refused(h, "c-nobody")
    ended(h, post(h, "one", {"lead": "c2", "detail": "x"}), "done")
    check = ("journal", "check", "-c", "leadbridge.cfg")
    _, err = h.run(*check, code=3)
    assert "journal.db" in err and "another process" in err
    assert h.stop() == 0
    out, err = h.run(*check, "--output", "json")
    assert json.loads(out) == {"waiting": 0, "sending": 0, "done": 1,
                               "dead": 1, "refused": 1, "oldest_ms": 0}
    out, _ = h.run(*check)
    assert out == ("waiting  0\nsending  0\ndone     1\ndead     1\n"
                   "refused  1\n")
    with open(h.path("journal.db"), "r+b") as f:
        f.seek(4096)
        f.write(b"\xff" * 65536)
    _, err = h.run(*check, code=1)
    assert "damaged" in err
    os.remove(h.path("journal.db"))
    h.start()


@pytest.fixture
def sealed(build, tmp_path):
    h = open_house(build, tmp_path, Api(), "sqlite:journal.db",
                   more='seal = { file = "seal.secret"; };')
    yield h
    assert h.close() == 0
    h.api.close()


def test_what_is_sealed_under_another_key_is_told(sealed):
    h = sealed
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        '"sqlite:journal.db";', '"sqlite:journal.db"; encrypt = "seal";'))
    h.write("seal.secret", "0" * 32 + "\n", 0o600)
    h.start()
    delivery = dead(h, "c3", detail="sealed-value")
    assert h.stop() == 0
    h.run("journal", "check", "-c", "leadbridge.cfg")
    h.write("seal.secret", "1" * 32 + "\n", 0o600)
    _, err = h.run("journal", "check", "-c", "leadbridge.cfg", code=1)
    assert "sealed under another key" in err
    h.start()
    out, _ = verb(h, "show", delivery)
    assert "sealed-value" not in out and "note" in out
    out, _ = verb(h, "retry", delivery, code=1)
    assert "cannot be opened" in out


@pytest.mark.parametrize("journal,fault", [
    ('journal = { url = "memory:"; };', "gone with its process"),
    ("", "the settings have no journal")])
def test_there_may_be_nothing_to_check(house, journal, fault):
    with open(house.path("leadbridge.cfg")) as f:
        text = re.sub(r"journal = .*", journal, f.read())
    house.write("check.cfg", text.replace("mappings/*/", "none/*/")
                if not journal else text)
    if not journal:
        house.write("none/r/mapping.cfg", MAPPINGS["one"]
                    .replace('mode     = "queue";', "")
                    .replace('dedupe   = "body";', ""))
    _, err = house.run("journal", "check", "-c", "check.cfg", code=3)
    assert fault in err
    house.run("journal", "migrate", code=2)
    _, err = house.run("journal", "chek", code=2)
    assert "did you mean 'check'?" in err
    _, err = house.run("journal", "check", "--from", "sqlite:x", code=2)
    assert "journal check: --from does not go with it" in err


def test_a_journal_is_moved(fresh):
    h = fresh
    h.api.plan["w1"] = [503, 503]
    event = {"lead": "w2", "detail": "known"}
    known = ended(h, post(h, "one", event), "done")
    gone = dead(h, "w3", city="Madrid")
    kept = refused(h, "w-nobody")
    h.api.plan["w4"] = [None]   # being sent when the bridge is killed
    waits = [post(h, "one", {"lead": "w4", "detail": str(i)})
             for i in range(3)]
    wait_for(lambda: "w4" in h.api.leads())
    move = ("journal", "migrate", "--from", "sqlite:journal.db", "--to")
    _, err = h.run(*move, "sqlite:moved.db", code=3)
    assert "another process" in err
    h.stop(signal.SIGKILL)
    out, _ = h.run(*move, "sqlite:moved.db", "--output", "json")
    # What was refused has no key: it may come again.
    assert json.loads(out) == {"updates": 6, "keys": 5, "to_updates": 6,
                               "to_keys": 5}
    out, _ = h.run(*move, "sqlite:moved.db")
    assert out == ("6 updates and 5 dedupe keys are copied; the target has "
                   "6 and 5\n")
    for to, fault in (("memory:", "nothing to move"), ("file:x", "begin with"),
                      ("sqlite:journal.db", "the same journal")):
        _, err = h.run(*move, to, code=3)
        assert fault in err
    os.remove(h.path("journal.db"))
    with open(h.path("leadbridge.cfg")) as f:
        h.write("leadbridge.cfg", f.read().replace("journal.db", "moved.db"))
    h.run("journal", "check", "-c", "leadbridge.cfg")
    h.api.release()
    h.api.calls.clear()
    h.start()
    assert post(h, "one", event) == known
    for delivery in waits:
        ended(h, delivery, "done")
    assert h.api.details("w4") == ["0", "1", "2"]
    assert states(h, gone) == ["dead"] and states(h, kept) == ["refused"]
    verb(h, "retry", gone)
    ended(h, gone, "done")
    assert h.api.calls[-1][2] == {"detail": "x", "address": {"city": "Madrid"}}
