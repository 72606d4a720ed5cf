"""x509-limbo, a public suite of chains (row 25): those of servers are verified
in the context that a target has, those of clients are shown to a listener.
Where we differ from the suite stands in limbo.yaml, with the reason; nothing
else may."""

import os
import subprocess
from collections import Counter
from datetime import datetime

import yaml

from echo import Echo
from serving import anyone, entry, listen
from suites import limbo_cases
from test_listener_clients import refused_client

# How deep a chain may be is no setting of ours; OpenSSL 3.0 has no ML-DSA.
NOT_OURS = {"max-chain-depth", "has-mldsa"}


def listed():
    """{"taken": [(case, why)], "refused": [(case, why)]}"""
    path = os.path.join(os.path.dirname(__file__), "limbo.yaml")
    with open(path, encoding="utf-8") as f:
        return {kind: [(case, group["why"]) for group in groups
                       for case in group["cases"]]
                for kind, groups in yaml.safe_load(f).items()}


def no_server(case):
    """Why it is none that we could call; None where it is."""
    name = case["expected_peer_name"]
    if NOT_OURS & set(case.get("features") or ()):
        return "asks for what is not ours"
    if case["id"].startswith("bettertls::"):
        return "of BetterTLS"
    if name and name["kind"] not in ("DNS", "IP"):
        return "of people, not of hosts"
    return None


def no_client(case):
    """The same of those who come; they come now, and with a key."""
    if case["validation_time"] or not case.get("peer_certificate_key"):
        return "of another time, or without a key"
    if (case["extended_key_usage"] or ["clientAuth"]) != ["clientAuth"]:
        return "not of TLS"
    return None


def select(kind, why_not):
    """(cases, how many are left out for what)"""
    cases = [c for c in limbo_cases() if c["validation_kind"] == kind]
    reasons = [why_not(c) for c in cases]
    return ([c for c, why in zip(cases, reasons) if why is None],
            Counter(why for why in reasons if why is not None))


def write(folder, name, texts):
    path = folder / name
    path.write_text("".join(texts))
    return str(path)


def url_of(case):
    name = case["expected_peer_name"]
    if not name:
        return "-"
    host = f"[{name['value']}]" if ":" in name["value"] else name["value"]
    return "https://" + host


def time_of(case):
    when = case["validation_time"]
    if not when:
        return "-"
    return str(int(datetime.fromisoformat(when).timestamp()))


def line_of(folder, case):
    """As upstream_chain reads a case."""
    name = case["id"].replace(":", "_")
    lists = case.get("crls")
    return "\t".join([
        url_of(case), time_of(case),
        write(folder, name + ".ca", case["trusted_certs"]),
        write(folder, name + ".crl", lists) if lists else "-",
        write(folder, name + ".chain", [
            case["peer_certificate"], *case["untrusted_intermediates"]])])


def shown_to_a_listener(build, folder, served, case):
    ca = write(folder, "ca", case["trusted_certs"])
    chain = write(folder, "chain", [
        case["peer_certificate"], *case["untrusted_intermediates"]])
    context = anyone()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(
        chain, write(folder, "key", [case["peer_certificate_key"]]))
    e = Echo(build, listen(
        entry(served), more=f'client_ca = "{ca}"; client = "required";'))
    refused = refused_client(e, context)
    log = e.stop()
    assert refused == ("client certificate refused" in log), log
    return log if refused else "good"


def compare(cases, left_out, said, figure):
    """said: of each case, "good" or what is wrong."""
    differ = {"taken": {}, "refused": {}}
    for case in cases:
        good = said[case["id"]] == "good"
        if good != (case["expected_result"] == "SUCCESS"):
            kind = "taken" if good else "refused"
            differ[kind][case["id"]] = said[case["id"]]
    same = len(cases) - sum(map(len, differ.values()))
    out = "".join(f"; {n} left out: {why}" for why, n in left_out.items())
    figure(f"{len(cases)} chains: {same} as the suite has it, "
           f"{len(differ['taken'])} taken and {len(differ['refused'])} "
           f"refused for reasons that are listed{out}")
    for kind, pairs in listed().items():
        known = dict(pairs)
        new = {i: differ[kind][i] for i in differ[kind].keys() - known}
        assert new == {}, f"{kind}, and not in limbo.yaml"
        gone = (known.keys() & said.keys()) - differ[kind].keys()
        assert gone == set(), f"in limbo.yaml, and not {kind} any more"


def test_chains_of_servers(build, tmp_path, figure):
    cases, left_out = select("SERVER", no_server)
    lines = "".join(line_of(tmp_path, c) + "\n" for c in cases)
    out = subprocess.run(
        [os.path.join(build, "upstream_chain")], input=lines, text=True,
        check=True, capture_output=True, timeout=120).stdout.splitlines()
    assert len(out) == len(cases) > 100
    said = dict(zip((c["id"] for c in cases), out))
    compare(cases, left_out, said, figure)


def test_chains_of_clients(build, tmp_path, localhost, figure):
    cases, left_out = select("CLIENT", no_client)
    said = {c["id"]: shown_to_a_listener(build, tmp_path, localhost, c)
            for c in cases}
    compare(cases, left_out, said, figure)


def test_a_difference_has_one_reason():
    pairs = [pair for pairs in listed().values() for pair in pairs]
    assert len({case for case, _ in pairs}) == len(pairs) > 0
    assert all(why.endswith(".") for _, why in pairs)
