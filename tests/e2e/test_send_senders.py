"""send --sender: a bridge believes each sender's proof, made by `send`."""

import base64
import glob
import json
import os
import re

import pytest

from house import House

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# They sign with a key that only they have.
UNSIGNED = {"discord", "highlevel", "standard-webhooks-ed25519"}
PRESETS = sorted(os.path.basename(p)[:-len(".cfg")] for p in
                 glob.glob(TOP + "/mappings/senders/*.cfg"))


def read(path):
    with open(path) as f:
        return f.read()


def secret_of(preset, text="test_secret_0123456789"):
    """One of its own, and not that of the samples."""
    proof = read(f"{TOP}/mappings/senders/{preset}.cfg")
    text += " of " + preset
    if '"whsec"' not in proof:
        return text.replace(" ", "-")
    return "whsec_" + base64.b64encode(text.encode()).decode()


def leads_of(path):
    """The leads that a sample's expected updates name; none: it is refused."""
    made = json.loads(read(path))
    made = made if isinstance(made, list) else [made]
    return [] if any("error" in m for m in made) else [
        m["leadId"] for m in made]


class Street(House):
    """A bridge with a route for every preset, and the leads of its sample."""

    leads = set()

    def sandbox_args(self):
        return super().sandbox_args() + [
            word for lead in sorted(self.leads) for word in ("--lead", lead)]


def settle(h, name):
    """A route of the preset's own folder; returns the sample to send."""
    out, _ = h.run("new", name, f"made/{name}")
    path = h.path(f"made/{name}/mapping.cfg")
    text = re.sub(r'(public_url\s*=\s*)"[^"]*"',
                  rf'\1"http://127.0.0.1:{h.port}"', read(path))
    for kind in ("secret", "handshake: { secret"):
        text = re.sub(rf'({kind} *= *)"', rf'\1"of-', text)
    h.write(f"made/{name}/mapping.cfg", text)
    for sample in sorted(p for p in out.split() if p.endswith(".http")):
        leads = leads_of(h.path(sample.replace(".http", ".expected.json")))
        if leads:
            return sample, leads, set(re.findall(r'secret *= *"([^"]+)"', text))
    raise AssertionError(f"{name}: no sample makes an update")


@pytest.fixture(scope="module")
def street(build, tmp_path_factory):
    h = Street(build, tmp_path_factory.mktemp("street"),
               upstream="https://localhost:1")
    h.samples, secrets = dict.fromkeys(UNSIGNED, "mapping.json"), {}
    h.write("mapping.json", "{}")
    for name in sorted(set(PRESETS) - UNSIGNED):
        h.samples[name], leads, names = settle(h, name)
        h.leads = h.leads | set(leads)
        if name == "zoho":
            h.zoho = leads
        secrets.update({n: secret_of(name) for n in names})
    h.write("leadbridge.cfg", read(h.path("leadbridge.cfg")).replace(
        "https://localhost:1", h.start_sandbox()).replace(
        '"mappings/', '"made/').replace(
        "secrets   = {", "secrets = {" + "".join(
            f' {n} = {{ file = "{n}.secret"; }};' for n in secrets)))
    for name, secret in secrets.items():
        h.write(f"{name}.secret", secret + "\n", 0o600)
    h.write("made/zoho-channel/mapping.cfg", NOTIFICATION.replace(
        'secret = "zoho"', 'secret = "of-zoho"'))
    h.start()
    yield h
    h.close()


def check_sent(street, *args, path=""):
    """Taken with the sender's secret, refused with another."""
    for text, code in (("test_secret_0123456789", 0), ("another_secret", 1)):
        name = args[0]
        secret = secret_of(name, text)
        street.write("the.secret", secret + "\n", 0o600)
        _, err = street.run(
            "send", "--sender", name, "--secret-file", "the.secret", "--to",
            f"http://127.0.0.1:{street.port}{path}", *args[1:], code=code)
        assert (re.match(r"HTTP 2\d\d ", err) is not None) == (code == 0)
        assert text not in err


@pytest.mark.parametrize("name", sorted(
    set(PRESETS) - UNSIGNED - {"zoho"}))
def test_the_sample_of_a_senders_folder_is_taken(street, name):
    check_sent(street, name, street.samples[name])


def test_a_token_in_the_address_is_the_senders_alone(street):
    """Whatever the capture's address has, and wherever it is sent."""
    street.write("odd.http", read(street.path(
        street.samples["elementor"])).replace(
            "?token=", "?a=1&token=stale&b=2&token=", 1))
    for to in ("", "/hooks/elementor", "/hooks/elementor?x=1",
               "/hooks/elementor?token=old&x=1"):
        street.write("the.secret", secret_of("elementor") + "\n", 0o600)
        _, err = street.run(
            "send", "--sender", "elementor", "--secret-file", "the.secret",
            "--to", f"http://127.0.0.1:{street.port}{to}", "odd.http")
        assert re.match(r"HTTP 2\d\d ", err), to


NOTIFICATION = """
route = "/hooks/zoho-channel"; sender = "zoho"; secret = "zoho";
upstream = "leadsail"; mode = "relay";
lead_id = "{$.lead_id}"; update: { firstName = "{$.name}"; };
"""


@pytest.mark.parametrize("said", [{}, {"token": ""}, {"token": "stale"},
                                  {"token": {"a": [1]}}])
def test_a_token_in_the_body_is_set_or_replaced(street, said):
    """As Zoho's notifications have it; its workflows have theirs in a
    header, as the mapping of that name has."""
    street.write("channel.json", json.dumps(
        {"name": "Ann", **said, "lead_id": street.zoho[0]}))
    check_sent(street, "zoho", "channel.json", path="/hooks/zoho-channel")
    _, err = street.run(
        "send", "-c", "leadbridge.cfg", "--to",
        f"http://127.0.0.1:{street.port}", "made/zoho",
        street.samples["zoho"])
    assert re.match(r"HTTP 2\d\d ", err)


@pytest.mark.parametrize("name, body, words", [
    ("zoho", "[]", "the body has no object to put it into"),
    ("zoho", '{"token": 1, "token": 2}', "has 'token' twice"),
    ("wufoo", "{}", "the form's field 'HandshakeKey'"),
])
def test_a_body_without_the_tokens_place_says_so(street, name, body, words):
    street.write("the.secret", "hush_0123456789\n", 0o600)
    street.write("odd.json", body)
    _, err = street.run(
        "send", "--sender", name, "--secret-file", "the.secret", "--to",
        f"http://127.0.0.1:{street.port}", "odd.json", code=1)
    assert words in err and "hush" not in err


@pytest.mark.parametrize("name", sorted(UNSIGNED))
def test_who_has_a_key_of_their_own_says_so(street, name):
    street.write("the.secret", "hush_0123456789\n", 0o600)
    _, err = street.run(
        "send", "--sender", name, "--secret-file", "the.secret", "--to",
        f"http://127.0.0.1:{street.port}", "mapping.json", code=1)
    assert "key" in err and "hush" not in err
