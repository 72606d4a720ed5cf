"""The manual and the shells' completion say what the program's tables say.

Both are made of those tables by the program itself; what is compared here is
the other end: --help, the tables in the sources, the verbs that list things.
"""

import ast
import glob
import json
import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PAGES = {"leadbridge": "1", "leadbridge.cfg": "5", "leadbridge-mapping": "5"}


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def say(build):
    """What a verb prints; it is run once."""
    known = {}

    def said(*args):
        if args not in known:
            known[args] = subprocess.run(
                [os.path.join(build, "leadbridge"), *args], text=True,
                capture_output=True, check=True, timeout=60,
                env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000")).stdout
        return known[args]
    return said


@pytest.fixture(scope="module")
def shown(say):
    """A page as man shows it, its white space made one space each."""
    def show(page):
        text = subprocess.run(
            [tool("mandoc"), "-T", "utf8", "-O", "width=500"], text=True,
            input=say("manual", page), capture_output=True, check=True).stdout
        return " ".join(re.sub(r".\x08", "", text).split())
    return show


def words(text):
    return " ".join(text.split())


def verbs(say):
    return re.findall(r"^  (\w+) ", say("--help"), re.M)


def options(say, verb):
    """(option, value, help) of each option, out of --help."""
    text = say(verb, "--help").split("\nOptions:\n")[1].split("\n\n")[0]
    text = re.sub(r"\n {20,}", "  ", text)      # help on a line of its own
    found = re.findall(
        r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))? {1,}(\S.*)$", text, re.M)
    assert len(found) == len(text.splitlines()), text
    return found


# ----------------------------------------------------------------- the pages

@pytest.mark.parametrize("page", PAGES)
def test_mandoc_has_nothing_to_say(say, page):
    done = subprocess.run([tool("mandoc"), "-T", "lint", "-W", "style"],
                          input=say("manual", page), text=True,
                          capture_output=True)
    # The pages name each other, and are not installed here.
    rest = [line for line in (done.stdout + done.stderr).splitlines()
            if "referenced manual not found: Xr leadbridge" not in line]
    assert rest == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_its_head(say, page):
    head = say("manual", page).splitlines()[:6]
    assert head[:2] == [".Dd November 14, 2023",
                        f".Dt {page.upper()} {PAGES[page]}"]
    assert head[4] == f".Nm {page}"


