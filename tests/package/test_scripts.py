"""deploy/demo and deploy/packages, with stubs for what they call: what they
do on a machine that is not as they would like it.
"""

import os
import re
import shutil
import subprocess

import pytest

from conftest import TOP

PACKAGES = os.path.join(TOP, "deploy/packages")


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


# ------------------------------------------------------------------- the demo

@pytest.fixture
def tree(tmp_path):
    """A tree whose programs say what they were asked; its name has a space."""
    top = tmp_path / "a tree"
    (top / "deploy").mkdir(parents=True)
    (top / "build").mkdir()
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    shutil.copy(os.path.join(TOP, "deploy/demo"), top / "deploy")
    script(top / "deploy/packages", "echo packages $1\n")
    script(top / "build/leadbridge", 'echo "leadbridge [$*]"\n')
    for name in ("cmake", "ninja"):
        script(stubs / name, f'echo "{name} [$*]" >&2\n')
    return top


def demo(top, *args):
    path = f"{top.parent}/stubs:{os.environ['PATH']}"
    return subprocess.run([top / "deploy/demo", *args], text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, PATH=path)).stdout


def configured(top, home):
    (top / "build/build.ninja").write_text("")
    (top / "build/CMakeCache.txt").write_text(
        f"CMAKE_HOME_DIRECTORY:INTERNAL={home}\n")


def test_the_demo_takes_a_build_folder_as_it_is(tree):
    configured(tree, tree)
    assert demo(tree, "--x", "y z") == (
        f"packages build\nbuilding\nninja [-C {tree}/build --quiet]\n"
        "leadbridge [demo --x y z]\n")


@pytest.mark.parametrize("what", ["none", "half", "moved", "linked"])
def test_the_demo_configures_what_cannot_be_built(tree, what):
    if what == "half":
        configured(tree, tree)
        (tree / "build/build.ninja").unlink()
    elif what != "none":
        configured(tree, tree.parent / "elsewhere")
    top = tree
    if what == "linked":
        (tree.parent / "link").symlink_to(tree)
        top = tree.parent / "link"
    said = demo(top)
    assert (f"cmake [--fresh -S {tree} -B {tree}/build -G Ninja "
            "-DBRIDGE_TESTS=OFF]\n") in said
    assert said.endswith("leadbridge [demo]\n")


# --------------------------------------------------------------- the packages

# In an overlay of /, so that what it leaves behind is seen and is nobody's.
INSIDE = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount --rbind /dev "$1/root/dev"
rm -f "$1/root/usr/sbin/policy-rc.d"
cp -r "$2" "$1/root/stubs"
shift 2
code=0
chroot "$OVERLAY/root" env PATH="/stubs:$PATH" "$@" || code=$?
echo "ended with $code"
if [ -e "$OVERLAY/root/usr/sbin/policy-rc.d" ]; then echo "policy-rc.d is left"; fi
"""
# gzip is what is missing, as long as nothing was installed.
DPKG_QUERY = """
case "$*" in
*Status*" gzip") [ ! -e /installed ] || echo installed ;;
*Status*) echo installed ;;
*) echo 2.1.12-stable-8+deb12u1 ;;
esac
"""
APT_GET = """
echo "apt-get $* frontend=$DEBIAN_FRONTEND" >&2
case "$*" in
*" update") %s ;;
*) /usr/sbin/policy-rc.d && echo "services start" >&2
   %s ;;
