"""Requests that two programs could read in two ways (row 1).

The probe of tests/e2e/probe.py against the whole bridge, in the clear and over
TLS. What is refused there by the listener alone is refused here before a route
is looked at, and nothing of it gets to the API.
"""

import contextlib
import socket
import ssl

import pytest

from echo import SMUGGLED, answers, exchange
from probe import ACCEPTED, REFUSED, STATUS

WAYS = ("plain", "tls")
# Of a path that is no route's the body is not read, however bad it is: 404.
BY_THE_HEAD = ("body too large by chunks",)


@contextlib.contextmanager
def connected(house, way):
    port = house.port if way == "plain" else house.tls_port
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if way == "plain":
            yield s
            return
        context = ssl.create_default_context(cafile=house.ca)
        with context.wrap_socket(s, server_hostname="localhost") as t:
            yield t


def calls(house):
    return sum(house.metric(f'leadbridge_{name}_total')
               for name in ("upstream_connects", "upstream_reuses"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUSED)
def test_one_refusal_and_the_end(house, way, name):
    before = calls(house)
    with connected(house, way) as s:
        got = answers(exchange(
            s, (REFUSED[name] + SMUGGLED).encode("latin-1")))
    assert len(got) == 1, got
    status, fields, _ = got[0]
    assert 400 <= status <= 505
    assert status == STATUS.get(name, status) or name in BY_THE_HEAD
    assert fields["connection"] == "close"
    assert calls(house) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_comes_later_is_not_read_either(house, way, name):
    """The second request in a packet of its own."""
    with connected(house, way) as s:
        got = exchange(s, REFUSED[name].encode("latin-1"))
        if not got:  # a beginning only: it waits, until its deadline
            return
        with contextlib.suppress(OSError, ssl.SSLError):
            s.sendall(SMUGGLED.encode())
            got += s.recv(65536)
    assert len(answers(got)) == 1
    assert 400 <= answers(got)[0][0] <= 505


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ACCEPTED)
def test_a_valid_request_is_answered_and_the_next_one_too(house, way, name):
    """No route is of these paths: 404, by the bridge and not the listener."""
    data = ACCEPTED[name][0].encode("latin-1")
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with connected(house, way) as s:
        got = answers(exchange(s, data + last))
    found = [status for status, _, _ in got]
    # With a body that was not all there when its head was read, the first
    # answer is the last: the rest is of no use to anybody.
    assert found in ([404, 404], [404]), got
    if len(found) == 1:
        assert got[0][1]["connection"] == "close" and ACCEPTED[name][1] > 0
