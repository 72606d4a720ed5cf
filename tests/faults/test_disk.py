"""A disk that is full for a while (row 37), and one that is slow (row 38)."""

import os
import subprocess
import sys
import time

import pytest

from api import HANG
from disk import fill, small_disk
from house import wait_for
from ledger import Account, Load, drained, is_drained
from node import strace

HERE = os.path.dirname(os.path.abspath(__file__))


def is_ready(node):
    return node.admin("/readyz").status == 200


def test_a_full_disk_takes_nothing_delivers_and_recovers(
        nodes, tmp_path, figure, is_long):
    """What was accepted before goes out meanwhile, each at the first try."""
    seconds = 60 if is_long else 2
    with small_disk(str(tmp_path / "disk"), "size=256M") as disk:
        node = nodes(journal=f"sqlite:{disk}/journal.db",
                     target='timeout = "600s";').start()
        # Nothing is answered before: something waits when the disk is full.
        node.api.answer = lambda call: HANG
        node.api.delay = 0.2 if is_long else 0.03
        with Load([node], leads=40, pause=0.008) as load:
            wait_for(lambda: len(load.acked) > 100, what="a hundred events")
            fill(f"{disk}/other")
            # Of each: no 202 from before is on its way to a sender then.
            wait_for(lambda: all(s.told == 503 for s in load.senders), 60,
                     "a refusal of each")
            wait_for(lambda: not is_ready(node), what="readyz to tell of it")
            assert node.admin("/healthz").status == 200
            before, sent = len(load.acked), len(node.api.delivered())
            waiting = before - sent
            node.api.release()
            time.sleep(seconds)
            # And all is told to the journal, or it would be sent again.
            wait_for(lambda: is_drained(node), 150, "all settled")
            during = len(node.api.delivered()) - sent
            promised = len(load.acked) - before
            os.unlink(f"{disk}/other")
            since = time.monotonic()
            wait_for(lambda: is_ready(node), what="recovery by itself")
            recovered = time.monotonic() - since
            count = len(load.acked)
            wait_for(lambda: len(load.acked) > count + 100,
                     what="events that are accepted again")
        drained(node, 120)
        account = Account(load, node.api, node)
        figure(f"full for {seconds} s: {load.answers[503]} refusals, "
               f"{promised} accepted and {during} of {waiting} sent "
               f"meanwhile, ready again after {recovered:.1f} s; "
               f"{account.acked} acknowledged, {account.duplicates} "
               "duplicates")
        account.all_delivered()
        assert during >= waiting > 0
        assert promised == 0 and account.duplicates == 0
        assert "the disk is full" in node.logs()
        node.stop()
        assert os.listdir(disk) == ["journal.db"]


class Heartbeat:
    def __init__(self, port, path):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "heartbeat.py"), str(port),
             path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        out, _ = self.process.communicate(timeout=120)
        return [float(ms) for ms in out.split()]


@pytest.mark.parametrize("ms", [
    pytest.param(20, marks=pytest.mark.long), 400])
def test_a_slow_disk_stops_no_loop(nodes, figure, is_long, ms):
    """Every sync takes so long. Senders wait; the workers do not."""
    seconds = 10 if is_long else 2
    node = nodes(target='timeout = "5s"; connections = 64;')
    node.start(under=strace(node.path("trace"), "-e", "trace=fdatasync", "-e",
                            f"inject=fdatasync:delay_enter={ms * 1000}"))
    with Load([node], leads=200 if is_long else 32) as load:
        wait_for(lambda: len(load.acked) > 0, what="the first event")
        beats = [Heartbeat(node.port, "/nothing"),
                 Heartbeat(node.admin_port, "/healthz")]
        count, since = len(load.acked), time.monotonic()
        time.sleep(seconds)
        rate = (len(load.acked) - count) / (time.monotonic() - since)
        took = [b.end() for b in beats]
    figure(f"syncs of {ms} ms: {rate:.0f} accepted a second; a worker "
           f"answers in {took[0]} ms, health in {took[1]} (median, 90 %, "
           "99 %, slowest)")
    drained(node, 120)
    Account(load, node.api, node).all_delivered()
    # Half of a worker's answers would take half a sync or more if it waited
    # for one. (Its slowest ones wait for the processor: this is a crowded
    # machine. So do the slowest of health's, but where nothing runs beside.)
    if is_long:
        assert took[0][0] < 50 and took[1][2] < 100
    else:
        assert took[0][0] < ms * 0.3 and took[1][1] < ms * 0.6
    if is_long and ms == 20:
        assert rate >= 1000
