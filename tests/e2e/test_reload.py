"""Settings that are loaded again while the bridge serves: by signal, by verb,
by a file that changed. What is under way ends as it began."""

import http.client
import json
import os
import re
import signal
import ssl
import threading
import time

import pytest

from house import API_KEY, TOKEN, Answer, House, wait_for
from journal_api import Api

TEXT = """
route    = "/hooks/%s";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
mode     = "%s";
%s
lead_id  = "{$.lead}";
update: { detail = "%s"; };
"""
MODES = {"relay": "", "queue": 'dedupe = "none";',
         "either": 'dedupe = "none"; patience = "20s";'}
FAST = 'watch_files = "100ms";'


def mapping(name, detail="{$.detail}"):
    mode = "relay-or-queue" if name == "either" else name
    return TEXT % (name, mode, MODES[name], detail)


def open_house(build, folder, api, journal="memory:", settings="", **kw):
    # What the API holds until it is released is not to be late.
    h = House(build, folder, upstream=api.url, target='timeout = "100s";',
              settings=settings + f'journal = {{ url = "{journal}"; }};',
              mappings={name: mapping(name) for name in MODES}, **kw)
    h.api = api
    return h


@pytest.fixture
def house(build, tmp_path):
    h = open_house(build, tmp_path, Api(),
                   settings='drain_timeout = "60s";').start()
    yield h
    h.api.release()
    ended = h.bridge is None # by the test itself
    assert h.close() == (None if ended else 0)
    h.api.close()


def post(house, name, lead="l1", detail="x", connection=None, token=TOKEN):
    return house.send(f"/hooks/{name}",
                      json.dumps({"lead": lead, "detail": detail}).encode(),
                      {"X-Webhook-Token": token,
                       "Content-Type": "application/json"},
                      connection=connection)


def ask(house, path="/reload", body=b"{}", **headers):
    c = http.client.HTTPConnection("127.0.0.1", house.admin_port, timeout=60)
    c.request("POST", path, body,
              {"Content-Type": "application/json", **headers})
    return Answer(c.getresponse())


def rewrite(house, was, now, name="leadbridge.cfg"):
    with open(house.path(name)) as f:
        text = f.read()
    assert was in text
    house.write(name, text.replace(was, now))


def reloads(house, outcome):
    return house.metric(f'leadbridge_reloads_total{{outcome="{outcome}"}}')


def only_one_in_use(house):
    """What was served by before is let go of."""
    wait_for(lambda: house.metric("leadbridge_settings_in_use") == 1,
             what="letting go of the old settings")


