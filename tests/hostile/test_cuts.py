"""Valid requests, cut at every byte, and a byte at a time (row 5)."""

import json
import socket

import pytest

from echo import LIMITS, answers, exchange, get, read_answer
from probe import ACCEPTED

LAST = get("/last", "Connection: close\r\n")
# Of a longer one, the ends of its head and body, and some places between.
MOST_CUTS = 700


@pytest.fixture(scope="module")
def echo(build):
    from echo import Echo
    e = Echo(build, *[o for o in LIMITS if "timeout" not in o])
    yield e
    e.stop()


class Barrier:
    """A second connection: its answer says that what was sent before, on
    another, has been read (one worker, and events in the order they came)."""

    def __init__(self, e):
        self.s = e.connect()

    def wait(self):
        self.s.sendall(get("/barrier"))
        assert read_answer(self.s)[0] == 200


def whole(e, data):
    got = answers(e.talk(data + LAST))
    assert [status for status, _, _ in got] == [200, 200], got
    return got


def same(got, want):
    def told(found):
        return [(status, json.loads(body)) for status, _, body in found]
    return told(got) == told(want)


def cuts(size):
    if size <= MOST_CUTS:
        return range(1, size)
    ends = list(range(1, 200)) + list(range(size - 50, size))
    return sorted(set(ends + list(range(200, size, size // 200))))


def in_pieces(e, barrier, pieces):
    with e.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            s.sendall(piece)
            if barrier:
                barrier.wait()
        return answers(exchange(s, LAST))


@pytest.mark.parametrize("name", ACCEPTED)
def test_cut_at_every_byte(echo, name):
    data = ACCEPTED[name][0].encode("latin-1")
    want = whole(echo, data)
    barrier = Barrier(echo)
    for at in cuts(len(data)):
        got = in_pieces(echo, barrier, (data[:at], data[at:]))
        assert same(got, want), (name, at, got)
    barrier.s.close()


@pytest.mark.parametrize("name", [n for n in ACCEPTED
                                  if len(ACCEPTED[n][0]) <= MOST_CUTS])
def test_a_byte_at_a_time(echo, name):
    data = ACCEPTED[name][0].encode("latin-1")
    barrier = Barrier(echo)
    got = in_pieces(echo, barrier, [bytes([c]) for c in data])
    assert same(got, whole(echo, data)), got
    barrier.s.close()


def test_two_requests_cut_at_every_byte(echo):
    """A piece may end one request and begin the next."""
    data = (ACCEPTED["trailers"][0] + ACCEPTED["chunk extension"][0]).encode()
    want = answers(echo.talk(data + LAST))
    assert [status for status, _, _ in want] == [200] * 3
    barrier = Barrier(echo)
    for at in range(1, len(data)):
        assert same(in_pieces(echo, barrier, (data[:at], data[at:])), want), at
    barrier.s.close()
