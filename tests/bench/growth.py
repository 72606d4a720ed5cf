"""How the bridge's cost grows: connections, routes, mapped fields, bytes of
a body, idle connections, workers.

Where a socket is part of it, CPU a request is measured in turns; where the
rooms alone decide, instructions are counted (see instructions)."""

import json
import os
import re
import resource
import socket
import ssl
import statistics
import subprocess
import time

from counted import PORTABLE
from load import load, progress, signature
from stage import BODY, FILES, Trouble, build_program

FLAT = 1.10           # within 10 %
IDLE_BYTES = 2560     # of memory, an idle connection
CONNECTIONS = (1, 64, 1000, 5000)
ROUTES = (1, 100, 1000)
FIELDS = (10, 100)
BYTES = (1 << 10, 10 << 10, 100 << 10, 1 << 20)
WORKERS = (1, 2)
IDLE = 2000
FIRST = 100           # idle ones that are not counted
SECONDS = 3


# The table: a row a point, its cost, the ratio to the point it is held to.

def rows_of(what, unit, costs, base, bar=FLAT):
    """costs: {point: cost}; base: the point the others are held to."""
    return [{"what": what, "at": str(point), "cost": cost, "unit": unit,
             "ratio": cost / costs[base], "bar": bar}
            for point, cost in costs.items()]


def verdict(row):
    if row["bar"] is None:
        return "to compare with"
    held = "held" if row["ratio"] <= row["bar"] else "MISSED"
    return f"{held}: at most {row['bar']:.2f}"


def show(rows):
    print(f"{'what':<28} {'at':>9} {'cost':>10} {'unit':<26} {'ratio':>6}")
    for row in rows:
        print(f"{row['what']:<28} {row['at']:>9} {row['cost']:>10.1f} "
              f"{row['unit']:<26} {row['ratio']:>6.2f}  {verdict(row)}")


# Turns: every point once a rotation, so that a slow minute hits all.

def in_turns(what, rotations, points, cost):
    """Medians of cost(point) over rotations."""
    found = {point: [] for point in points}
    for rotation in range(rotations):
        for point in points:
            progress(f"{what}: {rotation + 1} of {rotations}")
            found[point].append(cost(point))
    progress("")
    return {point: statistics.median(costs)
            for point, costs in found.items()}


def up(stage, running, *args, **kw):
    target = stage.bridge(*args, **kw)
    running.append(target)
    target.wait_until_up()
    load(target, stage, 1)
    return target


def connections(stage, running, rotations):
    least, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    points = [n for n in CONNECTIONS if n + 1000 < least]
    if len(points) < len(CONNECTIONS):
        print(f"SKIPPED: {CONNECTIONS[-1]} connections: ulimit -n is {least}")
    bridge = up(stage, running)
    plain = stage.target("plain")
    running.append(plain)
    plain.wait_until_up()

    def costs(target, most):
        return in_turns(f"connections of {target.name}", rotations,
                        [n for n in points if n <= most],
                        lambda n: load(target, stage, SECONDS,
                                       connections=n)["cpu_us"])

    unit = "us CPU a request"
    return (rows_of("connections", unit, costs(bridge, points[-1]), 64) +
            rows_of("connections, plain nginx", unit, costs(plain, 1000), 64,
                    bar=None))


# The same, counted: what the bridge itself does for a request, without the
# kernel's part, which a lone request pays in full (two waits a request) and
# thousands of cold sockets pay in cache misses.

ROUNDS = {1: (300, 2300), 64: (20, 60), 1000: (1, 4), 5000: (1, 3)}


def webhook():
    head = ("POST /hooks/typeform HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/json\r\n"
            f"Typeform-Signature: {signature()}\r\n"
            f"Content-Length: {len(BODY)}\r\n\r\n")
    return head.encode() + BODY


def answer_of(s):
    got = b""
    while not got.endswith(b'"data":null}'):
        more = s.recv(65536)
        if not more:
            raise Trouble(f"the bridge hung up behind {got[:200]!r}")
        got += more


