"""A steady load takes nothing from malloc, and a connection at rest holds
little: the whole program, a release build, TLS to the API and on both kinds of
inbound address. (A sanitizer's build has a malloc of its own: the suite runs
this in its release step.)"""

import os
import re
import struct
import subprocess

import pytest

from house import House, typeform_event

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 200
# Connections that fill the pools first, and those that are counted.
FIRST, COUNTED = 70, 400
# Of a plain one, evhttp's part and a share of the tables included: as measured
# (2466), and less than one step of malloc's (16) above.
AT_REST = 2480


@pytest.fixture(scope="module")
def counter(build, tmp_path_factory):
    """The library to preload."""
    program = os.path.join(build, "leadbridge")
    with open(program, "rb") as f:
        if re.search(b"__[at]san_", f.read()):
            pytest.skip("a sanitizer brings its own malloc")
    out = str(tmp_path_factory.mktemp("count") / "malloc_count.so")
    subprocess.run(["cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-shared", "-fPIC", "-o", out,
                    os.path.join(HERE, "malloc_count.c")], check=True)
    return out


def numbers(count):
    """How often something was taken, and the bytes held."""
    return struct.unpack("QQ", count.read_bytes())


def taken_by(count, house, connection, rounds):
    before, _ = numbers(count)
    for i in range(rounds):
        got = house.typeform(typeform_event(score=i), connection=connection)
        assert got.status == 200
    return numbers(count)[0] - before


def run(house, counter, count):
    house.start(env={**os.environ, "LD_PRELOAD": counter,
                     "MALLOC_COUNT": str(count)})


@pytest.mark.parametrize("tls", [False, True])
def test_a_steady_load_takes_nothing_from_malloc(build, counter, tmp_path,
                                                 tls):
    count = tmp_path / "count"
    house = House(build, tmp_path, workers=1)
    run(house, counter, count)
    connection = house.connect(tls)
    # It counts: the first ones fill the pools.
    assert taken_by(count, house, connection, ROUNDS) > 0
    assert taken_by(count, house, connection, ROUNDS) == 0
    connection.close()
    assert house.close() == 0


def test_nor_does_tracing_it(build, counter, tmp_path):
    """A worker; as long as the exporter, who prints them, sleeps."""
    count = tmp_path / "count"
    house = House(build, tmp_path, workers=1, settings="""tracing = {
        url = "http://127.0.0.1:9"; interval = "60s"; };""")
    run(house, counter, count)
    connection = house.connect()
    # Five spans a round: fewer than the 512 that wake it.
    assert taken_by(count, house, connection, 50) > 0
    assert taken_by(count, house, connection, 50) == 0
    connection.close()
    assert house.close() == 0


def test_a_connection_at_rest_holds_little(build, counter, tmp_path):
    """Counted, not as pages: what a load left free would hide some."""
    count = tmp_path / "count"
    house = House(build, tmp_path, workers=1)
    run(house, counter, count)

    def served(score):
        connection = house.connect()
        got = house.typeform(typeform_event(score=score),
                             connection=connection)
        assert got.status == 200
        return connection

    held = [served(i) for i in range(FIRST)]
    _, before = numbers(count)
    held += [served(i) for i in range(COUNTED)]
    _, after = numbers(count)
    each = (after - before) / COUNTED
    assert 1000 < each <= AT_REST, each
    for connection in held:
        connection.close()
    assert house.close() == 0
