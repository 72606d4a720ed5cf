"""tests/e2e/tracing.py - a collector of spans and an API that keeps headers,
for tests of tracing."""

import http.server
import json
import threading
import time

from house import free_port, wait_for


class Server:
    """Answers each request by `handle`, on a thread of its own."""

    def __init__(self, context=None, port=0, host="127.0.0.1"):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                length = int(self.headers["Content-Length"])
                status, headers, answer = server.handle(
                    self, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PATCH = do

            def log_message(self, *args):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass            # who hung up, or did not like our certificate

        self.server = Quiet((host, port), Handler)
        self.port = self.server.server_port
        if context is not None:
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True,
                do_handshake_on_connect=False)
        self.lock = threading.Lock()
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Span:
    """One of OTLP's, its attributes a dict."""

    def __init__(self, span):
        self.trace, self.id = span["traceId"], span["spanId"]
        self.parent = span.get("parentSpanId")
        self.name, self.kind = span["name"], span["kind"]
        self.start = int(span["startTimeUnixNano"])
        self.end = int(span["endTimeUnixNano"])
        self.failed = span.get("status") == {"code": 2}
        self.attributes = {a["key"]: a["value"].get("stringValue") or
                           int(a["value"]["intValue"])
                           for a in span["attributes"]}

    @property
    def delivery(self):
        return self.attributes["leadbridge.delivery.id"]


def spans_in(body):
    """Of an ExportTraceServiceRequest."""
    return [Span(s) for of in json.loads(body)["resourceSpans"]
            for scope in of["scopeSpans"] for s in scope["spans"]]


class Collector(Server):
    """`plan` holds what the next requests get: (status, headers, body); None
    hangs until close(). Then all is taken."""

    def __init__(self, context=None, port=0, host="127.0.0.1"):
        self.requests = []      # (when, path, headers, body), of all
        self.plan = []
        self.taken = []         # bodies that were answered by 200
        self.released = threading.Event()
        super().__init__(context, port, host)

    def handle(self, request, body):
        with self.lock:
            self.requests.append((time.monotonic(), request.path,
                                  dict(request.headers), body))
            answer = self.plan.pop(0) if self.plan else (200, {}, b"{}")
        if answer is None:
            self.released.wait(60)
            answer = 200, {}, b"{}"
        if answer[0] == 200:
            with self.lock:
                self.taken.append(body)
        return answer

    def batches(self):
        with self.lock:
            return [spans_in(body) for body in self.taken]

    def spans(self):
        return [s for batch in self.batches() for s in batch]

    def wait(self, count, seconds=20):
        """That many spans or more."""
        def there():
            found = self.spans()
            return found if len(found) >= count else None
        return wait_for(there, seconds, what=f"{count} spans")

    def close(self):
        self.released.set()
        super().close()


class Api(Server):
    """Takes every update, but for what `plan` has for the next ones."""

    def __init__(self):
        self.calls = []         # headers of each
        self.plan = []
        # Where it is closed, nobody else is given its port.
        super().__init__(port=free_port())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def handle(self, request, body):
        with self.lock:
            self.calls.append(request.headers)
            status = self.plan.pop(0) if self.plan else 200
        answer = b'{"success":true,"data":null}'
        if status >= 300:
            answer = b'{"success":false,"error":{"code":"X","message":"X"}}'
        return status, {}, answer
