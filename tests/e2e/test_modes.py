"""Journalled routes: what their senders are told, and when the API hears."""

import json
import signal
import threading

import pytest

from house import TOKEN, House, wait_for
from journal_api import Api

ROUTE = """
route    = "/hooks/%s";
verify:  { type = "token"; signature = "header:X-Webhook-Token";
           delivery_id = "header:X-Id"; };
secret   = "token";
upstream = "leadsail";
mode     = "%s";
%s
lead_id  = "{$.lead}";
update: {
  detail = "{$.detail}";
  %s
};
"""


def route(name, mode="queue", more="", field='tags = "{$.tags}";'):
    return ROUTE % (name, mode, more, field)


NOTE = 'notes = ( { text = "{$.note}"; } );'

MAPPINGS = {
    "queue": route("queue"),
    "notes": route("notes", field=NOTE),
    "many-notes": route("many-notes", field="""
      notes: { each = "$.notes[*]"; as: { text = "{@}"; }; };""").replace(
          'detail = "{$.detail}";', ""),
    "either": route("either", "relay-or-queue", 'patience = "20s";'),
    "hasty": route("hasty", "relay-or-queue", 'patience = "1s";'),
    "same": route("same", more='dedupe = "body";'),
    "fields": route("fields", more='dedupe = ( "$.lead", "$.at" );'),
    "never": route("never", more='dedupe = "none";'),
    "merge": route("merge", more='coalesce = true; dedupe = "none";'),
    "block": route("block", more='on_dead_letter = "block";'),
    "once": route("once", field=NOTE, more='writes = "append"; '
                  'on_ambiguous = "dead-letter";'),
}


MAPPINGS |= {
    "open": route("open", more='dedupe = ( "$.at" );').replace(
        '"token"; signature = "header:X-Webhook-Token";', '"none";').replace(
        'secret   = "token";\n', ""),
    "put": route("queue", more='method = "PUT";'),
    "path": ROUTE.replace("{$.lead}", "{param('lead')}") % (
        "path/{lead}", "queue", 'dedupe = "body";', ""),
    "get": ROUTE.replace("header:X-Webhook-Token", "query:token") % (
        "get", "queue", 'method = "GET"; dedupe = "body";', ""),
    "list": ROUTE.replace("$.", "@.") % (
        "list", "queue", 'events = "$.of[*]";',
        'lastName = "{$.text}";'),
}
MAPPINGS |= {name: ROUTE.replace("$.", "@.") % (
    name, mode, 'patience = "20s"; events = "$.of[*]";',
    'when = "@.wanted == true";')
    for name, mode in (("one", "queue"), ("one-either", "relay-or-queue"))}


MAPPINGS["noted"] = ROUTE.replace("$.", "@.") % (
    "noted", "queue", 'events = "$.of[*]";',
    'when = "@.wanted == true"; ' + NOTE.replace("$.", "@."))


def open_house(build, tmp_path, api, journal):
    """What the API holds is held until it is released: no call is late."""
    return House(build, tmp_path, upstream=api.url, mappings=MAPPINGS,
                 target='timeout = "100s";', settings=journal)


@pytest.fixture(params=["memory:", "sqlite:journal.db"])
def house(request, build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api,
                   f'journal = {{ url = "{request.param}"; }};')
    h.api = api
    h.start()
    yield h
    api.release()
    assert h.close() == 0
    api.close()


def post(house, route, event, delivery=None, token=TOKEN):
    headers = {"X-Webhook-Token": token, "Content-Type": "application/json"}
    if delivery:
        headers["X-Id"] = delivery
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return house.send(f"/hooks/{route}", body, headers)


def state(house, delivery):
    return house.send(f"/deliveries/{delivery}", method="GET").json["data"]


def ended(house, delivery, what):
    return wait_for(lambda: state(house, delivery)["state"] == what,
                    what=f"{delivery} being {what}")


def accepted(answer):
    assert answer.status == 202, (answer.status, answer.body)
    delivery = answer.json["data"]["delivery"]
    assert answer.headers["Location"] == f"/deliveries/{delivery}"
    return delivery


def test_a_queued_event_is_told_202_and_delivered(house):
    delivery = accepted(post(house, "queue", {"lead": "l1", "detail": "x"}))
    ended(house, delivery, "done")
    assert house.api.calls[0][0] == "l1"
    assert house.api.calls[0][2] == {"detail": "x"}
    assert state(house, delivery)["updates"] == [
        {"state": "done", "attempts": 1, "status": 200}]


