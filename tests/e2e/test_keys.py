"""`leadbridge key`, and a bridge whose secrets are in the key store."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile

import pytest

from house import API_KEY, FORM_SECRET, TYPEFORM, House, wait_for

NEW_KEY = "e2e-new-key-5d81"


class Keyring(House):
    """The API key and the form's secret are in the store."""

    def __init__(self, build, folder, unlock='key = { file = "unlock.key"; }'):
        super().__init__(build, folder, workers=1,
                         mappings={"typeform": TYPEFORM})
        self.write("unlock.key", os.urandom(32).hex() + "\n", 0o600)
        self.write("words", "correct horse battery staple\n", 0o600)
        self.configure("secrets   = .*?\\}; \\};", """
secrets = { leadsail = { store = "leadsail"; };
            typeform = { store = "typeform"; }; };
key_store = { file = "keys.store"; %s; };
""" % unlock)

    def configure(self, pattern, text):
        path = self.path("leadbridge.cfg")
        with open(path) as f:
            was = f.read()
        now = re.sub(pattern, text, was, count=1, flags=re.S)
        assert now != was, pattern
        self.write("leadbridge.cfg", now)

    def key(self, *args, code=0, value=None):
        return self.run("key", *args, code=code, stdin=value)

    def fill(self):
        self.key("add", "leadsail", "--no-reload", value=API_KEY + "\n")
        self.key("add", "typeform", "--host", "none", "--no-reload",
                 value=FORM_SECRET + "\n")
        return self

    def entries(self):
        return json.loads(self.key("list", "--output", "json")[0])

    def store(self):
        with open(self.path("keys.store"), "rb") as f:
            return f.read()


@pytest.fixture
def ring(build, tmp_path):
    house = Keyring(build, tmp_path)
    yield house
    assert house.close() in (0, None)


def test_a_bridge_runs_on_its_store(ring):
    ring.fill().start()
    assert ring.typeform().status == 200
    assert ring.typeform(secret="wrong").status == 401
    assert API_KEY not in ring.log() and FORM_SECRET not in ring.log()


def test_add_binds_to_the_host_of_the_upstream(ring):
    out, _ = ring.key("add", "leadsail", "--no-reload", value=API_KEY)
    assert "version 1 is first" in out
    assert [(e["name"], e["host"], e["first"]) for e in ring.entries()] == [
        ("leadsail", "localhost", True)]


def test_add_wants_to_know_where_a_key_goes(ring):
    _, err = ring.key("add", "other", code=2, value="v")
    assert "--host HOST says where it may be sent" in err
    ring.key("add", "other", "--host", "API.Example.com", "--no-reload",
             value="v")
    assert ring.entries()[0]["host"] == "api.example.com"
    for host in ("https://x", "", "-x", "a b"):
        ring.key("add", "one-more", "--host", host, code=2, value="v")


def test_add_does_not_choose_between_two_hosts(ring):
    ring.configure("upstreams = {", """upstreams = {
        other = { url = "https://other.example"; api_key = "leadsail"; };""")
    _, err = ring.key("add", "leadsail", code=2, value=API_KEY)
    assert ("is sent to other.example and to localhost; --host says which"
            in err)
    assert not os.path.exists(ring.path("keys.store"))


def test_what_an_upstream_sends_is_the_first_value_of_its_secret(ring):
    ring.configure(r'\{ store = "leadsail"; \}',
                   '( { file = "api.key"; }, { store = "leadsail"; } )')
    _, err = ring.key("add", "leadsail", code=2, value=API_KEY)
    assert "no upstream of leadbridge.cfg sends 'leadsail' yet" in err


