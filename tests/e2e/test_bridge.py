"""The main job with real processes: webhook in, PATCH out over TLS, answer
relayed; and each way it can be refused."""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import threading
import time

import pytest

from house import (API_KEY, FORM_SECRET, TOKEN, House, typeform_event,
                   typeform_sign, wait_for)


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    # Ten seconds, as usual, are soon over on a machine that is loaded.
    h = House(build, tmp_path_factory.mktemp("house"),
              target='timeout = "60s";').start()
    yield h
    assert h.close() == 0


@pytest.mark.parametrize("tls", [False, True])
def test_a_signed_webhook_becomes_a_patch_and_its_answer_is_relayed(
        house, tls):
    got = house.typeform(tls=tls)
    assert (got.status, got.json) == (200, {"success": True, "data": None})
    assert got.headers["Content-Type"] == "application/json"
    lead = house.lead()
    assert lead["firstName"] == "Laura"
    assert lead["lastName"] == "Diaz"
    assert lead["email"] == "laura@example.com"
    assert lead["tags"] == ["typeform", "form-lT4Z3j"]


def test_numbers_keep_their_value(house):
    house.typeform(typeform_event(score=19.99))
    assert house.lead()["customFields"]["score"] == 19.99
    body = typeform_event().replace(b"19.99", b"100.10")
    assert house.typeform(body).status == 200
    assert house.lead()["customFields"]["score"] == 100.1


def test_forged_missing_and_wrong_secret_are_told_the_same(house):
    body = typeform_event()
    bodies = set()
    for headers in ({"Content-Type": "application/json"},
                    typeform_sign(body, "another secret"),
                    typeform_sign(b"another body"),
                    {"Typeform-Signature": "sha256=", },
                    {"Typeform-Signature": "nonsense"}):
        got = house.send("/hooks/typeform", body, headers)
        assert got.status == 401
        assert got.code == "UNAUTHORIZED"
        bodies.add(got.body)
    assert len(bodies) == 1


def test_outside_the_contract_is_refused_here_and_names_the_field(house):
    before = house.metric('leadbridge_upstream_answers_total{status="2xx"}')
    got = house.typeform(typeform_event(email="not an address"))
    assert (got.status, got.code) == (422, "VALIDATION_ERROR")
    assert "update.email" in got.details[0]
    assert "not an address" not in got.body.decode()
    assert house.metric(
        'leadbridge_upstream_answers_total{status="2xx"}') == before


def test_an_unknown_lead_is_the_apis_own_answer_and_no_404_to_typeform(
        house):
    got = house.typeform(typeform_event(lead="lead_nobody"))
    assert (got.status, got.code) == (422, "NOT_FOUND")


@pytest.mark.parametrize("lead", ["", "a/../b", "x?y", "a b", "a" * 65, "ü",
                                  "a%2Fb", "a\r\nX: y"])
def test_a_lead_id_that_is_none_never_leaves(house, lead):
    got = house.typeform(typeform_event(lead=lead))
    assert got.status == 422
    assert "lead_id" in got.details[0]


def test_an_event_the_mapping_does_not_want_is_accepted_and_ignored(house):
    got = house.typeform(typeform_event(kind="form_response_partial"))
    assert (got.status, got.json["data"]) == (200, {"ignored": True})


def test_unreadable_bodies_say_where(house):
    body = b'{"a": 1,\n "b": }'
    got = house.send("/hooks/typeform", body, typeform_sign(body))
    assert (got.status, got.code) == (400, "UNREADABLE_BODY")
    assert "2:7" in got.details[0]


def test_duplicate_keys_and_bad_utf8_are_unreadable(house):
    for body in (b'{"a":1,"a":2}', b'{"a":"\xff"}', b"", b"[1] x"):
        got = house.send("/hooks/typeform", body, typeform_sign(body))
        assert got.status == 400, body


def test_a_content_type_nobody_decodes_is_415(house):
    body = b"<a/>"
    headers = dict(typeform_sign(body), **{"Content-Type": "image/png"})
    assert house.send("/hooks/typeform", body, headers).status == 415


