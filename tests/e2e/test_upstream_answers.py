"""What the upstream client makes of every kind of answer. Two leads take
turns, and the upstream says in each body whose answer it is: none is ever
credited to the other."""

import json
import re
import socket
import threading

import pytest

from house import free_port
from scripted import Probe, Upstream, ok

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
POISON = ok("poison")

ANSWERED, BROKEN, LATE = "answered", "broken", "late"
UNSENT = "late, nothing sent"


def body(lead):
    return json.dumps({"lead": lead}).encode()


def sized(lead, *fields):
    text = body(lead)
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(text), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + text


def chunks(lead):
    text = body(lead)
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)


def close_after(data):
    def script(peer, lead):
        peer.send(data(lead) if callable(data) else data)
        peer.close()
    return script


# name: (what is sent for lead_a, outcome, status, connection kept)
# What is sent is bytes, a function of the lead giving bytes, or a function
# of the peer and the lead that does it itself.
CASES = {
    # complete answers, connection kept
    "sized": (sized, ANSWERED, 200, True),
    "chunked": (lambda l: CHUNKED + chunks(l), ANSWERED, 200, True),
    "chunk extensions and trailers": (
        lambda l: CHUNKED + b"%x;a=1\r\n" % len(body(l)) + body(l)
        + b"\r\n0\r\nX-Sum: 1\r\n\r\n", ANSWERED, 200, True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", ANSWERED, 204, True),
    "103 first": (
        lambda l: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        + sized(l), ANSWERED, 200, True),
    "102 first": (
        lambda l: b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + sized(l),
        ANSWERED, 200, True),
    "100 first": (
        lambda l: b"HTTP/1.1 100 Continue\r\n\r\n" + sized(l),
        ANSWERED, 200, True),
    "body of the largest size": (
        OK + b"Content-Length: 1048576\r\n\r\n" + b"x" * 1048576,
        ANSWERED, 200, True),
    "400": (lambda l: ok(l, "400 Bad Request"), ANSWERED, 400, True),
    "401": (lambda l: ok(l, "401 Unauthorized"), ANSWERED, 401, True),
    "404": (lambda l: ok(l, "404 Not Found"), ANSWERED, 404, True),
    "422": (lambda l: ok(l, "422 Unprocessable"), ANSWERED, 422, True),
    "429": (lambda l: ok(l, "429 Slow down", "Retry-After: 7\r\n"),
            ANSWERED, 429, True),
    "500": (lambda l: ok(l, "500 Oops"), ANSWERED, 500, True),
    "503": (lambda l: ok(l, "503 Away", "Retry-After: 120\r\n"),
            ANSWERED, 503, True),
    # complete answers, after which the connection cannot be trusted
    "surplus bytes": (lambda l: sized(l) + b"POISON", ANSWERED, 200, False),
    "two answers at once": (lambda l: sized(l) + POISON, ANSWERED, 200,
                            False),
    "204 with a body": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n%s"
        % (len(POISON), POISON), ANSWERED, 204, False),
    "204 that announces a body": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        ANSWERED, 204, False),
    "Connection: close": (lambda l: sized(l, b"Connection: close"),
                          ANSWERED, 200, False),
    "Connection: x, close": (lambda l: sized(l, b"Connection: x, close"),
                             ANSWERED, 200, False),
    "closed after the answer": (close_after(sized), ANSWERED, 200, False),
    "until the end": (
        close_after(lambda l: OK + b"Connection: close\r\n\r\n" + body(l)),
        ANSWERED, 200, False),
    "HTTP/1.0": (
        close_after(lambda l: b"HTTP/1.0 200 OK\r\n\r\n" + body(l)),
        ANSWERED, 200, False),
    # no answers
    "101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            BROKEN, 0, False),
    "101, then an answer": (
        lambda l: b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + sized(l),
        BROKEN, 0, False),
    "nine interim answers": (
        lambda l: b"HTTP/1.1 102 Processing\r\n\r\n" * 9 + sized(l),
        BROKEN, 0, False),
    "Content-Length twice, the same": (
        lambda l: sized(l, b"Content-Length: %d" % len(body(l))),
        BROKEN, 0, False),
    "Content-Length twice, different": (
        lambda l: sized(l, b"Content-Length: 0"), BROKEN, 0, False),
    "Content-Length and chunked": (
        lambda l: sized(l, b"Transfer-Encoding: chunked"), BROKEN, 0, False),
    "gzip, chunked": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
                      BROKEN, 0, False),
    "neither length nor close": (
        lambda l: OK + b"Connection: keep-alive\r\n\r\n" + body(l),
        BROKEN, 0, False),
    "truncated body": (
        close_after(OK + b"Content-Length: 100\r\n\r\n{\"half\":"),
        BROKEN, 0, False),
    "truncated chunks": (close_after(CHUNKED + b"20\r\nabc"), BROKEN, 0,
                         False),
    "closed without an answer": (close_after(b""), BROKEN, 0, False),
    "closed within the headers": (close_after(OK), BROKEN, 0, False),
    "reset": (lambda peer, lead: peer.reset(), BROKEN, 0, False),
    "status -200": (b"HTTP/1.1 -200 OK\r\n\r\n", BROKEN, 0, False),
    "status 99999": (b"HTTP/1.1 99999 OK\r\n\r\n", BROKEN, 0, False),
    "status 2x0": (b"HTTP/1.1 2x0 OK\r\n\r\n", BROKEN, 0, False),
    "status 099": (b"HTTP/1.1 099 OK\r\n\r\n", BROKEN, 0, False),
    "HTTP/2": (b"HTTP/2 200\r\ncontent-length: 0\r\n\r\n", BROKEN, 0, False),
    "HTTP/0.9": (b"<html>no end of line", BROKEN, 0, False),
    "another protocol": (b"220 mail.test ESMTP\r\n", BROKEN, 0, False),
    "huge headers": (OK + b"X: " + b"a" * 17000 + b"\r\n", BROKEN, 0, False),
    "101 header fields": (OK + b"a: b\r\n" * 101, BROKEN, 0, False),
    "huge body": (OK + b"Content-Length: 1048577\r\n\r\n", BROKEN, 0, False),
    "huge chunk": (CHUNKED + b"100001\r\n", BROKEN, 0, False),
    "huge body until the end": (
        OK + b"Connection: close\r\n\r\n" + b"x" * 1048577, BROKEN, 0, False),
    "NUL in a header": (
        lambda l: sized(l, b"X: a\0b"), BROKEN, 0, False),
    "bare CR in a header": (
        lambda l: sized(l, b"X: a\rb"), BROKEN, 0, False),
    "folded header": (
        lambda l: sized(l, b"X: a\r\n b"), BROKEN, 0, False),
    "blank before the colon": (
        lambda l: sized(l, b"X : a"), BROKEN, 0, False),
    "bare LF": (lambda l: sized(l).replace(b"\r\n", b"\n"), BROKEN, 0, False),
    "chunk 0x": (lambda l: CHUNKED + b"0x" + chunks(l), BROKEN, 0, False),
    "chunk +": (lambda l: CHUNKED + b"+" + chunks(l), BROKEN, 0, False),
    "chunk line with bare LF": (
        lambda l: CHUNKED + chunks(l).replace(b"\r\n", b"\n"),
        BROKEN, 0, False),
    "chunk longer than its size": (CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n",
                                   BROKEN, 0, False),
    "endless chunk line": (CHUNKED + b"1;" + b"a" * 1000, BROKEN, 0, False),
}


