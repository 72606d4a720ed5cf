"""Deliveries tried again, dropped, exported and followed."""

import http.client
import json
import os
import time

import pytest

from deliveries import (
    UNKNOWN, ask, data, dead, ended, forget, fresh, house, items, mend,
    on_terminal, open_house, post, refused, states, tail, verb)
from house import TOKEN, Answer, wait_for
from journal_api import Api

# --- retry and drop

def test_a_dead_letter_is_tried_again(house):
    delivery = dead(house, "r1")
    out, err = verb(house, "retry", delivery)
    assert out == f"{delivery}  retried\n"
    assert "1 of 1 deliveries, 1 updates" in err
    ended(house, delivery, "done")
    assert house.api.details("r1") == ["x", "x"]


def test_as_stored(house):
    delivery = dead(house, "r2")
    out, _ = verb(house, "retry", "--as-stored", "--dry-run", delivery)
    assert "would retry" in out and "no field differs" in out
    verb(house, "retry", "--as-stored", delivery)
    ended(house, delivery, "done")


def test_what_cannot_be_retried_is_told(house):
    done = ended(house, post(house, "one", {"lead": "r3", "detail": "x"}),
                 "done")
    out, _ = verb(house, "retry", done, UNKNOWN, code=1)
    assert f"{done}  nothing: none of its updates is dead" in out
    assert f"{UNKNOWN}  nothing: there is no such delivery" in out
    nobody = refused(house, "r3-nobody")
    out, _ = verb(house, "retry", nobody, code=1)
    assert f"{nobody}  refused: " in out and "lead_id" in out
    assert states(house, nobody) == ["refused"]
    out, _ = verb(house, "retry", "--as-stored", nobody, code=1)
    assert "no dead update" in out
    for odd in ("x", b"\xff"):
        _, err = verb(house, "retry", odd, code=2)
        assert "is no delivery's id" in err


@pytest.mark.parametrize("how", [[], ["--as-stored"]])
def test_of_a_batch_only_what_is_dead_goes_again(house, how):
    leads = [f"b{i}{''.join(how)}" for i in range(3)]
    house.api.plan[leads[1]] = [422]
    batch = [{"lead": lead, "detail": f"{lead}!"} for lead in leads]
    delivery = ended(house, post(house, "many", batch), "done", "dead", "done")
    for more in (["--dry-run"], []):
        _, err = verb(house, "retry", *how, *more, delivery)
        assert "1 of 1 deliveries, 1 updates" in err
    ended(house, delivery, "done", "done", "done")
    assert [house.api.leads().count(lead) for lead in leads] == [1, 2, 1]


def test_many_by_filter_are_counted_and_asked_about(house):
    sent = [dead(house, "m1", detail=str(i)) for i in range(3)]
    dead(house, "m2")
    # Where no state is given, what was delivered is not meant.
    for lead in ("m1", "m2"):
        ended(house, post(house, "one", {"lead": lead, "detail": "done"}),
              "done")
    _, err = verb(house, "retry", "--lead", "m1", code=1, stdin="")
    assert "Retry 3 deliveries?" in err and "-y" in err
    assert [states(house, d) for d in sent] == [["dead"]] * 3
    out, err = verb(house, "retry", "--lead", "m1", "-y", "--output", "json")
    assert [(r["delivery"], r["result"]) for r in json.loads(out)] == [
        (d, "retried") for d in sent]
    for d in sent:
        ended(house, d, "done")
    assert [i["state"] for i in items(house, lead="m2")] == ["dead", "done"]
    # The same through the endpoint alone.
    told = data(house, "/deliveries/drop", {"filter": {"lead": "m2"},
                                            "dry_run": True})
    assert (told["acted"], told["updates"]) == (1, 1)
    assert told["deliveries"][0]["result"] == "would_drop"
    assert len(items(house, lead="m2")) == 2
    told = data(house, "/deliveries/drop", {"filter": {"lead": "m2"}})
    assert (told["acted"], told["next"]) == (1, None)
    assert [i["state"] for i in items(house, lead="m2")] == ["done"]
    told = data(house, "/deliveries/drop", {"filter": {"lead": "m2",
                                                       "state": "done"}})
    assert told["acted"] == 1 and items(house, lead="m2") == []


def test_a_delivery_with_two_updates_is_one(house):
    house.api.plan["m3"] = [422, 422]
    batch = [{"lead": "m3", "detail": str(i)} for i in range(2)]
    delivery = ended(house, post(house, "many", batch), "dead", "dead")
    _, err = verb(house, "retry", "--lead", "m3", code=1, stdin="")
    assert "Retry 1 delivery?" in err
    # A dry run asks nothing.
    out, _ = verb(house, "retry", "--lead", "m3", "--dry-run", stdin="")
    assert out.count("would retry") == 1 and out.count("no field differs") == 2
    for which in ({"filter": {"lead": "m3"}}, {"ids": [delivery] * 2}):
        told = data(house, "/deliveries/drop", {**which, "dry_run": True})
        assert (told["acted"], told["updates"]) == (1, 2)


