"""A batch of which a part was delivered, and is kept no longer."""

import pytest

from deliveries import ended, fresh, mend, post, states, verb  # noqa: F401
from house import wait_for


@pytest.fixture
def brief(fresh):  # noqa: F811
    """A journal that keeps nothing of what was delivered."""
    h = fresh
    h.stop()
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg", text.replace(
        '"sqlite:journal.db";', '"sqlite:journal.db"; keep_done = "0s";'))
    h.start()
    return h


def calls(h, *leads):
    return [h.api.leads().count(lead) for lead in leads]


def test_what_was_delivered_is_not_sent_again(brief):
    """Twice: the second retry is of updates that were numbered on."""
    h = brief
    h.api.plan["b"] = [422, 422]
    delivery = ended(h, post(h, "many", [{"lead": "a", "detail": "x"},
                                         {"lead": "b", "detail": "x"}]),
                     "done", "dead")
    verb(h, "retry", delivery)
    wait_for(lambda: calls(h, "b") == [2], what="a retry")
    ended(h, delivery, "done", "dead")
    verb(h, "retry", delivery)
    wait_for(lambda: states(h, delivery) == [], what="the end of it")
    assert calls(h, "a", "b") == [1, 3]


def test_a_part_that_was_refused_is_not_taken_for_the_whole(brief):
    h = brief
    delivery = ended(h, post(h, "many", [
        {"detail": "x", "id": "a"}, {"lead": "b", "detail": "x", "id": "b"}]),
        "refused", "done")
    mend(h, "many", 'lead_id = "{@.lead}";', 'lead_id = "{@.id}";')
    verb(h, "retry", delivery)
    wait_for(lambda: states(h, delivery) == [], what="the end of it")
    assert calls(h, "a", "b") == [1, 1]
