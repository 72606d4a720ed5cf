"""The admin endpoint of the journal: what it shows, and whom."""

import base64

import pytest

from deliveries import (
    MAPPINGS, UNKNOWN, ask, data, dead, ended, house, items, open_house,
    post, verb)
from house import TOKEN, House, wait_for
from journal_api import Api

# --- list and show

def test_items_are_listed_by_what_is_asked_for(house):
    first = ended(house, post(house, "one", {"lead": "f1", "detail": "1"}),
                  "done")
    second = ended(house, post(house, "other", {"lead": "f1", "detail": "2"}),
                   "done")
    third = dead(house, "f1")
    listed = items(house, lead="f1")
    assert [i["delivery"] for i in listed] == [first, second, third]
    assert [i["state"] for i in listed] == ["done", "done", "dead"]
    assert listed[2]["status"] == 422 and listed[2]["attempts"] == 1
    assert listed[0]["route"] == "/hooks/one" and listed[0]["proof"] == "proven"
    assert listed[0]["upstream"] == "leadsail"

    def ids(**filter):
        return [i["delivery"] for i in items(house, lead="f1", **filter)]

    assert ids(newest=1) == [third, second, first]
    assert ids(state="dead") == [third]
    assert ids(state="dead,done") == [first, second, third]
    assert ids(route="/hooks/other") == [second]
    assert ids(since="1h") == [first, second, third]
    assert ids(before="1h") == []
    assert ids(limit=2) == [first, second]


def test_pages_have_a_cursor(house):
    sent = [ended(house, post(house, "one", {"lead": "p1", "detail": str(i)}),
                  "done") for i in range(3)]
    got, after = [], ""
    while True:
        page = data(house, f"/deliveries?lead=p1&limit=1{after}")
        got += [i["delivery"] for i in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert got == sent


@pytest.mark.parametrize("query,fault", [
    ("stat=dead", "there is no 'stat' here; did you mean 'state'?"),
    ("state=deed", "state: some of waiting"),
    ("since=yesterday", "since: a time such as"),
    ("limit=0", "limit: a number from 1 to 1000"),
    ("limit=1001", "limit: a number from 1 to 1000"),
    ("after=x", "after: the \"next\""),
    ("newest=yes", "newest: true or false"),
    ("ids=x", "there is no 'ids' here"),
    ("%ff=1", "this byte is not UTF-8"),
    ("%0a=1", "there is no '\n' here"),
])
def test_what_cannot_be_asked_is_told(house, query, fault):
    answer = ask(house, f"/deliveries?{query}")
    assert answer.status == 400, answer.body
    assert fault in answer.details[0]


def test_one_is_shown_with_update_and_event(house):
    delivery = dead(house, "s1", email="a@b.example")
    shown = data(house, f"/deliveries/{delivery}")
    (item,) = shown["items"]
    assert item["update"] == {"detail": "x", "email": "a@b.example"}
    assert item["reason"] and item["received"] <= item["updated"]
    assert shown["event"].startswith("POST /hooks/one HTTP/1.1\r\n")
    assert '"lead": "s1"' in shown["event"]
    assert TOKEN not in shown["event"]


def test_an_event_that_is_no_text_is_base64(house):
    post(house, "one", b'{"lead":"\xff"}', 400)
    kept = wait_for(lambda: [
        i for i in items(house, state="refused", newest=1)
        if data(house, f"/deliveries/{i['delivery']}")["event"] is None])[0]
    shown = data(house, f"/deliveries/{kept['delivery']}")
    assert base64.b64decode(shown["event_base64"]).endswith(b'{"lead":"\xff"}')
    out, _ = verb(house, "show", kept["delivery"])
    assert "it is no text" in out


@pytest.mark.parametrize("path,status", [
    (f"/deliveries/{UNKNOWN}", 404), ("/deliveries/x", 404),
    ("/deliveries/", 404), ("/deliveries/" + UNKNOWN.upper(), 404),
    ("/other", 404), ("/deliveries/retry", 405), ("/forget", 405)])
def test_what_is_not_there(house, path, status):
    assert ask(house, path).status == status


def test_a_method_that_does_not_fit_is_told_which_do(house):
    for path, allow in (("/deliveries", "GET, HEAD"), ("/forget", "POST")):
        answer = ask(house, path, method="PUT")
        assert (answer.status, answer.headers["Allow"]) == (405, allow)
    answer = ask(house, "/deliveries", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


# --- who may

@pytest.mark.parametrize("host,status", [
    ("localhost", 200), ("localhost:1", 200), ("127.0.0.1:9180", 200),
    ("[::1]:9180", 200), ("[::1]", 200), ("127.1.2.3", 200),
    ("evil.example", 403), ("127.0.0.1.evil.example:9180", 403),
    ("localhost.evil.example", 403), ("192.0.2.1", 403)])
def test_only_this_machines_names_are_answered(house, host, status):
    for path in ("/deliveries", "/metrics"):
        assert ask(house, path, Host=host).status == status
    assert ask(house, "/healthz", Host=host).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonx",
                                  "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", ["/deliveries/retry", "/deliveries/drop",
                                  "/forget"])
def test_a_post_has_to_be_json(house, path, kind):
    answer = ask(house, path, b'{"ids":["%s"]}' % UNKNOWN.encode(),
                 Content_Type=kind)
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path,body,fault", [
    ("/deliveries/retry", {}, "either ids or filter"),
    ("/deliveries/retry", {"ids": [UNKNOWN], "filter": {"state": "dead"}},
     "either ids or filter"),
    ("/deliveries/retry", {"filter": {}}, "filter: an object"),
    ("/deliveries/retry", {"filter": {"state": "waiting"}},
     "only dead and refused can be retried"),
    ("/deliveries/drop", {"filter": {"state": "sending"}},
     "only dead, refused and done can be dropped"),
    ("/deliveries/retry", {"filter": {"limit": 3}}, "there is no 'limit'"),
    ("/deliveries/retry", {"ids": []}, "ids: a list"),
    ("/deliveries/retry", {"ids": [7]}, "ids: a list"),
    ("/deliveries/retry", {"ids": [UNKNOWN], "remap": "no"}, "remap: true"),
    ("/deliveries/drop", {"ids": [UNKNOWN], "remap": True},
     "there is no 'remap'"),
    ("/deliveries/retry", [], "an object is expected"),
    ("/forget", {"lead": "x", "email": "a@b"}, "either lead or email"),
    ("/forget", {}, "either lead or email"),
    ("/forget", {"email": "nobody"}, "email: an e-mail address"),
    ("/forget", {"lead": "x" * 65}, "no lead's id is that long"),
])
def test_a_post_that_makes_no_sense_is_told_why(house, path, body, fault):
    answer = ask(house, path, body)
    assert answer.status == 400, answer.body
    assert fault in answer.details[0]


