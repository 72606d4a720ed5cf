"""Whom the upstream client trusts, beyond test_upstream_tls.py: chains that
break their own rules, weak suites, revocation, pins; and what it shows of
itself. Who is not trusted gets not one byte of HTTP."""

import re
import ssl
import time

import pytest

import certs
from scripted import Probe, Upstream
from test_upstream_tls import (HOST, Pki, V, close_after_echo, context_of,
                               echo, url_of, versions)

IDN = "api.xn--bcher-kva.test"
WIDE = [f"DNS:h{i}.leads.test" for i in range(1000)]


class Chains(Pki):
    """More of them; each is made once."""

    def mid(self, name, above=None, **wrong):
        return (above or self.root).authority(name, **wrong)

    # good

    def make_idn(self):
        return self.leaf("idn", san=["DNS:*.xn--bcher-kva.test"])

    def make_wide(self):
        return self.leaf("wide", san=WIDE + ["DNS:" + HOST])

    def make_ed25519(self):
        return self.leaf("ed25519", key="ed25519")

    def make_p384(self):
        return self.leaf("p384", key="P-384")

    def make_depth_kept(self):
        mid = self.mid("depth1", pathlen=1)
        return self.leaf("depth_kept", self.mid("depth0", mid, pathlen=0))

    def make_with_root(self):
        cert = self.leaf("with_root", self.mid("with_root_mid"))
        certs.join(cert.chain, [cert, *self.chain_of("with_root_mid", "root")])
        return cert

    def make_with_stranger(self):
        cert = self.leaf("with_stranger", self.mid("with_stranger_mid"))
        certs.join(cert.chain, [cert, self.stranger,
                                *self.chain_of("with_stranger_mid")])
        return cert

    def make_permitted_address(self):
        return self.leaf("permitted_address", self.mid(
            "addresses1", constraints="permitted;IP:127.0.0.0/255.0.0.0"),
            san=["IP:127.0.0.1"])

    # bad

    def make_too_deep(self):
        mid = self.mid("shallow", pathlen=0)
        return self.leaf("too_deep", self.mid("below_shallow", mid))

    def make_may_not_sign(self):
        return self.leaf("may_not_sign", self.mid(
            "no_sign", usage="digitalSignature,cRLSign"))

    def make_only_signs(self):
        return self.leaf("only_signs", usage="keyCertSign")

    def make_late_mid(self):
        return self.leaf("late_mid", self.mid("late_ca", start=-10, end=-1))

    def make_early_mid(self):
        return self.leaf("early_mid", self.mid("early_ca", start=1, end=9))

    def make_weak_mid(self):
        return self.leaf("weak_mid", self.mid("weak_ca", key="rsa:1024"))

    def make_md5_mid(self):
        mid = self.mid("md5_ca", self.rsa_root_mid, digest="md5")
        return self.leaf("md5_below", mid)

    def make_small_curve(self):
        return self.leaf("small_curve", key="prime192v1")

    def make_critical(self):
        return self.leaf("critical", extra=["1.2.3.4.5=critical,ASN1:NULL"])

    def make_critical_mid(self):
        return self.leaf("below_critical", self.mid(
            "critical_ca", extra=["1.2.3.4.5=critical,ASN1:NULL"]))

    def make_excluded_address(self):
        return self.leaf("excluded_address", self.mid(
            "addresses2", constraints="excluded;IP:127.0.0.0/255.0.0.0"),
            san=["IP:127.0.0.1"])

    def make_other_address(self):
        return self.leaf("other_address", san=["IP:127.0.0.2"])

    def make_sixfold_address(self):
        return self.leaf("sixfold", san=["IP:::ffff:127.0.0.1"])

    def make_look_alike(self):
        """Signed by somebody whose name is our root's."""
        fake = certs.Authority(self.root.folder + "/fake", "root")
        return fake.issue("look_alike", san=["DNS:" + HOST])

    def make_by_leaf(self):
        """Signed by a good server's own key."""
        good = certs.Authority(self.root.folder, "by_leaf_ca",
                               issuer=self.root, ca=False, eku="serverAuth",
                               san=["DNS:" + HOST], usage="digitalSignature")
        return good.issue("by_leaf", san=["DNS:" + HOST])

    def make_uri(self):
        return self.leaf("uri", cn=HOST, san=["URI:https://" + HOST])

    def make_email(self):
        return self.leaf("email", cn=HOST, san=["email:a@" + HOST])

    def make_dotted(self):
        return self.leaf("dotted", san=["DNS:" + HOST + "."])

    def make_leading_dot(self):
        return self.leaf("leading_dot", san=["DNS:.leads.test"])

    def make_idn_part(self):
        return self.leaf("idn_part", san=["DNS:api.xn--*-kva.test",
                                          "DNS:xn--*.test"])

    def make_inner(self):
        return self.leaf("inner", san=["DNS:api.*.test"])

    def make_star_address(self):
        return self.leaf("star_address", san=["DNS:*.0.0.1"])

    def make_endless(self):
        return self.leaf("endless", san=[
            f"DNS:host-number-{i}.leads.test" for i in range(5000)])

    def make_long_chain(self):
        cert = self.leaf("long_chain", self.mid("long_mid"))
        certs.join(cert.chain, [cert] + self.chain_of("long_mid") * 400)
        return cert


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Chains(certs.Authority(tmp_path_factory.mktemp("trust")))


