"""What a person is told of updates out of the journal that the API refuses, or
answers oddly; also where their route is another by then, or gone."""

import json
import os
import signal
import threading

import pytest

from deliveries import items, post, states, verb
from deliveries import ended as ended_as
from house import TOKEN, House, wait_for
from journal_api import Api

SECRETS = ("Laura", "laura@", "secret-value")


def refusal(*details, pad=0):
    return (422, {}, json.dumps({"success": False, "error": {
        "code": "VALIDATION_ERROR", "message": "Laura is invalid",
        "details": [*details, "x" * pad]}}).encode())


REFUSAL = refusal("email: 'laura@example.com' is taken", "phone: is required",
                  "address.city: secret-value", "email.laura@: twice")

ROUTE = """
route    = "%s";
%s
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
mode     = "%s";
dedupe   = "none";
patience = "20s";
"""
MAP = """lead_id = "{$.lead}";
update: {
  email = "{$.mail ?? $.email | lower}";
  address: { city = "{$.city}"; };
};
"""
LIST = """events = "$[*]";
lead_id = "{@.lead}";
update: { email = "{@.email}"; };
"""


@pytest.fixture
def sole(build, tmp_path):
    """One worker, so that lines come in order; a journal on the disk."""
    api = Api()
    h = House(build, tmp_path, upstream=api.url, workers=1,
              target='timeout = "60s";', mappings={
                  "one": ROUTE % ("/hooks/one", "", "queue") + MAP,
                  "either": ROUTE % ("/hooks/either", "", "relay-or-queue")
                  + MAP,
                  "put": ROUTE % ("/hooks/put", 'method = "PUT";', "queue")
                  + '@include "../shared.cfg"\n',
                  "shared": ROUTE % ("/hooks/put", "", "queue")
                  + '@include "../shared.cfg"\n',
                  "list": ROUTE % ("/hooks/list", "", "queue") + LIST,
                  "relay": ROUTE % ("/hooks/relay", "", "relay") + LIST},
              settings='journal = { url = "sqlite:journal.db"; };')
    h.api = api
    h.write("mappings/shared.cfg", MAP)
    h.start()
    yield h
    api.release()
    assert h.close() == 0
    api.close()


EVENT = {"lead": "l1", "email": "Laura@example.com", "city": "secret-value"}
TEXT = ROUTE % ("/hooks/one", "", "queue") + MAP


def line_of(text, start):
    return [line.lstrip().startswith(start)
            for line in text.splitlines()].index(True) + 1


def fields(house, delivery):
    return [(e.get("field"), e.get("source"), e.get("at"), e["route"])
            for e in house.logged("field refused")
            if e["delivery"] == delivery]


def of_the_mapping(file, text=TEXT, route="/hooks/one"):
    """Each field, all that is written for it, and where."""
    at = file + ":"
    return [("email", "{$.mail ?? $.email | lower}",
             at + str(line_of(text, "email")), route),
            ("address.city", "{$.city}",
             at + str(line_of(text, "address")), route),
            ("phone", None, None, route)]


def reload(house):
    before = len(house.logged("reloaded"))
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: len(house.logged("reloaded")) > before, what="a reload")


def reload_whole(house):
    """A worker that gets no time may take it later than the log says."""
    reload(house)
    wait_for(lambda: house.metric("leadbridge_settings_in_use") == 1,
             what="letting go of the old settings")


def hurry(house):
    """What never answers is late soon; all else may take its time."""
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert '"60s"' in text
    house.write("leadbridge.cfg", text.replace('"60s"', '"2s"'))
    reload_whole(house)


