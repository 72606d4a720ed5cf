"""Handshakes, pings, and what each sender is told, over real sockets."""

import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest

from house import FORM_SECRET, TOKEN, House, free_port

PLAIN = """
route    = "/hooks/%s";
sender   = "%s";
secret   = "%s";
upstream = "leadsail";
lead_id  = "{query('lead')}";
update: { detail = "hello"; };
%s
"""


def mapping(name, sender=None, secret="token", more=""):
    return PLAIN % (name, sender or name, secret, more)


MAPPINGS = {
    "meta": mapping("meta", secret="typeform",
                    more='handshake: { secret = "token"; };'),
    "linkedin": mapping("linkedin"),
    "slack": mapping("slack"),
    "zoom": mapping("zoom"),
    "graph": mapping("graph", "token",
                     more='handshake: { kind = "validation_token"; };'),
    "asana": mapping("asana", "token", more="""handshake: {
        kind = "header_echo"; challenge = "header:X-Hook-Secret"; };"""),
    "graph-token": mapping("graph-token", "query-token",
                           more='handshake: { kind = "validation_token"; };'),
    "batch": mapping("batch", "hubspot-v1", more='events = "$[*]";'),
    # Another secret than LinkedIn's, which signs UUIDs for anybody.
    "github": mapping("github", secret="typeform"),
    "google": mapping("google", "google-ads"),
    "typeform": mapping("typeform", secret="typeform"),
    "hubspot-v1": mapping("hubspot-v1"),
    "salesforce": mapping("salesforce", "salesforce-outbound"),
    "twilio": mapping("twilio", more='public_url = "http://localhost";'
                      'verify: { type = "token";'
                      'signature = "header:X-Webhook-Token"; };'),
    "own": mapping("own", "token", more="""reply: {
        delivered: { status = 202; type = "text/plain"; body = "thanks"; };
        upstream_4xx = 422; upstream_404 = 200; }; """),
    "plain": mapping("plain", "token"),
    "xml": mapping("xml", "token", more="""reply: {
        delivered: { type = "text/xml"; body = "<ok id='{lead}'/>"; };
        failed: { status = 503; type = "text/xml"; body =
            "<e was='{status}' id='{delivery}' of='{lead}'>{code}: {message}</e>"; };
        }; """),
    "json": mapping("json", "token", more="""reply: {
        failed: { body = "{\\"why\\":\\"{code}: {message}\\",\\"n\\":{status}}"; };
        ignored: { body = "{}"; }; }; when = "$.wanted != false";"""),
    "declined": mapping("declined", "token", more="""reply: {
        delivered: { type = "text/plain"; body = "thanks"; };
        declined: { status = 503; body = "{\\"why\\":\\"{code}\\"}"; };
        failed = 500; };"""),
    "only-failed": mapping("only-failed", "token",
                           more="reply: { failed = 500; };"),
    "batch-plain": mapping("batch-plain", "token", more='events = "$[*]";'),
}


REFUSED = (b'{ "success": false, "error": {"code": "ODD<&>", '
           b'"message": "\\"no\\" \\u00e9", "details": []}}')


class Api(http.server.BaseHTTPRequestHandler):
    """Answers with the status in the lead's id: lead s404 gets 404; s201 gets
    an empty page of somebody in between; d200 gets 200 and no success."""
    protocol_version = "HTTP/1.1"
    seen = []

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        lead = self.path.rsplit("/", 1)[1]
        status = int(lead[1:])
        self.seen.append(status)
        if status < 300 and lead[0] == "s":
            body = b'{"success":true,"data":null}'
        else:
            body = REFUSED
        kind = "application/json"
        if status == 201:
            body, kind = b"", "text/html"
        if status == 204:  # or its rest came upon the next request
            body = b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    api = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Api)
    api.daemon_threads = True
    threading.Thread(target=api.serve_forever, daemon=True).start()
    h = House(build, tmp_path_factory.mktemp("replies"), mappings=MAPPINGS,
              upstream=f"http://127.0.0.1:{api.server_port}")
    yield h.start()
    assert h.close() == 0
    api.shutdown()


@pytest.fixture(autouse=True)
def forwarded():
    Api.seen.clear()
    return Api.seen


