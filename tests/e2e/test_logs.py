"""The log: a line an event, nothing of a lead in it, and nobody waits for
whoever reads it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid

import pytest

from house import (API_KEY, BATCH, FORM_SECRET, PARAM, TOKEN, TYPEFORM, House,
                   typeform_event, typeform_sign, wait_for)

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
QUEUED = """
route    = "/hooks/queued";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.lead}";
update: { email = "{$.email}"; detail = "{$.detail}"; };
"""

MAPPINGS = {"typeform": TYPEFORM, "batch": BATCH, "param": PARAM,
            "queued": QUEUED}
JSON = {"Content-Type": "application/json"}


def open_house(build, folder, log="", **kw):
    h = House(build, folder, mappings=MAPPINGS,
              settings='journal = { url = "sqlite:journal.db"; };', **kw)
    change(h, 'format = "json";', 'format = "json"; ' + log)
    return h


def change(h, old, new):
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    assert old in text
    h.write("leadbridge.cfg", text.replace(old, new))


@pytest.fixture
def house(build, tmp_path):
    h = open_house(build, tmp_path).start()
    yield h
    assert h.close() == 0


def post(h, path, body, headers=None):
    return h.send(path, json.dumps(body).encode(),
                  {**JSON, "X-Webhook-Token": TOKEN, **(headers or {})})


def admin(h, path, body, kind="application/json"):
    c = h.connect()
    c.port = h.admin_port
    return h.send(path, body if isinstance(body, bytes)
                  else json.dumps(body).encode(), {"Content-Type": kind},
                  connection=c)


def lines(h):
    """All there are of a bridge that has ended."""
    assert h.bridge is None
    return [json.loads(line) for line in h.log().splitlines()]


def most_since(begin):
    """How many lines of one reason: ten in each second that was begun."""
    return 10 * (int(time.monotonic() - begin) + 2)


def test_a_line_tells_what_became_of_an_event(house):
    assert house.typeform().status == 200
    line, = house.logged("relayed")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        line["time"])
    assert {k: line[k] for k in ("level", "route", "sender", "client", "lead",
                                 "status", "upstream_status")} == {
        "level": "info", "route": "/hooks/typeform", "sender": "typeform",
        "client": "127.0.0.1", "lead": "lead_abc123", "status": "200",
        "upstream_status": "200"}
    assert re.fullmatch(r"[0-9a-f-]{36}", line["delivery"])
    took = {k: float(line[k]) for k in ("receive_ms", "map_ms",
                                        "upstream_ms", "ms")}
    assert 0 < took["map_ms"] + took["upstream_ms"] <= took["ms"]
    assert took["receive_ms"] > 0


def test_what_is_delivered_later_has_its_own_line(house):
    got = post(house, "/hooks/queued",
               {"lead": "lead_2", "detail": "a detail that is long enough"})
    assert got.status == 202
    told = wait_for(lambda: house.logged("delivered"), what="the delivery")[0]
    queued, = house.logged("queued")
    assert queued["delivery"] == told["delivery"]
    assert queued["delivery"] == got.json["data"]["delivery"]
    assert "upstream_ms" not in queued
    assert told["upstream"] == "leadsail" and told["lead"] == "lead_2"
    assert 0 < float(told["upstream_ms"]) <= float(told["ms"])


def test_no_value_of_a_lead_no_query_no_header_is_in_a_line(build, tmp_path):
    """Hunted at the level debug, by values that are nowhere else."""
    h = open_house(build, tmp_path, 'level = "debug";').start()
    made = []

    def unique(form="{}"):
        made.append("q" + uuid.uuid4().hex[:12])
        return form.format(made[-1])

    def event(**kw):
        return typeform_event(name=unique("Ann {}"), **kw)

    header = {"X-Private": unique(), "User-Agent": unique(),
              "Cookie": unique("a={}")}
    query = "?" + unique("key={}")
    try:
        for body in (event(email=unique("{}@example.com")),
                     event(email=unique("no address {}")),
                     event(email=unique("{}@example.com"), lead="nobody"),
                     event(lead=unique("not a lead {}")),
                     event(kind="other"), b'{"a": "%s' % unique().encode()):
            h.send("/hooks/typeform" + query, body,
                   {**typeform_sign(body), **header})
            h.send("/hooks/typeform" + query, body, {**JSON, **header})
        h.send("/nowhere" + query, event(), header)
        h.send("/hooks/typeform" + query, b"", header, method="PUT")
        h.send("/hooks/typeform" + query, event(),
               {"Content-Type": "text/" + unique()})
        assert h.batch([
            {"lead": "lead_2", "email": unique("{}@b.co"), "detail": "x"},
            {"lead": "lead_2", "email": unique("{}@b.co"),
             "detail": unique("long enough {}")}]).status in (200, 422)
        kept = unique("{}@c.co")
        for one in ({"lead": "lead_2", "email": kept,
                     "detail": unique("long enough {}")},
                    {"lead": "lead_gone", "email": unique("{}@c.co"),
                     "detail": unique("long enough {}")},
                    {"lead": "lead_2", "email": unique()},
                    {"lead": unique("{} {{")}):
            post(h, "/hooks/queued" + query, one, header)
        with socket.create_connection(("127.0.0.1", h.port)) as s:
            s.sendall(f"GET /{unique()} HTTP/1.1\r\nHost: a\r\n"
                      f"{unique()}\r\n\r\n".encode())
            assert s.recv(100).startswith(b"HTTP/1.1 400")
        wait_for(lambda: h.logged("delivered") and h.logged("put off"),
                 what="the calls")
        h.admin("/deliveries?state=done,dead,refused")
        h.admin("/deliveries?email=" + unique())
        for row in h.admin("/deliveries").json["data"]["items"]:
            h.admin("/deliveries/" + row["delivery"])
        admin(h, "/deliveries/retry", {"filter": {"state": "refused"}})
        admin(h, "/deliveries/drop", {"filter": {"lead": unique()}})
        admin(h, "/log", {"level": unique()})
        assert admin(h, "/forget", {"email": kept}).status == 200
        assert h.admin("/" + unique()).status == 404
    finally:
        assert h.close() == 0
    text = h.log()
    assert not [m for m in made if m in text]
    for secret in (API_KEY, FORM_SECRET, TOKEN):
        assert secret not in text
    for expected in ("relayed", "refused", "queued", "batch", "delivered",
                     "put off", "bad request", "admin", "ignored",
                     "upstream connected"):
        assert expected in {e["event"] for e in lines(h)}, expected


def test_leads_by_hash_are_the_same_under_the_same_key(build, tmp_path):
    h = open_house(build, tmp_path,
                   'lead_ids = "hashed"; hash_key = "token";').start()

    def send():
        gone = "gone_" + uuid.uuid4().hex[:8]
        h.typeform()
        h.send("/hooks/crm/lead_abc123", b'{"detail": "long enough, it is"}',
               JSON, method="PUT")
        h.send("/hooks/crm/lead_abc123", b"{}", JSON)
        h.send("/hooks/crum/lead_abc123", b"{}", JSON)
        post(h, "/hooks/queued",
             {"lead": gone, "detail": "of a lead that is not there"})
        wait_for(lambda: h.logged("put off"), what="the first try")
        assert "lead_abc123" not in h.log() and gone not in h.log()
        return {e["lead"] for e in h.logged("relayed")}

    first, = send()
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert "PATCH" not in h.log()
    assert h.logged("refused")[0]["asked"] == "POST /hooks/crm/{lead}"
    assert h.stop() == 0
    h.start()
    assert {first} == send()
    assert h.stop() == 0
    change(h, 'hash_key = "token";', "")
    h.start()
    other, = send()
    assert other != first
    assert h.close() == 0


@pytest.mark.parametrize("log, fault", [
    ('lead_ids = "secret";', "lead_ids"),
    ('hash_key = "token";', "log.hash_key: nothing is hashed"),
    ('lead_ids = "hashed"; hash_key = "tokens";',
     "log.hash_key: there is no secret of that name"),
    ('level = "loud";', "level"),
    ('form = "json";', "form")])
def test_faults_of_its_settings_are_told_with_their_place(build, tmp_path, log,
                                                          fault):
    h = open_house(build, tmp_path, log)
    out, err = h.run("check", "-c", "leadbridge.cfg", code=1)
    assert re.search(r"leadbridge\.cfg:\d+", out + err)
    assert fault in out + err
    h.close()


def test_the_level_changes_while_it_runs(build, tmp_path):
    house = open_house(build, tmp_path, target='idle_timeout = "100ms";')
    house.start().typeform()
    wait_for(lambda: house.metric("leadbridge_upstream_connections") == 0,
             what="the end of the connection")
    assert not house.logged("upstream connected")
    assert admin(house, "/log", {"level": "debug"}).status == 200
    house.typeform()
    assert house.logged("upstream connected")
    assert [(e["what"], e["level"], e["peer"]) for e in house.logged("admin")
            if e["action"] == "log"] == [("debug", "warning", "127.0.0.1")]
    assert admin(house, "/log", {"level": "error"}).status == 200
    before = house.log()
    house.typeform()
    assert house.log() == before
    assert house.close() == 0


@pytest.mark.parametrize("body, kind, status, word", [
    ({"level": "loud"}, "application/json", 400,
     "one of error, warning, info, debug is expected"),
    ({"level": 1}, "application/json", 400, "level"),
    ({}, "application/json", 400, "level: is expected"),
    ({"levl": "info"}, "application/json", 400, "did you mean 'level'"),
    ([], "application/json", 400, "object"),
    (b"{", "application/json", 400, "UNREADABLE_BODY"),
    ({"level": "info"}, "text/plain", 415, "application/json")])
def test_a_level_that_is_none_changes_nothing(house, body, kind, status, word):
    got = admin(house, "/log", body, kind)
    assert got.status == status
    assert word in got.body.decode()
    assert not [e for e in house.logged("admin") if e["action"] == "log"]
    assert house.admin("/log").status == 405


def test_each_use_of_the_admin_endpoint_is_told(house):
    delivery = post(house, "/hooks/queued",
                    {"lead": "lead_2", "detail": "a detail that is long"}
                    ).json["data"]["delivery"]
    wait_for(lambda: house.logged("delivered"), what="the delivery")
    for path in ("/deliveries", "/deliveries/" + delivery, "/settings"):
        assert house.admin(path).status == 200
    for path, body in (("/deliveries/retry", {"ids": [delivery]}),
                       ("/deliveries/drop", {"ids": [delivery]}),
                       ("/forget", {"lead": "lead_3"}),
                       ("/reload", {}), ("/log", {"level": "info"})):
        assert admin(house, path, body).status == 200, path
    for path in ("/healthz", "/readyz", "/metrics"):  # machines, all day long
        assert house.admin(path).status == 200
    assert [e["action"] for e in house.logged("admin")] == [
        "list", "show", "settings", "retry", "drop", "forget", "reload",
        "log"]
    assert {e["peer"] for e in house.logged("admin")} == {"127.0.0.1"}
    with open(os.path.join(TOP, "bridge/admin/admin.c")) as f:
        pages = re.findall(r'\{ "(/[a-z/]*)", "\w+", (?:true|false)', f.read())
    assert len(pages) == 8 + 3, "a page is new: what does it tell?"


def test_who_is_turned_away_from_it_does_not_fill_the_log(house):
    begin = time.monotonic()
    for _ in range(100):
        c = http.client.HTTPConnection("127.0.0.1", house.admin_port)
        c.request("GET", "/settings", headers={"Host": "evil.example"})
        assert c.getresponse().status == 403
        c.close()
    most = most_since(begin)
    assert house.stop() == 0
    told = [e for e in house.logged("admin")
            if e.get("reason", "").startswith("asked for by another name")]
    whole = [e for e in told if "repeated" not in e]
    assert {(e["action"], e["peer"]) for e in whole} == {
        ("refused", "127.0.0.1")}
    assert len(whole) + sum(int(e["repeated"]) for e in told
                            if "repeated" in e) == 100
    assert len(whole) <= most
    house.start()


def test_a_reload_sets_the_level_of_the_settings(house):
    admin(house, "/log", {"level": "error"})
    change(house, 'format = "json";', 'format = "json"; level = "debug";')
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: house.logged("reloaded"), what="the reload")
    house.typeform()
    assert house.logged("relayed")


def test_the_same_refusal_again_and_again_is_counted(house):
    body = typeform_event()
    forged = typeform_sign(body, "another secret")
    c, begin = house.connect(), time.monotonic()
    for _ in range(300):
        assert house.send("/hooks/typeform", body, forged,
                          connection=c).status == 401
    c.close()
    most = most_since(begin)
    assert house.stop() == 0
    told = [e for e in house.logged("refused") if e["reason"] == "forged"]
    whole = [e for e in told if "delivery" in e]
    rest = [int(e["repeated"]) for e in told if "repeated" in e]
    assert rest and len(whole) + sum(rest) == 300
    assert len(whole) <= most
    assert lines(house)[-1]["event"] == "stopped"
    house.start()


def test_paths_that_no_route_has_are_counted_too(house):
    """However many a scanner makes up."""
    c, begin = house.connect(), time.monotonic()
    for n in range(300):
        assert house.send(f"/hooks/{n}", b"", connection=c).status == 404
    c.close()
    most = most_since(begin)
    assert house.stop() == 0
    told = [e for e in house.logged("refused")
            if e["reason"] == "no such route"]
    whole = [e for e in told if e.get("asked", "").startswith("POST /hooks/")]
    rest = [int(e["repeated"]) for e in told if "repeated" in e]
    assert rest and len(whole) + sum(rest) == 300
    assert len(whole) <= most
    house.start()


def test_who_does_not_read_the_log_stops_nobody(build, tmp_path):
    """Standard error is a pipe, and it is full: no worker waits in write."""
    h = open_house(build, tmp_path)
    read, write = os.pipe()
    h.bridge = subprocess.Popen(
        [h.program, "run", "-c", h.path("leadbridge.cfg"), "--log-level",
         "debug"], cwd=h.folder, stdin=subprocess.DEVNULL, stderr=write)
    os.close(write)
    h.write("bridge.log", "")
    wait_for(h.is_ready, what="readiness")
    c, body, sent = h.connect(), typeform_event(kind="other"), 0
    signed = typeform_sign(body)
    while h.metric("leadbridge_log_dropped_total") == 0:
        for _ in range(200):
            assert h.send("/hooks/typeform", body, signed,
                          connection=c).status == 200
        sent += 200
        assert sent < 20000
    dropped = h.metric("leadbridge_log_dropped_total")
    os.set_blocking(read, False)
    with open(read, "rb") as pipe:
        first = pipe.read()
        assert first.endswith(b"}\n") and b'"dropped"' not in first
        assert h.typeform().status == 200
        os.set_blocking(read, True)
        line = json.loads(pipe.readline())
        assert int(line["dropped"]) >= dropped
        c.close()
        h.bridge.send_signal(signal.SIGTERM)
        last = pipe.read()
        assert h.bridge.wait(timeout=30) == 0
    # Each is whole, also around what was dropped.
    for text in (first + last).splitlines():
        assert json.loads(text)["time"]
    assert b'"stopped"' in last
    h.bridge = None
    h.close()


def test_nothing_is_lost_when_the_process_is_killed(build, tmp_path):
    h = open_house(build, tmp_path).start()
    for _ in range(20):
        assert h.typeform().status == 200
    h.bridge.kill()
    h.bridge.wait()
    h.bridge = None
    assert len(h.logged("relayed")) == 20
    h.close()


def test_without_journald_it_says_so_and_goes_on(build, tmp_path):
    if os.path.exists("/run/systemd/journal/socket"):
        env = {**os.environ, "JOURNAL_STREAM": "1:1"}  # of somebody else
        h = open_house(build, tmp_path).start(env)
        assert h.logged("ready")
    else:
        h = open_house(build, tmp_path)
        change(h, 'format = "json";', 'format = "journald";')
        h.start()
        assert "journald does not answer" in h.logged("log")[0]["reason"]
        assert h.typeform().status == 200 and h.logged("relayed")
    assert h.close() == 0
