"""`leadbridge doctor`: each line says what is so, and what to do about it."""

import contextlib
import glob
import http.server
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

from disk import small_disk
from house import API_KEY, FORM_SECRET, TOKEN, House, wait_for
from journal_api import Api
from scripted import Upstream, ok, server_context
from test_modes import route
from tracing import Collector

JOURNAL = 'journal = { url = "sqlite:store/journal.db"; };'
CHECKS = {"settings", "files", "certificates", "limits", "confinement",
          "bridge", "journal", "upstream", "key", "tracing"}


@pytest.fixture
def house(build, tmp_path):
    h = House(build, tmp_path, settings=JOURNAL,
              mappings={"queue": route("queue")})
    os.mkdir(h.path("store"), 0o700)
    yield h
    assert h.close() in (0, None)


def doctor(house, *args, code=0, env=None):
    """The findings, by check."""
    p = subprocess.run(
        [house.program, "doctor", "-c", "leadbridge.cfg", "--output", "json",
         *args], cwd=house.folder, capture_output=True, text=True, timeout=60,
        env=dict(os.environ, **(env or {})))
    assert p.returncode == code, (p.stdout, p.stderr)
    for secret in (API_KEY, FORM_SECRET, TOKEN):
        assert secret not in p.stdout + p.stderr
    said = json.loads(p.stdout)
    assert said["ok"] == (code == 0)
    found = {}
    for f in said["findings"]:
        assert f["text"] and f["subject"]
        found.setdefault(f["check"], []).append(f)
    return found


def one(found, check, verdict):
    """The only finding of that verdict."""
    these = [f for f in found[check] if f["verdict"] == verdict]
    assert len(these) == 1, found[check]
    return these[0]


def change(house, old, new):
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert old in text
    house.write("leadbridge.cfg", text.replace(old, new))


# ------------------------------------------------------------ all is well

def test_every_check_says_something(house):
    house.start()
    found = doctor(house)
    assert set(found) == CHECKS
    assert not [f for fs in found.values() for f in fs
                if f["verdict"] == "fault"]
    assert "is ready" in found["bridge"][0]["text"]
    kernel = found["confinement"][0]
    if kernel["verdict"] == "ok":
        assert found["bridge"][1]["text"] == (
            "the bridge that runs is, in its files ports signals system_calls")
    texts = [f["text"] for f in found["upstream"]]
    assert "localhost has 1 address" in texts[0]
    assert re.match("TLSv1.3, (89|90) days left", texts[2])
    assert "API accepts the key" in found["key"][0]["text"]
    assert [f["text"] for f in found["journal"]
            if f["subject"] == "waiting"] == ["0 updates"]


def test_each_warning_says_what_to_do(house):
    for findings in doctor(house).values():
        for f in findings:
            assert (f["remedy"] is None) == (f["verdict"] == "ok") or (
                f["check"] == "settings"), f


def test_the_text_is_a_line_each_and_a_sum(house):
    out, _ = house.run("doctor")
    *lines, empty, total = out.splitlines()
    assert empty == ""
    assert all(line.split()[0] in ("ok", "warning", "fault")
               for line in lines)
    ok = sum(line.startswith("ok ") for line in lines)
    warnings = sum(line.startswith("warning ") for line in lines)
    assert warnings > 1
    assert total == f"{ok} ok, {warnings} warnings, 0 faults"


def test_one_is_no_warnings(house):
    house.write("api.key", "another-key\n", 0o600)
    out, _ = house.run("doctor", code=1)
    assert re.search(r"^\d+ ok, \d+ warnings, 1 fault$", out, re.M)
    change(house, "workers ", "wokers ")
    out, _ = house.run("doctor", code=1)
    assert out.endswith("\n0 ok, 0 warnings, 1 fault\n")


