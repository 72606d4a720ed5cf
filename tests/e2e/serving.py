"""tests/e2e/serving.py - a listener with certificates of all kinds, and who
calls it; fixtures, too, to be imported by name.

    e = start(entry(a), entry(b), more='unknown_name = "refuse";')
    with connected(e, client(pki), "a.test") as s:
        body = said(s)
"""

import contextlib
import signal
import ssl
import subprocess

import pytest

import certs
from echo import Echo, get, read_answer

V = ssl.TLSVersion


def entry(cert, ocsp=None):
    text = f'certificate = "{cert.chain}"; key = "{cert.key}";'
    return text + (f' ocsp = "{ocsp}";' if ocsp else "")


def listen(*listed, more=""):
    """An entry of `listen` with these certificates."""
    groups = ", ".join("{ " + text + " }" for text in listed)
    return ('listen = { address = "127.0.0.1:0"; '
            f"certificates = ( {groups} ); {more} }}")


@pytest.fixture
def start(build):
    running = []

    def run(*listed, more="", workers=2):
        running.append(Echo(build, f"workers={workers}",
                            listen(*listed, more=more)))
        return running[-1]

    yield run
    for e in running:
        e.stop()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A root of its own, whose answers and lists nobody else changes."""
    root = certs.Authority(tmp_path_factory.mktemp("pki"))
    return root, root.authority("mid")


def issue(pki, name, *names, **wrong):
    return pki[1].issue(name, san=["DNS:" + n for n in names], **wrong)


def client(pki, cert=None, **set_to):
    context = ssl.create_default_context(cafile=pki[0].pem)
    if cert is not None:
        context.load_cert_chain(cert.chain, cert.key)
    for name, value in set_to.items():
        setattr(context, name, value)
    return context


@contextlib.contextmanager
def connected(e, context, host, session=None):
    with e.connect() as raw, context.wrap_socket(
            raw, server_hostname=host, session=session) as s:
        yield s


def said(s, path="/a"):
    s.sendall(get(path))
    status, body = read_answer(s)
    assert status == 200
    return body


def subject(s):
    return dict(pair[0] for pair in s.getpeercert()["subject"])["commonName"]


def anyone():
    """A client that takes whatever certificate it gets, and can tell it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def served(e, host):
    """The DER of what somebody gets who asks for the host, or for nobody."""
    with connected(e, anyone(), host) as s:
        return s.getpeercert(binary_form=True)


def der(cert):
    with open(cert.pem) as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


@pytest.fixture(scope="module")
def named(pki):
    return [issue(pki, "first", "first.test", "shared.test"),
            issue(pki, "second", "second.test", "shared.test"),
            issue(pki, "wild", "*.wild.test", "xn--bcher-kva.test"),
            issue(pki, "exact", "exact.wild.test")]


@pytest.fixture(scope="module")
def pair(pki):
    return [issue(pki, "ec", "pair.test", "www.pair.test"),
            issue(pki, "rsa", "www.pair.test", "pair.test", key="rsa:2048")]


def s_client(e, host, *options, talk=False):
    request = get("/a", "Connection: close\r\n") if talk else b""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{e.port}",
         *(["-servername", host] if host else []), *options],
        input=request, capture_output=True, timeout=60)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """The authority of clients, and some of them."""
    return certs.Authority(tmp_path_factory.mktemp("clients"), "clients")


def of_client(clients, name, **wrong):
    wrong.setdefault("eku", "clientAuth")
    return clients.issue(name, **wrong)


def mutual(clients, client="required"):
    return f'client_ca = "{clients.pem}"; client = "{client}";'


def renew(e, says="renewed"):
    e.process.send_signal(signal.SIGHUP)
    line = e.process.stdout.readline().decode()
    assert line.startswith(says), line
    return line


def resumed(e, context, host, session):
    with connected(e, context, host, session) as s:
        body = said(s)
        return s.session_reused, s.session, body
