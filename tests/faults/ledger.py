"""Books of what was promised and what became of it.

Senders post until they are told 202, each lead's events one after another, as
good senders do. At the end every event that was acknowledged has to be
delivered, given up or waiting, in the order in which it was accepted, and
under one idempotency key.
"""

import collections
import http.client
import json
import threading
import time

from house import TOKEN, wait_for

ASKED_MOST = 5000
HEADERS = {"X-Webhook-Token": TOKEN, "Content-Type": "application/json"}


class Sender(threading.Thread):
    """One lead's sender: the next event only after a 202 for the last."""

    def __init__(self, load, lead):
        super().__init__(daemon=True)
        self.load, self.lead = load, lead
        self.connection = None
        self.turn = 0
        self.told = None  # the last status

    def run(self):
        seq = 0
        while not self.load.over.is_set() and seq < self.load.most:
            delivery = self.deliver(seq)
            if delivery is None:
                return
            self.load.acked[self.lead, str(seq)] = delivery
            seq += 1
            if self.load.pause:
                time.sleep(self.load.pause)

    def deliver(self, seq):
        body = json.dumps({"lead": self.lead, "detail": str(seq)})
        headers = dict(HEADERS, **{"X-Id": f"{self.lead}-{seq}"})
        while True:
            status, answer = self.post(body, headers)
            self.load.answers[status] += 1
            self.told = status
            if status == 202:
                return answer["data"]["delivery"]
            assert status in (None, 503), (status, answer)
            # One who was refused tries again, the end of the test included:
            # otherwise it may have been accepted and nobody knows.
            if self.load.over.is_set() and status == 503:
                return None
            if self.load.given_up.is_set():
                return None
            time.sleep(0.01)

    def post(self, body, headers):
        try:
            if self.connection is None:
                self.turn += 1
                node = self.load.nodes[self.turn % len(self.load.nodes)]
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", node.port, timeout=30)
            self.connection.request("POST", "/hooks/queue", body, headers)
            r = self.connection.getresponse()
            text = r.read()
            if r.status == 503:
                assert int(r.headers["Retry-After"]) >= 1
            return r.status, json.loads(text)
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None, None


class Load:
    """Senders at work. `most`: events a lead; `pause`: between two."""

    def __init__(self, nodes, leads=16, most=10**9, pause=0.0, prefix="l"):
        self.nodes = nodes
        self.most, self.pause = most, pause
        self.acked = {}  # (lead, detail) -> delivery
        self.answers = collections.Counter()
        self.over, self.given_up = threading.Event(), threading.Event()
        self.senders = [Sender(self, f"{prefix}{i}") for i in range(leads)]

    def __enter__(self):
        for s in self.senders:
            s.start()
        return self

    def __exit__(self, *failed):
        self.over.set()
        if failed[0] is not None:
            self.given_up.set()
        for s in self.senders:
            s.join(60)
        self.given_up.set()


def state_of(connection, delivery):
    connection.request("GET", f"/deliveries/{delivery}")
    r = connection.getresponse()
    text = r.read()
    return json.loads(text)["data"]["state"] if r.status == 200 else r.status


def states(node, deliveries):
    """What the bridge says of each: a Counter."""
    c = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    try:
        return collections.Counter(state_of(c, d) for d in deliveries)
    finally:
        c.close()


def items(node, state):
    return node.metric(f'leadbridge_journal_items{{state="{state}"}}')


def is_drained(node):
    """Whether nothing waits or is on its way. The journal itself is asked: its
    gauges are old by a second, PostgreSQL's by ten, or by any time where its
    thread did not get to count."""
    after = 0
    while after is not None:
        answer = node.admin("/deliveries?state=waiting,sending&newest=1"
                            f"&limit=1&after={after}")
        if answer.status != 200 or answer.json["data"]["items"]:
            return False
        after = answer.json["data"]["next"]
    return True


def drained(node, seconds=60):
    wait_for(lambda: is_drained(node), seconds, "an empty journal")


class Account:
    """The books closed: asserts what has to hold, counts the rest."""

    def __init__(self, load, api, node):
        self.acked = len(load.acked)
        calls = list(api.calls)
        self.calls = len(calls)
        self.delivered = {(c.lead, c.detail) for c in api.delivered()}
        # Asking for each takes its time: of very many a sample.
        asked = list(load.acked.values())
        self.asked = asked[::1 + len(asked) // ASKED_MOST]
        self.states = states(node, self.asked)
        self.duplicates = len(calls) - len({c.key for c in calls})
        keys = collections.defaultdict(set)
        for c in calls:
            keys[c.lead, c.detail].add(c.key)
        twice = {event: k for event, k in keys.items() if len(k) > 1}
        assert not twice, f"enqueued twice: {twice}"
        self.check_order(calls)
        self.lost = set(load.acked) - self.delivered
        assert set(self.states) <= {"done", "dead", "waiting", "sending"}, (
            self.states)

    def check_order(self, calls):
        """By their first delivery, a lead's events are in order."""
        seen = collections.defaultdict(list)
        for c in calls:
            if int(c.detail) not in seen[c.lead]:
                seen[c.lead].append(int(c.detail))
        for lead, order in seen.items():
            assert order == sorted(order), (lead, order)

    def all_delivered(self):
        assert not self.lost, f"{len(self.lost)} lost: {sorted(self.lost)[:9]}"
        assert self.states == {"done": len(self.asked)}, self.states
