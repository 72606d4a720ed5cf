"""Acting on deliveries while the journal cannot be written: each is told,
none is half done."""

import contextlib
import os

import pytest

from disk import fill, small_disk
from house import House, wait_for
from journal_api import Api
from test_modes import accepted, post, route


@pytest.fixture
def house(build, tmp_path):
    """One dead letter on a disk of its own, which is then full."""
    with small_disk(tmp_path / "store") as store, \
            contextlib.closing(Api()) as api:
        h = House(build, tmp_path, upstream=api.url, settings='journal = { url '
                  '= "sqlite:store/journal.db"; reserve = "0"; };',
                  target='timeout = "60s";',
                  mappings={"queue": route("queue")}).start()
        try:
            api.plan["v1"] = [422]
            h.dead = accepted(post(h, "queue", {"lead": "v1", "detail": "x"}))
            wait_for(lambda: h.metric('leadbridge_journal_items{state="dead"}')
                     == 1, what="the dead letter")
            h.filler = store / "filler"
            fill(h.filler)
            wait_for(lambda: post(h, "queue", {
                "lead": "v2", "detail": "x" * 5000}).status == 503,
                     what="the full disk")
            yield h
            assert h.close() == 0
        finally:
            if h.bridge is not None:
                h.bridge.kill()
                h.bridge.wait()


def state(h):
    return h.send(f"/deliveries/{h.dead}", method="GET").json["data"]["state"]


def test_an_export_to_a_full_disk_leaves_no_half_files(house):
    """One write finds a little room, as the last page of a disk has."""
    os.mkdir(house.path("store/out"), 0o700)
    _, err = house.run("deliveries", "export", "store/out", house.dead,
                       code=3)
    assert "cannot be written: No space left on device" in err
    assert "0 events in store/out" in err
    assert os.listdir(house.path("store/out")) == []


def test_nothing_is_done_and_that_is_told(house):
    for act in ("drop", "retry"):
        out, err = house.run("deliveries", act, house.dead, "-y", code=1)
        assert "journal" in out + err and "failed" in out + err, (out, err)
    _, err = house.run("forget", "--lead", "v1", "-y", code=3)
    assert "journal" in err
    assert state(house) == "dead"
    audit = [(line["action"], line["what"]) for line in house.logged("admin")]
    assert ("drop", "0 of 1 deliveries, 0 updates") in audit
    assert ("retry", "0 of 1 deliveries, 0 updates") in audit
    assert any(action == "failed" and "the disk is full" in what
               for action, what in audit)
    # With room it is done.
    os.unlink(house.filler)
    wait_for(lambda: post(house, "queue", {"lead": "v3", "detail": "x"}
                          ).status == 202, what="room")
    out, _ = house.run("deliveries", "drop", house.dead, "-y")
    assert "1" in out
