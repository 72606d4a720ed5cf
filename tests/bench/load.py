"""The proof that a target does the work, and a turn of load on it."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time

from stage import BODY, FILES, KEY, SECRET, Trouble

EXPECTED = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))
LEAD_PATH = "/api/v1/leads/lead_abc123"
CONNECTIONS = 64


# The proof: an upstream that remembers.

class Recorder:
    """Serves on the upstream's port for the length of a `with`."""

    def __init__(self, stage):
        self.seen = seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                seen.append((self.command, self.path, self.headers,
                             self.rfile.read(length)))
                body = b'{"success":true,"data":null}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            do_PATCH = do_POST = do_GET = answer

            def log_message(self, *_):
                pass

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls.load_cert_chain(stage.folder / "upstream.pem",
                            stage.folder / "upstream.key")
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", stage.upstream_port), Handler,
            bind_and_activate=False)
        self.server.allow_reuse_address = True
        self.server.server_bind()
        self.server.server_activate()
        self.server.socket = tls.wrap_socket(self.server.socket,
                                             server_side=True)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def signature(body=BODY):
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def post(target, signed, body=BODY):
    if target.url.startswith("https:"):
        trust = ssl.create_default_context(cafile=target.folder / "ca.pem")
        connection = http.client.HTTPSConnection(
            "127.0.0.1", target.port, timeout=10, context=trust)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", target.port,
                                                timeout=10)
    connection.request("POST", "/hooks/typeform", body, {
        "Content-Type": "application/json", "Typeform-Signature": signed})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


def prove(target, recorder):
    """One webhook through the target, and one that is not signed by us."""
    recorder.seen.clear()
    status, body = post(target, signature())
    where = f"{target.name}: "
    if status != 200 or json.loads(body) != {"success": True, "data": None}:
        raise Trouble(f"{where}answered {status} {body[:300]!r}\n" +
                      target.words())
    if len(recorder.seen) != 1:
        raise Trouble(f"{where}{len(recorder.seen)} requests went upstream")
    method, path, headers, sent = recorder.seen[0]
    if (method, path) != ("PATCH", LEAD_PATH):
        raise Trouble(f"{where}sent {method} {path}")
    if headers.get_all("X-API-Key") != [KEY]:
        raise Trouble(f"{where}did not send the API key once")
    if target.name == "plain":
        if sent != BODY:
            raise Trouble(f"{where}changed the body")
        return
    if json.loads(sent) != EXPECTED:
        raise Trouble(f"{where}sent another update than expected:\n"
                      f"{sent.decode(errors='replace')}")
    recorder.seen.clear()
    status, _ = post(target, signature(BODY + b" "))
    if status < 400 or recorder.seen:
        raise Trouble(f"{where}took a webhook with a wrong signature")


# A turn.

def wrk(stage, url, seconds, connections, body="body.json", key=None,
        events=None, midway=lambda: None):
    """wrk's result, and what `midway` gave at four fifths of the time.
    `events` is a file with a signature, a tab and a body a line, to be sent
    in turn."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               "--timeout", "10s", "-s", str(FILES / "post.lua"), url]
    path = stage.folder / body
    environment = {**os.environ, "BENCH_SIGNATURE":
                   signature(path.read_bytes()), "BENCH_BODY": str(path)}
    if key:
        environment["BENCH_KEY"] = key
    if events:
        environment["BENCH_EVENTS"] = str(stage.folder / events)
    process = subprocess.Popen(command, env=environment, text=True,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        time.sleep(seconds * 0.8)
        seen = midway()
        output, _ = process.communicate(timeout=seconds + 30)
    finally:
        if process.poll() is None:
            process.kill()
    marked = [line for line in output.splitlines()
              if line.startswith("RESULT ")]
    if process.returncode != 0 or not marked:
        raise Trouble(f"wrk failed on {url}:\n{output}")
    result = json.loads(marked[0][len("RESULT "):])
    if result["failed"] or result["requests"] == 0:
        raise Trouble(f"{url}: {result['failed']} of "
                      f"{result['requests']} requests failed")
    return result, seen


def load(target, stage, seconds, connections=CONNECTIONS, body="body.json",
         events=None):
    before = target.cpu()
    try:
        result, memory = wrk(stage, target.url, seconds, connections, body,
                             events=events, midway=target.memory)
    except Trouble as trouble:
        raise Trouble(f"{target.name}: {trouble}\n{target.words()}") from None
    cpu = target.cpu() - before
    return {"rps": result["requests"] / (result["us"] / 1e6),
            "p50_ms": result["p50"] / 1000, "p99_ms": result["p99"] / 1000,
            "cpu_us": cpu / result["requests"] * 1e6,
            "pss_mib": memory["pss"] / 1024, "rss_mib": memory["rss"] / 1024}


def alone(url, stage, key=None):
    """The median, in microseconds, of one connection with nothing beside, in
    a second."""
    result, _ = wrk(stage, url, 1, 1, key=key)
    return result["p50"]


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text:<40}\r", end="", file=sys.stderr, flush=True)
