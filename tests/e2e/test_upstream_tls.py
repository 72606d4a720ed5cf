"""Whom the upstream client talks to. A server it does not trust gets not one
byte of HTTP, hence no key; the reason is told; the key is never printed."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading
import time
import warnings

import pytest

import certs
from house import free_port, wait_for
from scripted import Probe, Upstream, ok, server_context

HOST = "api.leads.test"  # upstream_probe takes .test for this machine


def echo(peer, request):
    peer.send(ok(request.lead))


def close_after_echo(peer, request):
    peer.send(ok(request.lead, extra="Connection: close\r\n"))
    peer.close()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """Roots, intermediates and leaves, good and bad, each made once."""
    return Pki(certs.Authority(tmp_path_factory.mktemp("pki")))


class Pki:
    def __init__(self, root):
        self.root = root
        self.made = {}

    def __getattr__(self, name):
        if name not in self.made:
            self.made[name] = getattr(type(self), "make_" + name)(self)
        return self.made[name]

    def leaf(self, name, issuer=None, **wrong):
        wrong.setdefault("san", ["DNS:" + HOST])
        return (issuer or self.root).issue(name, **wrong)

    # good

    def make_good(self):
        return self.leaf("good")

    def make_rsa(self):
        return self.leaf("rsa", key="rsa:2048")

    def make_wildcard(self):
        return self.leaf("wildcard", san=["DNS:*.leads.test"])

    def make_address(self):
        return self.leaf("address", san=["IP:127.0.0.1"])

    def make_deep(self):
        mid = self.root.authority("mid1").authority("mid2")
        return self.leaf("deep", mid)

    def make_reversed(self):
        cert = self.leaf("reversed",
                         self.root.authority("rev1").authority("rev2"))
        leaf, low, high = [cert, *self.chain_of("rev2", "rev1")]
        certs.join(cert.chain, [leaf, high, low])
        return cert

    def make_permitted(self):
        return self.leaf("permitted", self.root.authority(
            "names1", constraints="permitted;DNS:leads.test"))

    def chain_of(self, *names):
        return [certs.Cert(self.root.folder, n) for n in names]

    # bad

    def make_expired(self):
        return self.leaf("expired", start=-10, end=-1)

    def make_early(self):
        return self.leaf("early", start=1, end=10)

    def make_other(self):
        return self.leaf("other", san=["DNS:other.test"])

    def make_right_cn(self):
        return self.leaf("right_cn", cn=HOST, san=["DNS:other.test"])

    def make_cn_only(self):
        return self.leaf("cn_only", cn=HOST, san=[])

    def make_self_signed(self):
        return certs.self_signed(self.root.folder, "self_signed",
                                 ["DNS:" + HOST])

    def make_stranger(self):
        root = certs.Authority(self.root.folder + "/stranger", "stranger")
        return root.issue("stranger_leaf", san=["DNS:" + HOST])

    def make_incomplete(self):
        cert = self.leaf("incomplete", self.root.authority("left_out"))
        certs.join(cert.chain, [cert])
        return cert

    def make_no_authority(self):
        fake = self.root.authority("fake", ca=False)
        return self.leaf("no_authority", fake)

    def make_client_only(self):
        return self.leaf("client_only", eku="clientAuth")

    def make_sha1(self):
        return self.leaf("sha1", digest="sha1")

    def make_sha1_mid(self):
        return self.leaf("sha1_mid",
                         self.root.authority("sha1_ca", digest="sha1"))

    def make_md5(self):
        return self.leaf("md5", digest="md5", issuer=self.rsa_root_mid)

    def make_rsa_root_mid(self):
        return self.root.authority("rsa_mid", key="rsa:2048")

    def make_rsa1024(self):
        return self.leaf("rsa1024", key="rsa:1024")

    def make_partial(self):
        return self.leaf("partial", san=["DNS:a*.leads.test"])

    def make_double(self):
        return self.leaf("double", san=["DNS:*.*.test"])

    def make_bare_wildcard(self):
        return self.leaf("bare_wildcard", san=["DNS:*"])

    def make_top_wildcard(self):
        return self.leaf("top_wildcard", san=["DNS:*.test"])

    def make_nul(self):
        name = HOST.encode() + b"\0.evil.test"
        inner = b"\x82" + bytes([len(name)]) + name
        return self.leaf("nul", san_der=b"\x30" + bytes([len(inner)]) + inner)

    def make_address_as_name(self):
        return self.leaf("address_as_name", san=["DNS:127.0.0.1"])

    def make_forbidden(self):
        return self.leaf("forbidden", self.root.authority(
            "names2", constraints="permitted;DNS:other.test"))

    def make_excluded(self):
        return self.leaf("excluded", self.root.authority(
            "names3", constraints="excluded;DNS:leads.test"))


def versions(low, high):
    def change(context):
        context.minimum_version = low
        context.maximum_version = high
    return change


def wants_client(version):
    def change(context):
        context.minimum_version = context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_default_certs()
    return change


V = ssl.TLSVersion

GOOD = {
    "plain good": ("good", HOST, None),
    "RSA 2048": ("rsa", HOST, None),
    "TLS 1.2": ("good", HOST, versions(V.TLSv1_2, V.TLSv1_2)),
    "TLS 1.3": ("good", HOST, versions(V.TLSv1_3, V.TLSv1_3)),
    "wildcard": ("wildcard", HOST, None),
    "two intermediates": ("deep", HOST, None),
    "intermediates in the wrong order": ("reversed", HOST, None),
    "address": ("address", "127.0.0.1", None),
    "name in upper case": ("good", "API.Leads.Test", None),
    "name constraints kept": ("permitted", HOST, None),
}

# name: (certificate, host, change of the context, reason)
BAD = {
    "expired": ("expired", HOST, None, "certificate has expired"),
    "not yet valid": ("early", HOST, None, "not yet valid"),
    "wrong host": ("other", HOST, None, "hostname mismatch"),
    "wrong host, right CN": ("right_cn", HOST, None, "hostname mismatch"),
    "CN only": ("cn_only", HOST, None, "hostname mismatch"),
    "self-signed": ("self_signed", HOST, None, "self-signed certificate"),
    "untrusted root": ("stranger", HOST, None,
                       "unable to get local issuer"),
    "incomplete chain": ("incomplete", HOST, None,
                         "leaves out an intermediate"),
    "intermediate is no CA": ("no_authority", HOST, None,
                              "invalid CA certificate"),
    "not for servers": ("client_only", HOST, None,
                        "unsuitable certificate purpose"),
    "SHA-1 leaf": ("sha1", HOST, None, "too weak"),
    "SHA-1 intermediate": ("sha1_mid", HOST, None, "too weak"),
    "MD5 leaf": ("md5", HOST, None, "too weak"),
    "RSA 1024": ("rsa1024", HOST, None, "key too weak"),
    "TLS 1.1 at most": ("good", HOST, versions(V.TLSv1, V.TLSv1_1),
                        "protocol|version"),
    "wildcard two levels up": ("wildcard", "a.api.leads.test", None,
                               "hostname mismatch"),
    "wildcard of a top domain": ("top_wildcard", "api.test", None,
                                 "hostname mismatch"),
    "partial wildcard": ("partial", HOST, None, "hostname mismatch"),
    "double wildcard": ("double", HOST, None, "hostname mismatch"),
    "wildcard of everything": ("bare_wildcard", HOST, None,
                               "hostname mismatch"),
    "NUL in the name": ("nul", HOST, None, "hostname mismatch"),
    "address as a name": ("address_as_name", "127.0.0.1", None,
                          "IP address mismatch"),
    "address where a name is asked": ("address", HOST, None,
                                      "hostname mismatch"),
    "name where an address is asked": ("good", "127.0.0.1", None,
                                       "IP address mismatch"),
    "name not permitted": ("forbidden", HOST, None,
                           "permitted subtree violation"),
    "name excluded": ("excluded", HOST, None, "excluded subtree violation"),
    "wants a client certificate, TLS 1.2": (
        "good", HOST, wants_client(V.TLSv1_2), "handshake failure"),
    "wants a client certificate, TLS 1.3": (
        "good", HOST, wants_client(V.TLSv1_3), "client certificate"),
}


def context_of(pki, cert, change):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
        context = server_context(getattr(pki, cert), weak=True)
        context.minimum_version = V.TLSv1
        if change is not None:
            change(context)
    return context


def url_of(up, host):
    return f"https://{host}:{up.port}"


@pytest.mark.parametrize("name", GOOD)
def test_talks_to(build, pki, name):
    cert, host, change = GOOD[name]
    with Upstream(echo, context=context_of(pki, cert, change)) as up, \
            Probe(build, url_of(up, host), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b"] * 2:
            got = probe.one(lead)
            assert got["status"] == 200, got
        assert up.connections == 1


@pytest.mark.parametrize("name", BAD)
def test_does_not_talk_to(build, pki, name):
    cert, host, change, reason = BAD[name]
    with Upstream(echo, context=context_of(pki, cert, change)) as up, \
            Probe(build, url_of(up, host), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b"]:
            got = probe.one(lead)
            assert got["outcome"] == "no TLS", got
            assert re.search(reason, got["reason"], re.I), got["reason"]
        up.wait(lambda: len(up.errors) == 2, "the server's errors")
        assert up.http_bytes == 0 and up.requests == []


def test_a_root_that_only_we_know_is_not_the_systems(build, pki):
    with Upstream(echo, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST)) as probe:
        got = probe.one("lead_a")
        assert got["outcome"] == "no TLS"
        assert "trusted roots" in got["reason"]
        assert up.http_bytes == 0


def test_tls_min(build, pki):
    change = versions(V.TLSv1_2, V.TLSv1_2)
    with Upstream(echo, context=context_of(pki, "good", change)) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings='tls_min = "1.3";') as probe:
        assert probe.one("lead_a")["outcome"] == "no TLS"
        assert up.http_bytes == 0


def raw(greet):
    """A server that does not speak TLS, at an https address."""
    return Upstream(greet=greet)


@pytest.mark.parametrize("what, reason", [
    (b"garbage\x00\xff" * 20, "TLS handshake failed"),
    (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
     "TLS handshake failed: wrong version number"),
    (b"\x16\x03\x03\x00\x04\x02\x00\x40\x00", "TLS handshake"),
    (b"\x15\x03\x03\x00\x02\x02\x28", "handshake failure"),
    (b"", "TLS handshake failed"),
])
def test_junk_in_place_of_a_handshake(build, pki, what, reason):
    seen = []

    def greet(peer):
        seen.append(peer.sock.recv(65536))
        peer.send(what)
        peer.sock.close()
        return False

    with raw(greet) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b"]:
            got = probe.one(lead)
            assert got["outcome"] == "no TLS", got
            assert reason in got["reason"]
    assert all(hello[0] == 0x16 for hello in seen)  # a ClientHello, no HTTP
    assert not any(b"X-API-Key" in hello for hello in seen)


def test_a_handshake_that_stalls_ends_in_time(build, pki):
    def greet(peer):
        peer.sock.recv(65536)
        peer.upstream.stopped.wait()
        return False

    with raw(greet) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings='connect_timeout = "200ms";') as probe:
        got = probe.until("lead_a", lambda got: got["took_us"] <= 5_000_000)
        assert got["outcome"] == "no TLS"
        assert "connect_timeout" in got["reason"]
        assert 190_000 <= got["took_us"]


def test_the_deadline_covers_the_handshake(build, pki):
    def greet(peer):
        peer.upstream.stopped.wait()
        return False

    with raw(greet) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings='timeout = "200ms";') as probe:
        got = probe.one("lead_a")
        assert got["outcome"] == "late, nothing sent"


def test_a_body_until_the_end_needs_a_proper_end(build, pki):
    def script(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"cut\":")
        peer.cut()

    with Upstream(script, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        got = probe.one("lead_a")
        assert got["outcome"] == "broken"
        assert "close_notify" in got["reason"]
        assert len(up.requests) == 1


def test_a_sized_answer_is_whole_without_close_notify(build, pki):
    def script(peer, request):
        peer.send(ok(request.lead))
        peer.cut()

    with Upstream(script, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        for number, lead in enumerate(["lead_a", "lead_b"]):
            assert probe.one(lead)["status"] == 200
            up.wait(lambda: up.played > number)
        assert len(up.requests) == 2


def test_the_server_name_is_sent_on_every_connection(build, pki):
    named, names = server_context(pki.good), []

    def by_name(sock, name, _):
        names.append(name)
        if name == HOST:
            sock.context = named

    default = server_context(pki.other)
    default.sni_callback = by_name
    with Upstream(close_after_echo, context=default) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b", "lead_a"]:
            assert probe.one(lead)["status"] == 200
    assert names == [HOST] * 3


def test_an_address_is_no_server_name(build, pki):
    context, names = server_context(pki.address), []
    context.sni_callback = lambda sock, name, _: names.append(name)
    with Upstream(echo, context=context) as up, \
            Probe(build, url_of(up, "127.0.0.1"), ca=pki.root.pem) as probe:
        assert probe.one("lead_a")["status"] == 200
    assert names == [None]


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_sessions_are_resumed(build, pki, version):
    context = context_of(pki, "good", versions(version, version))
    with Upstream(close_after_echo, context=context) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b", "lead_a"]:
            assert probe.one(lead)["status"] == 200
        assert up.resumed == [False, True, True]


def test_a_session_the_server_forgot_is_no_failure(build, pki):
    def script(peer, request):
        peer.upstream.context = server_context(pki.good)  # other ticket keys
        close_after_echo(peer, request)

    with Upstream(script, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b", "lead_a"]:
            assert probe.one(lead)["status"] == 200
        assert up.resumed == [False, False, False]


def test_a_certificate_that_turns_bad_is_seen_on_the_next_connection(
        build, pki):
    def script(peer, request):
        peer.upstream.context = server_context(pki.other)
        close_after_echo(peer, request)

    with Upstream(script, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        assert probe.one("lead_a")["status"] == 200
        got = probe.one("lead_b")
        assert got["outcome"] == "no TLS"
        assert [r.lead for r in up.requests] == ["lead_a"]


def test_one_handshake_at_a_time_can_fail_and_the_next_succeed(build, pki):
    def script(peer, request):
        peer.upstream.context = server_context(pki.good)
        echo(peer, request)

    with Upstream(script, cert=pki.expired) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        assert probe.one("lead_a")["outcome"] == "no TLS"
        up.context = server_context(pki.good)
        assert probe.one("lead_b")["status"] == 200


def test_alpn_says_http11(build, pki):
    context, chosen = server_context(pki.good), []
    context.set_alpn_protocols(["h2", "http/1.1"])

    def script(peer, request):
        chosen.append(peer.sock.selected_alpn_protocol())
        echo(peer, request)

    with Upstream(script, context=context) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem) as probe:
        assert probe.one("lead_a")["status"] == 200
    assert chosen == ["http/1.1"]


def test_the_addresses_of_a_name_are_tried_in_turn(build, pki):
    cert = pki.root.issue("both", san=["DNS:both.test"])
    with Upstream(close_after_echo, cert=cert) as up, \
            Probe(build, url_of(up, "both.test"), ca=pki.root.pem) as probe:
        assert probe.one("lead_a")["status"] == 200
        assert probe.one("lead_b")["status"] == 200
        assert up.connections == 2


class Beside:
    """A server at the first address of both.test, on the port of another."""

    def __init__(self, up, serve):
        self.serve, self.connections = serve, 0
        self.listener = socket.create_server(("127.0.0.2", up.port))
        self.thread = threading.Thread(target=self.run)

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connections += 1
                self.serve(sock)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def serve_expired(pki):
    def serve(sock):
        with contextlib.suppress(OSError):
            server_context(pki.expired).wrap_socket(sock, server_side=True)
        sock.close()
    return serve


@pytest.mark.parametrize("how", ["closes", "expired", "silent"])
def test_an_address_whose_tls_fails_is_passed_over(build, pki, how):
    kept = []
    serve = {"closes": lambda sock: sock.close(),
             "expired": serve_expired(pki), "silent": kept.append}[how]
    cert = pki.root.issue("both", san=["DNS:both.test"])
    with Upstream(echo, cert=cert) as up, Beside(up, serve) as bad, \
            Probe(build, url_of(up, "both.test"), ca=pki.root.pem,
                  # Half of it is the second's, whose handshake takes its time.
                  settings='connect_timeout = "10s";') as probe:
        assert probe.one("lead_a")["status"] == 200
        wait_for(lambda: bad.connections == 1, what="the first's being asked")
    for sock in kept:
        sock.close()


def test_the_last_address_that_fails_is_told(build, pki):
    with Upstream(echo, cert=pki.expired) as up, \
            Beside(up, lambda sock: sock.close()) as bad, \
            Probe(build, url_of(up, "both.test"), ca=pki.root.pem) as probe:
        answer = probe.one("lead_a")
        assert answer["outcome"] == "no TLS"
        assert "certificate is refused" in answer["reason"]
        assert bad.connections == 1 and not up.requests


def test_a_name_server_that_fails_does_not_lose_the_address(build, pki):
    cert = pki.root.issue("fades", san=["DNS:fades.test"])
    # A port that nobody else gets while its server is down.
    with Upstream(echo, cert=cert, port=free_port()) as up:
        probe = Probe(build, url_of(up, "fades.test"), ca=pki.root.pem)
        assert probe.one("lead_a")["status"] == 200
    with probe:
        time.sleep(1.1)  # what is newer than a second is not looked up again
        assert probe.one("lead_b")["outcome"] == "no connection"
        with Upstream(echo, cert=cert, port=up.port):
            assert probe.one("lead_c")["status"] == 200
        assert "its last addresses are used" in probe.log()


@pytest.fixture
def s_server(pki):
    """openssl s_server: what Python's ssl cannot be asked to do."""
    started = []

    def start(*options):
        p = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
             pki.good.pem, "-key", pki.good.key, "-crlf", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1)
        started.append(p)
        return p

    yield start
    for p in started:
        p.kill()
        p.wait()
        p.stdin.close()
        p.stdout.close()


