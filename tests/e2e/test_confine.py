"""The process gives up what it does not need, and goes on working.

What it may not do any more is tried from inside by
tests/unit/confine/test_confine.c; here are the bridge itself, the kernels that
have less, and what a reload may still do.
"""

import contextlib
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from house import TOKEN, House, wait_for
from test_modes import route

JOURNAL = 'journal = { url = "sqlite:store/journal.db"; };'


def status_of(pid, task=None):
    with open(f"/proc/{pid}/task/{task or pid}/status") as f:
        return dict(re.findall(r"^(\w+):\t(.*)$", f.read(), re.M))


class Box(House):
    def __init__(self, build, folder, settings=JOURNAL, **kw):
        super().__init__(build, folder, settings=settings,
                         mappings={"queue": route("queue")}, **kw)
        os.makedirs(self.path("store"), 0o700, exist_ok=True)

    def change(self, old, new):
        """As editors and configuration tools do: a new file in its place."""
        with open(self.path("leadbridge.cfg")) as f:
            text = f.read()
        assert old in text
        self.write("leadbridge.cfg.new", text.replace(old, new))
        os.rename(self.path("leadbridge.cfg.new"), self.path("leadbridge.cfg"))

    def deliver(self, lead):
        done = self.metric('leadbridge_journal_items{state="done"}')
        answer = self.send("/hooks/queue", json.dumps(
            {"lead": lead, "detail": "x"}).encode(),
            {"Content-Type": "application/json", "X-Webhook-Token": TOKEN},
            tls=True)
        assert answer.status == 202
        wait_for(lambda: self.metric(
            'leadbridge_journal_items{state="done"}') > done, 60,
            "its delivery")

    def lines(self):
        whole, _, _ = self.log().rpartition("\n")  # one may be being written
        return whole.splitlines()

    def reload(self):
        """What the log says of it."""
        before = len(self.lines())
        self.bridge.send_signal(signal.SIGHUP)
        # Its warnings come before the line that it is over.
        wait_for(lambda: any(json.loads(line)["event"].startswith("reload")
                             for line in self.lines()[before:]),
                 what="the reload")
        return "\n".join(self.lines()[before:])

    def refused(self):
        """A start that is refused; what it says."""
        p = subprocess.run([self.program, "run", "-c", "leadbridge.cfg"],
                           cwd=self.folder, capture_output=True, text=True,
                           timeout=60)
        assert p.returncode == 78, (p.returncode, p.stderr)
        return p.stderr


@pytest.fixture
def box(build, tmp_path):
    b = Box(build, tmp_path)
    yield b
    assert b.close() in (0, None)


def has_all(house):
    """Skips where the kernel is older than what is asked of it."""
    out, _ = house.run("doctor", "--output", "json")
    kernel = [f for f in json.loads(out)["findings"]
              if f["subject"] == "kernel"][0]
    if kernel["verdict"] != "ok":
        pytest.skip("this machine's kernel is older than what is tried: it "
                    + kernel["text"])


# ---------------------------------------------------------- the bridge

def test_the_bridge_is_confined_and_works(box):
    has_all(box)
    box.start()
    box.deliver("lead_2")
    found = []
    for task in os.listdir(f"/proc/{box.bridge.pid}/task"):
        # One that has looked up a name may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(status_of(box.bridge.pid, task))
    assert len(found) > 3
    for status in found:
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert status["Seccomp_filters"] == "1"
    (said,) = box.logged("confined")
    assert said["level"] == "info" and "lacking" not in said
    assert (said["files"], said["ports"], said["system_calls"]) == (
        "yes", "yes", "yes")


def test_required_starts_where_the_kernel_has_it(box):
    has_all(box)
    box.change("workers ", 'confine = "required";\nworkers ')
    box.start()
    box.deliver("lead_2")


