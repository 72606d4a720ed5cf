"""What a disk holds when the power fails (see disk_log.c).

A Diary is read from the log; at(n, ...) is the disk behind its n-th record:
what was synced, and of the rest nothing, all, or any part, down to sectors.
"""

import os
import re
import sqlite3
import struct
import subprocess
import uuid

(OPENED, MADE, WROTE, CUT, SYNC_BEGUN, SYNCED, FOLDER_SYNCED, REPLIED,
 REMOVED) = range(9)
RECORD = struct.Struct("<IIQQ")
SECTOR = 512
HERE = os.path.dirname(os.path.abspath(__file__))


def compiled(folder):
    """The library to preload."""
    out = os.path.join(folder, "disk_log.so")
    subprocess.run(
        ["cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
         "-fPIC", "-o", out, os.path.join(HERE, "disk_log.c")], check=True)
    return out


class File:
    def __init__(self):
        self.data = bytearray()   # as it is read back now
        self.synced = bytearray()  # as it is for good
        self.pending = []         # (offset, bytes) or (length, None)
        self.count = 0            # of all changes so far
        self.begun = {}           # of a sync: the count when it began
        self.exists = False       # for good: its folder was synced since
        self.removed = False      # for good with the folder's next sync

    def change(self, offset, data):
        apply(self.data, offset, data)
        self.pending.append((offset, data))
        self.count += 1

    def sync(self, which):
        """What came after it had begun may not be part of it."""
        done = len(self.pending) - (self.count - self.begun.pop(which))
        for offset, data in self.pending[:max(done, 0)]:
            apply(self.synced, offset, data)
        del self.pending[:max(done, 0)]


def apply(to, offset, data):
    if data is None:
        del to[offset:]
        to.extend(bytes(offset - len(to)))
        return
    if len(to) < offset:
        to.extend(bytes(offset - len(to)))
    to[offset:offset + len(data)] = data


def torn(offset, data, dice):
    """Any of its sectors."""
    for at in range(0, len(data), SECTOR):
        if dice.random() < 0.5:
            yield offset + at, data[at:at + SECTOR]


class Diary:
    def __init__(self, path):
        self.records = []
        with open(path, "rb") as f:
            # The last one may have been cut short by a SIGKILL.
            while len(head := f.read(RECORD.size)) == RECORD.size:
                kind, file, offset, length = RECORD.unpack(head)
                data = f.read(length) if kind in (
                    OPENED, MADE, WROTE, REPLIED, REMOVED) else None
                self.records.append((kind, file, offset, data))

    def walk(self, points):
        """Yields (files by name, promised ids) at each of these points."""
        files, numbers, promised = {}, {}, set()
        points = sorted(points)
        for n, (kind, number, offset, data) in enumerate(self.records):
            while points and points[0] == n:
                points.pop(0)
                yield files, set(promised)
            if kind in (OPENED, MADE):
                name = data.decode()
                if name in files and files[name].removed:
                    del files[name]
                numbers[number] = files.setdefault(name, File())
                if kind == OPENED and not numbers[number].data:
                    numbers[number].exists = True
            elif kind == WROTE:
                numbers[number].change(offset, data)
            elif kind == CUT:
                numbers[number].change(offset, None)
            elif kind == SYNC_BEGUN:
                numbers[number].begun[offset] = numbers[number].count
            elif kind == SYNCED:
                numbers[number].sync(offset)
            elif kind == FOLDER_SYNCED:
                for name in list(files):
                    files[name].exists = True
                    if files[name].removed:
                        del files[name]
            elif kind == REMOVED:
                files[data.decode()].removed = True
            elif kind == REPLIED:
                promised.update(re.findall(
                    r'"delivery":"([0-9a-f-]{36})"', data.decode()))
        for _ in points:
            yield files, set(promised)


def overlaps(diary):
    """How many syncs of a file were under way when it was written to."""
    begun, written = set(), set()
    for kind, number, offset, _ in diary.records:
        if kind == SYNC_BEGUN:
            begun.add((number, offset))
        elif kind == SYNCED:
            begun.discard((number, offset))
        elif kind == WROTE:
            written.update(s for s in begun if s[0] == number)
    return len(written)


def is_gone(f, how, dice):
    """Whether the folder does not know the file."""
    if how == "nothing":
        return not f.exists
    return f.removed and (how == "all" or dice.random() < 0.5)


def disk(files, how, dice):
    """Bytes by name. how: "nothing", "all" or "any" of what is not synced."""
    out = {}
    for name, f in files.items():
        if is_gone(f, how, dice):
            continue
        data = bytearray(f.synced)
        for offset, change in f.pending:
            if how == "nothing":
                break
            if how == "all" or change is None:
                apply(data, offset, change)
                continue
            for at, part in torn(offset, change, dice):
                apply(data, at, part)
        out[name] = bytes(data)
    return out


def put(folder, contents):
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    for name, data in contents.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        os.chmod(f.name, 0o600)


def stored(path):
    """Ids of the deliveries in a journal, which has to be whole."""
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return set()
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        return {str(uuid.UUID(bytes=i)) for i, in
                db.execute("SELECT id FROM item")}
    except sqlite3.OperationalError as e:
        # Cut before the first commit: no table yet.
        assert "no such table" in str(e), e
        return set()
    finally:
        db.close()
