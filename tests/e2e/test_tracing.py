"""Traces: a sender's context goes on to the API, and spans to a collector
that is a small server of the test."""

import json
import os
import time

import pytest

from deliveries import ended
from house import API_KEY, FORM_SECRET, TOKEN, typeform_event, wait_for
from island import ADDRESS, Island, NameServer
from scripted import server_context
from traced import (api, collector, counted, named, opened,  # noqa: F401
                    plain, queue, reload, rewrite, send, to)
from tracing import Collector

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
T = "4bf92f3577b34da6a3ce929d0e0e4736"
S = "00f067aa0ba902b7"
SAMPLED = f"00-{T}-{S}-01"
UNSAMPLED = f"00-{T}-{S}-00"
INTERNAL, SERVER, CLIENT = 1, 2, 3
STEPS = ["receive", "verify", "map"]

QUEUE = """
route    = "/hooks/queue";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
mode     = "%s";
dedupe   = "none";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""


# ---------------------------------------------------------------- one event

def test_one_event_is_five_spans(opened, api, collector):
    house = opened(to(collector))
    before = time.time_ns()
    assert send(house).status == 200
    spans = collector.wait(5)
    after = time.time_ns()

    assert sorted(s.name for s in spans) == sorted(
        [*STEPS, "POST /hooks/typeform", "PATCH"])
    root, call = named(spans, "POST /hooks/typeform"), named(spans, "PATCH")
    (relayed,) = house.logged("relayed")
    delivery = relayed["delivery"]
    assert {s.trace for s in spans} == {plain(delivery)}
    assert {s.delivery for s in spans} == {delivery}
    assert root.parent is None and root.id == plain(delivery)[16:]
    assert {s.parent for s in spans if s is not root} == {root.id}
    assert len({s.id for s in spans}) == 5
    assert {s.name: s.kind for s in spans} == {
        "POST /hooks/typeform": SERVER, "PATCH": CLIENT,
        **{name: INTERNAL for name in STEPS}}

    order = [named(spans, n) for n in STEPS] + [call]
    assert root.start == order[0].start and call.end <= root.end
    for one, next_one in zip(order, order[1:]):
        assert one.start <= one.end <= next_one.start + 2_000
    assert before - 10**9 < root.start and root.end <= after + 10**7

    assert root.attributes == {
        "http.request.method": "POST", "http.route": "/hooks/typeform",
        "http.response.status_code": 200, "url.scheme": "http",
        "leadbridge.sender": "typeform", "leadbridge.outcome": "relayed",
        "leadbridge.delivery.id": delivery}
    assert call.attributes == {
        "http.request.method": "PATCH", "server.address": "127.0.0.1",
        "server.port": api.port, "http.response.status_code": 200,
        "leadbridge.upstream": "leadsail", "leadbridge.delivery.id": delivery}
    assert not any(s.failed for s in spans)
    assert api.calls[0].get_all("traceparent") == [
        f"00-{plain(delivery)}-{call.id}-01"]
    assert api.calls[0]["tracestate"] is None
    house.stop()


def test_what_the_collector_is_sent_is_otlp(opened, collector):
    house = opened(to(collector, 'service_name = "bridge-\\"1\\"";'))
    send(house)
    collector.wait(5)
    _, path, headers, body = collector.requests[0]
    assert path == "/v1/traces"
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers and "X-API-Key" not in headers
    (of,) = json.loads(body)["resourceSpans"]
    assert {a["key"]: a["value"]["stringValue"]
            for a in of["resource"]["attributes"]}["service.name"] == \
        'bridge-"1"'
    assert of["scopeSpans"][0]["scope"]["name"] == "leadbridge"
    wait_for(lambda: counted(house, "exported") == 5, what="the count")
    assert counted(house, "dropped") == 0
    # It is no leads API.
    assert house.metric("leadbridge_upstream_answers_total") == 1
    assert house.metric("leadbridge_upstream_connects_total") == 1
    assert house.metric("leadbridge_upstreams") == 1


def test_an_answer_that_failed_is_marked(opened, api, collector):
    house = opened(to(collector))
    api.plan = [500]
    assert send(house).status == 500
    spans = collector.wait(5)
    for name in "PATCH", "POST /hooks/typeform":
        span = named(spans, name)
        assert span.failed and span.attributes["error.type"] == "500"
    assert not named(spans, "map").failed


def test_a_call_without_an_answer_says_why(opened, api, collector):
    house = opened(to(collector))
    api.close()
    assert send(house).status == 502
    call = named(collector.wait(5), "PATCH")
    assert call.failed and call.attributes["error.type"] == "no_connection"
    assert "http.response.status_code" not in call.attributes


def test_what_cannot_be_mapped_says_so(opened, api, collector):
    house = opened(to(collector))
    assert send(house, event=typeform_event(lead="not/safe")).status == 422
    spans = collector.wait(4)
    assert "PATCH" not in [s.name for s in spans]
    assert named(spans, "map").failed
    assert named(spans, "map").attributes["error.type"]
    root = named(spans, "POST /hooks/typeform")
    assert not root.failed          # the sender's fault is not the server's
    assert root.attributes["http.response.status_code"] == 422


def test_each_update_of_a_batch_is_an_attempt(opened, api, collector):
    house = opened(to(collector))
    events = [{"lead": f"l{i}", "email": "a@b.example", "detail": "d"}
              for i in range(3)]
    assert house.batch(events).status == 200
    spans = collector.wait(7)
    calls = [s for s in spans if s.name == "PATCH"]
    root = named(spans, "POST /hooks/batch")
    assert len(calls) == 3 and {s.parent for s in calls} == {root.id}
    assert [c["traceparent"].split("-")[2] for c in api.calls] == [
        s.id for s in sorted(calls, key=lambda s: s.start)]


def test_what_no_route_has_is_not_traced(opened, collector):
    house = opened(to(collector))
    assert house.send("/wp-login.php").status == 404
    send(house)
    spans = collector.wait(5)
    assert "/wp-login.php" not in str(collector.taken)
    assert len({s.trace for s in spans}) == 1


# ----------------------------------------------------- contexts in and out

def test_a_sender_s_trace_goes_on(opened, api, collector):
    house = opened(to(collector))
    send(house, ("traceparent", SAMPLED), ("tracestate", "a=1,b=2"),
         ("Tracestate", "c@d=3"))
    spans = collector.wait(5)
    root, call = named(spans, "POST /hooks/typeform"), named(spans, "PATCH")
    assert {s.trace for s in spans} == {T}
    assert root.parent == S and call.parent == root.id
    assert root.id == plain(root.delivery)[16:]
    assert api.calls[0].get_all("traceparent") == [f"00-{T}-{call.id}-01"]
    assert api.calls[0].get_all("tracestate") == ["a=1,b=2,c@d=3"]


def test_what_its_sender_does_not_sample_is_passed_on(opened, api, collector):
    house = opened(to(collector))
    send(house, ("traceparent", UNSAMPLED), ("tracestate", "a=1"))
    send(house)
    assert {s.trace for s in collector.wait(5)}.isdisjoint({T})
    assert api.calls[0]["traceparent"] == UNSAMPLED
    assert api.calls[0]["tracestate"] == "a=1"


@pytest.mark.parametrize("share, recorded", [("0.0", False), ("0", False),
                                             ("1.0", True)])
def test_the_share_is_of_traces_begun_here(opened, api, collector, share,
                                           recorded):
    house = opened(to(collector, f"sample = {share};"))
    send(house)
    send(house, ("traceparent", SAMPLED))
    spans = collector.wait(10 if recorded else 5)
    assert T in {s.trace for s in spans}
    assert len({s.trace for s in spans}) == (2 if recorded else 1)
    own = api.calls[0]["traceparent"]
    delivery = house.logged("relayed")[0]["delivery"]
    assert own.split("-")[1] == plain(delivery)
    assert own.endswith("-01" if recorded else "-00")


BROKEN = [
    [("traceparent", SAMPLED), ("traceparent", SAMPLED)],
    [("traceparent", SAMPLED.upper())],
    [("traceparent", f"00-{'0' * 32}-{S}-01")],
    [("traceparent", f"ff-{T}-{S}-01")],
    [("traceparent", SAMPLED + "-more")],
    [("tracestate", "a=1")],
]


@pytest.mark.parametrize("headers", BROKEN)
def test_a_context_that_is_not_right_begins_another(opened, api, collector,
                                                    headers):
    house = opened(to(collector))
    send(house, *headers, ("tracestate", "b=2"))
    spans = collector.wait(5)
    assert {s.trace for s in spans} == {plain(spans[0].delivery)}
    assert named(spans, "POST /hooks/typeform").parent is None
    assert api.calls[0]["tracestate"] is None


def test_without_tracing_a_context_is_passed_on_as_it_came(opened, api):
    house = opened()
    send(house, ("traceparent", SAMPLED), ("tracestate", "a=1"))
    send(house, ("traceparent", UNSAMPLED), ("tracestate", "a=" + 511 * "x"))
    send(house)
    for headers in BROKEN:
        send(house, *headers)
    sent = [(c["traceparent"], c["tracestate"]) for c in api.calls]
    assert sent == [(SAMPLED, "a=1"), (UNSAMPLED, None),
                    *[(None, None)] * (1 + len(BROKEN))]


def test_a_stranger_s_context_is_not_followed(opened, api, collector):
    house = opened(to(collector))
    assert send(house, ("traceparent", SAMPLED),
                secret="wrong").status == 401
    spans = collector.wait(3)
    assert sorted(s.name for s in spans) == [
        "POST /hooks/typeform", "receive", "verify"]
    assert {s.trace for s in spans} == {plain(spans[0].delivery)}
    assert named(spans, "verify").failed
    assert api.calls == []


# ------------------------------------------------------- out of the journal

def journalled(opened, tracing, folder, mode="queue", **kw):
    return opened(tracing, mappings={"queue": QUEUE % mode},
                  settings=f'journal = {{ url = "sqlite:{folder}/j.db"; }};',
                  **kw)


def calls_of(collector, delivery, count):
    def there():
        found = [s for s in collector.spans()
                 if s.name == "PATCH" and s.delivery == delivery]
        return found if len(found) >= count else None
    return sorted(wait_for(there, what="attempts"), key=lambda s: s.start)


def test_a_retry_is_another_attempt_of_the_trace(opened, api, collector,
                                                 tmp_path):
    house = journalled(opened, to(collector), tmp_path)
    api.plan = [500]
    delivery = queue(house)
    first, again = calls_of(collector, delivery, 2)
    assert first.trace == again.trace == plain(delivery)
    assert first.parent == again.parent == plain(delivery)[16:]
    assert first.failed and not again.failed
    assert "http.request.resend_count" not in first.attributes
    assert again.attributes["http.request.resend_count"] == 1
    assert [c["traceparent"] for c in api.calls] == [
        f"00-{s.trace}-{s.id}-01" for s in (first, again)]
    root = named(collector.spans(), "POST /hooks/queue")
    assert root.attributes["leadbridge.outcome"] == "queued"
    assert root.id == first.parent


def test_an_attempt_after_a_restart_is_of_the_trace(opened, api, collector,
                                                    tmp_path):
    house = journalled(opened, to(collector), tmp_path)
    api.plan = [500] * 1000
    delivery = queue(house)
    calls_of(collector, delivery, 1)
    assert house.stop() == 0
    with api.lock:
        api.plan.clear()
    house.start()
    # The more attempts there were, the later is the next.
    last = wait_for(lambda: [s for s in collector.spans() if s.name == "PATCH"
                             and not s.failed], 60, "delivery")[0]
    assert (last.trace, last.parent) == (plain(delivery),
                                         plain(delivery)[16:])


def test_of_a_sender_s_trace_the_first_attempt_is_in_it(opened, api,
                                                        collector, tmp_path):
    """What comes out of the journal is found by the delivery's id."""
    house = journalled(opened, to(collector), tmp_path)
    api.plan = [500]
    delivery = queue(house, ("traceparent", SAMPLED), ("tracestate", "a=1"))
    first, again = calls_of(collector, delivery, 2)
    assert (first.trace, first.parent) == (T, plain(delivery)[16:])
    assert (again.trace, again.parent) == (plain(delivery), None)
    assert [c["tracestate"] for c in api.calls] == ["a=1", None]
    assert api.calls[1]["traceparent"] == f"00-{again.trace}-{again.id}-01"


