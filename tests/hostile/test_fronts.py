"""Requests that a proxy and the bridge could read in two ways (row 4).

A real HAProxy and a real nginx in front of a real bridge, which all reuse
their connections. Every way to write two lengths that disagree is sent
through, with a request hidden in the body; behind it a second request, and a
third on a connection of its own. What the front has in its log as answered
200 is what the API was called for: no more, no less, none of it hidden.
"""

import collections
import concurrent.futures
import contextlib
import itertools
import os
import shutil
import socket
import subprocess

import pytest

from api import Api
from echo import closed_within
from house import House, free_port, wait_for

ROUTE = """
route    = "/hooks/raw/{id}";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "{param('id')}";
update: { detail = "it came"; };
"""

HAPROXY = """
global
    log stdout format raw local0
    maxconn 400
defaults
    mode http
    log global
    log-format "line|%HM|%HPO|%ST|%s"
    timeout connect 5s
    timeout client 2s
    timeout http-request 2s
    timeout server 60s
    http-reuse always
frontend front
    bind 127.0.0.1:{front}
    default_backend bridge
backend bridge
    server bridge 127.0.0.1:{bridge} pool-max-conn 8
"""

NGINX = """
daemon off;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 400; }}
http {{
    log_format line 'line|$request_method|$uri|$status|$upstream_addr';
    access_log {folder}/access.log line;
    client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    client_header_timeout 2s; client_body_timeout 2s;
    upstream bridge {{ server 127.0.0.1:{bridge}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_pass http://bridge;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {options}
        }}
    }}
}}
"""

# How to write a coding, so that one reads "chunked" and another does not.
CODINGS = [
    "", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: CHUNKED\r\n",
    "Transfer-Encoding : chunked\r\n", " Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\tchunked\r\n", "Transfer-Encoding:chunked\r\n",
    "Transfer-Encoding: chunked \r\n", "Transfer-Encoding: chunked\t\r\n",
    "Transfer-Encoding: \x0bchunked\r\n", "Transfer-Encoding: chunked\x0b\r\n",
    "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunkedx\r\n", "Transfer-Encoding: identity\r\n",
    'Transfer-Encoding: "chunked"\r\n', "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\0\r\n", "Transfer-Encoding\0: chunked\r\n",
    "Transfer_Encoding: chunked\r\n", "X: x\nTransfer-Encoding: chunked\r\n",
    "X: x\rTransfer-Encoding: chunked\r\n", "Transfer-Encoding:\r\n",
    "Transfer-Encoding: chunked\n", "\r\tTransfer-Encoding: chunked\r\n",
]

# ... and a length; N is the body's, S that of its beginning.
LENGTHS = [
    "", "Content-Length: N\r\n", "Content-Length: S\r\n",
    "Content-Length: 0\r\n", "Content-Length : S\r\n",
    "Content-Length: +S\r\n", "Content-Length: 0S\r\n",
    "Content-Length: S, N\r\n", "Content-Length: -0\r\n",
    "Content-Length: S\r\nContent-Length: N\r\n",
    "Content-Length: N\r\nContent-Length: S\r\n",
    "Content-Length:\tS\r\n", "Content-Length: S \r\n",
    "Content-Length: S\x0b\r\n", "X: x\nContent-Length: S\r\n",
    "Content_Length: S\r\n", "Content-Length:\r\n S\r\n",
]

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
HIDDEN = ("POST /hooks/raw/hidden-{n} HTTP/1.1\r\nHost: a\r\n" + FORM +
          "Content-Length: 5\r\n\r\nx=1&y")
BODIES = {
    "CL.TE": lambda n: ("0\r\n\r\n" + HIDDEN.format(n=n), 5),
    "TE.CL": lambda n: ("{:x}\r\n{}\r\n0\r\n\r\n".format(
        len(HIDDEN.format(n=n)), HIDDEN.format(n=n)), 4),
    "CL.0": lambda n: (HIDDEN.format(n=n), 0),
    "plain": lambda n: ("5\r\na=b&c\r\n0\r\n\r\n", 3),
}


def variants():
    for kind, coding, length in itertools.product(BODIES, CODINGS, LENGTHS):
        if coding or length:
            yield kind, coding, length


