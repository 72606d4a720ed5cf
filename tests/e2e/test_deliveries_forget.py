"""People who are to be forgotten."""


from deliveries import (
    ask, data, dead, ended, forget, house, items, on_terminal, post,
    refused, states)
from house import wait_for


def test_a_lead_is_forgotten(house):
    event = {"lead": "g1", "detail": "x"}
    done = ended(house, post(house, "one", event), "done")
    assert post(house, "one", event) == done     # known by its body
    gone = dead(house, "g1", detail="y")
    kept = dead(house, "g2")
    told, _ = forget(house, "--lead", "g1")
    assert told == {"leads": ["g1"], "refused": [], "unclear": [], "items": 2,
                    "events": 2, "keys": 2, "held": 0, "more": False}
    assert ask(house, f"/deliveries/{gone}").status == 404
    assert items(house, lead="g1") == []
    assert states(house, kept) == ["dead"]
    assert post(house, "one", event) != done
    told, _ = forget(house, "--lead", "nobody")
    assert told["items"] == 0


def test_what_is_being_sent_is_held(house):
    house.api.plan["g3"] = [None]
    delivery = post(house, "one", {"lead": "g3", "detail": "x"})
    wait_for(lambda: "g3" in house.api.leads())
    told, err = forget(house, "--lead", "g3", code=1)
    assert told["held"] == 1 and "say it again" in err
    house.api.release()
    ended(house, delivery, "done")
    house.api.released.clear()
    told, _ = forget(house, "--lead", "g3")
    assert (told["items"], told["held"]) == (1, 0)


def test_a_person_is_found_by_email(house):
    dead(house, "h1", email="Laura@Example.com")
    dead(house, "h2", route="blind", email="laura@example.COM")
    stays = [dead(house, "h3", email="xlaura@example.com"),
             dead(house, "h4", detail="ask laura@example.com")]
    nobody = refused(house, "laura@example.com")
    house.api.plan["h5"] = [422]
    house.api.plan["h6"] = [422]
    batch = ended(house, post(house, "many", [
        {"lead": "h5", "detail": "a", "email": "laura@example.com"},
        {"lead": "h6", "detail": "b", "email": "other@example.com"}]),
        "dead", "dead")
    found = data(house, "/forget", {"email": "LAURA@example.com",
                                    "dry_run": True})
    assert sorted(found["leads"]) == ["h1", "h2", "h5"]
    assert found["refused"] == [nobody] and found["items"] == 4
    assert items(house, lead="h1") != []
    told, _ = forget(house, "--email", "LAURA@example.com")
    assert sorted(told["leads"]) == ["h1", "h2", "h5"]
    assert told["items"] == 4
    for lead in ("h1", "h2", "h5"):
        assert items(house, lead=lead) == []
    assert ask(house, f"/deliveries/{nobody}").status == 404
    assert [states(house, d) for d in stays] == [["dead"]] * 2
    # Of the batch the other lead stays, and the event is gone.
    left = data(house, f"/deliveries/{batch}")
    assert [i["lead"] for i in left["items"]] == ["h6"]
    assert left["event"] is None


def test_a_batch_that_does_not_tell_whose_is_left(house):
    for lead in ("i1", "i2"):
        house.api.plan[lead] = [422]
    batch = ended(house, post(house, "many", [
        {"lead": "i1", "detail": "a", "by": "eve@example.com"},
        {"lead": "i2", "detail": "b"}]), "dead", "dead")
    told, err = forget(house, "--email", "eve@example.com", code=1)
    assert (told["leads"], told["unclear"]) == ([], [batch])
    assert batch in err
    assert states(house, batch) == ["dead", "dead"]


def test_forget_asks(house):
    dead(house, "k1")
    command = ("forget", "-c", "leadbridge.cfg", "--lead", "k1")
    _, err = house.run(*command, code=1, stdin="")
    assert "Leads: k1" in err
    assert "Erase 1 updates" in err and "-y" in err
    assert on_terminal(house, "n\n", *command) == 1
    assert items(house, lead="k1") != []
    assert on_terminal(house, "y\n", *command) == 0
    assert items(house, lead="k1") == []
