"""A file system of a test's own, in memory, and how to use it up."""

import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, options="size=8m"):
    """Mounted at a folder, which is made where there is none; needs root."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"{options},mode=700", "disk", folder],
        capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip("no file system can be mounted here: " + made.stderr)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    """All the room there is, to the last page."""
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))
