"""The units, under a systemd that runs: a Debian that was made for it is booted
by systemd-nspawn, and units.sh, a service of it, says what happens there.
"""

import os
import re
import shutil
import subprocess

import pytest

from conftest import HERE, TOP, read, steps, tool
from house import wait_for

# Nobody logs in there, and nothing of it may wait for a network.
MADE = """
set -e
if [ -n "$2" ]; then
    uri=$(sed -n 's/^URIs: //p' "$1/etc/apt/sources.list.d/debian.sources" | head -n 1)
    echo "deb $uri $2 main" >"$1/etc/apt/sources.list"
    chroot "$1" apt-get update -qq
fi
chroot "$1" apt-get install -y -qq --no-install-recommends ${2:+-t "$2"} \\
    systemd systemd-sysv dbus
chroot "$1" apt-get install -y -qq --no-install-recommends /package/first.deb
"""
# Debian 12 has 252; its backports one that knows Type=notify-reload.
RELEASES = {"252": "", "254": "bookworm-backports"}
# How it ends is how the machine ends, and with it systemd-nspawn.
UNIT = """
[Unit]
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/package/units.sh
StandardOutput=file:/package/said
StandardError=inherit
TimeoutStartSec=10min
"""
# /run is its own: it leaves folders there. Where systemd runs it asks that for
# a branch of the tree of cgroups; where not, the branch was made here. The
# bridge confines itself by Landlock, which containers are denied elsewhere.
BOOT = """
root=$1 keep=$2
shift 2
mount -t tmpfs none /run
for branch; do
    echo $$ >"$branch/cgroup.procs" || exit 77
done
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --boot \\
    --directory="$root" --machine=leadbridge-test --register=no $keep \\
    --private-network --private-users=no --link-journal=no --console=pipe \\
    --resolv-conf=off --timezone=off \\
    --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self"
"""
STEPS = ["install", "five-minutes", "ready", "place", "journal", "reload",
         "fault", "stuck", "drain", "socket", "upgrade", "purge", "by-hand",
         "to-the-package", "done"]


def five_minutes():
    """The lines of README.md for who runs machines, from the mapping on."""
    block = re.search(r"\*\*You run machines\.\*\*.*?\n\n((?:    .*\n)+)",
                      read(TOP, "README.md"))[1]
    lines = [line.strip() for line in block.splitlines()]
    assert lines[1].startswith("apt install ./build/leadbridge_")
    kept = [line.replace("; journalctl -fu leadbridge", "")
            for line in lines[2:] if not line.startswith("editor ")]
    assert len(kept) == 4 and kept[-1] == "systemctl enable --now leadbridge"
    return "\n".join(kept) + "\n"


def doctor():
    [line] = re.findall(r"^    (runuser .* leadbridge doctor .*)$",
                        read(TOP, "deploy/README.md"), re.M)
    return line


def machine(debian, root, deb, newer, systemd):
    """A copy of a Debian, with the package in it and units.sh for a service."""
    subprocess.run(["cp", "-a", debian, root], check=True, timeout=120)
    package = root / "package"
    package.mkdir()
    shutil.copy(deb, package / "first.deb")
    shutil.copy(newer, package / "newer.deb")
    for path in (HERE + "/units.sh", HERE + "/steps.sh",
                 TOP + "/deploy/leadbridge.service"):
        shutil.copy(path, package)
    (package / "readme").write_text(five_minutes())
    (package / "doctor").write_text(doctor())
    done = subprocess.run(["unshare", "--mount", "--propagation", "private",
                           "sh", "-c", MADE, "sh", root, RELEASES[systemd]],
                          text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=600)
    assert done.returncode == 0, done.stdout
    assert f"systemd ({systemd}." in done.stdout
    units = root / "etc/systemd/system"
    (units / "units-test.service").write_text(UNIT)
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "units-test.service").symlink_to("../units-test.service")


def branches():
    """Folders for a branch of its own in each tree of cgroups that systemd
    would use, where no systemd keeps them."""
    if os.path.isdir("/run/systemd/system"):
        return []
    with open("/proc/self/cgroup") as f:
        own = {names: path.strip().lstrip("/") for _, names, path in
               (line.split(":", 2) for line in f)}
    found = []
    with open("/proc/mounts") as f:
        for _, at, kind, options, *_ in map(str.split, f):
            if kind == "cgroup2":
                tree = own.get("")
            elif kind == "cgroup" and "name=systemd" in options:
                tree = own.get("name=systemd")
            else:
                continue
            if tree is not None:
                found.append(os.path.join(at, tree,
                                          f"leadbridge-test-{os.getpid()}"))
    return found


def remove(branch):
    """Not before the last process of it is gone, which is soon."""
    for folder, _, _ in os.walk(branch, topdown=False):
        wait_for(lambda: not read(folder, "cgroup.procs"),
                 what="the end of " + folder)
        os.rmdir(folder)


@pytest.fixture
def own_branches():
    made = []
    try:
        for folder in branches():
            os.mkdir(folder)
            made.append(folder)
        yield made
    except OSError as e:
        pytest.skip(f"no branch of the tree of cgroups: {e}")
    finally:
        for folder in made:
            remove(folder)


def boot(root, made, timeout):
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         BOOT, "sh", root, "--keep-unit" if made else "", *made],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=timeout)


@pytest.mark.long
@pytest.mark.parametrize("systemd", RELEASES)
def test_the_units_at_work(own_branches, debian, deb, newer, tmp_path, figure,
                           systemd):
    tool("systemd-nspawn")
    root = tmp_path / "machine"
    machine(debian, root, deb, newer, systemd)
    done = boot(root, own_branches, 900)
    if not os.path.exists(root / "package/said"):
        pytest.skip("systemd does not boot here: " + done.stdout[-400:])
    said = read(root, "package/said")
    shutil.rmtree(root, ignore_errors=True)
    assert done.returncode == 0, said
    assert steps(said) == STEPS
    for line in re.findall(r"^\d+ webhooks meanwhile.*$", said, re.M):
        figure(line)
