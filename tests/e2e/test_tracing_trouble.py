"""Traces: a collector that is not as it should be."""

import email.utils
import signal
import time

import pytest

from house import free_port, wait_for
from traced import api, collector, counted, opened, send, to  # noqa: F401
from tracing import Collector


def test_a_dead_collector_delays_nobody(opened, collector):
    """It is told of once, and once more when it is well again."""
    port = free_port()
    house = opened(f'url = "http://127.0.0.1:{port}"; interval = "100ms"; '
                   'queue = 64;')
    connection = house.connect()
    for i in range(300):
        assert house.typeform(connection=connection).status == 200
    wait_for(lambda: counted(house, "dropped") > 0, what="drops")
    assert house.metric('leadbridge_trace_exports_total{outcome="failed"}') > 0
    late = Collector(port=port)
    wait_for(lambda: house.logged("spans are exported again"),
             what="recovery")
    assert [len(house.logged(f"spans are {w}"))
            for w in ("not exported", "exported again")] == [1, 1]
    (told,) = house.logged("spans are not exported")
    assert told["level"] == "warning" and "cannot connect" in told["reason"]
    assert late.requests[0][1] == "/v1/traces"      # the path it had not
    connection.close()
    house.stop()
    late.close()


def test_a_hanging_collector_delays_nobody(opened, collector):
    collector.plan = [None]
    house = opened(to(collector, "queue = 64;"), workers=1)
    send(house)
    wait_for(lambda: collector.requests, what="a request that hangs")
    connection = house.connect()
    slowest = 0
    for i in range(100):
        began = time.monotonic()
        assert house.typeform(connection=connection).status == 200
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2
    assert counted(house, "dropped") == 5 * 100 - 64
    connection.close()


def test_the_end_waits_two_seconds_for_a_collector(opened, collector):
    collector.plan = [None]
    house = opened(to(collector), workers=1)
    send(house)
    wait_for(lambda: collector.requests, what="a request that hangs")
    began = time.monotonic()
    assert house.stop() == 0
    assert 1.5 < time.monotonic() - began < 7       # a call may take ten


def test_what_a_busy_collector_turns_away_comes_again(opened, collector):
    collector.plan = [(503, {"Retry-After": "2"}, b""), (429, {}, b"")]
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5)) == 5
    first, second, third = [when for when, *_ in collector.requests]
    assert second - first >= 1.9 and third - second >= 1.9
    wait_for(lambda: counted(house, "exported") == 5, what="the count")


def test_it_comes_again_when_a_date_says_so(opened, collector):
    """Of whole seconds: between four and five of them from now."""
    now, wall = time.monotonic(), time.time()
    date = int(wall) + 5
    collector.plan = [(503, {"Retry-After": email.utils.formatdate(
        date, usegmt=True)}, b"")]
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5)) == 5
    first, second = [when for when, *_ in collector.requests]
    assert first < second and -0.1 <= second - (now + date - wall) < 15


def test_a_batch_is_kept_while_nothing_needs_its_place(opened, collector):
    """Six times it is turned away, one more than a batch that is in the way."""
    collector.plan = [(503, {}, b"")] * 6
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5, seconds=90)) == 5
    assert len(collector.requests) == 7
    assert counted(house, "dropped") == 0


def test_at_the_end_what_waits_is_tried_once_more(opened, collector):
    collector.plan = [(503, {"Retry-After": "100"}, b"")]
    house = opened(to(collector))
    send(house)
    wait_for(lambda: collector.requests, what="a request that is refused")
    send(house)
    assert house.stop() == 0
    assert len(collector.spans()) == 10
    assert [len(b) for b in collector.batches()] == [5, 5]


def test_at_the_end_one_refusal_is_not_of_all(opened, collector):
    """What is wrong with one batch says nothing of the next."""
    collector.plan = [None, (400, {}, b"")]
    house = opened(to(collector, interval="60s"), workers=1)
    connection = house.connect()
    for i in range(110):                        # a batch is on its way
        house.typeform(connection=connection)
    wait_for(lambda: collector.requests, what="a request that hangs")
    for i in range(110):                        # and more than one behind it
        house.typeform(connection=connection)
    connection.close()
    house.bridge.send_signal(signal.SIGTERM)
    wait_for(lambda: len(house.logged("stopped listening")) == 2)
    collector.released.set()
    assert house.bridge.wait(timeout=30) == 0
    house.bridge = None
    assert sorted(len(b) for b in collector.batches()) == [76, 512]


@pytest.mark.parametrize("answer, refused", [
    ((400, {}, b""), 5),
    ((200, {}, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}'
      ), 2),
    ((200, {}, b'{"partialSuccess":{"rejectedSpans":3}}'), 3),
    ((200, {}, b'{"partialSuccess":{"rejectedSpans":"-1"}}'), 0),
    ((200, {}, b'{"partialSuccess":{"rejectedSpans":"99999"}}'), 5),
    ((200, {}, b"not json"), 0)])
def test_what_it_refuses_is_counted_and_not_sent_again(
        opened, collector, answer, refused):
    collector.plan = [answer]
    house = opened(to(collector))
    send(house)
    wait_for(lambda: counted(house, "refused") + counted(house, "exported")
             == 5, what="the count")
    assert counted(house, "refused") == refused
    send(house)
    collector.wait(5 if answer[0] == 400 else 10)
    assert len(collector.requests) == 2


def test_many_spans_go_in_batches(opened, collector):
    house = opened(to(collector, interval="60s"), workers=1)
    connection = house.connect()
    for i in range(110):                        # 550 spans
        house.typeform(connection=connection)
    collector.wait(512)                         # full before its time
    connection.close()
    assert house.stop() == 0                    # the end sends the rest
    assert [len(b) for b in collector.batches()] == [512, 38]