def test_deep_or_broken_json_is_refused(house):
    for body in (b"{", b"[" * 5000, b'{"ids":' + b"[" * 500):
        assert ask(house, "/deliveries/retry", body,
                   Content_Type="application/json").status in (400, 413)


@pytest.fixture
def relaying(build, tmp_path):
    api = Api()
    h = House(build, tmp_path, upstream=api.url, mappings={
        "relay": MAPPINGS["one"].replace('mode     = "queue";', "")
        .replace('dedupe   = "body";', "")})
    yield h.start()
    assert h.close() == 0
    api.close()


def test_without_a_journal_there_is_nothing(relaying):
    h = relaying
    answer = ask(h, "/deliveries")
    assert (answer.status, answer.details[0]) == (
        404, "there is no journal: the settings have none")
    _, err = h.run("deliveries", "list", "-c", "leadbridge.cfg", code=1)
    assert "there is no journal" in err


SECRET = "an-admin-token-5d1"


@pytest.fixture
def guarded(build, tmp_path):
    h = open_house(
        build, tmp_path, Api(), admin='admin = { address = "127.0.0.1:%d"; '
        'token = "admin"; };', more='admin = { file = "admin.secret"; };')
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text % h.admin_port)
    h.write("admin.secret", SECRET + "\n", 0o600)
    yield h
    h.close()
    h.api.close()


def test_with_a_token_only_who_has_it_may(guarded):
    h = guarded
    h.start()
    assert ask(h, "/healthz").status == 200
    for header in (None, "Bearer", "Bearer wrong", "Basic " + SECRET, SECRET,
                   "Bearer " + SECRET[:-1], "Bearer " + SECRET + "x"):
        headers = {"Authorization": header} if header else {}
        for path in ("/deliveries", "/metrics"):
            answer = ask(h, path, **headers)
            assert answer.status == 401, header
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert ask(h, "/deliveries", Authorization="Bearer " + SECRET,
               Host="bridge.example").status == 200
    assert SECRET not in h.log()
    # The verbs take it from the settings, or from a file.
    assert verb(h, "list", "--output", "json")[0] == "[]\n"
    h.write("other.cfg", 'admin = { address = "127.0.0.1:%d"; };'
            % h.admin_port)
    _, err = h.run("deliveries", "list", "-c", "other.cfg", code=3)
    assert "401" in err and "--token-file" in err
    h.run("deliveries", "list", "-c", "other.cfg", "--token-file",
          "admin.secret")
    h.run("deliveries", "list", "--to", f"http://127.0.0.1:{h.admin_port}",
          "--token-file", "admin.secret")


def test_a_token_is_changed_while_both_are_taken(guarded):
    h = guarded
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        'admin = { file = "admin.secret"; };',
        'admin = ( { file = "new.secret"; }, { file = "admin.secret"; } );'))
    h.write("new.secret", "another-admin-token\n", 0o600)
    h.start()
    for token, status in (("another-admin-token", 200), (SECRET, 200),
                          ("a-third-admin-token", 401)):
        assert ask(h, "/deliveries",
                   Authorization="Bearer " + token).status == status


def test_an_address_for_others_needs_a_token(guarded):
    h = guarded
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read().replace('admin = { address = "127.0.0.1:',
                                'admin = { address = "0.0.0.0:')
    h.write("wide.cfg", text)
    _, err = h.run("check", "-c", "wide.cfg")
    assert "without a certificate its token" in err
    h.write("wide.cfg", text.replace('token = "admin";',
            'token = "admin"; certificate = "certs/server.pem"; '
            'key = "certs/server.key";'))
    _, err = h.run("check", "-c", "wide.cfg")
    assert "without a certificate" not in err
    h.write("wide.cfg", text.replace('token = "admin";', ""))
    _, err = h.run("check", "-c", "wide.cfg", code=1)
    assert "admin.address" in err
    h.write("wide.cfg", text.replace('token = "admin";', 'token = "none";'))
    _, err = h.run("check", "-c", "wide.cfg", code=1)
    assert "admin.token: there is no secret of that name" in err


def test_over_tls(guarded):
    h = guarded
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        'token = "admin";', 'token = "admin"; '
        'certificate = "certs/server.pem"; key = "certs/server.key";'))
    h.is_ready = lambda: h.logged("ready")
    h.start()
    assert verb(h, "list", "--ca", "certs/dev-ca.pem",
                "--output", "json")[0] == "[]\n"
    _, err = verb(h, "list", code=3)
    assert "certificate" in err
