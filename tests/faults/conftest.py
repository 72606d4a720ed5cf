"""Fixtures of the fault tests; the house they break is tests/e2e's."""

import shutil

import pytest

from node import Node


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
