"""The listener over TLS: what it offers, and that nothing else changes."""

import contextlib
import json
import socket
import ssl
import subprocess
import time

import pytest

from echo import (Echo, H, LARGE_ANSWERS, LIMITS, PATIENCE, answers,
                  closed_within, exchange, get, read_answer, reset,
                  slow_exchange, slow_reader, wait_for)
from test_listener import REFUSED, SIZES


def client(ca, **versions):
    context = ssl.create_default_context(cafile=ca.pem)
    for name, value in versions.items():
        setattr(context, name, value)
    return context


def tls_talk(e, context, data):
    with e.connect() as raw:
        with context.wrap_socket(raw, server_hostname="localhost",
                                 suppress_ragged_eofs=False) as s:
            return s.version(), s.selected_alpn_protocol(), exchange(s, data)


@pytest.fixture(scope="module")
def tls(build, localhost):
    e = Echo(build, *SIZES, tls=localhost)
    yield e
    e.stop()


@pytest.fixture
def start_tls(build, localhost):
    running = []

    def run(*options):
        running.append(Echo(build, *options, tls=localhost))
        return running[-1]

    yield run
    for e in running:
        e.stop()


@pytest.mark.parametrize("version, name", [
    (ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_tls(tls, ca, version, name):
    context = client(ca, minimum_version=version, maximum_version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    data = (get("/one") + (H + "Content-Length: 60000\r\n\r\n").encode() +
            b"a" * 60000 + get("/three", "Connection: close\r\n"))
    got_version, alpn, got = tls_talk(tls, context, data)
    assert (got_version, alpn) == (name, "http/1.1")
    bodies = [json.loads(body) for _, _, body in answers(got)]
    assert [b["path"] for b in bodies] == ["/one", "/a", "/three"]
    assert bodies[1]["body"] == 60000 and bodies[0]["tls"] is True


def test_tls_refuses_and_closes_too(tls, ca):
    _, _, got = tls_talk(tls, client(ca), REFUSED["length and coding"].encode())
    assert [a[0] for a in answers(got)] == [400]


def test_tls_expect_continue_in_one_record(tls, ca):
    """Head of one read exactly, and the body right behind it."""
    for size in (4096, 4095, 4097, 8192 - 200):
        head = H + "Expect: 100-continue\r\nContent-Length: 9000\r\n" \
            "Connection: close\r\nX: "
        head += "a" * (size - len(head) - 4) + "\r\n\r\n"
        _, _, got = tls_talk(tls, client(ca), head.encode() + b"b" * 9000)
        last = answers(got)[-1]
        assert last[0] == 200 and json.loads(last[2])["body"] == 9000


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(tls, ca):
    context = client(ca)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_talk(tls, context, get())


def test_weak_ciphers_are_refused(tls, ca):
    context = client(ca, maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES256-SHA:ECDHE-ECDSA-AES256-SHA:AES128-SHA")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_talk(tls, context, get())


def test_alpn_without_http_1_1_is_refused(tls, ca):
    context = client(ca)
    context.set_alpn_protocols(["h2"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_talk(tls, context, get())


def test_stalled_handshakes_are_cut(start_tls):
    e = start_tls(*LIMITS)
    for data in (b"", b"\x16\x03\x01\x02\x00\x01", get()):
        with e.connect() as s:
            s.sendall(data)
            assert closed_within(s, PATIENCE)
    assert wait_for(lambda: e.files() < 20)


LONG_HELLO = b"\x16\x03\x01\x00\x04\x01\x02\x01\x00"  # 128 KiB of it to come


@pytest.mark.parametrize("cut", [9, 1], ids=["at once", "byte by byte"])
def test_a_hello_may_not_be_said_to_be_long(start_tls, cut):
    """For nine bytes OpenSSL would have 170 KiB ready, of nobody knows whom."""
    e = start_tls()
    before = e.status_field("VmRSS")
    data = LONG_HELLO
    for _ in range(100):
        with e.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(0, 9, cut):
                s.sendall(data[i:i + cut])
            assert closed_within(s, PATIENCE)
    assert e.status_field("VmRSS") < before + 4096
    said = [json.loads(line) for line in e.stop().splitlines()]
    said = [line for line in said if line["event"] == "TLS handshake failed"]
    assert said[0]["peer"] == "127.0.0.1"
    assert said[0]["reason"] == "a message of more than 16 KiB was to come"


def hello_of(*options):
    """The first bytes of an OpenSSL that is told so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = ["openssl", "s_client", "-connect",
                   f"127.0.0.1:{server.getsockname()[1]}", *options]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            s, _ = server.accept()
            with s:
                s.settimeout(PATIENCE)
                hello = s.recv(16384)
            process.wait(PATIENCE)
    return hello


def test_nor_when_it_is_asked_for_again(start_tls):
    """The first offers a key of a kind that the listener has no use for."""
    e = start_tls()
    hello = hello_of("-tls1_3", "-groups", "X448:P-256")
    with e.connect() as s:
        s.sendall(hello)
        again = s.recv(16384)
        assert again[0] == 22 and again[5] == 2  # a ServerHello of that kind
        s.sendall(b"\x14\x03\x03\x00\x01\x01" + LONG_HELLO)
        assert closed_within(s, PATIENCE)
    assert "more than 16 KiB was to come" in e.stop()


def test_tls_reset_in_the_middle(tls, ca):
    before = tls.files()
    for data in (b"POST", get("/slow?ms=100"), get("/big?n=900000")):
        s = client(ca).wrap_socket(tls.connect(), server_hostname="localhost")
        s.sendall(data)
        time.sleep(0.02)
        reset(s)
    assert wait_for(lambda: tls.files() <= before)


# One read may bring several records: those behind a request wait in OpenSSL.

class Wire:
    """A TLS client whose records are sent when the test says so."""

    def __init__(self, e, context):
        self.socket = e.connect()
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.come, self.go,
                                    server_hostname="localhost")
        self.wait_for(self.tls.do_handshake)
        self.send()

    def send(self, *records):
        for record in records:
            self.tls.write(record)
        if self.go.pending:
            self.socket.sendall(self.go.read())

    def wait_for(self, what):
        while True:
            try:
                return what()
            except ssl.SSLWantReadError:
                self.send()
                got = self.socket.recv(65536)
                assert got
                self.come.write(got)

    def paths(self, count):
        data = b""
        while len([1 for a in answers(data) if a[2].endswith(b"}")]) < count:
            data += self.wait_for(lambda: self.tls.read(65536))
        return [json.loads(body)["path"] for _, _, body in answers(data)]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_records_read_ahead_are_served(tls, ca, version):
    wire = Wire(tls, client(ca, minimum_version=version,
                            maximum_version=version))
    first, body = H.encode() + b"Content-Length: 5\r\n\r\n", b"12345"
    wire.send(get("/slow?ms=50"), get("/b"), get("/slow?ms=1"), first, body,
              get("/c")[:9], get("/c")[9:])
    assert wire.paths(5) == ["/slow", "/b", "/slow", "/a", "/c"]
    wire.send(get("/d"))
    assert wire.paths(1) == ["/d"]
    wire.socket.close()


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 30])
def test_records_may_come_in_pieces(tls, ca, cut):
    wire = Wire(tls, client(ca))
    wire.tls.write(get("/a"))
    wire.tls.write(get("/b"))
    record = wire.go.read()
    wire.socket.sendall(record[:-cut])
    time.sleep(0.03)
    wire.socket.sendall(record[-cut:])
    assert wire.paths(2) == ["/a", "/b"]
    wire.socket.close()


def test_large_answers_to_slow_readers(start_tls, ca):
    e = start_tls(*SIZES)
    with client(ca).wrap_socket(slow_reader(e),
                                server_hostname="localhost") as s:
        assert slow_exchange(s) == LARGE_ANSWERS


def test_who_does_not_read_is_cut(start_tls, ca):
    e = start_tls(*SIZES, 'write_timeout="800ms"')
    with client(ca).wrap_socket(e.connect(),
                                server_hostname="localhost") as s:
        before = e.files()
        s.sendall(get("/big?n=1000000") * 20)
        assert wait_for(lambda: e.files() < before)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(start_tls, ca, version):
    """By any worker: which one a connection gets is the kernel's choice."""
    e = start_tls(*SIZES, "workers=3")
    context = client(ca, minimum_version=version, maximum_version=version)
    session = None
    for turn in range(12):
        with context.wrap_socket(e.connect(), server_hostname="localhost",
                                 session=session) as s:
            s.sendall(get("/a"))
            assert read_answer(s)[0] == 200
            assert s.session_reused == (turn > 0)
            session = s.session


def test_failed_handshakes_are_told(start_tls, ca):
    """Who cannot call is heard of; who only leaves is not."""
    e = start_tls("workers=1")
    with e.connect():
        pass
    with e.connect() as s:
        s.sendall(b"\x16\x03\x01")
    for context in [ssl.create_default_context(),  # trusts another root
                    client(ca, minimum_version=ssl.TLSVersion.TLSv1,
                           maximum_version=ssl.TLSVersion.TLSv1_1)]:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            tls_talk(e, context, get())
    e.talk(get("/secret"))  # no TLS at all
    tls_talk(e, client(ca), get("/", "Connection: close\r\n"))
    lines = [line for line in map(json.loads, e.stop().splitlines())
             if line["event"] == "TLS handshake failed"]
    assert [line["reason"] for line in lines] == [
        "tlsv1 alert unknown ca", "unsupported protocol", "http request"]
    assert {line["peer"] for line in lines} == {"127.0.0.1"}
    assert "secret" not in str(lines)
