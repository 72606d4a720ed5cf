"""`deliveries summary`: how many of which kind, and why."""

import http.server
import json
import os
import re
import shlex
import threading
import urllib.parse

import pytest

from deliveries import (
    data, dead, ended, house, living, open_house, post, refused, states, verb)
from house import wait_for
from journal_api import Api

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"


def summary(house, *args):
    return json.loads(verb(house, "summary", "--output", "json", *args)[0])


def kinds(told):
    return [(g["count"], g["state"], g["route"], g["status"])
            for g in told["groups"]]


# --- of a bridge, whatever its journal is

@pytest.fixture(params=["memory:", "sqlite:journal.db", "postgresql:"])
def any_house(build, tmp_path, request):
    url = request.param
    if url == "postgresql:":
        url = request.getfixturevalue("postgres")
    with living(open_house(build, tmp_path, Api(), url)) as h:
        yield h


def test_what_waits_is_counted_by_what_it_is(any_house):
    h = any_house
    first = [dead(h, f"s{i}") for i in range(3)]
    h.api.plan["s3"] = [404] * 9
    dead(h, "s4", "other")
    refused(h, "s-nobody")
    ended(h, post(h, "one", {"lead": "s5", "detail": "x"}), "done")
    h.api.plan["s6"] = [None]
    held = [post(h, "one", {"lead": "s6", "detail": str(i)})
            for i in range(2)]
    wait_for(lambda: [states(h, d) for d in held] == [["sending"],
                                                      ["waiting"]],
             what="the first being sent")
    told = summary(h)
    assert (told["updates"], told["complete"], told["others"]) == (7, True, 0)
    assert kinds(told)[0] == (3, "dead", "/hooks/one", 422)
    assert sorted(kinds(told)[1:], key=str) == [
        (1, "dead", "/hooks/other", 422), (1, "refused", "/hooks/one", None),
        (1, "sending", "/hooks/one", None), (1, "waiting", "/hooks/one", None)]
    most = told["groups"][0]
    shown = [data(h, f"/deliveries/{d}")["items"][0] for d in first]
    times = sorted(i["received"] for i in shown)
    assert (most["oldest"], most["newest"]) == (times[0], times[-1])
    assert most["reason"] == shown[0]["reason"]
    assert most["upstream"] == "leadsail"
    assert told["groups"][0].keys() == {
        "count", "state", "route", "upstream", "status", "reason", "oldest",
        "newest"}
    # What is over is counted where it is asked for.
    assert kinds(summary(h, "--state", "done")) == [
        (1, "done", "/hooks/one", 200)]
    h.api.release()
    for d in held:
        ended(h, d, "done")
    assert kinds(summary(h, "--state", "dead")) == [
        (3, "dead", "/hooks/one", 422), (1, "dead", "/hooks/other", 422)]


def test_its_filters_are_those_of_list(house):
    for lead in ("f1", "f1", "f2"):
        dead(house, lead, "other", more=os.urandom(4).hex())

    def counted(*args):
        return summary(house, "--route", "/hooks/other", *args)["updates"]

    assert counted() == 3
    assert counted("--lead", "f1") == 2
    assert counted("--since", "1h") == 3 and counted("--before", "1h") == 0
    assert counted("--state", "waiting") == 0
    told = summary(house, "--route", "/hooks/other", "--limit", "2")
    assert (told["updates"], told["complete"]) == (2, False)
    assert summary(house, "--route", "/hooks/other", "--limit",
                   "3")["complete"]
    _, err = verb(house, "summary", "--route", "/hooks/other", "--limit", "1")
    assert "These are the newest 1 only" in err
    _, err = verb(house, "summary", "--state", "deed", code=1)
    assert "state: some of waiting" in err


def test_a_person_reads_a_table_and_what_to_do_next(house):
    dead(house, "t1")
    dead(house, "t2")
    args = ("--lead", "t1", "--since", "1h")
    out, err = verb(house, "summary", *args)
    head, line = out.splitlines()
    assert head.split() == ["count", "state", "route", "upstream", "oldest",
                            "newest", "status", "reason"]
    assert re.fullmatch(rf" +1  dead   /hooks/one  leadsail  {TIME}  {TIME}  "
                        r"422     \S.*", line), line
    for name in ("state", "route", "upstream", "oldest", "status", "reason"):
        at = head.index(name)
        assert line[at - 2:at] == "  " and line[at] != " ", (name, out)
    said = err.splitlines()
    assert said[0] == "1 update. The most frequent, one by one:"
    # They can be said as they stand, and are of what was asked for.
    commands = [s.strip() for s in said if s.startswith("  leadbridge ")]
    assert [c.split()[2] for c in commands] == ["list", "retry"]
    for command in commands:
        assert "--since 1h" in command and "--lead t1" in command
        assert "--upstream leadsail" in command
        out, _ = house.run(*shlex.split(command)[1:])
        assert out.count("/0  dead") == 1 or "would" in out, out
    assert verb(house, "summary", "--lead", "nobody")[1] == \
        "Nothing waits, for the API or for a person.\n"
    assert verb(house, "summary", "--state", "refused", "--lead",
                "nobody")[1] == "There is nothing of that kind.\n"


