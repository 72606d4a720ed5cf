"""What the README files point at is there."""

import glob
import os
import re

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
READMES = sorted(
    os.path.relpath(p, TOP) for p in
    glob.glob(TOP + "/**/*.md", recursive=True) if "/build" not in p)


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


@pytest.mark.parametrize("path", READMES)
def test_its_links_lead_somewhere(path):
    here = os.path.dirname(os.path.join(TOP, path))
    for target in re.findall(r"\]\(([^)\s]+)\)", read(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        where = os.path.normpath(os.path.join(here, file)) if file else \
            os.path.join(TOP, path)
        assert os.path.exists(where), (path, target)
        if anchor:
            heads = re.findall(r"^#+ (.*)$", read(where), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", h).lower()
                              .replace(" ", "-") for h in heads], target


def test_how_to_add_points_at_files():
    """Each anatomy names real ones: those of bridge/, or of the tree."""
    text = read("bridge/README.md").split("## How to add")[1]
    paths = re.findall(r"`([\w*.-]+(?:/[\w*.-]+)+)`", text)
    assert len(paths) > 20
    for path in paths:
        assert glob.glob(os.path.join(TOP, "bridge", path)) or \
            glob.glob(os.path.join(TOP, path)), path


@pytest.mark.parametrize("kind,word", [
    ("a transform", "transforms_slug"), ("a scheme", "SCHEME_BASIC"),
    ("a verb", "verb_schema")])
def test_how_to_add_names_every_file_that_the_example_is_in(kind, word):
    """Whoever follows it to the letter has it all."""
    text = read("bridge/README.md").split("## How to add")[1]
    one = re.search(rf"\n- \*\*{kind}\*\*(.*?)\n- \*\*", text, re.S)[1]
    named = {found for path in re.findall(r"`([\w*./-]+)`", one)
             for found in glob.glob(os.path.join(TOP, "bridge", path))}
    holding = [path for path in glob.glob(TOP + "/bridge/*/*.[ch]")
               if re.search(rf"\b{word}\b", read(path))]
    assert holding
    assert set(holding) <= named, (kind, set(holding) - named)


def test_the_words_of_how_to_add_are_in_those_files():
    """A verb, a transform and a scheme that the page calls small examples."""
    assert "console_verb_schema" in read("bridge/README.md")
    assert "verb_schema" in read("bridge/console/console.c")
    assert '"slug"' in read("bridge/mapping/mapping_transform_slug.c")
    assert '{ "basic", SCHEME_BASIC }' in read("bridge/verify/verify_options.c")


def threats():
    """(who, shown by) of the table of README's section "Security"."""
    text = read("README.md").split("\n## Security\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines()
            if line.startswith("| ")][1:]
    assert len(rows) > 8 and all(len(row) == 4 for row in rows)
    return [(who, shown) for who, _, _, shown in rows]


@pytest.mark.parametrize("who,shown", threats())
def test_who_is_stopped_is_shown_by_tests_that_are_there(who, shown):
    """`tests/x/test_a.py::test_b`, `test_c.py` beside it, `::test_d` in it."""
    folder = file = ""
    named = re.findall(r"`((?:tests/|test_|::)[^`]*)`", re.sub(
        r"\[([^\]]*)\]\([^)]*\)", r"`\1`", shown))
    assert named, who
    for name in named:
        path, _, function = name.partition("::")
        if path.startswith("tests/"):
            is_file = os.path.isfile(os.path.join(TOP, path))
            folder = os.path.dirname(path) if is_file else path
        if path:
            file = path if "/" in path else folder + "/" + path
        assert os.path.exists(os.path.join(TOP, file)), (who, name)
        if not os.path.isdir(os.path.join(TOP, file)):
            text = read(file)
            assert re.search(rf"^(?:def )?{function or 'test_|main'}",
                             text, re.M), (who, name)
