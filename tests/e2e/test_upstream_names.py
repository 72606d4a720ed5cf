"""Names that are not found, or not in time, or elsewhere than before; and
addresses where nobody answers. The loop goes on meanwhile."""

import concurrent.futures
import signal
import socket
import time

import pytest

from house import House, wait_for
from island import NXDOMAIN, SERVFAIL, SILENCE, Island, NameServer
from scripted import Probe, Upstream
from test_upstream_tls import Beside, close_after_echo, echo

HOST = "api.leads.example"

why_not = Island.possible()
needs_island = pytest.mark.skipif(why_not is not None, reason=str(why_not))


@pytest.fixture(scope="module")
def leaf(ca):
    return ca.issue("named", san=["DNS:" + HOST, "IP:127.0.0.1"])


@pytest.fixture
def names(tmp_path):
    with Island(tmp_path) as island, NameServer(island) as server:
        server.island = island
        yield server


def serve(names, *args, **kw):
    return names.island.run(lambda: Upstream(*args, **kw))


def call(names, build, port, ca, **kw):
    return names.island.run(lambda: Probe(
        build, f"https://{HOST}:{port}", ca=ca.pem, **kw))


def goes_on(got):
    """No beat of the loop's heart waited for a lookup. One or two are late
    where the machine has other things to do."""
    return got["stall_us"] < 900_000 and \
        got["late"] <= 2 + got["beats"] / 20


def soon(got):
    """That, and the call took no longer than it may."""
    return goes_on(got) and got["took_us"] < 1_500_000


@needs_island
def test_a_name_is_found(build, ca, leaf, names):
    names.say(HOST, "127.0.0.1")
    with serve(names, echo, cert=leaf) as up, \
            call(names, build, up.port, ca) as probe:
        for lead in ["lead_a", "lead_b"]:
            assert probe.one(lead)["status"] == 200
    assert names.asked[0] == HOST


@needs_island
@pytest.mark.parametrize("said, reason", [
    (NXDOMAIN, "Name or service not known"),
    (SERVFAIL, "Temporary failure in name resolution")])
def test_a_name_that_is_not_found_may_be_later(
        build, ca, leaf, names, said, reason):
    names.say(HOST, said)
    with serve(names, echo, cert=leaf) as up, \
            call(names, build, up.port, ca) as probe:
        for _ in range(2):
            got = probe.until("lead_a", goes_on)
            assert got["outcome"] == "no address", got
            assert HOST in got["reason"] and reason in got["reason"]
        assert up.connections == 0
        names.say(HOST, "127.0.0.1")
        assert probe.one("lead_b")["status"] == 200


@needs_island
def test_a_silent_name_server_holds_up_nothing(build, ca, leaf, tmp_path):
    with Island(tmp_path, patience=3) as island, \
            NameServer(island) as names:
        names.island = island
        names.say(HOST, SILENCE)
        with serve(names, echo, cert=leaf) as up:
            with call(names, build, up.port, ca) as probe:
                got = probe.until("lead_a", lambda got: got["beats"] > 30
                                  and goes_on(got))
                assert got["outcome"] == "no address", got
                assert got["took_us"] > 2_500_000
            with call(names, build, up.port, ca,
                      settings='timeout = "500ms";') as probe:
                got = probe.until("lead_a", soon)
                assert got["outcome"] == "late, nothing sent"
                assert 450_000 < got["took_us"]


def hang_up(sock):
    """All there is to know is that somebody came."""
    sock.close()


@needs_island
def test_an_address_that_has_moved_is_found(build, ca, leaf, names):
    """The old one does not answer any more: it is looked up again."""
    names.say(HOST, "127.0.0.1")
    with serve(names, close_after_echo, cert=leaf) as up, \
            call(names, build, up.port, ca) as probe:
        assert probe.one("lead_a")["status"] == 200
        port = up.port
        names.say(HOST, "127.0.0.2")
        up.listener.shutdown(socket.SHUT_RDWR)
        up.listener.close()
        with names.island.run(lambda: Beside(up, hang_up)) as moved:
            assert moved.listener.getsockname() == ("127.0.0.2", port)
            end = time.monotonic() + 20  # at most one lookup a second
            while time.monotonic() < end and moved.connections == 0:
                probe.one("lead_b")
            assert moved.connections == 1


@needs_island
def test_a_new_address_is_used_within_a_minute(build, ca, leaf, names):
    """Though the old one still answers."""
    names.say(HOST, "127.0.0.1")
    with serve(names, close_after_echo, cert=leaf) as up, \
            call(names, build, up.port, ca) as probe, \
            names.island.run(lambda: Beside(up, hang_up)) as moved:
        before = time.monotonic()
        assert probe.one("lead_a")["status"] == 200
        known = last = time.monotonic()
        names.say(HOST, "127.0.0.2")
        while True:
            begin = time.monotonic()
            probe.one("lead_b")
            if moved.connections > 0 or begin > known + 90:
                break
            last = begin  # of those that went to the old one
            time.sleep(0.5)
        assert moved.connections == 1
        assert time.monotonic() - before > 59 and last - known < 61


