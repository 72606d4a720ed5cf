"""Mutual TLS: who has to show a certificate, whose is taken, and what it is
called behind the listener."""

import contextlib
import http.client
import json
import shutil
import signal
import socket
import ssl
import time

import pytest

import certs
from echo import Echo, get, read_answer
from house import House, wait_for
from serving import (V, anyone, client, clients, connected, entry, issue,
                     listen, mutual, named, of_client, pki, renew, resumed, s_client,
                     said, start)


def refused_client(e, context, host="first.test"):
    """In TLS 1.3 it is through with the handshake before it is told."""
    try:
        with connected(e, context, host) as s:
            s.sendall(get())
            return s.recv(100) == b""
    except (ssl.SSLError, ConnectionError):
        return True


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_a_client_has_to_show_a_certificate(
        start, pki, named, clients, version):
    e = start(entry(named[0]), entry(named[1]), more=mutual(clients))
    good = of_client(clients, "good", san=["DNS:a.sender.test"])
    exact = dict(minimum_version=version, maximum_version=version)
    for host in ["first.test", "second.test"]:  # whatever it asks for
        assert refused_client(e, client(pki, **exact), host)
        with connected(e, client(pki, good, **exact), host) as s:
            assert said(s)["client"] == "a.sender.test"
            assert said(s)["client"] == "a.sender.test"


STRANGERS = {
    "of another authority": lambda c, pki: issue(
        pki, "stranger", "a.sender.test", eku="clientAuth"),
    "self-signed": lambda c, pki: certs.self_signed(
        c.folder, "selfmade", ["DNS:a.sender.test"]),
    "expired": lambda c, pki: of_client(
        c, "late", san=["DNS:a.sender.test"], start=-9, end=-1),
    "not valid yet": lambda c, pki: of_client(
        c, "early", san=["DNS:a.sender.test"], start=1, end=9),
    "for servers": lambda c, pki: of_client(
        c, "server", san=["DNS:a.sender.test"], eku="serverAuth"),
    "an intermediate that is none": lambda c, pki: c.authority(
        "none", ca=False).issue("below", eku="clientAuth"),
    "RSA 1024": lambda c, pki: of_client(c, "weak", key="rsa:1024"),
}


@pytest.mark.parametrize("mode", ["required", "optional"])
def test_a_wrong_certificate_is_refused(build, pki, named, clients, mode):
    e = Echo(build, listen(entry(named[0]), more=mutual(clients, mode)))
    for name, make in STRANGERS.items():
        context = anyone()
        stranger = make(clients, pki)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(stranger.chain, stranger.key)
        assert refused_client(e, context), name
    log = e.stop()
    assert log.count("client certificate refused") >= 5
    assert "127.0.0.1" in log


@pytest.mark.parametrize("names, taken", [(300, True), (900, False)])
def test_a_certificate_has_its_limit(start, pki, named, clients, names, taken):
    """Nobody is known yet: 20 KiB of it are kept, and no more."""
    e = start(entry(named[0]), more=mutual(clients))
    san = [f"DNS:{i:04}.a-rather-long-name.sender.test" for i in range(names)]
    context = client(pki, of_client(clients, f"fat{names}", san=san))
    assert refused_client(e, context) is not taken
    told = [json.loads(line) for line in e.stop().splitlines()]
    told = [line["reason"] for line in told
            if line["event"] == "TLS handshake failed"]
    assert told == ([] if taken else ["excessive message size"])


def test_a_refusal_says_whose_it_is(start, pki, named, clients):
    """Behind a proxy: of the client, not of the proxy it came through."""
    e = start(entry(named[0]), more=mutual(clients) +
              'proxies = "127.0.0.2"; proxy_protocol = true;')
    stranger = issue(pki, "other", "a.sender.test", eku="clientAuth")
    context = anyone()
    context.load_cert_chain(stranger.chain, stranger.key)
    for _ in range(8):
        with e.connect(source="127.0.0.2") as raw:
            raw.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n")
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                with context.wrap_socket(raw, server_hostname="a") as s:
                    s.recv(100)
    said = [json.loads(line) for line in e.stop().splitlines()]
    said = [line for line in said
            if line["event"] == "client certificate refused"]
    assert {(line["peer"], line["listener"]) for line in said} == {
        ("192.0.2.7", "echo")}


def test_a_certificate_may_be_optional(start, pki, named, clients):
    e = start(entry(named[0]), more=mutual(clients, "optional"))
    with connected(e, client(pki), "first.test") as s:
        assert "client" not in said(s)
    good = of_client(clients, "optional", san=["DNS:b.sender.test"])
    with connected(e, client(pki, good), "first.test") as s:
        assert said(s)["client"] == "b.sender.test"


