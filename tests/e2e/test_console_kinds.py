"""Files that were named in each other's place: the verb says so, and does
nothing."""

import os
import subprocess

import pytest

from house import House

MAPPING = """route    = "/hooks/x";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "{$.id}";
update: { detail = "{$.detail}"; };
"""
CAPTURE = ("POST /hooks/x HTTP/1.1\nHost: h\nContent-Type: application/json\n"
           '\n{"id": "l1", "detail": "d"}')


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("kinds"))
    h.write("m.cfg", MAPPING)
    h.write("maps/x/mapping.cfg", MAPPING)
    h.write("broken.cfg", MAPPING + "update: { ")
    h.write("c.http", CAPTURE)
    h.write("c.capture", CAPTURE)
    h.write("c.json", '\n {"id": "l1", "detail": "d"}')
    h.write("c.xml", "<lead><id>l1</id></lead>")
    h.write("c.form", "id=l1&detail=d")
    h.write("empty.cfg", "")
    h.write("comment.cfg", "# POST HTTP/1.1\n" + MAPPING)
    h.write("nul.bin", "\0\0")
    h.write("odd\x1b[2J.http", CAPTURE)
    h.write("key.secret", "k" * 32, 0o600)
    yield h
    h.close()


def swapped(verb, first, what, second, args):
    return (f"leadbridge: {verb}: {first} looks like {what}, and {second} "
            f"like a mapping: the mapping comes first: leadbridge {verb} "
            f"{args}\n")


def misplaced(verb, name, what, expected, args, more=""):
    return (f"leadbridge: {verb}: {name} looks like {what}, and {expected} "
            f"is expected in its place: leadbridge {verb} {args}{more}\n")


PAIR = "MAPPING SAMPLE"
HTTP, BODY = "a captured request", "a webhook's body"
TO = ["--to", "http://127.0.0.1:1"]


@pytest.mark.parametrize("args,told", [
    (["map", "c.http", "m.cfg"], swapped("map", "c.http", HTTP, "m.cfg",
                                         PAIR)),
    (["map", "c.capture", "maps/x"], swapped("map", "c.capture", HTTP,
                                             "maps/x", PAIR)),
    (["map", "c.json", "m.cfg"], swapped("map", "c.json", BODY, "m.cfg",
                                         PAIR)),
    (["map", "c.xml", "comment.cfg"], swapped("map", "c.xml", BODY,
                                              "comment.cfg", PAIR)),
    (["explain", "c.http", "m.cfg"], swapped("explain", "c.http", HTTP,
                                             "m.cfg", PAIR)),
    (["coverage", "c.json", "c.http", "m.cfg"],
     swapped("coverage", "c.json", BODY, "m.cfg", "MAPPING SAMPLE...")),
    (["send", *TO, "c.http", "m.cfg"],
     swapped("send", "c.http", HTTP, "m.cfg", "[MAPPING] SAMPLE")),
    (["map", "odd\x1b[2J.http", "m.cfg"],
     swapped("map", "odd\\u001b[2J.http", HTTP, "m.cfg", PAIR)),
])
def test_two_that_are_swapped_are_told(house, args, told):
    assert house.run(*args, code=2) == ("", told)


def test_a_path_comes_before_its_document(house):
    assert house.run("query", "c.json", "$.id", code=2) == (
        "", "leadbridge: query: the path comes first: leadbridge query EXPR "
        "[FILE|-]\n")
    # Neither is there, or it is a file of that name: as it stands.
    for args in (["gone.json", "$.id"], ["c.json", "m.cfg"], ["c.json"]):
        _, err = house.run("query", *args, code=1)
        assert "column 1" in err
    assert house.run("query", "$.id", "c.json") == ('"l1"\n', "")


SETTINGS = "; settings are named with -c FILE"