class Load:
    """Threads that send on one connection each, until told to stop."""

    def __init__(self, house, names, threads=2):
        self.house, self.stopped, self.wrong = house, threading.Event(), []
        self.sent, self.ending = 0, False
        self.accepted = []   # details of what was told 2xx, a list a lead
        self.threads = [threading.Thread(target=self.run, args=(n, i))
                        for n in names for i in range(threads)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for t in self.threads:
            t.join(60)
            assert not t.is_alive()

    def run(self, name, i):
        lead, told, c = f"{name}{i}", [], self.house.connect()
        self.accepted.append((lead, told))
        try:
            while not self.stopped.is_set():
                before = c.sock
                got = post(self.house, name, lead, str(len(told)), c)
                if got.status not in (200, 202):
                    self.refused(name, got)
                    return
                if before not in (None, c.sock) and not self.ending:
                    self.wrong.append((name, "another connection"))
                told.append(str(len(told)))
                self.sent += 1
                self.keep_pace(lead, told)
        except (AssertionError, OSError, http.client.HTTPException) as e:
            self.refused(name, e)

    def keep_pace(self, lead, told):
        """A lead's updates go one at a time: not too many are to wait."""
        api = self.house.api
        wait_for(lambda: self.stopped.is_set() or
                 len(told) - len(api.details(lead)) < 10)

    def refused(self, name, what):
        self.wrong.append((name, getattr(what, "status", what),
                           getattr(what, "body", "")))


def test_a_hundred_reloads_under_load_fail_no_request(house):
    with Load(house, MODES) as load:
        for i in range(50):
            # However slow they are, there are some in between.
            wait_for(lambda: load.sent > 4 * i, what="the load")
            house.write("mappings/relay/mapping.cfg",
                        mapping("relay", "{$.nonsense | no_such_step}"))
            got = ask(house)
            assert (got.status, got.code) == (422, "INVALID_SETTINGS")
            assert "no_such_step" in got.details[0]
            house.write("mappings/relay/mapping.cfg",
                        mapping("relay", f"{i} {{$.detail}}"))
            assert ask(house).status == 200
    assert load.wrong == []
    assert (reloads(house, "done"), reloads(house, "refused")) == (50, 50)
    only_one_in_use(house)
    # What was claimed or leased when the settings changed went out at once.
    assert house.logged("put off") == []
    # What was accepted was delivered, a lead's in order, each once.
    for lead, told in load.accepted:
        if not lead.startswith("relay"):
            wait_for(lambda: house.api.details(lead) == told, what=lead)
    # What runs is what was loaded last.
    assert post(house, "relay", "last", "x").status == 200
    assert house.api.details("last") == ["49 x"]


def test_what_is_under_way_ends_by_what_it_began_with(house):
    house.api.plan = {"slow": [None], "slow2": [None], "slow3": [None]}
    got = {}

    def send(name, lead):
        got[name] = post(house, name, lead, "before").status

    threads = [threading.Thread(target=send, args=a) for a in
               (("relay", "slow"), ("either", "slow2"), ("queue", "slow3"))]
    for t in threads:
        t.start()
    wait_for(lambda: len(house.api.leads()) == 3)
    for name in MODES:
        house.write(f"mappings/{name}/mapping.cfg",
                    mapping(name, "new {$.detail}"))
    assert ask(house).status == 200
    assert house.metric("leadbridge_settings_in_use") == 2
    assert post(house, "relay", "l1", "after").status == 200
    assert post(house, "queue", "l1", "queued").status == 202
    wait_for(lambda: house.api.details("l1") == ["new after", "new queued"])
    # The same lead waits for the one that is under way in the old settings.
    assert post(house, "queue", "slow3", "behind").status == 202
    assert house.metric("leadbridge_settings_in_use") == 2
    house.api.release()
    for t in threads:
        t.join(20)
    assert got == {"relay": 200, "either": 200, "queue": 202}
    wait_for(lambda: house.api.details("slow3") == ["before", "new behind"])
    only_one_in_use(house)


def test_the_verb_tells_what_check_does(house):
    out, err = house.run("reload", "-c", "leadbridge.cfg")
    assert out == "reloaded, 3 routes\n"
    house.write("mappings/relay/mapping.cfg", mapping("relay", "{$.x | nope}"))
    _, told = house.run("check", "-c", house.path("leadbridge.cfg"), code=1)
    _, err = house.run("reload", "-c", "leadbridge.cfg", code=1)
    assert told.strip() and err.startswith(told)
    assert "those that ran go on" in err
    assert post(house, "relay", "l1").status == 200
    assert house.metric("leadbridge_last_reload_success") == 0
    assert house.logged("reload refused")[-1]["line"]
    rewrite(house, "workers", "workers = = 1; workers")
    assert "leadbridge.cfg:" in house.run(
        "reload", "-c", "leadbridge.cfg", code=1)[1]
    rewrite(house, "workers = = 1; workers", "workers")
    house.write("mappings/relay/mapping.cfg", mapping("relay"))
    out, _ = house.run("reload", "-c", "leadbridge.cfg", "--output", "json")
    assert json.loads(out)["routes"] == 3
    assert house.metric("leadbridge_last_reload_success") == 1
    last = house.metric("leadbridge_last_reload_success_timestamp_seconds")
    assert abs(last - time.time()) < 60


def test_without_a_bridge_the_verb_cannot(build, tmp_path):
    h = open_house(build, tmp_path, Api())
    assert "no bridge answers" in h.run("reload", "-c", "leadbridge.cfg",
                                        code=3)[1]
    assert "no bridge answers" in h.run(
        "check", "-c", "leadbridge.cfg", "--against-running", code=3)[1]
    h.api.close()


def test_a_signal_loads_again_and_says_so(house):
    house.write("mappings/relay/mapping.cfg", mapping("relay", "by signal"))
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads(house, "done") == 1)
    assert post(house, "relay").status == 200
    assert house.api.details("l1") == ["by signal"]
    wait_for(lambda: house.logged("reloaded"), what="the log line")
    assert house.logged("reloaded")[0]["cause"] == "SIGHUP"
    house.write("mappings/relay/mapping.cfg", "route = ")
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads(house, "refused") == 1)
    wait_for(lambda: house.logged("reload refused"), what="the log line")
    assert house.logged("reload refused")[0]["file"].endswith("mapping.cfg")


