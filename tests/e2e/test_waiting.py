"""What waits in the journal for days if nobody looks: updates whose upstream
the settings no longer name, which are told of, counted and got out; and those
of an account that has to pay. And by which names its threads are found."""

import contextlib
import json
import os
import re

import pytest

from deliveries import data, items, living, verb
from house import House, wait_for
from journal_api import Api
from test_doctor import doctor
from test_modes import accepted, ended, post, route
from test_reload import ask, replace, rewrite

JOURNALS = ["memory:", "sqlite:journal.db"]
STRANDED = 'leadbridge_journal_stranded_items{upstream="leadsail"}'
LEFT = re.compile(re.escape(STRANDED) + r" (\d+)\n")


def open_house(build, folder, journal):
    api = Api()
    h = House(build, folder, upstream=api.url,
              settings=f'journal = {{ url = "{journal}"; }};',
              mappings={"queue": route("queue", more='dedupe = "none";')})
    h.api = api
    return h


@pytest.fixture(params=JOURNALS)
def house(request, build, tmp_path):
    with living(open_house(build, tmp_path, request.param)) as h:
        yield h


@pytest.fixture
def durable(build, tmp_path):
    with living(open_house(build, tmp_path, "sqlite:journal.db")) as h:
        yield h


def event(lead, detail="x"):
    return {"lead": lead, "detail": detail}


def keep_waiting(h, *events):
    """They are accepted, and the API wants none of them now."""
    h.api.usual = 401
    sent = [accepted(post(h, "queue", event(*e))) for e in events]
    wait_for(lambda: h.logged("upstream held"), what="the pause")
    wait_for(lambda: waiting(h) == len(events), what="none being sent")
    h.api.usual = 200
    h.api.calls.clear()
    return sent


def waiting(h):
    return h.metric('leadbridge_journal_items{state="waiting"}')


def rename(h, was="leadsail", now="new"):
    """The upstream, and what its route says."""
    rewrite(h, f"upstreams = {{ {was} = {{ url",
            f"upstreams = {{ {now} = {{ url")
    rewrite(h, f'upstream = "{was}"', f'upstream = "{now}"',
            "mappings/queue/mapping.cfg")


def stranded(h):
    found = LEFT.search(h.admin("/metrics").body.decode())
    return int(found[1]) if found else 0


def warned(h):
    return [(e["upstream"], e["updates"])
            for e in h.logged("updates are stranded")]


def test_what_waits_for_no_upstream_is_told_of(house):
    h = house
    kept = keep_waiting(h, ("l1", "1"), ("l1", "2"), ("l2", "3"))
    assert ask(h).status == 200
    assert stranded(h) == 0
    rename(h)
    assert ask(h).status == 200
    wait_for(lambda: warned(h) == [("leadsail", "3")], what="the warning")
    said, = h.logged("updates are stranded")
    assert said["level"] == "warning"
    assert "deliveries retry --upstream leadsail" in said["do"]
    wait_for(lambda: stranded(h) == 3, what="the gauge")
    # Those that have one go out beside them; nothing more is said of it.
    ended(h, accepted(post(h, "queue", event("l1", "4"))), "done")
    assert h.api.details("l1") == ["4"]
    told = [f for f in doctor(h)["journal"]
            if f["subject"] == "stranded leadsail"]
    assert [(f["verdict"], f["text"].split(": ")[-1]) for f in told] == [
        ("warning", "3")]
    assert "retry --upstream leadsail" in told[0]["remedy"]
    # Once more for each reload.
    assert ask(h).status == 200
    wait_for(lambda: len(warned(h)) == 2, what="another warning")
    # It is back: all go out in their order, and nobody speaks of it.
    rename(h, "new", "leadsail")
    assert ask(h).status == 200
    for delivery in kept:
        ended(h, delivery, "done")
    assert h.api.details("l1") == ["4", "1", "2"]
    wait_for(lambda: stranded(h) == 0, what="the end of it")
    assert len(warned(h)) == 2
    assert not [f for f in doctor(h)["journal"]
                if f["subject"].startswith("stranded")]


