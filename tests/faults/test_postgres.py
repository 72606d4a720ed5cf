"""Two bridges on one PostgreSQL, and what may happen to it (rows 19, 32, 39,
40)."""

import itertools
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

import pytest

from api import HANG
from bulk import post_all
from house import wait_for
from ledger import Account, Load, drained, states
from test_modes import accepted, post
from test_replay import replay_at

SCRIPT = os.path.abspath(os.path.join(
    os.path.dirname(__file__), "../support/postgres.sh"))
# A lease lasts this and half a minute.
TARGET = 'timeout = "5s"; connections = 8;'
# Where an update may be sent once: who is late is asked again.
PATIENT = 'timeout = "60s"; connections = 8;'


class Postgres:
    """One server; a database for each test."""

    numbers = itertools.count()

    def __init__(self):
        # It runs as another user, who may not enter pytest's folder.
        self.folder = tempfile.mkdtemp(prefix="leadbridge-faults-")
        self.do("start")
        self.database = "postgres"

    def fresh(self):
        name = f"j{next(self.numbers)}"
        self.ask(f"CREATE DATABASE {name}", "postgres")
        self.database = name
        return self

    def do(self, verb):
        subprocess.run([SCRIPT, verb, self.folder], check=True)

    def url(self, port=5432):
        return (f"postgresql://leadbridge@/{self.database}?host={self.folder}/run"
                f"&port={port}")

    def ask(self, sql, database=None):
        return subprocess.run(
            ["psql", "-X", "-A", "-t", "-q", "-h", self.folder + "/run", "-U",
             "leadbridge", "-d", database or self.database, "-c", sql],
            check=True, capture_output=True, text=True).stdout.split()

    def is_pooled(self):
        """PgBouncer is in the background before it listens."""
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.folder + "/run/.s.PGSQL.6432") == 0

    def close(self):
        self.do("remove")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server():
    if subprocess.run([SCRIPT, "present"]).returncode != 0:
        pytest.skip("no PostgreSQL, or no PgBouncer, is installed")
    p = Postgres()
    yield p
    p.close()


@pytest.fixture
def postgres(server):
    return server.fresh()


def pair(nodes, url, target=TARGET):
    """Two nodes, one journal, one API."""
    first = nodes("one", journal=url, target=target)
    second = nodes("two", journal=url, target=target, api=first.api)
    return first.start(), second.start()


def test_the_same_id_at_two_nodes_is_one_update(postgres, nodes, figure):
    replay_at(pair(nodes, postgres.url(), PATIENT), figure)


# -- two nodes are worth two -----------------------------------------------------

ROUND = 16  # as many as two nodes have under way: two workers, four each


def calls_a_second(api, count):
    """Of the next so many calls; by the middle one of the times that a round
    of them took: somebody may get no processor for seconds."""
    first = len(api.calls)
    wait_for(lambda: len(api.calls) >= first + count, 240, f"{count} calls")
    at = [c.at for c in api.calls[first:first + count]]
    return ROUND / statistics.median(
        end - begin for begin, end in zip(at, at[ROUND:]))


def test_two_nodes_drain_a_slow_api_nearly_twice_as_fast(postgres, nodes,
                                                         figure, is_long):
    """Each may have so many calls under way; the API takes its time."""
    count = 1000 if is_long else 64
    target = 'timeout = "60s"; connections = 4;'
    url = postgres.url()
    one = nodes("one", journal=url, target=target).start()
    one.api.delay = 0.5  # the processor's share is small beside it
    two = nodes("two", journal=url, target=target, api=one.api)
    post_all(one.port, ((f"l{i}", 0) for i in range(8 * count)))
    alone = calls_a_second(one.api, count)
    two.start()
    wait_for(lambda: two.metric("leadbridge_upstream_connects_total") > 4, 60,
             "calls of both its workers")
    calls_a_second(one.api, 2 * ROUND)
    both = calls_a_second(one.api, 2 * count)
    figure(f"one node {alone:.1f} calls a second, two {both:.1f}: "
           f"{both / alone:.2f} times as many, bar 1.7")
    one.api.delay = 0
    wait_for(lambda: len(one.api.delivered()) == 8 * count, 240,
             "the rest")
    assert len({c.key for c in one.api.calls}) == len(one.api.calls)
    assert both / alone >= 1.7


def test_two_nodes_keep_one_rate(postgres, nodes, figure, is_long):
    """`rate` is of the key, however many nodes have it."""
    rate, seconds = 40, 20 if is_long else 4
    both = pair(nodes, postgres.url(),
                f'timeout = "60s"; connections = 16; rate = {rate};')
    api = both[0].api
    since = time.monotonic()
    post_all(both[0].port, ((f"l{i}", 0) for i in range(rate * seconds)))
    wait_for(lambda: len(api.calls) == rate * seconds, 60, "all calls")
    took = api.calls[-1].at - since
    most = max(sum(0 <= c.at - first.at < 1 for c in api.calls)
               for first in api.calls)
    figure(f"two nodes at rate {rate}: {len(api.calls)} calls in {took:.1f} s, "
           f"{most} in the busiest second")
    # One second's worth was saved up; and then no more than that a second,
    # from before the first was sent: an API that got no processor for a while
    # sees many at once.
    assert took >= seconds - 1.5
    assert [n for n, c in enumerate(api.calls, 1)
            if n > rate + 4 + rate * (c.at - since)] == []
    if is_long:
        assert most <= 2 * rate + 4