def suites(names, low=V.TLSv1_2, high=V.TLSv1_2):
    def change(context):
        context.minimum_version, context.maximum_version = low, high
        context.set_ciphers(names + ":@SECLEVEL=0")
    return change


GOOD = {
    "international name": ("idn", IDN, None),
    "a thousand names": ("wide", HOST, None),
    "Ed25519": ("ed25519", HOST, None),
    "P-384": ("p384", HOST, None),
    "depth kept": ("depth_kept", HOST, None),
    "root in the chain": ("with_root", HOST, None),
    "a stranger in the chain": ("with_stranger", HOST, None),
    "address permitted": ("permitted_address", "127.0.0.1", None),
    "ChaCha20": ("good", HOST, suites("ECDHE-ECDSA-CHACHA20-POLY1305")),
}

# name: (certificate, host, change of the context, reason)
BAD = {
    "too deep": ("too_deep", HOST, None, "path length constraint exceeded"),
    "intermediate may not sign": ("may_not_sign", HOST, None,
                                  "invalid CA certificate"),
    "leaf of an authority's use": ("only_signs", HOST, None,
                                   "unsuitable certificate purpose"),
    "signed by a server": ("by_leaf", HOST, None, "invalid CA certificate"),
    "expired intermediate": ("late_mid", HOST, None, "has expired"),
    "early intermediate": ("early_mid", HOST, None, "not yet valid"),
    "RSA 1024 intermediate": ("weak_mid", HOST, None, "key too weak"),
    "MD5 intermediate": ("md5_mid", HOST, None, "too weak"),
    "curve of 192 bits": ("small_curve", HOST, None,
                          "too weak|handshake failure"),
    "unknown critical extension": ("critical", HOST, None,
                                   "unhandled critical extension"),
    "the same in an intermediate": ("critical_mid", HOST, None,
                                    "unhandled critical extension"),
    "address excluded": ("excluded_address", "127.0.0.1", None,
                         "excluded subtree violation"),
    "other address": ("other_address", "127.0.0.1", None,
                      "IP address mismatch"),
    "IPv6 for IPv4": ("sixfold_address", "127.0.0.1", None,
                      "IP address mismatch"),
    "signed in our root's name": ("look_alike", HOST, None,
                                  "signature failure|local issuer"),
    "URI for a name": ("uri", HOST, None, "hostname mismatch"),
    "e-mail for a name": ("email", HOST, None, "hostname mismatch"),
    "dot behind the name": ("dotted", HOST, None, "hostname mismatch"),
    "dot before the name": ("leading_dot", HOST, None, "hostname mismatch"),
    "wildcard in an international label": ("idn_part", IDN, None,
                                           "hostname mismatch"),
    "wildcard of the second label": ("inner", HOST, None,
                                     "hostname mismatch"),
    "wildcard of an address": ("star_address", "127.0.0.1", None,
                               "IP address mismatch"),
    "endless certificate": ("endless", HOST, None, "excessive message size"),
    "endless chain": ("long_chain", HOST, None, "excessive message size"),
    "TLS 1.0": ("good", HOST, versions(V.TLSv1, V.TLSv1), "protocol|version"),
    "TLS 1.1": ("good", HOST, versions(V.TLSv1_1, V.TLSv1_1),
                "protocol|version"),
    "nobody at all": ("rsa", HOST, suites("ADH"), "handshake failure"),
    "in the clear": ("rsa", HOST, suites("eNULL"), "handshake failure"),
    "static RSA": ("rsa", HOST, suites("kRSA"), "handshake failure"),
    "finite fields": ("rsa", HOST, suites("kDHE"), "handshake failure"),
    "CBC": ("rsa", HOST, suites("ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384"),
            "handshake failure"),
}


