"""tests/run [--fast] [--long] [--only STEP] [--fuzz SECONDS] [--coverage] - installs what is missing, builds
with sanitizers, passes every test, prints a summary.

Steps, in order: format, layers, static (clang-tidy, cppcheck and gcc's analyzer,
without running anything), asan (unit tests and cases), e2e (the same
build, real processes), mappings, faults (that build, broken on purpose),
hostile (bad senders, and the good ones beside them), tsan (threads), clang
(builds, fuzzes for seconds a target), release (demo, hardening, memory under
valgrind), package (the .deb of that build, installed into a copy of this machine that is
thrown away), instructions (a request's, against the figures in tests/bench),
coverage (of bridge/ by the tests from asan to hostile).
What tsan, clang and release build is begun with e2e, at a low priority.
--fast leaves out static, faults, hostile, tsan, clang, release, package,
instructions and coverage.
--long has the long forms of faults and hostile, with a release build; and the
package's: built twice, installed into a Debian made for it; all end-to-end
tests under tsan; clang's analyzer too, and the unit programs of the quiet rooms
under valgrind.
--fuzz 3600 has each fuzz target go on for an hour, two at a time; with --only
clang, nothing else. What it found stays in build-fuzz/new.
A whole run builds what it tests into build-coverage, counts the lines that the
tests run, and fails below the bars in tests/support/coverage.py; --coverage does
so with unit and end-to-end tests alone. Else it is build-asan, without counts.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import coverage

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
FUZZ_SECONDS = 4
LONG = False
# The preset that most steps test, or "coverage": the same, with lines counted.
SANITIZED = "asan"


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


TALLY = Tally()
ENV = dict(
    os.environ,
    ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:strict_string_checks=1",
    UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
    TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions="
    + os.path.join(TOP, "tests/support/tsan.supp"),
    CMOCKA_MESSAGE_OUTPUT="stdout",
)
GCC = dict(ENV, CC="gcc", CXX="g++")


def say(text):
    print(text, flush=True)


def call(*command, env=None, quiet=False):
    """Runs a command; returns (exit code, output). Output is shown live
    unless quiet, and then only when the command fails."""
    out = []
    with subprocess.Popen(
        command,
        cwd=TOP,
        env=env or ENV,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as p:
        for line in p.stdout:
            out.append(line)
            if not quiet:
                print(line, end="", flush=True)
    text = "".join(out)
    if quiet and p.returncode != 0:
        print(text, end="", flush=True)
    return p.returncode, text


# LeakSanitizer's own thread can die while it looks ("Tracer caught signal 11"):
# it reads wrong bounds of the thread-local data of a library that was loaded
# late. That says nothing of leaks, so the command is run once more, without
# that data; a leak is reported in other words.
TRACER_DIED = "LeakSanitizer has encountered a fatal error"


def call_test(*command, **kw):
    """call() for a test, again where only the leak checker failed."""
    code, text = call(*command, **kw)
    if code != 0 and TRACER_DIED in text:
        say("  the leak checker itself failed; once more")
        env = dict(kw.pop("env", None) or ENV, LSAN_OPTIONS="use_tls=0")
        code, text = call(*command, env=env, **kw)
    return code, text


def must(*command, **kw):
    code, text = call(*command, **kw)
    if code != 0:
        say(f"tests/run: {' '.join(command[:4])} ended with {code}")
        finish(1)
    return text


def folder(preset):
    """As CMakePresets.json has it."""
    return os.path.join(TOP,
                        "build" if preset == "package" else f"build-{preset}")


def commands(name, targets):
    """What makes a preset (CMakePresets.json) ready; `targets` may be a
    function, asked once the folder is configured."""
    # What the package is made of is built without tests, but for a few here.
    yield "cmake", "--preset", name, "-DBRIDGE_TESTS=ON"
    if callable(targets):
        targets = targets(folder(name))
    yield "ninja", "-C", folder(name), "--quiet", *targets


BUILT = set()
POOL = ThreadPoolExecutor(1)
AHEAD = {}


def build(name, targets=(), env=None):
    if (name, targets) in BUILT:
        return
    BUILT.add((name, targets))
    if name in AHEAD:
        AHEAD[name].exception()
    for command in commands(name, targets):
        must(*command, env=env, quiet=True)
    if name == "coverage":
        coverage.forget(folder(name))


def build_ahead(name, targets=(), env=None):
    """Beside tests, and only where they leave time. What fails is told by
    build(), which goes on from there."""
    def run():
        for command in commands(name, targets):
            subprocess.run(("nice", "-n", "19", *command), cwd=TOP,
                           env=env or ENV, check=True, capture_output=True)
    AHEAD[name] = POOL.submit(run)


def wait_for_builds():
    for done in AHEAD.values():
        done.exception()


def one(name, *command, env=None):
    """A command that is one test."""
    code, _ = call_test(*command, env=env, quiet=True)
    TALLY.add(passed=code == 0, failed=code != 0)
    say(f"  {'ok  ' if code == 0 else 'FAIL'} {name}")


def ctest(where, *args, env=None):
    code, text = call_test("ctest", "--test-dir", where, "--output-on-failure",
                      "-j", str(os.cpu_count() + 1), *args, env=env,
                      quiet=True)
    m = re.search(r"tests passed, (\d+) tests failed out of (\d+)", text)
    if not m:
        say(text)
        TALLY.add(failed=1)
        return
    failed, total = int(m[1]), int(m[2])
    skipped = skipped_of(where)
    TALLY.add(passed=total - failed, failed=failed, skipped=len(skipped))
    say(f"  {total - failed} of {total} passed")
    for line in skipped:
        say("  skipped within: " + line)


def skipped_of(where):
    """Tests that cmocka skipped inside programs that passed."""
    with open(os.path.join(where, "Testing/Temporary/LastTest.log"),
              errors="replace") as f:
        return sorted(set(re.findall(r"\[  SKIPPED \] ([a-z]\w+)", f.read())))


# Files of tests beside each other, each as a whole: most of them wait.
BESIDE = ("-n", str(2 * os.cpu_count()), "--dist", "loadfile")
# These take minutes: begun first, nobody waits for them at the end.
LONGEST = tuple(f"tests/e2e/test_{name}.py" for name in
                ("tracing", "upstream_names", "listener_scanners",
                 "listener_tls", "verbs_reach"))
# What test_steady counts, a sanitizer does too: it is step release's.
EVERY_E2E = (*LONGEST, "tests/e2e", "--ignore=tests/e2e/test_steady.py")


def pytest(where, *args, env=None):
    env = dict(env or ENV, LEADBRIDGE_BUILD=where, PYTHONDONTWRITEBYTECODE="1")
    code, text = call_test("/usr/bin/python3", "-m", "pytest", "-q", "-x",
                      "-p", "no:cacheprovider", "-rs", *args, env=env)
    found = dict((word, int(n)) for n, word in
                 re.findall(r"(\d+) (passed|failed|skipped|error)", text))
    TALLY.add(found.get("passed", 0),
              found.get("failed", 0) + found.get("error", 0),
              found.get("skipped", 0))
    if code != 0 and not found.get("failed") and not found.get("error"):
        TALLY.add(failed=1)


def step_format():
    one("format", "tests/layers/format.sh", TOP)


def step_layers():
    one("layers", "tests/layers/layers.sh", TOP)


def configured(name, compiler):
    """A folder for whoever reads its compile_commands.json; nothing is built
    in it."""
    must("cmake", "-S", TOP, "-B", folder(name), "-G", "Ninja",
         env=dict(ENV, CC=compiler, CXX=compiler.replace("gcc", "g++").replace(
             "clang", "clang++")), quiet=True)
    return folder(name)


def step_static():
    gcc = configured("static-gcc", "gcc")
    clang = configured("static-clang", "clang-14")
    for tool, where in (("analyzer", gcc), ("cppcheck", gcc), ("tidy", clang),
                        *([("deep", clang)] if LONG else [])):
        one(tool, "tests/static/static.py", where, tool)


def step_asan():
    build(SANITIZED)
    ctest(folder(SANITIZED))


def step_e2e():
    build(SANITIZED)
    pytest(folder(SANITIZED), *BESIDE, *EVERY_E2E)


def step_faults():
    if LONG:
        build("release", ("leadbridge",), GCC)
        pytest(folder("release"), "tests/faults", "--long")
    else:
        build(SANITIZED)
        pytest(folder(SANITIZED), "-n", str(os.cpu_count() + 1), "--dist",
               "loadfile", "tests/faults")


# Who is how late, how much memory and of the processor: nothing runs beside.
MEASURING = ("tests/hostile/test_slow.py", "tests/hostile/test_floods.py")


def step_hostile():
    if LONG:
        build("release", ("leadbridge", "listener_echo", "upstream_probe",
                          "upstream_chain", "verify_timing"), GCC)
        pytest(folder("release"), "tests/hostile", "--long")
    else:
        build(SANITIZED)
        wait_for_builds()
        pytest(folder(SANITIZED), *MEASURING)
        # The hunt wants another build: step release has it.
        pytest(folder(SANITIZED), *BESIDE, "tests/hostile", *[
            f"--ignore={path}" for path in
            (*MEASURING, "tests/hostile/test_secret_hunt.py")])


# Programs that have threads, or share what threads use.
THREADED = "listener|upstream|trace|secrets|verify|sandbox|journal|metrics|base.log"


def threaded(where):
    """What step tsan runs."""
    found = subprocess.run(("ctest", "--test-dir", where, "-N", "-R", THREADED),
                           check=True, capture_output=True, text=True).stdout
    for name in re.findall(r"Test +#\d+: (\S+)", found):
        kind, _, rest = name.partition(".")
        yield rest if kind == "fuzz" else f"test_{kind}_{rest}"
    yield "leadbridge"
    if LONG:
        yield from ("listener_echo", "upstream_probe")


# Where threads have most to do with each other.
BUSY_E2E = tuple(f"tests/e2e/test_{name}.py" for name in
                 ("tracing", "modes", "reload", "bridge", "manager"))

# Its runtime takes a signal where the disk fails, and is too slow for some.
THREADED_E2E = (*EVERY_E2E, "-k", "not write_that_fails and not "
                "disk_that_fails and not slow_readers")


def step_tsan():
    build(*LATER["tsan"])
    # Both wait for half of their time: for each other's sake, at once.
    with ThreadPoolExecutor(1) as pool:
        units = pool.submit(ctest, folder("tsan"), "-R", THREADED)
        pytest(folder("tsan"), *BESIDE, *(THREADED_E2E if LONG else BUSY_E2E))
        units.result()


def fuzzers():
    return sorted(name[:-2] for name in os.listdir(
        os.path.join(TOP, "tests/fuzz")) if re.fullmatch(r"fuzz_\w+\.c", name))


def fuzz(name):
    kept = os.path.join(TOP, "tests/fuzz/corpus", name)
    new = os.path.join(folder("fuzz"), "new", name)
    os.makedirs(new, exist_ok=True)
    one(f"{name} for {FUZZ_SECONDS} s",
        os.path.join(folder("fuzz"), name), new, kept,
        f"-max_total_time={FUZZ_SECONDS}", "-timeout=10",
        # the replays look for leaks, once a program
        "-detect_leaks=0",
        "-rss_limit_mb=2048", f"-artifact_prefix={new}-")


def step_clang():
    build(*LATER["clang"])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fuzz, fuzzers()))


def room_step(room):
    """`--only ROOM`: its unit tests, and what its fuzzers have found."""
    def step():
        build(SANITIZED)
        ctest(folder(SANITIZED), "-R", rf"^({room}\.|fuzz\.fuzz_{room}_)")
    return step


def step_mappings():
    build(SANITIZED)
    program = os.path.join(folder(SANITIZED), "leadbridge")
    code, text = call_test(program, "test", "mappings", quiet=True)
    m = re.search(r"(\d+) passed, (\d+) failed", text)
    if m:
        TALLY.add(int(m[1]), int(m[2]))
    if not m or (code != 0 and m[2] == "0"):
        TALLY.add(failed=1)
    say(f"  {text.strip().splitlines()[-1] if text.strip() else code}")


VALGRIND = ("valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
            "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite")


def rooms(loop):
    """Those of bridge/ROOMS; `loop`: "no" for the ones that wait for nothing,
    "yes" for the others, "" for all."""
    with open(os.path.join(TOP, "bridge/ROOMS")) as f:
        return re.findall(rf"^([a-z]+) +(?:{loop or 'no|yes'}) ", f.read(),
                          re.M)


def quiet_units():
    return tuple(
        f"test_{room}_{name[5:-2]}" for room in rooms("no")
        for name in sorted(os.listdir(os.path.join(TOP, "tests/unit", room)))
        if re.fullmatch(r"test_\w+\.c", name))


def valgrind_units():
    units = quiet_units()
    build("release", units, GCC)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: one(
            f"valgrind {name}", *VALGRIND,
            os.path.join(folder("release"), name)), units))


# Each has a case that the sanitizers' own allocator hides.
ALLOCATING = ("test_base_pool", "test_base_arena_wipe")
MEASURED = ("leadbridge", "bench_instructions", *ALLOCATING)


def build_release():
    """Into the folder of deploy/demo, which is left as it wants it: without
    tests. What they share is compiled once."""
    build("package", MEASURED, GCC)
    must("cmake", "--preset", "package", quiet=True)


def step_release():
    build_release()
    one("deploy/demo", "deploy/demo")
    installed = os.path.join(TOP, "build", "installed")
    one("install", "cmake", "--install", "build", "--prefix", installed)
    one("installed program", os.path.join(installed, "bin", "leadbridge"),
        "test", "mappings")
    pytest(os.path.join(TOP, "build"), "tests/e2e/test_steady.py")
    pytest(os.path.join(TOP, "build"), "tests/static/test_hardening.py")
    one("valgrind demo", *VALGRIND, os.path.join(TOP, "build", "leadbridge"),
        "demo")
    for name in ALLOCATING:
        one(name, os.path.join(folder("package"), name))
    if LONG:
        valgrind_units()
    pytest(os.path.join(TOP, "build"), "tests/hostile/test_secret_hunt.py")


def step_package():
    """What step release built, or builds it likewise."""
    where = os.path.join(TOP, "build")
    must("deploy/packages", "package", quiet=True)
    must("cmake", "--preset", "package", quiet=True)
    must("ninja", "-C", where, "--quiet", quiet=True)
    pytest(where, "tests/package", *(["--long"] if LONG else []))


def step_coverage():
    """Of the steps before."""
    for text, held in coverage.figures(TOP, folder("coverage")):
        TALLY.add(passed=held is True, failed=held is False)
        say("  " + text)


def step_instructions():
    build_release()
    code, text = call("tests/bench/instructions", quiet=True,
                      env=dict(GCC, LEADBRIDGE_BUILD=folder("package")))
    TALLY.add(code == 0, code not in (0, 77), code == 77)
    if code == 0:
        say(text.rstrip())


# What the later steps build: begun beside the tests that mostly wait.
LATER = {
    "tsan": ("tsan", threaded),
    "clang": ("fuzz",),
    "release": ("package", MEASURED, GCC),
}
STEPS = {
    "format": step_format,
    "layers": step_layers,
    "static": step_static,
    "asan": step_asan,
    "e2e": step_e2e,
    "mappings": step_mappings,
    "faults": step_faults,
    "hostile": step_hostile,
    "tsan": step_tsan,
    "clang": step_clang,
    "release": step_release,
    "package": step_package,
    "instructions": step_instructions,
    "coverage": step_coverage,
}
SLOW = ("static", "faults", "hostile", "tsan", "clang", "release", "package",
        "instructions", "coverage")
COUNTED = ("asan", "e2e", "mappings", "coverage")


def finish(code=0):
    say(f"{TALLY.passed} passed, {TALLY.failed} failed, "
        f"{TALLY.skipped} skipped")
    sys.exit(code or (1 if TALLY.failed else 0))


def main():
    global LONG, FUZZ_SECONDS, SANITIZED
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--fast", action="store_true", help="the quick steps only")
    p.add_argument("--only", action="append", metavar="STEP",
                   choices=[*list(STEPS)[:-1], *rooms("")],
                   help="this step, or the unit tests of this room of bridge/\n"
                   "(may be repeated)")
    p.add_argument("--long", action="store_true",
                   help="the long forms of steps that have one")
    p.add_argument("--fuzz", type=int, default=FUZZ_SECONDS, metavar="SECONDS",
                   help="how long each fuzz target goes on (default: "
                   f"{FUZZ_SECONDS})")
    p.add_argument("--coverage", action="store_true",
                   help="which lines unit and end-to-end tests run")
    given = p.parse_args()
    LONG, FUZZ_SECONDS = given.long, given.fuzz
    known = STEPS | {room: room_step(room) for room in rooms("")
                     if given.only and room in given.only}
    steps = {name: step for name, step in known.items()
             if (not given.only or name in given.only)
             and not (given.fast and name in SLOW)
             and not (given.coverage and name not in COUNTED)}
    if "coverage" in steps:
        SANITIZED = "coverage"
    for name, step in steps.items():
        started = time.monotonic()
        say(f"== {name}")
        if name == "e2e":
            for later in (LATER[s] for s in steps if s in LATER):
                build_ahead(*later)
        step()
        say(f"   {time.monotonic() - started:.0f} s")
    finish()


main()