def close_the_books(load, node, figure, what, seconds=120):
    drained(node, seconds)
    account = Account(load, node.api, node)
    figure(f"{what}: {account.acked} acknowledged, {account.calls} calls, "
           f"{account.duplicates} duplicates, {dict(account.states)}")
    account.all_delivered()
    return account


@pytest.mark.long
def test_two_nodes_killed_at_random_moments_lose_nothing(postgres, nodes,
                                                         figure):
    kills = 100
    both = pair(nodes, postgres.url())
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    with Load(both, leads=32) as load:
        for _ in range(kills):
            time.sleep(dice.uniform(0, 0.5))
            node = dice.choice(both)
            node.kill()
            node.start()
    account = close_the_books(load, both[0], figure,
                              f"{kills} kills of two nodes (seed {seed})")
    assert account.duplicates <= kills * 8 * 2


def test_a_restart_of_the_database_loses_nothing(postgres, nodes, figure,
                                                 is_long):
    node = nodes(journal=postgres.url(), target=TARGET).start()
    with Load([node]) as load:
        for _ in range(10 if is_long else 1):
            count = len(load.acked)
            postgres.do("restart")
            wait_for(lambda n=count: len(load.acked) > n + 50, 60,
                     "events that are accepted again")
    close_the_books(load, node, figure, "restarts of the database")


def test_connections_that_are_ended_lose_nothing(postgres, nodes, figure,
                                                 is_long):
    """At any moment, that of a COMMIT among them."""
    node = nodes(journal=postgres.url(), target=TARGET).start()
    ended = 0
    dice = random.Random(7)
    with Load([node]) as load:
        for _ in range(100 if is_long else 5):
            count = len(load.acked)
            wait_for(lambda n=count: len(load.acked) > n, 60, "an event")
            time.sleep(dice.uniform(0, 0.05))
            ended += len(postgres.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = "
                "'client backend'"))
    close_the_books(load, node, figure, f"{ended} connections ended")
    assert ended > 0


def test_a_database_that_is_read_only_takes_nothing(postgres, nodes, figure):
    """As after a failover to a standby; then it may be written again."""
    node = nodes(journal=postgres.url(), target=TARGET).start()
    read_only = "ALTER SYSTEM SET default_transaction_read_only = %s"
    with Load([node]) as load:
        wait_for(lambda: len(load.acked) > 50, what="events")
        postgres.ask(read_only % "on")
        postgres.do("restart")
        wait_for(lambda: load.answers[503] > 0, 60, "a refusal")
        wait_for(lambda: node.admin("/readyz").status != 200, 60, "not ready")
        count = len(load.acked)
        postgres.ask(read_only % "off")
        postgres.do("restart")
        wait_for(lambda: len(load.acked) > count + 50, 60,
                 "events that are accepted again")
    close_the_books(load, node, figure, "read-only for a while")


def test_behind_pgbouncer_it_is_the_same(postgres, nodes, figure):
    postgres.do("bouncer")
    wait_for(postgres.is_pooled, what="PgBouncer")
    node = nodes(journal=postgres.url(6432), target=TARGET).start()
    with Load([node]) as load:
        wait_for(lambda: len(load.acked) > 200, 60, "events")
    close_the_books(load, node, figure, "through PgBouncer")


@pytest.mark.long
def test_a_node_that_sleeps_past_its_lease_is_fenced(postgres, nodes, figure):
    one, two = pair(nodes, postgres.url(), 'timeout = "1s";')
    two.kill()
    one.api.answer = lambda call: HANG if call.number == 0 else 200
    delivery = accepted(post(one, "queue", {"lead": "l1", "detail": "0"}))
    wait_for(lambda: len(one.api.calls) == 1, what="the first node's call")
    one.bridge.send_signal(signal.SIGSTOP)
    two.start()
    then = accepted(post(two, "queue", {"lead": "l1", "detail": "1"}))
    wait_for(lambda: states(two, [delivery, then]) == {"done": 2}, 60,
             "the second node's delivery")
    one.api.release()
    one.bridge.send_signal(signal.SIGCONT)
    fenced = wait_for(lambda: one.logged("not settled"), 20, "the fence")
    assert fenced[0]["reason"] == "its lease had ended"
    assert [c.detail for c in one.api.calls] == ["0", "0", "1"]
    assert states(two, [delivery, then]) == {"done": 2}
    figure("the second node delivered, the first's completion was fenced")