def test_what_is_not_sampled_is_not_when_it_is_tried_again(opened, api,
                                                           collector,
                                                           tmp_path):
    house = journalled(opened, to(collector), tmp_path)
    api.plan = [500]
    queue(house, ("traceparent", UNSAMPLED))
    wait_for(lambda: len(api.calls) == 2, what="another try")
    delivery = queue(house, lead="l2")
    calls_of(collector, delivery, 1)
    assert {s.delivery for s in collector.spans()} == {delivery}
    assert [c["traceparent"] for c in api.calls[:2]] == [UNSAMPLED, None]


def test_nor_when_a_person_has_it_mapped_anew(opened, api, collector,
                                             tmp_path):
    house = journalled(opened, to(collector), tmp_path)
    api.plan = [422]
    delivery = ended(house, queue(house, ("traceparent", UNSAMPLED)), "dead")
    house.run("deliveries", "retry", "-c", "leadbridge.cfg", delivery)
    wait_for(lambda: len(api.calls) == 2, what="another try")
    other = queue(house, lead="l2")
    calls_of(collector, other, 1)
    assert {s.delivery for s in collector.spans()} == {other}
    assert [c["traceparent"] for c in api.calls[:2]] == [UNSAMPLED, None]


# ------------------------------------------------ secrets, TLS, and reloads