def test_a_page_that_is_not_there_is_told(build):
    done = subprocess.run([os.path.join(build, "leadbridge"), "manual", "mail"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert all(page in done.stderr for page in PAGES)


def section(say, page, name):
    """The mdoc source of a section."""
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", say("manual", page),
                     re.M | re.S)[1]


def plain(text):
    return (text.replace("\\-", "-").replace("\\(aq", "'")
            .replace("\\(dq", '"').replace("\\&", ""))


def test_every_verb_and_option_is_in_the_page(say, shown):
    assert len(verbs(say)) > 15
    text = shown("leadbridge")
    for verb in verbs(say):
        assert f" {verb} leadbridge {verb} [option ...]" in text, verb
        for letter, name, value, told in options(say, verb):
            row = "".join([f"-{letter}, " if letter else "", f"--{name}",
                           f" {value}" if value else "", " ", words(told)])
            assert row in text, (verb, row)


def test_the_page_has_no_other(say):
    text = section(say, "leadbridge", "VERBS")
    found = dict(re.findall(r'^\.Ss "\\&(\S+)"\n(.*?)(?=^\.Ss |\Z)', text,
                            re.M | re.S))
    assert list(found) == verbs(say)
    for verb, rows in found.items():
        there = [plain(o) for o in
                 re.findall(r"^\.It (?:Fl \w , )?Fl \\-(\S+)", rows, re.M)]
        assert there == [name for _, name, _, _ in options(say, verb)]


def test_the_words_and_examples_of_help_are_in_the_page(say, shown):
    text = shown("leadbridge")
    for verb in verbs(say):
        usage = say(verb, "--help")
        about = usage.split("\n\n", 1)[1].split("\nOptions:\n")[0]
        for part in about.split("\n\n"):
            assert words(part) in text, (verb, part)
        assert words(usage.split("\nFor example:\n")[1]
                     .rsplit("Exit codes", 1)[0]) in text, verb


# -------------------------------------------------- the tables of settings

def tables():
    """(file, table, name, how its help begins) of every row of a table."""
    for path in sorted(glob.glob(TOP + "/bridge/*/*.c")):
        with open(path) as f:
            source = f.read()
        for table, body in re.findall(
                r"const struct setting (\w+)\[\] = \{\n(.*?)\n\};", source,
                re.S):
            for row in re.split(r"(?=\{ ?\.name = \")", body)[1:]:
                name = re.match(r'\{ ?\.name = "(\w+)"', row)[1]
                told = re.search(r'\.help = ("(?:[^"\\]|\\.)*")', row)
                assert told, (path, name)
                yield (os.path.relpath(path, TOP), table, name,
                       ast.literal_eval(told[1]))


def test_every_row_of_every_table_is_in_a_page(shown):
    rows = list(tables())
    assert len(rows) > 80
    text = shown("leadbridge.cfg") + " " + shown("leadbridge-mapping")
    for path, table, name, told in rows:
        assert f" {name} {words(told)}" in text, (
            f"{path}: '{name}' of {table} is in no page: name the table as "
            ".rows of the setting that leads to it")


def test_the_readme_has_every_verb_and_every_setting(say):
    with open(TOP + "/README.md") as f:
        parts = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", f.read(),
                                re.M | re.S))
    rows = {name: re.findall(r"`(\w+)`", " ".join(re.findall(
        r"^\| (`[^|]*) \|", text, re.M))) for name, text in parts.items()}
    assert sorted(rows["Verbs"]) == sorted(verbs(say))
    assert sorted(rows["Settings"]) == sorted(
        name for _, table, name, _ in tables() if table == "program_table")


def items(say, page, *sections):
    return {plain(i) for s in sections for i in re.findall(
        r'^\.It Cm "\\&(.*)"$', section(say, page, s), re.M)}


def test_the_pages_have_no_other_settings(say):
    names = {name for _, _, name, _ in tables()}
    cfg = items(say, "leadbridge.cfg", "SETTINGS")
    route = items(say, "leadbridge-mapping", "THE ROUTE", "SENDERS")
    assert {"listen", "url", "header_timeout"} <= cfg
    assert {"route", "mode", "signature", "challenge", "retries"} <= route
    assert cfg | route == names


def test_defaults_and_ranges_are_told(shown):
    text = shown("leadbridge.cfg")
    assert ("connect_timeout Give up on a connection, TLS handshake included, "
            "after this long. This is a duration between 50ms and 2m; "
            "default: 5s.") in text
    assert "This is one of 1.2, 1.3; default: 1.2." in text
    assert "listen A list of groups" not in text
    assert "This is a list of groups; required." in text


# ------------------------------------------------------ what the verbs list

def test_every_transform_is_in_the_page_with_its_examples(say, shown):
    text = shown("leadbridge-mapping")
    known = json.loads(say("transforms", "--output", "json"))
    for t in known:
        assert f" {t['name']} {words(t['help'])}" in text
        for e in t["examples"]:
            assert f"| {words(e['step'])} " in text
    assert items(say, "leadbridge-mapping", "TRANSFORMS") == {
        t["name"] for t in known}


def test_every_field_of_a_lead_is_in_the_page(say):
    schema = json.loads(say("schema"))
    assert items(say, "leadbridge-mapping", "FIELDS OF A LEAD") == set(
        schema["properties"])


