"""What deploy/ gives to an operator: its files are what they say they are."""

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess

import pytest

from house import (FORM_SECRET, Answer, House, free_port, typeform_sign,
                   wait_for)
from journal_api import Api

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
DEPLOY = os.path.join(TOP, "deploy")
TWO = os.path.join(DEPLOY, "two-nodes")
CREDENTIALS = "/run/credentials/leadbridge.service"
ADMIN_TOKEN = "e2e-admin-token"
RELAY = 'mode     = "relay";'

UNIT = os.path.join(DEPLOY, "leadbridge.service")
NOTIFY_RELOAD = os.path.join(DEPLOY, "notify-reload.conf")
DROP_IN = os.path.join(TWO, "two-nodes.conf")
COMPOSE = os.path.join(TWO, "compose.yaml")
ONE_CFG = os.path.join(DEPLOY, "leadbridge.cfg")
TWO_CFG = os.path.join(TWO, "leadbridge.cfg")
ALIVE = "deploy/container-alive"


def read(path):
    with open(path) as f:
        return f.read()


def tool(name):
    """Its path; where it is not installed, the test says so and is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


COUNT = itertools.count()


def event(lead="lead_abc123"):
    return json.dumps({
        "event_id": f"01H8V7XQ{next(COUNT)}", "event_type": "form_response",
        "form_response": {
            "form_id": "lT4Z3j", "token": lead,
            "hidden": {"lead_id": lead}, "definition": {"fields": []},
            "answers": [{"type": "email", "email": "laura@example.com",
                         "field": {"id": "f1", "ref": "email"}}]}}).encode()


class Place(House):
    """A machine that was set up as deploy/ says, but for paths and ports."""

    def __init__(self, build, folder, settings, api, journal=None):
        mapping = read(TOP + "/mappings/typeform/mapping.cfg")
        assert RELAY in mapping
        super().__init__(build, folder, upstream="http://127.0.0.1:9",
                         mappings={"typeform": mapping.replace(
                             RELAY, 'mode = "queue";')})
        secrets = {"leadsail": "e2e-api-key", "typeform": FORM_SECRET,
                   "admin": ADMIN_TOKEN, "journal": "0f" * 32}
        for name, value in secrets.items():
            self.write(f"credentials/{name}", value + "\n", 0o400)
        self.certify()
        os.mkdir(self.path("state"), 0o700)
        self.exposed = "token" in settings
        self.write("leadbridge.cfg", self.moved(settings, api, journal))

    def certify(self, certs=None):
        """One certificate, for webhooks and for the admin endpoint."""
        for name, kept in (("server.key", "credentials/server.key"),
                           ("server.key", "credentials/admin.key"),
                           ("server.pem", "server.pem"),
                           ("server.pem", "admin.pem")):
            shutil.copy(os.path.join(certs or self.certs, name),
                        self.path(kept))

    def moved(self, text, api, journal):
        text = text.replace(CREDENTIALS, self.path("credentials"))
        text = text.replace("/var/lib/leadbridge", self.path("state"))
        text = text.replace("0.0.0.0:8443", f"127.0.0.1:{self.tls_port}")
        if "admin     =" in text:
            text = text.replace("0.0.0.0:9180", f"127.0.0.1:{self.admin_port}")
        else:
            text += (f'\nadmin = {{ address = "127.0.0.1:{self.admin_port}"; '
                     "};\n")
        if api is not None:
            text = text.replace("https://api.leadsail.app", api.url)
        if journal is not None:
            text = re.sub(r'"postgresql://[^"]*"', f'"{journal}"', text)
        return text

    def start(self, env=None, under=()):
        env = dict(os.environ, **(env or {}),
                   CREDENTIALS_DIRECTORY=self.path("credentials"))
        self.bridge = subprocess.Popen(
            [*under, self.program, "run", "-c", self.path("leadbridge.cfg")],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            stderr=open(self.path("bridge.log"), "a"))
        wait_for(self.is_ready, what="readiness")
        return self

    def check(self):
        return subprocess.run(
            [self.program, "check", "-c", self.path("leadbridge.cfg")],
            env=dict(os.environ,
                     CREDENTIALS_DIRECTORY=self.path("credentials")),
            capture_output=True, text=True, timeout=60)

    def admin(self, path, method="GET", token=ADMIN_TOKEN):
        if not self.exposed:
            return super().admin(path, method)
        c = http.client.HTTPSConnection(
            "localhost", self.admin_port, timeout=20,
            context=ssl.create_default_context(cafile=self.ca))
        c.request(method, path, headers={"Authorization": f"Bearer {token}"})
        return Answer(c.getresponse())

    def webhook(self, lead="lead_abc123", port=None):
        body = event(lead)
        c = http.client.HTTPSConnection(
            "localhost", port or self.tls_port, timeout=30,
            context=ssl.create_default_context(cafile=self.ca))
        try:
            return self.send("/hooks/typeform", body, typeform_sign(body),
                             connection=c)
        finally:
            c.close()


@pytest.fixture
def api():
    a = Api()
    yield a
    a.release()
    a.close()


# ------------------------------------------------------------ the settings

@pytest.mark.parametrize("file", [ONE_CFG, TWO_CFG])
def test_the_settings_pass_check(build, tmp_path, file):
    p = Place(build, tmp_path, read(file), None)
    done = p.check()
    assert done.returncode == 0, done.stderr
    assert "ok, 1 route\n" in done.stdout
    assert done.stderr == ""       # nor is anything warned of


def test_a_fault_in_the_settings_is_found(build, tmp_path):
    """The check above looks at all of the file."""
    p = Place(build, tmp_path, read(TWO_CFG), None)
    os.remove(p.path("credentials/journal"))
    done = p.check()
    assert done.returncode == 1
    assert "journal" in done.stderr


def credentials(path):
    """What a settings file takes from CREDENTIALS_DIRECTORY."""
    text = read(path)
    return set(re.findall(r'credential = "([^"]+)"', text)
               + re.findall(re.escape(CREDENTIALS) + r'/([^"]+)"', text))


def loaded(*units):
    return {name for unit in units for name in
            re.findall(r"^LoadCredential=([^:]+):", read(unit), re.M)}


def test_the_unit_hands_over_what_the_settings_take():
    assert credentials(ONE_CFG) == loaded(UNIT)
    assert credentials(TWO_CFG) | {"pgpass"} == loaded(UNIT, DROP_IN)


# ------------------------------------------------------------------ systemd

@pytest.fixture
def unit(build, tmp_path):
    """The unit and its drop-in, with a program that is there."""
    program = os.path.join(build, "leadbridge")
    text = read(UNIT)
    assert "ExecStart=/usr/local/bin/leadbridge run" in text
    path = tmp_path / "leadbridge.service"
    path.write_text(text.replace("/usr/local/bin/leadbridge", program))
    (tmp_path / "leadbridge.service.d").mkdir()
    shutil.copy(DROP_IN, tmp_path / "leadbridge.service.d/two-nodes.conf")
    return path


def analyze(*args):
    return subprocess.run([tool("systemd-analyze"), *args], text=True,
                          capture_output=True, timeout=60)


def test_systemd_takes_the_unit(unit):
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "leadbridge" not in said and "two-nodes" not in said


def test_the_unit_is_confined(unit):
    done = analyze("security", "--offline=true", "--threshold=15",
                   "--no-pager", str(unit))
    assert done.returncode == 0, done.stdout
    assert re.search(r"Overall exposure level.*: 1\.\d OK", done.stdout)


def test_the_unit_has_room_for_every_worker(build):
    """As many as the settings allow, and threads besides."""
    manual = subprocess.run([os.path.join(build, "leadbridge"), "manual",
                             "leadbridge.cfg"], text=True, check=True,
                            capture_output=True).stdout
    most = re.search(r'"\\&workers"\n.*\nThis is a whole number between 0 '
                     r"and (\d+);", manual)[1]
    tasks = re.search(r"^TasksMax=(\d+)$", read(UNIT), re.M)[1]
    assert int(tasks) >= int(most) + 32


def test_the_unit_stays_down_where_only_a_person_can_help(build):
    """As the manual has it; 243 is systemd's, of a credential."""
    text = read(UNIT)
    codes = re.search(r"^RestartPreventExitStatus=(.*)$", text, re.M)[1]
    said = subprocess.run([os.path.join(build, "leadbridge"), "--help"],
                          text=True, check=True, capture_output=True).stdout
    assert "2 usage," in said and "78 run refuses its settings" in said
    assert codes.split() == ["2", "78", "243"]
    assert "\nRestart=on-failure\n" in text


