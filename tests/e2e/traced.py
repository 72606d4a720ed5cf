"""tests/e2e/traced.py - a bridge that is traced, with an API and a collector of
its own, for tests of tracing."""

import http.client
import json
import time

import pytest

from house import FORM_SECRET, TOKEN, House, typeform_event, typeform_sign
from tracing import Api, Collector


@pytest.fixture
def api():
    a = Api()
    yield a
    a.close()


@pytest.fixture
def collector():
    c = Collector()
    yield c
    c.close()


@pytest.fixture
def opened(build, tmp_path, api):
    """Opens bridges, and closes them when the test ends."""
    houses = []

    def run(tracing="", settings="", start=True, **kw):
        if tracing:
            settings += f"tracing = {{ {tracing} }};"
        h = House(build, tmp_path, upstream=api.url, settings=settings, **kw)
        houses.append(h)
        return h.start() if start else h

    yield run
    for h in houses:
        alive = h.bridge is not None
        assert h.close() == (0 if alive else None)


def to(collector, more="", interval="100ms"):
    return (f'url = "http://127.0.0.1:{collector.port}/v1/traces"; '
            f'interval = "{interval}"; {more}')


def send(house, *more, secret=FORM_SECRET, event=None, path="/hooks/typeform"):
    """A typeform event with these headers too, which may come again."""
    body = event or typeform_event()
    c = house.connect()
    c.putrequest("POST", path)
    for name, value in [*typeform_sign(body, secret).items(), *more,
                        ("Content-Length", str(len(body)))]:
        c.putheader(name, value)
    c.endheaders(body)
    got = c.getresponse()
    got.read()
    return got


def queue(house, *more, lead="l1", detail="x"):
    got = house.send("/hooks/queue",
                     json.dumps({"lead": lead, "detail": detail}).encode(),
                     {"X-Webhook-Token": TOKEN,
                      "Content-Type": "application/json", **dict(more)})
    assert got.status == 202
    return got.json["data"]["delivery"]


def named(spans, name):
    (one,) = [s for s in spans if s.name == name]
    return one


def plain(delivery):
    return delivery.replace("-", "")


def counted(house, outcome):
    return house.metric(f'leadbridge_trace_spans_total{{outcome="{outcome}"}}')


def reload(house):
    c = http.client.HTTPConnection("127.0.0.1", house.admin_port, timeout=60)
    c.request("POST", "/reload", b"{}", {"Content-Type": "application/json"})
    got = c.getresponse()
    return got.status, json.loads(got.read())


def end(house):
    """Whether it ended before it gave up on the collector. It leaves it two
    seconds, which a machine that has other things to do may take: only then
    may spans be missing."""
    began = time.monotonic()
    assert house.stop() == 0
    return time.monotonic() - began < 1.9


def rewrite(house, was, now):
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert was in text
    house.write("leadbridge.cfg", text.replace(was, now))
