"""Every command in a README is run, as it stands there.

The blocks marked ```sh of all README.md files, and of the operator's page,
are taken line by line. Those that build or test the whole tree have steps of
their own in tests/run; all others are run here, in a folder that holds what
the README says is there.
"""

import base64
import glob
import os
import re
import shutil
import subprocess

import pytest

from house import House, typeform_event

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))

# Run by another step of the suite, for the reason beside it.
ELSEWHERE = {
    r"\./deploy/demo": "step release",
    r"\./tests/run.*": "this is it",
    r"cmake -S \. -B build .*|ninja -C build": "deploy/demo",
    r"cmake --install .*": "writes to the system",
    r"ctest .*|build-asan/.*": "step asan",
    r"(LEADBRIDGE_BUILD=\S+ )?tests/faults/run.*": "step faults",
    r"(LEADBRIDGE_BUILD=\S+ )?tests/hostile/run.*": "step hostile",
    r"tests/bench/run.*|\./tests/bench/run.*|deploy/packages.*"
    r"|\./deploy/packages.*": "a measurement is no test",
}
SERVERS = ("leadbridge run", "leadbridge sandbox",
           "leadbridge deliveries tail")


def commands():
    for path in sorted(glob.glob(TOP + "/**/README.md", recursive=True) +
                       [TOP + "/deploy/JOURNAL.md"]):
        if "/build" in path:
            continue
        with open(path) as f:
            text = f.read()
        for block in re.findall(r"```sh\n(.*?)```", text, re.S):
            for line in block.splitlines():
                line = re.sub(r"\s+#.*", "", line).strip()
                if line:
                    yield os.path.relpath(path, TOP), line


def is_elsewhere(line):
    return any(re.fullmatch(p, line) for p in ELSEWHERE)


def secrets_named():
    """The secrets that the mappings of the tree ask for."""
    names = set()
    for path in glob.glob(TOP + "/mappings/*/mapping.cfg"):
        with open(path) as f:
            names.update(re.findall(
                r'^(?:handshake: \{ )?secret\s*=\s*"([^"]+)"',
                f.read(), re.M))
    return names - {"typeform"}


def secret_for(name):
    """One of its own, as two senders with the same are refused."""
    text = f"a secret of {name} and of nobody else".replace(" ", "-")
    if name in ("standard-webhooks", "svix"):
        return "whsec_" + base64.b64encode(text.encode()).decode()
    return text


KEPT = """
route    = "/hooks/kept";
verify:  { type = "none"; };
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.lead}";
update:  { detail = "{$.detail}"; };
"""


def keep_one(house):
    """The id of an event that the journal holds."""
    answer = house.send("/hooks/kept", b'{"lead":"lead_2","detail":"x"}',
                        {"Content-Type": "application/json"})
    return answer.json["data"]["delivery"]


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("readme"),
              settings='journal = { url = "memory:"; };')
    shutil.copytree(os.path.join(TOP, "mappings"), h.path("mappings"),
                    dirs_exist_ok=True)
    for name in ("batch", "param", "wide"):
        shutil.rmtree(h.path(f"mappings/{name}"))
    h.write("event.json", typeform_event().decode())
    for name in secrets_named():
        h.write(f"{name}.secret", secret_for(name) + "\n", 0o600)
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    text = text.replace("token    =", "".join(
        f'{name} = {{ file = "{name}.secret"; }};'
        for name in sorted(secrets_named())) + " token    =")
    h.write("leadbridge.cfg", text)
    h.write("mappings/kept/mapping.cfg", KEPT)
    h.start()
    # Loaded, it goes: the commands are about the tree's mappings.
    shutil.rmtree(h.path("mappings/kept"))
    h.delivery = keep_one(h)
    yield h
    h.close()


def test_there_are_commands_to_run():
    assert len(list(commands())) > 10


@pytest.mark.parametrize("path,line", [
    c for c in commands() if not is_elsewhere(c[1])])
def test_the_command_works(house, path, line):
    line = line.replace("https://localhost:8443",
                        f"https://localhost:{house.tls_port}")
    env = dict(os.environ, ID=house.delivery,
               PATH=os.path.dirname(house.program) + ":" + os.environ["PATH"])
    if line.startswith(SERVERS):
        line = f"timeout --preserve-status -s TERM 3 {line}"
        line = line.replace("-c leadbridge.cfg", "-c second.cfg")
        with open(house.path("leadbridge.cfg")) as f:
            text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", f.read())
        house.write("second.cfg", text)
        if "sandbox" in line and "--make-certs" not in line:
            line += " --listen 127.0.0.1:0"
    p = subprocess.run(line, shell=True, cwd=house.folder, env=env,
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, (path, line, p.stdout, p.stderr)
