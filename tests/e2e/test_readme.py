"""Every command of the pages is run, as it stands there.

Blocks marked ```sh are taken line by line, in a folder that holds what the
pages say is there. Blocks that change a machine are played whole, by
test_readme_blocks.py. What builds or tests the whole tree is a step of
tests/run; ELSEWHERE has which. A command that is in none of these is a
failure here.
"""

import base64
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from house import House, typeform_event, wait_for
from pages import TOP, blocks, pages, read

# Run by another step of the suite.
ELSEWHERE = {
    r"\./deploy/demo": "release",
    r"\./tests/run.*": "all of them: this is it",
    r"cmake -S \. -B build .*|ninja -C build": "release",
    r"cmake --install .*": "release",
    r"deploy/packages test; cmake --preset asan; .*": "asan",
    r"ctest .*|build-asan/test_.*": "asan",
    r"build-asan/fuzz_.*": "asan",
    r"LEADBRIDGE_BUILD=\S+ python3 -m pytest .*": "e2e",
    r"gdb .*": "none: a person's",
    r"(LEADBRIDGE_BUILD=\S+ )?tests/faults/run.*": "faults",
    r"(LEADBRIDGE_BUILD=\S+ )?tests/hostile/run.*": "hostile",
    r"tests/bench/instructions": "instructions",
    r"docker run .*": "none: it wants a registry",
    r"tests/bench/run .*|build/bench_journal .*|tests/bench/journal-postgres":
        "none: a measurement",
}
# They go on; and by what one sees that they have begun to.
SERVERS = {"leadbridge run": '"event":"ready"',
           "leadbridge sandbox": "https://localhost:",
           "leadbridge deliveries tail": "^C stops"}


def commands():
    for page in pages():
        for block in blocks(page):
            if block.kind == "sh":
                for line in block.lines:
                    yield page, line


def is_elsewhere(line):
    return any(re.fullmatch(p, line) for p in ELSEWHERE)


def secrets_named():
    """The secrets that the mappings of the tree ask for."""
    names = set()
    for path in glob.glob(TOP + "/mappings/*/mapping.cfg"):
        with open(path) as f:
            names.update(re.findall(
                r'^(?:handshake: \{ )?secret\s*=\s*"([^"]+)"',
                f.read(), re.M))
    return names - {"typeform"}


def secret_for(name):
    """One of its own, as two senders with the same are refused."""
    text = f"a secret of {name} and of nobody else".replace(" ", "-")
    if name in ("standard-webhooks", "svix"):
        return "whsec_" + base64.b64encode(text.encode()).decode()
    return text


KEPT = """
route    = "/hooks/kept";
verify:  { type = "none"; };
upstream = "leadsail";
mode     = "queue";
lead_id  = "{$.lead}";
update:  { detail = "{$.detail}"; };
"""


def keep_one(house):
    """The id of an event that the journal holds."""
    answer = house.send("/hooks/kept", b'{"lead":"lead_2","detail":"x"}',
                        {"Content-Type": "application/json"})
    return answer.json["data"]["delivery"]


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("readme"),
              settings='journal = { url = "memory:"; };')
    shutil.copytree(os.path.join(TOP, "mappings"), h.path("mappings"),
                    dirs_exist_ok=True)
    for name in ("batch", "param", "wide"):
        shutil.rmtree(h.path(f"mappings/{name}"))
    h.write("event.json", typeform_event().decode())
    for name in secrets_named():
        h.write(f"{name}.secret", secret_for(name) + "\n", 0o600)
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    text = text.replace("token    =", "".join(
        f'{name} = {{ file = "{name}.secret"; }};'
        for name in sorted(secrets_named())) + " token    =")
    h.write("leadbridge.cfg", text)
    h.write("mappings/kept/mapping.cfg", KEPT)
    h.start()
    # Loaded, it goes: the commands are about the tree's mappings.
    shutil.rmtree(h.path("mappings/kept"))
    h.delivery = keep_one(h)
    yield h
    h.close()


def test_there_are_commands_to_run():
    assert len([c for c in commands() if not is_elsewhere(c[1])]) > 20


def test_no_block_is_forgotten():
    """Run here, played whole by its first words, or a step of the suite."""
    with open(os.path.join(TOP, "tests/e2e/test_readme_blocks.py")) as f:
        played = re.findall(r'block\(\s*"([^"]+)",\s*"([^"]+)"', f.read())
    assert len(played) > 8
    for page in pages():
        for b in blocks(page):
            if b.is_commands and b.kind != "sh":
                assert any(page == of and b.text.startswith(begins)
                           for of, begins in played) or all(
                    is_elsewhere(line) for line in b.lines), (page, b.text)


