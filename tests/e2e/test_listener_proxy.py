"""Whom proxies speak for: the PROXY protocol, and X-Forwarded-For."""

import json
import os
import re
import socket
import ssl
import struct
import subprocess
import time

import pytest

from echo import PATIENCE, answers, closed_within, get, read_answer
from house import House

V2 = b"\r\n\r\n\0\r\nQUIT\n"
LAST = get("/last", "Connection: close\r\n")


def listen(text):
    return 'listen={address="given";' + text + '}'


def protocol(proxies="127.0.0.2, 127.0.0.3", more=""):
    return listen(f'proxies="{proxies}";proxy_protocol=true;{more}')


def v1(client="192.0.2.7"):
    return f"PROXY TCP4 {client} 198.51.100.1 40000 443\r\n".encode()


def v2(client="192.0.2.7", command=0x21, tlvs=b""):
    body = (socket.inet_aton(client) + socket.inet_aton("198.51.100.1") +
            struct.pack("!HH", 40000, 443) + tlvs)
    return V2 + bytes([command, 0x11]) + struct.pack("!H", len(body)) + body


def v6(client="2001:db8::7"):
    body = (socket.inet_pton(socket.AF_INET6, client) * 2 +
            struct.pack("!HH", 40000, 443))
    return V2 + b"\x21\x21" + struct.pack("!H", len(body)) + body


def seen(e, data, source="127.0.0.2"):
    got = answers(e.talk(data, source=source))
    assert [status for status, _, _ in got] == [200], got
    return json.loads(got[0][2])


@pytest.mark.parametrize("header, peer", [
    (v1(), "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.2"),
    (v2(), "192.0.2.7"),
    (v2(tlvs=b"\x02\0\x05hello\x04\0\x40" + b"\0" * 64), "192.0.2.7"),
    (v2(command=0x20), "127.0.0.2"),
    (v6(), "2001:db8::7"),
], ids=["1", "1 IPv6", "1 unknown", "2", "2 TLVs", "2 local", "2 IPv6"])
def test_the_peer_is_whom_the_header_names(start, header, peer):
    e = start(protocol())
    got = seen(e, header + LAST)
    assert got["peer"] == peer and got["headers"] == 2
    # In pieces, too, and of a connection that goes on.
    with e.connect(source="127.0.0.3") as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for c in header:
            s.sendall(bytes([c]))
        for _ in range(2):
            s.sendall(get())
            status, got = read_answer(s)
            assert status == 200
            assert got["peer"] == peer.replace("127.0.0.2", "127.0.0.3")


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.4"])
@pytest.mark.parametrize("data", [v1() + LAST, v2() + LAST, LAST, b""],
                         ids=["1", "2", "request", "nothing"])
def test_nobody_but_the_proxies_may_come(start, source, data):
    e = start(protocol())
    assert e.talk(data, source=source) == b""
    said = [json.loads(line) for line in e.stop().splitlines()]
    said = [line for line in said if line["event"] == "connection closed"]
    assert said[0]["peer"] == source
    assert said[0]["reason"] == "it is not one of the proxies"


@pytest.mark.parametrize("data", [
    LAST, b"\r\n" + LAST, b"PROXY TCP4 x y 1 2\r\n" + LAST,
    b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\n" + LAST,
    b"PROXY " + b"a" * 200 + b"\r\n" + LAST,
    V2 + b"\x21\x11\xff\xff" + b"a" * 70000,
    v2(tlvs=b"\x04\0\x09x") + LAST,
    v1() + v1() + LAST,  # a request does not begin so
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
], ids=["request", "blank line", "1 no address", "1 LF", "1 endless",
        "2 endless", "2 bad TLV", "two headers", "TLS"])
def test_what_is_no_header_is_closed(start, data):
    e = start(protocol())
    got = e.talk(data, source="127.0.0.2")
    # Behind a good header a second one is a request, of no known method.
    assert got == b"" or answers(got)[0][0] == 501
    assert seen(e, v1() + LAST)["peer"] == "192.0.2.7"


