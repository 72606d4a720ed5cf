"""Four addresses hold all the connections there may be, and come again as
soon as they are closed (row 7): who has work to do gets in all the same."""

import contextlib
import selectors
import socket
import threading
import time

import pytest

from echo import answers, get, wait_for

LAST = get("/last", "Connection: close\r\n")
ADDRESSES = 4
PRESS = 16
# No deadline helps in the time that this takes.
PATIENT = ['header_timeout="60s"', 'body_timeout="60s"']
HELD = {
    "nothing": b"",
    "half a head": b"POST /a HTTP/1.1\r\nHost: a\r\nX: ",
    "half a body": b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
}


class Holders:
    """So many connections; each that is closed is made again at once."""

    def __init__(self, port, count, first):
        self.port, self.first = port, first
        self.made = 0
        self.ended = threading.Event()
        self.selector = selectors.DefaultSelector()
        for n in range(count):
            self.hold(n)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def hold(self, n):
        s = socket.socket()
        s.bind((f"127.0.0.{2 + n % ADDRESSES}", 0))
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect(("127.0.0.1", self.port))
        self.made += 1
        self.selector.register(s, selectors.EVENT_WRITE, n)

    def step(self, s, n, mask):
        try:
            if mask & selectors.EVENT_WRITE:
                s.send(self.first)
                self.selector.modify(s, selectors.EVENT_READ, n)
                return
            if s.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.selector.unregister(s)
        s.close()
        self.hold(n)

    def run(self):
        while not self.ended.is_set():
            for key, mask in self.selector.select(0.1):
                self.step(key.fileobj, key.data, mask)

    def stop(self):
        self.ended.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def times(e, count):
    """Of requests that each come on a connection of their own."""
    found = []
    for _ in range(count):
        begin = time.monotonic()
        assert answers(e.talk(LAST, timeout=20))[0][0] == 200
        found.append(time.monotonic() - begin)
    return sorted(found)


def told(found):
    return (f"median {found[len(found) // 2] * 1000:.1f} ms, "
            f"worst {found[-1] * 1000:.0f} ms")


@pytest.mark.parametrize("what", HELD)
def test_who_has_work_gets_in(start, figure, is_long, what):
    most, count = (4096, 400) if is_long else (512, 60)
    e = start(*PATIENT, "workers=2", f"connections={most}",
              f"connections_per_address={most // ADDRESSES}")
    quiet = times(e, count)
    # Some more than may be held: they are turned away, and try again.
    holders = Holders(e.port, most + PRESS, HELD[what])
    try:
        assert wait_for(
            lambda: e.metric("leadbridge_connections") > most * 0.9, 20)
        busy = times(e, count)
    finally:
        holders.stop()
    figure(f"{count} requests while {ADDRESSES} addresses hold {most} "
           f"connections, and try {holders.made - most} more: {told(busy)}; "
           f"quiet: {told(quiet)}")
    assert e.metric('leadbridge_limited_total{limit="displaced"}') > 0
    # No sweep is waited for; where nobody gets much of a processor, what each
    # waits for is that.
    assert busy[len(busy) // 2] < max(0.08, 20 * quiet[len(quiet) // 2])
    assert busy[-1] < 20  # a third of the least deadline
