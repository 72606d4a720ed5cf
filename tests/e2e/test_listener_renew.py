"""Certificates that change under a listener: new connections get the new ones,
old ones go on, sessions are resumed over it."""

import resource
import shutil
import signal
import socket
import ssl

import pytest

import certs
from echo import answers, get
from house import House, wait_for
from serving import (V, anyone, client, clients, connected, der, entry, issue,
                     mutual, named, pki, renew, resumed, said, served, start)


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_sessions_outlive_a_renew(start, pki, named, version):
    e = start(entry(named[0]), entry(named[1]), workers=3)
    context = client(pki, minimum_version=version, maximum_version=version)
    session = None
    for turn in range(6):
        reused, session, _ = resumed(e, context, "second.test", session)
        assert reused == (turn > 0)
        renew(e)


# Files that change.

class Changing(certs.Cert):
    """Copies of other certificates' files, under names that stay."""

    def __init__(self, folder, cert):
        super().__init__(str(folder), "changing")
        self.become(cert)

    def become(self, cert):
        for at in ["pem", "key", "chain"]:
            shutil.copy(getattr(cert, at), getattr(self, at))


def test_new_files_serve_new_connections(start, tmp_path, pki, named):
    now = Changing(tmp_path, named[0])
    e = start(entry(now), entry(named[2]))
    with connected(e, anyone(), "first.test") as old:
        assert said(old)["path"] == "/a"
        now.become(named[1])
        assert served(e, None) == der(named[0])  # not before it is said
        renew(e)
        assert served(e, None) == der(named[1])
        assert served(e, "second.test") == der(named[1])
        for _ in range(3):  # the old one goes on, on its own certificate
            assert said(old, "/b")["path"] == "/b"
        assert old.getpeercert(binary_form=True) == der(named[0])


def test_a_broken_file_changes_nothing(start, tmp_path, named):
    now = Changing(tmp_path, named[0])
    e = start(entry(now))
    with open(now.chain, "w") as f:
        f.write("half a certifi")
    assert now.chain[-40:] in renew(e, "not renewed")
    assert served(e, None) == der(named[0])
    now.become(named[1])
    renew(e)
    assert served(e, None) == der(named[1])


def test_many_renews_leave_nothing_behind(start, pki, named, clients):
    e = start(*[entry(c) for c in named], more=mutual(clients, "optional"))

    def round_trip():
        renew(e)
        assert served(e, "second.test") == der(named[1])

    for _ in range(10):
        round_trip()
    before, files = e.status_field("VmRSS"), e.files()
    for _ in range(60):
        round_trip()
    wait_for(lambda: e.files() <= files, what="closing")
    assert e.status_field("VmRSS") - before < 6000  # KiB; one is 300


def test_a_renew_under_load_fails_nobody(start, pki, named):
    e = start(*[entry(c) for c in named], workers=2)
    context = client(pki)
    for turn in range(15):
        with connected(e, context, "first.test") as one, \
                connected(e, context, "second.test") as two:
            e.process.send_signal(signal.SIGHUP)
            for s in (one, two):
                s.sendall(get("/slow?ms=20") + get("/x", "Connection: close"
                                                   "\r\n"))
            for s in (one, two):
                data = b""
                while got := s.recv(65536):
                    data += got
                assert [a[0] for a in answers(data)] == [200, 200]
        assert e.process.stdout.readline() == b"renewed\n"


def test_one_that_is_over_is_served_and_told(build, tmp_path, pki):
    """A start at night, or a reload for another reason, is no worse than to
    go on; `check` is stricter, for somebody looks at what it says."""
    over = issue(pki, "over", "localhost", start=-9, end=-1)
    house = House(build, tmp_path)
    with open(house.path("leadbridge.cfg")) as f:
        text = f.read()
    house.write("leadbridge.cfg", text.replace("certs/server.pem", over.chain)
                .replace("certs/server.key", over.key))
    config = house.path("leadbridge.cfg")
    assert f"{over.chain[-40:]}: has expired, or is not valid yet" in \
        house.run("check", "-c", config, code=1)[1]

    def warnings():
        return [e for e in house.logged("settings")
                if over.chain in e["reason"]]

    house.start()
    try:
        context = ssl.create_default_context(cafile=pki[0].pem)
        with pytest.raises(ssl.SSLError, match="certificate has expired"), \
                socket.create_connection(("127.0.0.1", house.tls_port), 20) \
                as raw:
            context.wrap_socket(raw, server_hostname="localhost")
        assert house.typeform().status == 200
        house.bridge.send_signal(signal.SIGHUP)
        wait_for(lambda: house.logged("reloaded"), what="the reload")
        assert [e["level"] for e in warnings()] == ["warning"] * 2
        assert "it is served all the same" in warnings()[0]["reason"]
    finally:
        assert house.close() == 0


def test_fewer_files_than_connections_are_told_at_a_reload(build, tmp_path):
    h = House(build, tmp_path, limits="connections = 50;").start()
    resource.prlimit(h.bridge.pid, resource.RLIMIT_NOFILE, (500, 500))
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg",
            text.replace("connections = 50", "connections = 5000"))
    h.bridge.send_signal(signal.SIGHUP)
    wait_for(lambda: h.logged("too few open files"))
    told = h.logged("too few open files")[-1]
    assert (told["limits.connections"], told["files"]) == ("5000", "500")
    assert h.close() == 0