esac
"""


@pytest.fixture
def packages(tmp_path):
    """Runs deploy/packages where apt-get does as it is told."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount an overlay")
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    script(stubs / "dpkg-query", DPKG_QUERY)
    shutil.copy(PACKAGES, stubs / "packages")

    def run(*before, update=":", install="touch /installed", user=()):
        script(stubs / "apt-get", APT_GET % (update, install))
        folder = tmp_path / "overlay"
        folder.mkdir(exist_ok=True)
        prepare = "".join(f"{line}\n" for line in before)
        done = subprocess.run(
            # under nohup a hangup, and in a shell's background an interrupt,
            # would be ignored by all that begin here
            ["env", "--default-signal=HUP,INT",
             "unshare", "--mount", "--propagation", "private", "sh", "-c",
             INSIDE.replace("shift 2\n", "shift 2\n" + prepare), "sh",
             folder, stubs, *user, "/stubs/packages", "package"],
            env=dict(os.environ, OVERLAY=str(folder)), text=True, timeout=300,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if "ended with" not in done.stdout:
            pytest.skip("no overlay of / here: " + done.stdout.strip())
        return done.stdout

    return run


def test_packages_installs_what_is_missing_and_starts_nothing(packages):
    said = packages()
    assert "installing: gzip\n" in said
    assert re.search(r"apt-get .*install -y --no-install-recommends gzip "
                     "frontend=noninteractive", said)
    assert "services start" not in said
    assert said.endswith("ended with 0\n"), said


def test_packages_is_silent_when_nothing_is_missing(packages):
    assert packages('touch "$OVERLAY/root/installed"') == "ended with 0\n"


@pytest.mark.parametrize("signal, code", [("TERM", 143), ("INT", 130),
                                          ("HUP", 143)])
def test_packages_stopped_halfway_leaves_no_policy(packages, signal, code):
    """apt-get runs in a function of the script's: its parent is the script."""
    said = packages(install=f"kill -{signal} $PPID")
    assert said.endswith(f"ended with {code}\n"), said


def test_packages_takes_away_a_policy_that_it_was_killed_with(packages):
    said = packages(install="kill -KILL $PPID; exit 1")
    assert said.endswith("policy-rc.d is left\n")
    kept = ("printf '#!/bin/sh\\n# deploy/packages: nothing is to be started\\n"
            "exit 101\\n' >\"$OVERLAY/root/usr/sbin/policy-rc.d\"")
    assert packages(kept).endswith("ended with 0\n")


def test_packages_keeps_a_policy_of_somebody_else(packages):
    said = packages("echo '#!/bin/sh' >\"$OVERLAY/root/usr/sbin/policy-rc.d\"",
                    'chmod 755 "$OVERLAY/root/usr/sbin/policy-rc.d"')
    assert said.endswith("ended with 0\npolicy-rc.d is left\n"), said


def test_packages_goes_on_with_old_lists(packages):
    said = packages(update="exit 100")
    assert "apt-get update failed" in said
    assert said.endswith("ended with 0\n"), said


def test_packages_says_that_it_could_not_install(packages):
    said = packages(install="echo 'E: no space left' >&2; exit 100")
    assert "E: no space left" in said and "run this again" in said
    assert said.endswith("ended with 3\n"), said


def test_packages_says_that_this_is_another_system(packages):
    said = packages("rm \"$OVERLAY/root/etc/os-release\"",
                    "echo VERSION_CODENAME=noble >\"$OVERLAY/root/etc/os-release\"")
    assert "Debian 12" in said and "Missing: gzip" in said
    assert "apt-get" not in said
    assert said.endswith("ended with 3\n"), said


def test_packages_tells_apt_by_sudo_too_to_ask_nothing(packages, tmp_path):
    """sudo starts what it starts with an environment of its own."""
    script(tmp_path / "stubs/id", "echo 1000\n")
    script(tmp_path / "stubs/sudo", 'exec env -i PATH="$PATH" "$@"\n')
    said = packages()
    assert said.count(" frontend=noninteractive\n") == 2, said
    assert said.endswith("ended with 0\n"), said


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def test_packages_of_nobody_in_particular_asks_for_root(packages):
    said = packages('rm -f "$OVERLAY/root/usr/bin/sudo"', user=NOBODY)
    assert "run as root or with sudo to install: gzip\n" in said
    assert said.endswith("ended with 3\n"), said
