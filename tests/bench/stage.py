"""What the benchmark plays on: files and ports in a temporary folder, the
upstream, the targets and their processes."""

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
FILES = HERE / "files"
MODULES = Path("/usr/lib/nginx/modules")

KEY = "bench-key-0123456789"
SECRET = "bench-secret-0123456789"
BODY = (FILES / "typeform.json").read_bytes().rstrip(b"\n")

TARGETS = ("plain", "nginx-lua", "bridge")
PEERS = ("fastify", "node-red")
NODE_LEAST = 20
TICKS = os.sysconf("SC_CLK_TCK")


class Trouble(Exception):
    """Something a person has to see to; its text says what to do."""


# What has to be there.

def missing(targets):
    needs = [("wrk", shutil.which("wrk"), "wrk"),
             ("nginx", nginx_program(), "nginx-core"),
             ("openssl", shutil.which("openssl"), "openssl")]
    if "nginx-lua" in targets:
        lua = MODULES / "ngx_http_lua_module.so"
        cjson = list(Path("/usr/lib").glob("*/lua/5.1/cjson.so"))
        needs += [("nginx's Lua module", lua.exists(),
                   "libnginx-mod-http-lua"),
                  ("lua-cjson", cjson, "lua-cjson")]
    absent = [(what, package) for what, there, package in needs if not there]
    if absent:
        raise Trouble("missing: " + ", ".join(what for what, _ in absent) +
                      "\ninstall: apt-get install " +
                      " ".join(package for _, package in absent))
    if "bridge" in targets and not build_program("leadbridge").exists():
        raise Trouble(f"missing: {build_program('leadbridge')}\n"
                      "build it: cmake -B build -G Ninja && ninja -C build "
                      "leadbridge (or name the build folder in "
                      "LEADBRIDGE_BUILD, or leave it out: --targets "
                      "plain,nginx-lua)")


def nginx_program():
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def build_program(name):
    build = Path(os.environ.get("LEADBRIDGE_BUILD", TOP / "build"))
    return build.resolve() / name


# The Node.js peers: from npm, into a cache outside the tree, once.

def peers_absent():
    """Why the peers cannot be installed here; None when they can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not here"
    version = subprocess.run(["node", "--version"], check=False,
                             capture_output=True, text=True).stdout.strip()
    major = version.lstrip("v").partition(".")[0]
    if not major.isdigit() or int(major) < NODE_LEAST:
        return f"node {version} is older than {NODE_LEAST}"
    return None


def install_peers():
    """The folder whose node_modules holds them."""
    wanted = (FILES / "node" / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or
                 Path.home() / ".cache") / "leadbridge"
    folder = cache / f"bench-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_bytes(wanted)
    print(f"installing fastify, undici and node-red into {folder}")
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund",
         "--no-package-lock", "--loglevel=error"], cwd=folder, check=False,
        capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"npm install: {done.stderr or done.stdout}")
    (folder / "complete").touch()
    return folder


# The stage: files and ports in a temporary folder.

class Stage:
    def __init__(self, folder, tls=False):
        self.folder = Path(folder)
        self.tls = tls
        self.upstream_port = free_port()
        self.values = {"UPSTREAM": str(self.upstream_port), "KEY": KEY,
                       "FILES": str(FILES), "FOLDER": str(self.folder),
                       "USER": ""}
        if os.geteuid() == 0:
            self.values["USER"] = f"user {pwd.getpwuid(0).pw_name};"
        self.values["LEADS"] = self.fill("leads.conf")
        self.write("body.json", BODY)
        self.write("typeform.secret", SECRET.encode())
        self.write("leadsail.secret", KEY.encode())
        self.write("mapping.cfg", (FILES / "mapping.cfg").read_bytes())
        make_certificates(self.folder)

    def fill(self, name, **more):
        text = (FILES / name).read_text(encoding="utf-8")
        for key, value in {**self.values, **more}.items():
            text = text.replace(f"@{key}@", value)
        return text

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(data)

    def nginx(self, name, server, port, lua=False):
        modules = "".join(f"load_module {MODULES}/{so};\n" for so in
                          (("ndk_http_module.so", "ngx_http_lua_module.so")
                           if lua else ()))
        inbound = f"listen 127.0.0.1:{port} backlog=4096;"
        if self.tls:
            inbound = (f"listen 127.0.0.1:{port} ssl backlog=4096;\n"
                       "        ssl_protocols TLSv1.2 TLSv1.3;\n"
                       "        ssl_certificate upstream.pem;\n"
                       "        ssl_certificate_key upstream.key;")
        self.write(f"{name}.conf", self.fill(
            "nginx.conf", NAME=name, MODULES=modules,
            SERVER=self.fill(server, INBOUND=inbound)).encode())
        return Target(self, name, port, [
            nginx_program(), "-p", f"{self.folder}/", "-c", f"{name}.conf"])

    def upstream(self):
        """The leads API for the timed part; always TLS."""
        return self.nginx("upstream", "upstream.conf", self.upstream_port)

    def bridge(self, name="bridge", routes="mapping.cfg", workers=1,
               command=None):
        port, tls = free_port(), ""
        if self.tls:
            tls = 'certificate = "upstream.pem"; key = "upstream.key";'
        self.write(f"{name}.cfg", self.fill(
            "bridge.cfg", LISTEN=str(port), ADMIN=str(free_port()), TLS=tls,
            ROUTES=routes, WORKERS=str(workers)).encode())
        return Target(self, name, port, command or [
            str(build_program("leadbridge")), "run", "-c", f"{name}.cfg"])

    def peer(self, name):
        port, modules = free_port(), install_peers()
        environment = {**os.environ, "NODE_ENV": "production",
                       "BENCH_MODULES": str(modules),
                       "BENCH_FOLDER": str(self.folder),
                       "BENCH_FILES": str(FILES),
                       "BENCH_PORT": str(port),
                       "BENCH_UPSTREAM": str(self.upstream_port),
                       "BENCH_TLS": "1" if self.tls else "0"}
        script = [str(FILES / "node" / "fastify.js")]
        if name == "node-red":
            self.write("node-red/flow.json",
                       self.fill("node/flow.json").encode())
            script = [str(modules / "node_modules/node-red/red.js"),
                      "--settings", str(FILES / "node" / "node-red.js")]
        return Target(self, name, port, ["node", *script], environment)

    def target(self, name):
        if name == "bridge":
            return self.bridge()
        if name in PEERS:
            return self.peer(name)
        if name == "nginx-lua":
            return self.nginx(name, "lua.conf", free_port(), lua=True)
        return self.nginx(name, "plain.conf", free_port())


TAKEN = set()


def free_port():
    """One that is free now, and was not given out before."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        if port not in TAKEN:
            TAKEN.add(port)
            return port


