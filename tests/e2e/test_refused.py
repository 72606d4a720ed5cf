"""What the API refuses is told with its source; a sender that waits is told
in time. The API is a plain HTTP server that does what each lead's id says."""

import http.server
import json
import threading
import time

import pytest

from house import (TOKEN, TYPEFORM, House, free_port, typeform_event,
                   wait_for)
from house import typeform_sign

SECRETS = ("Laura", "@Example.com", "@example.com", "lead_value")

REFUSAL = {"success": False, "error": {
    "code": "VALIDATION_ERROR", "message": "Invalid input data",
    "details": ["email: 'laura@example.com' is taken",
                "lastName: Laura is too short",
                "customFields.score: must be less",
                "phone: is required", "lead_value is odd"]}}

LIST = """
route    = "/hooks/%s";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
%s
lead_id  = "{%s.lead}";
update: {
  detail = "{%s.detail}";
};
"""

MAPPINGS = {
    "typeform": TYPEFORM,
    "batch": LIST % ("batch", 'events = "$[*]";', "@", "@"),
    "hasty": LIST % ("hasty", 'patience = "3s";', "$", "$"),
    # Long enough that what is slow is in time on a machine that is, too.
    "hasty-batch": LIST % ("hasty-batch",
                           'events = "$[*]"; patience = "10s";', "@", "@"),
}

OK = b'{"success":true,"data":null}'


class Api(http.server.BaseHTTPRequestHandler):
    """refused: 400. hung: no answer until the end. slow: 400 ms. busy...: 429
    with what follows as Retry-After, if anything does."""
    protocol_version = "HTTP/1.1"
    over = threading.Event()
    seen = []

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        lead = self.path.rsplit("/", 1)[1]
        self.seen.append(lead)
        status, body, more = 200, OK, None
        if lead.startswith("refused"):
            status, body = 400, json.dumps(REFUSAL).encode()
        elif lead == "hung":
            self.over.wait(30)
        elif lead == "slow":
            self.over.wait(0.4)
        elif lead.startswith("busy"):
            status, body, more = 429, b'{"success":false}', lead[4:]
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if more:
                self.send_header("Retry-After", more.replace("_", " "))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    api = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Api)
    api.daemon_threads = True
    threading.Thread(target=api.serve_forever, daemon=True).start()
    h = House(build, tmp_path_factory.mktemp("refused"), mappings=MAPPINGS,
              upstream=f"http://127.0.0.1:{api.server_port}")
    yield h.start()
    Api.over.set()
    assert h.close() == 0
    api.shutdown()


@pytest.fixture(autouse=True)
def forwarded():
    Api.seen.clear()
    return Api.seen


def send(house, route, event):
    return house.send(f"/hooks/{route}", json.dumps(event).encode(),
                      {"Content-Type": "application/json",
                       "X-Webhook-Token": TOKEN})


def line_of(text, start):
    return [line.lstrip().startswith(start)
            for line in text.splitlines()].index(True) + 1


def expect_sources(at):
    answers = "$.form_response.answers"
    return [
        ("email", f"{answers}[?@.field.ref=='email'].email",
         at + str(line_of(TYPEFORM, "email"))),
        ("lastName", f"{answers}[?@.field.ref=='name'].text",
         at + str(line_of(TYPEFORM, "lastName"))),
        ("customFields.score", "$.form_response.calculated.score",
         at + str(line_of(TYPEFORM, "customFields"))),
        ("phone", None, None)]


def test_a_refusal_is_logged_with_its_sources_and_relayed_as_it_came(house):
    got = house.typeform(typeform_event(lead="refused"))
    assert (got.status, got.json) == (400, REFUSAL)
    delivery = house.logged("relayed")[-1]["delivery"]
    lines = [e for e in house.logged("field refused")
             if e["delivery"] == delivery]
    at = house.path("mappings/typeform/mapping.cfg") + ":"
    assert sorted((e["field"], e.get("source"), e.get("at")) for e in lines
                  ) == sorted(expect_sources(at), key=lambda e: e[0])
    assert all(e["route"] == "/hooks/typeform" for e in lines)
    assert not any(word in house.log() for word in SECRETS)


def test_a_refusal_within_a_batch_is_logged_too(house):
    got = send(house, "batch", [{"lead": "ok", "detail": "Laura"},
                                {"lead": "refused-2", "detail": "Laura"}])
    assert got.status == 422
    delivery = house.logged("batch")[-1]["delivery"]
    lines = [e for e in house.logged("field refused")
             if e["delivery"] == delivery]
    assert {e["field"] for e in lines} == {"email", "lastName", "phone",
                                           "customFields"}
    assert not any(word in house.log() for word in SECRETS)


def test_send_says_which_line_wrote_what_was_refused(house):
    sample = house.write("sample.json",
                         typeform_event(lead="refused").decode())
    _, err = house.run("send", house.path("mappings/typeform"), sample,
                       "--to", f"http://127.0.0.1:{house.port}",
                       "-c", house.path("leadbridge.cfg"), code=1)
    lines = err.splitlines()
    assert lines[0].startswith("HTTP 400")
    at = house.path("mappings/typeform/mapping.cfg") + ":"
    said = [f"{place}: {field}: refused; from {source}"
            for field, source, place in expect_sources(at) if source]
    said.append("phone: refused; this event did not set it")
    assert sorted(lines[1:]) == sorted(said)


def test_a_sender_gets_our_504_before_it_gives_up(house):
    def is_in_time():
        started = time.monotonic()
        got = send(house, "hasty", {"lead": "hung", "detail": "x"})
        took = time.monotonic() - started
        assert (got.status, got.code) == (504, "UPSTREAM_TIMEOUT")
        assert took > 2.6
        return took < 3  # its patience; the API's time-out is 10 s

    # A machine that is busy may take the rest of it; not each time.
    wait_for(is_in_time, 60, "an answer in time")


def test_a_batch_ends_in_the_senders_time(house, forwarded):
    def is_in_time():
        forwarded.clear()
        started = time.monotonic()
        answers.append(send(house, "hasty-batch",
                            [{"lead": "slow", "detail": "x"}] * 2
                            + [{"lead": "hung", "detail": "x"}]
                            + [{"lead": "ok", "detail": "x"}] * 3))
        return time.monotonic() - started < 10

    answers = []
    wait_for(is_in_time, 60, "an answer in time")
    got = answers[-1]
    assert got.status == 502
    assert int(got.headers["Retry-After"]) > 0
    updates = got.json["data"]["updates"]
    assert [u["success"] for u in updates] == [True] * 2 + [False] * 4
    assert {u["code"] for u in updates[2:]} == {"UPSTREAM_TIMEOUT"}
    assert "not tried" in got.details[-1] and "patience" in got.details[-1]
    assert forwarded == ["slow", "slow", "hung"]


@pytest.mark.parametrize("leads, said", [
    (["ok", "busy120"], "120"), (["busy9", "busy120", "ok"], "120"),
    (["busy120", "busy"], "120"), (["busy"], "5"),
    (["busy" + "1" * 40], "5"), (["refused"], None), (["ok"], None)])
def test_when_to_come_again_is_kept_in_a_batchs_answer(house, leads, said):
    got = send(house, "batch", [{"lead": l, "detail": "x"} for l in leads])
    assert got.headers.get_all("Retry-After") == ([said] if said else None)
