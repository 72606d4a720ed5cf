"""Power cuts: what was not synced is gone, wholly or in part (rows 34, 35)."""

import itertools
import os
import random
import re

import pytest

import disk_log
from house import wait_for
from ledger import Account, Load, drained
from node import strace


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return disk_log.compiled(str(tmp_path_factory.mktemp("disk")))


def run_with(node, library, events, leads=8, **env):
    """Takes in so many events on a disk that keeps a diary."""
    node.start(env={"LD_PRELOAD": library, "DISK_LOG_FILES": "journal.db",
                    "DISK_LOG": node.path("diary"), **env})
    with Load([node], leads=leads, most=events // leads) as load:
        wait_for(lambda: len(load.acked) == events // leads * leads, 120,
                 "all to be accepted")
    node.kill()
    return load, disk_log.Diary(node.path("diary"))


def lost_at(diary, folder, points, how, dice):
    """How many promises, in all, these power cuts break."""
    lost = promised_most = 0
    for files, promised in diary.walk(points):
        disk_log.put(folder, disk_log.disk(files, how, dice))
        kept = disk_log.stored(os.path.join(folder, "journal.db"))
        lost += len(promised - kept)
        promised_most = max(promised_most, len(promised))
    return lost, promised_most


@pytest.mark.parametrize("how", [
    "nothing", "any", pytest.param("all", marks=pytest.mark.long)])
def test_a_power_cut_breaks_no_promise(nodes, library, figure, is_long, how):
    node = nodes()
    events, cuts = (4000, 2000) if is_long else (240, 40)
    load, diary = run_with(node, library, events)
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    points = [dice.randrange(len(diary.records)) for _ in range(cuts)]
    points.append(len(diary.records))
    lost, most = lost_at(diary, node.path("cut"), points, how, dice)
    figure(f"{len(points)} power cuts that keep {how} of what is not synced "
           f"(seed {seed}): up to {most} promised, {lost} lost")
    assert most == len(load.acked)
    assert lost == 0
    # The last of these disks is one a bridge goes on with.
    for name in os.listdir(node.path("cut")):
        os.replace(os.path.join(node.path("cut"), name), node.path(name))
    node.start()
    drained(node)
    Account(load, node.api, node).all_delivered()


def test_nor_while_one_group_is_synced_and_the_next_is_written(
        nodes, library, figure, is_long):
    """More senders than fit in a group, on a disk that takes its time."""
    node = nodes()
    events, cuts = (3200, 1000) if is_long else (800, 60)
    # So slow that more than a group is there by then, however slow senders are.
    load, diary = run_with(node, library, events, leads=200,
                           DISK_LOG_SLOW="250")
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    points = [dice.randrange(len(diary.records)) for _ in range(cuts)]
    lost, most = lost_at(diary, node.path("cut"),
                         points + [len(diary.records)], "nothing", dice)
    more, _ = lost_at(diary, node.path("cut"), points, "any", dice)
    both = disk_log.overlaps(diary)
    figure(f"{2 * cuts + 1} power cuts (seed {seed}), {both} syncs while the "
           f"next group was written: up to {most} promised, {lost + more} "
           "lost")
    assert most == len(load.acked)
    assert lost + more == 0
    assert both > 0


def test_it_would_be_seen_if_nothing_were_synced(nodes, library, figure):
    """The mutant: the same bridge on a disk whose syncs do nothing."""
    node = nodes()
    load, diary = run_with(node, library, 80, DISK_LOG_NO_SYNC="1")
    lost, most = lost_at(diary, node.path("cut"), [len(diary.records)],
                         "nothing", random.Random(1))
    figure(f"without syncs {lost} of {most} promises are broken")
    assert lost == most == len(load.acked)


def test_writes_that_stop_half_way_are_finished(nodes, library):
    node = nodes()
    load, diary = run_with(node, library, 160, DISK_LOG_SHORT="3")
    lost, most = lost_at(diary, node.path("cut"), [len(diary.records)],
                         "nothing", random.Random(1))
    assert (lost, most) == (0, len(load.acked))
    node.start()
    drained(node)
    Account(load, node.api, node).all_delivered()


# -- the order of system calls ------------------------------------------------

CALL = re.compile(r"(\d+) +(\d+\.\d+) (?:<\.\.\. )?(\w+)(.*)")


def calls_of(path):
    """(thread, began, ended, name, text) of each, by their ends."""
    begun, out = {}, []
    with open(path, errors="replace") as f:
        for line in f:
            m = CALL.match(line)
            if not m:
                continue
            thread, at, name, text = m[1], float(m[2]), m[3], m[4]
            if text.endswith("<unfinished ...>"):
                begun[thread] = at, text
                continue
            since, before = begun.pop(thread, (at, ""))
            if "resumed>" not in text:
                since, before = at, ""
            took = re.search(r"<(\d+\.\d+)>$", text)
            out.append((thread, since, since + float(took[1]), name,
                        before + text))
    return sorted(out, key=lambda c: c[2])


def broken_promises(path):
    """(202s, those with no write and sync of the journal since their
    request came)."""
    came, wrote, synced = {}, [], []
    replies = broken = 0
    for _, began, ended, name, text in calls_of(path):
        socket = re.search(r"<(TCP:\[[^]]*\])>", text)
        if name == "recvfrom" and "POST /hooks" in text:
            came[socket[1]] = ended
        elif name == "pwrite64" and "journal.db" in text:
            wrote.append((began, ended))
        elif name == "fdatasync" and "journal.db" in text:
            synced.append((began, ended))
        elif name == "sendto" and "HTTP/1.1 202" in text:
            replies += 1
            since = came.pop(socket[1])
            sync = next((s for s in reversed(synced) if s[1] <= began), None)
            # All since then: others write on while this one waits its turn.
            later = itertools.takewhile(lambda w: w[1] >= since,
                                        reversed(wrote))
            good = sync is not None and sync[0] >= since and any(
                since <= w[0] and w[1] <= sync[0] for w in later)
            broken += not good
    return replies, broken


def traced(node, events, *more):
    out = node.path("trace")
    node.start(under=strace(
        out, "-ttt", "-T", "-yy", "-s", "64", "-e",
        "trace=recvfrom,sendto,pwrite64,fdatasync", *more))
    with Load([node], leads=8, most=events // 8) as load:
        wait_for(lambda: len(load.acked) == events // 8 * 8, 120,
                 "all to be accepted")
    node.stop()
    return broken_promises(out)


def test_every_202_is_behind_its_sync(nodes, figure):
    replies, broken = traced(nodes(), 1000)
    figure(f"{replies} replies, {broken} of them before their sync")
    assert (replies, broken) == (1000, 0)


def test_it_would_be_seen_if_one_were_not(nodes):
    """The mutant: a memory: journal writes and syncs nothing."""
    replies, broken = traced(nodes(journal="memory:"), 80)
    assert (replies, broken) == (80, 80)
