"""The Debian package: what is in it, and its life on a machine.

The quick form installs into a copy of this machine's own root that is thrown
away (an overlay). The long form makes a Debian of the bare minimum and lets
apt install what the package says it needs.
"""

import filecmp
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from conftest import HERE, TOP, pack, read, steps, tool, unpack

UNIT = "lib/systemd/system/leadbridge.service"


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", deb, name], check=True, text=True,
                          capture_output=True).stdout.strip()


@pytest.fixture(scope="module")
def tree(deb, tmp_path_factory):
    return unpack(deb, tmp_path_factory.mktemp("tree") / "root")


def members(deb):
    """The entries of what is installed."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                          stdout=subprocess.PIPE) as p:
        with tarfile.open(fileobj=p.stdout, mode="r|") as tar:
            return list(tar)


# ------------------------------------------------------------- what is in it

def test_what_it_depends_on(deb):
    depends = field(deb, "Depends").split(", ")
    assert "libevent-2.1-7 (>= 2.1.12-stable-8+deb12u1)" in depends
    for name in ("libssl3", "libjansson4", "libconfig9", "libphonenumber8",
                 "tzdata", "ca-certificates", "adduser"):
        assert any(d.startswith(name) for d in depends), name
    # libpq is loaded where a journal asks for it: recommended, not needed.
    assert not any(d.startswith("libpq") for d in depends)
    assert field(deb, "Recommends") == "libpq5"
    assert field(deb, "Architecture") == subprocess.run(
        ["dpkg", "--print-architecture"], text=True, check=True,
        capture_output=True).stdout.strip()


def test_where_things_are(deb):
    paths = {m.name.lstrip("./") for m in members(deb) if m.isfile()}
    assert {
        "usr/bin/leadbridge", "usr/lib/leadbridge/leadbridge-phone.so",
        "etc/leadbridge/leadbridge.cfg", UNIT,
        "usr/share/man/man1/leadbridge.1.gz",
        "usr/share/man/man5/leadbridge.cfg.5.gz",
        "usr/share/man/man5/leadbridge-mapping.5.gz",
        "usr/share/bash-completion/completions/leadbridge",
        "usr/share/zsh/vendor-completions/_leadbridge",
        "usr/share/leadbridge/mappings/typeform/mapping.cfg",
        "usr/share/doc/leadbridge/copyright",
        "usr/share/doc/leadbridge/changelog.gz"} <= paths
    tops = {"/".join(p.split("/")[:3]) for p in paths
            if p.startswith("usr/share")}
    assert tops == {"usr/share/" + d for d in (
        "bash-completion", "doc", "leadbridge", "lintian", "man", "zsh")}
    assert not [p for p in paths if p.startswith("usr/local")]


def test_every_unit_of_deploy_is_in_it(tree):
    units = {n for n in os.listdir(TOP + "/deploy")
             if re.fullmatch(r"leadbridge.*\.(service|socket)", n)}
    assert units == set(os.listdir(tree + "/lib/systemd/system"))


def test_owners_and_modes(deb):
    for m in members(deb):
        assert (m.uname, m.gname) == ("root", "root"), m.name
        runs = m.isdir() or m.name == "./usr/bin/leadbridge"
        assert m.mode == (0o755 if runs else 0o644), m.name


def test_the_settings_are_the_administrator_s(tree):
    assert read(tree, "DEBIAN/conffiles") == "/etc/leadbridge/leadbridge.cfg\n"


def test_the_unit_is_that_of_deploy_under_the_package_s_paths(tree):
    theirs = read(TOP, "deploy/leadbridge.service").splitlines()
    ours = read(tree, UNIT).splitlines()
    assert "DynamicUser=yes" in theirs and "DynamicUser=yes" not in ours
    assert "User=leadbridge" in ours
    assert "Documentation=man:leadbridge(1)" in ours
    [start] = [line for line in ours if line.startswith("ExecStart=")]
    assert start.startswith("ExecStart=/usr/bin/leadbridge run ")
    assert not any("/usr/local" in line for line in ours)
    for line in set(theirs) - set(ours):
        assert re.search("/usr/local/bin/|/etc/systemd/system/|^DynamicUser=",
                         line), line


def test_the_pages_are_what_the_program_says(tree):
    """man reads them where it is installed; they are whole in any case."""
    for page, section in (("leadbridge", 1), ("leadbridge.cfg", 5),
                          ("leadbridge-mapping", 5)):
        path = f"{tree}/usr/share/man/man{section}/{page}.{section}.gz"
        text = subprocess.run(["gzip", "-dc", path], check=True, text=True,
                              capture_output=True).stdout
        assert text.startswith(".Dd ") and ".Sh SEE ALSO" in text
        assert f".Nm {page}\n" in text


def test_lintian_has_no_fault_to_find(deb):
    done = subprocess.run(
        [tool("lintian"), "--no-cfg", "--fail-on", "error,warning",
         "--allow-root", deb], text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stdout


def test_the_scripts_are_sh(tree):
    for name in ("postinst", "prerm", "postrm"):
        path = os.path.join(tree, "DEBIAN", name)
        assert os.stat(path).st_mode & 0o777 == 0o755
        subprocess.run(["dash", "-n", path], check=True)


# ---------------------------------------------------------- the same anywhere

def test_it_names_no_folder_of_the_build(build, tree):
    found = 0
    for folder, _, files in os.walk(tree):
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            found += data.startswith(b"\x7fELF")
            for path in (TOP, build):
                assert path.encode() not in data, (path, name)
    assert found == 2


def assert_same(one, other, folder):
    """Byte for byte; where they are not, it says which files differ."""
    if not filecmp.cmp(one, other, shallow=False):
        roots = [unpack(one, folder / "one"), unpack(other, folder / "other")]
        pytest.fail(subprocess.run(["diff", "-rq", *roots], text=True,
                                   capture_output=True).stdout
                    or "the archives differ, their files do not")


def test_packed_again_it_has_the_same_bytes(build, deb, tmp_path):
    again = pack(build, tmp_path)
    assert_same(again, deb, tmp_path)
    assert len({m.mtime for m in members(deb)}) == 1


@pytest.mark.long
def test_built_in_another_folder_it_has_the_same_bytes(build, deb, tmp_path):
    """A copy of the tree, too: neither folder's name is the same."""
    epoch = re.search(r"\{SOURCE_DATE_EPOCH\} (\d+)",
                      read(build, "package/cpack.cmake"))[1]
    env = dict(os.environ, SOURCE_DATE_EPOCH=epoch)
    source = tmp_path / "another/source/of/it"
    shutil.copytree(TOP, source, ignore=shutil.ignore_patterns(
        "build*", ".git", "__pycache__"))
    folder = tmp_path / "made"
    subprocess.run(["cmake", "-S", source, "-B", folder, "-G", "Ninja",
                    "-DBRIDGE_TESTS=OFF"], env=env, check=True,
                   capture_output=True)
    subprocess.run(["ninja", "-C", folder, "--quiet"], env=env, check=True)
    again = pack(folder, tmp_path)
    assert_same(again, deb, tmp_path)