@pytest.fixture(scope="module", params=["tls", "plain"])
def server(request, localhost, ca):
    """How to serve, and what the probe needs to call it."""
    if request.param == "tls":
        return {"cert": localhost}, {"ca": ca.pem}
    return {}, {}


def play(what, peer, lead):
    if isinstance(what, bytes):
        peer.send(what)
    elif what.__code__.co_argcount == 1:
        peer.send(what(lead))
    else:
        what(peer, lead)


@pytest.mark.parametrize("name", CASES)
def test_answers(build, server, name):
    what, outcome, status, kept = CASES[name]
    serve, call = server

    def script(peer, request):
        if request.lead == "lead_a":
            play(what, peer, request.lead)
        else:
            peer.send(ok(request.lead))

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, **call) as probe:
        for turn in range(2):
            a = probe.one("lead_a")
            assert (a["outcome"], a["status"]) == (outcome, status), a
            assert (a["reason"] is None) == (outcome == ANSWERED)
            up.wait(lambda: up.played > 2 * turn)  # it is closed, if it is
            b = probe.one("lead_b")
            assert (b["outcome"], b["status"]) == (ANSWERED, 200), b
        sent = [r.lead for r in up.requests]
        assert sent == ["lead_a", "lead_b"] * 2  # nothing was sent twice
        on = [r.connection for r in up.requests]
        assert on == ([0] * 4 if kept else [0, 1, 1, 2])