def sound(path, n, body="a=b"):
    return (f"POST /hooks/raw/{path}-{n} HTTP/1.1\r\nHost: a\r\n{FORM}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def attack(n, kind, coding, length):
    body, begun = BODIES[kind](n)
    head = f"POST /hooks/raw/first-{n} HTTP/1.1\r\nHost: a\r\n{FORM}"
    head += length.replace("N", str(len(body))).replace("S", str(begun))
    return (head + coding + "\r\n" + body).encode("latin-1")


def test_the_attacks_are_what_they_say():
    n, seen = 0, set()
    for n, v in enumerate(variants()):
        data = attack(n, *v).decode("latin-1")
        assert data.startswith("POST /hooks/raw/first-")
        seen.add(data.replace(f"-{n}", "-#"))
    assert len(seen) > 2000  # some ways to write them are the same
    assert "Content-Length: 5\r\nTransfer-Encoding: chunked" in attack(
        0, "CL.TE", CODINGS[1], LENGTHS[2]).decode()


class Front:
    """A proxy that runs, and what it says it has done."""

    def __init__(self, name, folder, bridge, options=""):
        self.port = free_port()
        os.makedirs(folder)
        config = os.path.join(folder, "front.conf")
        text = HAPROXY if name == "haproxy" else NGINX
        text = (text.format(front=self.port, bridge=bridge, folder=folder,
                            options=options) if name != "haproxy" else
                text.replace("{front}", str(self.port))
                .replace("{bridge}", str(bridge)))
        with open(config, "w") as f:
            f.write(text)
        self.log = os.path.join(folder, "access.log")
        command = (["haproxy", "-db", "-f", config] if name == "haproxy" else
                   ["nginx", "-p", folder, "-c", config])
        out = open(self.log, "a") if name == "haproxy" else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        wait_for(self.is_up, what=name)

    def is_up(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def answered(self):
        """Leads of requests the front had answered 200 by the bridge."""
        with open(self.log, encoding="latin-1") as f:
            lines = [line.split("|") for line in f.read().splitlines()
                     if line.startswith("line|")]
        return collections.Counter(
            line[2].rsplit("/", 1)[1] for line in lines if line[3] == "200")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def behind(build, tmp_path_factory):
    """The bridge, and its API in the clear: what it was called for."""
    folder = tmp_path_factory.mktemp("fronts")
    port = free_port()
    h = House(build, folder, upstream=f"http://localhost:{port}",
              mappings={"raw": ROUTE},
              # The fronts give up first, and nothing sound is late.
              limits='header_timeout = "30s"; body_timeout = "30s";',
              target='timeout = "60s";')
    api = Api(h.certs, port, is_plain=True)
    h.start()
    yield h, api
    h.close()
    api.close()
    shutil.rmtree(folder, ignore_errors=True)


def say(port, data):
    """Sends, and reads until the front has had enough."""
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), 8) as s:
            s.sendall(data)
            closed_within(s, 8)


def ask(port, n):
    """A sound request of somebody else, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.sendall(sound("victim", n).replace(
            b"Host: a\r\n", b"Host: a\r\nConnection: close\r\n"))
        data = b""
        while True:
            got = s.recv(65536)
            if not got:
                return data
            data += got


NAMES = [("haproxy", ""), ("nginx", ""),
         ("nginx-streaming", "proxy_request_buffering off;")]


@pytest.mark.parametrize("name, options", NAMES, ids=[n for n, _ in NAMES])
def test_the_api_is_called_for_what_the_front_has_seen(
        behind, tmp_path, figure, is_long, name, options):
    kind = name.split("-")[0]
    if shutil.which(kind, path="/usr/sbin:/usr/bin") is None:
        pytest.skip(f"{kind} is not installed")
    house, api = behind
    api.calls.clear()
    front = Front(kind, str(tmp_path / "front"), house.port, options)
    tried = list(enumerate(variants()))
    if not is_long:
        tried = tried[::9]
    victims = []

    def one(numbered):
        n, v = numbered
        say(front.port, attack(n, *v) + sound("second", n))
        victims.append((n, ask(front.port, n)))

    try:
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            list(pool.map(one, tried))
    finally:
        front.stop()
    called = collections.Counter(c.lead for c in api.calls)
    seen = front.answered()
    figure(f"{len(tried)} attacks: {sum(called.values())} calls of the API, "
           f"{len([c for c in called if c.startswith('first')])} attacks "
           "taken as one request by both")
    assert called == seen, (called - seen, seen - called)
    for n, got in victims:
        assert got.startswith(b"HTTP/1.1 200"), (n, got)
        assert called[f"victim-{n}"] == 1
    assert sum(called.values()) > len(tried)  # the victims, and some more
    assert house.bridge.poll() is None
