"""What `check` says of certificates."""

import json
import subprocess

import certs
from serving import clients, entry, issue, mutual, named, pair, pki

# What `check` says.

MAPPING = """
route = "/a"; verify: { type = "none"; }; upstream = "a";
lead_id = "{$.lead}"; update: { detail = "{$.detail}"; };
"""


def check(build, folder, text, api='url = "http://127.0.0.1:1";',
          mapping=MAPPING):
    path = folder / "leadbridge.cfg"
    (folder / "mappings/a").mkdir(parents=True, exist_ok=True)
    (folder / "mappings/a/mapping.cfg").write_text(mapping)
    (folder / "key").write_text("k" * 20)
    (folder / "key").chmod(0o600)
    path.write_text(f"""
listen    = ( {{ address = "127.0.0.1:0"; {text} }} );
upstreams = {{ a = {{ {api} api_key = "a"; }}; }};
secrets   = {{ a = {{ file = "key"; }}; }};
routes    = "mappings/*/mapping.cfg";
""")
    done = subprocess.run([build + "/leadbridge", "check", "-c", str(path),
                           "--output", "json"], capture_output=True, text=True,
                          timeout=60)
    return json.loads(done.stdout)


def test_check_tells_days_left(build, tmp_path, pki):
    soon = issue(pki, "soon", "soon.test", end=20.5)
    later = issue(pki, "later", "later.test", end=22)
    over = pki[1].answer(later, "over", start=-10, end=-3)
    listed = (f"certificates = ( {{ {entry(soon)} }}, "
              f"{{ {entry(later, over)} }} );")
    said = [w for w in check(build, tmp_path, listed)["warnings"]
            if str(pki[0].folder) in w]
    assert len(said) == 2
    assert f"{soon.chain}: is over in 20 days: have it renewed" in said[0]
    assert f"{over}: this OCSP answer is over and is not stapled" in said[1]


def test_check_tells_days_left_of_what_an_api_is_shown(build, tmp_path, pki):
    for days, count in [(20.5, 1), (22, 0)]:
        own = issue(pki, f"shown{count}", "shown.test", end=days,
                    eku="clientAuth")
        said = check(build, tmp_path, "", api='url = "https://127.0.0.1:1"; '
                     f'certificate = "{own.chain}"; key = "{own.key}";')
        said = [w for w in said["warnings"] if own.chain in w]
        assert len(said) == count
        if count:
            assert said[0].startswith("a: ")
            assert said[0].endswith("is over in 20 days: have it renewed")


def test_check_tells_of_clients_that_nobody_asks(
        build, tmp_path, named, clients):
    """What a route wants shown, some address has to ask for."""
    asks = MAPPING.replace('"none";', '"certificate"; client_name = "b";')
    certificate = f"certificates = ( {{ {entry(named[0])} }} ); "
    for mapping, text, count in [
            (asks, "", 1), (asks, certificate, 1), (MAPPING, "", 0),
            (asks, certificate + mutual(clients), 0)]:
        said = [w for w in check(build, tmp_path, text, mapping=mapping)
                ["warnings"] if "client_ca" in w]
        assert len(said) == count, (mapping, text)
        if count:
            assert said[0].startswith("/a: client_name: no address of")


def test_check_marks_the_file_that_is_wrong(build, tmp_path, pki):
    """Of an API's files the one to blame, not the first."""
    junk = tmp_path / "junk"
    junk.write_text("junk")
    good = {"ca": pki[0].pem, "certificate": pki[0].pem, "key": pki[0].key,
            "crl": pki[0].crl()}
    for wrong in good:
        files = {**good, wrong: junk}
        fault, = check(build, tmp_path, "", api='url = "https://a.test";\n' +
                       "".join(f'{name} = "{path}";\n'
                               for name, path in files.items()))["faults"]
        lines = (tmp_path / "leadbridge.cfg").read_text().splitlines()
        assert lines[fault["line"] - 1] == f'{wrong} = "{junk}";', fault


def faults_of(build, folder, text):
    return " | ".join(f["text"] for f in check(build, folder, text)["faults"])


def test_check_tells_what_is_wrong(build, tmp_path, pki, named, pair, clients):
    first = entry(named[0])
    weak = issue(pki, "weak", "weak.test", key="rsa:1024")
    expired = issue(pki, "expired", "expired.test", start=-9, end=-1)
    junk = tmp_path / "junk"
    junk.write_text("junk")
    revoked = issue(pki, "revoked", "revoked.test")
    pki[1].revoke(revoked)
    upside_down = certs.Cert(pki[0].folder, "upside_down")
    certs.join(upside_down.chain, [pki[1], named[0]])
    ocsp = pki[1].answer(named[0], "checked")

    def listed(*texts):
        return "certificates = ( " + ", ".join(
            "{ " + t + " }" for t in texts) + " );"

    cases = [
        (listed(first, entry(named[0])), "would never be served"),
        (listed(first, entry(weak)), "cannot be used: ee key too small"),
        (listed(first, entry(expired)), "has expired, or is not valid yet"),
        (listed(first, f'certificate = "{junk}"; key = "{named[1].key}";'),
         "is not a file of certificates in PEM"),
        (listed(first, f'certificate = "{named[1].chain}"; '
                       f'key = "{named[0].key}";'), "does not belong to"),
        (listed(f'certificate = "{upside_down.chain}"; '
                f'key = "{named[0].key}";'),
         "certificate number 2 is the one of the key"),
        (listed(f'certificate = "{named[1].chain}";'), "key is missing"),
        (listed(entry(named[1], ocsp)), "about another certificate"),
        (listed(entry(revoked, pki[1].answer(revoked))),
         "says that the certificate is revoked"),
        (listed(entry(named[0], pki[1].answer(named[0], "forged",
                                              responder=named[1]))),
         "the certificate's issuer did not sign"),
        (listed(entry(named[0], pki[1].answer(named[0], "early", start=2))),
         "is yet to come: is this machine's clock right?"),
        (listed(entry(named[0], junk)), "not a successful OCSP answer in DER"),
        (listed(entry(named[0], str(junk) + ".none")),
         "cannot be read: No such file"),
        (first + f'client_ca = "{junk}";',
         "is not a file of certificates in PEM"),
        (f'client_ca = "{clients.pem}";', "without a certificate there is no"),
        (first + 'client = "optional";', "goes with client_ca"),
        (first + f'client_ca = "{clients.pem}"; client = "maybe";',
         'one of "required", "optional"'),
        ('unknown_name = "refuse";', "no client says a name"),
        (first + "certificates = ();", "certificates: a list"),
        (first + 'certificates = "x";', "certificates: a list"),
        (f'ocsp = "{ocsp}";', "goes with a certificate beside it"),
    ]
    for text, says in cases:
        got = faults_of(build, tmp_path, text)
        assert says in got, (text, got)
    # and of what is right, nothing
    assert faults_of(build, tmp_path, listed(
        entry(named[0], ocsp), entry(named[1]), *map(entry, pair)) +
        mutual(clients)) == ""