def test_the_request_on_the_wire(build, localhost, ca):
    def script(peer, request):
        peer.send(ok(request.lead))

    with Upstream(script, cert=localhost) as up, \
            Probe(build, up.url + "/v2/", ca=ca.pem, body=30000,
                  idempotency="evt 1\r\nX: %\u00e9") as probe:
        probe.one("lead_abc-1_2")
        [r] = up.requests
        assert (r.method, r.version) == ("PATCH", "HTTP/1.1")
        assert r.target == "/v2/api/v1/leads/lead_abc-1_2"
        assert r.all("Host") == [f"localhost:{up.port}"]
        assert r.all("Content-Length") == ["30000"] == [str(len(r.body))]
        assert r.all("X-API-Key") == ["probe-key-4be1c09d"]
        assert r.all("Content-Type") == ["application/json"]
        assert r.all("Accept") == ["application/json"]
        assert r.all("Accept-Encoding") == ["identity"]
        assert r.all("User-Agent")[0].startswith("leadbridge/")
        assert r.all("Idempotency-Key") == ["evt%201%0D%0AX:%20%25%C3%A9"]
        assert len(r.fields) == 8
        assert r.raw.count(b"probe-key-4be1c09d") == 1


def count_in_memory(pid, text):
    """How often text stands in the process's memory."""
    count = 0
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end, mode = re.match(
                r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            # Sanitizers map terabytes of shadow; nothing of ours is there.
            size = int(end, 16) - int(start, 16)
            if not mode.startswith("rw") or size > 1 << 30:
                continue
            memory.seek(int(start, 16))
            try:
                count += memory.read(size).count(text)
            except OSError:
                pass
    return count


def test_the_key_does_not_stay_in_memory(build, localhost, ca):
    go = threading.Event()

    def script(peer, request):
        if request.lead == "slow":
            go.wait()
        peer.send(ok(request.lead))

    with Upstream(script, cert=localhost) as up, \
            Probe(build, up.url, ca=ca.pem, body=2000) as probe:
        for lead in ["lead_a", "lead_b"] * 3:
            probe.one(lead)
        probe.say("slow lead_c")
        up.wait(lambda: len(up.requests) == 8)
        probe.hear()
        # With one request still unanswered: it stands in a request only while
        # that is written. (Its own place cannot be written to: not counted.)
        header = b"X-API-Key: " + b"probe-key-4be1c09d"
        assert count_in_memory(probe.process.pid, header) == 0
        go.set()
        assert probe.hear()["lead"] == "slow"


def test_the_fields_that_are_relayed(build):
    def script(peer, request):
        peer.send(ok(request.lead, "503 Away",
                     "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"
                     "Set-Cookie: a=b\r\n"))

    with Upstream(script) as up, Probe(build, up.url) as probe:
        a = probe.one("lead_a")
        assert a["type"] == "application/json"
        assert a["retry_after"] == "Wed, 21 Oct 2026 07:28:00 GMT"


def test_a_redirect_is_an_answer_not_an_instruction(build, localhost, ca):
    with Upstream(lambda p, r: p.send(ok(r.lead)), cert=localhost) as other:
        def script(peer, request):
            peer.send(ok(request.lead, "301 Moved",
                         f"Location: {other.url}/api/v1/leads/x\r\n"))

        with Upstream(script, cert=localhost) as up, \
                Probe(build, up.url, ca=ca.pem) as probe:
            assert probe.one("lead_a")["status"] == 301
            assert probe.one("lead_b")["status"] == 301
        assert other.connections == 0


def test_a_dripping_answer_ends_at_the_deadline(build, server):
    serve, call = server

    def script(peer, request):
        if request.lead == "lead_a":
            peer.drip(OK + b"X: " + b"a" * 10000)
        else:
            peer.send(ok(request.lead))

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings='timeout = "400ms";',
                  **call) as probe:
        a = probe.until("lead_a", lambda a: a["outcome"] != UNSENT
                        and a["took_us"] <= 5_000_000)
        assert a["outcome"] == LATE
        assert 390_000 <= a["took_us"]
        probe.until("lead_b", lambda b: b["status"] == 200)


