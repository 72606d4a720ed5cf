"""What others find in our TLS: sslscan and testssl.sh, against a listener
with an ECDSA and an RSA certificate for one name."""

import json
import subprocess
import xml.etree.ElementTree as ET

import pytest

from echo import Echo


@pytest.fixture(scope="module")
def listener(build, ca):
    pair = [ca.issue("scan_ec", san=["DNS:localhost"]),
            ca.issue("scan_rsa", san=["DNS:localhost"], key="rsa:2048")]
    groups = ", ".join(f'{{ certificate = "{c.chain}"; key = "{c.key}"; }}'
                       for c in pair)
    e = Echo(build, "connections_per_address=0", 'header_timeout="5s"',
             'listen = { address = "127.0.0.1:0"; '
             f'certificates = ( {groups} ); }}')
    yield e
    e.stop()


SUITES = {
    "TLSv1.3": {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_AES_128_GCM_SHA256"},
    "TLSv1.2": {f"ECDHE-{kind}-{cipher}" for kind in ["ECDSA", "RSA"]
                for cipher in ["AES256-GCM-SHA384", "AES128-GCM-SHA256",
                               "CHACHA20-POLY1305"]},
}
GROUPS = {"x25519", "secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)"}


def test_sslscan_finds_what_is_meant_to_be_there(listener):
    done = subprocess.run(
        ["sslscan", "--xml=-", "--show-sigs", "--tlsall", "--timeout=20",
         "--sni-name=localhost", f"127.0.0.1:{listener.port}"],
        capture_output=True, timeout=600, check=True)
    found = ET.fromstring(done.stdout).find("ssltest")

    def all_of(kind, name):
        return {e.get(name) for e in found.findall(kind)}

    on = {e.get("version"): e.get("enabled") for e in found.findall("protocol")}
    assert on == {"1.0": "0", "1.1": "0", "1.2": "1", "1.3": "1"}
    for version, suites in SUITES.items():
        assert {c.get("cipher") for c in found.findall("cipher")
                if c.get("sslversion") == version} == suites
    assert all_of("group", "name") == GROUPS
    assert {s for s in all_of("connection-signature-algorithm", "name")
            if "sha1" in s or "md5" in s or "pkcs1" in s} == set()
    assert all_of("heartbleed", "vulnerable") == {"0"}
    assert all_of("renegotiation", "supported") == {"0"}


# What it says of itself or of this machine's openssl, not of the listener.
ASIDE = {"engine_problem", "scanTime", "old_fashioned_openssl",
         "sessionresumption_ticket"}
ASKED = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "PFS",
         "cipher_order", "heartbleed", "CCS", "ticketbleed", "ROBOT",
         "secure_renego", "secure_client_renego", "CRIME_TLS", "SWEET32",
         "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4"}


def test_testssl_finds_nothing(listener, tmp_path):
    """But for the certificate, which is this test's, and for headers that
    are for browsers. It takes a minute."""
    out = tmp_path / "testssl.json"
    subprocess.run(
        ["testssl", "--quiet", "--warnings", "off", "--nodns", "none",
         "--jsonfile", str(out), "-p", "-s", "-f", "-P", "-U",
         f"localhost:{listener.port}"],
        capture_output=True, timeout=1800, stdin=subprocess.DEVNULL)
    found = json.loads(out.read_text())
    bad = [(f["id"], f["severity"], f["finding"]) for f in found
           if f["severity"] not in ("OK", "INFO") and f["id"] not in ASIDE]
    assert bad == []
    assert ASKED <= {f["id"] for f in found}