@pytest.mark.parametrize("args, value, code, says", [
    (["add"], None, 2, "too few arguments: add NAME"),
    (["add", "a", "hunter2"], None, 2, "never from the command line"),
    (["add", "a/b"], "v", 2, "letters and digits"),
    (["add", "a", "--host", "none"], "", 1, "is empty"),
    (["add", "a", "--host", "none"], "x" * 5000, 1, "longer than 4096"),
    (["add", "a", "--host", "none"], "a\nb\n", 1, "more than one line"),
    (["add", "a", "--host", "none"], "a\tb\n", 1, "control character"),
    (["add", "a", "--old"], "v", 2, "--old does not go with it"),
    (["list", "x"], None, 2, "too many arguments"),
    (["rotate", "leadsale"], "v", 1, "did you mean 'leadsail'"),
    (["probe", "nobody"], None, 1, "there is no key 'nobody'"),
    (["probe", "typeform"], None, 3, "there is nobody to ask"),
    (["remove", "nobody"], None, 1, "there is no key 'nobody'"),
    (["remove", "leadsail"], None, 1, "secrets.leadsail takes it"),
    (["add", "leadsail"], "v", 1, "'leadbridge key rotate leadsail'"),
    (["rotate", "leadsail"], API_KEY, 1, "has this value already"),
    (["lst"], None, 2, "did you mean 'list'"),
])
def test_what_is_refused_changes_nothing(ring, args, value, code, says):
    was = ring.fill().store()
    out, err = ring.key(*args, code=code, value=value)
    assert says in err
    assert out == ""
    assert "hunter2" not in err
    assert ring.store() == was


def test_list_tells_no_value(ring):
    ring.fill()
    for how in ([], ["--output", "json"]):
        out, err = ring.key("list", *how)
        assert API_KEY not in out and FORM_SECRET not in out and not err
    for e in ring.entries():
        assert re.fullmatch("[0-9a-f]{16}", e["fingerprint"])
        assert 0 <= e["age_seconds"] < 60


def test_probe_asks_the_api(ring):
    ring.fill()
    _, err = ring.key("probe", "leadsail")
    assert "upstream leadsail: accepted (it answers 404)" in err
    out, _ = ring.key("probe", "leadsail", "--output", "json")
    assert json.loads(out)["upstreams"][0]["verdict"] == "accepted"
    # The lead that there is was left alone.
    assert ring.lead().get("detail") is None
    ring.key("rotate", "leadsail", "--no-probe", "--no-reload", value="wrong")
    _, err = ring.key("probe", "leadsail", code=1)
    assert "refused (it answers 401)" in err
    ring.sandbox.terminate()
    ring.sandbox.wait(30)
    _, err = ring.key("probe", "leadsail", code=3)
    assert "unreachable (no connection" in err


def restart_sandbox(ring, *keys):
    ring.sandbox.terminate()
    ring.sandbox.wait(30)
    ring.sandbox.stdout.close()
    ring.write("api.key", keys[0] + "\n", 0o600)
    old = ring.upstream_url()
    new = ring.start_sandbox()
    ring.configure(re.escape(old), new)


def test_rotate_takes_what_the_api_takes_and_the_bridge_follows(ring):
    ring.fill()
    was = ring.store()
    _, err = ring.key("rotate", "leadsail", code=1, value=NEW_KEY)
    assert "upstream leadsail: refused" in err and ring.store() == was
    restart_sandbox(ring, NEW_KEY)
    ring.start()
    assert ring.typeform().status == 401 or ring.typeform().status == 502
    out, err = ring.key("rotate", "leadsail", value=NEW_KEY)
    assert "version 2 is first, and the one before is kept" in out
    assert ring.typeform().status == 200
    kept = [(e["version"], e["first"]) for e in ring.entries()
            if e["name"] == "leadsail"]
    assert kept == [(2, True), (1, False)]


def test_rotate_that_nobody_answers_changes_nothing(ring):
    was = ring.fill().store()
    ring.sandbox.terminate()
    ring.sandbox.wait(30)
    _, err = ring.key("rotate", "leadsail", code=3, value=NEW_KEY)
    assert "unreachable" in err and "--no-probe stores it" in err
    assert ring.store() == was