def counted_rounds(stage, name, count, rounds):
    """Instructions of a whole run: `count` connections, each of which has
    its request under way at the same time, so many times."""
    command = ["env", *(f"{k}={v}" for k, v in PORTABLE.items()),
               "valgrind", "--tool=callgrind",
               "--callgrind-out-file=/dev/null",
               str(build_program("leadbridge")), "run", "-c", f"{name}.cfg"]
    target = stage.bridge(name, command=command)
    try:
        target.wait_until_up()
        held = [socket.create_connection(("127.0.0.1", target.port), 120)
                for _ in range(count)]
        request = webhook()
        for _ in range(rounds):
            for s in held:
                s.sendall(request)
            for s in held:
                answer_of(s)
        for s in held:
            s.close()
    finally:
        target.stop()
    return int(re.search(r"Collected : (\d+)", target.words())[1])


def counted_connections(stage, *_):
    least, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    costs = {}
    for count, (few, many) in ROUNDS.items():
        if count + 1000 >= least:
            continue  # connections() has said so
        progress(f"instructions: {count} connections")
        more = (counted_rounds(stage, "counted", count, many) -
                counted_rounds(stage, "counted", count, few))
        costs[count] = more / (count * (many - few))
    progress("")
    return rows_of("connections, the bridge's own", "instructions a request",
                   costs, 64)


def routes(stage, running, rotations):
    mapping = (FILES / "mapping.cfg").read_text(encoding="utf-8")
    targets = {}
    for count in ROUTES:
        for i in range(count):
            path = "/hooks/typeform" if i == 0 else f"/hooks/form-{i:04}"
            stage.write(f"routes-{count}/{i:04}.cfg", mapping.replace(
                "/hooks/typeform", path).encode())
        targets[count] = up(stage, running, f"routes-{count}",
                            f"routes-{count}/*.cfg")
    costs = in_turns("routes", rotations, ROUTES, lambda n: load(
        targets[n], stage, SECONDS)["cpu_us"])
    return rows_of("routes", "us CPU a request", costs, 1)


def workers(stage, running, rotations):
    targets = {n: up(stage, running, f"workers-{n}", workers=n)
               for n in WORKERS}
    costs = in_turns("workers", rotations, WORKERS, lambda n: load(
        targets[n], stage, SECONDS)["cpu_us"])
    return rows_of("workers", "us CPU a request", costs, 1)


# Bodies: the webhook, with more and more variables it does not use.

def body_of(size):
    event = json.loads(BODY)
    variables = event["form_response"]["variables"]

    def text():
        return json.dumps(event, separators=(",", ":"),
                          ensure_ascii=False).encode()

    filler = "The roof faces south and is not in the shade. " * 4
    one = {"key": "note", "type": "text", "text": filler}
    for _ in range((size - len(text())) // (len(json.dumps(one)) - 4)):
        variables.append(one)
    return text()


def body_bytes(stage, running, rotations):
    bodies, sizes = {}, [BYTES[0], *BYTES[2:]]  # 10 KiB more is noise
    for size in sizes:
        stage.write(f"body-{size}.json", body_of(size))
        bodies[size] = (stage.folder / f"body-{size}.json").stat().st_size
    target = up(stage, running, "bytes")
    costs = in_turns("body bytes", rotations, sizes, lambda size: load(
        target, stage, SECONDS, body=f"body-{size}.json",
        connections=16)["cpu_us"])
    least, *more = sizes
    each = {size: 1024 * (costs[size] - costs[least]) /
            (bodies[size] - bodies[least]) for size in more}
    return rows_of("body bytes", "us CPU a KiB more", each, more[0])


def counted_bytes(stage, *_):
    folder = stage.folder / "counted"
    lengths, costs = {}, {}
    for size in BYTES:
        lengths[size] = write_input(stage, "counted", body_of(size))
        progress(f"instructions: {size} bytes")
        costs[size] = instructions("whole", folder)
    progress("")
    least, *more = BYTES
    each = {size: (costs[size] - costs[least]) /
            (lengths[size] - lengths[least]) for size in more}
    return rows_of("body bytes", "instructions a byte more", each, more[0])


# Fields: counted, since a hundred of them are a fifth of a request.

def write_input(stage, folder, body, mapping=None):
    stage.write(f"{folder}/typeform.json", body)
    stage.write(f"{folder}/form.txt", b"a=b")
    stage.write(f"{folder}/mapping.cfg", mapping or
                (FILES / "mapping.cfg").read_bytes())
    return len(body)


def instructions(part, folder):
    """Of one round of a part; exact, as N and 2N rounds are counted."""
    def count(rounds):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             str(build_program("bench_instructions")), part, str(rounds),
             str(folder)], env={**os.environ, **PORTABLE},
            capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            raise Trouble(f"bench_instructions: {done.stderr}")
        return int(found[1])
    return (count(20) - count(10)) / 10


