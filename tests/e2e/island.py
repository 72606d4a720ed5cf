"""tests/e2e/island.py - a network of a test's own, and a name server in it.

    with Island(tmp_path) as island, NameServer(island) as names:
        up = island.run(lambda: Upstream(...))     # listens over there
        names.say("api.test", "127.0.0.1")

A thread leaves for a network namespace that has a loopback interface and
nothing else; what is opened or started on that thread stays there. Its
/etc/resolv.conf names the server below. Needs root: see Island.possible().
"""

import concurrent.futures
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8914, 0x8916, 1
# getaddrinfo() looks up nothing for a machine that has but 127.0.0.1.
ADDRESS = "10.0.0.1"


def check(rc):
    if rc != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Island:
    def __init__(self, folder, patience=10):
        """patience: seconds that lookups wait for the name server."""
        self.resolv = os.path.join(str(folder), "resolv.conf")
        with open(self.resolv, "w") as f:
            f.write("nameserver 127.0.0.1\n"
                    f"options timeout:{patience} attempts:1\n")
        self.thread = concurrent.futures.ThreadPoolExecutor(1)

    @staticmethod
    def possible():
        """None, or why there can be no island."""
        libc = ctypes.CDLL(None, use_errno=True)
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            rc = thread.submit(libc.unshare, CLONE_NEWNS | CLONE_NEWNET)
            if rc.result() != 0:
                return "no right to make a network namespace (root has it)"
        return None

    def run(self, what):
        return self.thread.submit(what).result()

    def leave(self):
        libc = ctypes.CDLL(None, use_errno=True)
        check(libc.unshare(CLONE_NEWNS | CLONE_NEWNET))
        check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        check(libc.mount(self.resolv.encode(), b"/etc/resolv.conf", None,
                         MS_BIND, None))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            flags = struct.pack("16sh", b"lo", IFF_UP)
            fcntl.ioctl(s, SIOCSIFFLAGS, flags + bytes(22))
            address = struct.pack("16sH2s4s", b"lo:1", socket.AF_INET, b"",
                                  socket.inet_aton(ADDRESS))
            fcntl.ioctl(s, SIOCSIFADDR, address + bytes(16))

    def __enter__(self):
        self.run(self.leave)
        return self

    def __exit__(self, *_):
        self.thread.shutdown()


NOERROR, SERVFAIL, NXDOMAIN, SILENCE = 0, 2, 3, None


class NameServer:
    """Answers as told: an address, or one of the codes above."""

    def __init__(self, island):
        self.answers, self.asked = {}, []
        self.sock = island.run(self.open)
        self.thread = threading.Thread(target=self.serve)

    def open(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 53))
        return s

    def say(self, name, answer):
        self.answers[name] = answer

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self.sock.recvfrom(4096)
                if not query:
                    return
                answer = self.answer(query)
                if answer:
                    self.sock.sendto(answer, client)

    def answer(self, query):
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = query[at + 1:at + 3]
        question = query[12:at + 5]
        said = self.answers.get(".".join(name), NXDOMAIN)
        self.asked.append(".".join(name))
        if said is SILENCE:
            return None
        code = said if isinstance(said, int) else NOERROR
        record = b""
        if isinstance(said, str) and kind == b"\0\1":
            record = (b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" +
                      socket.inet_aton(said))
        return (query[:2] + bytes([0x81, 0x80 | code]) + b"\0\1" +
                (b"\0\1" if record else b"\0\0") + b"\0\0\0\0" +
                question + record)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join(20)
        self.sock.close()