def test_nothing_of_a_lead_or_a_secret_is_in_a_span(opened, api, collector):
    house = opened(to(collector, 'authorization = "token";'))
    words = ["zebra@mail.example", "Quagga", "lead_hidden7", "score-4711",
             "hunter2", "needle=1"]
    event = typeform_event(lead=words[2], email=words[0], name=words[1],
                           score=words[3])
    send(house, ("X-Secret", words[4]), ("Cookie", words[4]),
         ("traceparent", SAMPLED), ("tracestate", "a=" + words[4]),
         event=event, path="/hooks/typeform?" + words[5])
    send(house, secret="wrong", event=event)
    house.send("/hooks/crm/lead_hidden7?needle=1", b'{"detail":"Quagga"}',
               {"Content-Type": "application/json"}, method="PUT")
    collector.wait(13)
    sent = b"".join(body for *_, body in collector.requests).decode()
    assert "/hooks/crm/{lead}" in sent
    for word in [*words, API_KEY, FORM_SECRET, TOKEN, "127.0.0.1:"]:
        assert word not in sent, word
    assert collector.requests[0][2]["Authorization"] == TOKEN
    assert TOKEN not in house.log()


def test_over_tls_the_collector_is_verified(opened, api, ca, localhost):
    tls = Collector(server_context(localhost))
    house = opened(f'url = "https://localhost:{tls.port}/v1/traces"; '
                   f'interval = "100ms"; ca = "{ca.pem}";')
    send(house)
    assert len(tls.wait(5)) == 5
    assert house.metric("leadbridge_upstream_connects_total") == 1
    assert house.stop() == 0
    rewrite(house, f'ca = "{ca.pem}";', f'ca = "{house.ca}";')
    house.start()
    send(house)
    (told,) = wait_for(lambda: house.logged("spans are not exported"),
                       what="a refusal")
    assert "certificate" in told["reason"]
    assert house.metric("leadbridge_upstream_tls_failures_total") == 0
    house.stop()
    assert len(tls.spans()) == 5
    tls.close()


