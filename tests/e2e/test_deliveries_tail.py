"""`deliveries tail` beside an admin endpoint that tells what it is to see."""

import http.server
import json
import os
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlparse

import pytest

from house import wait_for

START = 1_800_000_000_000
PAGE = 500


def shown(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + (
        f".{ms % 1000:03}Z")


class Journal:
    """Items by their order; each look at the newest is a round."""

    def __init__(self):
        self.items = {}
        self.rounds = 0
        self.asked = []

    def add(self, order, received, state="done", updated=None):
        self.items[order] = {
            "delivery": f"019ac000-0000-7000-8000-{order:012x}", "n": 0,
            "order": order, "state": state, "route": "/hooks/one",
            "lead": f"l{order}", "attempts": 1, "status": 200, "reason": None,
            "received": shown(START + received),
            "updated": shown(START + (received if updated is None
                                      else updated))}

    def page(self, query):
        most = int(query["limit"][0])
        after = int(query.get("after", ["0"])[0])
        newest = "newest" in query
        wanted = query.get("state", [""])[0].split(",")
        got = sorted((i for i in self.items.values()
                      if (wanted == [""] or i["state"] in wanted)
                      and (not after or i["order"] < after)
                      and query.get("id", [i["delivery"]])[0] == i["delivery"]),
                     key=lambda i: i["order"], reverse=newest)
        self.asked.append((newest, after))
        if newest and not after:
            self.rounds += 1
        return {"items": got[:most],
                "next": got[most - 1]["order"] if len(got) > most else None}


@pytest.fixture
def journal():
    j = Journal()
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with lock:
                page = j.page(parse_qs(urlparse(self.path).query))
            body = json.dumps({"success": True, "data": page}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    j.url = f"http://127.0.0.1:{server.server_port}"
    j.lock = lock
    yield j
    server.shutdown()
    server.server_close()


@pytest.fixture
def tail(build, journal, tmp_path):
    """Starts it; gives the leads that it has told of."""
    made = []

    def start():
        out = open(tmp_path / "out", "w+")
        p = subprocess.Popen(
            [os.path.join(build, "leadbridge"), "deliveries", "tail", "--to",
             journal.url, "--output", "json"], stdout=out,
            stderr=subprocess.PIPE, text=True)
        made.append((p, out))
        assert "Updates are shown" in p.stderr.readline()
        return told

    def told():
        # The last line may be being written.
        whole, _, _ = (tmp_path / "out").read_text().rpartition("\n")
        return [json.loads(line)["lead"] for line in whole.splitlines()]

    yield start
    for p, out in made:
        p.terminate()
        assert p.wait(60) == 0
        p.stderr.close()
        out.close()


def rounds(journal, more):
    now = journal.rounds
    wait_for(lambda: journal.rounds >= now + more, 60, "a look")


def test_what_is_committed_late_is_shown(journal, tail):
    """Thousands were accepted after it, and were shown; it is committed now."""
    for order in range(1, 11):
        journal.add(order, order)
    told = tail()
    with journal.lock:
        for order in range(20, 3000):
            journal.add(order, 1000 + order)
    wait_for(lambda: len(told()) == 2980, 60, "what came after it")
    with journal.lock:
        journal.add(15, 1000)
    wait_for(lambda: "l15" in told(), 60, "what was committed late")
    rounds(journal, 2)
    assert len(told()) == len(set(told())) == 2981
    assert not set(told()) & {f"l{i}" for i in range(1, 11)}


def test_what_ended_before_is_not_shown(journal, tail):
    """Though room is made for it in the newest ones."""
    for order in range(1, 2 * PAGE):
        journal.add(order, order - 60000 if order < PAGE else order)
    told = tail()
    with journal.lock:
        for order in range(PAGE + 50, PAGE + 100):
            del journal.items[order]
    rounds(journal, 2)
    assert told() == []


def test_a_look_does_not_go_back_for_ever(journal, tail):
    for order in range(1, 20 * PAGE):
        journal.add(order, order * 100)
    tail()
    journal.asked.clear()
    rounds(journal, 2)
    assert {after for newest, after in journal.asked if newest} == {0}
