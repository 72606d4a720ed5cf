"""Fixtures of the fault tests; the house they break is tests/e2e's."""

import os
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))

from node import Node  # noqa: E402  (the path comes first)

FIGURES = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="the long forms: minutes, not seconds, a test")


def pytest_configure(config):
    config.stash[FIGURES] = []
    config.addinivalue_line(
        "markers", "long: too long for every run; needs --long")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    kept = [i for i in items if i.get_closest_marker("long") is None]
    config.hook.pytest_deselected(
        items=[i for i in items if i not in kept])
    items[:] = kept


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_sep("-", "figures")
    for name, text in config.stash[FIGURES]:
        terminalreporter.write_line(f"  {name}: {text}")


@pytest.fixture(scope="session")
def build():
    return os.path.abspath(
        os.environ.get("LEADBRIDGE_BUILD", os.path.join(TOP, "build")))


@pytest.fixture
def is_long(request):
    return request.config.getoption("--long")


@pytest.fixture
def figure(request):
    """Says what was measured, at the end of the run."""
    def say(text):
        request.config.stash[FIGURES].append((request.node.name, text))
    return say


@pytest.fixture
def nodes(build, tmp_path):
    """Makes nodes, and ends them and their APIs; folders go at once."""
    made = []

    def make(name="node", **kw):
        node = Node(build, tmp_path / name, **kw)
        made.append(node)
        return node

    yield make
    try:
        for node in made:
            node.close()
    finally:
        for node in made:
            node.abandon()
        shutil.rmtree(tmp_path, ignore_errors=True)
