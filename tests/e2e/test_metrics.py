"""What /metrics tells, as Prometheus reads it; and that the alerts and the
dashboard of deploy/ ask for what is told."""

import contextlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from house import (BATCH, TOKEN, TYPEFORM, House, free_port, typeform_event,
                   wait_for)
from test_logs import QUEUED

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
DEPLOY = os.path.join(TOP, "deploy")
JSON = {"Content-Type": "application/json", "X-Webhook-Token": TOKEN}


class Family:
    def __init__(self, name, help_text, kind):
        self.name, self.help, self.kind = name, help_text, kind
        self.samples = []

    @property
    def labels(self):
        return sorted({k for labels, _ in self.samples for k in labels} -
                      {"le"})


def parse(text):
    families, family = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
        elif line.startswith("# TYPE "):
            _, _, of, kind = line.split(" ")
            assert of == name and of not in families
            family = families[of] = Family(of, help_text, kind)
        else:
            of, labels, value = re.fullmatch(
                r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            assert re.sub("_(bucket|sum|count)$", "", of) == family.name or \
                of == family.name
            family.samples.append((dict(re.findall(
                r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")), float(value)))
    return families


def exposition(h):
    got = h.admin("/metrics")
    assert got.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return got.body.decode()


def promtool(*args, stdin=None):
    done = subprocess.run(["promtool", *args], input=stdin, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def queued(h, lead="lead_2", detail="a detail that is long enough", **more):
    body = json.dumps({"lead": lead, "detail": detail, **more}).encode()
    return h.send("/hooks/queued", body, JSON)


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    """One of each thing that is counted."""
    h = House(build, tmp_path_factory.mktemp("house"),
              mappings={"typeform": TYPEFORM, "batch": BATCH,
                        "queued": QUEUED},
              target='idle_timeout = "10m";',  # one is counted later
              settings='journal = { url = "sqlite:journal.db"; };').start()
    assert h.typeform().status == 200
    assert h.typeform(tls=True).status == 200
    assert h.typeform(secret="another secret").status == 401
    assert h.send("/hooks/typeform", b"{}", JSON).status == 401
    assert h.typeform(typeform_event(email="none")).status == 422
    assert h.typeform(typeform_event(kind="other")).status == 200
    assert h.typeform(typeform_event(lead="lead_nobody")).status == 422
    assert h.send("/hooks/typo").status == 404
    assert queued(h).status == 202
    assert queued(h, email="none").status == 422
    wait_for(lambda: h.metric("leadbridge_delivery_seconds_count") == 1,
             what="the delivery")
    wait_for(lambda: h.metric(
        'leadbridge_journal_items{state="done"}') == 1, what="the count")
    yield h
    assert h.close() == 0


def test_prometheus_takes_it_without_a_complaint(house):
    assert promtool("check", "metrics", stdin=exposition(house)) == ""


def test_events_go_by_route_and_outcome(house):
    def count(route, outcome):
        return house.metric("leadbridge_events_total{"
                            f'route="{route}",outcome="{outcome}"}}')

    assert count("/hooks/typeform", "relayed") == 3
    assert count("/hooks/typeform", "refused") == 3
    assert count("/hooks/typeform", "ignored") == 1
    assert count("/hooks/queued", "queued") == 1
    assert count("/hooks/batch", "relayed") == 0
    assert count("other", "refused") == 1  # no route has its path
    for reason, n in (("forged", 1), ("missing", 1), ("stale", 0)):
        assert house.metric(
            'leadbridge_verification_failures_total{route="/hooks/typeform",'
            f'reason="{reason}"}}') == n
    assert house.metric('leadbridge_mapping_faults_total{field="email"}') == 2


def test_faults_of_fields_are_told_from_0_on(house):
    """Of a series that begins with 500, Prometheus sees no increase."""
    family = parse(exposition(house))["leadbridge_mapping_faults_total"]
    fields = {labels["field"] for labels, _ in family.samples}
    schema = json.loads(house.run("schema")[0])
    assert fields == set(schema["properties"]) | {"other"}


def test_each_part_of_the_way_is_timed(house):
    families = parse(exposition(house))
    for name, n in (("receive", 10), ("map", 5), ("answer", 10),
                    ("upstream", 4), ("delivery", 1)):
        f = families[f"leadbridge_{name}_seconds"]
        values = [v for labels, v in f.samples if "le" in labels]
        assert f.kind == "histogram"
        assert values == sorted(values) and values[-1] == n, name
        assert f.samples[-1][1] == n
        assert 0 < f.samples[-2][1] < 60
    assert families["leadbridge_journal_commit_seconds"].samples[-1][1] > 0


def test_upstreams_are_told_apart(house):
    name = '{upstream="leadsail"'
    answers = "leadbridge_upstream_answers_total" + name
    assert house.metric(answers + ',status="2xx"}') == 3
    assert house.metric(answers + ',status="4xx"}') == 1
    assert house.metric("leadbridge_upstream_gate" + name +
                        ',gate="closed"}') == 1
    assert house.metric("leadbridge_upstream_gate" + name + "}") == 1
    assert house.metric("leadbridge_upstream_connections" + name +
                        ',state="idle"}') >= 1
    assert house.metric("leadbridge_upstream_connections" + name +
                        ',state="busy"}') == 0
    assert house.metric("leadbridge_upstream_queued_calls" + name + "}") == 0


def test_the_process_is_told(house):
    pid = house.bridge.pid
    families = parse(exposition(house))

    def value(name):
        (_, v), = families[name].samples
        return v

    with open(f"/proc/{pid}/statm") as f:
        resident = int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert abs(value("process_resident_memory_bytes") - resident) < 64 << 20
    assert 0 < value("process_cpu_seconds_total") < 1000
    assert value("process_open_fds") <= value("process_max_fds")
    assert abs(value("process_open_fds") -
               len(os.listdir(f"/proc/{pid}/fd"))) < 8
    assert 0 < time.time() - value("process_start_time_seconds") < 600
    assert value("leadbridge_memory_worst_bytes") > 1 << 20
    assert value("leadbridge_log_dropped_total") == 0


def not_after(path):
    line = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in",
                           path], text=True, capture_output=True, check=True)
    return ssl.cert_time_to_seconds(line.stdout.split("=", 1)[1].strip())


def test_certificates_end_and_are_renewed(build, tmp_path, ca):
    client = ca.issue("client", eku="clientAuth", end=9)
    h = House(build, tmp_path, settings='watch_files = "0s";',
              target=f'certificate = "{client.pem}"; key = "{client.key}";')
    cert = h.path("certs/server.pem")
    ends = ('leadbridge_certificate_expiry_timestamp_seconds{'
            f'file="{cert}",side="in"}}')
    h.start()
    assert h.metric(ends) == not_after(cert)
    assert h.metric('leadbridge_certificate_expiry_timestamp_seconds{'
                    f'file="{client.pem}",side="out"}}') == not_after(
                        client.pem)
    short = ca.issue("localhost", san=["DNS:localhost"], end=3)
    for name, of in (("server.pem", short.pem), ("server.key", short.key)):
        with open(of) as f:
            h.write("certs/" + name, f.read(), 0o600)
    h.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: h.metric(ends) == not_after(cert) and
             h.logged("reloaded"), what="the renewal")
    assert h.metric(ends) < time.time() + 4 * 86400
    # One that is not served any more ends for nobody.
    os.rename(cert, h.path("certs/other.pem"))
    with open(h.path("leadbridge.cfg")) as f:
        h.write("leadbridge.cfg",
                f.read().replace("certs/server.pem", "certs/other.pem"))
    h.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: len(h.logged("reloaded")) == 2, what="the reload")
    told = parse(exposition(h))[
        "leadbridge_certificate_expiry_timestamp_seconds"]
    assert {labels["file"] for labels, _ in told.samples} == {
        h.path("certs/other.pem"), client.pem}
    assert h.close() == 0


def test_counts_outlive_a_reload_and_what_is_gone_stays_counted(build,
                                                                tmp_path):
    h = House(build, tmp_path).start()
    relayed = 'leadbridge_events_total{route="%s",outcome="relayed"}'
    h.typeform()
    with open(h.path("mappings/typeform/mapping.cfg")) as f:
        text = f.read()
    h.write("mappings/typeform/mapping.cfg",
            text.replace("/hooks/typeform", "/hooks/moved"))
    h.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: h.logged("reloaded"), what="the reload")
    assert h.typeform(path="/hooks/moved").status == 200
    assert h.metric(relayed % "/hooks/typeform") == 1
    assert h.metric(relayed % "/hooks/moved") == 1
    assert h.metric('leadbridge_upstream_gate{gate="closed"}') >= 1
    h.write("mappings/typeform/mapping.cfg", text)
    h.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: len(h.logged("reloaded")) == 2, what="the reload")
    h.typeform()
    assert h.metric(relayed % "/hooks/typeform") == 2
    wait_for(lambda: h.metric('leadbridge_upstream_gate{gate="closed"}') == 1,
             what="the end of what went before")
    assert h.close() == 0


