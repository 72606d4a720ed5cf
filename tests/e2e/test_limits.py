"""What a bridge takes of its senders: a route's rate, bodies of nobody's
path, the client of a proxy; and what `check` says it comes to."""

import http.client
import json
import re
import socket
import time

import pytest

from echo import answers, exchange
from house import BATCH, House, PARAM, TYPEFORM, wait_for

RATED = BATCH + "rate = 5;\n"
BY_ADDRESS = """
route    = "/hooks/ip";
verify:  { type = "ip"; addresses = "192.0.2.0/24, 2001:db8::/32"; };
upstream = "leadsail";
lead_id  = "lead_abc123";
update: { detail = "{client_ip()}"; };
"""


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("limits"), limits='body = "64K"; '
              'body_timeout = "60s";',
              mappings={"rated": RATED, "param": PARAM, "ip": BY_ADDRESS,
                        "typeform": TYPEFORM})
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        f'{{ address = "127.0.0.1:{h.port}"; }}',
        f'{{ address = "127.0.0.1:{h.port}"; proxies = "127.0.0.9"; }}'))
    h.start()
    yield h
    h.close()


def raw(house, data, source="127.0.0.1"):
    with socket.create_connection(("127.0.0.1", house.port), 30,
                                  source_address=(source, 0)) as s:
        return answers(exchange(s, data))


def test_a_route_has_its_rate_over_all_workers(house):
    got = []

    def send():
        got.append(house.batch([]))
        return got[-1].status == 429

    begin = time.monotonic()
    wait_for(send, what="the end of the rate")
    for _ in range(20):
        send()
    took = time.monotonic() - begin
    good = [a for a in got if a.status == 200]
    late = [a for a in got if a.status == 429]
    assert len(good) + len(late) == len(got)
    assert 5 <= len(good) <= 6 + 5 * took
    assert late[0].headers["Retry-After"] == "1"
    assert late[0].code == "TOO_MANY_REQUESTS"
    assert late[0].details == ["more events a second than the route's rate"]
    assert house.metric('leadbridge_refused_total{reason="rate"}') == len(late)
    wait_for(lambda: house.batch([]).status == 200)


def test_nobody_uses_up_a_senders_rate(house):
    wait_for(lambda: house.batch([]).status == 200)
    time.sleep(1.1)  # it is full again
    for _ in range(30):
        assert house.send("/hooks/batch", b"[]", {
            "X-Webhook-Token": "forged"}).status == 401
    assert [house.batch([]).status for _ in range(5)] == [200] * 5
    # And it is no other route's.
    assert house.send("/hooks/crm/lead_abc123", b'{"detail":"x"}',
                      {"Content-Type": "application/json"},
                      method="PUT").status == 200


@pytest.mark.parametrize("line, status, code", [
    ("POST /hooks/nobody", 404, "NOT_FOUND"),
    ("POST /hooks/crm/lead_abc123", 405, "METHOD_NOT_ALLOWED"),
])
@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"])
def test_a_body_of_no_route_is_not_read(house, line, status, code, more):
    """Judged by the head: the body never comes, and no deadline passes."""
    begin = time.monotonic()
    got = raw(house, f"{line} HTTP/1.1\r\nHost: a\r\n{more}"
              "Content-Length: 60000\r\n\r\n{".encode())
    assert time.monotonic() - begin < 30
    assert len(got) == 1
    assert got[0][0] == status and got[0][1]["connection"] == "close"
    assert json.loads(got[0][2])["error"]["code"] == code
    # A route's own body is waited for.
    with socket.create_connection(("127.0.0.1", house.port), 30) as s:
        s.sendall(b"PUT /hooks/crm/lead_abc123 HTTP/1.1\r\nHost: a\r\n"
                  b"Content-Type: application/json\r\n"
                  b"Expect: 100-continue\r\nContent-Length: 14\r\n\r\n")
        assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(b'{"detail":"x"}')
        assert s.recv(9) == b"HTTP/1.1 "


def by_address(house, source, forwarded):
    got = raw(house, "POST /hooks/ip HTTP/1.1\r\nHost: a\r\n"
              f"X-Forwarded-For: {forwarded}\r\nConnection: close\r\n"
              "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
              .encode(), source)
    return got[0][0]


