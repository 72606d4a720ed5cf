"""Blocks of commands that change a machine, run as the pages have them.

What they write to /etc, /var/lib, /usr/share and /root goes to a folder that
stands for those; what a container or this test has not (systemd, apt, docker)
is a command that only notes how it was called. test_readme.py has the blocks
that can be run as they are, and sees to it that no block is forgotten.
"""

import os
import re
import shutil
import signal
import stat
import subprocess

import pytest

import certs
from house import API_KEY, FORM_SECRET, TYPEFORM, House, free_port, wait_for
from pages import TOP, blocks, pages
from test_modes import accepted, post, route

ABSENT = ("apt", "systemctl", "journalctl", "docker", "editor", "cmake",
          "cpack")


def block(page, begins):
    (found,) = [b for b in blocks(page) if b.text.startswith(begins)]
    return found


class Machine:
    """A folder that stands for the file system, and who runs blocks in it."""

    def __init__(self, build, folder):
        self.root = str(folder / "root")
        self.bin = str(folder / "bin")
        self.calls = str(folder / "calls")
        self.program = os.path.join(build, "leadbridge")
        for name in ("etc/leadbridge/mappings", "etc/leadbridge/secrets",
                     "etc/systemd/system", "usr/share/leadbridge", "root"):
            os.makedirs(os.path.join(self.root, name))
        for name in ("var/lib/leadbridge",):
            os.makedirs(os.path.join(self.root, name), 0o700)
        os.mkdir(self.bin)
        for name in ABSENT:
            self.stub(os.path.join(self.bin, name))
        os.symlink(self.program, os.path.join(self.bin, "leadbridge"))
        open(self.calls, "w").close()

    def stub(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write('#!/bin/sh\necho "${0##*/} $*" >>' + self.calls + "\n")
        os.chmod(path, 0o755)

    def called(self):
        with open(self.calls) as f:
            return f.read().splitlines()

    def at(self, path):
        return self.root + path

    def rewritten(self, text):
        return re.sub(r"(?<![\w.}])/(etc|var/lib|usr/share|root)\b(?=/|\s|$)",
                      self.root + r"/\1", text)

    def play(self, text, cwd, code=0, **env):
        done = subprocess.run(
            ["bash", "-eu", "-c", self.rewritten(text)], cwd=cwd, text=True,
            capture_output=True, timeout=60,
            env=dict(os.environ, PATH=self.bin + ":" + os.environ["PATH"],
                     **env))
        assert done.returncode == code, (text, done.stdout, done.stderr)
        return done.stdout

    def settle(self, certificate):
        """The settings as the package has them, with this root's paths."""
        path = self.at("/etc/leadbridge/leadbridge.cfg")
        with open(path) as f:
            text = f.read()
        assert "/run/credentials/leadbridge.service/" in text
        with open(path, "w") as f:
            f.write(self.rewritten(text).replace(
                "/run/credentials/leadbridge.service",
                self.at("/etc/leadbridge/secrets")))
        shutil.copy(certificate, self.at("/etc/leadbridge/server.pem"))
        return path

    def check(self, settings, cwd=TOP):
        self.play(f"leadbridge check -c {settings}", cwd,
                  CREDENTIALS_DIRECTORY=self.at("/etc/leadbridge/secrets"))


@pytest.fixture
def machine(build, tmp_path):
    return Machine(build, tmp_path)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def put(folder, **files):
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as f:
            f.write(text + "\n")


def fill_secrets(folder, localhost):
    put(folder, leadsail=API_KEY, typeform=FORM_SECRET)
    shutil.copy(localhost.key, os.path.join(folder, "server.key"))
    shutil.copy(localhost.chain, os.path.join(folder, "server.pem"))
    for name in ("leadsail", "typeform", "server.key"):
        os.chmod(os.path.join(folder, name), 0o600)


def test_the_package_in_five_minutes(machine, tmp_path, localhost):
    """README: what the package brings is there; what is to be done is."""
    tree = tmp_path / "tree"
    (tree / "build").mkdir(parents=True)
    machine.stub(str(tree / "deploy/packages"))
    shutil.copytree(os.path.join(TOP, "mappings"),
                    machine.at("/usr/share/leadbridge/mappings"))
    shutil.copy(os.path.join(TOP, "deploy/leadbridge.cfg"),
                machine.at("/etc/leadbridge"))
    fill_secrets(tree, localhost)
    machine.play(block("README.md", "deploy/packages package").text, tree)
    for name in ("leadsail", "typeform", "server.key"):
        assert mode(machine.at("/etc/leadbridge/secrets/" + name)) == 0o600
    machine.check(machine.settle(localhost.chain))
    calls = machine.called()
    assert "packages package" in calls and "cpack -G DEB" in calls
    assert "systemctl enable --now leadbridge" in calls


def test_one_machine_without_a_package(machine, localhost):
    machine.play(block("deploy/README.md",
                       "install -d /etc/leadbridge;").text, TOP)
    assert mode(machine.at("/etc/leadbridge/secrets")) == 0o700
    fill_secrets(machine.at("/etc/leadbridge/secrets"), localhost)
    shutil.copytree(os.path.join(TOP, "mappings/typeform"),
                    machine.at("/etc/leadbridge/mappings/typeform"))
    machine.check(machine.settle(localhost.chain))
    with open(machine.at("/etc/systemd/system/leadbridge.service")) as f:
        assert "ExecStart=" in f.read()
    assert machine.called()[:2] == ["systemctl daemon-reload",
                                    "systemctl enable --now leadbridge"]


def test_the_settings_of_the_five_minutes_pass_check(machine, tmp_path,
                                                     localhost):
    fill_secrets(tmp_path, localhost)
    for name, of in (("leadsail.key", "leadsail"),
                     ("typeform.secret", "typeform")):
        shutil.copy(tmp_path / of, machine.at("/etc/leadbridge/" + name))
    shutil.copytree(os.path.join(TOP, "mappings/typeform"),
                    tmp_path / "mappings/typeform")
    (tmp_path / "leadbridge.cfg").write_text(machine.rewritten(
        block("README.md", "listen    = (").text))
    machine.check("leadbridge.cfg", tmp_path)


# Names that whoever writes the settings chooses.
CHOSEN = {"leadsail", "typeform", "k", "admin"}


def settings_shown():
    """(page, text) of the settings that pages show; mappings/README.md has a
    test of its own."""
    for page in pages():
        for b in blocks(page):
            if page != "mappings/README.md" and b.kind in ("", "cfg") and \
                    re.match(r"\{? ?\w+ *[=:] ", b.text):
                yield page, b.text


def test_settings_in_the_pages_are_of_the_program(machine):
    known = {name for page in ("leadbridge.cfg", "leadbridge-mapping")
             for name in re.findall(
                 r'^\.It Cm "\\&(\w+)"', machine.play(
                     "leadbridge manual " + page, TOP), re.M)}
    seen = 0
    for page, text in settings_shown():
        bare = re.sub(r'"[^"]*"|(#|//).*', "", text)
        for name in re.findall(r"(\w+)\s*[=:]", bare):
            assert name in known | CHOSEN, (page, name)
            seen += 1
    assert seen > 30


def test_the_hook_of_certbot(machine, tmp_path):
    renewed = tmp_path / "renewed"
    renewed.mkdir()
    put(renewed, **{"fullchain.pem": "chain", "privkey.pem": "key"})
    machine.play(block("deploy/README.md", "#!/bin/sh -e").text, TOP,
                 RENEWED_LINEAGE=str(renewed))
    with open(machine.at("/etc/leadbridge/secrets/server.key")) as f:
        assert f.read() == "key\n"
    assert mode(machine.at("/etc/leadbridge/secrets/server.key")) == 0o600
    assert mode(machine.at("/etc/leadbridge/server.pem")) == 0o644
    assert machine.called() == ["systemctl restart leadbridge"]


def test_the_doctor_of_a_bridge_that_runs(machine, build):
    h = House(build, machine.at("/etc/leadbridge")).start()
    said = machine.play(block("deploy/README.md", "leadbridge doctor").text,
                        h.folder)
    assert "the API accepts the key" in said and " 0 faults" in said
    assert h.close() == 0


def test_the_key_store_from_nothing(machine, build, tmp_path):
    """The values are asked for: each command gets its own."""
    h = House(build, tmp_path / "house", mappings={"typeform": TYPEFORM})
    settings = machine.rewritten(block("deploy/README.md",
                                       "key_store =").text)
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", re.sub(
        r"secrets   = \{.*?\}; \};\n", lambda _: settings, text, flags=re.S))
    values = ('leadbridge() { case "$*" in *leadsail) echo ' + API_KEY +
              ";; *) echo " + FORM_SECRET +
              '; esac | command leadbridge "$@"; }\n')
    said = machine.play(values + block("deploy/README.md", "(umask 077;").text,
                        h.folder)
    assert "leadsail" in said and API_KEY not in said
    assert mode(machine.at("/etc/leadbridge/secrets/leadbridge-unlock")) == \
        0o600
    with open(machine.at("/var/lib/leadbridge/keys.store"), "rb") as f:
        stored = f.read()
    assert API_KEY.encode() not in stored
    h.start(dict(os.environ, CREDENTIALS_DIRECTORY=machine.at(
        "/etc/leadbridge/secrets")))
    assert h.typeform().status == 200
    assert h.close() == 0


