"""SIGTERM under load (row 44): told to end, it ends, and forgets nothing."""

import time

from house import wait_for
from ledger import Account, Load, drained


def test_what_was_accepted_survives_a_restart(nodes, figure, is_long):
    rounds = 50 if is_long else 3
    node = nodes().start()
    node.api.delay = 0.02
    took = []
    with Load([node]) as load:
        for _ in range(rounds):
            wait_for(lambda n=len(load.acked): len(load.acked) > n + 50,
                     what="fifty events")
            since = time.monotonic()
            assert node.stop() == 0
            took.append(time.monotonic() - since)
            node.start()
    drained(node)
    account = Account(load, node.api, node)
    figure(f"{rounds} SIGTERM under load: gone in {max(took):.2f} s at most, "
           f"{account.acked} acknowledged, {account.duplicates} duplicates")
    account.all_delivered()
    # A sanitizer looks for leaks at the end, and others run beside.
    assert max(took) < (10 if is_long else 30)