def test_paths_and_methods(house):
    assert house.send("/nowhere", b"{}").code == "NOT_FOUND"
    got = house.send("/hooks/typeform", method="GET")
    assert got.status == 405
    assert got.headers["Allow"] == "POST"
    assert house.send("/hooks/typeform/", b"{}").status == 404


def test_a_parameter_of_the_path_is_the_lead(house):
    got = house.send("/hooks/crm/lead_2", b'{"detail":"by path"}',
                     {"Content-Type": "application/json"}, method="PUT")
    assert got.status == 200
    assert house.lead("lead_2")["detail"] == "by path"


def test_a_batch_reports_each_update(house):
    got = house.batch([{"lead": "lead_abc123", "detail": "one"},
                       {"lead": "lead_2", "detail": "two"}])
    assert got.status == 200
    assert [u["success"] for u in got.json["data"]["updates"]] == [True, True]
    got = house.batch([{"lead": "lead_abc123", "detail": "three"},
                       {"lead": "lead_2", "email": "nonsense"},
                       {"lead": "lead_nobody", "detail": "x"},
                       {"lead": "lead_2", "detail": "four"}])
    assert (got.status, got.code) == (422, "PARTIAL_FAILURE")
    updates = got.json["data"]["updates"]
    assert [u["success"] for u in updates] == [True, False, False, True]
    assert updates[2]["status"] == 404
    assert "events[1]: update.email" in got.details[0]
    assert house.lead("lead_2")["detail"] == "four"


def test_health_readiness_and_metrics(house):
    assert house.admin("/healthz").status == 200
    assert house.admin("/readyz").status == 200
    assert house.admin("/healthz", "POST").status == 405
    assert house.admin("/other").status == 404
    text = house.admin("/metrics").body.decode()
    assert ('leadbridge_events_total{route="/hooks/typeform",'
            'outcome="relayed"}') in text


def test_many_at_once_each_get_their_own_answer(house):
    def one(i):
        lead = ("lead_abc123", "lead_2", "lead_nobody")[i % 3]
        return lead, house.typeform(typeform_event(lead=lead)).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for lead, status in pool.map(one, range(300)):
            assert status == (422 if lead == "lead_nobody" else 200)


def test_keys_and_secrets_stay_out_of_the_log_and_the_command_line(house):
    house.typeform()
    house.typeform(secret="wrong")
    seen = house.log()
    for pid in (house.bridge.pid, house.sandbox.pid):
        with open(f"/proc/{pid}/cmdline") as f:
            seen += f.read()
    seen += house.admin("/metrics").body.decode()
    for secret in (API_KEY, FORM_SECRET, TOKEN, "laura@example.com"):
        assert secret not in seen


def test_each_event_is_one_line_with_its_outcome(house):
    house.typeform()
    last = house.logged("relayed")[-1]
    assert last["route"] == "/hooks/typeform"
    assert last["sender"] == "typeform"
    assert last["lead"] == "lead_abc123"
    assert last["status"] == "200"
    assert len(last["delivery"]) == 36
    house.typeform(secret="wrong")
    assert house.logged("refused")[-1]["reason"]


GET_ROUTE = """
route    = "/hooks/get";
method   = "GET";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "{query('lead')}";
update: { detail = "{$.detail}"; };
"""

HUBSPOT = """
route      = "/hooks/hubspot";
sender     = "hubspot";
secret     = "token";
public_url = "https://hooks.example.com";
upstream   = "leadsail";
lead_id    = "{$.lead}";
update: { detail = "{$.detail}"; };
"""


def test_a_get_has_its_event_in_the_query(build, tmp_path):
    h = House(build, tmp_path, mappings={"get": GET_ROUTE}).start()
    try:
        got = h.send("/hooks/get?lead=lead_2&detail=by+query", method="GET")
        assert got.status == 200
        assert h.lead("lead_2")["detail"] == "by query"
    finally:
        assert h.close() == 0


