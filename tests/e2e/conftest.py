"""Fixtures of the end-to-end tests.

Programs are found in the build folder: $LEADBRIDGE_BUILD, else build/ at the
top of the project.
"""

import os

import pytest

import certs

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


@pytest.fixture(scope="session")
def build():
    return os.path.abspath(
        os.environ.get("LEADBRIDGE_BUILD", os.path.join(TOP, "build")))


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A root that tests may trust, and issue from."""
    return certs.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def localhost(ca):
    """A good certificate for localhost and 127.0.0.1."""
    return ca.issue("localhost", san=["DNS:localhost", "IP:127.0.0.1"])
