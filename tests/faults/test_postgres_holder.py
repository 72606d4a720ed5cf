"""A stranger's session that stands still in a transaction (row 39): it has
locked a lane, and it keeps all dead rows from being cleared away."""

import subprocess
import time

from bulk import post_all
from house import wait_for
from ledger import Account, Load, drained, items
from test_postgres import TARGET, postgres, server  # noqa: F401

LANE = "SELECT fence FROM leadbridge.lane WHERE lead = 'held'"


class Holder:
    """psql, in a transaction with a snapshot of its own."""

    def __init__(self, server):  # noqa: F811
        self.psql = subprocess.Popen(
            ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
             "-h", server.folder + "/run", "-U", "leadbridge", "-d",
             server.database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.say("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.ask("SELECT count(*) FROM leadbridge.item")

    def say(self, sql):
        self.psql.stdin.write(sql + ";\n")
        self.psql.stdin.flush()

    def ask(self, sql):
        self.say(sql)
        return self.psql.stdout.readline().strip()

    def end(self):
        self.psql.stdin.close()
        self.psql.wait(10)
        self.psql.stdout.close()


def lock_lane(server):  # noqa: F811
    """While it waits: who has sent it would wait for the lock to settle."""
    while True:
        holder = Holder(server)
        if holder.ask(LANE + " FOR UPDATE") == "0":
            return holder
        holder.end()
        time.sleep(0.05)


def a_claim_takes(node):
    """A node that has nothing else to do: the mean of its commits, in ms."""
    name = "leadbridge_journal_commit_seconds"
    spent, count = node.metric(name + "_sum"), node.metric(name + "_count")
    since = len(node.api.calls)
    wait_for(lambda: len(node.api.calls) > since + 300, 60, "calls")
    return 1000 * (node.metric(name + "_sum") - spent) / (
        node.metric(name + "_count") - count)


def test_who_stands_still_in_a_transaction_stops_nobody(
        postgres, nodes, figure, is_long):  # noqa: F811
    node = nodes(journal=postgres.url(), target=TARGET).start()
    api = node.api
    api.answer = lambda call: 503 if call.lead == "held" else 200
    post_all(node.port, [("held", 0)])
    wait_for(lambda: api.calls, 20, "a first try")
    holder = lock_lane(postgres)
    api.answer = lambda call: 200
    with Load([node], leads=8, pause=0.02) as load:
        at_first = a_claim_takes(node)
        time.sleep(600 if is_long else 2)
        at_last = a_claim_takes(node)
        wait_for(lambda: len(load.acked) > 500, 60, "events")
    wait_for(lambda: items(node, "waiting") == 1, 60, "all but one")
    assert not [c for c in api.delivered() if c.lead == "held"]
    holder.end()
    drained(node)
    account = Account(load, api, node)
    account.all_delivered()
    assert [c.detail for c in api.delivered() if c.lead == "held"] == ["0"]
    assert not load.answers[503], "a claim, or an accept, waited for it"
    figure(f"{account.acked} events beside who stands still: a commit "
           f"{at_first:.1f} ms at first, {at_last:.1f} at last")
