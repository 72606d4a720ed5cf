"""Fixtures of the package's tests. The build folder is $LEADBRIDGE_BUILD, one
without tests and sanitizers, as deploy/demo makes it; else build/."""

import os
import shutil
import subprocess

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def pack(build, to):
    """The package of a build folder, moved to a folder of the test's."""
    subprocess.run(["cpack", "-G", "DEB"], cwd=build, check=True,
                   capture_output=True, timeout=300)
    with open(os.path.join(build, "CPackConfig.cmake")) as f:
        assert "debian/postinst" in f.read()
    [made] = [n for n in os.listdir(build) if n.endswith(".deb")]
    return shutil.move(os.path.join(build, made), os.path.join(to, made))


@pytest.fixture(scope="session")
def build(build):
    if not os.path.exists(os.path.join(build, "package/leadbridge.1")):
        pytest.fail(f"{build} packs nothing: build it with "
                    "-DBRIDGE_TESTS=OFF, as deploy/demo does")
    return build


@pytest.fixture(scope="session")
def deb(build, tmp_path_factory):
    return pack(build, tmp_path_factory.mktemp("deb"))