def test_a_refused_field_is_told_with_its_place(sole):
    sole.api.plan["l1"] = [REFUSAL]
    delivery = ended_as(sole, post(sole, "one", EVENT), "dead")
    assert fields(sole, delivery) == of_the_mapping(
        sole.path("mappings/one/mapping.cfg"))
    reason = ("the API answered 422 Unprocessable Content: email, "
              "address.city, phone")
    letter, = sole.logged("dead letter")
    assert letter["reason"] == reason
    assert items(sole, state="dead")[0]["reason"] == reason
    assert reason in verb(sole, "show", delivery)[0]
    assert reason in verb(sole, "list")[0]
    assert not any(word in sole.log() for word in SECRETS)
    # Whoever has the id is told no more than before.
    public = sole.send(f"/deliveries/{delivery}", method="GET")
    assert public.json["data"]["updates"] == [
        {"state": "dead", "attempts": 1, "status": 422}]


def test_whoever_waits_for_it_is_told_and_the_log_once(sole):
    sole.api.plan["l1"] = [REFUSAL]
    post(sole, "either", EVENT, 422)
    delivery, = {e["delivery"] for e in sole.logged("relayed")}
    ended_as(sole, delivery, "dead")
    # By the event itself, so which alternative it was is known.
    assert [(f, source) for f, source, _, _ in fields(sole, delivery)] == [
        ("email", "$.email"), ("address.city", "$.city"), ("phone", None)]
    assert items(sole, state="dead")[0]["reason"].endswith(
        "Content: email, address.city, phone")


def refused_when(event):
    """An answer that comes when the test says so."""
    def answer():
        assert event.wait(60)
        return REFUSAL

    return answer


def test_one_whose_sender_has_gone_is_looked_up(sole):
    """202 when the sender's patience was over; refused after that."""
    sole.write("mappings/either/mapping.cfg",
               (ROUTE % ("/hooks/either", "", "relay-or-queue") + MAP).replace(
                   "20s", "1s"))
    reload_whole(sole)
    now = threading.Event()
    sole.api.plan["l1"] = [refused_when(now)]
    delivery = post(sole, "either", EVENT)
    now.set()
    ended_as(sole, delivery, "dead")
    assert fields(sole, delivery) == of_the_mapping(
        sole.path("mappings/either/mapping.cfg"), route="/hooks/either")


def test_a_call_under_way_is_told_by_what_it_began_with(sole):
    now = threading.Event()
    sole.api.plan["l1"] = [refused_when(now)]
    delivery = post(sole, "one", EVENT)
    wait_for(lambda: sole.api.leads(), what="the call")
    os.unlink(sole.path("mappings/one/mapping.cfg"))
    reload(sole)
    now.set()
    ended_as(sole, delivery, "dead")
    assert fields(sole, delivery) == of_the_mapping(
        sole.path("mappings/one/mapping.cfg"))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_two_routes_of_one_mapping_share_its_lines(sole, method):
    sole.api.plan["l1"] = [REFUSAL]
    answer = sole.send("/hooks/put", json.dumps(EVENT).encode(), {
        "X-Webhook-Token": TOKEN,
        "Content-Type": "application/json"}, method=method)
    delivery = ended_as(sole, answer.json["data"]["delivery"], "dead")
    told = fields(sole, delivery)
    once = of_the_mapping("../shared.cfg", MAP, "/hooks/put")
    # Which method it was is not kept: both say the same.
    assert sorted(set(told), key=str) == sorted(once, key=str)
    assert sole.logged("dead letter")[0]["reason"].endswith(
        "Content: email, address.city, phone")


@pytest.mark.parametrize("change", ["gone", "path"])
def test_what_waits_outlives_its_route(sole, change):
    """Put off; its route goes, or gets another path; tried again."""
    sole.api.usual = (429, {"Retry-After": "1"})
    refused = post(sole, "one", EVENT)
    taken = post(sole, "one", EVENT | {"lead": "l2"})
    wait_for(lambda: sole.api.leads(), what="the first call")
    file = sole.path("mappings/one/mapping.cfg")
    if change == "gone":
        os.unlink(file)
    else:
        sole.write("mappings/one/mapping.cfg",
                   TEXT.replace("/hooks/one", "/hooks/moved"))
    reload_whole(sole)
    # However long that took, and however often they were tried meanwhile.
    sole.api.plan["l1"] = [REFUSAL]
    sole.api.usual = 200
    post(sole, "one", EVENT, 404)
    ended_as(sole, refused, "dead")
    ended_as(sole, taken, "done")
    # The names are of the contract; the place is nobody's any more.
    assert fields(sole, refused) == [
        (f, None, None, "/hooks/one") for f in ("email", "phone", "address")]
    assert items(sole, state="dead")[0]["route"] == "/hooks/one"
    out, _ = verb(sole, "retry", refused, code=1)
    assert "no mapping serves /hooks/one any more" in out
    verb(sole, "retry", "--as-stored", refused)
    ended_as(sole, refused, "done")
    assert sole.api.calls[-1][2] == {"email": "laura@example.com",
                                     "address": {"city": "secret-value"}}