def make_certificates(folder):
    """A CA (ca.pem) and a certificate for localhost (upstream.pem)."""
    (folder / "leaf.ext").write_text(
        "basicConstraints=critical,CA:FALSE\n"
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n")
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
            ["req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem",
             "-days", "2", "-subj", "/CN=bench CA", "-addext",
             "keyUsage=critical,keyCertSign"],
            ["req", *ec, "-keyout", "upstream.key", "-out", "upstream.csr",
             "-subj", "/CN=bench upstream"],
            ["x509", "-req", "-in", "upstream.csr", "-CA", "ca.pem",
             "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
             "-extfile", "leaf.ext", "-out", "upstream.pem"]):
        done = subprocess.run(["openssl", *command], cwd=folder, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Trouble(f"openssl {command[0]}: {done.stderr}")


# A target: the processes under one name.

class Target:
    def __init__(self, stage, name, port, command, environment=None):
        self.name, self.port, self.folder = name, port, stage.folder
        scheme = "https" if stage.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port}/hooks/typeform"
        self.log = open(self.folder / f"{name}.out", "wb")
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.idle = None

    def wait_until_up(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Trouble(f"{self.name} does not serve: " + self.words())

    def words(self):
        logs = [self.folder / f"{self.name}{end}" for end in (".out", ".log")]
        return "".join(log.read_text(errors="replace")[-2000:]
                       for log in logs if log.exists())

    def pids(self):
        """The process and its children, threads included by the kernel."""
        pids, seen = [self.process.pid], 0
        while seen < len(pids):
            tasks = Path(f"/proc/{pids[seen]}/task")
            for task in tasks.iterdir():
                children = (task / "children").read_text().split()
                pids += [int(pid) for pid in children]
            seen += 1
        return pids

    def keep_to(self, cores):
        """On these cores only, from now on."""
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), cores)

    def cpu(self):
        """User and system seconds so far, over all processes."""
        ticks = 0
        for pid in self.pids():
            stat = Path(f"/proc/{pid}/stat").read_text()
            fields = stat.rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def memory(self):
        """PSS and RSS in KiB, over all processes."""
        total = {"pss": 0, "rss": 0}
        for pid in self.pids():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for line in rollup.splitlines():
                name = line.partition(":")[0].lower()
                if name in total:
                    total[name] += int(line.split()[1])
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
