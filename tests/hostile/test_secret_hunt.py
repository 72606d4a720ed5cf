"""Where does a secret go? A bridge is run with secrets that nobody else has,
worked hard at the highest log level, and searched: what it says, what it
stores, what the system shows of it, and every byte of memory that root can
read, freed memory included. They may be in locked memory and nowhere else.

Wants a build without the address sanitizer, which keeps freed memory.
"""

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import ssl
import string
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

import house as houses
from house import House, typeform_event, typeform_sign, wait_for
from scripted import Upstream

# A secret is looked for by pieces of this length: what overwrote a part of
# a block leaves the others.
PIECE = 12
NAMES = ("api key", "old api key", "form secret", "webhook token",
         "admin token", "unlock key")


def unique():
    return "".join(secrets.choice(string.ascii_letters + string.digits)
                   for _ in range(48))


def pieces(text):
    return [text[i:i + PIECE].encode()
            for i in range(0, len(text) - PIECE + 1, PIECE)]


class Hunted(House):
    """A house whose secrets come in every way there is."""

    def __init__(self, build, folder, upstream):
        self.values = {name: unique() for name in NAMES}
        self.values["unlock key"] = secrets.token_hex(32)
        super().__init__(build, folder, upstream=upstream, workers=2)
        self.write("unlock.key", self.values["unlock key"] + "\n", 0o600)
        self.write("token.secret", self.values["webhook token"], 0o600)
        self.write("admin.token", self.values["admin token"], 0o600)
        config = self.read("leadbridge.cfg")
        config = re.sub(r"secrets   = .*?\}; \};", """
secrets = { leadsail = { store = "leadsail"; };
            typeform = { env = "HUNTED_FORM_SECRET"; };
            token    = { file = "token.secret"; };
            admin    = { file = "admin.token"; }; };
key_store = { file = "keys.store"; key = { file = "unlock.key"; }; };
journal = { url = "sqlite:journal.db"; };
""", config, flags=re.S)
        config = config.replace(f'"127.0.0.1:{self.admin_port}"; }}',
                                f'"127.0.0.1:{self.admin_port}"; '
                                'token = "admin"; }')
        config = config.replace('log       = { format = "json"; }',
                                'log = { format = "json"; level = "debug"; }')
        config = config.replace('api_key = "leadsail";',
                                'api_key = "leadsail"; connections = 2; '
                                'queue = 64; timeout = "20s";')
        self.write("leadbridge.cfg", config)
        self.write("mappings/queued/mapping.cfg", houses.TYPEFORM.replace(
            "/hooks/typeform", "/hooks/queued") + 'mode = "queue";\n')
        self.run("key", "add", "leadsail", "--host", "localhost",
                 "--no-reload", stdin=self.values["old api key"] + "\n")
        self.run("key", "rotate", "leadsail", "--no-probe", "--no-reload",
                 stdin=self.values["api key"] + "\n")

    def read(self, name):
        with open(self.path(name), errors="replace") as f:
            return f.read()

    def start(self, env=None):
        return super().start(dict(
            os.environ, HUNTED_FORM_SECRET=self.values["form secret"]))

    def admin(self, path, method="GET", token=None, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.admin_port,
                                       timeout=20)
        c.request(method, path, body=body, headers={
            "Authorization": "Bearer " + (token or
                                          self.values["admin token"])})
        return houses.Answer(c.getresponse())

    def form(self, path="/hooks/typeform", secret=None, body=None, tls=False):
        body = body if body is not None else typeform_event()
        return self.send(path, body, typeform_sign(
            body, secret or self.values["form secret"]), tls=tls)

    def token(self, body, token=None, **kw):
        return self.send("/hooks/batch", body, {
            "Content-Type": "application/json",
            "X-Webhook-Token": token or self.values["webhook token"]}, **kw)


class Mapping:
    def __init__(self, line, flags):
        span, self.perms, *rest = line.split(None, 5)
        self.start, self.end = (int(x, 16) for x in span.split("-"))
        self.name = rest[3] if len(rest) > 3 else "(anonymous)"
        # Left out of dumps and of children: a block of secrets_alloc().
        self.vault = "dd" in flags and "dc" in flags


def mappings(pid):
    found, line = [], None
    with open(f"/proc/{pid}/smaps") as f:
        for text in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", text):
                line = text.rstrip("\n")
            elif text.startswith("VmFlags:"):
                found.append(Mapping(line, text.split()[1:]))
    return found