def read_until(p, pattern):
    watchdog = threading.Timer(20, p.kill)
    watchdog.start()
    try:
        for line in p.stdout:
            found = re.search(pattern, line)
            if found:
                return found
    finally:
        watchdog.cancel()
    raise AssertionError(f"s_server ended before it said {pattern}")


def answer_by_hand(p, lead):
    read_until(p, "PATCH .*/" + lead)  # behind the last body, on one line
    read_until(p, "^Content-Length")
    p.stdin.write(f"HTTP/1.1 200 OK\nContent-Length: {len(lead)}\n\n{lead}")
    p.stdin.flush()


@pytest.mark.parametrize("command", ["k", "K"])  # K wants one back
def test_a_key_update_leaves_the_connection_in_use(
        build, pki, s_server, command):
    server = s_server("-tls1_3")
    port = read_until(server, r"^ACCEPT.*:(\d+)$")[1]
    with Probe(build, f"https://{HOST}:{port}", ca=pki.root.pem) as probe:
        for lead in ["lead_a", "lead_b", "lead_c"]:
            probe.say(lead)
            answer_by_hand(server, lead)
            got = probe.hear()
            assert (got["outcome"], got["body"]) == ("answered", lead)
            server.stdin.write(command + "\n")
            server.stdin.flush()
        assert probe.log().count("upstream connected") == 1


def test_a_renegotiation_is_turned_down(build, pki, s_server):
    server = s_server("-tls1_2")
    port = read_until(server, r"^ACCEPT.*:(\d+)$")[1]
    with Probe(build, f"https://{HOST}:{port}", ca=pki.root.pem) as probe:
        probe.say("lead_a")
        answer_by_hand(server, "lead_a")
        assert probe.hear()["status"] == 200
        server.stdin.write("r\n")
        server.stdin.flush()
        read_until(server, "no renegotiation")