@pytest.mark.parametrize("name", GOOD)
def test_talks_to(build, pki, name):
    cert, host, change = GOOD[name]
    with Upstream(echo, context=context_of(pki, cert, change)) as up, \
            Probe(build, url_of(up, host), ca=pki.root.pem) as probe:
        got = probe.one("lead_a")
        assert got["status"] == 200, got


def refused(probe, up, reason, tries=2):
    for lead in ["lead_a", "lead_b"][:tries]:
        got = probe.one(lead)
        assert got["outcome"] == "no TLS", got
        assert re.search(reason, got["reason"], re.I), got["reason"]
    up.wait(lambda: len(up.errors) == tries, "the server's errors")
    assert up.http_bytes == 0 and up.requests == []


@pytest.mark.parametrize("name", BAD)
def test_does_not_talk_to(build, pki, name):
    cert, host, change, reason = BAD[name]
    with Upstream(echo, context=context_of(pki, cert, change)) as up, \
            Probe(build, url_of(up, host), ca=pki.root.pem) as probe:
        refused(probe, up, reason)


def test_a_root_that_is_over_vouches_for_nobody(build, tmp_path):
    root = certs.Authority(tmp_path, "over", start=-10, end=-1)
    cert = root.issue("below_over", san=["DNS:" + HOST])
    with Upstream(echo, cert=cert) as up, \
            Probe(build, url_of(up, HOST), ca=root.pem) as probe:
        refused(probe, up, "has expired")


def does_not_load(build, url, ca, settings):
    """What the settings are refused with."""
    probe = Probe(build, url, ca=ca, settings=settings)
    try:
        assert probe.process.wait(20) == 3
        return probe.log()
    finally:
        probe.close(check=False)


# Pins.

def pins(*texts):
    return "pins = [ " + ", ".join(f'"{t}"' for t in texts) + " ];"


NOBODY = "sha256/" + "A" * 43 + "="


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_any_key_of_the_chain_may_be_pinned(build, pki, version):
    change = versions(version, version)
    leaf, low, high = pki.deep, *pki.chain_of("mid2", "mid1")
    for one in [leaf, low, high, pki.root]:
        with Upstream(close_after_echo,
                      context=context_of(pki, "deep", change)) as up, \
                Probe(build, url_of(up, HOST), ca=pki.root.pem,
                      settings=pins(NOBODY, certs.pin(one))) as probe:
            for lead in ["lead_a", "lead_b", "lead_a"]:
                assert probe.one(lead)["status"] == 200
            assert up.resumed == [False, True, True]  # and stays pinned


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_a_key_that_is_not_pinned_is_refused(build, pki, version):
    context = context_of(pki, "good", versions(version, version))
    with Upstream(echo, context=context) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings=pins(NOBODY, certs.pin(pki.rsa))) as probe:
        refused(probe, up, "no key of its chain is among the pins")
        # what to pin, if it is the right one after all
        assert certs.pin(pki.good) in probe.lines[-1]


