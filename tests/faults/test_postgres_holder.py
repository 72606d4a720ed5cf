"""A stranger's session that stands still in a transaction (row 39): it has
locked a lane, and it keeps all dead rows from being cleared away."""

import re
import subprocess
import time

from bulk import post_all
from house import wait_for
from ledger import Account, Load, drained, items
from test_postgres import PATIENT, postgres, server  # noqa: F401

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
        self.psql.wait(60)
        self.psql.stdout.close()


def lock_lane(server):  # noqa: F811
    """While it waits: who has sent it would wait for the lock to settle."""
    while True:
        holder = Holder(server)
        if holder.ask(LANE + " FOR UPDATE") == "0":
            return holder
        holder.end()
        time.sleep(0.05)


def commits(node):
    """What they took so far, in seconds, and how many there were."""
    text = node.admin("/metrics").body.decode()
    return [float(re.search(
        rf"^leadbridge_journal_commit_seconds_{part} (\S+)$", text, re.M)[1])
        for part in ("sum", "count")]


def a_claim_takes(node):
    """A node that has nothing else to do: the mean of its commits, in ms."""
    spent, count = commits(node)
    since = len(node.api.calls)
    wait_for(lambda: len(node.api.calls) > since + 300, 120, "calls")
    spent, count = commits(node)[0] - spent, commits(node)[1] - count
    return 1000 * spent / count


# Lanes that are over: due before those that are not, and leases that would end
# before theirs.
PILE = 20000
OVER = f"""
    INSERT INTO leadbridge.lane SELECT 0, 0, 0, n, false, false, l.target,
        'past' || n FROM leadbridge.lane l, generate_series(1, {PILE}) n
        WHERE l.lead = 'held';
    INSERT INTO leadbridge.lane SELECT 0, 1, 0, leadbridge.now_ms() + 28000
        + n / 1000, true, false, l.target, 'ahead' || n
        FROM leadbridge.lane l, generate_series(1, {PILE}) n
        WHERE l.lead = 'held';
    DELETE FROM leadbridge.lane WHERE lead LIKE 'past%' OR lead LIKE 'ahead%'
"""
READ = ("SELECT idx_scan || ' ' || idx_tup_read FROM pg_stat_user_indexes "
        "WHERE indexrelname = 'lane_due'")


def entries_a_scan(server, scans=1000):  # noqa: F811
    """Of the index of what is due; the server counts once a second."""
    def read():
        return [int(n) for n in server.ask(READ)]

    first = read()
    last = wait_for(lambda: (n := read())[0] >= first[0] + scans and n, 120,
                    "scans of the index")
    return (last[1] - first[1]) / (last[0] - first[0])


def test_who_stands_still_in_a_transaction_stops_nobody(
        postgres, nodes, figure, is_long):  # noqa: F811
    node = nodes(journal=postgres.url(), target=PATIENT).start()
    api = node.api
    api.answer = lambda call: 503 if call.lead == "held" else 200
    post_all(node.port, [("held", 0)])
    wait_for(lambda: api.calls, 20, "a first try")
    holder = lock_lane(postgres)
    api.answer = lambda call: 200
    postgres.ask(OVER)
    with Load([node], leads=8, pause=0.02) as load:
        at_first = a_claim_takes(node)
        if is_long:
            time.sleep(600)
        at_last, entries = a_claim_takes(node), entries_a_scan(postgres)
        wait_for(lambda: len(load.acked) > 500, 120, "events")
    wait_for(lambda: items(node, "waiting") == 1, 60, "all but one")
    assert not [c for c in api.delivered() if c.lead == "held"]
    holder.end()
    drained(node)
    account = Account(load, api, node)
    account.all_delivered()
    assert [c.detail for c in api.delivered() if c.lead == "held"] == ["0"]
    assert not load.answers[503], "a claim, or an accept, waited for it"
    figure(f"{account.acked} events beside who stands still: a commit "
           f"{at_first:.1f} ms at first, {at_last:.1f} at last; a claim's scan "
           f"goes through {entries:.0f} entries, of {PILE} and more")
    assert entries < PILE / 10
