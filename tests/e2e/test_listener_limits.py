"""What one address, or all of them together, may take of a listener."""

import contextlib
import json
import re
import select
import socket
import time

import pytest

from echo import (H, LIMITS, answers, closed_within, exchange, get,
                  read_answer, reset, wait_for)

LAST = get("/last", "Connection: close\r\n")
SIZES = LIMITS[:2]
PATIENT = ['header_timeout="60s"', 'body_timeout="60s"', 'idle_timeout="60s"']


def events(e, name):
    return [line for line in map(json.loads, e.stop().splitlines())
            if line["event"] == name]


# Connections of an address.

def test_an_address_has_so_many_connections_over_all_workers(start):
    e = start(*PATIENT, "workers=3", "connections_per_address=4")
    held = [e.connect(source="127.0.0.9") for _ in range(4)]
    for s in held:
        s.sendall(get())
        read_answer(s)
    for _ in range(3):
        with e.connect(source="127.0.0.9") as s:
            assert closed_within(s, 20)
    assert b"200 OK" in e.talk(LAST, source="127.0.0.8")
    held.pop().close()
    assert wait_for(lambda: b"200 OK" in e.talk(LAST, source="127.0.0.9"))
    assert e.metric(
        'leadbridge_limited_total{limit="address_connections"}') >= 3
    said = events(e, "connection closed")
    assert said[0]["peer"] == "127.0.0.9"
    assert "connections_per_address" in said[0]["reason"]
    for s in held:
        s.close()


def test_no_limit_of_connections_is_none(start):
    e = start("connections_per_address=0")
    held = [e.connect() for _ in range(50)]
    for s in held:
        s.sendall(get())
        assert read_answer(s)[0] == 200
        s.close()


# Requests of an address.

def test_an_address_has_so_many_requests_a_second(start):
    e = start("workers=2", "requests_per_address=20")
    begin = time.monotonic()
    got = []
    for _ in range(4):  # on both workers, as may be
        got += answers(e.talk(get() * 19 + LAST, source="127.0.0.9"))
    took = time.monotonic() - begin
    good = [a for a in got if a[0] == 200]
    late = [a for a in got if a[0] == 429]
    assert len(good) + len(late) == 80
    assert 20 <= len(good) <= 21 + 20 * took
    for _, fields, body in late:
        assert int(fields["retry-after"]) == 1
        assert json.loads(body)["error"]["code"] == "TOO_MANY_REQUESTS"
    # 429 is no reason to close: only the last of each asked for that.
    assert sum("connection" in fields for _, fields, _ in got) == 4
    assert answers(e.talk(LAST, source="127.0.0.8"))[0][0] == 200
    assert wait_for(lambda: answers(e.talk(
        LAST, source="127.0.0.9"))[0][0] == 200)
    assert events(e, "request limited")[0]["status"] == "429"


def test_too_many_are_told_before_they_send_a_body(start):
    e = start("requests_per_address=1")
    with e.connect() as s:  # together: in a second it may have another one
        s.sendall(get() + (H + "Expect: 100-continue\r\n"
                           "Content-Length: 50000\r\n\r\n").encode())
        got = answers(exchange(s, b""))
    assert [status for status, _, _ in got] == [200, 429]
    assert got[1][1]["connection"] == "close"


# Bodies nobody wants.

@pytest.mark.parametrize("expects", ["", "Expect: 100-continue\r\n"])
@pytest.mark.parametrize("framing, begun", [
    ("Content-Length: 60000\r\n", b""),
    ("Content-Length: 60000\r\n", b"abc"),
    ("Transfer-Encoding: chunked\r\n", b"5\r\nab"),
])
def test_what_is_not_wanted_is_answered_by_its_head(start, expects, framing,
                                                    begun):
    e = start(*SIZES, "wants=true")
    with e.connect() as s:
        s.sendall(f"POST /unknown HTTP/1.1\r\nHost: a\r\nX: y\r\n{expects}"
                  f"{framing}\r\n".encode() + begun)
        got = answers(exchange(s, b""))
    assert len(got) == 1
    status, fields, body = got[0]
    assert status == 200 and fields["connection"] == "close"
    seen = json.loads(body)
    assert seen["body"] == 0 and seen["x"] == "y"
    assert seen["path"] == "/unknown"


