"""Which certificate is served: by the name that is asked for, by the kinds of
keys a client takes; and what is stapled to it."""

import ssl

import pytest

import certs
from echo import Echo
from serving import (V, anyone, client, connected, der, entry, issue, listen,
                     named, pair, pki, s_client, said, served, start)

# Names.

HOSTS = {
    "first.test": "first", "FIRST.test": "first", "second.test": "second",
    "shared.test": "first",  # whoever stands before has it
    "a.wild.test": "wild", "A.Wild.Test": "wild", "exact.wild.test": "exact",
    "xn--bcher-kva.test": "wild",
    # nobody's: the first
    "other.test": "first", "wild.test": "first", "a.b.wild.test": "first",
    "first.test.evil.test": "first", "a.first.test": "first", "test": "first",
    "127.0.0.1": "first",
}


@pytest.fixture(scope="module")
def by_name(build, named):
    e = Echo(build, listen(*[entry(c) for c in named]))
    yield e
    e.stop()


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_who_is_asked_for_answers(by_name, pki, named, version):
    every = {c.name: der(c) for c in named}
    for host, name in HOSTS.items():
        context = anyone()
        context.minimum_version = context.maximum_version = version
        with connected(by_name, context, host) as s:
            assert s.getpeercert(binary_form=True) == every[name], host
            assert said(s)["tls"] is True


def test_who_asks_for_nobody_gets_the_first(by_name, named):
    assert served(by_name, None) == der(named[0])


def test_the_chain_is_the_chosen_ones(by_name, pki):
    """Verified by the root alone, so the intermediate came along."""
    for host in ["first.test", "second.test", "x.wild.test"]:
        with connected(by_name, client(pki), host) as s:
            assert said(s)["path"] == "/a"


