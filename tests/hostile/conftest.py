"""Fixtures of the hostile tests; houses and listeners are tests/e2e's."""

import os
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))

import certs  # noqa: E402  (the path comes first)
from echo import Echo  # noqa: E402
from house import House  # noqa: E402

FIGURES = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="the long forms: minutes, not seconds, a test")


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_sep("-", "figures")
    for name, text in config.stash[FIGURES]:
        terminalreporter.write_line(f"  {name}: {text}")


@pytest.fixture(scope="session")
def build():
    return os.path.abspath(
        os.environ.get("LEADBRIDGE_BUILD", os.path.join(TOP, "build")))


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def localhost(ca):
    return ca.issue("localhost", san=["DNS:localhost", "IP:127.0.0.1"])


@pytest.fixture(scope="session")
def is_long(request):
    return request.config.getoption("--long")


@pytest.fixture
def figure(request):
    """Says what was measured, at the end of the run."""
    def say(text):
        request.config.stash[FIGURES].append((request.node.name, text))
    return say


@pytest.fixture
def start(build):
    """Starts a listener that tells what it was sent."""
    running = []

    def run(*options, **how):
        running.append(Echo(build, *options, **how))
        return running[-1]

    yield run
    for e in running:
        e.stop()


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    """A whole bridge with its API; the folder goes with it."""
    folder = tmp_path_factory.mktemp("house")
    h = House(build, folder, limits='header_timeout = "2s"; '
              'body_timeout = "2s"; body = "64K"; headers = "8K";').start()
    yield h
    h.close()
    shutil.rmtree(folder, ignore_errors=True)