def test_a_webhook_has_two_secrets_until_the_old_one_is_removed(ring):
    ring.fill().start()
    ring.key("rotate", "typeform", value="form-secret-2")
    assert ring.typeform().status == 200
    assert ring.typeform(secret="form-secret-2").status == 200
    # The third takes the place of the first.
    ring.key("rotate", "typeform", value="form-secret-3")
    assert ring.typeform().status == 401
    assert ring.typeform(secret="form-secret-2").status == 200
    ring.key("remove", "typeform", "--old", "-y")
    assert ring.typeform(secret="form-secret-2").status == 401
    assert ring.typeform(secret="form-secret-3").status == 200


def test_no_bridge_is_no_failure(ring):
    ring.fill()
    out, err = ring.key("add", "more", "--host", "none", value="v")
    assert "more: added" in out
    assert "no bridge answers" in err and "keys.store is written" in err


def test_a_key_goes_to_no_other_host(ring):
    ring.key("add", "leadsail", "--host", "api.example.com", "--no-reload",
             value=API_KEY)
    ring.key("add", "typeform", "--host", "none", "--no-reload", value="f")
    _, err = ring.run("check", "-c", "leadbridge.cfg", code=1)
    assert ("upstreams.leadsail.api_key: the key 'leadsail' of the key store "
            "is bound to api.example.com, and this upstream is localhost"
            ) in err
    ring.configure('api_key = "leadsail"', 'api_key = "typeform"')
    _, err = ring.run("check", "-c", "leadbridge.cfg", code=1)
    assert "is bound to no host" in err
    assert API_KEY not in err


def test_a_collector_s_secret_goes_to_no_other_host(ring):
    ring.fill()
    ring.key("add", "otlp", "--host", "otlp.example.com", "--no-reload",
             value="Bearer t0ken")
    ring.configure(r"secrets += \{", """tracing = {
    url = "http://127.0.0.1:4318"; authorization = "otlp"; };
secrets   = { otlp = { store = "otlp"; };""")
    _, err = ring.run("check", "-c", "leadbridge.cfg", code=1)
    assert ("tracing.authorization: the secret 'otlp' is bound to another "
            "host by the key store") in err
    assert "t0ken" not in err
    ring.configure("http://127.0.0.1:4318", "https://otlp.example.com")
    ring.run("check", "-c", "leadbridge.cfg")


def test_check_tells_of_a_store_that_does_not_open(ring):
    ring.fill()
    ring.write("unlock.key", "0" * 64, 0o600)
    _, err = ring.run("check", "-c", "leadbridge.cfg", code=1)
    assert "it is not unlocked by this key" in err
    assert err.count("key_store") == 1


def test_settings_without_a_store_have_none(build, tmp_path):
    house = House(build, tmp_path)
    _, err = house.run("key", "list", code=3)
    assert "there is no key_store = { file = ...; key = ...; } in it" in err
    house.close()


def test_a_passphrase_on_standard_input_comes_before_the_value(build,
                                                               tmp_path):
    ring = Keyring(build, tmp_path, "passphrase = { ask = true; }")
    words = "correct horse battery staple"
    ring.key("add", "leadsail", "--no-reload",
             value=f"{words}\n{API_KEY}\n")
    out, _ = ring.key("list", value=words)
    assert "leadsail" in out
    _, err = ring.key("list", code=3, value="correct house")
    assert "not unlocked by this passphrase" in err
    _, err = ring.key("list", code=3, value="")
    assert "the value is empty" in err
    ring.configure("ask = true", 'file = "words"')
    assert len(ring.entries()) == 1
    ring.close()


