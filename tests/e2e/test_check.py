"""check: where the faults of a mapping are, for people and for machines."""

import json
import subprocess

import pytest

from house import TYPEFORM, House

BAD = TYPEFORM.replace("| lower", "| lowr").replace(
    "== 'form_", "= 'form_").replace("  email ", "\temail ")
PARTS = ("= 'form_", "lowr")


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("check"))
    h.write("bad/mapping.cfg", BAD)
    yield h
    h.close()


def place(text, part):
    """Line and column of the first `part`, both from 1."""
    before = text[:text.index(part)]
    return 1 + before.count("\n"), len(before) - before.rfind("\n")


def test_each_fault_shows_its_place(house):
    _, err = house.run("check", "bad/mapping.cfg", code=1)
    lines = err.splitlines()
    assert len(lines) == 3 * len(PARTS)
    for i, part in enumerate(PARTS):
        line, column = place(BAD, part)
        fault, source, mark = lines[3 * i:3 * i + 3]
        assert fault.startswith(f"bad/mapping.cfg:{line}:{column}: ")
        assert source.startswith(f"{line:5} | ")
        assert mark.startswith("      | ") and mark.endswith("^")
        assert source[len(mark) - 1:].startswith(part[:4])
        assert ("\t" in source) == ("\t" in mark)


def test_a_folder_is_its_mapping(house):
    assert house.run("check", "bad", code=1) == \
        house.run("check", "bad/mapping.cfg", code=1)


@pytest.mark.parametrize("verb", [["map", "bad", "x.json"],
                                  ["test", "bad"]])
def test_other_verbs_show_it_too(house, verb):
    house.write("x.json", "{}")
    _, err = house.run(*verb, code=1)
    line, column = place(BAD, "lowr")
    assert f"bad/mapping.cfg:{line}:{column}: update.email: there is no " \
        "transform 'lowr'; did you mean 'lower'?\n" in err
    assert err.count("^") == 2


def test_as_json(house):
    out, err = house.run("check", "--output", "json", "bad", code=1)
    said = json.loads(out)
    assert err == "" and not said["ok"] and said["count"] == 2
    for fault, part in zip(said["faults"], PARTS):
        assert (fault["line"], fault["column"]) == place(BAD, part)
        assert fault["file"] == "bad/mapping.cfg"
        assert fault["text"] and "^" in fault["excerpt"]
    out, _ = house.run("check", "--output", "json")
    said = json.loads(out)
    assert said.pop("worst_case")["bytes"] > 0  # test_limits.py has more
    assert said == {"ok": True, "count": 0, "faults": [], "warnings": []}


def test_json_is_json_whatever_a_file_is_called(house):
    out, _ = house.run("check", "--output", "json", b"no\xff", code=1)
    assert json.loads(out)["faults"][0]["file"] == "no\ufffd"


def test_settings_and_mappings_are_checked_together(house):
    with open(house.path("leadbridge.cfg")) as f:
        house.write("wrong.cfg", "workres = 2;\n" + f.read())
    out, _ = house.run("check", "-c", "wrong.cfg", "--output", "json", "bad",
                       code=1)
    said = json.loads(out)
    assert said["count"] == 3
    first = said["faults"][0]
    assert (first["file"], first["line"], first["column"]) == \
        ("wrong.cfg", 1, 1)
    # a line of the settings may hold what nobody should see
    assert "excerpt" not in first


ADS = '''
route = "/hooks/ads";
sender = "google-ads";
secret = "token";
upstream = "leadsail";
lead_id = "{query('lead')}";
update: { customFields = "%s"; detail = "{$.form_id}"; };
'''


@pytest.mark.parametrize("rest, sends", [
    ("{remainder()}", True),
    ("{remainder($.user)}", False),
    ("{remainder($.google_key)}", False)])
def test_a_remainder_beside_the_proof_is_none_of_it(house, rest, sends):
    house.write("ads/ads.cfg", ADS % rest)
    with open(house.path("leadbridge.cfg")) as f:
        house.write("ads.cfg", f.read().replace("mappings/*/mapping.cfg",
                                                "ads/ads.cfg"))
    _, err = house.run("check", "-c", "ads.cfg", code=1 if sends else 0)
    assert ("would send the sender's secret" in err) == sends
    assert ("ads.cfg:7:28: update.customFields: remainder()" in err) == sends


def test_files_stand_beside_the_settings_wherever_one_stands(build, tmp_path):
    """Also those that an included file names, and from any folder."""
    h = House(build, tmp_path)
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    start, end = text.index("listen "), text.index("routes ")
    h.write("parts/most.cfg", text[start:end])
    h.write("leadbridge.cfg",
            text[:start] + '@include "parts/most.cfg"\n' + text[end:])
    try:
        for folder in (h.folder, "/"):
            p = subprocess.run([h.program, "check", "-c",
                                h.path("leadbridge.cfg")], cwd=folder,
                               capture_output=True, text=True, timeout=60)
            assert (p.returncode, p.stderr) == (0, ""), folder
    finally:
        h.close()
