"""A wall clock that jumps, and events that are late or early (row 20)."""

import base64
import glob
import hashlib
import hmac
import json
import time

import pytest

from house import TOKEN, wait_for
from ledger import drained
from test_modes import accepted, post, route

HOUR, YEAR = 3600, 365 * 24 * 3600

SIGNED = """
route    = "/hooks/signed";
verify:  { type = "hmac"; signature = "header:X-Signature";
           timestamp = "header:X-Time"; tolerance = "5m";
           message = "{timestamp}.{body}"; };
secret   = "token";
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""


def send_signed(node, seconds):
    """Its status, signed so long ago; within one second of the clock."""
    body = json.dumps({"lead": "l1", "detail": "x"}).encode()
    while True:
        now = int(time.time())
        at = str(now - seconds)
        mac = hmac.new(TOKEN.encode(), at.encode() + b"." + body,
                       hashlib.sha256)
        answer = node.send("/hooks/signed", body, {
            "Content-Type": "application/json", "X-Time": at,
            "X-Signature": mac.hexdigest()})
        if int(time.time()) == now:
            return answer.status


def test_five_minutes_are_five_minutes(nodes):
    node = nodes(mappings={"signed": SIGNED}).start()
    assert [send_signed(node, s) for s in (0, 299, -299, 301, -301)] == [
        202, 202, 202, 401, 401]


class FakeClock:
    """libfaketime's; the monotonic clocks are left as they are."""

    def __init__(self, node):
        self.node = node
        self.set(0)
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            pytest.skip("the package faketime is not installed")
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME_TIMESTAMP_FILE": node.path("clock")}

    def set(self, seconds):
        self.node.write("clock", f"{seconds:+d}\n")

    def shows(self):
        """The year of the bridge's clock, by the Date of an answer."""
        return self.node.send("/nothing", method="GET").headers["Date"]


def calls_of(node, lead):
    return [c for c in list(node.api.calls) if c.lead == lead]


@pytest.mark.parametrize("jump", [
    10 * YEAR, *(pytest.param(jump, marks=pytest.mark.long)
                 for jump in (-10 * YEAR, HOUR, -HOUR))])
def test_a_clock_that_jumps_moves_no_retry(nodes, figure, jump):
    # Certificates are not valid in ten years: the API speaks plain HTTP.
    node = nodes(is_plain=True)
    clock = FakeClock(node)
    node.api.answer = lambda call: (
        200 if len(calls_of(node, call.lead)) > 1
        else (503, {"Retry-After": "3"}))
    node.start(env=clock.env)
    before = clock.shows()
    first = accepted(post(node, "queue", {"lead": "l1", "detail": "0"}))
    wait_for(lambda: node.api.calls, what="the first try")
    clock.set(jump)
    wait_for(lambda: clock.shows()[5:22] != before[5:22], what="the jump")
    second = accepted(post(node, "queue", {"lead": "l1", "detail": "1"}))
    wait_for(lambda: len(calls_of(node, "l1")) == 3, 40, "the second tries")
    calls = calls_of(node, "l1")
    waited = calls[1].at - calls[0].at
    figure(f"{jump:+d} s while a retry is due in 3 s: it came after "
           f"{waited:.1f} s")
    # Not at once, and not after the jump; this machine may be late by some.
    assert 3 <= waited <= 30
    assert [c.detail for c in calls] == ["0", "0", "1"]
    # And over a restart: what waits is neither lost nor stuck.
    node.api.answer = lambda call: (
        200 if len(calls_of(node, call.lead)) > 1
        else (503, {"Retry-After": "1"}))
    third = accepted(post(node, "queue", {"lead": "l2", "detail": "0"}))
    wait_for(lambda: calls_of(node, "l2"), what="its first try")
    node.stop()
    clock.set(-jump)
    node.start(env=clock.env)
    wait_for(lambda: len(calls_of(node, "l2")) == 2, 40, "its second try")
    drained(node)
    assert [c.detail for c in calls_of(node, "l2")] == ["0", "0"]
    for delivery in (first, second, third):
        answer = node.send(f"/deliveries/{delivery}", method="GET")
        # Years later what was delivered need not be known any more.
        assert answer.status == 404 and jump < 0 or (
            answer.json["data"]["state"] == "done")
