"""tests/e2e/house.py - a bridge and its API as real processes, for tests.

A House has a folder of its own with certificates, settings, secrets and
mappings; it starts `leadbridge sandbox` and `leadbridge run`, waits for them
to be ready, and ends them. Nothing sleeps: readiness is a line of output or
an answer of the admin address.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

API_KEY = "e2e-api-key-71c2"
FORM_SECRET = "e2e-form-secret"
TOKEN = "e2e-token-9f"
# The leak checker itself, not a leak: see tests/support/running.py.
TRACER_DIED = "LeakSanitizer has encountered a fatal error"


def ports_of_this_worker():
    """Below those that clients are given; each process of xdist has its own
    of them, and gives none twice."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    ports = list(range(10000 + mine, 32768, workers))
    random.shuffle(ports)
    return iter(ports)


PORTS = ports_of_this_worker()


def free_port():
    """It stays free until it is used, also while a bridge that is to come back
    is down."""
    for port in PORTS:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all ports of this process were given away")


def wait_for(check, seconds=20, what="it"):
    """Polls until check() is true; the only wait there is. Looks once more
    when the time is over: it may be this process that stood still."""
    end = time.monotonic() + seconds
    while True:
        is_last = time.monotonic() >= end
        got = check()
        if got:
            return got
        if is_last:
            break
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {seconds} s")


TYPEFORM = """
route    = "/hooks/typeform";
sender   = "typeform";
secret   = "typeform";
upstream = "leadsail";
when     = "$.event_type == 'form_response'";
lead_id  = "{$.form_response.hidden.lead_id ?? query('lead_id')}";
update: {
  firstName = "{$.form_response.answers[?@.field.ref=='name'].text | given_name}";
  lastName  = "{$.form_response.answers[?@.field.ref=='name'].text | family_name}";
  email     = "{$.form_response.answers[?@.field.ref=='email'].email | lower}";
  tags      = [ "typeform", "form-{$.form_response.form_id}" ];
  customFields: { score = "{$.form_response.calculated.score}"; };
};
"""

BATCH = """
route    = "/hooks/batch";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
events   = "$[*]";
lead_id  = "{@.lead}";
update: {
  email  = "{@.email | lower}";
  detail = "{@.detail}";
};
"""

WIDE = """
route    = "/hooks/wide";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
events   = "$.of[*]";
lead_id  = "{@.lead}";
update: {
  detail = "{$.text | replace('w', 'v') | replace('v', 'w') | upper}";
};
"""

PARAM = """
route    = "/hooks/crm/{lead}";
method   = "PUT";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "{param('lead')}";
update: { detail = "{$.detail}"; };
"""


def typeform_event(lead="lead_abc123", email="Laura@Example.com",
                   name="Laura Diaz", score=19.99, kind="form_response"):
    return json.dumps({
        "event_id": "01H8V7XQ2M", "event_type": kind,
        "form_response": {
            "form_id": "lT4Z3j", "hidden": {"lead_id": lead},
            "calculated": {"score": score},
            "answers": [
                {"type": "text", "text": name, "field": {"ref": "name"}},
                {"type": "email", "email": email,
                 "field": {"ref": "email"}}]}}).encode()


def typeform_sign(body, secret=FORM_SECRET):
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"Typeform-Signature": "sha256=" + base64.b64encode(mac).decode(),
            "Content-Type": "application/json"}


MADE = {}  # by program: a folder with certificates


class Answer:
    def __init__(self, r):
        self.status = r.status
        self.headers = r.headers
        self.body = r.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    @property
    def details(self):
        return self.json["error"]["details"]