def test_the_state_tells_nothing_of_the_lead(house):
    delivery = accepted(post(house, "queue",
                             {"lead": "l-secret", "detail": "d-secret"}))
    ended(house, delivery, "done")
    assert b"secret" not in house.send(f"/deliveries/{delivery}", method="GET").body
    unknown = "019ac000-0000-7000-8000-000000000000"
    assert house.send(f"/deliveries/{unknown}", method="GET").status == 404
    assert house.send("/deliveries/nonsense", method="GET").status == 404


def test_either_relays_an_answer_that_comes_in_time(house):
    answer = post(house, "either", {"lead": "l1", "detail": "x"})
    assert (answer.status, answer.json) == (200, {"success": True,
                                                  "data": None})
    house.api.plan["l2"] = [422]
    answer = post(house, "either", {"lead": "l2", "detail": "x"})
    assert (answer.status, answer.code) == (422, "S422")


def test_either_does_not_send_twice_what_is_late(house):
    house.api.plan["l1"] = [None]
    delivery = accepted(post(house, "hasty", {"lead": "l1", "detail": "x"}))
    assert state(house, delivery)["state"] == "sending"
    house.api.release()
    ended(house, delivery, "done")
    assert house.api.leads() == ["l1"]


def test_either_answers_202_when_it_will_be_tried_again(house):
    house.api.plan["l1"] = [503]
    delivery = accepted(post(house, "either", {"lead": "l1", "detail": "x"}))
    ended(house, delivery, "done")
    assert house.api.leads() == ["l1", "l1"]


def test_a_leads_updates_go_in_order_one_at_a_time(house):
    house.api.plan["l1"] = [None]
    first = accepted(post(house, "queue", {"lead": "l1", "detail": "0"}))
    wait_for(lambda: house.api.leads() == ["l1"])
    rest = [accepted(post(house, "queue", {"lead": "l1", "detail": str(i)}))
            for i in range(1, 20)]
    other = accepted(post(house, "queue", {"lead": "l2", "detail": "x"}))
    ended(house, other, "done")
    assert house.api.details("l1") == ["0"]
    house.api.release()
    for delivery in [first] + rest:
        ended(house, delivery, "done")
    assert house.api.details("l1") == [str(i) for i in range(20)]


def test_the_same_id_is_answered_as_the_first(house):
    event = {"lead": "l1", "detail": "x"}
    first = accepted(post(house, "queue", event, "d1"))
    assert accepted(post(house, "queue", event, "d1")) == first
    ended(house, first, "done")
    assert accepted(post(house, "queue", event, "d1")) == first
    assert house.api.leads() == ["l1"]


def test_the_same_body_for_another_lead_is_another_event(house):
    ids = {accepted(post(house, f"path/{lead}", {"detail": "won"}))
           for lead in ("l1", "l2", "l1")}
    assert len(ids) == 2
    asked = f"/hooks/get?token={TOKEN}&detail=x&lead="
    ids = {accepted(house.send(asked + lead, method="GET"))
           for lead in ("l3", "l4", "l3")}
    assert len(ids) == 2
    wait_for(lambda: sorted(house.api.leads()) == ["l1", "l2", "l3", "l4"])


def test_ids_are_of_one_method(house):
    event = json.dumps({"lead": "l1", "detail": "x"})
    headers = {"X-Webhook-Token": TOKEN, "X-Id": "d1",
               "Content-Type": "application/json"}
    first = accepted(house.send("/hooks/queue", event, headers))
    assert accepted(house.send("/hooks/queue", event, headers,
                               method="PUT")) != first


def test_what_was_refused_is_no_duplicate(house):
    assert post(house, "queue", {"detail": "x"}, "d1").status == 422
    assert post(house, "queue", {"detail": "x"}, "d1").status == 422
    # Mended by its sender.
    accepted(post(house, "queue", {"lead": "l1", "detail": "x"}, "d1"))


def test_a_batch_is_answered_again_as_the_first_was(house):
    batch = {"of": [{"detail": "no lead"}, {"lead": "l1", "detail": "x"}]}
    first = accepted(post(house, "list", batch, "d1"))
    ended(house, first, "refused")
    assert accepted(post(house, "list", batch, "d1")) == first
    assert house.api.leads() == ["l1"]