def sqlite_house(build, folder):
    """One that was stopped, with an update in its journal."""
    h = House(build, folder, upstream=f"http://127.0.0.1:{free_port()}",
              mappings={"queue": route("queue")},
              settings='journal = { url = "sqlite:journal.db"; };').start()
    accepted(post(h, "queue", {"lead": "l1", "detail": "x"}))
    assert h.stop(signal.SIGTERM) == 0
    return h


POSTGRES = r"'?\"?postgresql://[^\s'\"]*'?\"?"


def test_a_journal_is_checked_and_moved(machine, build, tmp_path):
    """Into another file; tests/unit/journal moves it to PostgreSQL."""
    h = sqlite_house(build, tmp_path / "house")
    text = block("deploy/JOURNAL.md", "leadbridge journal check").text
    said = machine.play(re.sub(POSTGRES, "sqlite:moved.db", text), h.folder)
    assert re.search(r"^waiting +1$", said, re.M)
    assert "1 updates and 0 dedupe keys are copied" in said
    h.run("journal", "check")


def test_the_move_to_postgresql_begins_with_a_copy(machine, build, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("it is root who moves a journal of another user's")
    h = sqlite_house(build, tmp_path / "house")
    for name in os.listdir(h.folder):
        if name.startswith("journal.db"):
            shutil.copy(h.path(name), machine.at("/var/lib/leadbridge"))
            os.chown(machine.at("/var/lib/leadbridge/" + name), 12345, -1)
    text = block("deploy/README.md", "install -d -m 700 /root/move").text
    assert "PGPASSFILE=" in text
    machine.play(re.sub(POSTGRES, "sqlite:moved.db", text), h.folder)
    assert mode(machine.at("/root/move")) == 0o700
    assert mode(h.path("moved.db")) == 0o600


def test_deliveries_of_a_node_are_asked_for_with_its_token(machine, build):
    h = House(build, machine.at("/etc/leadbridge"),
              settings='journal = { url = "memory:"; };')
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", re.sub(
        r"(admin     = \{ address = \S+)", r'\1 token = "admin";',
        text).replace("secrets   = {",
                      'secrets   = { admin = { credential = "admin"; };'))
    secrets = machine.at("/etc/leadbridge/secrets")
    put(secrets, admin="the token of the administrator")
    os.chmod(secrets + "/admin", 0o600)
    h.start(dict(os.environ, CREDENTIALS_DIRECTORY=secrets))
    shutil.copy(h.ca, machine.at("/etc/leadbridge/ca.pem"))
    text = block("deploy/README.md", "CREDENTIALS_DIRECTORY=").text
    machine.play(text, h.folder)
    machine.play(text.replace("/secrets ", "/nowhere ", 1), h.folder, code=3)
    assert h.close() == 0