class House:
    def __init__(self, build, folder, upstream=None, workers=2, settings="",
                 limits="", target="", mappings=None):
        self.program = os.path.join(build, "leadbridge")
        self.folder = str(folder)
        self.port, self.tls_port, self.admin_port = (
            free_port(), free_port(), free_port())
        self.sandbox = self.bridge = None
        self.certs = self.path("certs")
        self.make_certs()
        self.ca = os.path.join(self.certs, "dev-ca.pem")
        self.write("api.key", API_KEY + "\n", 0o600)
        self.write("form.secret", FORM_SECRET + "\n", 0o600)
        self.write("token.secret", TOKEN + "\n", 0o600)
        for name, text in (mappings or {"typeform": TYPEFORM, "batch": BATCH,
                                        "param": PARAM, "wide": WIDE}).items():
            self.write(f"mappings/{name}/mapping.cfg", text)
        if upstream is None:
            upstream = self.start_sandbox()
        ca = 'ca = "certs/dev-ca.pem";' if upstream.startswith("https") else ""
        if "connect_timeout" not in target:
            # An API that gets no processor for a while is there all the same.
            target += ' connect_timeout = "60s";'
        if "header_timeout" not in limits:
            limits += ' header_timeout = "60s";'  # nor is a test to be late
        self.write("leadbridge.cfg", f"""
workers   = {workers};
listen    = ( {{ address = "127.0.0.1:{self.port}"; }},
              {{ address = "127.0.0.1:{self.tls_port}";
                 certificate = "certs/server.pem"; key = "certs/server.key"; }} );
admin     = {{ address = "127.0.0.1:{self.admin_port}"; }};
limits    = {{ {limits} }};
log       = {{ format = "json"; }};
upstreams = {{ leadsail = {{ url = "{upstream}"; api_key = "leadsail";
                             {ca} {target} }}; }};
secrets   = {{ leadsail = {{ file = "api.key"; }};
               typeform = {{ file = "form.secret"; }};
               token    = {{ file = "token.secret"; }}; }};
routes    = "mappings/*/mapping.cfg";
{settings}
""")

    def make_certs(self):
        """As the program makes them: once a process of tests, copied after
        that. Who has a folder of some already is left to the program."""
        if os.path.exists(self.certs):
            self.run("sandbox", "--make-certs", self.certs)
            return
        if self.program not in MADE:
            made = tempfile.TemporaryDirectory()
            self.run("sandbox", "--make-certs", made.name)
            MADE[self.program] = made
        os.makedirs(self.certs)
        for name in os.listdir(MADE[self.program].name):
            shutil.copy(os.path.join(MADE[self.program].name, name), self.certs)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def call(self, *args, stdin=None):
        """A verb to its end, however that is."""
        def call(**env):
            return subprocess.run(
                [self.program, *args], input=stdin, timeout=60,
                cwd=self.folder, env={**os.environ, **env},
                capture_output=True, text=True)

        p = call()
        if TRACER_DIED in p.stderr:
            p = call(LSAN_OPTIONS="use_tls=0")
        return p

    def run(self, *args, code=0, stdin=None):
        """A verb to the end that it should have; returns (stdout, stderr)."""
        p = self.call(*args, stdin=stdin)
        assert p.returncode == code, (args, p.returncode, p.stdout, p.stderr)
        return p.stdout, p.stderr

    def sandbox_args(self):
        return ["--listen", "127.0.0.1:0", "--certs", self.certs,
                "--key-file", self.path("api.key"),
                "--lead", "lead_abc123", "--lead", "lead_2"]

    def start_sandbox(self):
        self.sandbox = subprocess.Popen(
            [self.program, "sandbox", *self.sandbox_args()],
            cwd=self.folder, stdout=subprocess.PIPE,
            stderr=open(self.path("sandbox.log"), "w"), text=True)
        line = self.sandbox.stdout.readline()
        return "https://localhost:" + re.search(r"localhost:(\d+)", line)[1]

    def start(self, env=None):
        self.bridge = subprocess.Popen(
            [self.program, "run", "-c", self.path("leadbridge.cfg")],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            stderr=open(self.path("bridge.log"), "w"))
        wait_for(self.is_ready, what="readiness")
        return self

    def is_ready(self):
        assert self.bridge.poll() is None, self.log()
        try:
            return self.admin("/readyz").status == 200
        except OSError:
            return False

    def admin(self, path, method="GET"):
        c = http.client.HTTPConnection("127.0.0.1", self.admin_port,
                                       timeout=20)
        c.request(method, path)
        return Answer(c.getresponse())

    def metric(self, line):
        """The sum of the series of that name that have these labels."""
        name, _, rest = line.partition("{")
        wanted = set(re.findall(r'\w+="[^"]*"', rest))
        found = [int(float(value)) for text, labels, value in re.findall(
            r"^(\w+)(?:\{(.*)\})? (\S+)$",
            self.admin("/metrics").body.decode(), re.M)
            if text == name
            and wanted <= set(re.findall(r'\w+="[^"]*"', labels))]
        assert found, f"no metric {line}"
        return sum(found)

    def log(self):
        with open(self.path("bridge.log")) as f:
            return f.read()

    def logged(self, event):
        whole, _, _ = self.log().rpartition("\n")  # one may be being written
        return [e for e in map(json.loads, whole.splitlines())
                if e["event"] == event]

    def connect(self, tls=False):
        if not tls:
            return http.client.HTTPConnection("127.0.0.1", self.port,
                                              timeout=30)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection("localhost", self.tls_port,
                                           context=context, timeout=30)

    def send(self, path, body=b"", headers=None, method="POST", tls=False,
             connection=None):
        c = connection or self.connect(tls)
        c.request(method, path, body=body, headers=headers or {})
        return Answer(c.getresponse())

    def typeform(self, body=None, path="/hooks/typeform", secret=FORM_SECRET,
                 **kw):
        body = body if body is not None else typeform_event()
        return self.send(path, body, typeform_sign(body, secret), **kw)

    def batch(self, events):
        return self.send("/hooks/batch", json.dumps(events).encode(),
                         {"Content-Type": "application/json",
                          "X-Webhook-Token": TOKEN})

    def lead(self, lead="lead_abc123"):
        """The lead as the sandbox holds it."""
        port = int(self.upstream_url().rsplit(":", 1)[1])
        c = http.client.HTTPSConnection(
            "localhost", port, timeout=20,
            context=ssl.create_default_context(cafile=self.ca))
        c.request("GET", f"/api/v1/leads/{lead}",
                  headers={"X-API-Key": API_KEY})
        return Answer(c.getresponse()).json["data"]

    def upstream_url(self):
        with open(self.path("leadbridge.cfg")) as f:
            return re.search(r'url = "([^"]+)"', f.read())[1]

    def stop(self, sig=signal.SIGTERM):
        code = None
        if self.bridge is not None:
            self.bridge.send_signal(sig)
            code = self.bridge.wait(timeout=30)
            self.bridge = None
        return code

    def close(self):
        code = self.stop()
        if self.sandbox is not None:
            self.sandbox.terminate()
            assert self.sandbox.wait(timeout=30) == 0
            self.sandbox.stdout.close()
        log = ""
        for name in ("bridge.log", "sandbox.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name)) as f:
                    log += f.read()
        assert "Sanitizer" not in log, log
        assert "runtime error" not in log, log
        return code