def test_a_late_answer_reaches_nobody(build, server):
    serve, call = server
    go = threading.Event()

    def script(peer, request):
        if request.lead == "lead_a":
            go.wait()
        peer.send(ok(request.lead))

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings='timeout = "300ms";',
                  **call) as probe:
        a = probe.until("lead_a", lambda a: a["outcome"] != UNSENT)
        assert a["outcome"] == LATE
        go.set()
        probe.until("lead_b", lambda b: b["status"] == 200)

        def used(lead):
            return {r.connection for r in up.requests if r.lead == lead}

        up.wait(lambda: used("lead_a"))
        assert not used("lead_a") & used("lead_b")


def test_surplus_that_comes_later_is_seen_before_the_next_request(
        build, server):
    serve, call = server
    go, sent = threading.Event(), threading.Event()

    def script(peer, request):
        peer.send(ok(request.lead))
        if request.lead == "lead_a":
            go.wait()
            peer.send(POISON)
            sent.set()

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, **call) as probe:
        for _ in range(3):
            assert probe.one("lead_a")["status"] == 200
            go.set()
            assert sent.wait(20)
            go.clear(), sent.clear()
            assert probe.one("lead_b")["status"] == 200
        assert [r.connection for r in up.requests] == [0, 1, 1, 2, 2, 3]


def test_surplus_in_a_record_of_its_own_that_came_along(build, server):
    """It lies in the TLS library by then, where no look at the socket
    finds it."""
    serve, call = server

    def script(peer, request):
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        peer.send(ok(request.lead))
        peer.send(POISON)
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, **call) as probe:
        for turn, lead in enumerate(["lead_a", "lead_b"] * 3):
            assert probe.one(lead)["status"] == 200
            # A cork holds for 200 ms; both are there when this is over.
            up.wait(lambda: up.played > turn)
        assert [r.connection for r in up.requests] == [0, 1, 2, 3, 4, 5]


def test_an_idle_connection_that_is_closed_is_replaced(build, server):
    serve, call = server
    go, closed = threading.Event(), threading.Event()

    def script(peer, request):
        peer.send(ok(request.lead))
        if request.lead == "lead_a":
            go.wait()
            peer.reset()
            closed.set()

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, **call) as probe:
        assert probe.one("lead_a")["status"] == 200
        go.set()
        assert closed.wait(20)
        assert probe.one("lead_b")["status"] == 200
        assert [r.lead for r in up.requests] == ["lead_a", "lead_b"]


def test_an_answer_before_the_request_is_whole(build, server):
    serve, call = server

    def script(peer, request):
        peer.send(ok(request.lead, "413 Too large",
                     "Connection: close\r\n"))
        peer.upstream.stopped.wait()

    with Upstream(script, whole=False, **serve) as up, \
            Probe(build, up.url, body=16 << 20, **call) as probe:
        assert probe.one("lead_a")["status"] == 413
        assert probe.one("lead_b")["status"] == 413
        assert [r.connection for r in up.requests] == [0, 1]


def test_an_early_answer_ends_the_connection_even_if_it_would_keep_it(
        build, server):
    serve, call = server

    def script(peer, request):
        peer.send(ok(request.lead, "413 Too large"))
        peer.upstream.stopped.wait()

    with Upstream(script, whole=False, **serve) as up, \
            Probe(build, up.url, body=16 << 20, **call) as probe:
        assert probe.one("lead_a")["status"] == 413
        assert probe.one("lead_b")["status"] == 413
        assert [r.connection for r in up.requests] == [0, 1]


