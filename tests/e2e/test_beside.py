"""tests/support/beside.py: what tests/run does beside its tests."""

import importlib.util
import os
import subprocess
import threading

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
IDLE = str(os.SCHED_IDLE)
PATIENCE = 120  # seconds: it gets only what others leave


def support(name):
    """A module of tests/support, for this test alone."""
    spec = importlib.util.spec_from_file_location(
        name, f"{TOP}/tests/support/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def beside():
    module = support("beside")
    yield module
    module.forget()


def never():
    raise AssertionError("it was done already")


def policy():
    """Of a process that is started here."""
    stat = subprocess.run(["cat", "/proc/self/stat"], check=True,
                          capture_output=True, text=True).stdout
    return stat.rpartition(")")[2].split()[38]


def test_it_takes_what_nobody_wants(beside):
    done = threading.Event()
    beside.begin("a", policy)
    beside.begin("b", done.set)
    assert done.wait(PATIENCE)
    assert beside.result("a", never) == IDLE
    assert policy() != IDLE


def test_one_after_another_and_once(beside):
    begun, done = [], threading.Event()
    for name in "abc":
        beside.begin(name, lambda name=name: begun.append(name))
    beside.begin("a", lambda: begun.append("again"))
    beside.begin("d", done.set)
    assert done.wait(PATIENCE)
    beside.result("c", never)
    assert begun == ["a", "b", "c"]


def test_what_failed_or_was_not_begun_is_done_now(beside):
    begun = threading.Event()

    def fail():
        begun.set()
        never()

    beside.begin("a", fail)
    assert begun.wait(PATIENCE)
    assert beside.result("a", lambda: "now") == "now"
    assert beside.result("b", lambda: "now") == "now"


@pytest.fixture
def held(beside):
    """"a" is under way until it may end, "b" is to come: (end, b begun)"""
    under_way, end, begun = (threading.Event() for _ in range(3))

    def work():
        under_way.set()
        assert end.wait(PATIENCE)

    beside.begin("a", work)
    beside.begin("b", begun.set)
    assert under_way.wait(PATIENCE)
    return end, begun


def test_nothing_is_beside_who_is_alone(beside, held):
    end, begun = held
    threading.Timer(0.1, end.set).start()
    with beside.nothing():
        assert end.is_set()  # it was waited for
        assert not begun.wait(0.2)
    assert begun.wait(PATIENCE)


def test_what_is_forgotten_does_not_begin(beside, held):
    end, begun = held
    beside.forget()
    end.set()
    beside.result("a", never)
    assert not begun.is_set()


@pytest.mark.parametrize("code, text, own", [
    (0, "[  PASSED  ]", False),
    (9, "[  PASSED  ]\n==1== 8 bytes are definitely lost", False),
    (9, "[  FAILED  ]\n==1== 8 bytes are definitely lost", True),
    (1, "[  FAILED  ]", True), (124, "", True)])
def test_a_program_that_fails_by_itself_is_told_from_a_finding(code, text,
                                                               own):
    """Beside others it may have had no time: it is run again, alone."""
    assert support("valgrind").is_own(code, text) is own