def test_names_that_reloads_take_away_make_room(build, tmp_path, ca):
    """More routes, upstreams and certificates than the tables take, but never
    that many at a time: none of them is "other"."""
    client = ca.issue("client", eku="clientAuth")
    h = House(build, tmp_path)
    with open(h.path("leadbridge.cfg")) as f:
        settings = f.read()
    upstream = re.search(r"leadsail = (\{ url.*?\});", settings, re.S)[1]

    def settle(n):
        entries = ""
        for i in range(15):
            shutil.copy(client.pem, h.path(f"certs/g{n}-{i}.pem"))
            one = upstream.rstrip("}") + (
                f'certificate = "certs/g{n}-{i}.pem"; key = "{client.key}"; }}')
            entries += f" g{n}-{i} = {one};"
        h.write("leadbridge.cfg", settings.replace(
            "upstreams = {", "upstreams = {" + entries))
        for i in range(60):
            h.write(f"mappings/many{i}/mapping.cfg", TYPEFORM.replace(
                "/hooks/typeform", f"/hooks/g{n}-{i}"))

    settle(0)
    h.start()
    for n in range(1, 6):
        settle(n)
        h.bridge.send_signal(signal.SIGHUP)
        wait_for(lambda n=n: len(h.logged("reloaded")) == n and
                 h.metric("leadbridge_settings_in_use") == 1,
                 seconds=60, what="the reload")
        assert h.typeform(path=f"/hooks/g{n}-59").status == 200
        told = parse(exposition(h))

        def of(metric, label):
            return {labels[label] for labels, _ in told[metric].samples}

        assert {f"/hooks/g{n}-{i}" for i in range(60)} < of(
            "leadbridge_events_total", "route")
        assert {f"g{n}-{i}" for i in range(15)} < of(
            "leadbridge_upstream_gate", "upstream")
        assert {h.path(f"certs/g{n}-{i}.pem") for i in range(15)} < of(
            "leadbridge_certificate_expiry_timestamp_seconds", "file")
        assert h.metric("leadbridge_events_total{"
                        f'route="/hooks/g{n}-59",outcome="relayed"}}') == 1
    assert h.close() == 0