def test_a_drop_is_asked_about(house):
    delivery = dead(house, "d1")
    command = ("deliveries", "drop", "-c", "leadbridge.cfg", delivery)
    assert on_terminal(house, "n\n", *command) == 1
    assert states(house, delivery) == ["dead"]
    assert on_terminal(house, "\n", *command) == 1
    assert on_terminal(house, "y\n", *command) == 0
    assert states(house, delivery) == []


def test_only_what_has_ended_is_dropped(house):
    house.api.plan["d2"] = [None]
    delivery = post(house, "one", {"lead": "d2", "detail": "x"})
    wait_for(lambda: "d2" in house.api.leads())
    out, _ = verb(house, "drop", "-y", delivery, code=1)
    assert "nothing: it has no update that could be dropped" in out
    house.api.release()
    ended(house, delivery, "done")
    house.api.released.clear()
    verb(house, "drop", "-y", delivery)
    assert ask(house, f"/deliveries/{delivery}").status == 404


# --- export and tail

def test_events_are_exported_as_samples(house):
    delivery = dead(house, "e1", city="Madrid")
    _, err = verb(house, "export", "out", "--lead", "e1")
    assert err == "1 event in out\n"
    for end in (".http", ".json"):
        mode = os.stat(house.path(f"out/{delivery}{end}")).st_mode
        assert mode & 0o077 == 0
    out, _ = house.run("map", "mappings/one", f"out/{delivery}.http",
                       "--output", "json")
    assert json.loads(out)["update"] == {
        "detail": "x", "address": {"city": "Madrid"}}
    with open(house.path(f"out/{delivery}.json")) as f:
        assert json.load(f)["items"][0]["lead"] == "e1"
    _, err = verb(house, "export", "out", UNKNOWN, code=1)
    assert "no such delivery" in err


def test_what_is_exported_is_byte_for_byte(house):
    body = b'{"lead":"e2\xff\x00'
    post(house, "one", body, 400)
    kept = wait_for(lambda: [
        i["delivery"] for i in items(house, state="refused", newest=1)
        if "event_base64" in data(house, f"/deliveries/{i['delivery']}")])[0]
    verb(house, "export", "bytes", kept)
    with open(house.path(f"bytes/{kept}.http"), "rb") as f:
        assert f.read().endswith(b"\r\n\r\n" + body)


def test_tail_prints_what_ends(house):
    house.api.plan["t1"] = [None]
    before = ended(house, post(house, "one", {"lead": "t0", "detail": "x"}),
                   "done")
    open_one = post(house, "one", {"lead": "t1", "detail": "x"})
    wait_for(lambda: "t1" in house.api.leads())
    p, told = tail(house, "--output", "json")
    new = dead(house, "t2")
    wait_for(lambda: new in told(), what="what is new")
    assert open_one not in told()
    house.api.release()
    wait_for(lambda: open_one in told(), what="what was open")
    house.api.released.clear()
    p.send_signal(2)
    assert p.wait(timeout=60) == 0
    assert before not in told()
    assert [(i["delivery"], i["state"]) for i in
            map(json.loads, told().splitlines())] == [
        (new, "dead"), (open_one, "done")]


@pytest.mark.parametrize("upstream", ["leadsail", "another"])
def test_tail_may_be_of_one_upstream(house, upstream):
    p, told = tail(house, "--upstream", upstream)
    new = dead(house, "t" + upstream)
    if upstream == "leadsail":
        wait_for(lambda: new in told(), what="what is new")
    else:
        time.sleep(2.5)  # two looks
        assert told() == ""
    p.terminate()
    assert p.wait(timeout=60) == 0


# --- many at once

@pytest.fixture(scope="module")
def full(build, tmp_path_factory):
    """1203 refused events; the last of them is somebody's."""
    h = open_house(build, tmp_path_factory.mktemp("full"), Api())
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        '"memory:";', '"memory:"; keep_refused = 10000;'))
    h.start()
    c = h.connect()
    for i in range(1203):
        body = json.dumps({"n": i, "by": "last@example.com" if i == 1202
                           else "many@example.com"}).encode()
        answer = h.send("/hooks/one", body, {
            "X-Webhook-Token": TOKEN, "Content-Type": "application/json"},
            connection=c)
        assert answer.status == 422
    c.close()
    kept = 'leadbridge_journal_items{state="refused"}'
    wait_for(lambda: h.metric(kept) == 1203, what="all that was refused")
    yield h
    h.close()
    h.api.close()


def test_a_list_goes_over_pages(full):
    out, _ = verb(full, "list", "--limit", "1100", "--output", "json")
    listed = [i["delivery"] for i in json.loads(out)]
    assert len(set(listed)) == 1100
    assert [i["delivery"] for i in items(full, limit=1, newest=1)] == [
        listed[0]]


