"""tests/run [--fast] [--long] [--only STEP] [--fuzz SECONDS] [--coverage] - installs what is missing, builds
with sanitizers, passes every test, prints a summary.

Steps, in order: format, layers, asan (unit tests and cases), e2e (the same
build, real processes), mappings, faults (that build, broken on purpose),
hostile (bad senders, and the good ones beside them), tsan (unit and end-to-end
tests of what has threads), fuzz (seconds a target), release (demo, hardening,
the demo under valgrind), package (the .deb of that build, installed into a copy
of this machine that is thrown away), instructions (a request's, against the
figures in tests/bench), valgrind (unit programs of a debug build, and what the
fuzz targets were ever given), static (clang-tidy, cppcheck and gcc's analyzer,
without running anything), coverage (of bridge/ by the tests from asan to
hostile).
What tsan, fuzz, release and valgrind build, and what valgrind and static look
at, is begun with asan, where its tests leave time; their steps tell of it.
--fast leaves out faults, hostile, tsan, fuzz, release, package, instructions,
valgrind, static and coverage.
--long has the long forms of faults and hostile, with a release build; and the
package's: built twice, installed into a Debian made for it; clang's analyzer
too, and slower unit programs under valgrind.
--fuzz 3600 has each fuzz target go on for an hour, two at a time; with --only
fuzz, nothing else. What it found stays in build-fuzz/new.
A whole run builds what it tests into build-coverage, counts the lines that the
tests run, and fails below the bars in tests/support/coverage.py; --coverage does
so with unit and end-to-end tests alone. Else it is build-asan, without counts.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import beside
import coverage
import valgrind
from running import ENV, GCC, TOP, call, call_test, say

FUZZ_SECONDS = 3
LONG = False
# The preset that most steps test, or "coverage": the same by clang, with lines
# counted.
SANITIZED = "asan"


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


TALLY = Tally()


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


# Each build for tests links some 170 programs: gold, where binutils has it,
# takes half of ld's time. What is shipped or measured is linked as by a user.
SHIPPED = ("package", "release")
QUICK_LINKS = [f"-DCMAKE_{kind}_LINKER_FLAGS=-fuse-ld=gold" for kind in
               ("EXE", "MODULE")] if shutil.which("ld.gold") else []


def commands(name, targets):
    """What makes a preset (CMakePresets.json) ready; `targets` may be a
    function, asked once the folder is configured."""
    # What the package is made of is built without tests, but for a few here.
    yield ("cmake", "--preset", name, "-DBRIDGE_TESTS=ON",
           *(() if name in SHIPPED else QUICK_LINKS))
    if callable(targets):
        targets = targets(folder(name))
    yield "ninja", "-C", folder(name), "--quiet", *targets


BUILT = set()


def build(name, targets=(), env=None):
    if (name, targets) in BUILT:
        return
    BUILT.add((name, targets))

    def now():
        for command in commands(name, targets):
            must(*command, env=env, quiet=True)

    beside.result(f"build {name}", now)
    if name == "coverage":
        coverage.forget(folder(name))


def build_beside(name, targets=(), env=None):
    def run():
        for command in commands(name, targets):
            subprocess.run(command, cwd=TOP, env=env or ENV, check=True,
                           capture_output=True)

    beside.begin(f"build {name}", run)


def attempt(name, *command, env=None):
    """A command that is one test; tell() says what came of it."""
    return name, *call_test(*command, env=env, mute=True)


def tell(name, code, text):
    if code != 0:
        print(text, end="", flush=True)
    TALLY.add(passed=code == 0, failed=code != 0)
    say(f"  {'ok  ' if code == 0 else 'FAIL'} {name}")


def one(name, *command, env=None):
    tell(*attempt(name, *command, env=env))


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
# These take longest: begun first, nobody waits for them at the end.
LONGEST = tuple(f"tests/e2e/test_{name}.py" for name in
                ("tracing_trouble", "upstream_names", "modes",
                 "deliveries_refused", "listener_scanners", "keys",
                 "listener_clients", "waiting", "doctor", "new_from",
                 "listener_limits", "verbs_reach", "bridge", "reload",
                 "deploy", "tracing", "listener"))
# What test_steady counts, a sanitizer does too: it is step release's.
EVERY_E2E = (*LONGEST, "tests/e2e", "--ignore=tests/e2e/test_steady.py")


def pytest(where, *args, env=None):
    env = dict(env or ENV, LEADBRIDGE_BUILD=where, PYTHONDONTWRITEBYTECODE="1")
    code, text = call_test("/usr/bin/python3", "-m", "pytest", "-q",
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


def look_at_code():
    gcc = configured("static-gcc", "gcc")
    clang = configured("static-clang", "clang-14")
    return [attempt(tool, "tests/static/static.py", where, tool)
            for tool, where in (("analyzer", gcc), ("cppcheck", gcc),
                                ("tidy", clang),
                                *([("deep", clang)] if LONG else []))]


def step_static():
    for done in beside.result("static", look_at_code):
        tell(*done)


def step_asan():
    build(SANITIZED)
    begin_later()
    ctest(folder(SANITIZED))


def step_e2e():
    build(SANITIZED)
    begin_later()
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
        with beside.nothing():
            pytest(folder(SANITIZED), *MEASURING)
        # The hunt wants another build: step release has it.
        pytest(folder(SANITIZED), *BESIDE, "tests/hostile", *[
            f"--ignore={path}" for path in
            (*MEASURING, "tests/hostile/test_secret_hunt.py")])


# Programs that have threads. What has none is not made to look for races.
THREADED = (r"^((listener|upstream|trace|sandbox|journal|metrics)\.|base\.(log|"
            r"pool|thread)$|mapping\.(mapping_limits|transform_people)$)")


def threaded(where):
    """What step tsan runs."""
    found = subprocess.run(("ctest", "--test-dir", where, "-N", "-R", THREADED),
                           check=True, capture_output=True, text=True).stdout
    for room, part in re.findall(r"Test +#\d+: (\w+)\.(\w+)", found):
        yield f"test_{room}_{part}"
    yield from ("leadbridge", "listener_echo", "upstream_probe")


# Verbs that work alone, and files that no program runs for.
WITHOUT_THREADS = tuple(f"tests/e2e/test_{name}.py" for name in
                        ("beside", "check", "check_tls", "console_kinds",
                         "coverage", "docs", "explain", "kubernetes", "manual",
                         "new_from", "presets", "senders", "transforms",
                         "verbs_reach"))
# Its runtime takes a signal where the disk fails, has memory of its own where
# the bridge's is measured, and is too slow for some.
THREADED_E2E = (*(path for path in EVERY_E2E if path not in WITHOUT_THREADS),
                *(f"--ignore={path}" for path in WITHOUT_THREADS),
                "-k", "not write_that_fails and not disk_that_fails and not "
                "slow_readers and not takes_no_memory and not "
                "memory_is_bounded and not leave_nothing_behind and not "
                "said_to_be_long")


def step_tsan():
    build(*BUILDS["tsan"])
    # All wait for most of their time: for each other's sake, at once.
    with ThreadPoolExecutor(1) as pool:
        units = pool.submit(ctest, folder("tsan"), "-R", THREADED)
        pytest(folder("tsan"), *BESIDE, *THREADED_E2E)
        units.result()


def fuzz(name):
    kept = os.path.join(TOP, "tests/fuzz/corpus", name)
    new = os.path.join(folder("fuzz"), "new", name)
    os.makedirs(new, exist_ok=True)
    one(f"{name} for {FUZZ_SECONDS} s",
        os.path.join(folder("fuzz"), name), new, kept,
        f"-max_total_time={FUZZ_SECONDS}",
        # an input that hangs; not a machine that stands still
        "-timeout=60",
        # the replays look for leaks, once a program
        "-detect_leaks=0",
        "-rss_limit_mb=2048", f"-artifact_prefix={new}-")


def fuzz_targets(where):
    return valgrind.fuzzers(TOP)


def step_fuzz():
    build(*BUILDS["fuzz"])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fuzz, valgrind.fuzzers(TOP)))


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


def rooms():
    """Those of bridge/ROOMS."""
    with open(os.path.join(TOP, "bridge/ROOMS")) as f:
        return re.findall(r"^([a-z]+) +(?:no|yes) ", f.read(), re.M)


def valgrind_targets(where):
    return [name for name, _ in valgrind.programs(TOP, LONG)]


def under_valgrind(program):
    name, args = program
    return attempt(f"valgrind {name}", *valgrind.COMMAND,
                   os.path.join(folder("debug"), name), *args)


def look_at_memory():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        programs = list(valgrind.programs(TOP, LONG))
        return list(zip(programs, pool.map(under_valgrind, programs)))


def step_valgrind():
    build(*BUILDS["valgrind"])
    clean = 0
    for program, done in beside.result("valgrind", look_at_memory):
        if valgrind.is_own(*done[1:]):
            # Who waits got no time beside others.
            done = under_valgrind(program)
        if done[1] != 0:
            tell(*done)
        else:
            clean += 1
    TALLY.add(passed=clean)
    say(f"  {clean} programs are clean")


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
    one("valgrind demo", *valgrind.COMMAND,
        os.path.join(TOP, "build", "leadbridge"), "demo")
    for name in ALLOCATING:
        one(name, os.path.join(folder("package"), name))
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


# What later steps build and look at, begun beside the tests that mostly wait,
# in this order.
BUILDS = {
    "tsan": ("tsan", threaded),
    "fuzz": ("fuzz", fuzz_targets),
    "release": ("package", MEASURED, GCC),
    "valgrind": ("debug", valgrind_targets, GCC),
}
LOOKS = {"valgrind": look_at_memory, "static": look_at_code}
ASKED = set()


def begin_later():
    for step in BUILDS:
        if step in ASKED:
            build_beside(*BUILDS[step])
    for step in LOOKS:
        if step in ASKED:
            beside.begin(step, LOOKS[step])


STEPS = {
    "format": step_format,
    "layers": step_layers,
    "asan": step_asan,
    "e2e": step_e2e,
    "mappings": step_mappings,
    "faults": step_faults,
    "hostile": step_hostile,
    "tsan": step_tsan,
    "fuzz": step_fuzz,
    "release": step_release,
    "package": step_package,
    "instructions": step_instructions,
    "valgrind": step_valgrind,
    "static": step_static,
    "coverage": step_coverage,
}
SLOW = ("faults", "hostile", "tsan", "fuzz", "release", "package",
        "instructions", "valgrind", "static", "coverage")
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
                   choices=[*list(STEPS)[:-1], *rooms()],
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
    known = STEPS | {room: room_step(room) for room in rooms()
                     if given.only and room in given.only}
    steps = {name: step for name, step in known.items()
             if (not given.only or name in given.only)
             and not (given.fast and name in SLOW)
             and not (given.coverage and name not in COUNTED)}
    if "coverage" in steps:
        SANITIZED = "coverage"
    ASKED.update(steps)
    for name, step in steps.items():
        started = time.monotonic()
        say(f"== {name}")
        step()
        say(f"   {time.monotonic() - started:.0f} s")
    finish()


try:
    main()
finally:
    beside.forget()