def test_it_leaves_a_running_bridge_its_journal(house):
    """The file is not opened, and the bridge goes on storing in it."""
    house.start()
    trace = house.path("trace")
    subprocess.run(["strace", "-f", "-o", trace, "-e", "trace=open,openat",
                    house.program, "doctor"], cwd=house.folder, check=True,
                   capture_output=True, timeout=120,
                   env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    with open(trace) as f:
        text = f.read()
    assert "leadbridge.cfg" in text and "journal.db" not in text
    answer = house.send("/hooks/queue", json.dumps(
        {"lead": "lead_2", "detail": "x"}).encode(),
        {"Content-Type": "application/json", "X-Webhook-Token": TOKEN})
    assert answer.status == 202
    wait_for(lambda: house.metric(
        'leadbridge_journal_items{state="done"}') == 1, what="its delivery")


# ------------------------------------------------------------- the machine

def test_faults_of_the_settings_are_findings(house):
    change(house, "workers ", "wokers ")
    found = doctor(house, code=1)
    assert set(found) == {"settings"}
    assert "workers" in found["settings"][0]["text"]
    assert found["settings"][0]["subject"].startswith("leadbridge.cfg:")


def test_a_folder_that_anybody_may_change(house):
    os.chmod(house.path("mappings"), 0o777)
    fault = one(doctor(house, code=1), "files", "fault")
    assert fault["subject"].endswith("/mappings")
    assert fault["remedy"] == "chmod o-w"


def test_a_private_key_that_others_may_read(house):
    os.chmod(house.path("certs/server.key"), 0o644)
    warning = one(doctor(house), "files", "warning")
    assert warning["subject"] == "certs/server.key"
    assert "chmod 600" in warning["remedy"]


@pytest.mark.parametrize("days, verdict", [(90, "ok"), (12, "warning")])
def test_the_days_of_a_certificate(house, ca, days, verdict):
    cert = ca.issue(f"days{days}", san=["DNS:localhost"], end=days)
    change(house, 'certificate = "certs/server.pem"; key = "certs/server.key"',
           f'certificate = "{cert.pem}"; key = "{cert.key}"')
    said = [f for f in doctor(house)["certificates"]
            if f["subject"] == cert.pem and "days left" in f["text"]]
    assert [f["verdict"] for f in said] == [verdict]
    # Of a day that began, or the whole of it within its first second.
    assert re.match(f"({days}|{days - 1}) days", said[0]["text"])


def test_a_certificate_that_is_over(house, ca):
    """The bridge serves it all the same, so the other checks go on."""
    cert = ca.issue("over", san=["DNS:localhost"], start=-9, end=-2)
    change(house, 'certificate = "certs/server.pem"; key = "certs/server.key"',
           f'certificate = "{cert.pem}"; key = "{cert.key}"')
    found = doctor(house, code=1)
    fault = one(found, "certificates", "fault")
    assert fault["subject"] == cert.pem
    assert fault["text"] == "is over, or has not begun"
    assert fault["remedy"] == "renew it"


def test_a_chain_that_senders_cannot_follow(house):
    said = [f for f in doctor(house)["certificates"]
            if f["subject"].endswith("server.pem")
            and "senders refuse it" in f["text"]]
    assert len(said) == 1 and said[0]["verdict"] == "warning"


def test_fewer_files_than_connections(house):
    change(house, "limits    = {", "limits    = { connections = 60000; ")
    found = json.loads(subprocess.run(
        ["bash", "-c", f"ulimit -n 1024; {house.program} doctor "
                       "--output json"], cwd=house.folder, timeout=60,
        capture_output=True, text=True).stdout)
    said = [f for f in found["findings"] if f["subject"] == "open files"]
    assert said[0]["verdict"] == "warning"
    assert said[0]["text"].startswith("1024 are allowed here")


def test_a_bridge_that_stays_root(house):
    if os.geteuid() != 0:
        pytest.skip("only what root starts is root")
    (said,) = [f for f in doctor(house)["confinement"]
               if f["subject"] == "user"]
    assert said["verdict"] == "warning"
    assert said["remedy"].startswith("name one: user =")


def test_more_memory_than_there_is(house):
    change(house, "limits    = {", 'limits    = { memory = "1000G"; ')
    (said,) = [f for f in doctor(house)["limits"] if f["subject"] == "memory"]
    assert said["verdict"] == "warning"
    assert "at the worst" in said["text"]


@pytest.mark.parametrize("allowed, verdict, text", [
    (1 << 30, "warning", "1.1 GB at the worst, by the limits, and 1.1 GB may"),
    (2 << 30, "ok", "1.1 GB at the worst, by the limits, of 2.1 GB")])
def test_more_memory_than_the_unit_of_the_bridge_allows(house, allowed,
                                                        verdict, text):
    """Which ceiling counts is the bridge's own, wherever doctor runs."""
    with bridge_that_says(house, 200, f"""\
leadbridge_memory_worst_bytes {1057 << 20}
leadbridge_memory_allowed_bytes {allowed}
"""):
        (said,) = [f for f in doctor(house)["bridge"]
                   if f["subject"] == "memory"]
    assert said["verdict"] == verdict and said["text"].startswith(text)
    assert (said["remedy"] is None) == (verdict == "ok")


def test_a_bridge_that_runs_tells_its_ceiling(house):
    house.start()
    worst = house.metric("leadbridge_memory_worst_bytes")
    allowed = house.metric("leadbridge_memory_allowed_bytes")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 1 << 20 < allowed <= pages
    (said,) = [f for f in doctor(house)["bridge"] if f["subject"] == "memory"]
    assert said["verdict"] == ("ok" if worst <= allowed else "warning")
    out, _ = house.run("check", "-c", house.path("leadbridge.cfg"))
    assert f"worst case: {int(worst) >> 20} MB" in out


@pytest.mark.parametrize("size, verdict, text", [
    ("8m", "fault", "8.4 MB left"), ("500m", "warning", "524 MB left"),
    ("2g", "ok", "2.1 GB left")])
def test_a_disk_that_is_nearly_full(house, size, verdict, text):
    with small_disk(house.path("store"), "size=" + size):
        found = doctor(house, code=1 if verdict == "fault" else 0)
    (said,) = [f for f in found["journal"] if f["text"].endswith(" left")]
    assert (said["verdict"], said["text"]) == (verdict, text)


def test_no_journal_and_one_of_a_server(build, tmp_path):
    house = House(build, tmp_path)
    (said,) = doctor(house)["journal"]
    assert "every route relays" in said["text"]
    change(house, "workers ", 'journal = { url = "postgresql://db/x"; };\n'
           "workers ")
    (said,) = doctor(house)["journal"]
    assert "only a bridge that runs can tell" in said["text"]
    assert house.close() is None


def test_a_journal_that_others_may_read(house):
    house.write("store/journal.db", "", 0o644)
    fault = one(doctor(house, code=1), "journal", "fault")
    assert fault["remedy"] == "chmod 600"


def test_a_journal_on_a_disk_that_is_read_only(house):
    with small_disk(house.path("store"), "ro,size=2g"):
        fault = one(doctor(house, code=1), "journal", "fault")
    assert "cannot be written here: Read-only" in fault["text"]


def test_a_journal_that_is_not_the_users(build):
    """Root, who may all, asks as the user that the bridge will be."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    house = House(build, folder, settings='user = "nobody";' + JOURNAL,
                  mappings={"queue": route("queue")})
    try:
        nobody = pwd.getpwnam("nobody").pw_uid
        for top, _, files in os.walk(folder):
            for name in files:
                os.chown(os.path.join(top, name), nobody, -1)
        os.mkdir(house.path("store"), 0o700)
        fault = one(doctor(house, code=1), "journal", "fault")
        assert "cannot be written here: Permission" in fault["text"]
        os.chown(house.path("store"), nobody, -1)
        assert "fault" not in {f["verdict"] for f in doctor(house)["journal"]}
    finally:
        house.close()
        shutil.rmtree(folder)


@contextlib.contextmanager
def bridge_that_says(house, status, metrics=""):
    """In the place of one: what takes a real one hours is said at once."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            is_ready = self.path == "/readyz"
            body = b"" if is_ready else metrics.encode()
            self.send_response(status if is_ready else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(
            ("127.0.0.1", house.admin_port), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield
        server.shutdown()


def test_a_bridge_that_is_not_ready(house):
    with bridge_that_says(house, 503):
        fault = one(doctor(house, code=1), "bridge", "fault")
    assert fault["text"] == "the bridge is not ready (503)"
    assert fault["remedy"].startswith("its log says which")


@pytest.mark.parametrize("oldest, verdict, text", [
    (900, "ok", "7 updates"),
    (3600, "warning", "7 updates, the oldest for 60 minutes")])
def test_updates_that_wait_for_long(house, oldest, verdict, text):
    with bridge_that_says(house, 200, f"""\
leadbridge_journal_items{{state="waiting"}} 7
leadbridge_journal_items{{state="dead"}} 0
leadbridge_journal_oldest_seconds {oldest}
"""):
        (said,) = [f for f in doctor(house)["journal"]
                   if f["subject"] == "waiting"]
    assert (said["verdict"], said["text"]) == (verdict, text)


def test_updates_that_were_given_up(build, tmp_path):
    api = Api()
    api.plan = {"v1": [422]}
    house = House(build, tmp_path, upstream=api.url, mappings={
        "queue": route("queue")}, settings='journal = { url = "memory:"; };')
    house.start()
    assert house.send("/hooks/queue", b'{"lead":"v1","detail":"x"}', {
        "Content-Type": "application/json", "X-Webhook-Token": TOKEN,
        }).status == 202
    wait_for(lambda: house.metric(
        'leadbridge_journal_items{state="dead"}') == 1, what="its end")
    (said,) = [f for f in doctor(house)["journal"]
               if f["subject"] == "given up"]
    assert (said["verdict"], said["text"]) == ("warning", "1 update")
    assert "deliveries list --state dead" in said["remedy"]
    assert house.close() == 0
    api.close()


# ---------------------------------------------------------- the way out

def test_a_key_that_is_refused(house):
    house.write("api.key", "another-key\n", 0o600)
    fault = one(doctor(house, code=1), "key", "fault")
    assert "refuses the key (401)" in fault["text"]
    assert "upstreams.<name>.api_key" in fault["remedy"]


def test_an_api_that_says_nothing_of_the_key(build, tmp_path):
    api = Api()
    api.usual = 503
    house = House(build, tmp_path, upstream=api.url)
    warning = one(doctor(house), "key", "warning")
    assert "answered 503, which says nothing" in warning["text"]
    assert warning["remedy"] == "try again later"
    assert house.close() is None
    api.close()


@pytest.mark.parametrize("days, verdict, said", [
    (25, "ok", r"TLSv1\.3, (24|25) days left"),
    (12, "warning", r"its certificate is over in (11|12) days")])
def test_the_days_of_an_apis_certificate(house, ca, days, verdict, said):
    cert = ca.issue(f"api{days}", san=["DNS:localhost"], end=days)

    def greet(peer):
        peer.head()
        peer.send(ok("lead"))
        peer.close()

    with Upstream(greet=greet, cert=cert) as up:
        change(house, house.upstream_url(), up.url)
        change(house, 'ca = "certs/dev-ca.pem"', f'ca = "{ca.pem}"')
        found = doctor(house)
    (tls,) = [f for f in found["upstream"] if "days" in f["text"]]
    assert tls["verdict"] == verdict and re.search(said, tls["text"])
    # It says no date, and that is no fault.
    assert "has no Date" in found["upstream"][-1]["text"]


def test_an_api_that_does_not_answer(house, ca, localhost):
    with Upstream(greet=lambda peer: peer.cut(), cert=localhost) as up:
        change(house, house.upstream_url(), up.url)
        change(house, 'ca = "certs/dev-ca.pem"', f'ca = "{ca.pem}"')
        fault = one(doctor(house, code=1), "upstream", "fault")
    assert "does not answer" in fault["text"]
    assert fault["remedy"] == "look whether the url is the API's"


@pytest.mark.parametrize("url, said, count", [
    ("https://no-such-host.invalid", "has no address", 0),
    ("https://localhost:1", "cannot be connected to", 1)])
def test_where_the_way_to_the_api_ends(house, url, said, count):
    change(house, house.upstream_url(), url)
    found = doctor(house, code=1)
    fault = one(found, "upstream", "fault")
    assert said in fault["text"]
    assert len(found["upstream"]) == count + 1
    assert "not asked" in one(found, "key", "fault")["text"]


def test_an_api_that_nobody_vouches_for(house, ca):
    change(house, 'ca = "certs/dev-ca.pem"', f'ca = "{ca.pem}"')
    found = doctor(house, code=1)
    fault = one(found, "upstream", "fault")
    assert "TLS fails" in fault["text"]
    assert "upstreams.<name>.ca" in fault["remedy"]


@pytest.mark.parametrize("seconds, verdict, said", [
    (0, "ok", "within a second"), (3, "ok", "ahead of"),
    (30, "warning", "ahead of"), (600, "fault", "ahead of"),
    (-600, "fault", "behind")])
def test_a_clock_that_is_wrong(house, seconds, verdict, said):
    shim = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not shim:
        pytest.skip("the package faketime is not installed")
    if seconds:
        # Began a day ago, so that it is good by either clock.
        env = {"LD_PRELOAD": shim[0], "FAKETIME": f"{seconds:+d}s",
               "FAKETIME_DONT_FAKE_MONOTONIC": "1",
               "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    else:
        env = {}
    def is_told():
        found = doctor(house, env=env, code=1 if verdict == "fault" else 0)
        (clock,) = [f for f in found["upstream"] if "clock" in f["text"]]
        return clock["verdict"] == verdict and said in clock["text"]

    # Of an answer that took two seconds nobody knows when it was said.
    wait_for(is_told, what=f"{verdict}: {said}")


# ------------------------------------------------------ the spans' collector

def traced(house, url, more=""):
    change(house, "workers ", f'tracing = {{ url = "{url}"; {more} }};\n'
           "workers ")


@pytest.fixture
def collector():
    c = Collector()
    c.url = f"http://127.0.0.1:{c.port}"
    yield c
    c.close()


def test_without_tracing_it_says_so(house):
    (said,) = doctor(house)["tracing"]
    assert (said["verdict"], said["subject"]) == ("ok", "tracing")
    assert "there is none" in said["text"]


def test_a_collector_that_takes_an_empty_export(house, collector):
    traced(house, collector.url)
    found = doctor(house)["tracing"]
    assert [f["verdict"] for f in found] == ["ok"] * 3
    assert "has 1 address" in found[0]["text"]
    assert "connected in" in found[1]["text"]
    assert "takes what it is sent (it answered 200)" in found[2]["text"]
    ((_, path, _, body),) = collector.requests
    assert path == "/v1/traces" and collector.batches() == [[]]
    assert json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"] == []


@pytest.mark.parametrize("status, remedy", [
    (401, "see tracing.authorization"), (403, "see tracing.authorization"),
    (404, "see the path of tracing.url"), (405, "see the path of tracing.url"),
    (415, "look whether it takes OTLP over HTTP as JSON"),
    (429, "try again later"), (503, "try again later"),
    (500, "try again later")])
def test_a_collector_that_does_not_take_it(house, collector, status, remedy):
    """Nothing waits for it, so that it is no fault."""
    traced(house, collector.url)
    collector.plan = [(status, {}, b"")]
    warning = one(doctor(house), "tracing", "warning")
    assert f"does not take an empty export ({status})" in warning["text"]
    assert warning["remedy"].startswith(remedy)


def test_a_collector_over_tls_and_one_nobody_vouches_for(house, ca, localhost):
    c = Collector(server_context(localhost))
    house.write("otlp.secret", "Bearer otlp-token\n", 0o600)
    change(house, "secrets   = {", 'secrets   = { otlp = '
           '{ file = "otlp.secret"; };')
    traced(house, f"https://localhost:{c.port}",
           f'ca = "{ca.pem}"; authorization = "otlp";')
    found = doctor(house)["tracing"]
    assert re.match(r"TLSv1\.3, \d+ days left", found[2]["text"])
    assert found[3]["verdict"] == "ok"
    assert c.requests[0][2]["Authorization"] == "Bearer otlp-token"
    change(house, f'ca = "{ca.pem}"; auth', 'ca = "certs/dev-ca.pem"; auth')
    warning = one(doctor(house), "tracing", "warning")
    assert "TLS fails" in warning["text"] and "tracing.ca" in warning["remedy"]
    c.close()


@pytest.mark.parametrize("url, said, remedy", [
    ("https://no-such-host.invalid", "has no address", "tracing.url"),
    ("http://127.0.0.1:1", "cannot be connected to", "whether the collector")])
def test_where_the_way_to_the_collector_ends(house, url, said, remedy):
    traced(house, url)
    warning = one(doctor(house), "tracing", "warning")
    assert said in warning["text"] and remedy in warning["remedy"]


def test_a_collector_that_speaks_something_else(house):
    with socket.create_server(("127.0.0.1", 0)) as s:
        def answer():
            peer, _ = s.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"\0\0\6\4\0\0\0\0\0")    # HTTP/2's settings
        threading.Thread(target=answer, daemon=True).start()
        traced(house, f"http://127.0.0.1:{s.getsockname()[1]}")
        warning = one(doctor(house), "tracing", "warning")
    assert "does not answer" in warning["text"]
    assert "4318, not 4317" in warning["remedy"]


def test_a_bridge_that_is_not_confined(house):
    change(house, "workers ", 'confine = "off";\nworkers ')
    house.start()
    warning = one(doctor(house), "bridge", "warning")
    assert "is not, in its files ports signals system_calls" in (
        warning["text"])


def test_a_bridge_that_does_not_run(house):
    warning = one(doctor(house), "bridge", "warning")
    assert "no bridge answers" in warning["text"]
    assert warning["remedy"].startswith("start it")