def test_off_is_off_and_warns_at_every_start(box):
    box.change("workers ", 'confine = "off";\nworkers ')
    for _ in range(2):
        box.start()
        assert box.logged("confined") == []
        assert any('confine: "off"' in e["reason"]
                   for e in box.logged("settings"))
        # What warns is told before anybody can think that it is ready.
        told = box.log()
        assert told.index('"settings"') < told.index('"listening"')
        assert status_of(box.bridge.pid)["Seccomp"] == "0"
        box.stop()
    _, err = box.run("check")
    assert 'confine: "off"' in err


# ------------------------------------------------------- lesser kernels

def without(*calls):
    """A prefix: a kernel that has not these system calls."""
    return ["strace", "-D", "-f", "-o", "/dev/null", "-e",
            "trace=" + ",".join(calls),
            *[x for c in calls for x in ("-e", f"inject={c}:error=ENOSYS")]]


@pytest.mark.parametrize("call, lacks, files, filters", [
    ("landlock_create_ruleset", "Landlock is not there", "no", "yes"),
    ("seccomp", "no seccomp filters", "yes", "no")])
def test_what_a_kernel_lacks_is_said_and_the_rest_is_done(
        box, call, lacks, files, filters):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    box.bridge = subprocess.Popen(
        [*without(call), box.program, "run", "-c", "leadbridge.cfg"],
        cwd=box.folder, env=env, stdin=subprocess.DEVNULL,
        stderr=open(box.path("bridge.log"), "w"))
    wait_for(box.is_ready, 60, "readiness")  # strace stops it at each call
    box.deliver("lead_2")
    (said,) = box.logged("confined")
    assert said["level"] == "warning" and lacks in said["lacking"]
    assert (said["files"], said["system_calls"]) == (files, filters)
    box.stop()

    box.change("workers ", 'confine = "required";\nworkers ')
    p = subprocess.run(
        [*without(call), box.program, "run", "-c", "leadbridge.cfg"],
        cwd=box.folder, env=env, capture_output=True, text=True, timeout=60)
    assert p.returncode == 3
    assert 'confine: "required" cannot be had here' in p.stderr
    assert lacks in p.stderr


def test_all_that_a_kernel_lacks_is_said(box):
    """Landlock 3, as Debian 12 has it: files, and neither ports nor signals."""
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    out = subprocess.run(
        ["strace", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset",
         "-e", "inject=landlock_create_ruleset:retval=3:when=1",
         box.program, "doctor", "--output", "json"],
        cwd=box.folder, env=env, capture_output=True, text=True,
        timeout=60).stdout
    (kernel,) = [f for f in json.loads(out)["findings"]
                 if f["subject"] == "kernel"]
    assert kernel["text"] == (
        "lacks TCP ports: Linux 6.7; signals: Linux 6.12")


# ------------------------------------------------------------- reloads

def test_files_that_were_replaced_are_read_again(box):
    box.start()
    new = box.path("new")
    box.run("sandbox", "--make-certs", new)
    old_ca = box.ca
    for name in ("server.pem", "server.key"):
        os.rename(os.path.join(new, name), os.path.join(box.certs, name))
    os.rename(box.path("api.key"), box.path("api.old"))
    shutil.copy(box.path("api.old"), box.path("api.key"))
    os.chmod(box.path("api.key"), 0o600)
    box.change("workers ", "# changed\nworkers ")
    assert "cannot" not in box.reload()
    box.ca = os.path.join(new, "dev-ca.pem")
    try:
        wait_for(lambda: reachable(box), what="the new certificate")
    finally:
        box.ca = old_ca


def reachable(box):
    try:
        return box.send("/nothing", method="GET", tls=True).status == 404
    except OSError:
        return False


@pytest.mark.parametrize("old, new, said", [
    (r'url = "https://localhost:\d+"', 'url = "https://localhost:4433"',
     "port 4433 was not in the settings"),
    (r"certs/dev-ca\.pem", "{elsewhere}/dev-ca.pem",
     "was not in the settings")])