def test_what_is_run_elsewhere_is():
    steps = subprocess.run(
        [sys.executable, os.path.join(TOP, "tests/support/suite.py"),
         "--help"], capture_output=True, text=True, check=True).stdout
    lines = [line for page in pages() for b in blocks(page)
             if b.is_commands for line in b.lines]
    for pattern, step in ELSEWHERE.items():
        assert any(re.fullmatch(pattern, line) for line in lines), pattern
        assert ":" in step or re.search(rf"\b{step}\b", steps), step


def test_recipes_name_what_is_there(build):
    """Of tests/README.md: the programs, tests and files are."""
    told = json.loads(subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
        capture_output=True, text=True).stdout)
    tests = [t["name"] for t in told["tests"]]
    programs = {"test_" + name.replace(".", "_") for name in tests} | {
        name.removeprefix("fuzz.") for name in tests}
    seen = 0
    for page, line in ((p, line) for p in pages() for b in blocks(p)
                       if b.is_commands for line in b.lines):
        for name in re.findall(r"build-\w+/((?:test|fuzz)_\w+)", line):
            assert name in programs, (page, line)
            seen += 1
        for of in re.findall(r"^ctest .*-R '?([^' ]+)'?", line):
            assert any(re.search(of, name) for name in tests), line
            seen += 1
        for path in re.findall(r"\btests/[\w/.-]+", line):
            path = path.removesuffix("/NAME")
            assert os.path.exists(os.path.join(TOP, path)), (page, line)
            seen += 1
        for file, word in re.findall(r"(tests/\S+\.py) -k (\w+)", line):
            assert re.search(rf"^def test_\w*{word}", read(file), re.M), line
            seen += 1
    assert seen > 12


INLINE = re.compile(r"(?<!`)`leadbridge ([a-z][^`]*)`(?!`)")


def test_commands_in_a_sentence_are_of_the_program(build):
    """Each `leadbridge VERB --option` has its verb, part and options."""
    usage = {}

    def help_of(verb):
        if verb not in usage:
            done = subprocess.run([os.path.join(build, "leadbridge"), verb,
                                   "--help"], capture_output=True, text=True)
            assert done.returncode == 0, f"there is no verb {verb}"
            usage[verb] = done.stdout
        return usage[verb]

    found = [(page, words.split()) for page in pages()
             for words in INLINE.findall(read(page))]
    assert len(found) > 30
    for page, (verb, *rest) in found:
        text = help_of(verb)
        for option in (w for w in rest if w.startswith("-")):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), (
                page, verb, option)
        if verb in ("deliveries", "journal", "key") and rest and \
                not rest[0].startswith("-"):
            head = text.split("\n\n")[0]
            assert re.search(rf"\b{rest[0]}\b", head), (page, verb, rest)


def serve(house, line, ready, env):
    """What a server's end was, that was told to end when it was ready."""
    path = house.path("server.out")
    with open(path, "w") as out:
        p = subprocess.Popen("exec " + line, shell=True, cwd=house.folder,
                             env=env, stdout=out, stderr=out)

    def said():
        with open(path) as f:
            return f.read()

    try:
        wait_for(lambda: ready in said() or p.poll() is not None, 60, line)
    finally:
        p.terminate()
        code = p.wait(60)
    return code, said()


@pytest.mark.parametrize("path,line", [
    c for c in commands() if not is_elsewhere(c[1])])
def test_the_command_works(house, path, line):
    line = line.replace("https://localhost:8443",
                        f"https://localhost:{house.tls_port}")
    env = dict(os.environ, ID=house.delivery,
               PATH=os.path.dirname(house.program) + ":" + os.environ["PATH"])
    server = [ready for begins, ready in SERVERS.items()
              if line.startswith(begins) and "--make-certs" not in line]
    if server:
        line = line.replace("-c leadbridge.cfg", "-c second.cfg")
        with open(house.path("leadbridge.cfg")) as f:
            text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", f.read())
        house.write("second.cfg", text)
        if "sandbox" in line:
            line += " --listen 127.0.0.1:0"
        code, said = serve(house, line, server[0], env)
        assert code == 0, (path, line, said)
        return
    p = subprocess.run(line, shell=True, cwd=house.folder, env=env,
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, (path, line, p.stdout, p.stderr)