def test_a_bridge_that_runs_asks_nobody(ring):
    """Its keeper would wait for a person, and hear no signal meanwhile."""
    with open(ring.path("leadbridge.cfg")) as f:
        with_store = f.read()
    ring.configure(r'\{ store = "leadsail"; \}', '{ file = "api.key"; }')
    ring.configure(r'\{ store = "typeform"; \}', '{ file = "form.secret"; }')
    ring.bridge = subprocess.Popen(
        [ring.program, "run", "-c", "leadbridge.cfg"], cwd=ring.folder,
        stdin=subprocess.PIPE, stderr=open(ring.path("bridge.log"), "w"))
    wait_for(ring.is_ready, what="readiness")
    ring.write("leadbridge.cfg", with_store.replace(
        'key = { file = "unlock.key"; }', "passphrase = { ask = true; }"))
    for args, value in ((("leadsail",), API_KEY),
                        (("typeform", "--host", "none"), FORM_SECRET)):
        ring.key("add", *args, "--no-reload",
                 value=f"correct horse battery\n{value}\n")
    ring.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: any("asks nobody; restart it" in e["reason"]
                         for e in ring.logged("reload refused")),
             what="the refusal")
    assert ring.typeform().status == 200
    ring.bridge.stdin.close()


def test_what_root_makes_is_the_folders_owners(build):
    """Also the lock: the bridge's user has to open it the next time."""
    if os.geteuid() != 0:
        pytest.skip("only root writes for others")
    folder = tempfile.mkdtemp()
    ring = Keyring(build, folder)
    try:
        os.mkdir(ring.path("store"))
        os.chown(ring.path("store"), 65534, 65534)
        ring.configure('"keys.store"', '"store/keys.store"')
        ring.key("add", "leadsail", "--no-reload", value=API_KEY + "\n")
        for name in ("keys.store", "keys.store.lock"):
            st = os.stat(ring.path("store/" + name))
            assert (name, st.st_uid, st.st_mode & 0o777) == (name, 65534,
                                                             0o600)
        # What lies there already is left alone: a trap would be given away.
        os.remove(ring.path("store/keys.store.lock"))
        ring.write("rooted", "", 0o600)
        os.link(ring.path("rooted"), ring.path("store/keys.store.lock"))
        ring.key("rotate", "leadsail", "--no-reload", "--no-probe",
                 value=NEW_KEY + "\n")
        assert os.stat(ring.path("rooted")).st_uid == 0
    finally:
        ring.close()
        shutil.rmtree(folder)


def said_until(main, end):
    """What the terminal is told, until it is told this; b"": to its end."""
    said = b""
    while end == b"" or end not in said:
        assert select.select([main], [], [], 20)[0], said
        try:
            said += os.read(main, 4096)
        except OSError:
            break
    assert end in said
    return said


def at_terminal(ring, *args):
    main, side = pty.openpty()
    p = subprocess.Popen([ring.program, "key", *args], cwd=ring.folder,
                         stdin=side, stdout=side, stderr=side,
                         start_new_session=True)
    return p, main, side


def test_a_terminal_does_not_show_it(ring):
    """The value is typed; only the prompt comes back."""
    p, main, side = at_terminal(ring, "add", "leadsail", "--no-reload")
    os.close(side)
    said = said_until(main, b"not shown")
    os.write(main, API_KEY.encode() + b"\n")
    said += said_until(main, b"")
    assert p.wait(30) == 0
    os.close(main)
    assert b"Value of leadsail" in said and b"version 1 is first" in said
    assert API_KEY.encode() not in said
    assert len(ring.entries()) == 1


def test_the_interrupt_key_leaves_the_terminal_as_it_was(ring):
    p, main, side = at_terminal(ring, "add", "leadsail", "--no-reload")
    said_until(main, b"not shown")
    os.write(main, b"half\x03")
    assert p.wait(30) == 1
    shown = subprocess.run(["stty", "-a"], stdin=side, check=True,
                           capture_output=True, text=True).stdout
    assert {"echo", "isig"} <= set(shown.split())
    os.close(main)
    os.close(side)
    assert not os.path.exists(ring.path("keys.store"))


def calls_of(ring, tmp_path, args, value):
    """The system calls of the verb that change files, in order."""
    out = str(tmp_path / "trace")
    run_traced(ring, args, value, ["-o", out])
    with open(out) as f:
        return re.findall(r"^(\w+)\(", f.read(), re.M)


