#!/usr/bin/python3 -B
"""Looks for faults without running anything; no finding is left open.

    static.py BUILD analyzer|cppcheck|tidy|deep [FILE ...]

BUILD is a folder that cmake configured (clang's for tidy and deep, gcc's for
the others), with compile_commands.json; nothing has to be built in it. FILE:
only these, else all C files of bridge/. `deep` is clang's analyzer: minutes
where the others take seconds. What is found and right is said in the code, by
the tool's own mark, with a reason; what holds everywhere stands below. Exit
status 1: findings.
"""

import functools
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# What headers promise in words; not for the file that keeps the promise.
CONTRACTS = TOP / "tests/static/contracts.h"
KEPT_BY = TOP / "bridge/base/base_fault.c"
# A tool that does not say this of it does not look.
PLANTED = TOP / "tests/static/planted.c"
FOUND = {"analyzer": "analyzer-malloc-leak", "cppcheck": "[memleak]",
         "tidy": "bugprone-suspicious-memset-usage",
         "deep": "clang-analyzer-unix.Malloc"}

CPPCHECK = [
    "cppcheck", "--quiet", "--error-exitcode=1", "--inline-suppr",
    "--enable=warning,performance,portability", "--library=posix",
    "--library=gnu", "--suppress=missingIncludeSystem",
    # NULL is a pointer in every C library this is built with.
    "--suppress=varFuncNullUB",
    # readdir_r is deprecated, and a folder is read by whoever opened it.
    "--suppress=readdirCalled",
    "--template={file}:{line}: {message} [{id}]"]

# Families that find faults in C, less what is a matter of taste there.
TIDY = [
    "-*", "bugprone-*", "cert-*", "misc-redundant-expression", "performance-*",
    "portability-*",
    "-bugprone-assignment-in-if-condition",   # the idiom of every read loop
    "-bugprone-easily-swappable-parameters",  # int after int is no fault
    "-bugprone-implicit-widening-of-multiplication-result",  # of constants
    "-bugprone-narrowing-conversions",        # -Wconversion is an error here
    # _GNU_SOURCE, and a flexible word of the C library.
    "-bugprone-reserved-identifier", "-cert-dcl37-c", "-cert-dcl51-cpp",
    "-cert-err33-c",         # MUST_CHECK marks what has to be looked at
    "-performance-no-int-to-ptr",             # tags kept in a void *
    # A struct of pointers is counted by sizeof(*p) on purpose everywhere.
    "-bugprone-sizeof-expression"]

DEEP = [
    "-*", "clang-analyzer-*",
    # Annex K, which the C library here does not have.
    "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling",
    # The members of a table stand as they are read, not as they pack.
    "-clang-analyzer-optin.performance.Padding"]


def commands(build, only):
    """(file, command) of the C files of bridge/, as the build compiles."""
    with open(build / "compile_commands.json", encoding="utf-8") as f:
        for entry in json.load(f):
            path = Path(entry["file"]).resolve()
            if path.suffix != ".c" or TOP / "bridge" not in path.parents:
                continue
            if not only or path in only:
                yield path, shlex.split(entry["command"])


def contracts(path):
    return [] if path == KEPT_BY else ["-include", str(CONTRACTS)]


def analyzer(build, path, command):
    """gcc -fanalyzer, with the flags the file is built with."""
    command = [word for word in command
               if not word.startswith(("-flto", "-ffat-lto", "-O"))]
    command[command.index("-o") + 1] = "/dev/null"
    # It sees further where little is optimised; fortifying wants more.
    return [*command, "-O1", "-fanalyzer", "-Werror", *contracts(path)]


def clang_tidy(checks, build, path, extra=()):
    return ["clang-tidy-14", "--quiet", "--checks=" + ",".join(checks),
            "--warnings-as-errors=*", "-p", str(build),
            *(f"--extra-arg={word}" for word in extra), str(path)]


def tidy(build, path, command):
    return clang_tidy(TIDY, build, path)


def deep(build, path, command):
    return clang_tidy(DEEP, build, path, contracts(path))


@functools.cache
def queue_h(compiler):
    """sys/queue.h where the compiler finds it: of the system's headers cppcheck
    reads this one alone, or it would take a TAILQ_FOREACH for a call."""
    done = subprocess.run(
        [compiler, "-M", "-include", "sys/queue.h", "-x", "c", "/dev/null"],
        capture_output=True, text=True, check=True)
    return next(word for word in done.stdout.split()
                if word.endswith("/sys/queue.h"))


def cppcheck(build, path, command):
    includes = [word for word in command if word.startswith(("-I", "-D"))]
    return [*CPPCHECK, f"--include={queue_h(command[0])}", *includes, str(path)]


TOOLS = {"analyzer": analyzer, "cppcheck": cppcheck, "tidy": tidy,
         "deep": deep}


def run(build, command):
    done = subprocess.run(command, cwd=build, check=False,
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def finds_planted(build, tool):
    """Whether it finds anything at all, as it is called here."""
    path, command = next(commands(build, None))
    command = [word if Path(word) != path else str(PLANTED)
               for word in command]
    code, text = run(build, TOOLS[tool](build, PLANTED, command))
    return code != 0 and FOUND[tool] in text


def main():
    build, tool, *files = sys.argv[1:]
    build, only = Path(build).resolve(), {Path(f).resolve() for f in files}
    if not finds_planted(build, tool):
        print(f"{tool}: does not find what is wrong in {PLANTED}")
        return 1
    jobs = {path: TOOLS[tool](build, path, command)
            for path, command in commands(build, only)}
    found = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, text in pool.map(lambda path: run(build, jobs[path]),
                                   sorted(jobs)):
            if code != 0:
                found += 1
                print(text, flush=True)
    print(f"{tool}: {len(jobs)} files, findings in {found}")
    return 1 if found or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
