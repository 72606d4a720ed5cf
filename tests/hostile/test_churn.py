"""Connections that break anywhere, on both sides of the bridge at once (row 9):
nothing is left of them, and who comes next is served. In step hostile of
tests/run this is a build with the address sanitizer, which looks for leaks at
the end; the listener alone is in test_floods.py."""

import os
import random
import socket
import threading
import time

import pytest

from house import TYPEFORM, House, typeform_event, typeform_sign, wait_for
from scripted import Upstream, ok
from test_floods import rst_at
from watch import Watch

IDLE = 1  # seconds that a connection may have nothing to do
SENDERS = 3


class Api:
    """Answers, or breaks the connection before, within or behind an answer;
    once it is `good`, it only answers."""

    def __init__(self):
        self.good = False
        self.dice = random.Random(25)
        self.broken = 0

    def __call__(self, peer, request):
        answer = ok(request.lead)
        if self.good or self.dice.random() < 0.4:
            peer.send(answer)
            return
        self.broken += 1
        cut = self.dice.choice((0, 1, len(answer) // 2, len(answer)))
        peer.send(answer[:cut])
        self.dice.choice((peer.reset, peer.close))()


class Way:
    """What rst_at() wants of a listener."""

    def __init__(self, port):
        self.port = port

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)


def request_of(dice):
    body = typeform_event(score=dice.randrange(1000))
    head = "".join(f"{name}: {value}\r\n"
                   for name, value in typeform_sign(body).items())
    one = (f"POST /hooks/typeform HTTP/1.1\r\nHost: a\r\n{head}"
           f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    return one * dice.choice((1, 1, 2, 3))


def churn(house, seconds, seed):
    """Broken connections, and some that are not: how many, and what came of
    the others that should not."""
    count, wrong, until = [], [], time.monotonic() + seconds

    def whole():
        got = house.typeform()
        if got.status not in (200, 502, 503, 504):
            wrong.append((got.status, got.body))

    def run(seed):
        dice, way = random.Random(seed), Way(house.port)
        try:
            while time.monotonic() < until:
                rst_at(way, dice, request_of(dice))
                count.append(1)
                if dice.random() < 0.1:
                    whole()
        except Exception as e:  # a thread's own is told to nobody
            wrong.append(e)

    threads = [threading.Thread(target=run, args=(seed * SENDERS + n,))
               for n in range(SENDERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return len(count), wrong


@pytest.fixture
def house(build, tmp_path):
    api = Api()
    with Upstream(api) as up:
        h = House(build, tmp_path, upstream=up.url,
                  mappings={"typeform": TYPEFORM},
                  limits=f'idle_timeout = "{IDLE}s"; '
                  # Who stands still in between is no slow sender.
                  'header_timeout = "60s"; body_timeout = "60s";',
                  target=f'idle_timeout = "{IDLE}s";')
        h.api = api
        # Freed memory that the sanitizer keeps is not the bridge's.
        h.start(env={**os.environ, "ASAN_OPTIONS": os.environ.get(
            "ASAN_OPTIONS", "") + ":quarantine_size_mb=1"})
        yield h
        # The sanitizer's word on what was left: close() fails for it.
        assert h.close() == 0


def test_both_sides_break(house, figure, is_long):
    seconds = 60 if is_long else 5
    churn(house, seconds / 2, 0)  # pools fill
    watch = Watch(house)
    before = watch.files_at_rest(), watch.memory()
    count, wrong = churn(house, seconds, 1)
    watch.files_at_rest()
    wait_for(lambda: watch.files() <= before[0], what="as few files as before")
    after = watch.files(), watch.memory()
    figure(f"{count} connections in {seconds} s, {house.api.broken} broken by "
           f"the API; (files, KB) were {before}, are {after}")
    assert wrong == []
    assert house.api.broken > 10
    assert after[1] <= before[1] * 1.05 + 2048
    house.api.good = True
    assert wait_for(lambda: house.typeform().status == 200, 30, "service")
