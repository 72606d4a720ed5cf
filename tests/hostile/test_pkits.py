"""NIST's suite of chains, PKITS (row 25): each is verified in the context that
a target has. What differs from the suite is listed, with the reason; nothing
else may."""

import os
import re
import subprocess

import pytest

from suites import files

# What the suite calls invalid and we take, as every web client does: nobody
# asks for certificate policies, so whether they agree is not looked at.
TAKEN = re.compile(
    r"Invalid(SelfIssued)?(requireExplicitPolicy|RequireExplicitPolicy|"
    r"PolicyMapping|MappingFromanyPolicy|MappingToanyPolicy|inhibitAnyPolicy|"
    r"inhibitPolicyMapping)Test\d+")
TAKEN_COUNT = 23
# What it calls valid and we refuse, which costs a connection, and says why.
REFUSED = {
    "keys of 1024 bits": ["ValidDSASignaturesTest4",
                          "ValidDSAParameterInheritanceTest5"],
    "delta lists are refused as the settings load": [
        "ValiddeltaCRLTest2", "ValiddeltaCRLTest5", "ValiddeltaCRLTest7",
        "ValiddeltaCRLTest8"],
    "lists that another signs, or that are of some reasons only": [
        "ValidIDPwithindirectCRLTest22", "ValidIDPwithindirectCRLTest24",
        "ValidIDPwithindirectCRLTest25", "ValidcRLIssuerTest28",
        "ValidcRLIssuerTest29", "ValidcRLIssuerTest30",
        "ValidcRLIssuerTest33", "ValidonlySomeReasonsTest18",
        "ValidonlySomeReasonsTest19"],
    "lists signed by another key of their authority": [
        "ValidBasicSelfIssuedCRLSigningKeyTest6",
        "ValidBasicSelfIssuedNewWithOldTest4",
        "ValidSeparateCertificateandCRLKeysTest19"],
}


def named(path):
    """What the suite calls the test that this message is of."""
    return re.sub(r"^Signed|\.eml$", "", os.path.basename(path))


def parts(path):
    """What the message of a test holds: certificates and lists, in PEM."""
    pkcs7 = subprocess.run(["openssl", "smime", "-pk7out", "-in", path],
                           check=True, capture_output=True).stdout
    text = subprocess.run(["openssl", "pkcs7", "-print_certs"], input=pkcs7,
                          check=True, capture_output=True).stdout.decode()
    return tuple(re.findall(
        rf"-----BEGIN {kind}-----.*?-----END {kind}-----\n", text, re.S)
        for kind in ("CERTIFICATE", "X509 CRL"))


def own_first(certificates):
    """The certificate of the person stands behind those of its authorities."""
    return certificates[-1:] + certificates[:-1]


def write(path, texts):
    path.write_text("".join(texts))
    return str(path)


def line_of(folder, root, path):
    """As upstream_chain reads a case: nobody's name, today."""
    certificates, lists = parts(path)
    name = named(path)
    return "\t".join([
        "-", "-", root, write(folder / (name + ".crl"), lists),
        write(folder / (name + ".chain"), own_first(certificates))])


def judged(build, folder, root):
    """{what the suite calls a test: "good", or what is wrong}"""
    paths = files("PKITS", "smime/Signed*.eml")
    lines = "".join(line_of(folder, root, p) + "\n" for p in paths)
    said = subprocess.run(
        [os.path.join(build, "upstream_chain")], input=lines, text=True,
        check=True, capture_output=True, timeout=60).stdout.splitlines()
    assert len(said) == len(paths)
    return dict(zip(map(named, paths), said))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    der, = files("PKITS", "certs/TrustAnchorRootCertificate.crt")
    pem = str(tmp_path_factory.mktemp("pkits") / "root.pem")
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", der, "-out",
                    pem], check=True)
    return pem


def is_valid(name):
    return not name.startswith(("Invalid", "Missing"))


def test_nists_chains(build, tmp_path, root, figure):
    found = judged(build, tmp_path, root)
    taken = {name for name, said in found.items()
             if said == "good" and not is_valid(name)}
    refused = {name for name, said in found.items()
               if said != "good" and is_valid(name)}
    figure(f"{len(found)} chains: "
           f"{len(found) - len(taken) - len(refused)} as the suite has it, "
           f"{len(taken)} taken and {len(refused)} refused for reasons "
           "that are listed")
    assert len(found) >= 224
    assert [name for name in taken if not TAKEN.fullmatch(name)] == []
    assert len(taken) == TAKEN_COUNT
    listed = {name for names in REFUSED.values() for name in names}
    assert {name: found[name] for name in refused ^ listed} == {}