def renew(house, exported):
    """Reloads when so many spans are done with: one in hand would go again.
    Afterwards no thread goes by what was before."""
    wait_for(lambda: counted(house, "exported") == exported, what="the count")
    assert reload(house)[0] == 200
    wait_for(lambda: house.metric("leadbridge_settings_in_use") == 1,
             what="letting go of the old settings")


def test_a_reload_changes_share_and_collector(opened, api, collector):
    other = Collector()
    house = opened(to(collector, "sample = 1.0;"),
                   settings='confine = "off";')
    send(house)
    collector.wait(5)
    rewrite(house, f"127.0.0.1:{collector.port}", f"127.0.0.1:{other.port}")
    renew(house, 5)
    send(house)
    assert len(other.wait(5)) == 5 and len(collector.spans()) == 5
    rewrite(house, "sample = 1.0;", "sample = 0.0;")
    renew(house, 10)
    send(house)
    send(house, ("traceparent", SAMPLED))
    assert {s.trace for s in other.wait(10)[5:]} == {T}
    rewrite(house, "tracing = {", "# tracing = {")
    renew(house, 15)
    send(house, ("traceparent", SAMPLED))
    assert api.calls[-1]["traceparent"] == SAMPLED
    assert house.stop() == 0
    assert len(other.spans()) == 10
    other.close()


