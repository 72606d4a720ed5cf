"""A listener_echo to talk to, and what is said and understood over HTTP.

listener_echo (tests/support/listener_echo.c) answers every request that gets
through with a description of it.
"""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time

LIMITS = ["body=65536", "headers=8192", 'header_timeout="600ms"',
          'body_timeout="600ms"', 'idle_timeout="900ms"',
          'write_timeout="800ms"']
# What a test asks for no deadline of, nobody is late for: a machine may be
# held up for seconds.
NO_DEADLINE = {"header_timeout": "60s", "body_timeout": "60s",
               "write_timeout": "60s"}
PATIENCE = 30  # seconds until a test that hangs fails


class Echo:
    """A running listener_echo."""

    def __init__(self, build, *options, tls=None, files=None):
        args = [os.path.join(build, "listener_echo"), "127.0.0.1:0"]
        given = {option.partition("=")[0] for option in options}
        options += tuple(f'{name}="{value}"' for name, value in
                         NO_DEADLINE.items() if name not in given)
        if tls:
            args += [tls.chain, tls.key]

        def fewer_files():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        # The address sanitizer keeps freed memory: little, to measure RSS.
        asan = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        self.process = subprocess.Popen(
            [*args, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=fewer_files, env={**os.environ, "ASAN_OPTIONS": asan})
        line = self.process.stdout.readline().decode()
        assert line.startswith("port "), self.process.stderr.read().decode()
        self.port = int(line.split()[1])

    def connect(self, timeout=PATIENCE, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), timeout,
                                        source_address=(source, 0))

    def talk(self, data, timeout=PATIENCE, source="127.0.0.1"):
        """All that comes back until the connection closes."""
        with self.connect(timeout, source) as s:
            return exchange(s, data)

    def status_field(self, name):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(rf"{name}:\s+(\d+)", f.read()).group(1))

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name):
        text = self.talk(get("/metrics", "Connection: close\r\n"))
        return int(re.search(rf"^{name} (\d+)$".encode(), text, re.M)[1])

    def stop(self):
        """Its standard error; fails when it did not end well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=2 * PATIENCE)
        assert self.process.returncode == 0, err.decode()
        return err.decode()


def get(path="/", headers=""):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()


def exchange(s, data):
    out = b""
    broken = ConnectionResetError, BrokenPipeError
    with contextlib.suppress(*broken):  # what was answered is there to read
        if data:
            s.sendall(data)
    with contextlib.suppress(*broken):
        while got := s.recv(65536):
            out += got
    return out


def answers(data):
    """(status, headers, body) of each answer in a stream of them."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {k.lower(): v for k, v in
                  (line.split(": ", 1) for line in lines[1:])}
        size = int(fields.get("content-length", 0))
        found.append((int(lines[0].split()[1]), fields, rest[:size]))
        data = rest[size:]
    return found


def read_answer(s):
    """One answer of a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        assert got, data
        data += got
    head, _, rest = data.partition(b"\r\n\r\n")
    size = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(rest) < size:
        got = s.recv(65536)
        assert got, rest
        rest += got
    assert len(rest) == size
    return int(head.split()[1]), json.loads(rest)


def closed_within(s, seconds):
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 b"\x01\0\0\0\0\0\0\0")
    s.close()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


H = "POST /a HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = H + "Transfer-Encoding: chunked\r\n\r\n"

# More than a socket takes at once, to one who does not read yet.

LARGE_ANSWERS = 12


def slow_reader(e):
    raw = socket.socket()
    raw.settimeout(PATIENCE)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", e.port))
    return raw


def slow_exchange(s):
    """How many of the answers came whole."""
    s.sendall(get("/big?n=1000000") * (LARGE_ANSWERS - 1) +
              get("/big?n=1000000", "Connection: close\r\n"))
    time.sleep(0.2)
    return len([1 for status, _, body in answers(exchange(s, b""))
                if status == 200 and len(body) >= 1000000])