def test_a_header_comes_in_time(start):
    e = start(protocol(), 'header_timeout="500ms"')
    for first in (b"", v1()[:20], v2()[:20]):
        begin = time.monotonic()
        with e.connect(source="127.0.0.2") as s:
            s.sendall(first)
            assert closed_within(s, PATIENCE)
            assert 0.4 <= time.monotonic() - begin


def test_a_header_and_the_request_have_one_deadline(start):
    """Drips gain nothing: most of the time goes into the PROXY header, behind
    which a second deadline would end 4 s after the first."""
    e = start(protocol(), 'header_timeout="6s"')
    head = v1()
    begin = time.monotonic()
    with e.connect(source="127.0.0.2") as s:
        s.settimeout(0.5)
        for drop in (*[head[i:i + 5] for i in range(0, len(head), 5)],
                     *[b"\r\n"] * 2, b"GET /", *[b"a"] * 100):
            try:
                s.sendall(drop)
                s.recv(1000)
                break
            except socket.timeout:
                continue
            except OSError:
                break
        assert 5.5 < time.monotonic() - begin < 9.9


def test_behind_the_header_is_tls(start, ca, localhost):
    e = start(protocol(), tls=localhost)
    context = ssl.create_default_context(cafile=ca.pem)
    for header in (v1(), v2()):
        with e.connect(source="127.0.0.2") as raw:
            raw.sendall(header)
            with context.wrap_socket(raw, server_hostname="localhost") as s:
                s.sendall(get())
                status, got = read_answer(s)
                assert (status, got["tls"], got["peer"]) == (
                    200, True, "192.0.2.7")
    with e.connect(source="127.0.0.2") as raw:
        with pytest.raises(OSError):
            context.wrap_socket(raw, server_hostname="localhost")


def test_limits_count_the_client_not_the_proxy(start):
    e = start(protocol(), "connections_per_address=2",
              "requests_per_address=5")
    held = []
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        for _ in range(2):
            s = e.connect(source="127.0.0.2")
            s.sendall(v1(client) + get())
            assert read_answer(s)[0] == 200
            held.append(s)
    assert e.talk(v1("192.0.2.1") + LAST, source="127.0.0.2") == b""
    held[0].sendall(get() * 10)
    data = b""
    while len([1 for _, _, b in answers(data) if b.endswith(b"}")]) < 10:
        data += held[0].recv(65536)
    assert 429 in [status for status, _, _ in answers(data)]
    held[2].sendall(get())
    assert read_answer(held[2])[0] == 200
    # The proxy itself (a health check) is not counted.
    for _ in range(8):
        s = e.connect(source="127.0.0.2")
        s.sendall(v2(command=0x20) + get())
        status, got = read_answer(s)
        assert status == 200 and got["peer"] == "127.0.0.2"
        held.append(s)
    for s in held:
        s.close()


# X-Forwarded-For and Forwarded.

def forwarded(e, source, *lines):
    return seen(e, get("/x", "".join(f"{line}\r\n" for line in lines) +
                       "Connection: close\r\n"), source=source)


def test_x_forwarded_for_is_believed_of_proxies(start):
    e = start(listen('proxies="127.0.0.2, 10.0.0.0/8"'))
    xff = "X-Forwarded-For: "
    got = forwarded(e, "127.0.0.2", xff + "203.0.113.1, 192.0.2.7, 10.1.1.1")
    assert (got["peer"], got["hop"]) == ("192.0.2.7", "127.0.0.2")
    got = forwarded(e, "127.0.0.2", xff + "203.0.113.1", xff + "192.0.2.7:99")
    assert got["peer"] == "192.0.2.7"
    # Others may write what they like.
    got = forwarded(e, "127.0.0.3", xff + "192.0.2.7")
    assert got["peer"] == "127.0.0.3" and "hop" not in got
    # Nothing is said, or nothing that is an address: the proxy is all we know.
    for lines in ((), (xff + "unknown",), (xff + "192.0.2.7, _x",),
                  (xff + "10.0.0.1",), ("Forwarded: for=192.0.2.7",)):
        assert forwarded(e, "127.0.0.2", *lines)["peer"] == "127.0.0.2"