def test_confined_it_reaches_the_collector_and_no_other_port(opened,
                                                             collector):
    """Where the kernel holds it to ports; a reload for another is refused."""
    other = Collector()
    house = opened(to(collector))
    send(house)
    assert len(collector.wait(5)) == 5
    rewrite(house, f"127.0.0.1:{collector.port}", f"127.0.0.1:{other.port}")
    status, told = reload(house)
    if house.metric('leadbridge_confined{of="ports"}') == 1:
        assert status == 422 and "restart" in str(told)
    else:
        assert status == 200
    other.close()


def test_a_batch_in_hand_goes_to_the_new_collector(opened, collector):
    other = Collector()
    collector.plan = [None] * 9     # also where it is late, and tried again
    house = opened(to(collector), settings='confine = "off";')
    send(house)
    wait_for(lambda: collector.requests, what="a request that hangs")
    rewrite(house, f"127.0.0.1:{collector.port}", f"127.0.0.1:{other.port}")
    assert reload(house)[0] == 200
    assert len(other.wait(5)) == 5
    house.stop()
    other.close()


def test_what_takes_a_restart_is_told(opened, collector):
    house = opened(to(collector, "queue = 64;"), settings='confine = "off";')
    rewrite(house, "queue = 64;", "queue = 128;")
    status, told = reload(house)
    assert status == 200
    assert any(w.startswith("tracing: 'a queue of 128 spans' takes a restart")
               for w in told["data"]["warnings"])
    house.stop()
    rewrite(house, "tracing = {", "# tracing = {")
    house.start()
    rewrite(house, "# tracing = {", "tracing = {")
    status, told = reload(house)
    assert status == 200
    assert any(w.startswith("tracing: ") for w in told["data"]["warnings"])
    send(house)
    house.stop()
    assert collector.spans() == []


# -------------------------------------------- plain HTTP to another machine

WARNED = "tracing: by http:// to another machine, whoever is on the way reads"


@pytest.fixture
def names(tmp_path):
    """A network with an address that is no loopback, and its name server."""
    why_not = Island.possible()
    if why_not is not None:
        pytest.skip(why_not)
    with Island(tmp_path) as island, NameServer(island) as server:
        server.island = island
        yield server


@pytest.mark.parametrize("host", [ADDRESS, "collector.test"])
def test_another_machine_gets_spans_by_http_where_that_is_said(
        opened, names, host):
    names.say("collector.test", ADDRESS)
    elsewhere = names.island.run(lambda: Collector(host=ADDRESS))
    house = opened(f'url = "http://{host}:{elsewhere.port}"; '
                   'interval = "100ms"; plain_http = true;', start=False)
    names.island.run(house.start)
    (warned,) = [w for w in house.logged("settings") if WARNED in w["reason"]]
    assert warned["level"] == "warning"
    names.island.run(lambda: send(house))
    assert "receive" in {s.name for s in elsewhere.wait(3)}
    _, err = house.run("check", "-c", house.path("leadbridge.cfg"))
    assert WARNED in err
    elsewhere.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:4318", "https://localhost"])