def test_a_start_tells_of_it_too(durable):
    h = durable
    keep_waiting(h, ("l1",), ("l2",))
    assert h.stop() == 0
    rename(h)
    h.start()
    wait_for(lambda: warned(h) == [("leadsail", "2")], what="the warning")
    wait_for(lambda: stranded(h) == 2, what="the gauge")


def test_a_route_that_goes_leaves_its_updates_their_way(house):
    h = house
    kept = keep_waiting(h, ("l1", "1"), ("l2", "2"))
    os.makedirs(h.path("mappings/other"))
    os.rename(h.path("mappings/queue/mapping.cfg"),
              h.path("mappings/other/mapping.cfg"))
    rewrite(h, '"/hooks/queue"', '"/hooks/other"',
            "mappings/other/mapping.cfg")
    replace(h.path("api.key"), "another-key\n")
    assert ask(h).status == 200
    for delivery in kept:
        ended(h, delivery, "done")
    assert sorted(h.api.leads()) == ["l1", "l2"]
    assert warned(h) == []


def results(out):
    return [(r["result"], r.get("reason", "")) for r in json.loads(out)]


def retry(h, *args, code=0):
    out, err = verb(h, "retry", "--upstream", "leadsail", "--output", "json",
                    *args, code=code)
    return results(out), err


def test_they_can_be_sent_to_another_upstream(house):
    """Mapped anew, by the mapping as it is: it names the other one."""
    h = house
    kept = keep_waiting(h, ("l1", "1"), ("l1", "2"), ("l2", "3"))
    # While the settings name it, nothing of it is anybody else's to send.
    assert retry(h, "-y") == ([], "There is nothing of that kind.\n")
    rename(h)
    assert ask(h).status == 200
    listed = items(h, upstream="leadsail")
    assert [i["stranded"] for i in listed] == [True] * 3
    assert items(h, upstream="new") == []
    done, _ = retry(h, "--dry-run")
    assert done == [("would_retry", "")] * 3
    assert waiting(h) == 3 and h.api.calls == []
    # As they are stored they would only wait on.
    done, _ = retry(h, "--as-stored", "-y", code=1)
    assert {r for r, _ in done} == {"refused"}
    assert "that the settings do not name" in done[0][1]
    assert len(items(h, upstream="leadsail", state="waiting")) == 3
    # Unconfirmed, nothing happens; nor without the upstream's name.
    assert h.run("deliveries", "retry", "-c", "leadbridge.cfg", "--upstream",
                 "leadsail", code=1, stdin="")[0] == ""
    out, _ = verb(h, "retry", "--output", "json", kept[0], code=1)
    assert results(out) == [
        ("nothing", "none of its updates is dead or refused")]
    done, _ = retry(h, "-y")
    assert done == [("retried", "")] * 3
    for delivery in kept:
        ended(h, delivery, "done")
    assert h.api.details("l1") == ["1", "2"]
    assert {i["upstream"] for i in items(h)} == {"new"}
    wait_for(lambda: stranded(h) == 0, what="the end of it")
    assert items(h, upstream="leadsail") == []


def test_they_can_be_dropped_or_looked_at(house):
    h = house
    keep_waiting(h, ("l1", "1"), ("l2", "2"))
    rename(h)
    assert ask(h).status == 200
    verb(h, "export", "out", "--upstream", "leadsail")
    assert len([f for f in os.listdir(h.path("out"))
                if f.endswith(".http")]) == 2
    out, _ = verb(h, "drop", "--upstream", "leadsail", "--dry-run",
                  "--output", "json")
    assert results(out) == [("would_drop", "")] * 2
    out, _ = verb(h, "drop", "--upstream", "new", "-y", "--output", "json")
    assert results(out) == []
    assert len(items(h)) == 2
    out, _ = verb(h, "drop", "--upstream", "leadsail", "--lead", "l1", "-y",
                  "--output", "json")
    assert results(out) == [("dropped", "")]
    assert [i["lead"] for i in items(h)] == ["l2"]


