"""Verbs that ask somebody who cannot be asked: what they say, and how they
end. Nobody here is a bridge."""

import json
import os

import pytest

from house import TYPEFORM, House, free_port
from island import Island, NameServer
from scripted import Upstream


why_not = Island.possible()
needs_island = pytest.mark.skipif(why_not is not None, reason=str(why_not))


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    """Settings and certificates; nothing of it runs."""
    h = House(build, tmp_path_factory.mktemp("reach"),
              upstream="https://api.example", mappings={"typeform": TYPEFORM})
    h.write("sample.json", "{}")
    return h


def says(answer):
    def greet(peer):
        peer.head()
        peer.send(answer)

    return greet


def told(house, *args, code):
    out, err = house.run(*args, code=code)
    assert out == "" and err.startswith("leadbridge: "), (out, err)
    return err


@pytest.mark.parametrize("url, what", [
    ("ftp://localhost", "must begin with http:// or https://"),
    ("localhost:9180", "must begin with http:// or https://"),
    ("http://localhost:99999", "has a port that is not one"),
    ("http://localhost:", "has a port that is not one"),
    ("http://", "has no host"),
    ("http://me:secret@localhost", "has no user name"),
    ("http://secret@localhost:1/x", "has no user name"),
    ("https://" + "h" * 256, "has no host, or one that is too long")])
def test_a_url_that_is_none(house, url, what):
    for verb in (("reload",), ("deliveries", "list"),
                 ("send", "mappings/typeform", "sample.json")):
        err = told(house, *verb, "--to", url, code=2)
        assert what in err and "secret" not in err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nobody_listens(house, host):
    err = told(house, "reload", "--to", f"http://{host}:{free_port()}", code=3)
    assert "(cannot connect: Connection refused); is it running?" in err


@pytest.mark.parametrize("answer, what", [
    (b"", "gave no HTTP answer"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "gave no HTTP answer"),
    (b"HTTP/1.1 200 OK\r\nContent-Le", "gave no HTTP answer"),
    (b"HTTP/1.1 200 OK\r\n\r\n<html>", "no leadbridge's admin endpoint"),
    (b"HTTP/1.1 200 OK\r\n\r\n[]", "no leadbridge's admin endpoint"),
    (b"HTTP/1.1 404 Not Found\r\n\r\nnope", "no leadbridge's admin endpoint"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100000, "no leadbridge's admin endpoint")])
def test_somebody_else_answers(house, answer, what):
    with Upstream(greet=says(answer), host="127.0.0.1") as up:
        err = told(house, "reload", "--to", up.url, code=3)
    assert what in err, err


@pytest.mark.parametrize("greet, what", [
    (lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
     "wrong version number"),
    (lambda peer: peer.sock.recv(1) and peer.cut(), "cannot connect: "),
    # Ten seconds: whoever says nothing at all is not waited for.
    (lambda peer: peer.upstream.stopped.wait(40), "no answer in time")])
def test_tls_to_who_speaks_none(house, greet, what):
    with Upstream(greet=greet, host="localhost") as up:
        err = told(house, "reload", "--to", up.url.replace("http", "https"),
                   code=3)
    assert "cannot connect: " in err and what in err


def test_whom_nobody_vouches_for_is_not_asked(house, ca, localhost):
    def reload(*more):
        with Upstream(greet=says(b"HTTP/1.1 200 OK\r\n\r\n<"),
                      cert=localhost) as up:
            return told(house, "reload", "--to", up.url, *more, code=3)

    assert "unable to get local issuer certificate" in reload()
    assert "no certificates in it" in reload("--ca", "api.key")
    assert "no certificates in it" in reload("--ca", "not-there")
    assert "no leadbridge's admin endpoint" in reload("--ca", ca.pem)


def test_a_certificate_of_another_host(house, ca):
    cert = ca.issue("elsewhere", san=["DNS:elsewhere.test"])
    for host in ("localhost", "127.0.0.1"):
        with Upstream(greet=says(b""), cert=cert, host=host) as up:
            err = told(house, "reload", "--to", up.url, "--ca", ca.pem, code=3)
        assert "cannot connect: " in err and "mismatch" in err


@needs_island
@pytest.mark.parametrize("excluded, code, what", [
    ("api.bridge.test", 3, "excluded subtree violation"),
    ("old.bridge.test", 3, "no leadbridge's admin endpoint")])
def test_a_wildcard_does_not_get_around_what_is_excluded(
        house, ca, tmp_path, excluded, code, what):
    cert = ca.authority("kept-" + excluded,
                        constraints="excluded;DNS:" + excluded).issue(
        "wild-" + excluded, san=["DNS:*.bridge.test"])
    with Island(tmp_path) as island, NameServer(island) as names:
        names.say("api.bridge.test", "127.0.0.1")
        with island.run(lambda: Upstream(
                greet=says(b"HTTP/1.1 200 OK\r\n\r\n<"), cert=cert)) as up:
            url = f"https://api.bridge.test:{up.port}"
            err = island.run(lambda: told(
                house, "reload", "--to", url, "--ca", ca.pem, code=code))
    assert what in err


def test_a_token_file_that_is_none(house):
    with Upstream(greet=says(b"")) as up:
        err = told(house, "reload", "--to", up.url, "--token-file",
                   "not-there", code=3)
        assert "not-there" in err and up.http_bytes == 0