NAMES = {
    "DNS before URI and CN": (["URI:spiffe://x.test/y", "DNS:N.Test"], "cn",
                              "n.test"),
    "the first of several": (["DNS:b.test", "DNS:a.test"], "cn", "b.test"),
    "URI before CN": (["URI:spiffe://x.test/Y"], "cn", "spiffe://x.test/Y"),
    "CN": ([], "Sender-7", "Sender-7"),
    "CN beside an address": (["IP:10.0.0.1"], "cn", "cn"),
    "no name that can be written": ([], "two words", None),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_client(start, pki, named, clients, name):
    san, cn, told = NAMES[name]
    cert = of_client(clients, "n" + str(list(NAMES).index(name)), san=san,
                     cn=cn)
    e = start(entry(named[0]), more=mutual(clients))
    with connected(e, client(pki, cert), "first.test") as s:
        assert said(s).get("client") == told


def test_a_nul_ends_no_name(start, pki, named, clients):
    inner = b"\x82\x0fa.test\0evil.test"[:17]
    cert = of_client(clients, "nul", san_der=b"\x30" + bytes([len(inner)]) +
                     inner, cn="cn")
    e = start(entry(named[0]), more=mutual(clients))
    with connected(e, client(pki, cert), "first.test") as s:
        assert "client" not in said(s)


def test_an_intermediate_may_be_trusted_alone(start, pki, named, clients):
    """One department's authority, not all that its root has issued."""
    one, other = clients.authority("one"), clients.authority("two")
    e = start(entry(named[0]), more=mutual(one))
    good = one.issue("of_one", eku="clientAuth", san=["DNS:one.test"])
    with connected(e, client(pki, good), "first.test") as s:
        assert said(s)["client"] == "one.test"
    stranger = other.issue("of_two", eku="clientAuth", san=["DNS:two.test"])
    assert refused_client(e, client(pki, stranger))


def test_clients_authorities_are_not_served(start, pki, named, clients):
    """They are trusted, not shown: the chain sent is the file's."""
    own = clients.issue("shown", san=["DNS:first.test"])
    certs.join(own.chain, [own])
    e = start(entry(own), more=mutual(clients, "optional"))
    shown = s_client(e, "first.test", "-showcerts")
    assert shown.count("BEGIN CERTIFICATE") == 1
    assert "CN = clients" in shown  # whom clients are told to ask


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_a_resumed_session_keeps_its_client(
        start, pki, named, clients, version):
    e = start(entry(named[0]), more=mutual(clients))
    cert = of_client(clients, "resumed", san=["DNS:r.test"])
    context = client(pki, cert, minimum_version=version,
                     maximum_version=version)
    _, session, _ = resumed(e, context, "first.test", None)
    reused, _, body = resumed(e, context, "first.test", session)
    assert reused and body["client"] == "r.test"


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_no_session_gets_around_a_new_client_ca(
        start, tmp_path, pki, named, clients, version):
    """What the old authority vouched for is not resumed under the new."""
    trusted = certs.Cert(str(tmp_path), "trusted")
    shutil.copy(clients.pem, trusted.pem)
    e = start(entry(named[0]), more=mutual(trusted))
    cert = of_client(clients, "gone", san=["DNS:gone.test"])
    context = client(pki, cert, minimum_version=version,
                     maximum_version=version)
    _, session, _ = resumed(e, context, "first.test", None)
    shutil.copy(pki[0].pem, trusted.pem)
    renew(e)
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        resumed(e, context, "first.test", session)


def test_a_session_ends_with_its_certificate(start, pki, named, clients):
    """Else who was let in once would be for ever, session by session."""
    e = start(entry(named[0]), more=mutual(clients))
    cert = of_client(clients, "brief", san=["DNS:brief.test"], end=20 / 86400)
    over = time.time() + 20  # a little later than what stands in it
    held = []
    for version in [V.TLSv1_2, V.TLSv1_3]:  # both before it ends
        context = client(pki, cert, minimum_version=version,
                         maximum_version=version)
        _, session, _ = resumed(e, context, "first.test", None)
        reused, session, body = resumed(e, context, "first.test", session)
        assert reused and body["client"] == "brief.test"
        held.append((context, session))
    wait_for(lambda: time.time() > over + 1, 60, what="the certificate's end")
    for context, session in held:
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            resumed(e, context, "first.test", session)


def test_open_connections_are_asked_anew(
        start, tmp_path, pki, named, clients):
    """An authority that was taken out lets nobody in, not even who is."""
    trusted = certs.Cert(str(tmp_path), "trusted")
    shutil.copy(clients.pem, trusted.pem)
    e = start(entry(named[0]), more=mutual(trusted), workers=1)
    cert = of_client(clients, "open", san=["DNS:open.test"])
    context = client(pki, cert)
    with connected(e, context, "first.test") as s:
        assert said(s)["client"] == "open.test"
        renew(e)  # by the same authorities: nothing to be asked
        assert said(s)["client"] == "open.test"
        shutil.copy(pki[0].pem, trusted.pem)
        renew(e)
        s.sendall(get("/a"))
        status, body = read_answer(s)
        assert status == 503 and "client" not in body
        assert s.recv(100) == b""
    told = [line["event"] for line in map(json.loads, e.stop().splitlines())]
    assert "request not served" in told and "bad request" not in told


# A route that asks for a name.

MAPPING = """
route    = "/hooks/mutual";
verify:  { type = "certificate"; client_name = "a.sender.test, b.sender.test"; };
upstream = "leadsail";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""


@pytest.fixture
def house(build, tmp_path, clients):
    h = House(build, tmp_path, mappings={"mutual": MAPPING},
              limits='header_timeout = "60s";')
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        'key = "certs/server.key";', 'key = "certs/server.key"; ' +
        mutual(clients, "optional")))
    h.start()
    yield h
    h.close()


def post(house, cert, path="/hooks/mutual"):
    context = ssl.create_default_context(cafile=house.ca)
    if cert is not None:
        context.load_cert_chain(cert.chain, cert.key)
    connection = http.client.HTTPSConnection(
        "localhost", house.tls_port, context=context, timeout=20)
    with contextlib.closing(connection):
        return house.send(path, b'{"lead": "lead_2", "detail": "x"}',
                          {"Content-Type": "application/json"},
                          connection=connection)


def test_a_route_asks_for_the_name(house, clients):
    for name in ["a.sender.test", "b.sender.test", "B.Sender.Test"]:
        cert = of_client(clients, "route_" + name, san=["DNS:" + name])
        assert post(house, cert).status == 200
    for cert in [None, of_client(clients, "route_c",
                                 san=["DNS:c.sender.test"])]:
        answer = post(house, cert)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        assert "sender.test" not in answer.body.decode()
    # over plain HTTP nobody shows anything
    assert house.send("/hooks/mutual", b"{}").status == 401
    assert house.metric(
        'leadbridge_verification_failures_total'
        '{route="/hooks/mutual",reason="certificate"}') == 3


def test_a_header_is_no_certificate(house):
    headers = {"X-Client-Cert": "a.sender.test", "X-SSL-Client-S-DN-CN":
               "a.sender.test", "client_name": "a.sender.test"}
    assert house.send("/hooks/mutual", b"{}", headers).status == 401


def change(house, old, new):
    """Rewrites the settings, and waits for them to be those served by."""
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert old in text
    before = len(house.logged("reloaded"))
    house.write("leadbridge.cfg", text.replace(old, new))
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: len(house.logged("reloaded")) > before, what="a reload")


def test_a_reload_asks_for_more(house, clients):
    cert = of_client(clients, "reloaded", san=["DNS:a.sender.test"])
    assert post(house, None).status == 401
    change(house, 'client = "optional"', 'client = "required"')
    with pytest.raises((ssl.SSLError, ConnectionError,
                        http.client.RemoteDisconnected)):
        post(house, None)
    assert post(house, cert).status == 200


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_no_session_gets_around_a_certificate_that_is_required(
        house, version):
    """It was begun by one who showed none, when nobody had to."""
    context = ssl.create_default_context(cafile=house.ca)
    context.minimum_version = context.maximum_version = version

    def come(session):
        with socket.create_connection(("127.0.0.1", house.tls_port), 20) \
                as raw, context.wrap_socket(raw, server_hostname="localhost",
                                            session=session) as s:
            s.sendall(get("/nowhere"))
            return read_answer(s)[0], s.session_reused, s.session

    _, _, session = come(None)
    status, reused, session = come(session)
    assert (status, reused) == (404, True)
    change(house, 'client = "optional"', 'client = "required"')
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        come(session)


def test_a_reload_pins_the_api(house, clients):
    cert = of_client(clients, "pinning", san=["DNS:a.sender.test"])
    api = certs.Cert(house.certs, "sandbox")
    key = "api_key ="
    assert post(house, cert).status == 200
    change(house, key, f'pins = [ "sha256/{"A" * 43}=" ]; {key}')
    assert post(house, cert).status == 502
    assert certs.pin(api) in house.log()  # what the API's key is
    change(house, "A" * 43 + "=", certs.pin(api)[len("sha256/"):])
    assert post(house, cert).status == 200
