"""tests/e2e/pages.py - the blocks of the README files and operator's pages.

    for b in blocks("certs/README.md"):
        b.kind      "sh", "cfg" ..., or "": the word behind ```
        b.lines     commands, continued ones joined, without comments
"""

import glob
import os
import re

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
# What a block of commands begins with, where it does not say that it is one.
COMMAND = (r"(\(?(umask|cd|cp|install|apt|docker|gdb|cmake|ninja|ctest|openssl"
           r"|systemctl|journalctl|curl|export|leadbridge|valgrind|python3)\b"
           r"|\.?/?(deploy|tests|build\S*)/|[A-Z_]+=\S+ |#!)")


def pages():
    """All pages, by their paths below the top."""
    return sorted(os.path.relpath(p, TOP) for p in
                  glob.glob(TOP + "/**/*.md", recursive=True)
                  if "/build" not in p and not p.endswith("CHANGELOG.md"))


def read(page):
    with open(os.path.join(TOP, page)) as f:
        return f.read()


class Block:
    def __init__(self, page, kind, text):
        self.page, self.kind = page, kind
        margin = min(len(line) - len(line.lstrip()) for line in
                     text.splitlines() if line.strip())
        self.text = "".join(line[margin:] + "\n" for line in
                            text.splitlines()).strip("\n") + "\n"

    @property
    def is_commands(self):
        return self.kind == "sh" or (
            self.kind == "" and re.match(COMMAND, self.text) is not None)

    @property
    def lines(self):
        text = re.sub(r"\s+#[^\n!]*$", "", self.text, flags=re.M)
        text = re.sub(r"(\\|(?<=\|))\n\s*", " ", text)
        return [line.strip() for line in text.splitlines() if line.strip()]


def blocks(page):
    """Fenced ones, and those that are indented behind an empty line."""
    text = read(page)
    fence = re.compile(r"^ *```(\w*)\n(.*?)^ *```\n", re.M | re.S)
    found = [Block(page, kind, body) for kind, body in fence.findall(text)]
    indented = re.compile(r"(?<=\n\n)((?: {4,}\S.*\n)+)")
    return found + [Block(page, "", body) for body in
                    indented.findall(fence.sub("", text))]