def test_a_batch_that_cannot_be_mapped_is_refused(house):
    batch = {"of": [{"detail": "1"}, {"detail": "2"}]}
    answer = post(house, "list", batch)
    assert (answer.status, answer.code) == (422, "MAPPING_ERROR")


def test_a_small_batch_of_large_updates_is_queued(house):
    batch = {"text": "x" * 6000,
             "of": [{"lead": f"l{i % 7}", "detail": str(i)}
                    for i in range(1000)]}
    accepted(post(house, "list", batch))
    wait_for(lambda: len(house.api.calls) == 1000, seconds=60,
             what="all of them")


ONE_OF_THREE = {"of": [{"lead": "l1", "detail": "x"},
                       {"lead": "l2", "detail": "y", "wanted": True},
                       {"lead": "l3", "detail": "z"}]}


def test_of_a_batch_one_event_may_be_wanted(house):
    ended(house, accepted(post(house, "one", ONE_OF_THREE)), "done")
    assert [(lead, body) for lead, _, body in house.api.calls] == [
        ("l2", {"detail": "y"})]


def test_then_it_is_relayed_and_so_again(house):
    house.api.plan["l2"] = [422]
    assert post(house, "one-either", ONE_OF_THREE, "d1").code == "S422"
    wait_for(lambda: post(house, "one-either", ONE_OF_THREE,
                          "d1").status == 422, what="the same answer")
    assert house.api.leads() == ["l2"]


def test_one_lead_that_is_forbidden_holds_up_no_other(house):
    house.api.plan["bad"] = [403, 302] + [403] * 50
    bad = accepted(post(house, "queue", {"lead": "bad", "detail": "x"}))
    wait_for(lambda: house.api.leads() == ["bad"])
    for i in range(20):
        ended(house, accepted(post(house, "queue", {
            "lead": f"l{i}", "detail": "x"})), "done")
    assert state(house, bad) == {
        "delivery": bad, "state": "waiting",
        "updates": [{"state": "waiting", "attempts": 0, "status": 403}]}


def test_a_throttled_lead_waits_longer_than_all_the_others(house):
    house.api.plan["l1"] = [(429, {"Retry-After": "2"})]
    first = accepted(post(house, "queue", {"lead": "l1", "detail": "x"}))
    wait_for(lambda: house.api.leads() == ["l1"])
    other = accepted(post(house, "queue", {"lead": "l2", "detail": "x"}))
    ended(house, other, "done")
    ended(house, first, "done")


def test_the_same_id_with_another_body_is_a_conflict(house):
    accepted(post(house, "queue", {"lead": "l1", "detail": "x"}, "d1"))
    answer = post(house, "queue", {"lead": "l1", "detail": "y"}, "d1")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    # A person may see what it was.
    refused = 'leadbridge_journal_items{state="refused"}'
    wait_for(lambda: house.metric(refused) == 1, what="what is kept")
    # Another route's ids are others.
    accepted(post(house, "same", {"lead": "l1", "detail": "y"}, "d1"))


@pytest.mark.parametrize("route,level", [
    ("fields", "error"), ("open", "warning")])
def test_lines_of_repeats_can_be_held_back(house, route, level):
    """Who may send anything may repeat it: what a line says of it does not
    differ from one to the next, but for an error, that its sender made."""
    event = {"lead": "l1", "at": 1, "detail": "x"}
    first = accepted(post(house, route, event))
    for detail in "xyz":
        post(house, route, event | {"detail": detail})
    lines = house.logged("same id, other body")
    reason = "its id came before with another body"
    assert [(e["level"], e["reason"], e["first"]) for e in lines] == [
        (level, reason, first)] * 2
    assert [e["reason"] for e in house.logged("refused")] == [reason] * 2
    duplicate, = house.logged("duplicate")
    assert duplicate["first"] == first and "reason" not in duplicate


def test_a_relayed_answer_is_given_again(house):
    house.api.plan["l2"] = [422]
    for lead, status in (("l1", 200), ("l2", 422)):
        event = {"lead": lead, "detail": "x"}
        assert post(house, "either", event, lead).status == status
        wait_for(lambda: post(house, "either", event, lead).status == status,
                 what="the same answer")
    assert house.api.leads() == ["l1", "l2"]