def run_traced(ring, args, value, options):
    return subprocess.run(
        ["strace", *options, "-e", "trace=" + ",".join(CHANGING),
         ring.program, "key", *args],
        cwd=ring.folder, input=value, text=True, capture_output=True,
        timeout=60, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))


# What is done between the lock and the end: killed on its way into each, the
# verb has done all before.
CHANGING = ("flock", "unlinkat", "write", "fsync", "renameat", "fchown")


def test_killed_at_any_call_the_store_is_old_or_new(ring, tmp_path):
    """Between any two calls of a rotation."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: nothing stops at a call")
    ring.fill()
    old = ring.store()
    rotate = ["rotate", "typeform", "--no-reload"]
    calls = calls_of(ring, tmp_path, rotate, "form-secret-2\n")
    assert ring.store() != old
    assert {"renameat", "fsync", "write"} <= set(calls)
    ring.write("keys.store", old.decode(), 0o600)
    seen = set()
    for name in CHANGING:
        for n in range(1, calls.count(name) + 1):
            p = run_traced(ring, rotate, "form-secret-2\n", [
                "-o", "/dev/null", "-e",
                f"inject={name}:signal=KILL:when={n}"])
            assert p.returncode != 0, (name, n)
            values = [e["version"] for e in ring.entries()
                      if e["name"] == "typeform"]
            assert values in ([1], [2, 1]), (name, n, values)
            seen.add(len(values))
            ring.write("keys.store", old.decode(), 0o600)
    assert seen == {1, 2}
    # What they left behind is no hindrance.
    ring.key(*rotate, value="form-secret-2\n")
    assert sorted(n for n in os.listdir(ring.folder)
                  if n.startswith("keys.")) == ["keys.store",
                                                "keys.store.lock"]


@pytest.mark.parametrize("call", ["write", "fsync", "renameat"])
def test_a_disk_that_fails_leaves_the_old_store(ring, call):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: nothing stops at a call")
    old = ring.fill().store()
    p = run_traced(ring, ["rotate", "typeform", "--no-reload"],
                   "form-secret-2\n",
                   ["-o", "/dev/null", "-e",
                    f"inject={call}:error=ENOSPC:when=1"])
    assert p.returncode == 3, p.stderr
    assert "cannot be written: No space left on device" in p.stderr
    assert ring.store() == old


def test_two_writers_take_turns(ring):
    """Many at once: each is told, or its value is there."""
    ring.fill()
    running = []
    for i in range(12):
        p = subprocess.Popen(
            [ring.program, "key", "add", f"k{i}", "--host", "none",
             "--no-reload"], cwd=ring.folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        p.stdin.write("v\n")
        p.stdin.close()
        running.append(p)
    codes = [p.wait(60) for p in running]
    for p in running:
        p.stdout.close()
        p.stderr.close()
    there = {e["name"] for e in ring.entries()}
    for i, code in enumerate(codes):
        assert code in (0, 3)
        assert (f"k{i}" in there) == (code == 0), (i, codes, there)
    assert 0 in codes


def test_a_variable_is_gone_from_the_environment(build, tmp_path):
    house = House(build, tmp_path, mappings={"typeform": TYPEFORM})
    path = house.path("leadbridge.cfg")
    with open(path) as f:
        text = f.read()
    house.write("leadbridge.cfg", text.replace(
        'typeform = { file = "form.secret"; }',
        'typeform = { env = "KEYS_TEST_SECRET"; }'))
    house.start(env=dict(os.environ, KEYS_TEST_SECRET=FORM_SECRET))
    with open(f"/proc/{house.bridge.pid}/environ", "rb") as f:
        environ = f.read()
    assert b"KEYS_TEST_SECRET=" in environ
    assert FORM_SECRET.encode() not in environ
    assert house.typeform().status == 200
    # Loaded again, it is still known.
    house.run("reload", "-c", "leadbridge.cfg")
    assert house.typeform().status == 200
    assert house.close() == 0
