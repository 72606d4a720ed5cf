"""How the suite runs a command, and in which environment."""

import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
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


def call(*command, env=None, quiet=False, mute=False):
    """Runs a command; returns (exit code, output). Output is shown live
    unless quiet, and then only when the command fails; if mute, never."""
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
            if not quiet and not mute:
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
