"""A value comes to the API as it came from the sender, or the sender is told
4xx (row 12): never changed in silence. Numbers by their digits, texts by their
characters."""

import json

import pytest

from house import House
from scripted import Upstream, ok

ROUTE = """
route    = "/hooks/any";
verify:  { type = "none"; };
upstream = "leadsail";
lead_id  = "lead_1";
update: { customFields: { value = "{$.value}"; }; };
"""

NUMBERS = (
    "0", "-0", "1", "19.99", "100.10", "0.1", "-1.50", "1E+2", "1e-2", "0.0e0",
    "9007199254740993", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "12345678901234567890123456789", "0.1000000000000000055511151231257827",
    "1e308", "1e400", "-1e400", "1e-400", "2.2250738585072011e-308",
    "1" + "0" * 300, "0." + "3" * 300,
)

# As a JSON text has them; those of two surrogates or none in Python's way.
TEXTS = (
    r'""', r'" "', r'"\u0000"', r'"a\u0000b"', r'"\u0001\u001f\u007f"',
    r'"\b\f\n\r\t\"\\\/"', r'"\u0080\u009f\u00a0\u00ad"', r'"\ufeff\ufffe"',
    r'"\uffff"', r'"\ud83d\ude00"', r'"\udbff\udfff"', '"\U0001f468\u200d'
    '\U0001f469\u200d\U0001f467"', '"\u202e\u202aabc\u2066"',
    '"\u200b\u200c\u2028\u2029"', '"e\u0301 \u00e9 \u0915\u094d\u0937"',
    '"\u0130\u0131\u017f\ufb01"', '"' + "a\u0300" * 100 + '"',
    r'"NULL"', r'"true"', r'"NaN"', r'"1e400"', r'"-0"', r'"{$.value}"',
    r'"%s%n%x"', r'"${HOME}$(id)`id`"', r'"\u003cscript\u003e&amp;"',
    r'''"' OR 1=1 -- "''', r'"../../etc/passwd"', r'"a\r\nX-API-Key: b"',
    r'"=cmd|A1"', '"' + "x" * 4000 + '"', '"' + "\u20ac" * 1500 + '"',
)


@pytest.fixture(scope="module")
def pair(build, tmp_path_factory):
    def take(peer, request):
        peer.send(ok(request.lead))

    with Upstream(take) as up:
        house = House(build, tmp_path_factory.mktemp("house"),
                      upstream=up.url, mappings={"any": ROUTE})
        house.start()
        yield house, up
        assert house.close() == 0


def digits(text):
    """With numbers as they are written."""
    class Number(str):
        pass
    found = json.loads(text, parse_int=Number, parse_float=Number,
                       parse_constant=Number)
    return found, type(found).__name__


def came_through(pair, text):
    """What the API got for it, or None where the sender was told 4xx."""
    house, up = pair
    before = len(up.requests)
    got = house.send("/hooks/any", f'{{"value":{text}}}'.encode(),
                     {"Content-Type": "application/json"})
    if 400 <= got.status < 500:
        assert len(up.requests) == before
        return None
    assert got.status == 200, (got.status, got.body)
    body = up.requests[before].body.decode()
    prefix, suffix = '{"customFields":{"value":', "}}"
    assert body.startswith(prefix) and body.endswith(suffix), body
    return body[len(prefix):-len(suffix)]


@pytest.mark.parametrize("name, values", [("numbers", NUMBERS),
                                          ("texts", TEXTS)])
def test_as_it_came_or_not_at_all(pair, figure, name, values):
    changed, refused = [], []
    for text in values:
        got = came_through(pair, text)
        if got is None:
            refused.append(text[:40])
        elif digits(got) != digits(text) or (name == "numbers"
                                             and got != text):
            changed.append((text, got))
    figure(f"{len(values)} {name}: {len(changed)} changed, "
           f"{len(refused)} refused {refused}")
    assert changed == []
    assert len(refused) < len(values) / 4