def test_alpn_holds_for_every_certificate(by_name, pki):
    context = client(pki)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connected(by_name, context, "second.test") as s:
        assert s.selected_alpn_protocol() == "http/1.1"
    context.set_alpn_protocols(["h2"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with connected(by_name, context, "second.test"):
            pass


def test_an_unknown_name_may_be_refused(start, named):
    e = start(*[entry(c) for c in named[:2]], more='unknown_name = "refuse";')
    for host in ["other.test", "a.first.test", "x" * 63 + ".test"]:
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            served(e, host)
    assert served(e, "second.test") == der(named[1])
    assert served(e, None) == der(named[0])  # asks for no name


def test_one_certificate_may_refuse_too(start, named):
    e = start(entry(named[0]), more='unknown_name = "refuse";')
    with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
        served(e, "second.test")
    assert served(e, "first.test") == der(named[0])


def test_hundreds_of_certificates(start, pki):
    """And a thousand names in one of them."""
    many = issue(pki, "many", *[f"h{i}.many.test" for i in range(1000)])
    more = [issue(pki, f"n{i}", f"n{i}.test") for i in range(40)]
    e = start(*[entry(c) for c in [many, *more]])
    for host, cert in [("h0.many.test", many), ("h999.many.test", many),
                       ("n0.test", more[0]), ("n39.test", more[39])]:
        assert served(e, host) == der(cert)


# Two kinds of keys.

@pytest.mark.parametrize("first", [0, 1])
def test_the_offer_decides_between_rsa_and_ecdsa(start, pair, named, first):
    pair = pair[::-1] if first else pair
    e = start(entry(named[0]), *[entry(c) for c in pair])
    kinds = {c.name: der(c) for c in pair}
    for suite, kind in [("ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
                        ("ECDHE-ECDSA-AES128-GCM-SHA256", "ec")]:
        context = anyone()
        context.maximum_version = V.TLSv1_2
        context.set_ciphers(suite)
        with connected(e, context, "pair.test") as s:
            assert s.getpeercert(binary_form=True) == kinds[kind]
            assert s.cipher()[0] == suite
            said(s)
    for signed, kind in [("rsa_pss_rsae_sha256", "RSA-PSS"),
                         ("ecdsa_secp256r1_sha256", "ECDSA")]:
        shown = s_client(e, "pair.test", "-tls1_3", "-sigalgs", signed)
        assert f"Peer signature type: {kind}" in shown


# Stapling.

def test_a_good_answer_is_stapled(start, pki, named):
    ocsp = pki[1].answer(named[0], "good")
    e = start(entry(named[0], ocsp), entry(named[1]))
    for version in ["-tls1_2", "-tls1_3"]:
        shown = s_client(e, "first.test", "-status", version)
        assert "OCSP Response Status: successful" in shown
        assert "Cert Status: good" in shown
        # who has none gets none, and who does not ask neither
        assert "no response sent" in s_client(e, "second.test", "-status",
                                              version)
        assert "OCSP Response Status" not in s_client(e, "first.test", version)


def test_a_delegated_responder_may_sign(start, pki, named):
    responder = pki[1].issue("responder", eku="OCSPSigning",
                             extra=["noCheck=ignored"])
    ocsp = pki[1].answer(named[0], "delegated", responder=responder)
    e = start(entry(named[0], ocsp))
    assert "Cert Status: good" in s_client(e, "first.test", "-status")


def test_of_two_keys_each_has_its_answer(start, pki, pair):
    e = start(entry(pair[0], pki[1].answer(pair[0], "ec")),
              entry(pair[1]))
    for suite, says in [("ECDHE-ECDSA-AES128-GCM-SHA256", "Cert Status: good"),
                        ("ECDHE-RSA-AES128-GCM-SHA256", "no response sent")]:
        assert says in s_client(e, "pair.test", "-status", "-tls1_2",
                                "-cipher", suite)


def test_an_answer_that_is_over_is_not_stapled(build, pki, named):
    ocsp = pki[1].answer(named[0], "over", start=-10, end=-3)
    e = Echo(build, listen(entry(named[0], ocsp)))
    for _ in range(3):
        assert "no response sent" in s_client(e, "first.test", "-status")
    log = e.stop()
    assert log.count("OCSP answer out of date") == 1 and ocsp in log


def test_a_responder_may_be_over_with_its_answer(start, pki, named):
    """A bridge that was not reloaded for long has to start all the same."""
    responder = pki[1].issue("gone", eku="OCSPSigning", start=-12, end=-2,
                             extra=["noCheck=ignored"])
    ocsp = pki[1].answer(named[0], "long_over", responder=responder,
                         start=-10, end=-3)
    e = start(entry(named[0], ocsp))
    assert "no response sent" in s_client(e, "first.test", "-status")


# Hostile beginnings: nothing is read that was not sent.

def hello(name, kind=0, length=None):
    """A ClientHello that asks for a name, well or not."""
    item = bytes([kind]) + len(name).to_bytes(2, "big") + name
    listed = (length if length is not None else len(item)).to_bytes(2, "big")
    sni = b"\0\0" + (len(item) + 2).to_bytes(2, "big") + listed + item
    more = (b"\0\x0a\0\4\0\2\0\x17" b"\0\x0d\0\4\0\2\4\3")
    extensions = sni + more
    body = (b"\3\3" + b"r" * 32 + b"\0" + b"\0\2\xc0\x2b" + b"\1\0" +
            len(extensions).to_bytes(2, "big") + extensions)
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


@pytest.mark.parametrize("name, kind, length, served_too", [
    (b"second.test", 0, None, True), (b"x" * 255, 0, None, True),
    (b"x" * 256, 0, None, False), (b"", 0, None, True),
    (b"second.test\0.evil", 0, None, False), (b"second.test", 0, 3, False),
    (b"second.test", 0, 60000, False), (b"second.test", 1, None, None),
    (b"\xff" * 200, 0, None, True), (b"*.wild.test", 0, None, True),
    (b".", 0, None, True), (b"." * 255, 0, None, True),
    (b".wild.test", 0, None, True)])
def test_names_that_are_none(by_name, name, kind, length, served_too):
    with by_name.connect() as s:
        s.sendall(hello(name, kind, length))
        got = s.recv(65536)
    if served_too is not None:
        assert (got[:1] == b"\x16") == served_too, got[:20]
    assert served(by_name, "second.test")  # it goes on