def test_a_list_of_addresses_is_about_the_client_behind_the_proxy(house):
    assert by_address(house, "127.0.0.9", "192.0.2.77") == 200
    assert house.lead()["detail"] == "192.0.2.77"
    assert by_address(house, "127.0.0.9", "192.0.2.77, 2001:db8::9") == 200
    assert house.lead()["detail"] == "2001:db8::9"
    assert by_address(house, "127.0.0.9", "192.0.2.77, 198.51.100.1") == 401
    # Of anybody else the header is only a header.
    assert by_address(house, "127.0.0.1", "192.0.2.77") == 401


def test_check_adds_up_the_worst_case(house):
    out, _ = house.run("check", "-c", "leadbridge.cfg")
    line = out.splitlines()[1]
    total, *parts = map(int, re.findall(r"(\d+)(?= MB| [a-z]+)", line)[:6])
    assert line.startswith("worst case: ") and len(parts) == 5
    assert sum(parts) <= total <= sum(parts) + 5
    told = json.loads(house.run("check", "-c", "leadbridge.cfg",
                                "--output", "json")[0])["worst_case"]
    assert told["bytes"] >> 20 == total
    assert told["bytes"] == sum(v for k, v in told.items() if k != "bytes")
    assert told["requests"] > 128 << 20  # limits.memory, and one a worker


def test_the_worst_case_follows_the_limits(house):
    def worst(**limits):
        with open(house.path("leadbridge.cfg")) as f:
            text = f.read()
        said = "".join(f"{k} = {v}; " for k, v in limits.items())
        house.write("other.cfg", text.replace('body = "64K";', said))
        return json.loads(house.run("check", "-c", "other.cfg", "--output",
                                    "json")[0])["worst_case"]

    few, many = worst(connections=100), worst(connections=10000)
    assert many["connections"] > 90 * few["connections"]
    assert many["requests"] == few["requests"]
    small, large = worst(memory='"8M"'), worst(memory='"512M"')
    assert large["requests"] - small["requests"] == 504 << 20


@pytest.mark.parametrize("old, new, says", [
    ('proxies = "127.0.0.9"', 'proxies = "127.0.0.9/8"',
     "listen: 127.0.0.1:PORT: proxies: '127.0.0.9/8': an address like"),
    ('proxies = "127.0.0.9"', "proxy_protocol = true",
     "listen: 127.0.0.1:PORT: proxy_protocol needs proxies"),
    ('proxies = "127.0.0.9"', 'forwarded = "via"',
     'listen.forwarded: one of "x-forwarded-for", "forwarded", "none" is'),
    ('body = "64K"', 'memory = "1K"', "limits.memory: a value between"),
    ('body = "64K"', "requests_per_address = -1",
     "limits.requests_per_address: a value between"),
    ('body = "64K"', "connections_per_address = -1",
     "limits.connections_per_address: a value between"),
])
def test_faults_of_the_settings_are_told(house, old, new, says):
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    assert old in text
    house.write("wrong.cfg", text.replace(old, new))
    _, err = house.run("check", "-c", "wrong.cfg", code=1)
    assert re.match(r"\S*wrong\.cfg:\d+:\d+: ", err)
    assert says.replace("PORT", str(house.port)) in err


def test_a_rate_is_a_number(house):
    house.write("rate/mapping.cfg", RATED.replace("rate = 5", "rate = -1"))
    _, err = house.run("check", house.path("rate"), code=1)
    assert "rate: a value between 0 and 1000000 is expected" in err


def test_the_admin_endpoint_has_no_rate(build, tmp_path):
    h = House(build, tmp_path, limits="requests_per_address = 1;").start()
    try:
        c = http.client.HTTPConnection("127.0.0.1", h.admin_port, timeout=10)
        for _ in range(10):
            c.request("GET", "/readyz")
            r = c.getresponse()
            r.read()
            assert r.status == 200
        c.close()
        assert h.send("/hooks/nobody").status == 404
        wait_for(lambda: h.send("/hooks/nobody").status == 429,
                 what="two within a second")
    finally:
        h.close()
