"""What tests of all folders have: --long, figures, and fixtures.

Programs are found in the build folder: $LEADBRIDGE_BUILD, else build/ at the
top of the project.
"""

import os
import subprocess

import pytest

import certs
from echo import Echo

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="the long forms: minutes, not seconds, a test")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    kept = [i for i in items if i.get_closest_marker("long") is None]
    config.hook.pytest_deselected(
        items=[i for i in items if i not in kept])
    items[:] = kept


def pytest_terminal_summary(terminalreporter):
    """What `figure` was told, also by workers of xdist."""
    told = [(report.head_line, text)
            for reports in terminalreporter.stats.values()
            for report in reports if getattr(report, "when", "") == "call"
            for key, text in report.user_properties if key == "figure"]
    if told:
        terminalreporter.write_sep("-", "figures")
    for name, text in told:
        terminalreporter.write_line(f"  {name}: {text}")


@pytest.fixture
def figure(record_property):
    """Says what was measured, at the end of the run."""
    return lambda text: record_property("figure", text)


@pytest.fixture(scope="session")
def is_long(request):
    return request.config.getoption("--long")


@pytest.fixture(scope="session")
def build():
    return os.path.abspath(
        os.environ.get("LEADBRIDGE_BUILD", os.path.join(TOP, "build")))


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A root that tests may trust, and issue from."""
    return certs.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def localhost(ca):
    """A good certificate for localhost and 127.0.0.1."""
    return ca.issue("localhost", san=["DNS:localhost", "IP:127.0.0.1"])


@pytest.fixture(scope="module")
def postgres():
    """The url of a PostgreSQL of the module's own."""
    script = os.path.join(TOP, "tests/support/postgres.sh")
    if subprocess.run([script, "present"]).returncode != 0:
        pytest.skip("PostgreSQL 15 is not installed")
    # Its sockets' names have to be short, and its user has to get there.
    top = subprocess.run(["mktemp", "-d"], capture_output=True, text=True,
                         check=True).stdout.strip()
    subprocess.run([script, "start", top], check=True, timeout=120)
    yield f"postgresql://leadbridge@/postgres?host={top}/run"
    subprocess.run([script, "remove", top], check=True, timeout=120)


@pytest.fixture
def start(build):
    """Starts a listener that tells what it was sent."""
    running = []

    def run(*options, **how):
        running.append(Echo(build, *options, **how))
        return running[-1]

    yield run
    for e in running:
        e.stop()