def test_nobody_listens(build):
    with Probe(build, f"http://localhost:{free_port()}") as probe:
        a = probe.one("lead_a")
        assert a["outcome"] == "no connection"
        assert a["reason"] == "cannot connect: Connection refused"


def test_a_name_that_does_not_exist(build):
    with Probe(build, "https://leads.invalid") as probe:
        a = probe.one("lead_a")
        assert a["outcome"] == "no address"
        assert a["reason"].startswith("leads.invalid: ")


def test_the_queue_is_first_come_first_served_and_bounded(build, server):
    serve, call = server
    go = threading.Event()

    def script(peer, request):
        go.wait()
        peer.send(ok(request.lead))

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings="connections = 1; queue = 4;",
                  **call) as probe:
        probe.say("l1 l2 l3 l4 l5 l6 l7")
        refused = [probe.hear(), probe.hear()]
        assert {a["lead"] for a in refused} == {"l6", "l7"}
        assert all(a["outcome"] == "busy" for a in refused)
        go.set()
        served = [probe.hear() for _ in range(5)]
        assert all(a["status"] == 200 for a in served)
        in_turn = ["l1", "l2", "l3", "l4", "l5"]
        assert [a["lead"] for a in served] == in_turn
        assert [json.loads(a["body"])["lead"] for a in served] == in_turn
        assert [r.lead for r in up.requests] == in_turn
        assert up.connections == 1


def test_the_deadline_covers_the_queue(build):
    def script(peer, request):
        if request.lead == "l0":
            peer.send(ok(request.lead))
        else:
            peer.upstream.stopped.wait()

    with Upstream(script) as up, \
            Probe(build, up.url, settings='connections = 1; '
                  'timeout = "300ms";') as probe:
        # l1 finds a connection, however slow it is to be had.
        probe.until("l0", lambda a: a["status"] == 200)
        got = {a["lead"]: a["outcome"] for a in probe.ask("l1", "l2", "l3")}
        assert got == {"l1": LATE, "l2": UNSENT, "l3": UNSENT}

        def behind():
            return [r.lead for r in up.requests if r.lead != "l0"]

        up.wait(behind)
        assert behind() == ["l1"]


def test_a_cancelled_call_answers_nobody(build, server):
    serve, call = server

    def script(peer, request):
        peer.send(ok(request.lead))

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings="connections = 1;",
                  **call) as probe:
        assert probe.one("l1")["status"] == 200
        [b] = probe.ask("!l2", "l3")
        assert b["lead"] == "l3" and b["status"] == 200
        assert json.loads(b["body"])["lead"] == "l3"
        up.wait(lambda: any(r.lead == "l3" for r in up.requests))
        assert [r.connection for r in up.requests if r.lead == "l3"] == [1]


def test_many_calls_at_once_each_get_their_own_answer(build, server):
    serve, call = server

    def script(peer, request):
        peer.send(ok(request.lead))

    leads = [f"lead_{i}" for i in range(200)]
    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings="connections = 8;",
                  **call) as probe:
        for answer in probe.ask(*leads):
            assert json.loads(answer["body"])["lead"] == answer["lead"]
        assert up.connections <= 8
        assert len(up.requests) == 200


def test_what_is_under_way_when_the_pool_is_freed_is_reported(build, server):
    serve, call = server

    def script(peer, request):
        peer.upstream.stopped.wait()

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings="connections = 1;",
                  **call) as probe:
        probe.say("l1 l2")
        up.wait(lambda: len(up.requests) == 1)
        rest = probe.close()
        assert sorted(a["lead"] for a in rest) == ["l1", "l2"]
        assert all(a["outcome"] == "stopped" for a in rest)


def test_an_idle_connection_is_closed_in_time(build, server):
    serve, call = server
    closed = threading.Event()

    def script(peer, request):
        peer.send(ok(request.lead))
        if request.lead == "lead_a":
            assert peer.sock.recv(1) == b""
            closed.set()
            peer.close()

    with Upstream(script, **serve) as up, \
            Probe(build, up.url, settings='idle_timeout = "200ms";',
                  **call) as probe:
        assert probe.one("lead_a")["status"] == 200
        assert closed.wait(20)
        assert probe.one("lead_b")["status"] == 200
        assert up.connections == 2