def batch(house, route, count, status):
    leads = [f"r{i}" for i in range(count)]
    house.api.plan |= {lead: [REFUSAL] for lead in leads}
    return post(house, route, [{"lead": lead, "email": "Laura@example.com"}
                               for lead in leads], status)


def test_a_batch_of_a_thousand_is_told_once_and_no_thousand_times(sole):
    delivery = batch(sole, "list", 1000, 202)
    wait_for(lambda: sole.log().count('"dead letter"') == 1000, 180,
             "the end of all")
    assert len(fields(sole, delivery)) == 32
    wait_for(lambda: states(sole, delivery) == ["dead"] * 1000,
             what="all of them being dead")
    assert {i["reason"] for i in items(sole, state="dead", limit=1000)} == {
        "the API answered 422 Unprocessable Content: email, phone, address"}
    # The next begins anew.
    sole.api.plan["l1"] = [REFUSAL]
    other = ended_as(sole, post(sole, "one", EVENT), "dead")
    assert len(fields(sole, other)) == 3


def test_nor_is_one_that_is_relayed(sole):
    batch(sole, "relay", 100, 422)
    delivery = sole.logged("batch")[0]["delivery"]
    assert len(fields(sole, delivery)) == 32


NOT_SO = json.dumps({"data": {"email": "laura@"}, "success": False}).encode()
CUT = "the API answered 200 with JSON that is cut off, or none"
PAGE = {"Content-Type": "text/html"}
ODD = {
    # What the API says; the class, what becomes of it, and the reason.
    "declined": ((200, {}, NOT_SO), "ambiguous", "waiting",
                 "the API answered 200, and that it did not succeed"),
    "page": ((200, PAGE, b"<h1>Laura"), "ambiguous", "waiting",
             "the API answered 200 without JSON"),
    "moved": ((302, {"Location": "https://evil.test/laura@"}, b""), "target",
              "waiting",
              "the API answered with a redirect, which is not followed"),
    "large": (413, "refused", "dead",
              "the API answered 413 Content Too Large"),
    "refusing page": ((422, PAGE, b"<h1>email Laura"), "refused", "dead",
                      "the API answered 422 Unprocessable Content"),
    "half": ((422, {}, b'{"error":{"code":"VALIDATION_ERROR","details":["em'),
             "refused", "dead", "the API answered 422 Unprocessable Content"),
    "megabyte": (refusal("email: Laura", pad=(1 << 20) - 300), "refused",
                 "dead",
                 "the API answered 422 Unprocessable Content: email"),
    "more than one": (refusal("email: Laura", pad=1 << 20), "refused",
                      "dead", "the API answered 422 Unprocessable Content; "
                      "its body is larger than the limit"),
    "success of more": ((200, {}, b'{"success":true,"data":"%s"}'
                         % (b"x" * (1 << 20))), "ambiguous", "waiting",
                        "broken: the answer's body is larger than the limit"),
    "cut success": ((200, {}, b'{"success":true,"data":{"email":"laura@'),
                    "ambiguous", "waiting", CUT),
    "no JSON": ((200, {}, b"Laura"), "ambiguous", "waiting", CUT),
    "empty JSON": ((200, {}, b""), "ambiguous", "waiting", CUT),
    "late": (None, "ambiguous", "waiting",
             "late: the deadline passed without a complete answer"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_becomes_of_it_by_what_the_api_says(sole, name):
    said, kind, end, reason = ODD[name]
    if name == "late":
        hurry(sole)
    # Not done within the test: nothing else is said but this, again.
    sole.api.plan["l1"] = [said] * 20
    delivery = post(sole, "one", EVENT)
    line = wait_for(lambda: (sole.logged("put off")
                             + sole.logged("dead letter"))[:1],
                    what="the first try")[0]
    assert (line["class"], line["reason"]) == (kind, reason)
    wait_for(lambda: end in states(sole, delivery), what=end)
    assert not any(word in sole.log() for word in SECRETS)
    # And all that is behind it goes on, as soon as the API lets it.
    if end == "dead":
        ended_as(sole, post(sole, "one", EVENT | {"lead": "l2"}), "done")


@pytest.mark.parametrize("said", [
    (204, {}, b""), (200, {"Content-Type": ""}, b"")])
def test_an_answer_without_a_body_is_a_success(sole, said):
    sole.api.plan["l1"] = [said]
    ended_as(sole, post(sole, "one", EVENT), "done")
    assert items(sole, state="done")[0]["attempts"] == 1


def test_tries_of_another_kind_are_no_conflicts(sole):
    """They are counted in the journal, by what they ended with."""
    sole.api.plan["l1"] = [500, 409, 409, 200]
    delivery = post(sole, "one", EVENT)
    ended_as(sole, delivery, "done")
    assert [(e["attempt"], e["status"], e["retry_in"])
            for e in sole.logged("put off")][1:] == [
        ("2", "409", "1.000"), ("3", "409", "2.000")]
    assert items(sole, state="done")[0]["attempts"] == 4


RELAYED = {
    "declined": 200, "page": 502, "moved": 502, "large": 413,
    "refusing page": 422, "half": 422, "megabyte": 422, "more than one": 422,
    "success of more": 502, "cut success": 502, "no JSON": 502, "empty JSON": 502,
    "late": 504,
}


@pytest.mark.parametrize("name", RELAYED)
def test_and_what_a_sender_that_waits_is_told(sole, name):
    sole.write("mappings/relay/mapping.cfg",
               ROUTE % ("/hooks/relay", "", "relay") + MAP)
    if name == "late":
        hurry(sole)
    else:
        reload_whole(sole)
    sole.api.plan["l1"] = [ODD[name][0]]
    answer = sole.send("/hooks/relay", json.dumps(EVENT).encode(), {
        "X-Webhook-Token": TOKEN,
        "Content-Type": "application/json"})
    assert answer.status == RELAYED[name]
    # The API's answer as it came, where it is one.
    if name in ("declined", "half", "megabyte"):
        assert answer.body == ODD[name][0][2]
    else:
        assert answer.json["success"] is False
        assert b"Laura" not in answer.body and b"evil" not in answer.body
    named = ["email"] if name == "megabyte" else []
    assert [e.get("field") for e in sole.logged("field refused")] == named


def test_what_no_journal_could_store_is_told_by_check(sole):
    """A name that is too long would refuse each event, one by one."""
    long = "/hooks/" + "x" * 122
    sole.write("mappings/one/mapping.cfg", ROUTE % (long, "", "queue") + MAP)
    _, err = sole.run("check", "-c", "leadbridge.cfg", code=1)
    assert ("mappings/one/mapping.cfg:2:12: route: longer than the 128 bytes "
            "that a journal keeps") in err
    # As long as it may be, and as long as it likes where nothing is kept.
    sole.write("mappings/one/mapping.cfg",
               ROUTE % (long[:-1], "", "queue") + MAP)
    sole.write("mappings/list/mapping.cfg",
               (ROUTE % (long * 2, "", "relay")) + MAP)
    reload_whole(sole)
    answer = sole.send(long[:-1], json.dumps(EVENT).encode(), {
        "X-Webhook-Token": TOKEN, "Content-Type": "application/json"})
    assert answer.status == 202
    ended_as(sole, answer.json["data"]["delivery"], "done")
