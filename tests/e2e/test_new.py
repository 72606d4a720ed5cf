"""leadbridge new: a folder for every sender, right from the start."""

import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest

from house import House

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# They sign with a key that only they have.
UNSIGNED = {"discord", "standard-webhooks-ed25519"}


def presets():
    return sorted(os.path.basename(p)[:-4] for p in
                  glob.glob(TOP + "/mappings/senders/*.cfg"))


def folders():
    return sorted(os.path.basename(os.path.dirname(p)) for p in
                  glob.glob(TOP + "/mappings/*/mapping.cfg"))


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("new"))
    yield h
    h.close()


def read(path):
    with open(path) as f:
        return f.read()


def proof_of(preset):
    text = read(f"{TOP}/mappings/senders/{preset}.cfg")
    if re.search(r'^type\s*=\s*"basic"', text, re.M):
        return "header", "Authorization"
    return re.search(r'^signature\s*=\s*"(\w+):([^",]+)', text, re.M).groups()


def test_the_presets_are_those_the_program_knows(house):
    out, _ = house.run("senders", "--output", "json")
    assert sorted(s["name"] for s in json.loads(out)) == presets()


@pytest.mark.parametrize("name", sorted(set(presets()) | set(folders())))
def test_a_new_folder_passes_check_and_test(house, name):
    out, _ = house.run("new", name, f"made/{name}")
    made = out.split()
    assert f"made/{name}/mapping.cfg" in made
    house.run("check", f"made/{name}/mapping.cfg")
    out, _ = house.run("test", f"made/{name}")
    assert re.search(r"^[1-9]\d* passed, 0 failed$", out, re.M)
    for path in made:
        if path.endswith(".http"):
            assert path.replace(".http", ".expected.json") in made


@pytest.mark.parametrize("name", folders())
def test_a_mapping_of_the_tree_comes_as_it_is(house, name):
    out, _ = house.run("new", name, f"same/{name}")
    for path in out.split():
        assert read(house.path(path)) == read(
            f"{TOP}/mappings/{name}/{path.split('/', 2)[2]}"), path


@pytest.mark.parametrize("name", sorted(set(presets()) - set(folders())))
def test_the_samples_carry_the_senders_proof(house, name):
    _, err = house.run("new", name, f"proof/{name}")
    text = read(house.path(f"proof/{name}/samples/contact.http"))
    head, _ = text.split("\n\n", 1)
    assert ("not signed" in err) == (name in UNSIGNED)
    place, field = proof_of(name)
    if name in UNSIGNED:
        assert field.lower() not in head.lower()
    elif place == "query":
        assert f"?{field}=" in head.split("\n")[0]
    else:
        assert place == "header"
        assert re.search(rf"^{re.escape(field)}: \S", head, re.M | re.I), head
    mapping = read(house.path(f"proof/{name}/mapping.cfg"))
    assert f'sender   = "{name}"' in mapping
    assert f'route    = "/hooks/{name}"' in mapping


@pytest.mark.parametrize("name, sample", [
    ("zendesk", "contact"), ("github", "labeled"), ("svix", "form-submitted")])
def test_a_running_bridge_takes_the_new_mapping(build, tmp_path, name, sample):
    """The settings around it: its secret and upstream, and it is sent."""
    h = House(build, tmp_path)
    try:
        h.run("new", name)
        secret = ("whsec_dGVzdF9zZWNyZXRfMDEyMzQ1Njc4OWFi" if name == "svix"
                  else "test_secret_0123456789")
        h.write("new.secret", secret + "\n", 0o600)
        h.write("leadbridge.cfg", read(h.path("leadbridge.cfg")).replace(
            "token    =", f'{name} = {{ file = "new.secret"; }}; token ='))
        h.run("check", "-c", "leadbridge.cfg")
        h.start()
        sample = h.path(f"mappings/{name}/samples/{sample}.http")
        h.run("send", "-c", "leadbridge.cfg", "--to",
              f"http://127.0.0.1:{h.port}", f"mappings/{name}", sample)
    finally:
        h.close()


def test_nothing_is_ever_overwritten(house):
    house.write("kept/notes.txt", "mine\n")
    _, err = house.run("new", "github", "kept", code=3)
    assert "kept: is there already and has something in it" in err
    assert os.listdir(house.path("kept")) == ["notes.txt"]
    assert read(house.path("kept/notes.txt")) == "mine\n"
    house.run("new", "slack", "twice")
    before = read(house.path("twice/mapping.cfg"))
    house.run("new", "typeform", "twice", code=3)
    assert read(house.path("twice/mapping.cfg")) == before
    house.write("afile", "x")
    _, err = house.run("new", "slack", "afile", code=3)
    assert "afile: is there already and is no folder" in err


def test_an_empty_folder_is_filled(house):
    os.makedirs(house.path("hollow"))
    out, _ = house.run("new", "slack", "hollow/")
    assert "hollow/mapping.cfg" in out.split()
    house.run("test", "hollow")
    mode = os.stat(house.path("hollow")).st_mode
    assert mode == os.stat(os.path.dirname(house.path("hollow/x"))).st_mode
    assert mode & 0o777 == 0o777 & ~umask()


def umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def test_where_it_cannot_write_it_says_so(house):
    house.write("file", "x")
    _, err = house.run("new", "slack", "file/below", code=3)
    assert "file" in err and "cannot be" in err


@pytest.mark.parametrize("limit", [0, 4096, 20000])
def test_a_write_that_fails_leaves_nothing_behind(house, limit):
    """A disk that is full after so many bytes of a file."""
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    house.write("plain/room.txt", "x")
    house.write("big.json", json.dumps(
        {"lead_id": "l1", "email": "a@b.co", "x": "y" * 30000}))
    before = sorted(os.listdir(house.folder))
    for args in (("typeform", "full/of/it"), ("jotform", "full"),
                 ("--from", "big.json", "full"), ("slack", "plain/full")):
        p = subprocess.run(
            [house.program, "new", *args], cwd=house.folder, text=True,
            capture_output=True, timeout=60, preexec_fn=small_files,
            restore_signals=False)
        if p.returncode == 0:  # it fits: then it is all there
            assert limit > 0
            shutil.rmtree(house.path(args[-1].split("/")[0])
                          if "plain" not in args[-1]
                          else house.path(args[-1]))
            continue
        assert p.returncode == 3 and p.stdout == "", p.stdout
        assert "cannot be written: File too large" in p.stderr
    assert sorted(os.listdir(house.folder)) == before
    assert os.listdir(house.path("plain")) == ["room.txt"]


def test_an_unknown_sender_names_the_nearest(house):
    _, err = house.run("new", "typefrom", code=1)
    assert "did you mean 'typeform'?" in err
    assert not os.path.exists(house.path("mappings/typefrom"))
    house.run("new", code=2)


def test_a_dangling_link_is_not_followed(house):
    os.makedirs(house.path("linked"))
    os.symlink(house.path("elsewhere"), house.path("linked/mapping.cfg"))
    house.run("new", "slack", "linked", code=3)
    assert not os.path.exists(house.path("elsewhere"))
    os.symlink(house.path("elsewhere"), house.path("link"))
    house.run("new", "slack", "link", code=3)
    assert not os.path.exists(house.path("elsewhere"))