def test_a_mapping_that_makes_nothing_of_one_leaves_it_waiting(house):
    h = house
    kept, = keep_waiting(h, ("l1", "1"))
    rename(h)
    rewrite(h, '"{$.lead}"', '"{$.nothing}"', "mappings/queue/mapping.cfg")
    assert ask(h).status == 200
    done, _ = retry(h, "-y", code=1)
    assert [r for r, _ in done] == ["refused"]
    assert [i["delivery"] for i in items(h, state="waiting")] == [kept]
    wait_for(lambda: stranded(h) == 1, what="the gauge")
    rename(h, "new", "leadsail")
    assert ask(h).status == 200
    ended(h, kept, "done")


def test_the_endpoint_finds_them_by_a_filter(house):
    h = house
    keep_waiting(h, ("l1", "1"), ("l2", "2"))
    body = {"filter": {"route": "/hooks/queue"}, "upstream": "leadsail"}
    assert data(h, "/deliveries/retry", body)["acted"] == 0
    rename(h)
    assert ask(h).status == 200
    assert data(h, "/deliveries/retry", dict(body, dry_run=True))["acted"] == 2
    assert data(h, "/deliveries/drop", {"filter": {"lead": "l2"}})["acted"] == 0
    assert data(h, "/deliveries/drop", {
        "filter": {"lead": "l2"}, "upstream": "leadsail"})["acted"] == 1
    assert data(h, "/deliveries/retry", body)["acted"] == 1
    wait_for(lambda: h.api.leads() == ["l1"], what="the other")


def test_an_account_that_has_not_paid_loses_nothing(house):
    """402 for a while; then its key is another account's."""
    h = house
    h.api.usual = 402
    sent = [accepted(post(h, "queue", event(f"l{i % 3}", str(i))))
            for i in range(12)]
    held, = wait_for(lambda: h.logged("upstream held"), what="the pause")
    wait_for(lambda: waiting(h) == len(sent), what="none being sent")
    assert (held["upstream"], held["reason"]) == (
        "leadsail", "payment required")
    assert h.metric('leadbridge_upstreams{gate="payment_required"}') == 1
    # The same key is no reason to ask again.
    assert ask(h).status == 200
    assert h.metric('leadbridge_upstreams{gate="payment_required"}') >= 1
    put_off = h.logged("put off")
    assert {(e["status"], e["class"], e["reason"]) for e in put_off} == {
        ("402", "key", "the API answered 402 Payment Required")}
    probes = len(h.api.calls)
    assert 1 <= probes <= 3 # one a lead was under way
    h.api.usual = 200
    replace(h.path("api.key"), "another-key\n")
    assert ask(h).status == 200
    for delivery in sent:
        ended(h, delivery, "done")
    for n in range(3):
        assert h.api.details(f"l{n}")[-4:] == [
            str(i) for i in range(n, 12, 3)]
    assert len(h.api.calls) == probes + 12
    assert h.metric("leadbridge_journal_dead_total") == 0
    assert {i["attempts"] for i in items(h)} == {1}


@pytest.mark.long
def test_once_it_has_paid_a_probe_finds_out(durable):
    """By itself: the first probe is a minute behind."""
    h = durable
    h.api.usual = 402
    sent = [accepted(post(h, "queue", event("l1", str(i)))) for i in range(3)]
    wait_for(lambda: h.logged("upstream held"), what="the pause")
    h.api.usual = 200
    for delivery in sent:
        wait_for(lambda: data(h, f"/deliveries/{delivery}")["items"][0][
            "state"] == "done", seconds=90, what="the probe")
    assert h.api.details("l1") == ["0", "0", "1", "2"]
    assert len(h.logged("upstream well again")) == 1


def threads(pid):
    names = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), \
                open(f"/proc/{pid}/task/{task}/comm") as f:  # or it has ended
            names.append(f.read().strip())
    return names


def test_the_threads_of_the_journal_have_names(house):
    with open(house.path("leadbridge.cfg")) as f:
        syncs = "sqlite:" in f.read()
    wait_for(lambda: [threads(house.bridge.pid).count(name) for name in
                      ("journal", "journal-sync")] == [1, syncs],
             what="each to say its name, once it has begun")