def test_it_warns_of_nothing_that_is_not_readable(opened, url):
    house = opened(f'url = "{url}"; plain_http = true;', start=False)
    _, err = house.run("check", "-c", house.path("leadbridge.cfg"))
    assert "tracing" not in err


# ----------------------------------------------------------------- settings

@pytest.mark.parametrize("tracing, said", [
    ("", "tracing.url is missing"),
    ('url = "http://collector.example:4318";', "must begin with https://"),
    ('url = "http://collector.example:4318"; plain_http = false;',
     "plain_http = true lets it go to another"),
    ('url = "http://collector.example"; plain_http = true; '
     'authorization = "token";',
     "tracing.authorization: a secret is not sent by http://"),
    ('url = "http://127.0.0.1"; plain_http = "yes";', "tracing.plain_http"),
    ('url = "http://u:p@127.0.0.1";', "may not carry a user or a password"),
    ('url = "http://127.0.0.1"; ca = "certs/dev-ca.pem";',
     "tracing.ca: an http:// url has no certificate to check"),
    ('url = "https://localhost"; ca = "none.pem";', "tracing: no certificate"),
    ('url = "http://127.0.0.1"; sample = 1.5;', "tracing.sample: a number"),
    ('url = "http://127.0.0.1"; sample = -0.1;', "tracing.sample: a number"),
    ('url = "http://127.0.0.1"; sample = "all";', "tracing.sample: a number"),
    ('url = "http://127.0.0.1"; service_name = "\\xff";', "not UTF-8"),
    ('url = "http://127.0.0.1"; queue = 1;', "tracing.queue"),
    ('url = "http://127.0.0.1"; interval = "1ms";', "tracing.interval"),
    ('url = "http://127.0.0.1"; urls = "x";', "did you mean 'url'"),
    ('url = "http://127.0.0.1"; authorization = "no";',
     "tracing.authorization: there is no secret of that name"),
    ('url = "http://127.0.0.1"; authorization = "odd";',
     "the secret 'odd' holds characters an HTTP header cannot carry")])
def test_settings_that_are_not_right_are_told(opened, tracing, said):
    house = opened(tracing or " ", start=False)
    house.write("odd.secret", "Bearer \u00e4\n", 0o600)
    rewrite(house, "secrets   = {",
            'secrets   = { odd = { file = "odd.secret"; };')
    out, err = house.run("check", "-c", house.path("leadbridge.cfg"), code=1)
    assert said in out + err
    assert "leadbridge.cfg:" in out + err and "Bearer" not in out + err


def test_the_settings_of_the_page_are_right(opened):
    with open(os.path.join(TOP, "deploy/TRACING.md")) as f:
        block = f.read().split("```\n")[1]
    house = opened(settings=block, start=False)
    house.run("check", "-c", house.path("leadbridge.cfg"))
    # ... and those that it has as comments.
    house.write("collector-ca.pem", open(house.ca).read())
    rewrite(house, "// authorization =", "authorization =")
    rewrite(house, "// ca =", "ca =")
    rewrite(house, "http://127.0.0.1:4318", "https://localhost:4318")
    rewrite(house, "secrets   = {",
            'secrets   = { otlp = { file = "token.secret"; };')
    house.run("check", "-c", house.path("leadbridge.cfg"))


def test_check_adds_up_what_it_may_take(opened, collector):
    house = opened(to(collector, "queue = 65536;"), start=False)
    out, _ = house.run("check", "-c", house.path("leadbridge.cfg"))
    (line,) = [x for x in out.splitlines() if x.startswith("worst case: ")]
    assert " tracing" in line
    taken = int(line.split(" tracing")[0].rsplit(" ", 1)[1])
    assert 20 < taken < 100
