"""Which lines of bridge/ the tests ran, by room, from a build with
BRIDGE_COVERAGE. Also by hand: coverage.py BUILD lists the lines that did not.

The bars are what the whole holds, not what a file has to: a file below its
room's bar is named, so that one sees where to write a test.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

WHOLE = 90      # per cent of bridge/
QUIET = 95      # per cent of the quiet rooms


# Between them they have every room; what test programs of the same code have
# counted is added to theirs.
PROGRAMS = "leadbridge", "leadbridge-phone.so"


def forget(build):
    """What earlier runs counted."""
    shutil.rmtree(counts(build), ignore_errors=True)


def counts(build):
    """Where CMakeLists.txt has a program count."""
    return os.path.join(build, "counts")


def quiet_rooms(top):
    """Out of bridge/ROOMS: those whose second word is no."""
    with open(os.path.join(top, "bridge/ROOMS")) as f:
        rows = [line.split() for line in f if line[:1].isalpha()]
    return {row[0] for row in rows if row[1] == "no"}


def export(top, build, *how):
    """What llvm-cov has to say of the rooms."""
    together = os.path.join(counts(build), "all.profdata")
    subprocess.run(["llvm-profdata-14", "merge", "-o", together,
                    *glob.glob(os.path.join(counts(build), "*.profraw"))],
                   check=True)
    program, *others = (os.path.join(build, name) for name in PROGRAMS)
    return subprocess.run(
        ["llvm-cov-14", "export", f"-instr-profile={together}", *how, program,
         *(f"-object={other}" for other in others),
         os.path.join(top, "bridge")],
        check=True, capture_output=True, text=True).stdout


def lines_of(top, build):
    """{path: (lines that ran, lines)} of each file of a room."""
    if not glob.glob(os.path.join(counts(build), "*.profraw")):
        return {}
    files = json.loads(export(top, build, "-summary-only"))["data"][0]["files"]
    return {os.path.relpath(f["filename"], top):
            (f["summary"]["lines"]["covered"], f["summary"]["lines"]["count"])
            for f in files if f["summary"]["lines"]["count"]}


def per_cent(pairs):
    pairs = list(pairs)
    total = sum(n for _, n in pairs)
    return 100 * sum(ran for ran, _ in pairs) / total if total else 100.0


def room_of(path):
    return path.split("/")[1]


def figures(top, build):
    """Yields (text, None), and (text, held) of the two bars."""
    files = lines_of(top, build)
    if not files:
        yield "not a line was counted", False
        return
    quiet = quiet_rooms(top)
    for room in sorted({room_of(p) for p in files}):
        bar = QUIET if room in quiet else WHOLE
        mine = {p: v for p, v in files.items() if room_of(p) == room}
        yield f"{per_cent(mine.values()):5.1f} %  {room}", None
        for path, pair in sorted(mine.items(), key=lambda i: per_cent([i[1]])):
            if per_cent([pair]) < bar:
                yield (f"         {per_cent([pair]):5.1f} %  {path} "
                       f"({pair[1] - pair[0]} lines)"), None
    for name, bar, held in (
            ("quiet rooms", QUIET,
             [v for p, v in files.items() if room_of(p) in quiet]),
            ("bridge/", WHOLE, files.values())):
        got = per_cent(held)
        yield (f"{got:5.1f} %  {name}, of lines; {bar} % is the bar",
               got >= bar)


def missing(top, build):
    """path:line of each that no test ran."""
    path = None
    for line in export(top, build, "-format=lcov").splitlines():
        what, _, rest = line.partition(":")
        if what == "SF":
            path = os.path.relpath(rest, top)
        elif what == "DA" and rest.endswith(",0"):
            print(f"{path}:{rest[:-2]}")


if __name__ == "__main__":
    missing(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")),
            os.path.abspath(sys.argv[1]))