@pytest.mark.parametrize("route,second,same", [
    ("same", {"lead": "l1", "detail": "x"}, True),
    ("same", {"lead": "l1", "detail": "y"}, False),
    ("never", {"lead": "l1", "detail": "x"}, False),
    ("queue", {"lead": "l1", "detail": "x"}, False),
])
def test_what_makes_two_events_the_same(house, route, second, same):
    first = accepted(post(house, route, {"lead": "l1", "detail": "x"}))
    assert (accepted(post(house, route, second)) == first) == same


def test_chosen_fields_make_two_events_the_same(house):
    def send(**event):
        return post(house, "fields", event)

    first = accepted(send(lead="l1", at=1, detail="x"))
    assert accepted(send(lead="l1", at=1, detail="x")) == first
    assert accepted(send(lead="l1", at=2, detail="x")) != first
    assert send(lead="l1", at=1, detail="other").status == 409
    long = {"lead": "l1", "at": "x" * 5000, "detail": "x"}
    assert accepted(send(**long)) == accepted(send(**long))
    assert accepted(send(lead="l1", detail="x")) != accepted(
        send(lead="l1", detail="x"))


def test_notes_get_ids_that_stay(house):
    house.api.plan["l1"] = [503]
    delivery = accepted(post(house, "notes", {"lead": "l1", "note": "n"}))
    ended(house, delivery, "done")
    ids = [body["notes"][0]["id"] for _, _, body in house.api.calls]
    assert ids == [f"{delivery}-0-0"] * 2
    keys = [key for _, key, _ in house.api.calls]
    assert keys[0] == keys[1] and delivery in keys[0]


def test_a_note_keeps_its_id_whatever_else_of_the_event_is_wanted(house):
    delivery = accepted(post(house, "noted", {"of": [
        {"lead": "l1", "note": "a", "wanted": False},
        {"lead": "l2", "note": "b", "wanted": True}]}))
    ended(house, delivery, "done")
    (_, _, body), = house.api.calls
    assert body["notes"] == [{"id": f"{delivery}-1-0", "text": "b"}]


def test_notes_that_find_no_room_for_ids_are_refused(house):
    """And kept for a person, not sent without."""
    answer = post(house, "many-notes",
                  {"lead": "l1", "notes": ["n" * 60] * 9900})
    assert (answer.status, answer.code) == (413, "CONTENT_TOO_LARGE")
    assert "update.notes: with an id for each note" in answer.details[0]
    accepted(post(house, "many-notes", {"lead": "l1", "notes": ["n"] * 9000}))
    wait_for(lambda: house.api.calls, what="the call")
    ids = {note["id"] for note in house.api.calls[0][2]["notes"]}
    assert len(ids) == 9000


def test_waiting_updates_of_one_lead_go_as_one(house):
    house.api.plan["l1"] = [None]
    first = accepted(post(house, "merge", {"lead": "l1", "detail": "0"}))
    wait_for(lambda: house.api.leads() == ["l1"])
    rest = [accepted(post(house, "merge", event)) for event in (
        {"lead": "l1", "detail": "1"},
        {"lead": "l1", "detail": "2", "tags": ["a"]},
        {"lead": "l1", "detail": "3"},
        {"lead": "l1", "tags": ["b"]})]
    house.api.release()
    for delivery in [first] + rest:
        ended(house, delivery, "done")
    assert [body for _, _, body in house.api.calls] == [
        {"detail": "0"}, {"detail": "3", "tags": ["a"]}, {"tags": ["b"]}]


def test_a_merged_update_that_is_refused_blames_only_the_guilty(house):
    house.api.plan["l1"] = [None]
    first = accepted(post(house, "merge", {"lead": "l1", "detail": "0"}))
    wait_for(lambda: house.api.leads() == ["l1"])
    ids = [accepted(post(house, "merge", {"lead": "l1", "detail": str(i)}))
           for i in range(1, 4)]
    # Merged: refused. Alone: taken, then 2 and 3 merged: refused. 2 alone.
    house.api.plan["l1"] = [422, 200, 422, 422, 200]
    house.api.release()
    for delivery, end in zip([first] + ids, ("done", "done", "dead", "done")):
        ended(house, delivery, end)
    assert house.api.details("l1") == ["0", "3", "1", "3", "2", "3"]


