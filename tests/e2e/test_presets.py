"""cmake --preset NAME: each configures, and knows what to build."""

import importlib
import json
import os
import re
import subprocess
import sys

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def presets():
    with open(TOP + "/CMakePresets.json") as f:
        return json.load(f)


NAMES = [p["name"] for p in presets()["configurePresets"]
         if not p.get("hidden")]


def test_each_is_told_of_and_can_be_built():
    assert NAMES == ["debug", "release", "package", "asan", "tsan", "fuzz",
                     "coverage"]
    assert [p["name"] for p in presets()["buildPresets"]] == NAMES
    with open(TOP + "/tests/README.md") as f:
        readme = f.read()
    for name in NAMES:
        assert f"`{name}`" in readme, name


# The others are how tests/run builds what it tests, every time.
@pytest.mark.parametrize("name", ["coverage"])
def test_it_configures(tmp_path, name):
    """And one file of it compiles, with all of its flags."""
    done = subprocess.run(["cmake", "--preset", name, "-B", tmp_path],
                          cwd=TOP, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        ["ninja", "-C", tmp_path, "bridge/CMakeFiles/base.dir/base/base_str.c.o"],
        text=True, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_the_suite_builds_all():
    with open(TOP + "/tests/support/suite.py") as f:
        suite = f.read()
    built = re.findall(r'(?:build\(|"--preset", |": \(|SANITIZED = )"(\w+)"',
                       suite)
    assert set(built) == set(NAMES)


def test_what_tsan_leaves_out_starts_no_bridge():
    with open(TOP + "/tests/support/suite.py") as f:
        names = re.search(r"WITHOUT_THREADS = .*? in\n(.*?)\)\)\n", f.read(),
                          re.S)[1]
    files = [f"{TOP}/tests/e2e/test_{name}.py"
             for name in re.findall(r'"(\w+)"', names)]
    assert files
    for path in files:
        with open(path) as f:
            assert not re.search(r"\bh(ouse)?\.start\(|\bopen_house\(|"
                                 r"\bEcho\(", f.read()), path


def test_the_bars_of_coverage(monkeypatch):
    """What `tests/run --coverage` says of figures that are made up."""
    monkeypatch.syspath_prepend(TOP + "/tests/support")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    coverage = importlib.import_module("coverage")
    assert "decode" in coverage.quiet_rooms(TOP)
    assert "listener" not in coverage.quiet_rooms(TOP)

    def said(files):
        monkeypatch.setattr(coverage, "lines_of", lambda top, build: files)
        return list(coverage.figures(TOP, "build"))

    good = {"bridge/decode/a.c": (96, 100), "bridge/listener/b.c": (86, 100)}
    assert [held for _, held in said(good) if held is not None] == [True, True]
    assert any("86.0 %  bridge/listener/b.c (14 lines)" in text
               for text, _ in said(good))
    assert not any("a.c" in text for text, _ in said(good))
    quiet = {"bridge/decode/a.c": (94, 100), "bridge/listener/b.c": (90, 100)}
    assert [held for _, held in said(quiet) if held is not None] == [
        False, True]
    loud = {"bridge/decode/a.c": (95, 100), "bridge/listener/b.c": (84, 100)}
    assert [held for _, held in said(loud) if held is not None] == [
        True, False]
    assert [held for _, held in said({})] == [False]