def mac(text, key=TOKEN):
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def v0(body, header):
    now = str(int(time.time())).encode()
    return {"Content-Type": "application/json",
            f"{header[0]}": now.decode(),
            f"{header[1]}": "v0=" + mac(b"v0:" + now + b":" + body)}


SLACK = ("X-Slack-Request-Timestamp", "X-Slack-Signature")
ZOOM = ("x-zm-request-timestamp", "x-zm-signature")


def get(house, target):
    return house.send(target, method="GET")


def hub(challenge="1158201444", token=TOKEN, mode="subscribe"):
    return (f"/hooks/meta?hub.mode={mode}&hub.challenge={challenge}"
            f"&hub.verify_token={token}")


def test_hub_gives_back_the_bare_challenge(house, forwarded):
    got = get(house, hub())
    assert (got.status, got.body) == (200, b"1158201444")
    assert got.headers["Content-Type"].startswith("text/plain")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert not forwarded


@pytest.mark.parametrize("target", [
    hub(token="wrong"), hub(token=""), hub(token=FORM_SECRET),
    hub(token=TOKEN + "x"), "/hooks/meta?hub.mode=subscribe&hub.challenge=1",
    "/hooks/meta?hub.mode=subscribe", hub("%3Cscript%3E"), hub("a%20b"),
    hub("a%0d%0ab"), hub("1" * 129), hub() + "&hub.challenge=2",
    hub() + "&hub.verify_token=" + TOKEN])
def test_hub_refuses_the_wrong_token_and_a_hostile_challenge(house, target):
    got = get(house, target)
    assert got.status == 403
    assert "script" not in got.body.decode()
    assert TOKEN not in house.log()


@pytest.mark.parametrize("target", [
    "/hooks/meta", hub(mode="unsubscribe"), "/hooks/linkedin",
    "/hooks/slack", "/hooks/typeform?challengeCode=1"])
def test_a_get_that_is_no_handshake_is_405(house, target):
    got = get(house, target)
    assert got.status == 405
    assert got.headers["Allow"] == "POST"


def test_linkedin_signs_its_code(house):
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    got = get(house, f"/hooks/linkedin?challengeCode={code}&applicationId=7")
    assert got.status == 200
    assert got.json == {"challengeCode": code,
                        "challengeResponse": mac(code.encode())}


@pytest.mark.parametrize("code", [
    "hmacsha256=%7B%7D", "%7B%22type%22%3A1%7D", "x" * 36,
    "890e4665-4dfe-4ab1-b689-ed553bceeed", "a" * 4000])
def test_linkedin_signs_nothing_else(house, code):
    got = get(house, f"/hooks/linkedin?challengeCode={code}")
    assert got.status == 403


def test_slack_is_proved_before_its_challenge_is_given_back(house, forwarded):
    body = b'{"token":"t","challenge":"3eZbrw1aBm2rZg","type":"url_verification"}'
    got = house.send("/hooks/slack", body, v0(body, SLACK))
    assert (got.status, got.json) == (200, {"challenge": "3eZbrw1aBm2rZg"})
    assert house.send("/hooks/slack", body, v0(body + b" ", SLACK)).status == 401
    hostile = body.replace(b"3eZbrw", b"<b>")
    assert house.send("/hooks/slack", hostile, v0(hostile, SLACK)).status == 403
    assert not forwarded


def test_zoom_gets_its_token_signed(house, forwarded):
    body = b'{"payload":{"plainToken":"qgg8vlvZRS6UY"},"event":"endpoint.url_validation"}'
    got = house.send("/hooks/zoom", body, v0(body, ZOOM))
    assert got.json == {"plainToken": "qgg8vlvZRS6UY",
                        "encryptedToken": mac(b"qgg8vlvZRS6UY")}
    forged = house.send("/hooks/zoom", body, v0(b"", ZOOM))
    assert (forged.status, forged.code) == (401, "UNAUTHORIZED")
    oracle = body.replace(b"qgg8", b"v0:1:")
    assert house.send("/hooks/zoom", oracle, v0(oracle, ZOOM)).status == 403
    assert not forwarded


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_validation_token_is_echoed_as_text(house, forwarded, method):
    target = "/hooks/graph?validationToken="
    got = house.send(target + "Validation%3A%20Testing", method=method)
    assert (got.status, got.body) == (200, b"Validation: Testing")
    assert got.headers["Content-Type"].startswith("text/plain")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    hostile = house.send(target + "%3Cscript%3E", method=method)
    assert hostile.status == 403
    assert not forwarded