def test_what_send_cannot_send(house, ca):
    to = ("--to", f"http://127.0.0.1:{free_port()}")
    err = told(house, "send", "mappings/typeform", "sample.json", code=2)
    assert "--to" in err
    err = told(house, "send", *to, "mappings/typeform", "nothing.json", code=3)
    assert "nothing.json" in err
    err = told(house, "send", *to, "mappings/typeform", "sample.json", code=3)
    assert "cannot connect" in err
    house.write("broken.http", "POST\r\n\r\n")
    _, err = house.run("send", *to, "mappings/typeform", "broken.http", code=1)
    assert "broken.http" in err
    _, err = house.run("send", *to, "--sender", "typeform", "--secret-file",
                       "form.secret", "broken.http", code=1)
    assert "broken.http" in err


def test_an_answer_that_names_no_field(house):
    """send says so, and what the API said stands in the output."""
    body = json.dumps({"success": False, "error": {
        "code": "VALIDATION_ERROR", "message": "no", "details": ["no"]}})
    answer = ("HTTP/1.1 422 x\r\nContent-Type: application/json\r\n"
              f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    with open(os.path.join(os.path.dirname(__file__), "../../mappings/"
                           "typeform/samples/response.http")) as f:
        house.write("response.http", f.read())

    def greet(peer):
        peer.request()
        peer.send(answer)

    with Upstream(greet=greet, host="127.0.0.1") as up:
        out, err = house.run("send", "--to", up.url, "mappings/typeform",
                             "response.http", code=1)
    assert "VALIDATION_ERROR" in out and "422" in err


# ---------------------------------------------------- where an answer ends

DATA = '{"success":true,"data":null}'
SIZED = f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n\r\n{DATA}"


def sent(house, greet, *more, code, **kw):
    """What `send` says of it, to a server that keeps the connection."""
    def play(peer):
        peer.request()
        greet(peer)

    with Upstream(greet=play, host="localhost", **kw) as up:
        return house.run("send", "--to", up.url, *more, "--sender", "typeform",
                         "--secret-file", "form.secret", "any.http", code=code)


@pytest.fixture(scope="module")
def any_http(house):
    house.write("any.http", "POST /x HTTP/1.1\r\n\r\n{}")


@pytest.mark.parametrize("answer", [
    SIZED, SIZED.replace("1.1", "1.0"),
    "HTTP/1.1 100 Continue\r\n\r\n" + SIZED,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    f"7\r\n{DATA[:7]}\r\n{len(DATA) - 7:x};x=y\r\n{DATA[7:]}\r\n0\r\n\r\n"],
    ids=["sized", "old", "interim", "chunked"])
def test_it_is_read_to_its_own_end(house, any_http, answer):
    """Not to the stream's, which does not come."""
    def greet(peer):
        peer.send(answer.encode())
        peer.upstream.stopped.wait(40)

    out, err = sent(house, greet, code=0)
    assert out == DATA + "\n" and err == "HTTP 200 OK\n"


def test_it_is_read_whole_however_large(house, any_http):
    """deliveries show: an event may be as large as limits.body lets it."""
    large = "x" * (5 << 20)

    def greet(peer):
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(large)}\r\n\r\n"
                  f"{large}".encode())

    out, _ = sent(house, greet, code=0)
    assert out == large + "\n"


@pytest.mark.parametrize("text, end, what", [
    (SIZED[:-1], "close", "the connection was closed within the answer"),
    (SIZED[:-1], "cut", "the connection broke"),
    (SIZED[:-1], "reset", "the connection broke"),
    # Without a length only close_notify tells a body's end from a cut.
    ("HTTP/1.1 200 OK\r\n\r\n" + DATA, "cut", "the connection broke"),
    ("HTTP/1.1 200 OK\r\n\r\n" + DATA, "close", None),
    (SIZED.replace("OK", "OK\r\nContent-Length: 1"), "close",
     "more than one Content-Length")])
def test_half_of_it_is_none(house, any_http, ca, localhost, text, end, what):
    def greet(peer):
        peer.send(text.encode())
        getattr(peer, end)()

    out, err = sent(house, greet, "--ca", ca.pem, code=0 if what is None else 3,
                    cert=localhost)
    if what is None:
        assert out == DATA + "\n"
    else:
        assert out == "" and f"gave no HTTP answer: {what}" in err.replace(
            "the answer has ", "")


# ------------------------------------------------- files that cannot be had

@pytest.mark.parametrize("name, what", [
    ("nothing.json", "No such file or directory"), ("mappings", "directory"),
    ("large.json", "is larger than")])
@pytest.mark.parametrize("verb", [
    ("map", "mappings/typeform"), ("explain", "mappings/typeform"),
    ("query", "$.a")])
def test_a_sample_that_cannot_be_read(house, verb, name, what):
    with open(house.path("large.json"), "wb") as f:
        f.truncate(1 << 30)
    assert what in told(house, *verb, name, code=3)


def test_map_tells_of_each_update(house):
    """Of a batch: what is sent, what is not wanted, what cannot be made."""
    house.write("batch/mapping.cfg", """
route    = "/b";
verify:  { type = "none"; };
upstream = "leadsail";
when     = "$.wanted == true";
events   = "$.of[*]";
lead_id  = "{@.lead}";
update:  { when = "@.gone != true"; email = "{@.email | email}"; };
""")
    house.write("batch.json", json.dumps({"wanted": True, "of": [
        {"lead": "l1", "email": "a@b.example"}, {"lead": "l2", "gone": True},
        {"lead": "l3", "email": "none"}]}))
    out, err = house.run("map", "batch", "batch.json", code=1)
    assert out == 'l1\n{"email":"a@b.example"}\n'
    assert "does not want" in err and "is not an e-mail address" in err
    house.write("batch.json", '{"wanted": false, "of": []}')
    out, err = house.run("map", "batch", "batch.json")
    assert out == "" and "ignored" in err
    house.write("batch.json", '{"wanted": true, "of": []}')
    out, err = house.run("map", "batch", "batch.json")
    assert out == "" and "wants nothing of this event" in err
