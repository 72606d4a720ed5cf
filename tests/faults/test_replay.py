"""Events that come again (row 19), and those that come late (row 20)."""

import collections
import http.client
import json
import threading
import time

from house import wait_for
from ledger import HEADERS, drained
from test_modes import accepted, post

REPLAYS = 1000
SENDERS = 20


def replay(nodes, body, times, answers):
    """One connection's share of the same event, over and over."""
    c = http.client.HTTPConnection("127.0.0.1", nodes.port, timeout=30)
    for _ in range(times):
        c.request("POST", "/hooks/queue", body,
                  dict(HEADERS, **{"X-Id": "the-one"}))
        r = c.getresponse()
        answers.append((r.status, json.loads(r.read())["data"]["delivery"]))
    c.close()


def replay_at(where, figure):
    """The same event, at once, from all sides of one or two nodes."""
    body = json.dumps({"lead": "l1", "detail": "once"})
    answers = []
    threads = [threading.Thread(target=replay, args=(
        where[i % len(where)], body, REPLAYS // SENDERS, answers))
        for i in range(SENDERS)]
    started = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    drained(where[0])
    calls = where[0].api.calls
    figure(f"{len(answers)} times the same id at {len(where)} node(s) in "
           f"{time.monotonic() - started:.1f} s: {len(calls)} call")
    assert collections.Counter(s for s, _ in answers) == {202: REPLAYS}
    assert len({d for _, d in answers}) == 1
    assert [c.detail for c in calls] == ["once"]


def test_the_same_id_a_thousand_times_is_one_update(nodes, figure):
    replay_at([nodes().start()], figure)


def test_it_is_known_after_a_crash_too(nodes):
    node = nodes().start()
    first = accepted(post(node, "queue", {"lead": "l1", "detail": "x"}, "d"))
    wait_for(node.api.delivered, what="the delivery")
    node.kill()
    node.start()
    assert accepted(post(node, "queue",
                         {"lead": "l1", "detail": "x"}, "d")) == first
    answer = post(node, "queue", {"lead": "l1", "detail": "y"}, "d")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    drained(node)
    assert {c.detail for c in node.api.calls} == {"x"}