def test_one_request_acts_on_a_thousand_and_says_where_to_go_on(full):
    ask_for = {"filter": {"state": "refused"}, "dry_run": True}
    first = data(full, "/deliveries/drop", ask_for)
    assert first["acted"] == 1000
    ask_for["filter"]["after"] = first["next"]
    rest = data(full, "/deliveries/drop", ask_for)
    assert (rest["acted"], rest["next"]) == (203, None)
    ids = {d["delivery"] for d in first["deliveries"] + rest["deliveries"]}
    assert len(ids) == 1203


def test_of_a_person_with_too_much_the_rest_is_told(full):
    told = data(full, "/forget", {"email": "many@example.com",
                                  "dry_run": True})
    assert len(told["refused"]) == 1000 and told["more"]


def test_a_person_is_found_on_any_page(full):
    told, _ = forget(full, "--email", "last@example.com")
    assert len(told["refused"]) == 1
    told, _ = forget(full, "--email", "last@example.com")
    assert told["refused"] == []


def test_tail_does_not_lose_what_is_old(full):
    full.api.plan["old"] = [None]
    old = post(full, "one", {"lead": "old", "detail": "x"})
    wait_for(lambda: "old" in full.api.leads())
    p, told = tail(full, "--state", "done")
    c = full.connect()
    for i in range(510):
        full.send("/hooks/one", b'{"new":%d}' % i,
                  {"X-Webhook-Token": TOKEN,
                   "Content-Type": "application/json"}, connection=c)
    c.close()
    full.api.release()
    wait_for(lambda: old in told(), what="the end of what is old")
    p.terminate()
    assert p.wait(timeout=60) == 0
    assert len(told().splitlines()) == 1


def test_retrying_many_tells_of_each(full):
    out, err = verb(full, "retry", "--state", "refused", "--limit", "250",
                    "-y", "--output", "json", code=1)
    results = json.loads(out)
    assert len({r["delivery"] for r in results}) == 250
    assert {r["result"] for r in results} == {"refused"}


def test_a_bridge_that_stops_ends_what_is_under_way(full):
    """Last of this house: it is stopped."""
    c = http.client.HTTPConnection("127.0.0.1", full.admin_port, timeout=30)
    c.request("POST", "/deliveries/retry",
              body=json.dumps({"filter": {"state": "refused"}}),
              headers={"Content-Type": "application/json"})
    # One loop serves both, in turn: after this the other has been read.
    assert full.admin("/healthz").status == 200
    assert full.stop() == 0
    assert "Sanitizer" not in full.log()
    answer = Answer(c.getresponse())
    assert answer.status == 200 and answer.json["success"]
    c.close()


# --- a mapping that was mended

def test_a_mended_mapping_makes_another_update(fresh):
    h = fresh
    delivery = dead(h, "n1", city="Madrid")
    mend(h, "one", 'detail = "{$.detail}";',
         'detail = "{$.detail}!"; firstName = "Laura";')
    out, _ = verb(h, "retry", "--dry-run", delivery)
    assert out == f"""{delivery}  would retry
  update 0, lead n1
    - detail: "x"
    + detail: "x!"
    + firstName: "Laura"
"""
    assert states(h, delivery) == ["dead"]
    out, _ = verb(h, "retry", "--dry-run", delivery, "--output", "json")
    (change,) = json.loads(out)[0]["changes"]
    assert change["update"]["detail"] == "x"
    assert change["new_update"]["detail"] == "x!"
    verb(h, "retry", delivery)
    ended(h, delivery, "done")
    assert h.api.calls[-1][2] == {"detail": "x!", "firstName": "Laura",
                                  "address": {"city": "Madrid"}}


def test_a_refused_event_is_mapped_anew(fresh):
    h = fresh
    kept = refused(h, "no lead")
    mend(h, "one", 'lead_id = "{$.lead}";', 'lead_id = "o1";')
    out, _ = verb(h, "retry", "--dry-run", kept)
    assert "lead - -> o1" in out and '+ detail: "no lead"' in out
    verb(h, "retry", "--state", "refused", "-y")
    ended(h, kept, "done")
    assert h.api.leads() == ["o1"]


def test_what_a_mapping_does_not_want_any_more(fresh):
    h = fresh
    delivery = dead(h, "q1")
    mend(h, "one", "lead_id =", "when = \"$.detail == 'y'\"; lead_id =")
    out, _ = verb(h, "retry", delivery, code=1)
    assert "ignored: the mapping wants nothing of this event now" in out
    mend(h, "one", 'route    = "/hooks/one";', 'route    = "/hooks/new";')
    out, _ = verb(h, "retry", delivery, code=1)
    assert "no mapping serves /hooks/one any more" in out
    verb(h, "retry", "--as-stored", delivery)
    ended(h, delivery, "done")