def test_every_sender_is_in_the_page(say):
    known = [line.split()[0] for line in say("senders").splitlines()]
    text = section(say, "leadbridge-mapping", "SENDERS").split(".El")[0]
    assert [plain(s) for s in re.findall(r'^\.Cm "\\&(.*)"$', text, re.M)
            ] == known


def test_what_is_a_mapping_s_own_is_in_the_page(say):
    with open(TOP + "/mappings/README.md") as f:
        readme = f.read()
    there = items(say, "leadbridge-mapping", "THE MAPPING")
    functions = {i for i in there if i.endswith(")")}
    assert len(functions) > 7 and "lead_id" in there - functions
    for name in there:
        assert re.search(rf"\b{name.split('(')[0]}\b", readme), name


# ---------------------------------------------------------------- completion

def complete(say, tmp_path, *line):
    """What a real bash offers for the last word of the line."""
    script = tmp_path / "leadbridge"
    script.write_text(say("completion", "bash"))
    done = subprocess.run(
        [tool("bash"), "--norc", "-uc", """
set -e
source "$1"; shift
complete -p leadbridge >/dev/null       # the function is registered
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_leadbridge leadbridge "${COMP_WORDS[COMP_CWORD]}" || exit 7
printf '%s\\n' "${COMPREPLY[@]}"
""", "bash", script, "leadbridge", *line],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done
    return [line for line in done.stdout.splitlines() if line]


def test_bash_completes_the_verbs(say, tmp_path):
    assert complete(say, tmp_path, "sen") == ["send", "senders"]
    assert complete(say, tmp_path, "") == [
        *verbs(say), "help", "--help", "--version"]
    assert complete(say, tmp_path, "help", "") == verbs(say)


def test_bash_completes_the_options_of_every_verb(say, tmp_path):
    for verb in verbs(say):
        assert complete(say, tmp_path, verb, "--") == [
            f"--{name}" for _, name, _, _ in options(say, verb)], verb


def test_bash_completes_values_and_arguments(say, tmp_path):
    os.mkdir(tmp_path / "folder")
    (tmp_path / "file.cfg").write_text("")
    (tmp_path / "two words.cfg").write_text("")
    assert complete(say, tmp_path, "map", "--output", "j") == ["json"]
    assert complete(say, tmp_path, "run", "-c", "fi") == ["file.cfg"]
    assert complete(say, tmp_path, "run", "-c", "tw") == ["two words.cfg"]
    assert complete(say, tmp_path, "demo", "--dir", "") == ["folder"]
    assert complete(say, tmp_path, "deliveries", "--lead", "f") == []
    assert complete(say, tmp_path, "deliveries", "e") == ["export"]
    assert complete(say, tmp_path, "transforms", "phon") == ["phone"]
    assert complete(say, tmp_path, "senders", "typef") == ["typeform"]
    assert sorted(complete(say, tmp_path, "check", "f")) == [
        "file.cfg", "folder"]
    assert complete(say, tmp_path, "manual", "leadbridge.") == [
        "leadbridge.cfg"]


def test_zsh_completes_the_same(say, tmp_path):
    """Its own parser of specifications reads each of them."""
    script = tmp_path / "_leadbridge"
    script.write_text(say("completion", "zsh"))
    for verb in verbs(say):
        done = subprocess.run(
            [tool("zsh"), "-fc", """
source "$1"
_arguments() { print -rl -- "$@" }
words=(leadbridge "$2" --); CURRENT=3
_leadbridge
""", "zsh", script, verb], capture_output=True, text=True)
        assert done.stderr == "", done
        given = re.findall(r"^(?:\(.*\)|\*)?--([\w-]+)\[", done.stdout, re.M)
        assert given == [name for _, name, _, _ in options(say, verb)], verb


def test_a_shell_that_is_not_known_is_told(build):
    done = subprocess.run(
        [os.path.join(build, "leadbridge"), "completion", "fish"],
        capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "bash or zsh" in done.stderr
