"""The sender's own id of a delivery, in the lead update of it."""

import json

import pytest

from house import House, typeform_event, typeform_sign

MAPPING = """
route    = "/hooks/ids";
sender   = "typeform";
secret   = "typeform";
upstream = "leadsail";
lead_id  = "{$.form_response.hidden.lead_id}";
update: { detail = "{delivery_id()}"; };
"""


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("ids"),
              mappings={"ids": MAPPING}).start()
    yield h
    assert h.close() == 0


def delivered(house, body):
    got = house.send("/hooks/ids", body, dict(
        typeform_sign(body), **{"Content-Type": "application/json"}))
    assert got.status == 200
    return house.lead()["detail"]


def test_an_event_sent_again_has_the_same_id(house):
    for _ in range(2):
        assert delivered(house, typeform_event()) == "01H8V7XQ2M"


@pytest.mark.parametrize("event_id", [None, "", "two words", {"a": 1}])
def test_an_event_without_an_id_gets_one_of_ours(house, event_id):
    event = dict(json.loads(typeform_event()), event_id=event_id)
    ids = {delivered(house, json.dumps(event).encode()) for _ in range(2)}
    assert len(ids) == 2
    assert {len(i) for i in ids} == {36}


def test_a_dry_run_shows_the_id(house):
    head = "POST /hooks/ids HTTP/1.1\nContent-Type: application/json\n\n"
    sample = house.write("sample.http", head + typeform_event().decode())
    out, _ = house.run("map", house.path("mappings/ids"), sample)
    assert "01H8V7XQ2M" in out
