"""Chains of certificates as a suite of them would try them (row 25): who may
issue what for whom, by RFC 5280. The bad ones get not one byte of HTTP. It
goes on where tests/e2e/test_upstream_tls.py and test_upstream_trust.py end."""

import pytest

import certs
from scripted import Probe, Upstream, server_context
from test_upstream_tls import HOST, echo, url_of
from test_upstream_trust import refused

LEAF = {"san": ["DNS:" + HOST]}
ADDRESS = {"san": ["IP:127.0.0.1"]}
OWN_ROOT = "own_root"


class Case:
    """root: what differs of the root, a root of its own then; mids: what
    differs of each authority below it, from above; leaf: of the leaf. `also`:
    another certificate of the last authority's key, sent too."""

    def __init__(self, *mids, reason=None, host=HOST, root=None, also=None,
                 first=False, **leaf):
        self.mids, self.leaf = mids, {**LEAF, **leaf}
        self.reason, self.host, self.root = reason, host, root
        self.also, self.first = also, first

    def make(self, folder, common):
        """(the leaf, the file of roots)"""
        above = root = common if self.root is None else certs.Authority(
            folder, OWN_ROOT, **self.root)
        for i, wrong in enumerate(self.mids):
            above = above.authority(f"{folder.name}_{i}", **wrong)
        leaf = above.issue(f"{folder.name}_leaf", **self.leaf)
        if self.also is not None:
            twin = self.twin(above, leaf.folder)
            kept = [leaf, above]
            kept.insert(1 if self.first else 2, twin)
            certs.join(leaf.chain, kept + above.issuer.intermediates())
        return leaf, root.pem

    def twin(self, above, folder):
        """`above` once more: the same name and key, other dates or uses."""
        twin = certs.Cert(folder, above.name + "_twin")
        request, extensions = above.key + ".csr", above.key + ".ext"
        dates = {"start": -1, "end": 30, **self.also}
        issuer = above.issuer
        certs.openssl("ca", "-batch", "-notext", "-config", issuer.config,
                      "-md", "sha256", "-in", request, "-out", twin.pem,
                      "-startdate", certs.days(dates["start"]),
                      "-enddate", certs.days(dates["end"]),
                      "-extfile", extensions, "-keyfile", issuer.key,
                      "-cert", issuer.pem)
        return twin


def names(constraints, **more):
    return {"constraints": constraints, **more}


GOOD = {
    "depth 0 above a leaf": Case({"pathlen": 0}),
    "depth 2, two below": Case({"pathlen": 2}, {"pathlen": 1}, {}),
    "depth of the root kept": Case({}, root={"pathlen": 1}),
    "for servers among others": Case(eku="clientAuth,serverAuth"),
    "for anything, unsaid": Case(eku=None),
    "authority for servers": Case({"eku": "serverAuth"}),
    "one of two permitted": Case(names(
        "permitted;DNS:other.test,permitted;DNS:leads.test")),
    "excluded elsewhere": Case(names("excluded;DNS:other.test")),
    "a wildcard around what else is excluded": Case(
        names("excluded;DNS:old.leads.test"), san=["DNS:*.leads.test"]),
    "excluded below us": Case(
        names("excluded;DNS:old.api.leads.test"), san=["DNS:*.leads.test"]),
    "a dot in front of what is permitted": Case(names(
        "permitted;DNS:.leads.test")),
    "a top domain permitted": Case(names("permitted;DNS:test")),
    "only addresses are constrained": Case(names(
        "permitted;IP:10.0.0.0/255.0.0.0")),
    "only names are constrained": Case(
        names("permitted;DNS:leads.test"), host="127.0.0.1", **ADDRESS),
    "name in capitals": Case(san=["DNS:API.LEADS.TEST"]),
    "extension nobody knows": Case(extra=["1.2.3.4.5=ASN1:NULL"]),
    "policies": Case({"extra": ["certificatePolicies=2.5.29.32.0"]},
                     extra=["certificatePolicies=1.2.3.4"]),
    "P-521": Case(key="P-521"),
    "RSA 3072, SHA-384": Case(key="rsa:3072", digest="sha384"),
    "SHA-1 of a root's own": Case(root={"digest": "sha1"}),
    "an expired twin behind": Case({}, also={"start": -10, "end": -1}),
    "an expired twin in front": Case({}, also={"start": -10, "end": -1},
                                     first=True),
}

