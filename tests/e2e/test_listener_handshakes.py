"""Handshakes that fail are counted, by what is to be done about them."""

import contextlib
import re
import socket
import ssl

import pytest

from echo import closed_within, exchange, get, wait_for
from serving import (V, client, clients, connected, entry, listen, mutual,
                     named, of_client, pki)

METRIC = "leadbridge_tls_handshakes_failed_total"


def raw(data, leave=False):
    def act(e, pki, good):
        with e.connect() as s:
            s.sendall(data)
            if leave:
                s.shutdown(socket.SHUT_WR)
            assert closed_within(s, 60)
    return act


def tls(host="first.test", shown=True, trusts=True, ciphers=None, alpn=None,
        **versions):
    def act(e, pki, good):
        context = client(pki) if trusts else ssl.create_default_context()
        if shown:
            context.load_cert_chain(good.chain, good.key)
        for name, value in versions.items():
            setattr(context, name, value)
        if ciphers:
            context.set_ciphers(ciphers)
        if alpn:
            context.set_alpn_protocols(alpn)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with connected(e, context, host) as s:
                s.sendall(get())
                s.recv(100)
    return act


HELLO = b"\x16\x03\x01\x02\x00\x01"
FAILURES = [
    ("alert", tls(trusts=False)),
    ("certificate", tls(shown=False)),
    ("certificate", tls(shown=False, maximum_version=V.TLSv1_2)),
    ("cipher", tls(ciphers="AES256-SHA", maximum_version=V.TLSv1_2)),
    ("late", raw(HELLO)),
    ("left", raw(HELLO, leave=True)),
    ("name", tls(host="other.test")),
    ("no_tls", raw(get())),
    ("no_tls", raw(b"\x00" * 100)),
    ("no_tls", raw(b"SSH-2.0-x\r\n")),
    ("other", raw(b"\x16\x03\x01\x00\x04\x01\x02\x01\x00")),
    ("other", raw(b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00")),
    ("protocol", tls(alpn=["h2"])),
    ("version", tls(ciphers="ALL:@SECLEVEL=0", minimum_version=V.TLSv1,
                    maximum_version=V.TLSv1_1)),
    (None, raw(b"", leave=True)),
    (None, tls()),
]


def counts(e, pki, good):
    """{reason: so many}"""
    context = client(pki, good)
    with connected(e, context, "first.test") as s:
        text = exchange(s, get("/metrics", "Connection: close\r\n")).decode()
    return {reason: int(n) for reason, n in re.findall(
        rf'^{METRIC}{{reason="(\w+)"}} (\d+)$', text, re.M)}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_failed_handshakes_are_counted_by_reason(start, pki, named, clients):
    # Long: whoever is held up for as much is late as well, and counted so.
    e = start('header_timeout="10s"', listen(
        entry(named[0]), more=mutual(clients) + 'unknown_name = "refuse";'))
    good = of_client(clients, "good", san=["DNS:a.sender.test"])
    expected = counts(e, pki, good)
    assert set(expected) == {reason for reason, _ in FAILURES if reason}
    assert set(expected.values()) == {0}
    for i, (reason, act) in enumerate(FAILURES):
        act(e, pki, good)
        if reason:
            expected[reason] += 1
        wait_for(lambda: counts(e, pki, good) == expected)
        now = counts(e, pki, good)
        assert now == expected, f"behind number {i}, for {reason}"


def test_where_no_tls_is_spoken_none_fails(start):
    e = start()
    e.talk(HELLO + b"\r\n\r\n")
    assert e.metric(METRIC + '{reason="no_tls"}') == 0
