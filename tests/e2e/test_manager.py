"""Under a service manager: what it is told, when it is fed, and the sockets it
hands over. The manager is this test."""

import ctypes
import fcntl
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from house import House, wait_for
from journal_api import Api
from test_reload import ask, mapping, open_house, post, reloads


class Manager:
    """A notify socket; what came there, in order."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(20)
        self.told = []

    def hear(self, what):
        """Up to the next message that has this line."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            self.told.append(lines)
            if what in lines:
                return dict(line.split("=", 1) for line in lines)

    def silent_for(self, seconds):
        """Whether nothing comes for so long, after what is there already."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(20)

    def drain(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            self.socket.settimeout(20)


@pytest.fixture
def house(build, tmp_path):
    h = open_house(build, tmp_path, Api())
    yield h
    h.api.release()
    h.close()
    h.api.close()


@pytest.mark.parametrize("abstract", [False, True])
def test_it_tells_when_it_serves_reloads_and_stops(house, abstract):
    name = f"leadbridge-test-{os.getpid()}" if abstract else "notify"
    address = "\0" + name if abstract else house.path(name)
    manager = Manager(address)
    house.start(dict(os.environ, NOTIFY_SOCKET=address.replace("\0", "@")))
    assert manager.hear("READY=1")["STATUS"] == "Serving 3 routes"
    before = time.monotonic_ns() // 1000
    house.bridge.send_signal(signal.SIGHUP)
    at = int(manager.hear("RELOADING=1")["MONOTONIC_USEC"])
    assert before <= at <= time.monotonic_ns() // 1000
    assert manager.hear("READY=1")["STATUS"] == "Serving 3 routes"
    # Refused is ready, too: what ran goes on.
    house.write("mappings/relay/mapping.cfg", "route = ")
    assert ask(house).status == 422
    manager.hear("RELOADING=1")
    assert re.fullmatch(
        r"Serving; the last reload was refused: .*mapping\.cfg:\d.*",
        manager.hear("READY=1")["STATUS"])
    house.bridge.send_signal(signal.SIGTERM)
    manager.hear("STOPPING=1")
    assert house.bridge.wait(timeout=20) == 0
    house.bridge = None
    assert ["WATCHDOG=1"] not in manager.told


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_signal_and_an_ask_at_once_are_each_told(house, rounds):
    """systemd 253 to 257 does both at `systemctl reload`: each reload has a
    "ready" of its own behind it, the times only rise, and what is served is
    the same.
    """
    manager = Manager(house.path("notify"))
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify")))
    manager.hear("READY=1")
    for _ in range(rounds):
        done = reloads(house, "done")
        before = time.monotonic_ns() // 1000
        house.bridge.send_signal(signal.SIGHUP)
        assert ask(house).status == 200
        # By the next answer what came of the signal is over. It is one reload
        # with an ask that comes just before it looks at the signal.
        assert ask(house).status == 200
        times = []
        for _ in range(reloads(house, "done") - done):
            times.append(int(manager.hear("RELOADING=1")["MONOTONIC_USEC"]))
            assert manager.hear("READY=1")["STATUS"] == "Serving 3 routes"
        assert len(times) in (2, 3) and sorted(times) == times
        assert before <= times[0]
    assert post(house, "relay").status == 200


def test_what_a_refusal_says_is_one_line_and_no_order(house):
    """It is cut between two characters, and none of it is a line of its own."""
    manager = Manager(house.path("notify"))
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify")))
    manager.hear("READY=1")
    with open(house.path("leadbridge.cfg")) as f:
        good = f.read()
    for pad in range(4):
        house.write("leadbridge.cfg", good + 'user = "%s\\nSTOPPING=1%s";\n'
                    % ("x" * pad, "\u20ac" * 300))
        house.bridge.send_signal(signal.SIGHUP)
        manager.hear("RELOADING=1")
        told = manager.hear("READY=1")
        assert set(told) == {"READY", "STATUS"}
        assert "leadbridge.cfg:" in told["STATUS"]
        assert "STOPPING=1\u20ac" in told["STATUS"]
        assert 236 < len(told["STATUS"].encode()) <= 240


def threads_of(pid):
    """Names and ids of its threads; one may be of several."""
    found = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm") as f:
            found.append((f.read().strip(), int(tid)))
    return found


def test_the_watchdog_is_fed_while_all_threads_come_round(house):
    manager = Manager(house.path("notify"))
    house.api.plan = {"slow": [None]}
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify"),
                     WATCHDOG_USEC="400000"))
    for _ in range(5):
        manager.hear("WATCHDOG=1")
    # While it drains, too.
    t = threading.Thread(target=lambda: post(house, "relay", "slow"))
    t.start()
    wait_for(lambda: house.api.leads() == ["slow"])
    house.bridge.send_signal(signal.SIGTERM)
    # A socket holds ten messages: that it stops may have found no room.
    wait_for(lambda: house.admin("/readyz").status == 503)
    manager.drain()
    for _ in range(5):
        manager.hear("WATCHDOG=1")
    house.api.release()
    t.join(20)


def test_the_watchdog_of_another_process_is_not_fed(house):
    """WATCHDOG_PID is of who was started, and its children inherit it."""
    manager = Manager(house.path("notify"))
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify"),
                     WATCHDOG_USEC="100000", WATCHDOG_PID="1"))
    manager.hear("READY=1")
    assert manager.silent_for(1)


class Stopped:
    """One thread of another process, held as a debugger does."""

    ATTACH, DETACH, WALL = 16, 17, 0x40000000

    def __init__(self, tid):
        self.tid, self.ptrace = tid, ctypes.CDLL(None, use_errno=True).ptrace

    def call(self, what):
        zero = ctypes.c_void_p(0)
        assert self.ptrace(what, self.tid, zero, zero) == 0, os.strerror(
            ctypes.get_errno())

    def __enter__(self):
        self.call(self.ATTACH)
        os.waitpid(self.tid, self.WALL)

    def __exit__(self, *_):
        self.call(self.DETACH)


@pytest.mark.parametrize("name", ["listen-1", "admin-0"])
def test_a_thread_that_is_stuck_starves_the_watchdog(house, name):
    manager = Manager(house.path("notify"))
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify"),
                     WATCHDOG_USEC="400000"))
    manager.hear("WATCHDOG=1")
    with Stopped(dict(threads_of(house.bridge.pid))[name]):
        wait_for(lambda: manager.drain() or manager.silent_for(1.5),
                 what="silence")
    manager.hear("WATCHDOG=1")


@pytest.mark.long
def test_a_journal_that_is_stuck_starves_the_watchdog(house):
    """A transaction may take a while: it is stuck after a minute."""
    manager = Manager(house.path("notify"))
    house.start(dict(os.environ, NOTIFY_SOCKET=house.path("notify"),
                     WATCHDOG_USEC="400000"))
    manager.hear("WATCHDOG=1")
    # The one that has no name, beside the main one.
    (journal,) = {tid for name, tid in threads_of(house.bridge.pid)
                  if name == "leadbridge"} - {house.bridge.pid}
    with Stopped(journal):
        wait_for(lambda: manager.drain() or manager.silent_for(1.5),
                 seconds=90, what="silence")
    manager.hear("WATCHDOG=1")


@pytest.mark.parametrize("text,said", [("nonsense", True), ("/" + "x" * 200, True),
                                       ("/nobody/there", False)])
def test_no_manager_is_no_reason_to_fail(house, text, said):
    house.start(dict(os.environ, NOTIFY_SOCKET=text))
    assert bool(house.logged("no service manager")) == said
    assert post(house, "relay").status == 200


# The launcher: as systemd does it, the sockets from 3 on, and the pid's own.
LAUNCH = 'export LISTEN_PID=%s; exec "$@"'


def listen(port, host="127.0.0.1"):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen(128)
    return s


def launch(house, sockets, pid="$$"):
    def prepare():
        # By way of higher ones: a socket may be where another is to be.
        high = [fcntl.fcntl(s, fcntl.F_DUPFD, 100) for s in sockets]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)

    house.bridge = subprocess.Popen(
        ["sh", "-c", LAUNCH % pid, "sh", house.program, "run", "-c",
         house.path("leadbridge.cfg")],
        env=dict(os.environ, LISTEN_FDS=str(len(sockets))),
        pass_fds=range(3, 3 + len(sockets)), preexec_fn=prepare,
        stdin=subprocess.DEVNULL, stderr=open(house.path("bridge.log"), "a"))
    return house


def test_sockets_that_are_handed_over_outlive_restarts(house):
    """Somebody sends all the time; nobody is refused."""
    sockets = [listen(house.port), listen(house.admin_port)]
    wrong, sent, stopped = [], [], threading.Event()

    def send(i):
        while not stopped.is_set():
            try:
                got = post(house, "queue", f"l{i}", str(len(sent)))
                if got.status == 202:
                    sent.append(1)
                elif got.status != 503:
                    wrong.append(got.status)
            except ConnectionRefusedError:
                wrong.append("refused")
            except OSError:
                pass   # cut between two requests by the one that ended

    launch(house, sockets)
    senders = [threading.Thread(target=send, args=(i,), daemon=True)
               for i in range(2)]
    for t in senders:
        t.start()
    try:
        for _ in range(3):
            goal = len(sent) + 20
            wait_for(lambda: len(sent) > goal, what="sending")
            house.bridge.send_signal(signal.SIGTERM)
            assert house.bridge.wait(timeout=20) == 0
            launch(house, sockets)
        goal = len(sent) + 20
        wait_for(lambda: len(sent) > goal, what="sending")
    finally:
        stopped.set()
        for t in senders:
            t.join(30)
    assert wrong == []
    # Both workers took of the socket; the other address is its own.
    assert house.send("/nowhere", b"{}", tls=True).status == 404
    assert "is not used" not in house.log()


def test_a_socket_that_fits_no_address_is_told(house):
    launch(house, [listen(0)])
    wait_for(house.is_ready)
    assert "ListenStream=" in house.logged("a socket is not used")[0]["do"]
    assert post(house, "relay").status == 200


def test_a_socket_that_does_not_listen_is_no_socket(house):
    s = socket.socket()
    s.bind(("127.0.0.1", house.port))
    launch(house, [s])
    assert house.bridge.wait(timeout=20) == 3
    house.bridge = None
    assert "does not listen" in house.log()


def test_sockets_of_another_process_are_left_alone(house):
    launch(house, [listen(0)], pid="1")
    wait_for(house.is_ready)
    assert house.logged("a socket is not used") == []
    assert post(house, "relay").status == 200
