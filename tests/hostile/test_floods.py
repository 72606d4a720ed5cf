"""Much, and more than there are files for (rows 6, 8, 9, 10)."""

import contextlib
import json
import random
import select
import socket
import struct
import threading
import time

import pytest

from echo import CHUNKED, H, LIMITS, get, reset, wait_for

DEADLINE = 0.6  # of LIMITS, for head and body
GROWTH = 8 << 10  # KB of memory a flood may take
# Seconds behind a deadline: with a processor it is one or two, and a machine
# may be held up for some more; where there was no deadline, it is for ever.
LATE = 10
LAST = get("/last", "Connection: close\r\n")


def pour(e, first, block, most, receive=0):
    """Sends block after block for as long as it goes; (bytes, seconds).
    With `receive`, a socket that takes only so little and never reads."""
    s = socket.socket()
    s.settimeout(60)
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    s.connect(("127.0.0.1", e.port))
    sent, begin = 0, time.monotonic()
    with s, contextlib.suppress(ConnectionResetError, BrokenPipeError,
                                socket.timeout):
        s.sendall(first)
        while sent < most:
            sent += s.send(block)
    return sent, time.monotonic() - begin


class Memory:
    """How much a listener has grown, at the most, while it is looked at."""

    def __init__(self, e):
        self.e = e
        self.before = e.status_field("VmRSS")

    def growth(self):
        return self.e.status_field("VmRSS") - self.before


@pytest.mark.parametrize("first, block", [
    (CHUNKED.encode() + b"1;", b"a" * 65536),
    (CHUNKED.encode() + b'1;a="', b"a" * 65536),
    (CHUNKED.encode(), b"0" * 65536),
    (CHUNKED.encode() + b"0\r\n", b"X: y\r\n" * 10000),
    (b"", b"\r\n" * 32768),
    (H.encode() + b"X: ", b"a" * 65536),
    (b"GET /", b"a" * 65536),
    (b"", b"a" * 65536),
    (H.encode() + b"Content-Length: 99999999999\r\n\r\n", b"a" * 65536),
    (CHUNKED.encode(), b"1\r\na\r\n" * 10000),
], ids=["extension", "quoted extension", "size", "trailers", "blank lines",
        "header", "target", "method", "length", "chunks"])
def test_what_has_no_end_is_ended(start, figure, first, block):
    e = start(*LIMITS)
    e.talk(LAST)
    memory = Memory(e)
    sent, took = pour(e, first, block, 200 << 20)
    figure(f"{sent >> 10} KB sent in {took:.1f} s, "
           f"{memory.growth()} KB of memory (at most {GROWTH})")
    assert sent < 200 << 20
    assert took <= DEADLINE + LATE  # cut, and what was under way is dropped
    assert memory.growth() <= GROWTH
    assert b"200 OK" in e.talk(LAST)


def test_a_hundred_thousand_requests_whose_answers_nobody_reads(
        start, figure):
    e = start(*LIMITS)
    e.talk(LAST)
    memory = Memory(e)
    most = [0]
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            most.append(memory.growth())

    watcher = threading.Thread(target=watch)
    watcher.start()
    one = get("/x", "X: " + "y" * 200 + "\r\n")  # more than sockets hold
    sent, took = pour(e, b"", one * 1000, 100000 * len(one), receive=4096)
    done.set()
    watcher.join()
    figure(f"{sent // len(one)} requests taken in {took:.1f} s, "
           f"{max(most)} KB of memory (at most {GROWTH})")
    assert sent < 100000 * len(one)
    assert max(most) <= GROWTH
    assert took <= 0.8 + LATE  # write_timeout
    assert wait_for(lambda: e.metric("leadbridge_connections") == 1)


def test_a_hundred_thousand_requests_whose_answers_are_read(start):
    """The same is fine of somebody who reads."""
    e = start("workers=1")
    with e.connect(20) as s:
        sender = threading.Thread(
            target=lambda: s.sendall(get("/x") * 99999 + LAST))
        sender.start()
        seen, tail = 0, b""
        while True:
            got = s.recv(1 << 20)
            if not got:
                break
            seen += (tail + got).count(b"HTTP/1.1 200 OK")
            tail = (tail + got)[-14:]
        sender.join()
    assert seen == 100000


