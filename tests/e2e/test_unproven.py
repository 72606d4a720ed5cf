"""Who does not prove himself: one answer, nothing of his sent on, and counted
by why, for whoever runs the bridge."""

import hashlib
import hmac
import time

import pytest

from house import TOKEN, House
from journal_api import Api
from test_modes import route

STAMPED = """
route    = "/hooks/stamped";
verify:  { type = "hmac"; signature = "header:X-Signature";
           timestamp = "header:X-Time"; message = "{timestamp}.{body}"; };
secret   = "token";
upstream = "leadsail";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""
BODY = b'{"lead":"l1","detail":"x"}'


@pytest.fixture
def house(build, tmp_path):
    api = Api()
    h = House(build, tmp_path, upstream=api.url, mappings={
        "stamped": STAMPED, "token": route("token", "relay"),
        "elsewhere": route("elsewhere", "relay").replace(
            "verify:  { ", 'verify:  { addresses = "192.0.2.0/24"; ')},
        settings='journal = { url = "memory:"; };').start()
    h.api = api
    yield h
    assert h.close() == 0
    api.close()


def signed(when, body=BODY):
    mac = hmac.new(TOKEN.encode(), f"{when}.".encode() + body, hashlib.sha256)
    return {"X-Time": str(when), "X-Signature": mac.hexdigest()}


def test_one_answer_for_every_reason(house):
    now = int(time.time())
    assert house.send("/hooks/stamped", BODY, {
        "Content-Type": "application/json", **signed(now)}).status == 200
    assert len(house.api.calls) == 1
    other = {**signed(now), "X-Signature": "00" * 32}
    refused = [
        ("stamped", "missing", {}),
        ("stamped", "malformed", {**signed(now), "X-Signature": "zz" * 32}),
        ("stamped", "malformed", {**signed(now), "X-Time": "soon"}),
        ("stamped", "forged", other),
        ("stamped", "forged", signed(now, BODY + b" ")),
        ("stamped", "stale", signed(now - 3600)),
        ("stamped", "stale", signed(now + 3600)),
        ("token", "missing", {}),
        ("token", "forged", {"X-Webhook-Token": "wrong"}),
        ("elsewhere", "stranger", {"X-Webhook-Token": TOKEN}),
    ]
    answers = set()
    for name, _, headers in refused:
        answer = house.send(f"/hooks/{name}", BODY, {
            "Content-Type": "application/json", **headers})
        assert answer.status == 401
        answers.add((answer.body, tuple(sorted(
            (k, v) for k, v in answer.headers.items() if k != "Date"))))
    assert len(answers) == 1, answers
    assert len(house.api.calls) == 1
    for name in ("stamped", "token", "elsewhere"):
        for reason in ("missing", "malformed", "forged", "stale", "stranger",
                       "certificate"):
            assert house.metric(
                "leadbridge_verification_failures_total{"
                f'route="/hooks/{name}",reason="{reason}"}}') == sum(
                    (of, why) == (name, reason) for of, why, _ in refused), (
                        name, reason)
    # The log says why, for each.
    assert len({line["reason"] for line in house.logged("refused")}) >= 5