# What stricter readers of RFC 5280 refuse and OpenSSL takes, and why we leave
# it at that.
TAKEN = {
    # It issues nothing: what it may not issue is of no use to anybody.
    "depth in a leaf": Case(pathlen=0),
    # Whoever has this key could issue a leaf for the same name.
    "an authority that serves": Case(
        ca=True, usage="digitalSignature,keyCertSign"),
}

BAD = {
    "depth of the second": Case(
        {"pathlen": 1}, {}, {}, reason="path length constraint exceeded"),
    "depth of the root": Case(
        {}, root={"pathlen": 0}, reason="path length constraint exceeded"),
    "root is no authority": Case(
        root={"ca": False}, reason="invalid CA certificate"),
    "root may not sign": Case(root={"usage": "digitalSignature"},
                              reason="invalid CA|issuer"),
    "expired root": Case(root={"start": -10, "end": -1},
                         reason="has expired"),
    "early root": Case(root={"start": 1, "end": 9}, reason="not yet valid"),
    "RSA 1024 root": Case(root={"key": "rsa:1024"}, reason="too weak"),
    "authority for clients": Case(
        {"eku": "clientAuth"}, reason="unsuitable certificate purpose|"
        "invalid CA"),
    "authority two up for clients": Case(
        {"eku": "clientAuth"}, {}, reason="unsuitable certificate purpose|"
        "invalid CA"),
    "to sign code": Case(eku="codeSigning",
                         reason="unsuitable certificate purpose"),
    "for anything, said": Case(eku="anyExtendedKeyUsage",
                               reason="unsuitable certificate purpose"),
    "an authority serves": Case(ca=True,
                                reason="unsuitable certificate purpose"),
    "excluded within the permitted": Case(
        names("permitted;DNS:leads.test,excluded;DNS:api.leads.test"),
        reason="excluded subtree violation"),
    # OpenSSL takes these, for they are written otherwise: CVE-2025-61727.
    "a wildcard around what is excluded": Case(
        names("excluded;DNS:api.leads.test"), san=["DNS:*.leads.test"],
        reason="excluded subtree violation"),
    "a wildcard around what is excluded two up": Case(
        names("excluded;DNS:API.leads.test,excluded;DNS:other.test"), {},
        san=["DNS:*.leads.test"], reason="excluded subtree violation"),
    "a wildcard around what the root excludes": Case(
        root=names("excluded;DNS:api.leads.test"), san=["DNS:*.leads.test"],
        reason="excluded subtree violation"),
    "constraints of the root": Case(
        root=names("permitted;DNS:other.test"),
        reason="permitted subtree violation"),
    "constraints two up": Case(
        names("permitted;DNS:other.test"), {},
        reason="permitted subtree violation"),
    "constraints loosened below": Case(
        names("permitted;DNS:other.test"), names("permitted;DNS:test"),
        reason="permitted subtree violation"),
    "one name of two permitted": Case(
        names("permitted;DNS:leads.test"),
        san=["DNS:" + HOST, "DNS:other.test"],
        reason="permitted subtree violation"),
    "half a label permitted": Case(
        names("permitted;DNS:eads.test"),
        reason="permitted subtree violation"),
    "address not permitted": Case(
        names("permitted;IP:10.0.0.0/255.0.0.0"), host="127.0.0.1",
        reason="permitted subtree violation", **ADDRESS),
    "address just outside": Case(
        names("permitted;IP:127.0.0.2/255.255.255.254"), host="127.0.0.1",
        reason="permitted subtree violation", **ADDRESS),
    "no names": Case(san_der=b"\x30\x00", cn=HOST,
                     reason="hostname mismatch|invalid|bad"),
    "both twins expired": Case(
        {"start": -20, "end": -2}, also={"start": -10, "end": -1},
        reason="has expired"),
}


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("chains"))


def served(build, common, folder, case):
    leaf, roots = case.make(folder, common)
    up = Upstream(echo, context=server_context(leaf, weak=True))
    # Whether it is trusted is asked, not how fast: nobody is late.
    return up, Probe(build, url_of(up, case.host), ca=roots, settings=
                     'timeout = "60s"; connect_timeout = "60s";')


@pytest.mark.parametrize("name", [*GOOD, *TAKEN])
def test_a_chain_that_is_sound(build, common, tmp_path, name):
    up, probe = served(build, common, tmp_path, {**GOOD, **TAKEN}[name])
    with up, probe:
        got = probe.one("lead_a")
        assert got["status"] == 200, got


@pytest.mark.parametrize("name", BAD)
def test_a_chain_that_is_not(build, common, tmp_path, name):
    up, probe = served(build, common, tmp_path, BAD[name])
    with up, probe:
        refused(probe, up, BAD[name].reason)
