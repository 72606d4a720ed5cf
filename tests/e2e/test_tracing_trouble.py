"""Traces: a collector that is not as it should be."""

import email.utils
import time

import pytest

from house import free_port, wait_for
from traced import (api, collector, counted, end, opened,  # noqa: F401
                    send, to)
from tracing import Collector, spans_in

# A tick may come between the spans of one event: then it is two batches.


def test_a_dead_collector_delays_nobody(opened, collector):
    """It is told of once, and once more when it is well again."""
    port = free_port()
    house = opened(f'url = "http://127.0.0.1:{port}"; interval = "100ms"; '
                   'queue = 64;')
    connection = house.connect()
    for i in range(300):
        assert house.typeform(connection=connection).status == 200
    wait_for(lambda: counted(house, "dropped") > 0, what="drops")
    wait_for(lambda: house.metric(
        'leadbridge_trace_exports_total{outcome="failed"}') > 0,
        what="a failure")
    late = Collector(port=port)
    wait_for(lambda: house.logged("spans are exported again"), 60,
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
    collector.plan = [None] * 9     # also where it is late, and tried again
    house = opened(to(collector, "queue = 64;"), workers=1)
    send(house)
    wait_for(lambda: collector.requests, what="a request that hangs")
    in_hand = len(spans_in(collector.requests[0][3]))
    connection = house.connect()
    took = []
    for i in range(100):
        began = time.monotonic()
        assert house.typeform(connection=connection).status == 200
        took.append(time.monotonic() - began)
    # Any may be slow where others have the processor. Who waited for room
    # would wait for a minute, which the connection does not.
    assert sorted(took)[50] < 2
    assert counted(house, "dropped") == 5 * 101 - in_hand - 64
    connection.close()


def test_the_end_waits_two_seconds_for_a_collector(opened, collector):
    collector.plan = [None] * 9     # also where it is late, and tried again
    house = opened(to(collector), workers=1)
    send(house)
    wait_for(lambda: collector.requests, what="a request that hangs")
    told = house.logged("spans are not exported")
    began = time.monotonic()
    assert house.stop() == 0
    assert time.monotonic() - began > 1.5
    # A call may take ten, and that it took them is told.
    assert house.logged("spans are not exported") == told


def test_what_a_busy_collector_turns_away_comes_again(opened, collector):
    collector.plan = [(503, {"Retry-After": "2"}, b""), (429, {}, b"")]
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5)) == 5
    first, second, third = [when for when, *_ in collector.requests][:3]
    assert second - first >= 1.9 and third - second >= 1.9
    wait_for(lambda: counted(house, "exported") == 5, what="the count")


def test_it_comes_again_when_a_date_says_so(opened, collector):
    """Of whole seconds: between four and five of them from now."""
    house = opened(to(collector))
    now, wall = time.monotonic(), time.time()
    date = int(wall) + 5
    collector.plan = [(503, {"Retry-After": email.utils.formatdate(
        date, usegmt=True)}, b"")]
    send(house)
    assert len(collector.wait(5)) == 5
    first, second = [when for when, *_ in collector.requests][:2]
    assert first < second and -0.1 <= second - (now + date - wall) < 15


def test_a_batch_is_kept_while_nothing_needs_its_place(opened, collector):
    """Six times it is turned away, one more than a batch that is in the way."""
    collector.plan = [(503, {}, b"")] * 6
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5, seconds=90)) == 5
    assert len(collector.requests) == 6 + len(collector.batches())
    assert counted(house, "dropped") == 0


def test_at_the_end_what_waits_is_tried_once_more(opened, collector):
    collector.plan = [(503, {"Retry-After": "100"}, b"")]
    house = opened(to(collector))
    send(house)
    # What is refused while it ends is not tried again.
    wait_for(lambda: house.logged("spans are not exported"),
             what="a refusal that it knows of")
    send(house)
    in_time = end(house)
    assert len(collector.spans()) == 10 or not in_time
    assert len(collector.batches()) == 2 or not in_time


def test_at_the_end_one_refusal_is_not_of_all(opened, collector):
    """What is wrong with one batch says nothing of the next."""
    collector.plan = [(503, {"Retry-After": "300"}, b""), (400, {}, b"")]
    house = opened(to(collector, interval="60s"), workers=1)
    connection = house.connect()
    for i in range(110):                        # a batch that has to wait
        house.typeform(connection=connection)
    wait_for(lambda: house.logged("spans are not exported"),
             what="a refusal that it knows of")
    for i in range(110):                        # and more than one behind it
        house.typeform(connection=connection)
    connection.close()
    in_time = end(house)
    assert [len(b) for b in collector.batches()] == [512, 76] or not in_time


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
    first = len(spans_in(collector.requests[0][3]))
    assert counted(house, "refused") == min(refused, first)
    send(house)
    collector.wait(10 - first if answer[0] == 400 else 10)
    sent = [s.id for *_, body in collector.requests for s in spans_in(body)]
    assert len(sent) == len(set(sent)) == 10


def test_many_spans_go_in_batches(opened, collector):
    house = opened(to(collector, interval="60s"), workers=1)
    connection = house.connect()
    for i in range(110):                        # 550 spans
        house.typeform(connection=connection)
    collector.wait(512)                         # full before its time
    connection.close()
    in_time = end(house)                        # the end sends the rest
    sizes = [len(b) for b in collector.batches()]
    assert sizes == [512, 38] or (sizes == [512] and not in_time)
