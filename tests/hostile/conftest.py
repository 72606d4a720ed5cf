"""Fixtures of the hostile tests; houses and listeners are tests/e2e's."""

import shutil

import pytest

from house import House


def pytest_addoption(parser):
    parser.addoption("--soak", type=int, default=300, metavar="SECONDS",
                     help="how long test_soak.py goes on, with --long "
                     "(default: 300, the least that tells something)")


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    """A whole bridge with its API; the folder goes with it."""
    folder = tmp_path_factory.mktemp("house")
    # What is a beginning only is waited for so long; who sends all, and gets
    # no processor meanwhile, is to be in time.
    h = House(build, folder, limits='header_timeout = "5s"; '
              'body_timeout = "5s"; body = "64K"; headers = "8K";').start()
    yield h
    h.close()
    shutil.rmtree(folder, ignore_errors=True)
