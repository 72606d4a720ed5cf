"""tests/e2e/journal_api.py - an API that does what a test tells it, and keeps
what it was sent, in order."""

import http.server
import json
import threading

OK = b'{"success":true,"data":null}'
# Said the other way round, so that it has to be read.
ODD = b'{"data":null,"success":true}'


def failure(code):
    return json.dumps({"success": False, "error": {
        "code": code, "message": code, "details": []}}).encode()


class Server(http.server.ThreadingHTTPServer):
    """Who connects while it gets no time waits, and is not turned away."""
    request_queue_size = 128
    daemon_threads = True


class Api:
    """`plan[lead]` holds what the next calls of a lead get: a status, or
    (status, headers) or (status, headers, body); what is a function returns
    it; None hangs until release(). Then `usual`."""

    def __init__(self):
        self.calls = []          # (lead, Idempotency-Key, body)
        self.plan = {}
        self.usual = 200
        self.key = None          # the only one it takes; None: any
        self.strangers = 0       # calls with another
        self.lock = threading.Lock()
        self.released = threading.Event()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PATCH(self):
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                lead = self.path.rsplit("/", 1)[1]
                with api.lock:
                    api.calls.append(
                        (lead, self.headers["Idempotency-Key"], body))
                    planned = api.plan.get(lead)
                    what = planned.pop(0) if planned else api.usual
                    if api.key not in (None, self.headers["X-API-Key"]):
                        what = 401
                        api.strangers += 1
                if callable(what):
                    what = what()
                if what is None:
                    api.released.wait(120)
                    what = 200
                status, more, *said = what if isinstance(what, tuple) else (
                    what, {})
                answer = failure(f"S{status}")
                if status < 300:
                    answer = ODD if len(api.calls) % 2 else OK
                answer = said[0] if said else answer
                headers = {"Content-Type": "application/json",
                           "Content-Length": str(len(answer))} | more
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def release(self):
        self.released.set()

    def leads(self):
        with self.lock:
            return [lead for lead, _, _ in self.calls]

    def details(self, lead):
        with self.lock:
            return [body.get("detail") for of, _, body in self.calls
                    if of == lead]

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()
