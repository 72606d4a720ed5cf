"""tests/e2e/deliveries.py - a house with a journal, as a person sees it: what
the tests of the admin endpoint and of its verbs share."""

import contextlib
import http.client
import json
import os
import pty
import re
import subprocess

import pytest

from house import TOKEN, Answer, House, wait_for
from journal_api import Api

ROUTE = """
route    = "/hooks/%s";
verify:  { type = "token"; signature = "header:X-Webhook-Token"; };
secret   = "token";
upstream = "leadsail";
mode     = "queue";
dedupe   = "body";
%s
"""
ONE = """lead_id = "{$.lead}";
update: { detail = "{$.detail}"; email = "{$.email}";
          address: { city = "{$.city}"; }; };
"""
MANY = """events = "$[*]"; lead_id = "{@.lead}";
update: { detail = "{@.detail}"; email = "{@.email}"; };
"""
BLIND = 'lead_id = "{$.lead}"; update: { detail = "{$.detail}"; };'
MAPPINGS = {name: ROUTE % (name, text) for name, text in (
    ("one", ONE), ("other", ONE), ("many", MANY), ("blind", BLIND))}
UNKNOWN = "019ac000-0000-7000-8000-000000000000"


def open_house(build, folder, api, journal="memory:", admin="", more=""):
    # What a test has hang is not to be late, however slow the test is.
    h = House(build, folder, upstream=api.url, mappings=MAPPINGS,
              target='timeout = "100s";',
              settings=f'journal = {{ url = "{journal}"; }};')
    h.api = api
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    if admin:
        text = re.sub(r"admin     = .*", admin, text)
    h.write("leadbridge.cfg", text.replace("secrets   = {",
                                           "secrets   = { " + more))
    return h


@contextlib.contextmanager
def living(house):
    """From its start to a good end, its API's with it."""
    house.start()
    yield house
    house.api.release()
    assert house.close() == 0
    house.api.close()


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    with living(open_house(build, tmp_path_factory.mktemp("deliveries"),
                           Api())) as h:
        yield h


@pytest.fixture
def fresh(build, tmp_path):
    """A house whose journal is on disk, for what takes a restart."""
    with living(open_house(build, tmp_path, Api(),
                           "sqlite:journal.db")) as h:
        yield h


def ask(house, path, body=None, method=None, **headers):
    c = http.client.HTTPConnection("127.0.0.1", house.admin_port, timeout=20)
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content_Type", "application/json")
    c.request(method or ("GET" if body is None else "POST"), path, body=body,
              headers={k.replace("_", "-"): v for k, v in headers.items()})
    return Answer(c.getresponse())


def data(house, path, body=None):
    answer = ask(house, path, body)
    assert answer.status == 200, answer.body
    return answer.json["data"]


def post(house, route, event, status=202):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    answer = house.send(f"/hooks/{route}", body,
                        {"X-Webhook-Token": TOKEN,
                         "Content-Type": "application/json"})
    assert answer.status == status, (answer.status, answer.body)
    return answer.json["data"]["delivery"] if status == 202 else None


def states(house, delivery):
    answer = ask(house, f"/deliveries/{delivery}")
    return ([i["state"] for i in answer.json["data"]["items"]]
            if answer.status == 200 else [])


def ended(house, delivery, *what):
    wait_for(lambda: states(house, delivery) == list(what),
             what=f"{delivery} being {what}")
    return delivery


def dead(house, lead, route="one", **more):
    """A delivery the API refused."""
    house.api.plan.setdefault(lead, []).append(422)
    event = {"lead": lead, "detail": "x", **more}
    return ended(house, post(house, route, event), "dead")


def items(house, **filter):
    query = "&".join(f"{k}={v}" for k, v in filter.items())
    return data(house, f"/deliveries?{query}")["items"]


def refused(house, detail):
    """An event that names no lead; the id it is kept under."""
    post(house, "one", {"detail": detail}, 422)
    return wait_for(lambda: [
        i["delivery"] for i in items(house, state="refused", newest=1)
        if detail in (data(house, f"/deliveries/{i['delivery']}")["event"]
                      or "")],
        what="the refused event")[0]


def verb(house, *args, code=0, stdin=None):
    return house.run("deliveries", args[0], "-c", "leadbridge.cfg", *args[1:],
                     code=code, stdin=stdin)


def on_terminal(house, answer, *args):
    """A verb with a terminal to ask at; its exit code."""
    mine, theirs = pty.openpty()
    p = subprocess.Popen([house.program, *args], cwd=house.folder,
                         stdin=theirs, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    os.write(mine, answer.encode())
    p.communicate(timeout=60)
    os.close(mine)
    os.close(theirs)
    return p.returncode


def tail(house, *args):
    """`deliveries tail`, from its first look on; what it has printed."""
    out, err = house.path("tail.out"), house.path("tail.err")
    with open(out, "w") as o, open(err, "w") as e:
        p = subprocess.Popen([house.program, "deliveries", "tail", "-c",
                              "leadbridge.cfg", *args],
                             cwd=house.folder, stdout=o, stderr=e)

    def told(name=out):
        with open(name) as f:
            return f.read()

    wait_for(lambda: "^C stops" in told(err), what="the first look")
    return p, told


def forget(house, *args, code=0):
    out, err = house.run("forget", "-c", "leadbridge.cfg", "--output", "json",
                         "-y", *args, code=code)
    return json.loads(out), err


def mend(house, name, old, new):
    """Changes a mapping and runs the bridge anew."""
    path = house.path(f"mappings/{name}/mapping.cfg")
    with open(path) as f:
        text = f.read()
    assert old in text
    assert house.stop() == 0
    house.write(f"mappings/{name}/mapping.cfg", text.replace(old, new))
    house.start()