@pytest.mark.parametrize("args,told", [
    # The other one is none, or cannot be read as what it should be.
    (["map", "c.http", "c.json"],
     misplaced("map", "c.http", HTTP, "a mapping", PAIR)),
    (["explain", "c.http", "broken.cfg"],
     misplaced("explain", "c.http", HTTP, "a mapping", PAIR)),
    (["map", "leadbridge.cfg", "c.json"],
     misplaced("map", "leadbridge.cfg", "a settings file", "a mapping", PAIR,
               SETTINGS)),
    (["explain", "leadbridge.cfg", "c.json"],
     misplaced("explain", "leadbridge.cfg", "a settings file", "a mapping",
               PAIR)),
    (["map", "m.cfg", "maps/x"],
     misplaced("map", "maps/x", "a mapping", "a sample", PAIR)),
    (["map", "m.cfg", "leadbridge.cfg"],
     misplaced("map", "leadbridge.cfg", "a settings file", "a sample", PAIR,
               SETTINGS)),
    (["coverage", "m.cfg", "c.json", "m.cfg"],
     misplaced("coverage", "m.cfg", "a mapping", "a sample",
               "MAPPING SAMPLE...")),
    (["send", *TO, "--sender", "typeform", "--secret-file", "key.secret",
      "m.cfg"],
     misplaced("send", "m.cfg", "a mapping", "a sample",
               "[MAPPING] SAMPLE")),
    (["check", "leadbridge.cfg"],
     misplaced("check", "leadbridge.cfg", "a settings file", "a mapping",
               "[MAPPING...]", SETTINGS)),
    (["check", "m.cfg", "c.http"],
     misplaced("check", "c.http", HTTP, "a mapping", "[MAPPING...]")),
    (["new", "--from", "m.cfg", "made"],
     misplaced("new", "m.cfg", "a mapping", "a sample",
               "SENDER|--from CAPTURE [FOLDER]")),
    (["test", "m.cfg"],
     misplaced("test", "m.cfg", "a mapping", "the folder of a mapping",
               "[FOLDER...]")),
    (["test", "maps", "c.http"],
     misplaced("test", "c.http", HTTP, "the folder of a mapping",
               "[FOLDER...]")),
])
def test_one_of_the_wrong_kind_is_told(house, args, told):
    assert house.run(*args, code=2) == ("", told)
    assert not os.path.exists(house.path("made"))


@pytest.mark.parametrize("args,code", [
    (["check"], 2), (["doctor"], 2), (["reload"], 2), (["key", "list"], 2),
    (["deliveries", "list"], 2), (["deliveries", "summary"], 2),
    (["forget", "--lead", "l", "-y"], 2), (["journal", "check"], 2),
    (["map", "m.cfg", "c.json"], 2),
    (["send", *TO, "m.cfg", "c.json"], 2),
    # A service manager shall not start it again and again.
    (["run"], 78),
])
def test_a_mapping_is_no_settings_file(house, args, code):
    assert house.run(*args, "-c", "m.cfg", code=code) == (
        "", "leadbridge: m.cfg looks like a mapping, and -c takes the "
        "settings file; 'leadbridge check MAPPING' checks a mapping\n")
    assert house.run(*args, "-c", "c.http", code=code) == (
        "", "leadbridge: c.http looks like a captured request, and -c takes "
        "the settings file\n")


@pytest.mark.parametrize("args,code,fault", [
    # What cannot be told is read as what it was named as.
    (["map", "broken.cfg", "c.json"], 1, "broken.cfg:6:"),
    (["map", "c.form", "m.cfg"], 2, "m.cfg looks like a mapping, and a "
     "sample is expected"),
    (["map", "empty.cfg", "c.json"], 1, "empty.cfg"),
    (["map", "nul.bin", "c.json"], 1, "nul.bin"),
    (["map", "gone.cfg", "c.json"], 1, "gone.cfg: cannot be read"),
    (["map", "m.cfg", "gone.json"], 3, "gone.json"),
    (["test", "gone"], 3, "gone: no mapping is there"),
    (["check", "-c", "gone.cfg"], 1, "gone.cfg: cannot be read"),
])
def test_what_looks_like_nothing_is_read_as_it_was_named(house, args, code,
                                                         fault):
    _, err = house.run(*args, code=code)
    assert fault in err


def test_what_is_right_is_not_doubted(house):
    for mapping in ("m.cfg", "maps/x", "comment.cfg"):
        for sample in ("c.http", "c.json", "c.form"):
            out, _ = house.run("map", mapping, sample)
            assert out == 'l1\n{"detail":"d"}\n'
    house.run("check", "m.cfg", "maps/x")
    house.run("check", "-c", "leadbridge.cfg")


def test_a_pipe_is_read_once(house):
    """By who wants it: what a look at it took would be gone."""
    done = subprocess.run(
        ["bash", "-c", f"'{house.program}' map m.cfg <(cat c.json); "
         f"'{house.program}' map m.cfg - < c.json"],
        cwd=house.folder, capture_output=True, text=True, timeout=60)
    assert done.stdout == 'l1\n{"detail":"d"}\n' * 2, done.stderr