def test_the_type_of_later_systemds_is_a_drop_in(unit):
    """It adds one setting; an older systemd says that, and goes on without."""
    settings = [line for line in read(NOTIFY_RELOAD).splitlines()
                if line and not line.startswith("#")]
    assert settings == ["[Service]", "Type=notify-reload"]
    shutil.copy(NOTIFY_RELOAD, unit.parent / "leadbridge.service.d")
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if "leadbridge" in line]
    version = int(re.match(r"systemd (\d+)", analyze("--version").stdout)[1])
    if version >= 253:
        assert (done.returncode, said) == (0, [])
    else:
        assert len(said) == 1 and "ignoring: notify-reload" in said[0]


@pytest.mark.parametrize("file, limit, settings", [
    (UNIT, r"^MemoryMax=(\d+)G$", ONE_CFG),
    (COMPOSE, r"^  mem_limit: (\d+)g$", TWO_CFG)])
def test_what_may_be_taken_is_what_the_settings_let_be_taken(
        build, tmp_path, file, limit, settings):
    """By default, on a machine of four cores; `doctor` tells of others."""
    p = Place(build, tmp_path, read(settings) + "\nworkers = 4;\n", None)
    worst = int(re.search(r"^worst case: (\d+) MB", p.check().stdout,
                          re.M)[1])
    # The journal and the program itself come on top.
    assert 1000 < worst < int(re.search(limit, read(file), re.M)[1]) * 1024 - 256


