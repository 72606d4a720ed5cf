"""A bridge that is going to be hurt, and the API it talks to.

A Node is tests/e2e's House with a journal and queued routes, an API that keeps
a log (api.py), and ways to die. Its process may be started under a tracer;
either way `bridge` is the bridge itself, so that a signal hits it.
"""

import itertools
import os
import re
import signal
import subprocess

from api import Api
from house import House, free_port, wait_for
from test_modes import route

# An API that gets no processor for some seconds is not late yet: what is late
# is sent again. (A lane's lease is this and half a minute; of a journal on a
# disk it ends with its holder.)
TIMEOUT = 'timeout = "60s";'


class Node(House):
    def __init__(self, build, folder, journal="sqlite:journal.db", api=None,
                 target=TIMEOUT, mappings=None, options="", is_plain=False,
                 **kw):
        os.makedirs(folder, exist_ok=True)
        self.own_api = None
        port = api.port if api else free_port()
        scheme = "http" if is_plain else "https"
        super().__init__(
            build, folder, upstream=f"{scheme}://localhost:{port}",
            target=target,
            mappings=mappings or {"queue": route("queue")},
            settings=f'journal = {{ url = "{journal}"; {options} }};', **kw)
        if is_plain:
            self.replace(self.tls_listener(), "")
        if api:
            # Its certificate is of another node's house.
            self.replace("certs/dev-ca.pem", api.ca)
        else:
            self.own_api = Api(self.certs, port, is_plain)
        self.api = api or self.own_api
        self.starts = itertools.count()
        self.code = None

    def replace(self, old, new):
        with open(self.path("leadbridge.cfg")) as f:
            text = f.read()
        assert old in text
        self.write("leadbridge.cfg", text.replace(old, new))

    def tls_listener(self):
        with open(self.path("leadbridge.cfg")) as f:
            return re.search(r',\s*{ address = "[^"]*";\s*certificate[^}]*}',
                             f.read())[0]

    def start(self, env=None, under=(), wait=True):
        """`under`: a command that becomes the bridge (strace -D, env, ...)."""
        log = self.path("bridge.log")
        if os.path.exists(log):
            os.rename(log, self.path(f"bridge.{next(self.starts)}.log"))
        self.bridge = subprocess.Popen(
            [*under, self.program, "run", "-c", self.path("leadbridge.cfg")],
            cwd=self.folder, env=environment(env, traced=bool(under)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(log, "w"))
        if wait:
            wait_for(self.is_ready, what="readiness")
        return self

    def is_alive(self):
        return self.bridge is not None and self.bridge.poll() is None

    def kill(self):
        return self.stop(signal.SIGKILL)

    def gone(self, seconds=30):
        """Waits for a bridge that ends by itself; returns its code."""
        code = self.bridge.wait(timeout=seconds)
        self.bridge = None
        return code

    def logs(self):
        out = ""
        for name in sorted(os.listdir(self.folder)):
            if name.startswith("bridge.") and name.endswith("log"):
                with open(self.path(name), errors="replace") as f:
                    out += f.read()
        return out

    def close(self):
        """Ends it, and looks at all it ever logged."""
        self.stop()
        logs = self.logs()
        assert "Sanitizer" not in logs, logs[-4000:]
        assert "runtime error" not in logs, logs[-4000:]

    def abandon(self):
        """What is left of it when a test has failed."""
        if self.is_alive():
            self.bridge.kill()
            self.bridge.wait()
        if self.own_api:
            self.own_api.close()


def environment(env, traced):
    """A traced program cannot look for its own leaks."""
    env = dict(os.environ, **(env or {}))
    if traced or env.get("LD_PRELOAD"):
        env["ASAN_OPTIONS"] = ":".join(
            [o for o in env.get("ASAN_OPTIONS", "").split(":") if o]
            + ["detect_leaks=0", "verify_asan_link_order=0"])
    return env


def strace(out, *options):
    """A prefix: the tracer is a grandchild, the bridge stays our child."""
    return ["strace", "-D", "-f", "-o", out, "--seccomp-bpf", *options]