def fields_mapping(count):
    """The head of the mapping, and `count` values taken from the event."""
    head, _, _ = (FILES / "mapping.cfg").read_text().partition("update:")
    items = ", ".join(
        f'{{ key = "k{i}"; question = "Field {i}"; '
        f'answer = "{{$.fields.f{i} | trim}}"; }}' for i in range(count))
    return f"{head}update: {{ questionnaire = ( {items} ); }};\n".encode()


def fields(stage, *_):
    event = json.loads(BODY)
    event["fields"] = {f"f{i}": f"value {i}" for i in range(max(FIELDS))}
    costs = {}
    for count in (1, *FIELDS):
        write_input(stage, "fields", json.dumps(event).encode(),
                    fields_mapping(count))
        progress(f"instructions: {count} fields")
        costs[count] = instructions("map", stage.folder / "fields")
    progress("")
    each = {count: (costs[count] - costs[1]) / (count - 1)
            for count in FIELDS}
    return rows_of("mapped fields", "instructions a field", each, FIELDS[0])


# Idle connections: PSS of the process, before and with them. No load before
# them: what it leaves free in malloc is chance, and was worth 400 bytes a
# connection. tests/e2e/test_steady.py counts the bytes themselves.

def open_idle(target, stage, request, count):
    trust = None
    if stage.tls:
        trust = ssl.create_default_context(cafile=stage.folder / "ca.pem")
    held = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", target.port), 10)
        if trust:
            s = trust.wrap_socket(s, server_hostname="127.0.0.1")
        if request:
            s.sendall(request)
            answer_of(s)
        held.append(s)
    time.sleep(0.5)
    return held


def idle(stage, running, _):
    request = webhook()
    rows = []
    for words, sent in (("silent", None), ("after one", request)):
        target = stage.bridge(f"idle-{words[0]}")
        running.append(target)
        target.wait_until_up()
        held = open_idle(target, stage, request, FIRST)
        before = target.memory()["pss"]
        held += open_idle(target, stage, sent, IDLE)
        each = (target.memory()["pss"] - before) * 1024 / IDLE
        rows.append({"what": "idle connection", "at": words, "cost": each,
                     "unit": "bytes (PSS)", "ratio": each / IDLE_BYTES,
                     "bar": 1.0})
        for s in held:
            s.close()
    return rows


def stop_since(running, kept):
    while len(running) > kept:
        running.pop().stop()


def measure(stage, running, rotations):
    """All rows; the upstream is up, and what is started is stopped."""
    counting = build_program("bench_instructions").exists()
    measures = [connections, routes, workers, body_bytes, idle]
    if counting:
        measures += [counted_connections, counted_bytes, fields]
    else:
        print("SKIPPED: what is counted: bench_instructions is not built")
    rows, kept = [], len(running)
    for one in measures:
        rows += one(stage, running, rotations)
        stop_since(running, kept)
    show(rows)
    return {"rows": rows}