def calls_of(name):
    """The calls of a set of systemd's, and of those it names."""
    calls = set()
    for word in analyze("syscall-filter", name).stdout.split("\n")[1:]:
        word = word.strip()
        if word.startswith("@"):
            calls |= calls_of(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def allowed_calls():
    allow, deny = set(), set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", read(UNIT), re.M):
        to = deny if line.startswith("~") else allow
        for name in line.lstrip("~").split():
            to |= calls_of(name) if name.startswith("@") else {name}
    assert len(allow) > 200 and "setuid" in deny
    return allow - deny


def test_the_unit_allows_what_the_bridge_does(build, tmp_path, api):
    strace = tool("strace")
    allowed = allowed_calls()
    p = Place(build, tmp_path, read(ONE_CFG), api)
    calls = p.path("calls")
    p.start(env={"ASAN_OPTIONS": "detect_leaks=0"},
            under=[strace, "-D", "-f", "-qq", "-o", calls])
    assert p.webhook().status == 202
    wait_for(lambda: api.calls, what="a delivery")
    assert p.stop() == 0
    trace = read(calls)
    used = set(re.findall(r"^\d+ +([a-z]\w*)\(", trace, re.M))
    assert {"accept4", "fdatasync", "connect"} <= used
    # The first is systemd's, before the filter; the other SQLite's, of root.
    assert used - allowed - {"execve", "fchown"} == set()
    # MemoryDenyWriteExecute
    assert not re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC", trace)


# ------------------------------------------------------------- the container

def named_files():
    """Paths in compose.yaml of what has to be in the tree."""
    return [path for path in re.findall(r"[\s:](\.{1,2}/[^\s:,}]+)",
                                        read(COMPOSE))
            if not path.startswith("./secrets/")]


def test_compose_names_files_that_are_there():
    files = named_files()
    assert "./haproxy.cfg" in files and "../../mappings/typeform" in files
    for path in files:
        assert os.path.exists(os.path.join(TWO, path)), path


def test_the_containerfile_names_files_that_are_there():
    text = read(os.path.join(DEPLOY, "Containerfile"))
    sources = [path for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text,
                                           re.M) for path in line.split()]
    assert "bridge" in sources and "CHANGELOG.md" in sources
    for path in sources:
        assert os.path.exists(os.path.join(TOP, path)), path
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.M)
    # What is copied last is what the healthcheck runs.
    assert f"COPY {ALIVE} /usr/bin/container-alive\n" in text
    assert re.search(r'^HEALTHCHECK .* CMD \["container-alive"\]$', text, re.M)
    assert 'ENTRYPOINT ["/usr/bin/leadbridge"]\n' in text


def alive(env):
    return subprocess.run([os.path.join(TOP, ALIVE)], env=dict(
        os.environ, **env), capture_output=True, text=True,
        timeout=30).returncode == 0


def test_the_healthcheck_asks_the_admin_endpoint(build, tmp_path):
    h = House(build, tmp_path)
    env = {"LEADBRIDGE_ADMIN": f"127.0.0.1:{h.admin_port}"}
    assert not alive(env)
    h.start()
    # It waits for four seconds, which a busy machine may take.
    wait_for(lambda: alive(env))
    assert not alive({"LEADBRIDGE_ADMIN": f"127.0.0.1:{free_port()}"})
    # Something else that answers is not it.
    assert not alive({"LEADBRIDGE_ADMIN": f"127.0.0.1:{h.port}"})
    h.close()
    assert not alive(env)


