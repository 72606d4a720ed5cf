"""A primary that is gone for good, and its standby in its place."""

import subprocess
import tempfile

import pytest

from house import wait_for
from ledger import Account, Load, drained
from test_postgres import SCRIPT, TARGET, Postgres


class Pair(Postgres):
    """A primary, and a standby that follows it."""

    def __init__(self):
        super().__init__()
        self.primary = self.folder
        self.standby = tempfile.mkdtemp(prefix="leadbridge-faults-")
        subprocess.run([SCRIPT, "standby", self.standby, self.primary],
                       check=True)

    def url(self, port=5432):
        return (f"postgresql://leadbridge@/postgres?port={port}"
                f"&host={self.primary}/run,{self.standby}/run")

    def set(self, name, value):
        """Of the server that is asked now."""
        self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.ask("SELECT pg_reload_conf()")

    def is_followed(self, state):
        return self.ask("SELECT sync_state FROM pg_stat_replication") == state

    def wait_for_both(self):
        """From now on a commit is one when both have it."""
        self.set("synchronous_standby_names", "*")
        wait_for(lambda: self.is_followed(["sync"]), 60, "a standby")

    def lose_primary(self):
        self.do("kill")
        self.folder = self.standby

    def close(self):
        for folder in (self.primary, self.standby):
            self.folder = folder
            super().close()


@pytest.fixture
def two():
    if subprocess.run([SCRIPT, "present"]).returncode != 0:
        pytest.skip("no PostgreSQL, or no PgBouncer, is installed")
    p = Pair()
    yield p
    p.close()


def fail_over(two, node, while_followed):
    """Nothing is delivered before: what is lost with the primary is missed."""
    node.api.answer = lambda call: 503
    with Load([node], leads=8, pause=0.01) as load:
        while_followed(load)
        two.lose_primary()
        wait_for(lambda: load.answers[503] > 0, 60, "a refusal")
        two.do("promote")
        node.api.answer = lambda call: 200
        count = len(load.acked)
        wait_for(lambda: len(load.acked) > count + 100, 60,
                 "events that are accepted again")
    drained(node, 120)
    return load


def test_a_standby_takes_over_and_nothing_is_lost(two, nodes, figure):
    two.wait_for_both()
    node = nodes(journal=two.url(), target=TARGET).start()
    load = fail_over(two, node, lambda load: wait_for(
        lambda: len(load.acked) > 200, 60, "events"))
    account = Account(load, node.api, node)
    account.all_delivered()
    figure(f"a standby took over: {account.acked} acknowledged, "
           f"{account.calls} calls, 0 lost")


@pytest.mark.long
def test_a_standby_that_need_not_have_it_loses_what_it_had_not(two, nodes):
    """The check above, of a primary that promises alone."""
    node = nodes(journal=two.url(), target=TARGET).start()
    wait_for(lambda: two.is_followed(["async"]), 60, "a standby")

    def leave_it_behind(load):
        wait_for(lambda: len(load.acked) > 50, 30, "events")
        two.folder = two.standby
        two.set("primary_conninfo", "")
        two.folder = two.primary
        wait_for(lambda: two.is_followed([]), 20, "a standby that is behind")
        count = len(load.acked)
        wait_for(lambda: len(load.acked) > count + 50, 30, "more events")

    load = fail_over(two, node, leave_it_behind)
    assert set(load.acked) - {(c.lead, c.detail) for c in node.api.delivered()}