def test_who_may_ask_and_how(house):
    c = http.client.HTTPConnection("127.0.0.1", house.admin_port, timeout=20)
    c.request("POST", "/reload", b"x=1",
              {"Content-Type": "application/x-www-form-urlencoded"})
    assert c.getresponse().status == 415
    assert ask(house, Host="evil.example").status == 403
    assert house.admin("/reload").status == 405
    assert reloads(house, "done") == 0


def test_nobody_waits_for_a_reload_while_it_drains(house):
    house.api.plan = {"slow": [None]}
    t = threading.Thread(target=post, args=(house, "relay", "slow"))
    t.start()
    wait_for(lambda: house.api.leads() == ["slow"])
    house.bridge.send_signal(signal.SIGTERM)
    # It says that it stops before the admin endpoint knows.
    wait_for(lambda: house.admin("/readyz").status == 503)
    got = ask(house)
    assert house.bridge.poll() is None  # the slow one is under way yet
    assert (got.status, got.details) == (503, ["the bridge starts or stops"])
    house.api.release()
    t.join(20)
    assert house.bridge.wait(20) == 0
    assert reloads_logged(house) == 0
    house.bridge = None


def reloads_logged(house):
    return len(house.logged("reloaded") + house.logged("reload refused"))


def test_many_who_ask_at_once_are_all_answered(house):
    got = []
    threads = [threading.Thread(target=lambda: got.append(ask(house).status))
               for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert got == [200] * 16
    assert 1 <= reloads(house, "done") <= 16
    only_one_in_use(house)


def test_what_takes_a_restart_is_named_beforehand_and_then(house):
    out, err = house.run("check", "-c", "leadbridge.cfg", "--against-running")
    assert "takes a restart" not in err
    rewrite(house, "workers   = 2", "workers   = 3")
    rewrite(house, '"memory:"', '"sqlite:journal.db"')
    rewrite(house, "listen    = (",
            'listen    = ( { address = "127.0.0.1:0"; },')
    _, told = house.run("check", "-c", "leadbridge.cfg", "--against-running")
    out, err = house.run("check", "-c", "leadbridge.cfg", "--against-running",
                         "--output", "json")
    warnings = [w for w in json.loads(out)["warnings"] if "takes a restart" in w]
    assert [w.split(":")[0] for w in warnings] == [
        "workers", "listen", "journal.url"]
    got = ask(house)
    assert got.status == 200
    assert [w for w in got.json["data"]["warnings"]
            if "takes a restart" in w] == warnings
    assert all(w in told for w in warnings)
    assert {e["reason"] for e in house.logged("settings")} >= set(warnings)
    assert post(house, "queue").status == 202
    wait_for(lambda: house.api.details("l1") == ["x"])


def test_what_runs_is_told_without_a_password(build, tmp_path):
    h = open_house(build, tmp_path, Api(), journal="memory:").start()
    rewrite(h, '"memory:"', '"postgresql://bridge:pass-7d1@db/x?password=p-2"')
    warnings = " ".join(ask(h).json["data"]["warnings"])
    assert "postgresql://bridge@db/x" in warnings
    assert "pass-7d1" not in h.log() + warnings
    assert "p-2" not in h.log() + warnings
    told = h.admin("/settings").json["data"]["fixed"]
    assert {"name": "journal.url", "value": "memory:"} in told
    assert h.close() == 0
    h.api.close()


def test_a_journal_cannot_come_while_it_runs(build, tmp_path):
    api = Api()
    h = House(build, tmp_path, upstream=api.url, settings="#J",
              mappings={"relay": mapping("relay")}).start()
    rewrite(h, "#J", 'journal = { url = "memory:"; };')
    assert "restart" in "".join(ask(h).json["data"]["warnings"])
    h.write("mappings/queue/mapping.cfg", mapping("queue"))
    got = ask(h)
    assert got.status == 422
    assert "none runs" in got.details[0]
    assert post(h, "relay").status == 200
    assert h.send("/hooks/queue", b"{}").status == 404
    assert h.close() == 0
    api.close()


def test_limits_and_the_admin_token_are_the_new_ones(build, tmp_path):
    h = open_house(build, tmp_path, Api(), limits='body = "2K";').start()
    body = b'{"lead":"l1","detail":"' + b"x" * 4000 + b'"}'
    headers = {"X-Webhook-Token": TOKEN, "Content-Type": "application/json"}
    kept = h.connect()
    assert h.send("/hooks/relay", body, headers).status == 413
    assert post(h, "relay", connection=kept).status == 200
    rewrite(h, 'body = "2K"', 'body = "16K"')
    rewrite(h, "admin     = {", 'admin     = { token = "token";')
    assert ask(h).status == 200
    # On the connection that was open, too.
    assert h.send("/hooks/relay", body, headers, connection=kept).status == 200
    assert ask(h).status == 401
    assert ask(h, Authorization=f"Bearer {TOKEN}").status == 200
    out, _ = h.run("reload", "-c", "leadbridge.cfg")
    assert out == "reloaded, 3 routes\n"
    assert h.close() == 0
    h.api.close()


def replace(path, text):
    """As those who renew certificates do."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)


def test_a_refused_key_is_renewed_and_nothing_was_lost(build, tmp_path):
    """Row by row: the API refuses the key, the file changes, all go out."""
    api = Api()
    api.key = "another-key"
    h = open_house(build, tmp_path, api, settings='watch_files = "0s";').start()
    for i in range(12):
        assert post(h, "queue", f"l{i % 3}", str(i)).status == 202
    wait_for(lambda: h.logged("upstream held"))
    # Another reload does not ask the API again with the same key.
    assert ask(h).status == 200
    assert h.metric('leadbridge_upstreams{gate="key_refused"}') >= 1
    replace(h.path("api.key"), "another-key\n")
    h.bridge.send_signal(signal.SIGHUP)
    for n in range(3):
        wait_for(lambda: api.details(f"l{n}")[-4:] ==
                 [str(i) for i in range(n, 12, 3)], what=f"l{n} in order")
    # Each lane had one under way when the first was refused; no more were.
    assert api.strangers <= 3
    assert len(api.leads()) == api.strangers + 12
    assert h.metric("leadbridge_journal_dead_total") == 0
    assert h.close() == 0
    api.close()


def test_a_secret_whose_file_changes_is_loaded_by_itself(build, tmp_path):
    h = open_house(build, tmp_path, Api(), settings=FAST).start()
    replace(h.path("token.secret"), "another-token\n")
    wait_for(lambda: reloads(h, "done") == 1)
    assert post(h, "relay", token="another-token").status == 200
    assert post(h, "relay").status == 401
    wait_for(lambda: h.logged("reloaded"), what="the log line")
    assert h.logged("reloaded")[0]["cause"] == "files"
    assert h.logged("a file changed")[0]["file"].endswith("token.secret")
    # As often as it changed, and no oftener.
    assert reloads(h, "done") == 1
    assert h.close() == 0
    h.api.close()


def served(house):
    """The certificate a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    c = http.client.HTTPSConnection("localhost", house.tls_port,
                                    context=context, timeout=20)
    c.connect()
    return c, c.sock.getpeercert(binary_form=True)


def read(path):
    with open(path) as f:
        return f.read()


@pytest.mark.parametrize("text,said", [
    ('watch_files = "2h";', "watch_files"),
    ("watch_files = true;", "watch_files"),
    ('watch_file = "5s";', "did you mean 'watch_files'")])
def test_how_often_to_look_is_checked(build, tmp_path, text, said):
    h = open_house(build, tmp_path, Api(), settings=text)
    assert said in h.run("check", "-c", "leadbridge.cfg", code=1)[1]
    h.api.close()


def test_a_new_certificate_is_for_new_connections(build, tmp_path, localhost):
    h = open_house(build, tmp_path, Api(), settings=FAST).start()
    old, first = served(h)
    assert post(h, "relay", connection=old).status == 200
    # Half of a pair: what is served stays.
    begin = time.monotonic()
    replace(h.path("certs/server.pem"), read(localhost.chain))
    wait_for(lambda: reloads(h, "refused") >= 1)
    assert served(h)[1] == first
    wait_for(lambda: h.metric("leadbridge_last_reload_success") == 0)
    # Looked at five times since; what rests and was refused is let be, for
    # five seconds.
    time.sleep(0.5)
    refused = reloads(h, "refused")
    assert refused <= 1 + (time.monotonic() - begin) // 5
    # The other half.
    replace(h.path("certs/server.key"), read(localhost.key))
    wait_for(lambda: reloads(h, "done") == 1)
    assert served(h)[1] == ssl.PEM_cert_to_DER_cert(read(localhost.pem))
    # The connection from before goes on.
    assert post(h, "relay", connection=old).status == 200
    assert old.sock.getpeercert(binary_form=True) == first
    assert h.close() == 0
    h.api.close()


@pytest.mark.parametrize("hurry", [False, True])
def test_a_second_signal_hurries(house, hurry):
    house.api.plan = {"slow": [None]}
    got = []
    t = threading.Thread(
        target=lambda: got.append(post(house, "relay", "slow").status))
    t.start()
    wait_for(lambda: house.api.leads() == ["slow"])
    bridge, house.bridge = house.bridge, None
    bridge.send_signal(signal.SIGTERM)
    wait_for(lambda: house.logged("stopping"))
    assert bridge.poll() is None
    if hurry:
        bridge.send_signal(signal.SIGTERM)
    else:
        house.api.release()
    assert bridge.wait(timeout=30) == 0  # it would drain for twice as long
    t.join(20)
    assert got == [503 if hurry else 200]
    assert bool(house.logged("stopping at once")) == hurry


def test_the_end_under_load_keeps_its_promises(build, tmp_path):
    api = Api()
    h = open_house(build, tmp_path, api, journal="sqlite:journal.db").start()
    with Load(h, MODES) as load:
        wait_for(lambda: load.sent > 100)
        load.ending = True
        h.bridge.send_signal(signal.SIGTERM)
        assert h.bridge.wait(timeout=20) == 0
        h.bridge = None
    # Refused at most, or its connection closed between two requests.
    assert all(isinstance(w[1], Exception) or w[1] == 503
               for w in load.wrong), load.wrong
    h.start()
    for lead, told in load.accepted:
        if lead.startswith("relay"):
            assert api.details(lead)[:len(told)] == told
        else:
            wait_for(lambda: list(dict.fromkeys(
                api.details(lead)))[:len(told)] == told, what=lead)
    assert h.metric("leadbridge_journal_dead_total") == 0
    assert h.close() == 0
    api.close()