def test_the_healthcheck_of_an_endpoint_with_a_certificate(build, tmp_path,
                                                          api):
    text = re.sub(r"journal   = \{ url.*?\};", "", read(TWO_CFG), flags=re.S)
    p = Place(build, tmp_path, text, api)
    p.write("mappings/typeform/mapping.cfg", read(
        TOP + "/mappings/typeform/mapping.cfg"))
    env = {"LEADBRIDGE_ADMIN": f"localhost:{p.admin_port}",
           "LEADBRIDGE_ADMIN_CA": p.ca}
    p.start()
    wait_for(lambda: alive(env))
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-subj", "/CN=other", "-keyout", tmp_path / "other.key",
                    "-out", other], check=True, capture_output=True)
    assert not alive(dict(env, LEADBRIDGE_ADMIN_CA=str(other)))
    assert p.close() == 0


@pytest.fixture(scope="module")
def compose():
    yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
    return yaml.safe_load(read(COMPOSE))


def test_every_container_is_confined(compose):
    assert set(compose["services"]) == {"bridge-a", "bridge-b", "front",
                                        "postgres"}
    for name, s in compose["services"].items():
        assert s["read_only"] is True, name
        assert s["cap_drop"] == ["ALL"], name
        assert s["security_opt"] == ["no-new-privileges:true"], name
        assert not s["user"].startswith(("0", "root")), name
        assert "privileged" not in s and "network_mode" not in s, name


def test_only_the_front_is_reached_from_outside(compose):
    assert [n for n, s in compose["services"].items() if "ports" in s] == [
        "front"]
    assert compose["networks"]["journal"] == {"internal": True}
    assert compose["services"]["postgres"]["networks"] == ["journal"]


def test_compose_hands_over_what_the_settings_take(compose):
    for name in ("bridge-a", "bridge-b"):
        s = compose["services"][name]
        targets = {os.path.basename(x["target"]) for x in s["secrets"]}
        assert targets == credentials(TWO_CFG) | {"pgpass"}
        assert all(os.path.dirname(x["target"]) == CREDENTIALS
                   for x in s["secrets"])
        assert s["environment"] == {
            "CREDENTIALS_DIRECTORY": CREDENTIALS,
            "LEADBRIDGE_ADMIN_CA": "/etc/leadbridge/ca.pem",
            "PGPASSFILE": CREDENTIALS + "/pgpass"}
    used = {x if isinstance(x, str) else x["source"]
            for s in compose["services"].values()
            for x in s.get("secrets", [])}
    assert used == set(compose["secrets"])
    for name, s in compose["secrets"].items():
        assert s == {"file": f"./secrets/{name}"}


def test_the_secrets_that_are_made_fit(build, tmp_path):
    made = tmp_path / "secrets"
    make = os.path.join(TWO, "make-secrets")
    done = subprocess.run([make, made], capture_output=True, text=True,
                          timeout=60, check=True)
    missing = {"leadsail", "typeform", "server.pem", "server.key"}
    assert {os.path.basename(line) for line in done.stdout.splitlines()
            } == missing
    mounted = set(re.findall(r"\./secrets/([a-z.]+)", read(COMPOSE)))
    assert {f.name for f in made.iterdir()} == mounted - missing | {"ca.key"}
    for name in mounted - missing:
        mode = (made / name).stat().st_mode & 0o777
        assert mode == (0o644 if name.endswith(".pem") else 0o600), name
    for name, host in (("admin", "leadbridge"), ("postgres", "postgres")):
        openssl = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", "sslserver",
             "-verify_hostname", host, "-CAfile", made / "ca.pem",
             made / f"{name}.pem"], capture_output=True, text=True)
        assert openssl.returncode == 0, openssl.stderr

    assert re.fullmatch(r"[0-9a-f]{64}\n", (made / "journal").read_text())
    p = Place(build, tmp_path / "node", read(TWO_CFG), None)
    for name in ("admin", "journal", "admin.key"):
        shutil.copy(made / name, p.path("credentials"))
    shutil.copy(made / "admin.pem", p.path("admin.pem"))
    assert p.check().returncode == 0

    before = {f.name: f.read_bytes() for f in made.iterdir()}
    subprocess.run([make, made], capture_output=True, timeout=60, check=True)
    assert before == {f.name: f.read_bytes() for f in made.iterdir()}