# ------------------------------------------------------------------ its life

# Everything below is in a mount namespace of its own, and gone with it.
IN_A_COPY = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
"""
IN_A_NEW_ONE = """
cp -a "$6" "$1/root"
"""
LIVE = """
mount -t proc proc "$1/root/proc" 2>/dev/null || mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
mkdir -p "$1/root/package"
cp "$2/life.sh" "$2/steps.sh" "$1/root/package/"; cp "$3" "$1/root/package/first.deb"
cp "$4" "$1/root/package/newer.deb"
chroot "$1/root" /package/life.sh "$5" /package/first.deb /package/newer.deb
"""


def live(prepare, install, folder, deb, newer, timeout, debian=""):
    if os.geteuid() != 0:
        pytest.skip("only root may make a root of its own")
    os.mkdir(folder)
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         prepare + LIVE, "sh", folder, HERE, deb, newer, install, debian],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=timeout)


STEPS = ["install", "demo", "check", "upgrade", "systemd", "remove", "purge",
         "done"]


def test_its_life_in_a_copy_of_this_machine(deb, newer, tmp_path):
    probe = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         IN_A_COPY, "sh", tmp_path], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip("no overlay of / here: " + probe.stderr.strip())
    done = live(IN_A_COPY, "dpkg --force-confold -i", tmp_path / "root", deb,
                newer, 600)
    assert done.returncode == 0, done.stdout
    assert steps(done.stdout) == STEPS
    # Nothing of it was this machine.
    assert not os.path.exists("/etc/leadbridge/secrets")


@pytest.mark.long
def test_its_life_on_a_debian_of_the_bare_minimum(debian, deb, newer, tmp_path):
    done = live(IN_A_NEW_ONE, "apt-get install -y --no-install-recommends "
                "-o Dpkg::Options::=--force-confold", tmp_path / "root", deb,
                newer, 1200, debian)
    assert done.returncode == 0, done.stdout
    assert steps(done.stdout) == STEPS
