"""A backlog: many updates wait, of many leads, and one has many (row 42)."""

import collections
import threading
import time

from bulk import post_all
from house import wait_for
from ledger import items

RSS_MOST = 256 << 20


def memory(node, name="VmRSS"):
    with open(f"/proc/{node.bridge.pid}/status") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise AssertionError(name)


def drain(node, first, count, seconds):
    """The calls from the first on, so many, and how many a second came."""
    wait_for(lambda: len(node.api.calls) >= first + count, seconds,
             f"{count} calls")
    calls = node.api.calls[first:first + count]
    return calls, (count - 1) / (calls[-1].at - calls[0].at)


def test_a_backlog_starts_fast_and_drains(nodes, figure, is_long):
    events, lanes, deep, measured = (
        (10**6, 10**5, 10**5, 20000) if is_long
        else (6000, 300, 600, 1200))
    node = nodes(options=f"ceiling = {2 * events};",
                 target='timeout = "60s"; connections = 16;').start()
    # Fresh: accepted and sent at once.
    sender = threading.Thread(target=post_all, args=(
        node.port, ((f"f{i % lanes}", i) for i in range(measured))))
    sender.start()
    _, fresh = drain(node, 0, measured, 600)
    sender.join()
    every = events // deep
    # Nothing goes out while the backlog comes in.
    node.api.answer = lambda call: 401
    taken = post_all(node.port, (
        ("deep" if i % every == 0 else f"l{i // every % lanes}", i)
        for i in range(events)))
    wait_for(lambda: items(node, "waiting") > events * 0.99, 60, "the count")
    # Down, so that none goes out before they are counted.
    node.stop()
    node.api.answer = lambda call: 200
    sent = len(node.api.calls)
    since = time.monotonic()
    node.start()
    started = time.monotonic() - since
    calls, rate = drain(node, sent, measured, 600)
    turns = collections.Counter(c.lead for c in calls)
    rss = memory(node, "VmHWM")
    figure(f"{events} waiting in {lanes} lanes, {deep} in one: taken in at "
           f"{taken:.0f}/s, started in {started:.1f} s, RSS "
           f"{rss >> 20} MiB at most, {rate:.0f} sent a second beside "
           f"{fresh:.0f} fresh ({rate / fresh:.0%})")
    # Lanes take turns: the deep one gets no more of them than any other.
    assert len(turns) >= min(lanes, measured) * 0.9
    assert turns["deep"] <= 2 * (1 + measured / lanes)
    if is_long:  # else the time is others', too
        assert started < 10
        assert rss < RSS_MOST and rate >= 0.8 * fresh
