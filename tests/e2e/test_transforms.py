"""transforms: the table of the mapping language's transforms."""

import json

import pytest

from house import House


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("transforms"))
    yield h
    h.close()


def test_each_stands_in_a_line(house):
    out, _ = house.run("transforms")
    names = [line.split()[0] for line in out.splitlines()]
    assert names == sorted(names) and len(names) > 30
    assert {"phone", "lower", "replace", "default"} <= set(names)
    replace = next(x for x in out.splitlines() if x.startswith("replace "))
    assert replace.split()[1] == "2" and " -> " in replace
    assert replace.endswith(".")


def test_one_with_its_examples(house):
    out, _ = house.run("transforms", "replace")
    shown = out.splitlines()
    assert shown[0] == "replace"
    assert "arguments  2" in shown
    assert "  \"a-b-c\"  | replace('-', ' ')  -> \"a b c\"" in shown


def test_the_body_that_examples_look_into_is_shown(house):
    out, _ = house.run("transforms", "lookup")
    assert '  of the body $ = {"options": ' in out
    one = json.loads(
        house.run("transforms", "lookup", "--output", "json")[0])[0]
    for e in one["examples"]:
        if "$.options, 'id'" in e["step"] and not isinstance(e["in"], list):
            found = [o["text"] for o in one["body"]["options"]
                     if o["id"] == e["in"]]
            assert found == ([e["out"]] if "out" in e else [])


def test_all_of_it_as_json(house):
    every = json.loads(house.run("transforms", "--output", "json")[0])
    listed = house.run("transforms")[0].splitlines()
    assert [t["name"] for t in every] == [x.split()[0] for x in listed]
    for t in every:
        assert set(t) - {"body"} == {"name", "arguments", "takes", "gives",
                                     "help", "examples"}
        assert t["arguments"]["min"] <= t["arguments"]["max"]
        for e in t["examples"]:
            assert e["step"].split("(")[0].rstrip("?") == t["name"]
            assert not ("out" in e and "fault" in e)
    assert any("fault" in e for t in every for e in t["examples"])
    assert any("in" not in e for t in every for e in t["examples"])
    one = json.loads(
        house.run("transforms", "lower", "--output", "json")[0])
    assert one == [t for t in every if t["name"] == "lower"]


def test_an_unknown_one_names_the_nearest(house):
    out, err = house.run("transforms", "fone", code=1)
    assert out == ""
    assert "there is no transform 'fone'" in err
    _, err = house.run("transforms", "lowr", code=1)
    assert "did you mean 'lower'?" in err
    house.run("transforms", "lower", "upper", code=2)
