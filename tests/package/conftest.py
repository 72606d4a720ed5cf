"""Fixtures of the package's tests. The build folder is $LEADBRIDGE_BUILD, one
without tests and sanitizers, as deploy/demo makes it; else build/."""

import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HERE = os.path.join(TOP, "tests/package")


def tool(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def read(*path):
    with open(os.path.join(*path)) as f:
        return f.read()


def pack(build, to):
    """The package of a build folder, moved to a folder of the test's."""
    subprocess.run(["cpack", "-G", "DEB"], cwd=build, check=True,
                   capture_output=True, timeout=300)
    with open(os.path.join(build, "CPackConfig.cmake")) as f:
        assert "debian/postinst" in f.read()
    [made] = [n for n in os.listdir(build) if n.endswith(".deb")]
    return shutil.move(os.path.join(build, made), os.path.join(to, made))


def unpack(deb, to):
    subprocess.run(["dpkg-deb", "-R", deb, to], check=True)
    return str(to)


def steps(said):
    return re.findall(r"^== ([\w-]+)$", said, re.M)


@pytest.fixture(scope="session")
def build(build):
    if not os.path.exists(os.path.join(build, "package/leadbridge.1")):
        pytest.fail(f"{build} packs nothing: build it with "
                    "-DBRIDGE_TESTS=OFF, as deploy/demo does")
    return build


@pytest.fixture(scope="session")
def deb(build, tmp_path_factory):
    return pack(build, tmp_path_factory.mktemp("deb"))


@pytest.fixture
def newer(deb, tmp_path):
    """The same, of a later version."""
    folder = unpack(deb, tmp_path / "newer")
    control = os.path.join(folder, "DEBIAN/control")
    text = read(control)
    assert re.search(r"^Version: \S+$", text, re.M)
    with open(control, "w") as f:
        f.write(re.sub(r"^(Version: \S+)$", r"\1+1", text, flags=re.M))
    subprocess.run(["dpkg-deb", "-b", "-Zgzip", folder,
                    tmp_path / "newer.deb"], check=True, capture_output=True)
    return tmp_path / "newer.deb"


# What is mounted meanwhile is in a mount namespace of its own.
MAKE_A_DEBIAN = """
set -e
debootstrap --variant=minbase bookworm "$1"
cp /etc/hosts /etc/resolv.conf "$1/etc/"
cp -r /etc/apt/apt.conf.d/. "$1/etc/apt/apt.conf.d/"
rm -f "$1/etc/apt/sources.list"
cp /etc/apt/sources.list.d/debian.sources "$1/etc/apt/sources.list.d/"
chroot "$1" apt-get update -qq
"""


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """The bare minimum of one, in a folder: to be copied, not changed."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a root of its own")
    tool("debootstrap")
    root = tmp_path_factory.mktemp("debian") / "root"
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         MAKE_A_DEBIAN, "sh", root], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    assert done.returncode == 0, done.stdout
    yield root
    shutil.rmtree(root, ignore_errors=True)