def test_hubspot_v3_as_hubspot_documents_it(build, tmp_path):
    """method + address + body + time, HMAC-SHA256, base64; computed here."""
    h = House(build, tmp_path, mappings={"hubspot": HUBSPOT}).start()
    try:
        body = b'{"lead":"lead_2","detail":"signed by the book"}'
        ms = str(int(time.time() * 1000))
        signed = (b"POST" + b"https://hooks.example.com/hooks/hubspot" + body
                  + ms.encode())
        mac = hmac.new(TOKEN.encode(), signed, hashlib.sha256).digest()
        headers = {"Content-Type": "application/json",
                   "X-HubSpot-Request-Timestamp": ms,
                   "X-HubSpot-Signature-v3": base64.b64encode(mac).decode()}
        assert h.send("/hooks/hubspot", body, headers).status == 200
        assert h.send("/hooks/hubspot", body + b" ", headers).status == 401
    finally:
        assert h.close() == 0


def test_a_mistyped_address_stands_in_the_log(house):
    house.send("/hooks/typfeorm?secret=x", b"{}")
    last = house.logged("refused")[-1]
    assert last["reason"] == "no such route"
    assert last["asked"] == "POST /hooks/typfeorm"


def test_large_bodies_are_refused_with_413(build, tmp_path):
    h = House(build, tmp_path, limits='body = "2K";').start()
    try:
        body = typeform_event(name="x" * 4096)
        got = h.typeform(body)
        assert got.status == 413
        assert h.typeform().status == 200
    finally:
        assert h.close() == 0


class Upstream(threading.Thread):
    """An API that does with each connection what the test says."""

    def __init__(self, certs, act):
        super().__init__(daemon=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(certs, "sandbox.pem"),
                                os.path.join(certs, "sandbox.key"))
        self.act, self.context = act, context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.socket.getsockname()[1]}"

    def run(self):
        while True:
            try:
                plain, _ = self.socket.accept()
                threading.Thread(target=self.serve, args=(plain,),
                                 daemon=True).start()
            except OSError:
                return

    def serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as s:
                data = b""
                while b"\r\n\r\n" not in data:
                    part = s.recv(65536)
                    if not part:
                        return
                    data += part
                self.act(s, data)
        except OSError:
            pass


def house_before(build, folder, act, **kw):
    certs = os.path.join(str(folder), "certs")
    h = House(build, folder, upstream="https://localhost:1", **kw)
    up = Upstream(certs, act)
    up.start()
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read().replace("https://localhost:1", up.url)
    h.write("leadbridge.cfg", text)
    h.upstream = up
    return h.start()


def test_an_api_that_is_down_is_502_and_come_again(build, tmp_path):
    h = House(build, tmp_path, upstream="https://localhost:1").start()
    try:
        got = h.typeform()
        assert (got.status, got.code) == (502, "UPSTREAM_FAILED")
        assert int(got.headers["Retry-After"]) > 0
        assert h.logged("failed")[-1]["reason"]
        got = h.batch([{"lead": "a", "detail": "x"}] * 3)
        assert got.status == 502
        assert "not tried" in got.details[2]
    finally:
        assert h.close() == 0


def test_an_api_that_never_answers_is_504_at_the_deadline(build, tmp_path):
    hang = threading.Event()
    h = house_before(build, tmp_path, lambda s, d: hang.wait(20),
                     target='timeout = "1s";')
    try:
        got = h.typeform()
        assert (got.status, got.code) == (504, "UPSTREAM_TIMEOUT")
    finally:
        hang.set()
        assert h.close() == 0