def test_the_table_of_the_manual_is_the_table_of_the_program(house):
    with open(os.path.join(DEPLOY, "METRICS.md")) as f:
        text = f.read()
    told = re.findall(
        r"^\| `((?:leadbridge|process)_\w+)` \| (\w+) \| (.*?) \| (.*) \|$",
        text, re.M)
    want = [(f.name, f.kind,
             ", ".join(f"`{label}`" for label in f.labels), f.help)
            for f in parse(exposition(house)).values()]
    rows = "\n".join(f"| `{n}` | {k} | {labels} | {text} |"
                     for n, k, labels, text in sorted(want))
    assert told == sorted(want), "deploy/METRICS.md is to say:\n" + rows


def dashboard():
    with open(os.path.join(DEPLOY, "grafana-dashboard.json")) as f:
        board = json.load(f)
    for panel in board["panels"]:
        assert panel["description"], panel["title"]
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in board["annotations"]["list"]:
        yield note["name"], note["expr"]


def alerts():
    with open(os.path.join(DEPLOY, "alerts.yml")) as f:
        text = f.read()
    found = re.findall(
        r"alert: (\w+)\n +expr: (\|\n(?: {10,}.*\n)+|.*\n)", text)
    assert len(found) == text.count("- alert:")
    return [(name, expr.lstrip("|\n").strip()) for name, expr in found]


