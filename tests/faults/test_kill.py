"""kill -9 at any moment: what was acknowledged arrives, in order (row 32), and
what brings the end itself is given up (row 41)."""

import random
import time

from api import HANG
from house import wait_for
from ledger import Account, Load, drained, states
from test_modes import accepted, post

CONNECTIONS = 8
STRIKES = 5  # journal.h's


def heads(calls):
    """Of each lead, the event it was called with last."""
    return {c.lead: int(c.detail) for c in calls}


def all_go_on(node):
    """Waits until each lead's next event is out: the one before is settled."""
    seen = len(node.api.calls)
    before = heads(node.api.calls[:seen])
    wait_for(lambda: all(heads(node.api.calls[seen:]).get(lead, -1) > n
                         for lead, n in before.items()), 60,
             "a next event of each lead")


def test_killed_at_random_moments_nothing_is_lost(nodes, figure, is_long):
    kills = 200 if is_long else 8
    node = nodes(target=f'timeout = "2s"; connections = {CONNECTIONS};')
    node.api.delay = 0.005
    node.start()
    seed = random.randrange(1 << 30)
    moment = random.Random(seed)
    with Load([node]) as load:
        for n in range(kills):
            # An update that was under way at STRIKES kills in a row would be
            # given up, and rightly so: before that it has to get through.
            if n % (STRIKES - 1) == 0:
                all_go_on(node)
            wait_for(lambda n=len(load.acked): len(load.acked) > n,
                     what="an event that is accepted")
            time.sleep(moment.uniform(0, 0.4))
            node.kill()
            node.start()
    # More is accepted in so short lives than is delivered.
    drained(node, 600)
    account = Account(load, node.api, node)
    # Every worker has its own connections, and a call of each may be cut.
    most = kills * CONNECTIONS * 2
    figure(f"{kills} kills (seed {seed}): {account.acked} acknowledged, "
           f"{account.calls} calls, {account.duplicates} duplicates "
           f"(at most {most}), {dict(account.states)}")
    account.all_delivered()
    assert account.duplicates <= most


def test_an_update_that_takes_the_bridge_down_is_given_up(nodes, figure):
    """Each time it is sent, the process dies; nobody else suffers for it."""
    node = nodes()
    node.api.answer = lambda call: HANG if call.detail == "poison" else 200
    node.start()
    poison = accepted(post(node, "queue", {"lead": "l1", "detail": "poison"}))
    behind = accepted(post(node, "queue", {"lead": "l1", "detail": "good"}))
    other = accepted(post(node, "queue", {"lead": "l2", "detail": "good"}))

    def sent():
        return sum(c.detail == "poison" for c in list(node.api.calls))

    wait_for(sent, what="the first try")
    while sum(states(node, [poison])[s] for s in ("waiting", "sending")):
        assert sent() < 10
        before = sent()
        node.kill()
        node.start()
        wait_for(lambda n=before: sent() > n or
                 states(node, [poison])["dead"], what="its next try")
    figure(f"given up after {sent()} tries that ended with the bridge")
    assert sent() == STRIKES
    wait_for(lambda: states(node, [behind, other])["done"] == 2,
             what="what was behind it")
    assert states(node, [poison]) == {"dead": 1}
    node.api.release()