def test_a_pin_replaces_nothing(build, pki):
    for cert, reason in [("stranger", "local issuer"), ("expired", "expired"),
                         ("other", "hostname mismatch")]:
        with Upstream(echo, cert=getattr(pki, cert)) as up, \
                Probe(build, url_of(up, HOST), ca=pki.root.pem,
                      settings=pins(certs.pin(getattr(pki, cert)))) as probe:
            refused(probe, up, reason)


def test_a_pinned_key_has_to_be_of_the_verified_chain(build, pki):
    """Anybody may send the pinned certificate along."""
    with Upstream(echo, cert=pki.with_stranger) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings=pins(certs.pin(pki.stranger))) as probe:
        refused(probe, up, "no key of its chain is among the pins")


@pytest.mark.parametrize("text, says", [
    ('pins = [ ];', 'a list [ "sha256/..." ] is expected'),
    ('pins = "sha256/x";', 'a list [ "sha256/..." ] is expected'),
    (pins("sha256/x"), "number 1 is no pin"),
    (pins(NOBODY, NOBODY[:-4]), "number 2 is no pin"),
    (pins(NOBODY + "AAAA"), "number 1 is no pin"),
    (pins("sha1/" + "A" * 27 + "="), "number 1 is no pin"),
    ("pins = ( 5 );", "number 1 is no pin"),
])
def test_pins_that_are_none(build, pki, text, says):
    assert says in does_not_load(build, "https://" + HOST, pki.root.pem, text)


# Revocation.

class Lists:
    """A chain whose authorities publish lists."""

    def __init__(self, folder):
        self.root = certs.Authority(folder)
        self.mid = self.root.authority("crl_mid")
        self.leaf = self.mid.issue("crl_leaf", san=["DNS:" + HOST])
        self.count = 0

    def file(self, *lists):
        self.count += 1
        path = f"{self.root.folder}/lists{self.count}.pem"
        with open(path, "w") as out:
            for name in lists:
                with open(name) as f:
                    out.write(f.read())
        return f'crl = "{path}";'

    def serve(self, build, settings, script=echo):
        return Upstream(script, cert=self.leaf), lambda up: Probe(
            build, url_of(up, HOST), ca=self.root.pem, settings=settings)


@pytest.fixture
def lists(tmp_path):
    return Lists(tmp_path)


def test_who_is_on_no_list_is_talked_to(build, lists):
    both = lists.file(lists.root.crl(), lists.mid.crl())
    up, probe = lists.serve(build, both)
    with up, probe(up) as p:
        assert p.one("lead_a")["status"] == 200


@pytest.mark.parametrize("who", ["leaf", "mid"])
def test_who_is_revoked_is_not(build, lists, who):
    (lists.mid if who == "leaf" else lists.root).revoke(getattr(lists, who))
    both = lists.file(lists.root.crl(), lists.mid.crl())
    up, probe = lists.serve(build, both)
    with up, probe(up) as p:
        refused(p, up, "certificate revoked")


@pytest.mark.parametrize("who", ["root", "mid"])
def test_a_list_that_is_missing_is_no_good_news(build, lists, who):
    up, probe = lists.serve(build, lists.file(getattr(lists, who).crl()))
    with up, probe(up) as p:
        refused(p, up, r"unable to get certificate CRL \(in the file `crl`")


def test_a_list_of_somebody_else_is_none(build, lists, tmp_path):
    lists.mid.revoke(lists.leaf)
    fake = certs.Authority(tmp_path / "fake", "crl_mid")
    up, probe = lists.serve(build, lists.file(lists.root.crl(), fake.crl()))
    with up, probe(up) as p:
        refused(p, up, "CRL")


def test_a_list_runs_out_while_we_run(build, lists):
    root = lists.root.crl()
    # It has to last until the probe has begun, which may take seconds.
    soon = lists.mid.crl(end=15 / 86400)
    up, probe = lists.serve(build, lists.file(root, soon), close_after_echo)
    with up, probe(up) as p:
        assert p.one("lead_a")["status"] == 200
        end = time.monotonic() + 60
        while time.monotonic() < end:
            up.context = ssl_context_without_tickets(lists.leaf)
            got = p.one("lead_a")
            if got["outcome"] == "no TLS":
                break
            time.sleep(0.2)
        assert "CRL has expired (fetch a new one" in got["reason"], got