def test_queries_name_metrics_and_labels_that_are_told(house):
    families = parse(exposition(house))
    values = {}
    for f in families.values():
        for labels, _ in f.samples:
            for k, v in labels.items():
                values.setdefault((f.name, k), set()).add(v)
    seen = set()
    for title, expr in [*dashboard(), *alerts()]:
        names = re.findall(r"\b((?:leadbridge|process)_\w+)(?:\{(.*?)\})?",
                           expr)
        assert names or expr.startswith("up{"), title
        for name, matchers in names:
            base = re.sub("_bucket$", "", name)
            assert base in families, (title, name)
            assert (name != base) == (families[base].kind == "histogram")
            seen.add(base)
            for label, value in re.findall(r'(\w+)!?=~?"([^"]*)"', matchers):
                if label in ("instance", "job"):  # Prometheus adds them
                    continue
                assert set(value.split("|")) <= values[base, label], (
                    title, label, value)
        for by in re.findall(r"by \((.*?)\)", expr):
            known = {label for name, _ in names for label in
                     families[re.sub("_bucket$", "", name)].labels}
            assert set(by.split(", ")) <= known | {"le", "instance"}, title
    assert len(seen) > 20


def test_alerts_are_set_off_by_what_they_say(tmp_path):
    rules = os.path.join(DEPLOY, "alerts.yml")
    promtool("check", "rules", rules)
    with open(os.path.join(TOP, "tests/e2e/alerts.test.yml")) as f:
        text = f.read()
    for name, _ in alerts():
        assert f"alertname: {name}\n        exp_alerts" in text, name
    cases = tmp_path / "alerts.test.yml"
    cases.write_text(text.replace("ALERTS", rules))
    promtool("test", "rules", str(cases))


PROMETHEUS = """
global: {scrape_interval: 1s, evaluation_interval: 200ms}
rule_files: [%s]
scrape_configs:
  - job_name: leadbridge
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


class Prometheus:
    def __init__(self, folder, admin_port):
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(PROMETHEUS % (os.path.join(DEPLOY, "alerts.yml"),
                                        admin_port))
        self.log = folder / "prometheus.log"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}",
             f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=open(self.log, "w"))

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + \
            urllib.parse.urlencode(query)
        with urllib.request.urlopen(url, timeout=20) as r:
            return json.load(r)["data"]

    def value(self, expr):
        with contextlib.suppress(OSError):
            return self.ask("query", query=expr)["result"]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def test_prometheus_itself_answers_every_query(house, tmp_path):
    p = Prometheus(tmp_path, house.admin_port)
    try:
        wait_for(lambda: p.value(
            "count_over_time(leadbridge_build_info[1m]) > 3"), 60,
            p.log.read_text() + "the scrapes")
        house.typeform()
        for title, expr in dashboard():
            expr = (expr.replace("$__rate_interval", "1m")
                    .replace("$instance", ".*"))
            got = wait_for(lambda: p.value(expr) or "> 0" in expr, 20, title)
            assert got, (title, expr)

        def rules():
            groups = p.ask("rules")["groups"]
            return [r for g in groups for r in g["rules"]]

        def known():
            found = rules()
            return found and all(r["health"] != "unknown" for r in found)

        def active():
            return {r["name"] for r in rules() if r["state"] != "inactive"}

        wait_for(known, what="the rules")
        assert {r["health"] for r in rules()} == {"ok"}
        assert len(rules()) == len(alerts())
        # To a scrape that was late the bridge was down, until the next one.
        wait_for(lambda: active() <= {"LeadbridgeUnmapped"},
                 what="alerts at rest")
    finally:
        p.close()