def test_a_wanted_body_is_read_behind_the_look_at_its_head(start):
    e = start(*SIZES, "wants=true")
    body = bytes(range(256)) * 200
    with e.connect() as s:
        head = (H + f"X: z\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        for piece in (head, body[:1], body[1:30000], body[30000:]):
            s.sendall(piece)
            e.talk(LAST)  # each is read by itself
        status, seen = read_answer(s)
    total = 0
    for b in body:
        total = (total * 31 + b) % 2 ** 64
    assert status == 200 and seen["sum"] == f"{total:x}"
    assert seen["x"] == "z" and seen["peer"] == "127.0.0.1"


def test_a_refusal_behind_the_look_at_the_head(start):
    """What was looked at is gone when the body turns out to be bad."""
    e = start(*SIZES, "wants=true")
    with e.connect() as s:
        s.sendall((H + "X: " + "z" * 5000 + "\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n3\r\na").encode())
        e.talk(LAST)
        s.sendall(b"bcX\r\n")
        assert answers(exchange(s, b""))[0][0] == 400
    assert events(e, "bad request")[0]["peer"] == "127.0.0.1"


# The memory of all requests.

def sending(e, data):
    """Refused before its end, it is read for a second more, and then reset."""
    s = e.connect()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        s.sendall(data)
    return s


def half_a_body(e, size, sent):
    return sending(e, (H + f"Content-Length: {size}\r\n\r\n").encode() +
                   b"a" * sent)


def test_memory_is_bounded_and_those_with_little_go_on(start):
    e = start(*PATIENT, 'body="1M"', 'memory="4M"', "workers=2")
    before = e.status_field("VmRSS")
    held, told = [], []
    while not told and len(held) < 30:
        held.append(half_a_body(e, 1 << 20, 600000))
        told = select.select(held, [], [], 2)[0]  # one of those before, too
    status, fields, _ = answers(told[0].recv(65536))[0]
    assert status == 503 and fields["retry-after"]
    assert fields["connection"] == "close"
    assert len(held) <= 8
    # A webhook of the usual size has its place.
    small = H + "Content-Length: 3000\r\nConnection: close\r\n\r\n" + "b" * 3000
    for _ in range(20):
        assert answers(e.talk(small.encode()))[0][0] == 200
    assert e.status_field("VmRSS") - before < 16384
    assert e.metric('leadbridge_limited_total{limit="memory"}') >= 1
    for s in held:
        s.close()
    # And all of it is given back.
    whole = H + "Connection: close\r\nContent-Length: 1048576\r\n\r\n"
    assert wait_for(lambda: answers(e.talk(
        whole.encode() + b"c" * (1 << 20)))[0][0] == 200)
    assert events(e, "request limited")[0]["status"] == "503"


def test_a_length_alone_holds_little(start):
    """A head says how long its body will be, which is not sent: many of them
    do not take the memory of those who send theirs."""
    e = start("body=65536", 'memory="1M"', 'body_timeout="60s"')
    head = (H + "Content-Length: 65000\r\n\r\n").encode()
    held = [e.connect() for _ in range(40)]
    for s in held:
        s.sendall(head + b"a")
    assert wait_for(lambda: e.talk(get("/", "Connection: close\r\n")) != b"")
    body = b"b" * 30000
    got = e.talk((H + "Connection: close\r\nContent-Length: 30000\r\n\r\n")
                 .encode() + body)
    assert [status for status, _, _ in answers(got)] == [200]
    for s in held:
        s.close()


def test_requests_that_wait_are_counted(start):
    """A body takes more than its length: it grew on its way in."""
    e = start(*PATIENT, 'body="1M"', 'memory="6M"')
    body = b"d" * 700000

    def post(path):
        return sending(e, f"POST {path} HTTP/1.1\r\nHost: a\r\n"
                       "Connection: close\r\n"
                       "Content-Length: 700000\r\n\r\n".encode() + body)

    held = [post("/slow?ms=4000") for _ in range(6)]  # all are there at once
    found = [answers(exchange(s, b""))[0][0] for s in held]
    assert 2 <= found.count(200) <= 4 and found.count(503) == 6 - found.count(
        200)
    assert answers(exchange(post("/a"), b""))[0][0] == 200


def test_what_a_waiting_request_took_since_is_counted(start):
    e = start(*PATIENT, 'memory="4M"')
    held = [e.connect() for _ in range(6)]
    for s in held:
        s.sendall(get("/slow?ms=5000&n=900000"))
    assert wait_for(lambda: answers(e.talk(LAST))[0][0] == 503)
    assert {read_answer(s)[0] for s in held} == {200, 503}
    assert wait_for(lambda: answers(e.talk(LAST))[0][0] == 200)
    for s in held:
        s.close()


def test_bytes_behind_a_request_are_counted(start):
    e = start(*PATIENT, 'memory="1M"')
    held = []
    for _ in range(60):
        s = e.connect()
        s.sendall(get("/never") + b"a" * 60000)
        held.append(s)
    # Some are let go, so that there is never too much for the others.
    assert wait_for(lambda: e.metric("leadbridge_connections") < 30)
    assert b"200 OK" in e.talk(LAST)

    def gone(s):
        s.settimeout(0.01)
        try:
            assert s.recv(100) == b""  # and not 503: it was not full
        except socket.timeout:
            return False
        except ConnectionResetError:
            pass
        return True

    # They are counted first, and closed by the next sweep.
    assert wait_for(lambda: sum(map(gone, held)) == e.metric(
        'leadbridge_limited_total{limit="memory"}') > 0)
    for s in held:
        s.close()


def test_bytes_behind_a_request_are_given_back(start):
    """Also of those who leave before it is answered."""
    e = start(*PATIENT, 'memory="1M"')
    for _ in range(2):  # one after the other there is room for all
        held = [e.connect() for _ in range(10)]
        for s in held:
            s.sendall(get("/slow?ms=4000") + b"a" * 60000)
        assert e.metric("leadbridge_connections") == 11
        for s in held:
            reset(s)
        assert wait_for(lambda: e.metric("leadbridge_connections") == 1)
    assert e.metric('leadbridge_limited_total{limit="memory"}') == 0


# Room for connections, over all workers.

def test_a_resting_connection_makes_room(start):
    e = start(*PATIENT, "connections=4", "workers=1")
    held = [e.connect() for _ in range(4)]
    begin = time.monotonic()
    for s in held:
        s.sendall(get())
        read_answer(s)
    assert b"200 OK" in e.talk(LAST)
    # It had to wait for that, and for no deadline.
    assert 0.9 < time.monotonic() - begin < 50
    for s in held:
        s.close()


def test_the_ceiling_is_of_all_workers(start):
    """However the system deals them out: with shares, some would wait."""
    e = start(*PATIENT, "connections=8", "workers=4")
    held = [e.connect() for _ in range(8)]
    # In the second round all are still there: none made room for another.
    for s in held * 2:
        s.sendall(get())
        assert read_answer(s)[0] == 200
    for s in held:
        s.close()


# At the ceiling, who has had nothing accepted makes room.

HALF = b"POST /a HTTP/1.1\r\nHost: a\r\nX: "
DISPLACED = 'leadbridge_limited_total{limit="displaced"}'


def four_addresses(e, each, first=HALF):
    """All connections there may be, from four addresses that each hold what
    they may."""
    held = [e.connect(source=f"127.0.0.{n + 2}")
            for n in range(4) for _ in range(each)]
    for s in held:
        s.sendall(first)
    return held


def still_open(s):
    s.settimeout(0.01)
    try:
        return s.recv(1) != b""
    except socket.timeout:
        return True
    except ConnectionResetError:
        return False


@pytest.mark.parametrize("first", [
    b"", HALF, (H + "Content-Length: 9\r\n\r\n").encode()], ids=[
    "nothing", "half a head", "half a body"])
def test_who_comes_gets_in_where_four_addresses_hold_all(start, first):
    e = start(*PATIENT, "connections=64", "workers=2",
              "connections_per_address=16")
    held = four_addresses(e, 16, first)
    for _ in range(20):
        assert answers(e.talk(LAST))[0][0] == 200
    assert e.metric(DISPLACED) >= 1
    assert sum(map(still_open, held)) >= 32  # no more than it takes
    said = [line for line in events(e, "connection closed")
            if "limits.connections are open" in line["reason"]]
    assert {line["peer"] for line in said} <= {
        f"127.0.0.{n + 2}" for n in range(4)}
    assert said
    for s in held:
        s.close()


def test_who_had_a_request_accepted_stays(start):
    e = start(*PATIENT, "connections=24", "workers=1")
    known = [e.connect() for _ in range(3)]
    for s in known:
        s.sendall(get("/slow?ms=1") + HALF)
        assert read_answer(s)[0] == 200
    few = e.connect(source="127.0.0.7")  # who has less than others, too
    few.sendall(HALF)
    held = [e.connect(source="127.0.0.9") for _ in range(20)]
    for s in held:
        s.sendall(HALF)
    for _ in range(20):
        assert answers(e.talk(LAST))[0][0] == 200
    assert all(map(still_open, known)) and still_open(few)
    assert not all(map(still_open, held))
    for s in [*known, few, *held]:
        s.close()


def test_of_an_address_the_oldest_goes(start):
    e = start(*PATIENT, "connections=4", "workers=1")
    held = [e.connect(source="127.0.0.9") for _ in range(4)]
    held[3].sendall(get())
    assert read_answer(held[3])[0] == 200
    assert answers(e.talk(LAST))[0][0] == 200
    assert [still_open(s) for s in held] == [False, True, True, True]
    for s in held:
        s.close()


def test_nobody_goes_while_nobody_waits(start):
    """At the ceiling, but not past it."""
    e = start(*PATIENT, "connections=8", "workers=2")
    held = [e.connect(source="127.0.0.9") for _ in range(8)]
    asks = held[0]
    assert wait_for(lambda: metric_of(
        asks, 'leadbridge_limited_total{limit="connections"}') >= 1)
    asks.sendall(get("/slow?ms=400"))  # as long as some sweeps
    assert read_answer(asks)[0] == 200
    assert metric_of(asks, DISPLACED) == 0
    assert metric_of(asks, "leadbridge_connections") == 8
    for s in held:
        s.close()


def metric_of(s, name):
    """By a connection that is open already."""
    s.sendall(get("/metrics"))
    text = b""
    while b"\r\n\r\n" not in text:
        text += s.recv(65536)
    head, _, text = text.partition(b"\r\n\r\n")
    size = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(text) < size:
        text += s.recv(65536)
    return int(re.search(rf"^{re.escape(name)} (\d+)$".encode(), text,
                         re.M)[1])


def test_who_waits_at_another_worker_is_helped(start):
    """The system deals connections out to workers by their ports; whoever
    holds them all may be at another one than who waits."""
    e = start(*PATIENT, "connections=4", "workers=8")
    held = [e.connect(source="127.0.0.9") for _ in range(3)]
    for _ in range(12):
        held.append(e.connect(source="127.0.0.9"))
        assert answers(e.talk(LAST))[0][0] == 200
    for s in held:
        s.close()


def test_proxies_are_let_alone(start):
    e = start("connections=4", "workers=1", 'header_timeout="2s"',
              'listen={address="given";proxies="127.0.0.9";}')
    held = [e.connect(source="127.0.0.9") for _ in range(4)]
    assert answers(e.talk(LAST))[0][0] == 200  # behind a deadline
    assert e.metric(DISPLACED) == 0
    for s in held:
        s.close()