def test_a_header_is_echoed_and_makes_no_event_vanish(house, forwarded):
    got = house.send("/hooks/asana", b"", {"X-Hook-Secret": "b537207f20cb"})
    assert (got.status, got.headers["X-Hook-Secret"]) == (200, "b537207f20cb")
    assert house.send("/hooks/asana", b"",
                      {"X-Hook-Secret": "a b"}).status == 403
    assert not forwarded
    assert house.send("/hooks/asana?lead=s200", b"{}",
                      {"X-Hook-Secret": "b537", "X-Webhook-Token": TOKEN,
                       "Authorization": "Bearer " + TOKEN}).status == 200


def test_a_ping_is_proved_answered_and_counted(house, forwarded):
    name = 'leadbridge_events_total{outcome="answered"}'
    before, body = house.metric(name), b'{"zen":"x"}'
    headers = {"X-GitHub-Event": "ping", "Content-Type": "application/json",
               "X-Hub-Signature-256": "sha256=" + mac(body, FORM_SECRET)}
    got = house.send("/hooks/github?lead=s200", body, headers)
    assert (got.status, got.json["data"]) == (200, {"ping": True})
    assert house.metric(name) == before + 1
    assert not forwarded
    headers["X-Hub-Signature-256"] = "sha256=" + mac(b"", FORM_SECRET)
    assert house.send("/hooks/github", body, headers).status == 401


@pytest.mark.parametrize("of_api, told", [
    (200, 200), (404, 422), (410, 422), (401, 401), (429, 429), (503, 503)])
def test_typeform_is_never_told_404_or_410(house, of_api, told):
    got = house.typeform(path=f"/hooks/typeform?lead=s{of_api}")
    assert got.status == told


@pytest.mark.parametrize("of_api, told", [
    (200, 200), (401, 503), (403, 503), (404, 503), (422, 422), (500, 500)])
def test_hubspot_sends_again_where_that_helps(house, of_api, told):
    body = b'[{"eventId":1}]'
    sign = hashlib.sha256(TOKEN.encode() + body).hexdigest()
    got = house.send(f"/hooks/hubspot-v1?lead=s{of_api}", body,
                     {"X-HubSpot-Signature": sign,
                      "Content-Type": "application/json"})
    assert got.status == told


@pytest.mark.parametrize("of_api, told", [
    (200, 200), (400, 400), (401, 503), (403, 503), (404, 503), (408, 503),
    (409, 409), (422, 422), (425, 503), (429, 503), (500, 500), (503, 503)])
def test_google_sends_again_where_that_helps(house, of_api, told):
    body = json.dumps({"google_key": TOKEN, "lead_id": "TeSter-1"}).encode()
    got = house.send(f"/hooks/google?lead=s{of_api}", body,
                     {"Content-Type": "application/json"})
    assert got.status == told
    assert got.json == ({} if told == 200 else {"message": "not taken"})


def test_google_is_told_that_its_test_was_taken(house, forwarded):
    body = json.dumps({"google_key": TOKEN, "is_test": True}).encode()
    got = house.send("/hooks/google?lead=s200", body,
                     {"Content-Type": "application/json"})
    assert (got.status, got.json) == (200, {})
    got = house.send("/hooks/google?lead=s200", body.replace(b"_key", b"_kez"),
                     {"Content-Type": "application/json"})
    assert (got.status, got.json) == (401, {"message": "not taken"})
    assert not forwarded


def test_no_route_signs_what_another_takes(house, tmp_path):
    house.write("oracle/a.cfg", mapping("a", "linkedin"))
    house.write("oracle/b.cfg", mapping("b", "github"))
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read().replace("mappings/*/mapping.cfg", "oracle/*.cfg")
    house.write("oracle.cfg", text)
    out, err = house.run("check", "-c", house.path("oracle.cfg"), code=1)
    assert "a.cfg:" in out + err and "b.cfg, which has the same secret" in (
        out + err)
    assert TOKEN not in out + err
    house.write("oracle/b.cfg", mapping("b", "github", secret="typeform"))
    house.run("check", "-c", house.path("oracle.cfg"))