def reply(status, body, extra=b""):
    return (b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n"
            + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def test_answers_are_relayed_through_an_allow_list(build, tmp_path):
    answer = reply(b"429 Slow", b'{"success":false}',
                   b"Retry-After: 7\r\nSet-Cookie: a=b\r\nX-Other: y\r\n")
    h = house_before(build, tmp_path, lambda s, d: s.sendall(answer))
    try:
        got = h.typeform()
        assert (got.status, got.body) == (429, b'{"success":false}')
        assert got.headers["Retry-After"] == "7"
        assert "Set-Cookie" not in got.headers
        assert "X-Other" not in got.headers
    finally:
        assert h.close() == 0


def test_a_page_with_status_200_is_no_delivery(build, tmp_path):
    page = (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            b"Content-Length: 4\r\n\r\n<h1>")
    h = house_before(build, tmp_path, lambda s, d: s.sendall(page))
    try:
        got = h.typeform()
        assert (got.status, got.code) == (502, "UPSTREAM_FAILED")
        got = h.batch([{"lead": "a", "detail": "x"}])
        assert got.status == 502
        assert got.json["data"]["updates"][0]["success"] is False
        assert h.logged("update failed")[-1]["lead"] == "a"
    finally:
        assert h.close() == 0


def test_one_lead_the_api_never_answers_does_not_block_a_batch(
        build, tmp_path):
    def act(s, data):
        if b"/leads/sick " in data:
            return  # closes
        s.sendall(reply(b"200 OK", b'{"success":true,"data":null}',
                        b"Connection: close\r\n"))

    h = house_before(build, tmp_path, act)
    try:
        got = h.batch([{"lead": i, "detail": "x"}
                       for i in ("a", "sick", "b")])
        assert got.status == 502
        assert [u["success"] for u in got.json["data"]["updates"]] == [
            True, False, True]
        got = h.batch([{"lead": "sick", "detail": "x"}] * 3
                      + [{"lead": "a", "detail": "x"}])
        assert "not tried" in got.details[3]
    finally:
        assert h.close() == 0


def test_a_large_batch_does_not_run_out_of_memory_halfway(house):
    text = "w" * 4500
    patient = house.connect()
    patient.timeout = 120   # four megabytes out: slow under a sanitizer
    got = house.send("/hooks/wide", json.dumps(
        {"text": text, "of": [{"lead": "lead_2"}] * 1000}).encode(),
        {"Content-Type": "application/json", "X-Webhook-Token": TOKEN},
        connection=patient)
    assert got.status == 200
    assert all(u["success"] for u in got.json["data"]["updates"])
    assert len(got.json["data"]["updates"]) == 1000


def test_a_redirect_is_not_followed(build, tmp_path):
    answer = reply(b"302 Found", b"", b"Location: https://evil.test/\r\n")
    h = house_before(build, tmp_path, lambda s, d: s.sendall(answer))
    try:
        got = h.typeform()
        assert (got.status, got.code) == (502, "UPSTREAM_FAILED")
        assert "redirect" in got.details[0]
    finally:
        assert h.close() == 0


def test_the_patch_on_the_wire(build, tmp_path):
    seen = []

    def act(s, data):
        seen.append(data)
        s.sendall(reply(b"200 OK", b'{"success":true,"data":null}'))

    h = house_before(build, tmp_path, act)
    try:
        assert h.typeform().status == 200
        head, body = seen[0].split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        assert lines[0] == "PATCH /api/v1/leads/lead_abc123 HTTP/1.1"
        headers = [line.split(": ", 1) for line in lines[1:]]
        names = [n.lower() for n, _ in headers]
        assert len(names) == len(set(names))
        values = {n.lower(): v for n, v in headers}
        assert values["x-api-key"] == API_KEY
        assert int(values["content-length"]) == len(body)
        assert values["content-type"] == "application/json"
        assert values["host"].startswith("localhost")
        assert head.count(API_KEY.encode()) == 1
        assert API_KEY.encode() not in body
        assert json.loads(body)["email"] == "laura@example.com"
        assert b'"score":19.99' in body
    finally:
        assert h.close() == 0


def test_sighup_ends_nothing(house):
    house.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: house.logged("reloaded"), what="the line")
    assert house.typeform().status == 200


def test_sigterm_lets_an_open_request_finish(build, tmp_path):
    asked, go = threading.Event(), threading.Event()

    def act(s, data):
        asked.set()
        go.wait(60)
        s.sendall(reply(b"200 OK", b'{"success":true,"data":null}'))

    h = house_before(build, tmp_path, act, target='timeout = "60s";',
                     settings='drain_timeout = "60s";')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = pool.submit(h.typeform)
        assert asked.wait(20)
        h.bridge.send_signal(signal.SIGTERM)
        wait_for(lambda: h.logged("stopping"), what="the stop")
        go.set()
        assert pending.result().status == 200
    assert h.bridge.wait(timeout=20) == 0
    h.bridge = None
    h.close()
