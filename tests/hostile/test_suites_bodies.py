"""Two public suites of bodies through the bridge and its decoders (rows 11 and
14): what is no JSON is refused, what is JSON is taken or stands in REFUSED;
a form's fields are what the suite says, or the case stands in OTHERWISE."""

import json
import re
import subprocess

import pytest

from house import House
from suites import busboy_cases, json_cases

# A webhook of any content, and nothing to do: 2xx says that it was read.
READ = """
route    = "/hooks/any";
verify:  { type = "none"; };
upstream = "leadsail";
when     = "$.nothing == 'ever'";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""

# What the bridge says of valid JSON that it does not take, and why.
REFUSED = (
    (r"stands twice",
     "two programs read a key that stands twice in two ways"),
)


@pytest.fixture
def reader(build, tmp_path):
    house = House(build, tmp_path, mappings={"any": READ})
    house.start()
    yield house
    assert house.close() == 0


def test_what_is_json_and_what_is_not(reader, figure):
    wrong, count, listed = [], {}, {}
    connection = reader.connect()
    for name, body in json_cases():
        got = reader.send("/hooks/any", body,
                          {"Content-Type": "application/json"},
                          connection=connection)
        if got.headers["Connection"] == "close":
            connection.close()
        kind = name[0]
        taken = 200 <= got.status < 300
        told = "" if taken else " ".join(got.details)
        fine = {"y": taken, "n": got.status in (400, 413, 422),
                "i": taken or got.status in (400, 413, 422)}[kind]
        if kind == "y" and not taken and got.status < 500:
            why = [w for pattern, w in REFUSED if re.search(pattern, told)]
            fine = bool(why)
            for reason in why[:1]:
                listed[reason] = listed.get(reason, 0) + 1
        key = kind + (" taken" if taken else " refused")
        count[key] = count.get(key, 0) + 1
        if not fine:
            wrong.append((name, body[:80], got.status, told))
    connection.close()
    figure(f"{sum(count.values())} bodies, {len(wrong)} wrong: {count}; "
           f"valid and refused: {listed}")
    assert wrong == []
    assert reader.bridge.poll() is None


# ------------------------------------------------------------ forms (row 14)

# What is said of a form that the suite takes; why.
OTHERWISE = (
    (r"a part is form-data|has no Content-Disposition",
     "a part without a name is no field"),
    (r"a header, its name and a colon", "headers are not folded"),
    (r"longer than 8192 bytes", "a part's headers have a ceiling"),
    (r"charset", "of charsets, UTF-8 and latin-1 are read"),
)
AS_IT_CAME = "a file's name is told as it came, and is never a path"


def without_folders(values):
    return [re.split(r"[/\\]", v)[-1] for v in map(str, values)]


def mapping_of(names):
    """A mapping whose custom fields are the form's."""
    fields = '    all = "yes";\n' + "".join(
        f"    f{i} = \"{{$['{name}']{where} | default('')}}\";\n"
        for i, (name, where) in enumerate(names))
    return ('route = "/hooks/any";\nverify: { type = "none"; };\n'
            'upstream = "leadsail";\nlead_id = "lead_1";\n'
            f'update: {{ detail = "d"; customFields: {{\n{fields}}}; }};\n')


def expected_of(expected):
    """([(name, place)], [value]) of what a suite says of fields and files."""
    places, values = [], []
    for e in expected:
        if isinstance(e, list):
            e = {"type": "field", "name": e[0], "val": e[1]}
        name = e["name"].replace("\\", "\\\\").replace("'", "\\'")
        if e["type"] == "field":
            places.append((name, ""))
            values.append(e["val"])
            continue
        places += [(name, ".filename"), (name, ".size")]
        values += [e["info"]["filename"], e["data"] or 0]
    return places, values


def custom_fields(told):
    """Wherever they stand in what `leadbridge map` prints."""
    if isinstance(told, dict):
        return told.get("customFields") or custom_fields(list(told.values()))
    if isinstance(told, list):
        return next(filter(None, map(custom_fields, told)), {})
    return {}


def read_form(build, folder, content_type, body, places):
    """(values, None), or (None, what is said against it)."""
    mapping = folder / "mapping.cfg"
    mapping.write_text(mapping_of(places))
    sample = folder / "sample.http"
    sample.write_bytes(
        b"POST /hooks/any HTTP/1.1\r\nHost: a\r\nContent-Type: " +
        content_type.encode() + b"\r\nContent-Length: " +
        str(len(body)).encode() + b"\r\n\r\n" + body)
    p = subprocess.run([f"{build}/leadbridge", "map", "--output", "json",
                        str(mapping), str(sample)], capture_output=True,
                       text=True, timeout=60)
    assert p.returncode in (0, 1), p.stderr
    if p.returncode:
        return None, p.stdout + p.stderr
    fields = custom_fields(json.loads(p.stdout))
    return [str(fields.get(f"f{i}", "")) for i in range(len(places))], None


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_what_a_form_holds(build, tmp_path, figure, kind):
    wrong, same, listed = [], 0, {}
    for name, content_type, body, expected in busboy_cases(kind):
        errors = [e for e in expected if isinstance(e, dict) and "error" in e]
        places, values = expected_of(
            [e for e in expected if isinstance(e, list) or "name" in e])
        got, said = read_form(build, tmp_path, content_type, body, places)
        want = list(map(str, values))
        if errors and said or not errors and got == want:
            same += 1
            continue
        why = [w for pattern, w in OTHERWISE if re.search(pattern, said or "")]
        if got and without_folders(got) == want:
            why = [AS_IT_CAME]
        for reason in why[:1]:
            listed[reason] = listed.get(reason, 0) + 1
        if not why:
            wrong.append((name, values, got, said))
    figure(f"{same} as the suite says, {len(wrong)} wrong; otherwise: "
           f"{listed}")
    assert wrong == []