def ssl_context_without_tickets(cert):
    """Each connection is a new one, with a certificate to look at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.load_cert_chain(cert.chain, cert.key)
    return context


def test_lists_that_are_none(build, lists, tmp_path):
    junk = tmp_path / "junk"
    junk.write_text("junk")
    for text, says in [
            (f'crl = "{junk}";', "is not a file of revocation lists in PEM"),
            (f'crl = "{lists.root.pem}";', "is not a file of revocation"),
            (f'crl = "{junk}.none";', "cannot be read: No such file"),
            (lists.file(lists.root.crl(), lists.mid.crl(-9, -1)),
             "has run out: fetch a new one"),
            (lists.file(lists.root.crl(), lists.mid.crl(end=29, delta=True)),
             "has a delta list, which tells only what is new")]:
        got = does_not_load(build, "https://" + HOST, lists.root.pem, text)
        assert says in got, (text, got)


# What we show.

def own(cert):
    return f'certificate = "{cert.chain}"; key = "{cert.key}";'


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("bridges"), "bridges")


def asks_for(pki, clients, version):
    context = context_of(pki, "good", versions(version, version))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(clients.pem)
    return context


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_a_certificate_is_shown_to_who_asks(build, pki, clients, version):
    seen = []

    def script(peer, request):
        seen.append(dict(pair[0] for pair in peer.sock.getpeercert()["subject"]))
        close_after_echo(peer, request)

    bridge = clients.authority("bridges_mid").issue("bridge",
                                                    eku="clientAuth")
    with Upstream(script, context=asks_for(pki, clients, version)) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings=own(bridge)) as probe:
        for lead in ["lead_a", "lead_b"]:
            assert probe.one(lead)["status"] == 200
    assert [s["commonName"] for s in seen] == ["bridge", "bridge"]


def test_it_is_not_shown_to_who_does_not_ask(build, pki, clients):
    bridge = clients.issue("modest", eku="clientAuth")
    with Upstream(echo, cert=pki.good) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings=own(bridge)) as probe:
        assert probe.one("lead_a")["status"] == 200


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
@pytest.mark.parametrize("make, reason", [
    (lambda c, folder: certs.Authority(folder, "elsewhere").issue(
        "unknown", eku="clientAuth"), "unknown ca"),
    (lambda c, folder: c.issue("servers", eku="serverAuth"),
     "unsupported certificate")], ids=["stranger", "no client's"])
def test_a_certificate_the_server_does_not_take(
        build, pki, clients, tmp_path, version, make, reason):
    bridge = make(clients, tmp_path)
    context = asks_for(pki, clients, version)
    with Upstream(echo, context=context) as up, \
            Probe(build, url_of(up, HOST), ca=pki.root.pem,
                  settings=own(bridge)) as probe:
        refused(probe, up, reason)


def test_what_cannot_be_shown_does_not_load(build, pki, clients):
    bridge = clients.issue("shown", eku="clientAuth")
    late = clients.issue("outdated", eku="clientAuth", start=-9, end=-1)
    weak = clients.issue("feeble", eku="clientAuth", key="rsa:1024")
    for text, says in [
            (f'certificate = "{bridge.chain}";', "go together"),
            (f'key = "{bridge.key}";', "go together"),
            (f'certificate = "{bridge.chain}"; key = "{late.key}";',
             "does not belong to the certificate"),
            (own(late), "has expired, or is not valid yet"),
            (own(weak), "cannot be used: ee key too small")]:
        got = does_not_load(build, "https://" + HOST, pki.root.pem, text)
        assert says in got, (text, got)
    plain = does_not_load(build, "http://127.0.0.1:9", None,
                          own(bridge) + pins(NOBODY) + 'crl = "x";')
    for name in ["certificate", "key", "pins", "crl"]:
        assert f"probe.{name}: an http:// url has no certificate" in plain