# openssl as it is on a full disk, from the call on that is told: a certificate
# is empty and it ends with 0, a number is half there and it does not.
FULL_DISK = """#!/bin/sh
case $1 in req|rand) echo >>"$CALLS" ;; esac
[ "$(wc -l <"$CALLS")" -ge "$FULL" ] || exec "$OPENSSL" "$@"
case $1 in
rand) printf 0f; exit 1 ;;
x509) exec "$OPENSSL" "$@" ;;
esac
for word; do
    case $before in -keyout|-out) : >"$word" ;; esac
    before=$word
done
"""


@pytest.mark.parametrize("full", range(1, 7))
def test_secrets_half_made_are_made_again(tmp_path, full):
    stub = tmp_path / "bin" / "openssl"
    stub.parent.mkdir()
    stub.write_text(FULL_DISK)
    stub.chmod(0o755)
    (tmp_path / "calls").touch()
    env = dict(os.environ, PATH=f"{stub.parent}:{os.environ['PATH']}",
               CALLS=str(tmp_path / "calls"), OPENSSL=tool("openssl"),
               FULL=str(full))
    made = tmp_path / "the secrets"

    def make(env=None):
        return subprocess.run([os.path.join(TWO, "make-secrets"), made],
                              capture_output=True, text=True, timeout=60,
                              env=env)

    done = make(env)
    assert done.returncode == 1 and "missing" not in done.stdout
    if full <= 3:
        assert "was not made" in done.stderr
    assert not [f for f in made.iterdir() if f.name.startswith("new")]
    kept = {f.name: f.read_bytes() for f in made.iterdir()
            if f.suffix != ".key"}
    assert len(kept) == full - 1 and all(kept.values())

    assert make().returncode == 0
    assert kept.items() <= {f.name: f.read_bytes()
                            for f in made.iterdir()}.items()
    assert len((made / "journal").read_text()) == 65
    for name in ("ca", "admin", "postgres"):
        assert subprocess.run(
            ["openssl", "verify", "-CAfile", made / "ca.pem",
             made / f"{name}.pem"], capture_output=True).returncode == 0
        keys = {subprocess.run(["openssl", *what], capture_output=True,
                               check=True).stdout
                for what in (("pkey", "-pubout", "-in", made / f"{name}.key"),
                             ("x509", "-noout", "-pubkey", "-in",
                              made / f"{name}.pem"))}
        assert len(keys) == 1


def test_an_image_s_build_is_given_no_secret():
    """All of the tree but what is listed stays out; what is copied is listed,
    and what make-secrets makes beside compose.yaml is not."""
    first, *rest = [line for line in read(DEPLOY + "/Containerfile.dockerignore").split("\n")
                    if line and not line.startswith("#")]
    assert first == "*"
    given = {line[1:] for line in rest if line.startswith("!")}
    copied = [line.split()[1:-1] for line in
              read(DEPLOY + "/Containerfile").splitlines()
              if line.startswith("COPY ") and "--from" not in line]
    assert given == {name.split("/")[0] for names in copied for name in names}
    assert "deploy/two-nodes/secrets" in rest[len(given):]
    assert "/deploy/two-nodes/secrets/" in read(TOP + "/.gitignore")


# -------------------------------------------------------------- the front

def haproxy_cfg(folder, ca, **replaced):
    text = read(os.path.join(TWO, "haproxy.cfg"))
    text = text.replace("/etc/haproxy/ca.pem", ca)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    path = os.path.join(folder, "haproxy.cfg")
    with open(path, "w") as f:
        f.write(text)
    return path