def test_forwarded_is_believed_where_it_is_asked_for(start):
    e = start(listen('proxies="127.0.0.2";forwarded="forwarded"'))
    got = forwarded(e, "127.0.0.2", "X-Forwarded-For: 203.0.113.1",
                    'Forwarded: for=1.1.1.1, for="[2001:db8::7]:1";proto=https')
    assert got["peer"] == "2001:db8::7"
    e = start(listen('proxies="127.0.0.2";forwarded="none"'))
    got = forwarded(e, "127.0.0.2", "X-Forwarded-For: 203.0.113.1",
                    "Forwarded: for=1.1.1.1")
    assert got["peer"] == "127.0.0.2"


def test_requests_count_for_whom_they_are(start):
    e = start(listen('proxies="127.0.0.2"'), "requests_per_address=3",
              "connections_per_address=1")

    def statuses(client, count):
        got = answers(e.talk(b"".join(
            get("/", f"X-Forwarded-For: 192.0.2.9, {client}\r\n")
            for _ in range(count)) + b"bad\r\n", source="127.0.0.2"))
        return [status for status, _, _ in got][:count]

    assert 429 in statuses("192.0.2.1", 9)
    assert statuses("192.0.2.2", 3) == [200] * 3
    # A proxy that says nothing is not held to what one client may.
    assert statuses("unknown", 9) == [200] * 9


def test_a_proxy_behind_a_proxy(start):
    """The header of the one names the other, whose X-Forwarded-For counts."""
    e = start(protocol(proxies="127.0.0.2, 10.0.0.0/8"))
    line = b"X-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n\r\n"
    got = seen(e, v1("10.0.0.9") + b"GET / HTTP/1.1\r\nHost: a\r\n" + line)
    assert (got["peer"], got["hop"]) == ("192.0.2.7", "10.0.0.9")
    got = seen(e, v1("203.0.113.5") + b"GET / HTTP/1.1\r\nHost: a\r\n" + line)
    assert got["peer"] == "203.0.113.5" and "hop" not in got


@pytest.mark.parametrize("header", [
    b"PROXY UNKNOWN\r\n", V2 + b"\x21\x00\0\0",
    V2 + b"\x21\x31\0\xd8" + b"\0" * 216,
], ids=["1 unknown", "2 unspecified", "2 Unix socket"])
def test_whom_the_proxy_cannot_name_speaks_for_nobody(start, header):
    """Its header is a stranger's, though the connection is the proxy's."""
    e = start(protocol())
    request = get("/", "X-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n")
    assert seen(e, header + request)["peer"] == "127.0.0.2"
    # The proxy itself is another matter.
    assert seen(e, v2(command=0x20) + request)["peer"] == "192.0.2.7"


@pytest.mark.parametrize("options, says", [
    ("proxy_protocol=true", "proxy_protocol needs proxies"),
    ('proxies="10.0.0.1/8"', "'10.0.0.1/8': an address like"),
    ('proxies="front.example"', "'front.example': an address like"),
    ('proxies=""', "'': an address like"),
])
def test_what_names_no_proxies_does_not_start(build, options, says):
    done = subprocess.run(
        [os.path.join(build, "listener_echo"), "127.0.0.1:0", listen(options)],
        capture_output=True, timeout=60)
    assert done.returncode == 3
    assert says in done.stderr.decode()


def test_a_change_of_proxies_takes_no_restart(build, tmp_path):
    h = House(build, tmp_path).start()
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    was = re.search(r'address = "127.0.0.1:\d+";', text)[0]
    h.write("leadbridge.cfg", text.replace(
        was, was + ' proxies = "127.0.0.2"; forwarded = "none"; '
        "proxy_protocol = true;", 1))
    out, _ = h.run("check", "-c", "leadbridge.cfg", "--against-running",
                   "--output", "json")
    assert "takes a restart" not in out
    h.run("reload", "-c", "leadbridge.cfg")
    with socket.create_connection(("127.0.0.1", h.port), PATIENCE) as s:
        s.sendall(get())
        assert closed_within(s, PATIENCE)
    with socket.create_connection(("127.0.0.1", h.port), PATIENCE,
                                  source_address=("127.0.0.2", 0)) as s:
        s.sendall(v2() + get("/nothing"))
        assert s.recv(12) == b"HTTP/1.1 404"
    assert h.close() == 0