def test_salesforce_gets_its_ack_only_when_the_lead_was_taken(house):
    target = f"/hooks/salesforce?token={TOKEN}&lead="
    xml = {"Content-Type": "text/xml"}
    got = house.send(target + "s200", b"<a/>", xml)
    assert got.status == 200
    assert got.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert b"<Ack>true</Ack>" in got.body
    got = house.send(target + "s500", b"<a/>", xml)
    assert got.status == 500
    assert b"Ack" not in got.body


def test_twilio_gets_empty_instructions(house):
    got = house.send("/hooks/twilio?lead=s204", b"From=1",
                     {"X-Webhook-Token": TOKEN,
                      "Content-Type": "application/x-www-form-urlencoded"})
    assert (got.status, got.headers["Content-Type"]) == (200, "text/xml")
    assert got.body.endswith(b"?><Response/>")


@pytest.mark.parametrize("of_api, told", [
    (200, 202), (404, 200), (403, 422), (500, 500)])
def test_a_mapping_says_its_own_replies(house, of_api, told):
    got = house.send(f"/hooks/own?lead=s{of_api}", b"{}",
                     {"Authorization": "Bearer " + TOKEN,
                      "X-Webhook-Token": TOKEN})
    assert got.status == told
    if told == 202:
        assert (got.body, got.headers["Content-Type"]) == (
            b"thanks", "text/plain")


@pytest.mark.parametrize("more, said", [
    ('handshake: { kind = "hub"; };', "handshake.secret: is missing"),
    ('handshake: { kind = "hubb"; };', "hub"),
    ('handshake: { kid = "hub"; };', "did you mean 'kind'"),
    ('handshake: { kind = "linkedin"; pattern = "text"; };',
     "handshake.pattern: what is signed"),
    ('handshake: { kind = "hub"; secret = "nobody"; };', "handshake.secret"),
    ('handshake: { kind = "header_echo"; };', "handshake.challenge"),
    ('handshake: { kind = "header_echo"; challenge = "header:Set-Cookie"; };',
     "means nothing by itself"),
    ('handshake: { kind = "linkedin"; }; verify: { type = "hmac"; '
     'signature = "header:X-Sig"; };', "signed event"),
    ('handshake: { kind = "body_challenge"; }; verify: { type = "none"; };',
     "everybody may send"),
    ('ping = "type=ping";', "ping: a place and a value"),
    ('reply: { upstream_40 = 200; };', "did you mean 'upstream_404'"),
    ('reply: { delivred = 200; };', "did you mean 'delivered'"),
    ('reply: { late: { type = "text/xml"; }; };',
     "reply.late: type says what body is"),
    ('reply: { late: { body = "\\"{leda}\\""; }; };', "did you mean 'lead'"),
    ('reply: { late: { body = "{\\"a\\":{code}}"; }; };', "is not JSON"),
    ('reply: { delivered = 302; };', "reply.delivered: a status"),
    ('reply: { delivered: { statu = 200; }; };', "did you mean 'status'")])
def test_mistakes_are_said_when_the_file_loads(house, tmp_path, more, said):
    name = "replies-wrong"
    house.write(f"wrong/{name}.cfg", mapping("x", "token", more=more))
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read().replace("mappings/*/mapping.cfg", f"wrong/{name}.cfg")
    house.write("wrong.cfg", text)
    out, err = house.run("check", "-c", house.path("wrong.cfg"), code=1)
    assert said in out + err
    assert f"{name}.cfg:" in out + err


def test_a_proof_in_the_body_is_not_sent_as_remainder(house):
    text = mapping("rest", "google-ads").replace(
        "update: {", 'update: { customFields = "{remainder()}";')
    assert "remainder" in text
    house.write("rest/rest.cfg", text)
    with open(house.path("leadbridge.cfg")) as f:
        house.write("rest.cfg", f.read().replace("mappings/*/mapping.cfg",
                                                 "rest/rest.cfg"))
    out, err = house.run("check", "-c", house.path("rest.cfg"), code=1)
    assert "would send the sender's secret" in out + err


def test_an_event_with_a_wrong_proof_is_no_handshake(house):
    got = house.send("/hooks/asana?lead=s200", b"{}",
                     {"X-Webhook-Token": "wrong", "X-Hook-Secret": "abc",
                      "Authorization": "Bearer wrong",
                      "Content-Type": "application/json"})
    assert got.status == 401