# Nobody there.

def full_backlog():
    """An address where connections begin and never come to be."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(listener.getsockname())
        waiting.append(s)
    return listener, waiting


def test_a_black_hole_ends_in_time(build, ca):
    listener, waiting = full_backlog()
    port = listener.getsockname()[1]
    with Probe(build, f"https://127.0.0.1:{port}", ca=ca.pem,
               settings='connect_timeout = "1s"; timeout = "5s";') as probe:
        got = probe.until("lead_a", soon)
    assert got["outcome"] == "no connection", got
    assert "connect_timeout" in got["reason"]
    assert 900_000 < got["took_us"]
    for s in [listener, *waiting]:
        s.close()


def test_a_server_that_never_answers_ends_in_time(build, ca, leaf):
    def script(peer, request):
        peer.upstream.stopped.wait(20)

    with Upstream(script, cert=leaf) as up, \
            Probe(build, f"https://127.0.0.1:{up.port}", ca=ca.pem,
                  settings='timeout = "1s"; connections = 4;') as probe:
        def sent():
            """All of them, as soon as time suffices for their handshakes."""
            answers = probe.ask("lead_a", "lead_b", "lead_c")
            return all(soon(got) and got["outcome"] != "late, nothing sent"
                       for got in answers) and answers

        for got in wait_for(sent, seconds=60, what="being sent in time"):
            assert got["outcome"] == "late", got
            assert 900_000 < got["took_us"]
        up.stopped.set()


@needs_island
def test_where_no_way_leads_is_told_at_once(build, ca, leaf, names):
    names.say(HOST, "192.0.2.1")
    with call(names, build, 443, ca) as probe:
        got = probe.until("lead_a", lambda got: got["took_us"] < 1_500_000)
        assert got["outcome"] == "no connection", got
        assert "Network is unreachable" in got["reason"]


ROUTE = """
route = "/hooks/{name}"; verify: {{ type = "none"; }}; upstream = "{name}";
lead_id = "{{$.lead}}"; update: {{ detail = "{{$.detail}}"; }};
"""


def timed_send(house, name):
    begin = time.monotonic()
    status = house.send("/hooks/" + name, b'{"lead":"lead_2","detail":"x"}',
                        {"Content-Type": "application/json"}).status
    return status, time.monotonic() - begin


def test_a_black_hole_swallows_its_own_calls_alone(build, tmp_path):
    """Calls to another API, in the same loop, take no longer for it."""
    listener, waiting = full_backlog()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    house = House(build, tmp_path, workers=1, target=(
        f'}}; hole = {{ url = "{url}"; api_key = "leadsail"; '
        'connect_timeout = "1s"; timeout = "1500ms";'), mappings={
            name: ROUTE.format(name=name) for name in ["leadsail", "hole"]})
    house.start()

    def good(count=40):
        took = [timed_send(house, "leadsail") for _ in range(count)]
        assert {status for status, _ in took} == {200}
        return sorted(seconds for _, seconds in took)

    def swallowed(_):
        status, seconds = timed_send(house, "hole")
        assert status in (502, 504) and 0.9 < seconds
        return seconds

    def untouched():
        """Where others have the processor, nobody can tell."""
        alone = good()
        with concurrent.futures.ThreadPoolExecutor(12) as threads:
            calls = threads.map(swallowed, range(36))
            beside = good()
            lost = list(calls)
        assert len(lost) == 36
        # ... and nobody waited for the hole.
        return max(lost) < 3 and beside[-1] < 0.9 and \
            beside[20] < 2 * alone[20] + 0.02

    good(5)
    wait_for(untouched, seconds=90, what="calls that take no longer")
    house.close()
    for s in [listener, *waiting]:
        s.close()


@needs_island
def test_what_was_found_goes_on_over_a_reload(build, ca, leaf, names,
                                              tmp_path):
    """Who reloads while the name servers are away does not lose the API."""
    names.say(HOST, "127.0.0.1")
    with serve(names, echo, cert=leaf) as up:
        house = House(build, tmp_path, upstream=f"https://{HOST}:{up.port}",
                      workers=1)
        with open(house.path("leadbridge.cfg")) as f:
            text = f.read()
        house.write("leadbridge.cfg",
                    text.replace("certs/dev-ca.pem", str(ca.pem)))
        names.island.run(house.start)
        try:
            assert names.island.run(house.typeform).status == 200
            names.say(HOST, SERVFAIL)
            house.bridge.send_signal(signal.SIGHUP)
            wait_for(lambda: house.logged("reloaded"), what="the reload")
            assert names.island.run(house.typeform).status == 200
        finally:
            assert house.close() == 0