def test_behind_a_dead_letter_the_lead_goes_on(house):
    house.api.plan["l1"] = [422]
    dead = accepted(post(house, "queue", {"lead": "l1", "detail": "0"}))
    done = accepted(post(house, "queue", {"lead": "l1", "detail": "1"}))
    ended(house, done, "done")
    assert state(house, dead)["updates"][0] == {
        "state": "dead", "attempts": 1, "status": 422}


def test_or_it_waits_where_the_route_says_so(house):
    house.api.plan["l1"] = [422]
    dead = accepted(post(house, "block", {"lead": "l1", "detail": "0"}))
    ended(house, dead, "dead")
    waits = accepted(post(house, "block", {"lead": "l1", "detail": "1"}))
    other = accepted(post(house, "block", {"lead": "l2", "detail": "1"}))
    ended(house, other, "done")
    assert state(house, waits)["state"] == "waiting"


def test_an_append_that_may_have_worked_is_not_repeated(house):
    house.api.plan["l1"] = [500]
    ended(house, accepted(post(house, "once", {"lead": "l1", "note": "n"})),
          "dead")
    house.api.plan["l2"] = [503]
    ended(house, accepted(post(house, "once", {"lead": "l2", "note": "n"})),
          "done")


def test_an_append_that_a_crash_cut_off_is_not_sent_again(build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api,
                   'journal = { url = "sqlite:journal.db"; };')
    h.start()
    api.plan["l1"] = [None]
    cut = accepted(post(h, "once", {"lead": "l1", "note": "cut"}))
    wait_for(lambda: api.leads() == ["l1"], what="the call")
    behind = accepted(post(h, "once", {"lead": "l1", "note": "behind"}))
    h.stop(signal.SIGKILL)
    h.start()
    ended(h, cut, "dead")
    ended(h, behind, "done")
    assert [body["notes"][0]["text"] for _, _, body in api.calls] == [
        "cut", "behind"]
    api.release()
    assert h.close() == 0
    api.close()


def test_what_is_proven_and_refused_is_kept(house):
    for event, status in ((b"{", 400), ({"detail": "x"}, 422),
                          ({"lead": "../x", "detail": "x"}, 422)):
        assert post(house, "queue", event).status == status
    assert post(house, "queue", {"lead": "l1"}, token="wrong").status == 401
    refused = 'leadbridge_journal_items{state="refused"}'
    wait_for(lambda: house.metric(refused) == 3, what="what is kept")


def test_a_refused_key_burns_nothing(house):
    house.api.usual = 401
    delivery = accepted(post(house, "queue", {"lead": "l1", "detail": "x"}))
    wait_for(lambda: house.api.leads() == ["l1"])
    wait_for(lambda: state(house, delivery)["updates"][0]["attempts"] == 0)
    assert state(house, delivery)["state"] == "waiting"
    # The gate is shut: no other lead is tried with that key either.
    other = accepted(post(house, "queue", {"lead": "l2", "detail": "x"}))
    assert state(house, other)["state"] == "waiting"
    assert house.api.leads() == ["l1"]
    assert house.metric('leadbridge_upstreams{gate="key_refused"}') == 1
    assert house.metric('leadbridge_upstreams{gate="closed"}') == 0
    held, = house.logged("upstream held")
    assert (held["upstream"], held["reason"]) == ("leadsail", "key refused")


def test_calls_under_way_end_before_the_bridge_does(build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api, 'drain_timeout = "60s"; '
                   'journal = { url = "sqlite:journal.db"; };')
    api.plan["l1"] = [None]
    h.start()
    delivery = accepted(post(h, "queue", {"lead": "l1", "detail": "x"}))
    behind = accepted(post(h, "queue", {"lead": "l1", "detail": "y"}))
    wait_for(lambda: api.leads() == ["l1"])
    h.bridge.send_signal(signal.SIGTERM)
    threading.Timer(0.5, api.release).start()
    assert h.bridge.wait(timeout=20) == 0
    assert api.leads() == ["l1"]
    h.start()
    ended(h, delivery, "done")
    ended(h, behind, "done")
    assert api.details("l1") == ["x", "y"]
    assert h.close() == 0
    api.close()


def test_without_a_journal_only_relay_is_possible(build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api, "")
    out, err = h.run("check", "-c", "leadbridge.cfg", code=1)
    assert 'mode: "queue" needs a journal' in out + err
    api.close()
