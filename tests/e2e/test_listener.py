"""The listener over real sockets: what is refused, cut, kept and drained."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from echo import (CHUNKED, Echo, H, LARGE_ANSWERS, LIMITS, PATIENCE, SMUGGLED,
                  answers, closed_within, exchange, get, read_answer, reset,
                  slow_exchange, slow_reader, wait_for)
from probe import ACCEPTED, REFUSED, STATUS


SIZES = LIMITS[:2]
# So long that a test which is held up in between is not late itself.
DEADLINES = ['header_timeout="2s"', 'body_timeout="2s"', 'idle_timeout="3s"']


@pytest.fixture(scope="module")
def echo(build):
    e = Echo(build, *SIZES)
    yield e
    e.stop()


@pytest.fixture(scope="module")
def strict(build):
    e = Echo(build, *SIZES, *DEADLINES)
    yield e
    e.stop()


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_closed(echo, name):
    got = answers(echo.talk((REFUSED[name] + SMUGGLED).encode("latin-1")))
    assert len(got) == 1, got
    status, fields, body = got[0]
    assert 400 <= status <= 505
    if name in STATUS:
        assert status == STATUS[name]
    assert fields["connection"] == "close"
    assert fields["content-type"] == "application/json"
    if name.startswith("HEAD"):
        assert body == b""
    else:
        error = json.loads(body)
        assert error["success"] is False and error["error"]["details"]


def test_refusals_are_counted_and_logged_with_measure(start):
    e = start(*SIZES)
    begin = time.monotonic()
    for _ in range(40):
        e.talk(b"nonsense\r\n\r\n")
    took = time.monotonic() - begin
    assert e.metric("leadbridge_bad_requests_total") == 40
    lines = [json.loads(x) for x in e.stop().splitlines()]
    bad = [x for x in lines if x["event"] == "bad request"]
    assert 1 <= len(bad) <= 5 * (took + 2)  # of each second it was at it
    assert bad[0]["status"] == "400" and bad[0]["peer"] == "127.0.0.1"
    assert bad[0]["reason"]


# What must be served.

@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_and_kept_open(echo, name):
    data, body = ACCEPTED[name]
    last = get("/last", "Connection: close\r\n")
    got = answers(echo.talk(data.encode("latin-1") + last))
    assert [status for status, _, _ in got] == [200, 200], got
    assert json.loads(got[0][2])["body"] == body
    assert json.loads(got[1][2])["path"] == "/last"
    assert "connection" not in got[0][1]


def test_a_byte_at_a_time(echo):
    for data in (ACCEPTED["POST"][0], ACCEPTED["trailers"][0]):
        with echo.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for c in data.encode():
                s.sendall(bytes([c]))
            status, got = read_answer(s)
            assert (status, got["body"], got["path"]) == (200, 3, "/a")


def test_the_request_arrives_as_it_was(echo):
    body = bytes(range(256))
    with echo.connect() as s:
        s.sendall(b"PATCH /p/q%20r?x=1&y=a%20b HTTP/1.1\r\nhost: a\r\n"
                  b"X: \t one  two \t\r\nContent-Length: 256\r\n\r\n" + body)
        status, got = read_answer(s)
    total = 0
    for b in body:
        total = (total * 31 + b) % 2 ** 64
    assert got == {
        "method": "PATCH", "target": "/p/q%20r?x=1&y=a%20b",
        "path": "/p/q%20r", "query": "x=1&y=a%20b", "peer": "127.0.0.1",
        "x": "one  two", "tls": False, "headers": 3, "body": 256,
        "sum": f"{total:x}"}


@pytest.mark.parametrize("request_, closes", [
    ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n", True),
    ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: Close\r\n\r\n", True),
    ("GET /a HTTP/1.0\r\n\r\n", True),
    ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: closer\r\n\r\n", False),
    ("GET /close HTTP/1.1\r\nHost: a\r\n\r\n", True),
])
def test_connection_header(echo, request_, closes):
    with echo.connect() as s:
        s.sendall(request_.encode())
        assert read_answer(s)[0] == 200
        assert closed_within(s, 20 if closes else 0.4) == closes


def test_head_has_no_body(echo):
    got = echo.talk(b"HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"200 OK" in head and b"Content-Length: " in head
    assert body == b""


def test_expect_continue(echo):
    with echo.connect() as s:
        for _ in range(2):  # the second on a connection already used
            s.sendall((H + "Expect: 100-continue\r\n"
                       "Content-Length: 3\r\n\r\n").encode())
            assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            s.sendall(b"abc")
            assert read_answer(s)[1]["body"] == 3


@pytest.mark.parametrize("together", [True, False])
def test_a_pipelined_expectation_is_met_in_its_turn(echo, together):
    first, head = get("/slow?ms=150"), (
        H + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n").encode()
    with echo.connect() as s:
        s.sendall(first + head if together else first)
        if not together:
            time.sleep(0.05)  # the first is being served
            s.sendall(head)
        seen = b""
        while not seen.endswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            seen += s.recv(4096)
        assert [status for status, _, _ in answers(seen)] == [200, 100]
        s.sendall(b"abc")
        assert read_answer(s)[1]["body"] == 3


def test_pipelining_keeps_the_order(echo):
    data = b"".join(get(f"/slow?ms={ms}&n={n}") for n, ms in
                    enumerate((120, 1, 60, 0))) + b"bad\r\n" + get("/no")
    got = answers(echo.talk(data))
    assert [status for status, _, _ in got] == [200] * 4 + [400]
    for n in range(4):
        assert json.loads(got[n][2])["query"].endswith(f"n={n}")


def test_blank_lines_begin_no_request(start):
    e = start(DEADLINES[0])
    with e.connect() as s:
        s.sendall(b"\r\n")
        assert s.recv(100) == b""  # late, but with nothing to answer
    with e.connect() as s:
        s.sendall(b"\r\nG")
        assert s.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_connection_rests_behind_pipelined_requests(start):
    e = start('header_timeout="1s"', 'idle_timeout="60s"')
    with e.connect() as s:
        s.sendall(get("/a") + get("/b"))
        assert read_answer_list(s, 2) == ["/a", "/b"]
        time.sleep(1.5)  # no head is under way that could be late
        s.sendall(get("/c"))
        assert read_answer_list(s, 1) == ["/c"]


def test_bytes_while_serving_do_no_harm(echo):
    with echo.connect() as s:
        s.sendall(get("/slow?ms=200"))
        time.sleep(0.05)
        s.sendall(get("/second") + get("/third"))
        assert read_answer_list(s, 3) == ["/slow", "/second", "/third"]
    assert echo.process.poll() is None


def read_answer_list(s, count):
    data = b""
    while len([1 for _, _, b in answers(data) if b.endswith(b"}")]) < count:
        got = s.recv(65536)
        assert got
        data += got
    return [json.loads(body)["path"] for _, _, body in answers(data)]


def test_many_pipelined_requests(echo):
    count = 3000
    with echo.connect() as s:
        s.sendall(get("/x") * 10)
        time.sleep(0.05)
        sender = threading.Thread(
            target=s.sendall, args=(get("/x") * (count - 10),))
        sender.start()
        seen, data = 0, b""
        while seen < count:
            got = s.recv(65536)
            assert got
            data += got
            seen += data.count(b"HTTP/1.1 200 OK")
            data = data[-14:] if not data.endswith(b"HTTP/1.1 200 OK") else b""
        sender.join()


def test_half_close_gets_its_answer(echo):
    for path in ("/now", "/slow?ms=150", "/big?n=900000"):
        with echo.connect() as s:
            s.sendall(get(path))
            s.shutdown(socket.SHUT_WR)
            got = exchange(s, b"")
            assert b"200 OK" in got[:20]
            if "big" in path:
                assert len(got) > 900000


def test_resets_leave_nothing_behind(echo):
    before = echo.files()
    for data in (b"", b"POST", H.encode(), CHUNKED.encode() + b"3\r\na",
                 get("/slow?ms=100"), get("/big?n=900000"),
                 (H + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n").encode(),
                 b"bad\r\n", get() + b"GET"):
        for _ in range(3):
            s = echo.connect()
            s.sendall(data)
            time.sleep(0.01)
            reset(s)
    assert wait_for(lambda: echo.files() <= before)
    assert wait_for(lambda: echo.metric("leadbridge_connections") == 1)


# Deadlines and ceilings.

def drip(e, first, drop, seconds):
    """Sends a byte every 50 ms; how long the connection lived."""
    begin = time.monotonic()
    with e.connect() as s:
        s.sendall(first)
        s.settimeout(0.05)
        got = b""
        while time.monotonic() < begin + seconds:
            try:
                with contextlib.suppress(ConnectionResetError,
                                         BrokenPipeError):
                    s.sendall(drop)
                more = s.recv(65536)
                got += more
                if not more:
                    break
            except socket.timeout:
                continue
            except ConnectionResetError:
                break
        return time.monotonic() - begin, got


@pytest.mark.parametrize("first, drop", [
    (b"", b"a"), (b"GET /", b"a"), (get()[:-2] + b"X: ", b"a"),
    (H.encode() + b"Content-Length: 5000\r\n\r\n", b"a"),
    (CHUNKED.encode() + b"1;a=", b"b"),
])
def test_dripping_is_cut_at_the_deadline(strict, first, drop):
    lived, got = drip(strict, first, drop, 20)
    assert 1.9 <= lived < 20  # as long as it drips
    status, fields, _ = answers(got)[0]
    assert status == 408 and fields["connection"] == "close"


def test_silence_is_cut(strict):
    before = strict.metric("leadbridge_connections_timed_out_total")
    begin = time.monotonic()
    with strict.connect() as s:
        assert s.recv(10) == b""
        assert 1.9 <= time.monotonic() - begin < PATIENCE
    assert strict.metric(
        "leadbridge_connections_timed_out_total") == before + 1


def test_idle_is_cut_later(strict):
    begin = time.monotonic()
    with strict.connect() as s:
        s.sendall(get())
        read_answer(s)
        assert s.recv(10) == b""
        assert 2.9 <= time.monotonic() - begin < PATIENCE


def test_large_answers_to_slow_readers(start):
    e = start(*SIZES)
    with slow_reader(e) as s:
        assert slow_exchange(s) == LARGE_ANSWERS


def test_who_does_not_read_is_cut(start):
    e = start(*SIZES, 'write_timeout="800ms"')
    with e.connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(get("/big?n=1000000") * 20)
        assert wait_for(lambda: e.metric("leadbridge_connections") == 1)


def test_chunk_line_flood_takes_no_memory(echo):
    before = echo.status_field("VmRSS")
    block = b"a" * 65536
    with echo.connect() as s:
        s.sendall(CHUNKED.encode() + b"1;")
        sent = 0
        try:
            while sent < 200 << 20:
                s.sendall(block)
                sent += len(block)
        except (ConnectionResetError, BrokenPipeError, socket.timeout):
            pass
    assert sent < 200 << 20
    assert echo.status_field("VmRSS") - before < 8192


def test_413_reaches_who_is_still_sending(echo):
    """A reset would take the answer away from under the sender."""
    with echo.connect() as s:
        begin = time.monotonic()
        s.sendall((H + "Content-Length: 900000\r\n\r\n").encode())
        try:
            for _ in range(20):
                s.sendall(b"a" * 20000)
                time.sleep(0.005)
        except (ConnectionResetError, BrokenPipeError):
            # It is read for a second, and who sends may be held up longer.
            assert time.monotonic() - begin >= 1
        assert b"413" in s.recv(100)


def test_connections_have_a_ceiling(start):
    e = start(*SIZES, *DEADLINES, "connections=5")
    held = [e.connect() for _ in range(12)]
    # Who waits gets its turn once the silent ones are cut.
    held[11].sendall(get("/late"))
    time.sleep(0.2)
    assert e.files() <= 5 + 12
    assert read_answer(held[11])[1]["path"] == "/late"
    for s in held:
        s.close()


def test_the_ceiling_of_connections_is_told_and_counted(start):
    e = start(*SIZES, "connections=3")
    held = [e.connect() for _ in range(3)]
    for s in held:
        s.sendall(get())
        assert read_answer(s)[0] == 200
    for s in held:
        s.close()
    assert e.metric('leadbridge_limited_total{limit="connections"}') >= 1
    said = [json.loads(line) for line in e.stop().splitlines()]
    said = [line for line in said if line["event"] == "no more connections"]
    assert said[0]["listener"] == "echo"
    assert said[0]["reason"] == "limits.connections are open"


def test_out_of_descriptors(start):
    e = start(*SIZES, *DEADLINES, files=24)
    before, begin = e.cpu(), time.monotonic()
    held = [e.connect() for _ in range(40)]
    time.sleep(1.0)
    # A loop that spins takes all of a processor, as far as it gets one.
    assert e.cpu() - before < 0.2 * (time.monotonic() - begin)
    for s in held:
        s.close()
    assert wait_for(lambda: b"200 OK" in e.talk(
        get("/", "Connection: close\r\n")))
    took = time.monotonic() - begin
    lines = [json.loads(x) for x in e.stop().splitlines()]
    said = [x for x in lines if x["event"] == "cannot accept connections"]
    assert 1 <= len(said) <= took + 2  # one a second
    assert "LimitNOFILE" in said[0]["do"]


def test_workers_share_the_port(start):
    e = start(*SIZES, "workers=3")
    for _ in range(30):
        assert b"200 OK" in e.talk(get("/", "Connection: close\r\n"))
    assert e.metric("leadbridge_connections_accepted_total") == 31


@pytest.mark.parametrize("files, warns", [(300, True), (364, False)])
def test_fewer_files_than_connections_are_told_at_start(build, files, warns):
    e = Echo(build, *SIZES, "connections=300", files=files)
    said = [json.loads(line) for line in e.stop().splitlines()]
    said = [line for line in said if line["event"] == "too few open files"]
    assert [(line["limits.connections"], line["files"]) for line in said] == \
        [("300", "300")] * warns
    assert all("LimitNOFILE" in line["do"] for line in said)


# The end.

def test_drain_lets_open_requests_finish(build):
    e = Echo(build, *SIZES, 'drain="60s"')
    body = b"a" * 500
    with e.connect() as s, e.connect() as half, e.connect() as idle:
        half.sendall((H.replace("/a", "/slow?ms=100") +
                      "Content-Length: 500\r\n\r\n").encode() + body[1:])
        idle.sendall(get())
        read_answer(idle)
        s.sendall(get("/slow?ms=1000"))
        time.sleep(0.1)
        begin = time.monotonic()
        e.process.send_signal(signal.SIGTERM)
        assert closed_within(idle, 20)
        half.sendall(body[:1])  # surely while it drains
        status, fields, _ = answers(exchange(half, b""))[0]
        assert status == 200 and fields["connection"] == "close"
        status, _, seen = answers(exchange(s, b""))[0]
        assert status == 200 and json.loads(seen)["path"] == "/slow"
        e.stop()
        assert time.monotonic() - begin < 50  # and not all of the 60
    with pytest.raises(ConnectionRefusedError):
        e.connect()


def test_drain_waits_a_little_for_who_has_just_come(build):
    """A front that has connected sends its request all the same."""
    e = Echo(build, *SIZES, 'drain="60s"')
    with e.connect() as new, e.connect() as silent:
        time.sleep(0.1)
        begin = time.monotonic()
        e.process.send_signal(signal.SIGTERM)
        assert wait_for(lambda: refuses(e))
        new.sendall(get())
        in_time = time.monotonic() - begin < 0.9  # else we were held up
        got = answers(exchange(new, b""))
        assert got or not in_time
        for status, fields, _ in got:
            assert status == 200 and fields["connection"] == "close"
        assert exchange(silent, b"") == b""
        e.stop()
        assert 0.9 < time.monotonic() - begin < 50


def refuses(e):
    try:
        e.connect().close()
        return False
    except ConnectionRefusedError:
        return True


@pytest.mark.parametrize("path", ["/never", "/later"])
def test_drain_ends_what_does_not_finish(build, path):
    e = Echo(build, *SIZES, 'drain="300ms"')
    with e.connect() as s, e.connect() as partial:
        s.sendall(get(path))
        partial.sendall(b"POST / HTT")
        time.sleep(0.1)
        begin = time.monotonic()
        e.process.send_signal(signal.SIGTERM)
        status, fields, _ = answers(exchange(s, b""))[0]
        assert status == 503 and fields["retry-after"]
        e.stop()
        assert 0.25 < time.monotonic() - begin < 50


def test_drain_ends_an_answer_that_nobody_takes(build):
    e = Echo(build, *SIZES, 'write_timeout="600s"', 'drain="100ms"')
    with slow_reader(e) as s:
        s.sendall(get("/big?n=1000000") * LARGE_ANSWERS)
        time.sleep(0.2)
        begin = time.monotonic()
        e.process.send_signal(signal.SIGTERM)
        e.stop()
        assert time.monotonic() - begin < 50


def test_peers_that_left_are_answered_into_nothing(build):
    e = Echo(build, *SIZES, 'drain="100ms"')
    for path in ("/never", "/slow?ms=200"):
        s = e.connect()
        s.sendall((f"POST {path} HTTP/1.1\r\nHost: a\r\n"
                   "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na").encode())
        time.sleep(0.05)
        reset(s)
    time.sleep(0.3)
    e.stop()


# What cannot start says why.

@pytest.mark.parametrize("args, says", [
    (["127.0.0.1"], "host:port"),
    ([":80"], "host:port"),
    (["::1:80"], "host:port"),
    (["127.0.0.1:65536"], "host:port"),
    (["no-such-host.invalid:80"], "no address of this machine"),
    (["127.0.0.1:0", "/nonexistent.pem", "/nonexistent.key"],
     "/nonexistent.pem: cannot be read"),
])
def test_cannot_start(build, args, says):
    done = subprocess.run([os.path.join(build, "listener_echo"), *args],
                          capture_output=True, timeout=60)
    assert done.returncode == 3
    assert says in done.stderr.decode()


def test_key_of_another(build, ca, localhost):
    other = ca.issue("other", san=["DNS:other"])
    done = subprocess.run([os.path.join(build, "listener_echo"), "127.0.0.1:0",
                           localhost.chain, other.key],
                          capture_output=True, timeout=60)
    assert done.returncode == 3
    assert "does not belong to the certificate" in done.stderr.decode()


def test_port_in_use(build):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        done = subprocess.run(
            [os.path.join(build, "listener_echo"),
             f"127.0.0.1:{s.getsockname()[1]}"],
            capture_output=True, timeout=60)
    assert done.returncode == 3
    assert "another program has this port" in done.stderr.decode()


def test_ipv6(build):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    e = subprocess.Popen([os.path.join(build, "listener_echo"), "[::1]:0"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = e.stdout.readline().decode()
    if not line:
        e.wait()
        pytest.skip("no IPv6 on this machine: " + e.stderr.read().decode())
    with socket.create_connection(("::1", int(line.split()[1])), 20) as s:
        s.sendall(get())
        assert read_answer(s)[1]["peer"] == "::1"
    e.terminate()
    e.communicate(timeout=60)
    assert e.returncode == 0