def test_two_nodes_in_containers(machine, tmp_path, localhost):
    """All but docker itself: the secrets that are made, and whose they are."""
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    shutil.copytree(os.path.join(TOP, "deploy/two-nodes"),
                    tmp_path / "tree/deploy/two-nodes")
    first, *rest = block("deploy/README.md",
                         "cd deploy/two-nodes").text.splitlines()
    said = machine.play(first, tmp_path / "tree")
    missing = re.findall(r"missing: secrets/(\S+)", said)
    assert missing == ["leadsail", "typeform", "server.pem", "server.key"]
    two = tmp_path / "tree/deploy/two-nodes"
    fill_secrets(two / "secrets", localhost)
    machine.play("\n".join(rest), two)
    assert os.stat(two / "secrets/leadsail").st_uid == 10001
    assert os.stat(two / "secrets/postgres.key").st_uid == 999
    assert machine.called() == ["docker compose up --build"]


# ---------------------------------------------------------------- certs/

def test_the_pin_that_is_made_is_the_certificate_s(machine, tmp_path, ca):
    leaf = ca.issue("pinned", san=["DNS:localhost"])
    shutil.copy(leaf.pem, tmp_path / "a.pem")
    said = machine.play(block("certs/README.md",
                              "openssl x509 -in a.pem").text, tmp_path)
    assert "sha256/" + said.strip() == certs.pin(leaf)


