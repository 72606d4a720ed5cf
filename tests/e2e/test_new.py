"""leadbridge new: a folder for every sender, right from the start."""

import glob
import json
import os
import re

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


@pytest.mark.parametrize("name", ["github", "svix"])
def test_a_running_bridge_takes_the_new_mapping(build, tmp_path, name):
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
        sample = h.path(f"mappings/{name}/samples/contact.http")
        h.run("send", "-c", "leadbridge.cfg", "--to",
              f"http://127.0.0.1:{h.port}", f"mappings/{name}", sample)
    finally:
        h.close()


def test_nothing_is_ever_overwritten(house):
    house.write("kept/samples/contact.http", "mine\n")
    _, err = house.run("new", "github", "kept", code=3)
    assert "kept/samples/contact.http: is there already" in err
    assert read(house.path("kept/samples/contact.http")) == "mine\n"
    assert not os.path.exists(house.path("kept/mapping.cfg"))
    house.run("new", "slack", "twice")
    before = read(house.path("twice/mapping.cfg"))
    house.run("new", "typeform", "twice", code=3)
    assert read(house.path("twice/mapping.cfg")) == before


def test_where_it_cannot_write_it_says_so(house):
    house.write("file", "x")
    _, err = house.run("new", "slack", "file/below", code=3)
    assert "file" in err and "cannot be" in err


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
