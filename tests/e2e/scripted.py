"""tests/e2e/scripted.py - an upstream that misbehaves as told, and the probe
that calls it.

    def script(peer, request):
        peer.send(ok(request.lead))

    with Upstream(script, cert=localhost) as up, Probe(build, up.url) as p:
        answer = p.ask("lead_a")[0]

The script runs on a thread for every request that arrives; `greet` runs
once a connection, before any request is read.
"""

import contextlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

from house import wait_for

API_KEY = "probe-key-4be1c09d"
PATIENCE = 20  # seconds until a test that hangs fails


class Request:
    def __init__(self, head, body, connection):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = line.split(" ")
        self.fields = [tuple(f.split(": ", 1)) for f in fields]
        self.body = body
        self.connection = connection
        self.raw = head + b"\r\n\r\n" + body

    @property
    def lead(self):
        return self.target.rsplit("/", 1)[1]

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]


def ok(lead, status="200 OK", extra="", **more):
    """A good answer that says whom it is for."""
    body = json.dumps({"lead": lead, **more})
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"{extra}Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Peer:
    """The server's side of one connection."""

    def __init__(self, upstream, sock, number):
        self.upstream = upstream
        self.sock = sock
        self.number = number
        self.seen = b""

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, data, every=0.02):
        """Byte by byte until the client hangs up."""
        with contextlib.suppress(OSError):
            for byte in data:
                self.send(bytes([byte]))
                if self.upstream.stopped.wait(every):
                    return

    def head(self):
        """Reads up to the end of the headers; b"" when the stream ends."""
        while b"\r\n\r\n" not in self.seen:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self.upstream.http_bytes += len(data)
            self.seen += data
        head, _, self.seen = self.seen.partition(b"\r\n\r\n")
        return head

    def request(self, body=True):
        head = self.head()
        if not head:
            return None
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        while body and len(self.seen) < length:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.upstream.http_bytes += len(data)
            self.seen += data
        text, self.seen = self.seen[:length], self.seen[length:]
        request = Request(head, text, self.number)
        self.upstream.requests.append(request)
        return request

    def close(self):
        """The proper way: close_notify, then FIN."""
        if isinstance(self.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self.sock.settimeout(0)
                self.sock.unwrap()
        self.sock.close()

    def cut(self):
        """FIN without close_notify."""
        raw = self.sock.detach()
        socket.socket(fileno=raw).close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.cut()


class Upstream:
    def __init__(self, script=None, cert=None, greet=None, context=None,
                 whole=True, host="localhost", port=0):
        """
        cert     a certs.Cert to serve with; context: a ready SSLContext;
                 neither: plain HTTP.
        whole    the script runs when the body is there too, not only the
                 headers.
        """
        self.script, self.greet, self.whole = script, greet, whole
        self.context = context
        if cert is not None:
            self.context = server_context(cert)
        self.requests, self.errors, self.resumed = [], [], []
        self.http_bytes = self.connections = 0
        self.played = 0  # requests the script is through with
        self.stopped = threading.Event()
        self.changed = threading.Condition()
        self.socks = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        scheme = "https" if self.context else "http"
        self.url = f"{scheme}://{host}:{self.port}"

    def __enter__(self):
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.note()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in self.socks:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for t in self.threads:
            t.join(PATIENCE)
            assert not t.is_alive()

    def note(self):
        with self.changed:
            self.changed.notify_all()

    def wait(self, check, what="it"):
        with self.changed:
            assert self.changed.wait_for(check, PATIENCE), what

    def accept(self):
        while not self.stopped.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socks.append(sock)
            number = self.connections
            self.connections += 1
            self.threads.append(threading.Thread(
                target=self.serve, args=(sock, number)))
            self.threads[-1].start()

    def serve(self, sock, number):
        try:
            self.talk(sock, number)
        except (OSError, ValueError) as e:
            self.errors.append(e)
        finally:
            with contextlib.suppress(OSError):
                sock.close()
            self.note()

    def talk(self, sock, number):
        if self.context is not None:
            sock = self.context.wrap_socket(sock, server_side=True,
                                            suppress_ragged_eofs=False)
            self.socks.append(sock)
            self.resumed.append(sock.session_reused)
        peer = Peer(self, sock, number)
        if self.greet is not None and not self.greet(peer):
            peer.close()
            return
        while not self.stopped.is_set():
            request = peer.request(self.whole)
            self.note()
            if request is None:
                break
            self.script(peer, request)
            self.played += 1
            self.note()
            if peer.sock.fileno() == -1:
                return
        peer.close()


def server_context(cert, weak=False):
    """weak: whatever OpenSSL can still be talked into."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if weak:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(cert.chain, cert.key)
    return context


class Probe:
    """upstream_probe with its leads on standard input."""

    def __init__(self, build, url, ca=None, settings="", body=0, key=None,
                 idempotency=None):
        # The server is a test's own, and may get no processor for seconds.
        for name, value in ("connect_timeout", "30s"), ("timeout", "60s"):
            if not re.search(rf"\b{name}\b", settings):
                settings += f' {name} = "{value}";'
        self.folder = tempfile.TemporaryDirectory()
        key_file = os.path.join(self.folder.name, "key")
        with open(key_file, "w") as f:
            f.write(key or API_KEY)
        command = [os.path.join(build, "upstream_probe"), "-s", settings,
                   "-b", str(body)]
        if idempotency is not None:
            command += ["-i", idempotency]
        self.errors = open(os.path.join(self.folder.name, "errors"), "w+")
        self.process = subprocess.Popen(
            command + [url, ca or "-", key_file], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        self.lines.append(line)
        assert line, "the probe ended: " + self.log()
        return json.loads(line)

    def ask(self, *leads):
        """Sends them at once; their answers, in the order they came."""
        self.say(" ".join(leads))
        return [self.hear() for lead in leads if lead[0] != "!"]

    def one(self, lead):
        answer = self.ask(lead)[0]
        assert answer["lead"] == lead
        check_owner(answer)
        return answer

    def until(self, lead, check):
        """The first answer that is as it should be. It is asked again where
        time is short: a machine that has other things to do may take all of
        it; a program that is wrong never gets there."""
        return wait_for(lambda: next(filter(check, [self.one(lead)]), None),
                        seconds=60, what=f"what {lead} should get")

    def log(self):
        self.errors.flush()
        with open(self.errors.name) as f:
            return f.read()

    def close(self, check=True):
        """What was under way ends as stopped; returns those answers."""
        rest = []
        if self.process is not None:
            if not self.process.stdin.closed:
                self.process.stdin.close()
            rest = self.process.stdout.readlines()
            code = self.process.wait(PATIENCE)
            self.process.stdout.close()
            log = self.log()
            self.errors.close()
            self.process = None
            self.folder.cleanup()
            if check:
                assert code == 0, log
                assert "Sanitizer" not in log and "runtime error" not in log
                said = "".join(self.lines + rest) + log
                assert API_KEY not in said
        return [json.loads(line) for line in rest]


def check_owner(answer):
    """An answer that says whose it is has come to the right lead."""
    if answer["outcome"] == "answered" and answer["body"].startswith("{"):
        owner = json.loads(answer["body"]).get("lead")
        assert owner == answer["lead"], answer