def test_haproxy_takes_its_settings(tmp_path, ca):
    haproxy = tool("haproxy")
    done = subprocess.run(
        [haproxy, "-c", "-f", haproxy_cfg(
            tmp_path, ca.pem, **{"bridge-a": "127.0.0.1",
                                 "bridge-b": "127.0.0.2"})],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


# -------------------------------------------------------------- two nodes

@pytest.fixture
def nodes(build, tmp_path, postgres, api):
    two = [Place(build, tmp_path / name, read(TWO_CFG), api, postgres)
           for name in ("a", "b")]
    two[1].certify(two[0].certs)
    two[1].ca = two[0].ca
    for p in two:
        p.start()
    yield two
    api.release()
    for p in two:
        assert p.close() in (0, None)


def test_the_admin_endpoint_asks_for_the_token_but_not_for_health(nodes):
    assert nodes[0].admin("/readyz", token="").status == 200
    assert nodes[0].admin("/metrics", token="").status == 401
    assert nodes[0].admin("/metrics").status == 200


def test_what_one_node_took_the_other_delivers(nodes, api):
    a, b = nodes
    api.plan["lead_left"] = [503]
    assert a.webhook("lead_left").status == 202
    wait_for(lambda: api.calls, what="the first try")
    assert a.stop() == 0
    wait_for(lambda: len(api.calls) == 2, what="the second try")
    assert api.calls[0] == api.calls[1]
    wait_for(lambda: b.admin("/deliveries?lead=lead_left").json["data"]
             ["items"][0]["state"] == "done", what="its end")


def test_a_node_that_ends_is_not_missed(nodes, api, tmp_path):
    """A rolling restart behind the front: every webhook is answered 202."""
    haproxy = tool("haproxy")
    a, b = nodes
    port = free_port()
    cfg = haproxy_cfg(
        tmp_path, a.ca,
        **{"bind :8443": f"bind 127.0.0.1:{port}",
           "timeout check   3s": "timeout check   30s",
           "check port 9180 ": "check ",
           "verifyhost leadbridge": "verifyhost localhost",
           "a bridge-a:8443": f"a 127.0.0.1:{a.tls_port} "
                              f"port {a.admin_port}",
           "b bridge-b:8443": f"b 127.0.0.1:{b.tls_port} "
                              f"port {b.admin_port}"})
    log_file = tmp_path / "haproxy.log"
    with open(log_file, "w") as log:
        front = subprocess.Popen([haproxy, "-W", "-db", "-f", cfg],
                                 stdout=log, stderr=log)
    try:
        def reached():
            try:
                return a.webhook("lead_first", port).status == 202
            except OSError:
                return False
        wait_for(reached, what="the front")
        for name, node in (("a", a), ("b", b)):
            for i in range(10):
                assert a.webhook(f"lead_{i}", port).status == 202
            node.bridge.send_signal(signal.SIGTERM)
            for i in range(20):
                assert a.webhook(f"lead_{i}", port).status == 202
            assert node.bridge.wait(timeout=30) == 0
            node.start()
            seen = len(read(log_file))

            def is_back():
                assert a.webhook(port=port).status == 202
                return f"bridges/{name} " in read(log_file)[seen:]
            wait_for(is_back, what="the front using it again")
    finally:
        front.terminate()
        front.wait(timeout=30)


# ------------------------------------------------------------- one machine

def copy_of(place, to):
    """sqlite3 journal.db '.backup COPY', by the same interface."""
    with contextlib.closing(sqlite3.connect(
            place.path("state/journal.db"), timeout=0.1)) as db:
        # backup() itself would wait for the lock, for ever.
        db.execute("SELECT count(*) FROM sqlite_schema")
        with contextlib.closing(sqlite3.connect(to)) as out:
            db.backup(out)


def test_a_journal_is_copied_while_the_bridge_is_down(build, tmp_path, api):
    p = Place(build, tmp_path, read(ONE_CFG), api)
    api.plan["lead_kept"] = [503] * 9
    p.start()
    assert p.webhook("lead_kept").status == 202
    wait_for(lambda: api.calls, what="the first try")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        copy_of(p, p.path("early.db"))
    assert p.stop() == 0
    copy_of(p, p.path("copy.db"))

    # The machine is lost; the copy goes where the journal was.
    shutil.rmtree(p.path("state"))
    os.mkdir(p.path("state"), 0o700)
    os.rename(p.path("copy.db"), p.path("state/journal.db"))
    os.chmod(p.path("state/journal.db"), 0o600)
    api.plan.clear()
    p.start()
    wait_for(lambda: len(api.calls) > 1, what="its delivery")
    assert api.calls[-1] == api.calls[0]
    assert p.close() == 0


def test_the_metrics_to_watch_are_there(build, tmp_path, api):
    names = set(re.findall(r"leadbridge_\w+", read(DEPLOY + "/README.md")))
    assert len(names) > 5
    p = Place(build, tmp_path, read(ONE_CFG), api).start()
    shown = p.admin("/metrics").body.decode()
    assert p.close() == 0
    for name in names:
        assert re.search(rf"^{name}[ {{]", shown, re.M), name