def test_a_token_in_the_address_does_not_hide_the_handshake(house, forwarded):
    target = f"/hooks/graph-token?token={TOKEN}&validationToken=abc"
    got = house.send(target, b"", {"Content-Type": "text/plain"})
    assert (got.status, got.body) == (200, b"abc")
    got = house.send(target + "&lead=s200", b"{}",
                     {"Content-Type": "application/json"})
    assert (got.status, forwarded) == (200, [200])


def test_an_empty_page_is_no_delivery(house):
    got = house.send(f"/hooks/salesforce?token={TOKEN}&lead=s201", b"<a/>",
                     {"Content-Type": "text/xml"})
    assert got.status == 502
    assert b"Ack" not in got.body


def test_a_batch_follows_the_reply_map(house):
    body = b'[{"eventId":1}]'
    sign = hashlib.sha256(TOKEN.encode() + body).hexdigest()
    statuses = [house.send(f"/hooks/batch?lead=s{of_api}", body,
                           {"X-HubSpot-Signature": sign,
                            "Content-Type": "application/json"}).status
                for of_api in (200, 404, 422)]
    assert statuses == [200, 502, 422]


PROOF = {"X-Webhook-Token": TOKEN, "Authorization": "Bearer " + TOKEN,
         "Content-Type": "application/json"}


def test_placeholders_are_filled_and_escaped_for_xml(house):
    got = house.send("/hooks/xml?lead=s200", b"{}", PROOF)
    assert (got.status, got.body) == (200, b"<ok id='s200'/>")
    got = house.send("/hooks/xml?lead=s404", b"{}", PROOF)
    delivery = house.logged("relayed")[-1]["delivery"]
    assert got.status == 503
    assert got.headers["Content-Type"] == "text/xml"
    assert got.body.decode() == (
        f"<e was='404' id='{delivery}' of='s404'>"
        "ODD&lt;&amp;&gt;: &quot;no&quot; \u00e9</e>")


def test_placeholders_are_filled_and_escaped_for_json(house):
    got = house.send("/hooks/json?lead=s422", b"{}", PROOF)
    assert (got.status, got.json) == (422, {"why": 'ODD<&>: "no" \u00e9',
                                            "n": 422})
    got = house.send("/hooks/json", b"{}", PROOF)  # refused here: no lead id
    assert got.json == {
        "why": "MAPPING_ERROR: The event cannot be mapped to a lead update",
        "n": 422}
    got = house.send("/hooks/json", b'{"wanted":false}', PROOF)
    assert (got.status, got.body) == (200, b"{}")


def test_a_200_without_success_is_a_failure(house):
    failed = 'leadbridge_events_total{outcome="failed"}'
    relayed = 'leadbridge_events_total{outcome="relayed"}'
    before = house.metric(failed), house.metric(relayed)
    got = house.send("/hooks/plain?lead=d200", b"{}", PROOF)
    # Where no reply says otherwise, the API's answer as it came.
    assert (got.status, got.body) == (200, REFUSED)
    assert (house.metric(failed), house.metric(relayed)) == (
        before[0] + 1, before[1])
    assert "did not succeed" in house.logged("failed")[-1]["reason"]


@pytest.mark.parametrize("route, told, body", [
    ("declined", 503, b'{"why":"ODD<&>"}'), ("only-failed", 500, REFUSED),
    ("xml", 503, None)])
def test_a_200_without_success_gets_the_reply_of_a_failure(
        house, route, told, body):
    got = house.send(f"/hooks/{route}?lead=d200", b"{}", PROOF)
    assert got.status == told
    assert b"thanks" not in got.body and b"<ok" not in got.body
    if body:
        assert got.body == body


def test_a_200_without_success_is_sent_again_by_who_reads_the_status(house):
    assert house.typeform(path="/hooks/typeform?lead=d200").status == 502
    got = house.send(f"/hooks/salesforce?token={TOKEN}&lead=d200", b"<a/>",
                     {"Content-Type": "text/xml"})
    assert b"Ack" not in got.body


def test_a_200_without_success_fails_in_a_batch_too(house):
    got = house.send("/hooks/batch-plain?lead=d200", b"[1,2]", PROOF)
    assert got.status == 502
    assert [u["success"] for u in got.json["data"]["updates"]] == [False] * 2
    assert "did not succeed" in house.logged("update failed")[-1]["reason"]