def hits_in(data, values):
    """(name, offset) of every piece of a secret in the bytes."""
    for name, value in values.items():
        for piece in pieces(value):
            at = data.find(piece)
            while at != -1:
                yield name, at
                at = data.find(piece, at + 1)


def search_memory(pid, values):
    """All of it, while nothing moves; (name, mapping, address) outside of
    the vaults, and the names that were found within."""
    out, within = [], set()
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: all_stopped(pid), what="the stop")
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
            for m in mappings(pid):
                if "r" not in m.perms or m.name.startswith("[v"):
                    continue
                data = read_at(mem, m.start, m.end - m.start)
                for name, at in hits_in(data, values):
                    if m.vault:
                        within.add(name)
                    else:
                        near = data[max(0, at - 64):at + 64]
                        out.append((name, m.name, hex(m.start + at), near))
    finally:
        os.kill(pid, signal.SIGCONT)
    return out, within


def all_stopped(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/stat") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False  # a lookup's thread that was just ending
        if state not in "tT":
            return False
    return True


def read_at(mem, start, size):
    parts = []
    with contextlib.suppress(OSError):
        mem.seek(start)
        while size > 0:
            part = mem.read(min(size, 16 << 20))
            if not part:
                break
            parts.append(part)
            size -= len(part)
    return b"".join(parts)


def tell(hits):
    return "\n".join(f"{name} in {where} at {at}: {near!r}"
                     for name, where, at, near in hits[:20])


def keep_open(h):
    """Connections that have carried each secret, and rest."""
    kept = []
    for tls in (False, True):
        for say in (lambda **k: h.token(b"[]", **k),
                    lambda **k: h.token(b"[1", token="wrong", **k)):
            c = h.connect(tls)
            for _ in range(3):  # one that is used again keeps buffers
                say(connection=c)
            kept.append(c)
    return kept


def assert_memory(house, phase):
    """A request that has come in half, or whose answer is just being written,
    holds its token for an instant: what each of some looks finds counts. (By
    number, not by time: a look is a second on a slow machine.)"""
    for _ in range(10):
        hits, within = search_memory(house.bridge.pid, house.values)
        if not hits:
            break
        time.sleep(0.3)
    assert not hits, f"{phase}: {len(hits)} hits\n{tell(hits)}"
    # The search does find what is there.
    assert {"api key", "webhook token", "admin token"} <= within, within


class Api:
    """Answers as told, or holds its answers back until it is let go."""

    def __init__(self):
        self.free = threading.Event()
        self.free.set()
        self.lock = threading.Lock()
        self.held = self.turn = 0

    def script(self, peer, request):
        with self.lock:
            self.held += 1
            self.turn += 1
            turn = self.turn
        self.free.wait(60)
        status, code = (("200 OK", None), ("401 Unauthorized", "UNAUTHORIZED"),
                        ("404 Not Found", "NOT_FOUND"),
                        ("500 Oops", "OOPS"))[turn % 8 if turn % 8 < 4 else 0]
        body = json.dumps(
            {"success": True, "data": None} if code is None else
            {"success": False, "error": {"code": code, "message": "no"}})
        peer.send((f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n{body}").encode())


def at_once(jobs):
    said, failed = [], []

    def run(job):
        try:
            said.append(job().body)
        except (OSError, http.client.HTTPException) as e:
            failed.append(e)
    threads = [threading.Thread(target=run, args=(j,)) for j in jobs]
    for t in threads:
        t.start()
    return threads, said


def round_of(h, n):
    """Good ones, and every way to be refused."""
    batch = json.dumps([{"lead": f"lead_{n}", "email": "a@b.co",
                         "detail": "d" * (n * 37 % 5000)}]).encode()
    big = json.dumps([{"lead": f"l{i}", "email": "a@b.co", "detail": "x" * 900}
                      for i in range(99)]).encode()
    tls = n % 2 == 0
    return [lambda: h.form(tls=tls), lambda: h.form("/hooks/queued"),
            lambda: h.form(secret="wrong"), lambda: h.form(body=b"{"),
            lambda: h.form("/hooks/nowhere"),
            lambda: h.token(batch, tls=tls), lambda: h.token(big),
            lambda: h.token(batch, token="wrong"),
            lambda: h.token(b"[1"), lambda: h.token(b"x" * 200000),
            lambda: h.admin("/metrics"), lambda: h.admin("/deliveries"),
            lambda: h.admin("/nothing"),
            lambda: h.admin("/metrics", token="wrong"),
            lambda: h.admin("/forget", "POST", body=b"{}")]


def work(h, rounds):
    said = []
    for n in range(rounds):
        threads, got = at_once(round_of(h, n))
        for t in threads:
            t.join(60)
        said += got
    return said


@pytest.fixture
def hunted(build, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root reads a process that is not dumpable")
    house, api = None, Api()
    certs = tmp_path / "certs"
    program = os.path.join(build, "leadbridge")
    with open(program, "rb") as f:
        if b"__asan_init" in f.read():
            pytest.skip("the address sanitizer keeps freed memory: "
                        "LEADBRIDGE_BUILD is to name another build")
    subprocess.run([program, "sandbox", "--make-certs", certs], check=True,
                   capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "sandbox.pem", certs / "sandbox.key")
    with Upstream(api.script, context=context) as up:
        try:
            house = Hunted(build, tmp_path, up.url)
            house.start()
            yield SimpleNamespace(house=house, api=api, up=up)
        finally:
            api.free.set()
            if house is not None:
                house.stop(signal.SIGKILL)


def test_memory_holds_them_in_locked_pages_only(hunted, is_long):
    h = hunted.house
    assert_memory(h, "started, idle")
    work(h, 200 if is_long else 12)
    assert_memory(h, "after the work")
    kept = keep_open(h)
    assert_memory(h, "connections at rest")
    for c in kept:
        c.close()
    for n in range(10 if is_long else 2):
        hunted.api.free.clear()
        hunted.api.held = 0
        jobs = [j for i in range(6) for j in round_of(h, i)]
        threads, _ = at_once(jobs)
        # Four connections hold a call each; the rest stands in queues.
        wait_for(lambda: hunted.api.held >= 4, what="calls in flight")
        assert_memory(h, f"in flight, {n}")
        hunted.api.free.set()
        for t in threads:
            t.join(60)
        assert_memory(h, f"after flight, {n}")


def test_nothing_it_says_stores_or_shows_has_them(hunted, is_long):
    h = hunted.house
    said = work(h, 100 if is_long else 8)
    pid = h.bridge.pid
    for name in ("environ", "cmdline", "status", "maps"):
        with open(f"/proc/{pid}/{name}", "rb") as f:
            said.append(f.read())
    # It was in the environment it was started with, and is no longer.
    assert any(b"HUNTED_FORM_SECRET=" in s for s in said)
    for page in ("/metrics", "/healthz", "/readyz", "/deliveries"):
        said.append(h.admin(page).body)
    said += [repr(e).encode() for e in hunted.up.errors]
    assert h.stop() == 0
    for name in os.listdir(h.folder):
        if name.startswith(("bridge.log", "journal.db", "keys.store")):
            with open(h.path(name), "rb") as f:
                said.append(f.read())
    assert '"level":"debug"' in h.log()
    for text in said:
        assert not list(hits_in(text, h.values)), text[:2000]


def test_a_core_has_none(hunted):
    if shutil.which("gcore") is None:
        pytest.skip("no gcore (gdb)")
    h = hunted.house
    work(h, 8)
    # Who has an answer has it before the bridge has wiped what it was for.
    assert_memory(h, "before the core")
    subprocess.run(["gcore", "-o", h.path("core"), str(h.bridge.pid)],
                   check=True, capture_output=True, timeout=120)
    with open(h.path(f"core.{h.bridge.pid}"), "rb") as f:
        core = f.read()
    assert len(core) > 1 << 20
    hits = list(hits_in(core, h.values))
    assert not hits, [(n, core[at - 64:at + 64]) for n, at in hits[:20]]


def test_freed_at_the_end_is_wiped_too(hunted):
    """The last breath: everything is freed while a thread still stands."""
    h = hunted.house
    work(h, 4)
    pid = h.bridge.pid
    # Stopped by the tracer at the call that ends the process.
    p = subprocess.Popen(
        ["gdb", "-q", "-batch", "-p", str(pid),
         "-ex", "handle SIGTERM nostop noprint pass",
         "-ex", "handle SIGPIPE nostop noprint pass",
         "-ex", "catch syscall exit_group",
         "-ex", "python print('armed', flush=True)",
         "-ex", "continue", "-ex", f"gcore {h.path('last')}",
         "-ex", "kill"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in p.stdout:
        if "armed" in line:
            break
    os.kill(pid, signal.SIGTERM)
    out, _ = p.communicate(timeout=120)
    assert os.path.exists(h.path("last")), out
    with open(h.path("last"), "rb") as f:
        core = f.read()
    hits = list(hits_in(core, h.values))
    assert not hits, [(n, core[at - 64:at + 64]) for n, at in hits[:20]]