def test_an_ocsp_answer_is_fetched(machine, tmp_path):
    root = certs.Authority(tmp_path / "ca")
    port = free_port()
    leaf = root.issue("a", san=["DNS:localhost"], extra=[
        f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{port}"])
    shutil.copy(leaf.pem, tmp_path / "a.pem")
    shutil.copy(root.pem, tmp_path / "issuer.pem")
    log = tmp_path / "responder.log"
    with open(log, "w") as out:
        responder = subprocess.Popen(
            ["openssl", "ocsp", "-index", os.path.join(root.work, "index"),
             "-CA", root.pem, "-rsigner", root.pem, "-rkey", root.key,
             "-port", str(port), "-ndays", "7"], stdout=out, stderr=out)
    try:
        wait_for(lambda: "waiting for OCSP client" in log.read_text(),
                 what="the responder")
        machine.play(block("certs/README.md", "openssl ocsp").text, tmp_path)
    finally:
        responder.kill()
        responder.wait()
    shutil.copy(leaf.key, tmp_path / "a.key")
    certs.join(tmp_path / "a.pem", [leaf, root])
    (tmp_path / "leadbridge.cfg").write_text(
        'listen = ( { address = "127.0.0.1:0"; certificate = "a.pem"; '
        'key = "a.key"; ocsp = "a.ocsp"; } );\nupstreams = { leadsail = { '
        'url = "https://api.example"; api_key = "k"; }; };\n'
        'secrets = { k = { file = "k"; }; };\nroutes = "mapping.cfg";\n')
    put(tmp_path, k=API_KEY, **{"mapping.cfg": TYPEFORM.replace(
        'sender   = "typeform";', 'verify: { type = "none"; };').replace(
            'secret   = "typeform";', "")})
    os.chmod(tmp_path / "k", 0o600)
    machine.check("leadbridge.cfg", tmp_path)