def test_a_pipe_that_is_full_while_the_service_thinks(start):
    """Row 10: in order, and nothing more is read than is kept."""
    e = start(*LIMITS[:2], 'idle_timeout="20s"')
    memory = Memory(e)
    with e.connect(10) as s:
        data = b"".join(get(f"/slow?ms={ms}&n={n}") for n, ms in
                        enumerate([400, 0, 50, 1, 0, 100]))
        s.sendall(data)
        s.settimeout(0.2)
        junk = 0
        with contextlib.suppress(socket.timeout):
            while True:
                junk += s.send(get("/x") * 1000)
        s.settimeout(30)
        assert memory.growth() <= GROWTH
        seen = b""
        while seen.count(b'"query":"ms=') < 6:
            got = s.recv(65536)
            assert got, seen
            seen += got
    queries = [part.split(b'"')[0] for part in
               seen.split(b'"query":"ms=')[1:]]
    assert [q.split(b"&n=")[1] for q in queries] == [
        str(n).encode() for n in range(6)], queries
    assert e.process.poll() is None


# ------------------------------------------------------------ files (row 8)

def test_fewer_files_than_connections(start, figure, is_long):
    """500 connections at 64 files: it waits, says so now and then, and is
    back as soon as there are some."""
    e = start('header_timeout="30s"', files=64)
    before, begin = e.cpu(), time.monotonic()
    held = []
    for _ in range(500):
        s = socket.socket()
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect(("127.0.0.1", e.port))
        held.append(s)
    time.sleep(3)  # what it costs to have none
    seconds = time.monotonic() - begin
    share = (e.cpu() - before) / seconds
    for s in held:
        s.close()
    begin = time.monotonic()
    assert wait_for(lambda: b"200 OK" in e.talk(LAST))
    back = time.monotonic() - begin
    lines = e.stop().splitlines()
    said = [line for line in map(json.loads, lines)
            if line["event"] == "cannot accept connections"]
    figure(f"{share:.1%} of a core, {len(lines)} lines in {seconds:.0f} s, "
           f"back in {back:.2f} s")
    assert share < 0.2
    assert len(lines) <= 10 * seconds
    assert 1 <= len(said) <= seconds + 2
    assert back <= (1.0 if is_long else LATE)


# ------------------------------------------------------------ churn (row 9)

def rst_at(e, dice, data):
    """Sends some of it, reads some or nothing, and breaks the connection."""
    s = e.connect()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
        s.sendall(data[:dice.randrange(len(data) + 1)])
        how = dice.randrange(5)
        if how == 0:
            s.shutdown(socket.SHUT_WR)
        if how <= 1 and select.select([s], [], [], dice.random() / 50)[0]:
            s.recv(dice.choice((1, 100, 65536)))
        if how == 2:
            s.shutdown(socket.SHUT_RDWR)
    if dice.random() < 0.7:
        reset(s)
    else:
        s.close()


def test_connections_that_come_and_break(start, figure, is_long, localhost):
    seconds = 60 if is_long else 4
    v2 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) +
          socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.8") +
          struct.pack("!HH", 1, 2))
    plain = start(*LIMITS, "workers=2")
    proxied = start(*LIMITS, 'listen={address="given";proxies="127.0.0.0/8";'
                             'proxy_protocol=true;}')
    tls = start(*LIMITS, tls=localhost)
    shapes = [
        (plain, get("/a") * 3), (plain, get("/slow?ms=30") + get("/b")),
        (plain, get("/big?n=900000") + get("/b")),
        (plain, (H + "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n")
         .encode() + b"a" * 9),
        (plain, CHUNKED.encode() + b"3;x\r\nabc\r\n0\r\nA: b\r\n\r\n"),
        (plain, (H + "Content-Length: 60000\r\n\r\n").encode() + b"a" * 60000),
        (plain, b"bad\r\n" * 30), (proxied, v2 + get("/a") * 2),
        (tls, bytes.fromhex("16030100c8010000c40303") + b"\x07" * 200),
    ]
    dice = random.Random(9)

    def churn(until):
        count = 0
        while time.monotonic() < until:
            e, data = dice.choice(shapes)
            rst_at(e, dice, data)
            count += 1
        return count

    def at_rest():
        assert wait_for(lambda: plain.metric("leadbridge_connections") == 1)
        return [(e.files(), e.status_field("VmRSS"))
                for e in (plain, proxied, tls)]

    churn(time.monotonic() + seconds / 2)  # caches and pools fill up
    before = at_rest()
    count = churn(time.monotonic() + seconds)
    assert wait_for(lambda: all(
        e.files() <= files for e, (files, _) in
        zip((plain, proxied, tls), before)))
    after = at_rest()
    figure(f"{count} connections in {seconds} s; (files, KB) were {before}, "
           f"are {after}")
    for (_, memory), (_, memory_now) in zip(before, after):
        assert memory_now <= memory * 1.05 + 2048
    for e in (plain, proxied, tls):
        assert e.process.poll() is None
