"""Which lines of bridge/ the tests ran, by room, from a build with
BRIDGE_COVERAGE. Also by hand: coverage.py BUILD lists the lines that did not.

The bars are what the whole holds, not what a file has to: a file below its
room's bar is named, so that one sees where to write a test.
"""

import json
import os
import re
import subprocess
import sys

WHOLE = 90      # per cent of bridge/
QUIET = 95      # per cent of the quiet rooms


def forget(build):
    """What earlier runs counted."""
    for folder, _, files in os.walk(build):
        for name in files:
            if name.endswith(".gcda"):
                os.remove(os.path.join(folder, name))


def quiet_rooms(top):
    """Out of bridge/ROOMS: those whose second word is no."""
    with open(os.path.join(top, "bridge/ROOMS")) as f:
        rows = [line.split() for line in f if line[:1].isalpha()]
    return {row[0] for row in rows if row[1] == "no"}


def of_rooms(top):
    """A filter; gcovr would read a relative one from where it runs."""
    return "--filter", re.escape(top) + "/bridge/.*/"


def lines_of(top, build):
    """{path: (lines that ran, lines)} of each file of a room. What gcov writes
    on the way, it writes where it runs."""
    text = subprocess.run(
        ["gcovr", "-j", str(os.cpu_count()), "--root", top, *of_rooms(top),
         "--json-summary", "--exclude-unreachable-branches", build],
        cwd=build, check=True, capture_output=True, text=True).stdout
    return {f["filename"]: (f["line_covered"], f["line_total"])
            for f in json.loads(text)["files"] if f["line_total"]}


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
    subprocess.run(["gcovr", "--root", top, *of_rooms(top), "--txt", "-",
                    build], cwd=build, check=True)


if __name__ == "__main__":
    missing(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")),
            os.path.abspath(sys.argv[1]))