def test_what_was_given_up_takes_a_restart(box, old, new, said, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(box.ca, elsewhere / "dev-ca.pem")
    box.start()
    with open(box.path("leadbridge.cfg")) as f:
        found = re.search(old, f.read())[0]
    box.change(found, new.format(elsewhere=elsewhere))
    log = wait_for(lambda: (lambda t: t if said in t else None)(box.reload()),
                   what="the refusal")
    assert "restart it" in log
    box.run("check")
    box.deliver("lead_2")  # as before
    box.change(new.format(elsewhere=elsewhere), found)


@pytest.fixture
def elsewhere(tmp_path_factory):
    return str(tmp_path_factory.mktemp("elsewhere"))


def test_a_folder_that_is_turned_by_a_link_is_read_again(box, elsewhere):
    """As Kubernetes replaces what it mounts: ..data leads to another one."""
    for name in ("..1", "..2"):
        os.mkdir(os.path.join(elsewhere, name), 0o700)
        shutil.copy(box.path("api.key"), os.path.join(elsewhere, name))
    data = os.path.join(elsewhere, "..data")
    os.symlink("..1", data)
    box.change('"api.key"', f'"{data}/api.key"')
    box.change("workers ", 'watch_files = "50ms";\nworkers ')
    box.start()
    os.symlink("..2", data + ".new")
    os.rename(data + ".new", data)
    wait_for(lambda: box.logged("reloaded"), what="the reload")
    assert box.logged("reload refused") == []
    box.deliver("lead_2")


def test_a_folder_in_the_place_of_another_takes_a_restart(box, elsewhere):
    """The kernel's rules are of the folder that was there, not of its name."""
    certs = os.path.join(elsewhere, "certs")
    shutil.copytree(box.certs, certs)
    box.change('"certs/server.pem"', f'"{certs}/server.pem"')
    box.start()
    os.rename(certs, certs + ".old")
    shutil.copytree(certs + ".old", certs)
    said = [e["reason"] for e in map(json.loads, box.reload().splitlines())
            if e.get("reason", "").startswith("confine:")]
    assert len(said) == 1
    assert f"{certs} is another folder than when" in said[0]
    assert "restart it" in said[0]


def test_mappings_and_includes_of_other_folders_are_read_again(
        box, elsewhere):
    mapping = box.path("mappings/queue/mapping.cfg")
    kept = os.path.join(elsewhere, "queue.cfg")
    shutil.move(mapping, kept)
    os.symlink(kept, mapping)
    other = os.path.relpath(elsewhere, box.folder)
    with open(os.path.join(elsewhere, "more.cfg"), "w") as f:
        f.write('watch_files = "0s";\n')
    box.change("workers ", f'@include "{other}/more.cfg"\nworkers ')
    box.start()
    assert '"reloaded"' in box.reload()


# ------------------------------------------------------------ the user

@pytest.fixture
def nobodys(build):
    """A house that is nobody's, started by root."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    b = Box(build, folder,
            settings='user = "nobody"; group = "daemon";' + JOURNAL)
    yield b
    try:
        assert b.close() in (0, None)
    finally:
        shutil.rmtree(folder)


def privileged_port():
    while True:
        with socket.socket() as s:
            port = random.randrange(600, 1024)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def test_root_binds_and_becomes_the_user(nobodys):
    b, nobody = nobodys, pwd.getpwnam("nobody")
    for top, _, files in os.walk(b.folder):
        for path in [top, *(os.path.join(top, f) for f in files)]:
            os.chown(path, nobody.pw_uid, -1)
    port = privileged_port()
    b.change(f"127.0.0.1:{b.port}", f"127.0.0.1:{port}")
    b.port = port
    b.start()
    status = status_of(b.bridge.pid)
    assert set(status["Uid"].split()) == {str(nobody.pw_uid)}
    assert set(status["Gid"].split()) == {"1"}
    assert status["Groups"].split() == ["1"]
    assert int(status["CapEff"], 16) == 0
    b.deliver("lead_2")
    assert b.send("/nothing", method="GET").status == 404
    assert os.stat(b.path("store/journal.db")).st_uid == nobody.pw_uid


@pytest.mark.parametrize("settings, said", [
    ('user = "no-such-user";', "there is no user 'no-such-user'"),
    ('user = "nobody"; group = "no-such";', "there is no group 'no-such'"),
    ('group = "daemon";', "group: says nothing without user"),
    ('confine = "maybe";', "confine"),
    ('confine = "requird";', "required")])
def test_faults_of_its_settings(box, settings, said):
    box.change("workers ", f"{settings}\nworkers ")
    _, err = box.run("check", code=1)
    assert said in err and "leadbridge.cfg:" in err
    assert said in box.refused()


# ------------------------------------------------------------- the units

DEPLOY = os.path.join(os.path.dirname(__file__), "../../deploy")


def unit(name):
    with open(os.path.join(DEPLOY, name)) as f:
        return f.read()


def analyze(*args):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    return subprocess.run([program, *args], capture_output=True, text=True,
                          timeout=60)


def test_the_unit_leaves_the_bridge_the_calls_to_confine_itself():
    """They are in no set of systemd's; without them it would be less so."""
    allowed = " ".join(re.findall(r"^SystemCallFilter=([^~].*)$",
                                  unit("leadbridge.service"), re.M)).split()
    assert {"landlock_create_ruleset", "landlock_add_rule",
            "landlock_restrict_self", "seccomp"} <= set(allowed)


def test_the_score_of_the_unit():
    done = analyze("security", "--offline=true", "--threshold=15",
                   "--no-pager", os.path.join(DEPLOY, "leadbridge.service"))
    assert done.returncode == 0, done.stdout
    # A threshold does make it fail: 0.5 is out of reach with a network.
    bare = analyze("security", "--offline=true", "--threshold=5",
                   "--no-pager", os.path.join(DEPLOY, "leadbridge.service"))
    assert bare.returncode != 0


def test_the_socket_is_of_the_address_that_is_served(build, tmp_path):
    (address,) = re.findall(r"^ListenStream=(.*)$", unit("leadbridge.socket"),
                            re.M)
    assert f'address     = "{address}"' in unit("leadbridge.cfg")
    service = tmp_path / "leadbridge.service"
    service.write_text(unit("leadbridge.service").replace(
        "/usr/local/bin/leadbridge", os.path.join(build, "leadbridge")))
    shutil.copy(os.path.join(DEPLOY, "leadbridge.socket"), tmp_path)
    done = analyze("verify", "--man=no", "--recursive-errors=no",
                   str(tmp_path / "leadbridge.socket"), str(service))
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "leadbridge" not in said, said


def test_the_bridge_is_confined_as_it_takes_over_a_socket(box):
    has_all(box)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        box.change(f"127.0.0.1:{box.port}", f"127.0.0.1:{port}")
        box.port = port
        held.set_inheritable(True)
        launcher = ("import os, sys; os.dup2(int(sys.argv[1]), 3); "
                    "os.environ.update(LISTEN_PID=str(os.getpid()), "
                    "LISTEN_FDS='1'); os.execv(sys.argv[2], sys.argv[2:])")
        box.bridge = subprocess.Popen(
            ["/usr/bin/python3", "-c", launcher, str(held.fileno()),
             box.program, "run", "-c", "leadbridge.cfg"],
            cwd=box.folder, pass_fds=[held.fileno()],
            stderr=open(box.path("bridge.log"), "w"))
        wait_for(box.is_ready, what="readiness")
        assert box.send("/nothing", method="GET").status == 404
        box.deliver("lead_2")
        assert status_of(box.bridge.pid)["Seccomp"] == "2"
        assert box.stop() == 0
