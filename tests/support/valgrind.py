"""Unit programs under valgrind: what a sanitizer does not see are values that
were never set. Those of a debug build, where none is set for good measure
(bridge/flags.cmake); and the fuzz targets, each with all of its inputs.
"""

import glob
import os
import re

FOUND = 9  # a program's exit status where valgrind has something to say
# Fair: a thread that spins until another has done something would else have the
# processor for minutes.
COMMAND = ("timeout", "600", "valgrind", "-q", "--fair-sched=yes",
           f"--error-exitcode={FOUND}", "--leak-check=full",
           "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
           "--suppressions=tests/support/valgrind.supp")
LEFT_OUT = re.compile("|".join((
    "base_arena_wipe|delivery_steady|listener_steady",  # a malloc of their own
    "confine_.*",                     # valgrind's calls are not the bridge's
    "decode_xml|listener_buffers",    # a clock decides
    "journal_postgres.*",             # waits for a server
    "upstream_pool",                  # looks into memory that was never set
    # Five seconds to two minutes each.
    "journal_sqlite_(faults|file|keys|late)|upstream_target|verify_public",
)))
# Likewise; but for --long.
LONG = re.compile("base_log|decode_(json|form)|jsonpath_run|"
                  "journal_(copy|front|sqlite)|listener_(records|renew)|"
                  "mapping_(phone_short|transform_time)|"
                  "secrets_keys(_damage)?|trace_ring")


def is_own(code, text):
    """It failed by itself, whatever was found besides: a test that is left
    half-way leaks."""
    return code not in (0, FOUND) or "[  FAILED  ]" in text


def units(top, long):
    """Their targets."""
    for path in sorted(glob.glob(os.path.join(top, "tests/unit/*/test_*.c"))):
        room, part = re.search(r"(\w+)/test_(\w+)\.c$", path).groups()
        name = f"{room}_{part}"
        if not LEFT_OUT.fullmatch(name) and (long or not LONG.fullmatch(name)):
            yield f"test_{name}"


def fuzzers(top):
    return sorted(name[:-2] for name in os.listdir(
        os.path.join(top, "tests/fuzz")) if re.fullmatch(r"fuzz_\w+\.c", name))


def programs(top, long):
    """(target, arguments)"""
    for name in units(top, long):
        yield name, ()
    for name in fuzzers(top):
        yield name, (f"tests/fuzz/corpus/{name}",
                     f"tests/fuzz/regression/{name}")