@pytest.mark.parametrize("args,fault", [
    (["x"], "too many arguments"),
    (["--as-stored"], "--as-stored does not go with it"),
    (["--dry-run"], "--dry-run does not go with it"),
    (["--limit", "0"], "--limit takes a number from 1 to 100000000"),
])
def test_usage(house, args, fault):
    _, err = verb(house, "summary", *args, code=2)
    assert fault in err


@pytest.mark.parametrize("word", ["stats", "summary"])
def test_it_is_found_by_other_names(house, word):
    _, err = house.run(word, code=2)
    assert "did you mean 'deliveries summary'?" in err


# --- of whatever a journal may hold

class Listed:
    """A bridge's list, made of dicts; `pages` counts what was asked."""

    def __init__(self, items):
        self.items, self.pages, mine = items, 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(
                    urllib.parse.urlsplit(self.path).query))
                mine.pages += 1
                at, most = int(query.get("after", 0)), int(query["limit"])
                end = at + most
                body = json.dumps({"success": True, "data": {
                    "items": mine.items[at:end],
                    "next": end if end < len(mine.items) else None}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def item(**more):
    return {"delivery": "d", "n": 0, "state": "dead", "route": "/hooks/x",
            "upstream": "leadsail", "status": None, "reason": None,
            "received": "2026-11-28T01:00:00.000Z", "attempts": 0, **more}


def told_of(house, items, *args, part="summary"):
    with Listed(items) as bridge:
        out, err = house.run("deliveries", part, "--to", bridge.url, *args)
        return out, err, bridge.pages


IDS = [f"019ac000-0000-7000-8000-00000000000{i}" for i in range(3)]


@pytest.mark.parametrize("status,reasons,shared", [
    # Of one reason only, it is told as it is.
    (None, ["body:1:13: a value is missing"] * 2,
     "body:1:13: a value is missing"),
    (None, ["body:1:13: a value is missing", "body:20:4: a value is missing",
            "body:1:13: a value is missing"], "body:N:N: a value is missing"),
    (None, [f"its id came before, as delivery {i}" for i in IDS],
     "its id came before, as delivery ID"),
    (None, ["$.list[*] selects 2 values", "$.list[*] selects 31 values"],
     "$.list[*] selects N values"),
    (None, ["none of its 3 updates", "none of its 4 updates", ""], None),
    # The status says what it is about, and no number within a name is one.
    (422, ["the API answered 422: notes[0], line2", "the API answered 422: "
           "notes[7], line2"], "the API answered 422: notes[N], line2"),
    (503, ["a 10.0.0.1 b 1", "a 10.0.0.1 b 2"], "a 10.0.0.1 b N"),
])
def test_reasons_that_differ_by_a_number_or_an_id_are_one(house, status,
                                                          reasons, shared):
    out, _, _ = told_of(house, [item(status=status, reason=r or None)
                                for r in reasons], "--output", "json")
    groups = json.loads(out)["groups"]
    if shared is None:
        assert sorted((g["count"], g["reason"]) for g in groups) == [
            (1, None), (2, "none of its N updates")]
    else:
        assert [(g["count"], g["reason"]) for g in groups] == [
            (len(reasons), shared)]


@pytest.mark.parametrize("part,values", [
    ("state", ["dead", "waiting"]), ("route", ["/a", "/a1"]),
    ("upstream", ["a", "b"]), ("status", [404, 422, None]),
    ("reason", ["the lead is gone", "email"]),
])
def test_what_differs_otherwise_is_another_kind(house, part, values):
    # The last one is the most frequent.
    items = [item(**{part: v}) for i, v in enumerate(values)
             for _ in range(i + 1)]
    out, _, _ = told_of(house, items, "-o", "json")
    assert [(g["count"], g[part]) for g in json.loads(out)["groups"]] == [
        (i + 1, v) for i, v in reversed(list(enumerate(values)))]


def test_what_nobody_will_send_is_a_kind_of_its_own(house):
    items = [item(state="waiting", upstream="old", stranded=True),
             item(state="waiting", upstream="old", stranded=True, status=503,
                  reason="the API answered 503"),
             item(state="waiting")]
    items.insert(0, items[0])
    out, err, _ = told_of(house, items)
    assert re.search(r"^ +2 .*  -  .*  stranded: the settings do not name its "
                     r"upstream$", out, re.M)
    assert re.search(r"^ +1 .*  503  .*  stranded: ", out, re.M)
    found, retried = [shlex.split(s) for s in err.splitlines()
                      if s.startswith("  ")]
    assert found[2:] == ["list", *retried[4:6], "--upstream", "old",
                         "--state", "waiting", "--route", "/hooks/x"]
    assert retried[2:4] + retried[6:] == [
        "retry", "--dry-run", "--upstream", "old", "--route", "/hooks/x"]
    listed, _, _ = told_of(house, items, part="list")
    assert listed.count("stranded: the settings do not name") == 3


def test_since_when_is_of_all_of_a_kind(house):
    hours = [2, 1, 3]
    out, _, _ = told_of(house, [
        item(received=f"2026-11-28T0{h}:00:00.000Z") for h in hours],
        "-o", "json")
    (group,) = json.loads(out)["groups"]
    assert (group["oldest"], group["newest"]) == (
        "2026-11-28T01:00:00.000Z", "2026-11-28T03:00:00.000Z")


def test_a_terminal_and_a_shell_are_not_told_what_to_do(house):
    evil = item(route="/x'; rm *\x1b[2J", reason="\x1b]0;t\x07\u202e",
                upstream="\x9b1m", state="dead\x1b[2J", lead="\x07",
                received="\x1b[2J2026", status="\x1b", delivery="\x9b")
    listed, _, _ = told_of(house, [evil], part="list")
    out, err, _ = told_of(house, [evil])
    for c in "\x1b\x07\x9b\u202e":
        assert c not in listed + out + err
    (line,) = [s for s in err.splitlines() if " list " in s]
    words = shlex.split(line)
    assert words[-1] == "/x'; rm *\\u001b[2J" and words[-2] == "--route"
    out, _, _ = told_of(house, [evil], "-o", "json")
    assert "\x1b" not in out and json.loads(out)["groups"][0]["count"] == 1


def test_columns_are_as_wide_as_what_stands_in_them(house):
    long = "/hooks/" + "x" * 100
    items = [item(route=long, reason="größer", upstream="ä" * 20),
             item(upstream=None), item(upstream=None)]
    out, _, _ = told_of(house, items)
    head, *lines = out.splitlines()
    for name in ("upstream", "oldest", "status", "reason"):
        at = head.index(name)
        for line in lines:
            assert line[at - 2:at] == "  " and line[at] != " ", out
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert lines[0].split()[3] == "-"


def test_a_list_has_columns_too(house):
    items = [item(lead="l" * n, route="/hooks/" + "x" * (20 - n), attempts=n,
                  n=n, reason="r") for n in (1, 10)] + [item(lead="l")]
    lines = told_of(house, items, part="list")[0].splitlines()
    assert [line.split() for line in lines] == [
        ["2026-11-28", "01:00:00Z", f"d/{n}", "dead", "attempts", str(n), "-",
         lead, route, *why] for n, lead, route, why in (
            (1, "l", "/hooks/" + "x" * 19, ["r"]),
            (10, "l" * 10, "/hooks/" + "x" * 10, ["r"]),
            (0, "l", "/hooks/x", []))]
    for word in ("attempts", " l", "/hooks/"):
        assert len({line.index(word) for line in lines}) == 1, lines
    assert lines[0].rindex("r") == lines[1].rindex("r")
    assert not any(line.endswith(" ") for line in lines)


def test_kinds_have_a_ceiling(house):
    # Letters: numbers would be alike.
    word = [a + b + c for a in "abcdefghijk" for b in "abcdefghij"
            for c in "abcdefghij"]
    items = [item(reason=w) for w in word] + [item(reason="aaa")]
    out, _, _ = told_of(house, items, "-o", "json")
    told = json.loads(out)
    assert (told["updates"], told["others"]) == (1101, 100)
    assert len(told["groups"]) == 1000
    assert (told["groups"][0]["count"], told["groups"][0]["reason"]) == (
        2, "aaa")
    _, err, _ = told_of(house, items)
    assert "100 more updates are of other kinds than these 1000" in err


@pytest.mark.parametrize("count,limit,pages,updates,complete", [
    (0, None, 1, 0, True), (1000, None, 1, 1000, True),
    (2500, None, 3, 2500, True), (2500, 1500, 2, 1500, False),
    (2500, 2500, 3, 2500, True)])
def test_pages_are_asked_for_until_enough_is_counted(house, count, limit,
                                                     pages, updates,
                                                     complete):
    args = ["--limit", str(limit)] if limit else []
    out, err, asked = told_of(house, [item()] * count, "-o", "json", *args)
    told = json.loads(out)
    assert asked == pages and err == ""
    assert (told["updates"], told["complete"]) == (updates, complete)
    assert sum(g["count"] for g in told["groups"]) == updates
