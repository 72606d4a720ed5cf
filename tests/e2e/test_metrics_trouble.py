"""Metrics of what goes wrong, by value: each is brought about, and counted."""

import contextlib
import os
import threading

import pytest

from disk import fill, small_disk
from house import House, free_port, wait_for
from journal_api import Api
from test_modes import accepted, post, route

MEMORY = 'journal = { url = "memory:"; };'
MAPPINGS = {
    "queue": route("queue"),
    "relay": route("relay", "relay"),
}


@contextlib.contextmanager
def open_house(build, folder, settings=MEMORY, **more):
    """A bridge with an API that is told what to say."""
    api = Api()
    more.setdefault("upstream", api.url)
    h = House(build, folder, settings=settings, mappings=MAPPINGS, **more)
    h.api = api
    h.start()
    try:
        yield h
        api.release()
        assert h.close() == 0
    finally:
        api.close()
        if h.bridge is not None:
            h.bridge.kill()


def event(lead, **more):
    return {"lead": lead, "detail": "x", **more}


def upstream(h, name, **labels):
    wanted = "".join(f',{k}="{v}"' for k, v in labels.items())
    return h.metric(f'leadbridge_upstream_{name}{{upstream="leadsail"{wanted}}}')


def is_told(h, name, label):
    return f'{name}{{upstream="leadsail",{label}}}' in h.admin(
        "/metrics").body.decode()


def test_answers_are_counted_by_class_and_by_status(build, tmp_path):
    with open_house(build, tmp_path) as h:
        statuses = {200: 2, 201: 1, 404: 1, 422: 2, 429: 1, 500: 1, 599: 2}
        for status, n in statuses.items():
            h.api.plan["l1"] = [status] * n
            for _ in range(n):
                post(h, "relay", event("l1"))
        for status, n in statuses.items():
            name = "other" if status == 599 else status
            assert upstream(h, "statuses_total", status=name) == n, status
        assert not is_told(h, "leadbridge_upstream_statuses_total",
                           'status="503"')
        for status, n in (("2xx", 3), ("3xx", 0), ("4xx", 4), ("5xx", 3),
                          ("none", 0)):
            assert upstream(h, "answers_total", status=status) == n
        assert upstream(h, "statuses_total") == 10
        assert h.metric("leadbridge_upstream_connects_total") + h.metric(
            "leadbridge_upstream_reuses_total") == 10
        assert h.metric("leadbridge_upstream_connects_total") >= 1


def test_calls_without_an_answer_are_counted_by_why(build, tmp_path):
    # It is to be late, but to have its connection before.
    with open_house(build, tmp_path, target='timeout = "5s";') as h:
        h.api.plan["l1"] = [None]
        assert post(h, "relay", event("l1")).status == 504
        assert upstream(h, "failures_total", reason="late") == 1
        assert upstream(h, "answers_total", status="none") == 1
        assert upstream(h, "failures_total") == 1
        assert not is_told(h, "leadbridge_upstream_statuses_total", "")


def test_an_api_that_is_not_there_has_no_connection(build, tmp_path):
    with open_house(build, tmp_path,
                    upstream=f"http://127.0.0.1:{free_port()}") as h:
        assert post(h, "relay", event("l1")).status == 502
        n = upstream(h, "failures_total", reason="no_connection")
        assert n == upstream(h, "answers_total", status="none") >= 1
        assert upstream(h, "failures_total") == n


def test_tls_that_fails_is_counted(build, tmp_path, ca):
    h = House(build, tmp_path, mappings={"relay": MAPPINGS["relay"]})
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    h.write("leadbridge.cfg",
            text.replace("certs/dev-ca.pem", ca.pem))
    h.start()
    assert h.metric("leadbridge_upstream_tls_failures_total") == 0
    assert post(h, "relay", event("lead_2")).status == 502
    n = h.metric("leadbridge_upstream_tls_failures_total")
    assert n == upstream(h, "failures_total", reason="no_tls") >= 1
    assert h.close() == 0


def test_a_key_that_is_refused_pauses_its_api_and_ages_what_waits(build,
                                                                  tmp_path):
    with open_house(build, tmp_path) as h:
        h.api.key = "another-key"
        accepted(post(h, "queue", event("l1")))
        accepted(post(h, "queue", event("l2")))
        wait_for(lambda: upstream(h, "gate", gate="key_refused") == 1,
                 what="the pause")
        assert upstream(h, "gate", gate="closed") == 0
        assert upstream(h, "holds_total", gate="key_refused") == 1
        assert upstream(h, "holds_total") == 1
        assert upstream(h, "statuses_total", status="401") >= 1
        assert h.metric('leadbridge_upstreams{gate="key_refused"}') >= 1
        wait_for(lambda: h.metric("leadbridge_journal_oldest_seconds") >= 1,
                 what="its age")
        assert h.metric("leadbridge_journal_lanes") == 2
        wait_for(lambda: h.metric(
            'leadbridge_journal_items{state="waiting"}') == 2,
            what="the end of a call under way")
        assert h.metric("leadbridge_delivery_seconds_count") == 0
        h.write("api.key", "another-key\n", 0o600)
        h.run("reload")
        wait_for(lambda: h.metric("leadbridge_delivery_seconds_count") == 2,
                 what="their delivery")
        wait_for(lambda: h.metric("leadbridge_journal_lanes") == 0 and
                 h.metric("leadbridge_journal_oldest_seconds") == 0,
                 what="an empty journal")
        # What the key of before was counted for goes with its last user.
        wait_for(lambda: upstream(h, "gate", gate="key_refused") == 0,
                 what="the pause to be over")


def test_what_is_given_up_and_what_comes_again(build, tmp_path):
    with open_house(build, tmp_path) as h:
        h.api.plan["dead"] = [422]
        accepted(post(h, "queue", event("dead"), delivery="one"))
        wait_for(lambda: h.metric("leadbridge_journal_dead_total") == 1,
                 what="the dead letter")
        wait_for(lambda: h.metric('leadbridge_journal_items{state="dead"}')
                 == 1, what="the count of it")
        accepted(post(h, "queue", event("dead"), delivery="one"))
        assert post(h, "queue", event("l2"), delivery="one").status == 409
        # Who says something else by the same id is kept, as refused.
        for result, n in (("ok", 2), ("duplicate", 1), ("conflict", 1),
                          ("unavailable", 0)):
            assert h.metric("leadbridge_journal_accepts_total{"
                            f'result="{result}"}}') == n, result
        assert h.metric("leadbridge_journal_dead_total") == 1
        assert h.metric("leadbridge_journal_fenced_total") == 0
        commits = 'leadbridge_journal_commits_total{result="done"}'
        done = h.metric(commits)
        assert h.metric("leadbridge_journal_operations_total") >= done >= 3
        # It keeps house, too, between one look and the next.
        wait_for(lambda: h.metric("leadbridge_journal_commit_seconds_count")
                 == h.metric(commits), what="each to be measured")


def test_a_journal_that_cannot_be_written(build, tmp_path):
    failed = 'leadbridge_journal_commits_total{result="failed"}'
    with small_disk(tmp_path / "store") as store, open_house(
            build, tmp_path, settings='journal = { url = '
            '"sqlite:store/journal.db"; reserve = "0"; };') as h:
        accepted(post(h, "queue", event("l1")))
        assert h.metric(failed) == 0
        fill(store / "filler")
        detail = {"detail": "x" * 5000, "lead": "l2"}
        wait_for(lambda: post(h, "queue", detail).status == 503,
                 what="the full disk")
        assert h.metric(failed) >= 1
        assert h.metric("leadbridge_journal_accepts_total{"
                        'result="unavailable"}') >= 1
        os.unlink(store / "filler")
        wait_for(lambda: post(h, "queue", event("l3")).status == 202,
                 what="room")


def test_a_rate_that_is_spent(build, tmp_path):
    with open_house(build, tmp_path, target="rate = 1;") as h:
        before = upstream(h, "rate_waits_total")
        for i in range(4):
            accepted(post(h, "queue", event(f"l{i}")))
        wait_for(lambda: h.metric("leadbridge_delivery_seconds_count") >= 2,
                 what="the second")
        assert upstream(h, "rate_waits_total") > before


def test_a_pool_that_is_busy(build, tmp_path):
    with open_house(build, tmp_path, workers=1,
                    target='connections = 1; timeout = "100s";') as h:
        h.api.plan["l1"] = [None]
        threads = [threading.Thread(target=post, args=(
            h, "relay", event("l1"))) for _ in range(3)]
        for t in threads:
            t.start()
        wait_for(lambda: upstream(h, "queued_calls") == 2, what="the queue")
        assert upstream(h, "connections", state="busy") == 1
        assert upstream(h, "connections", state="idle") == 0
        h.api.release()
        for t in threads:
            t.join()
        wait_for(lambda: upstream(h, "queued_calls") == 0 and
                 upstream(h, "connections", state="idle") == 1,
                 what="its end")
        assert upstream(h, "connections", state="busy") == 0


def test_requests_by_class_and_refusals_by_reason(build, tmp_path):
    with open_house(build, tmp_path) as h:
        def requests(status):
            return h.metric(f'leadbridge_requests_total{{status="{status}"}}')

        before = {of: requests(of) for of in ("4xx", "5xx", "2xx")}
        assert post(h, "relay", event("l1")).status == 200
        assert requests("2xx") == before["2xx"] + 2  # who looked before, too
        assert post(h, "relay", event("l1"), token="no").status == 401
        assert post(h, "nowhere", event("l1")).status == 404
        assert post(h, "relay", b"{").status == 400
        assert post(h, "relay", event("..")).status == 422
        assert post(h, "relay", {"lead": "l1", "detail": 1}).status == 422
        h.api.plan["l1"] = [500]
        assert post(h, "relay", event("l1")).status >= 500
        assert requests("4xx") == before["4xx"] + 5
        assert requests("5xx") == before["5xx"] + 1
        assert requests("3xx") == 0
        for reason, n in (("unsigned", 1), ("route", 1), ("body", 1),
                          ("mapping", 1), ("contract", 1), ("upstream", 0)):
            assert h.metric(
                f'leadbridge_refused_total{{reason="{reason}"}}') == n, reason


@pytest.mark.parametrize("confine", ["on", "off"])
def test_what_was_given_up_is_what_the_kernel_says(build, tmp_path, confine):
    with open_house(build, tmp_path,
                    settings=f'confine = "{confine}";' + MEMORY) as h:
        with open(f"/proc/{h.bridge.pid}/status") as f:
            state = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        is_filtered = state["Seccomp"].strip() == "2"
        assert h.metric('leadbridge_confined{of="system_calls"}') == \
            is_filtered
        assert is_filtered or confine == "off"
        for of in ("files", "ports", "signals"):
            assert h.metric(f'leadbridge_confined{{of="{of}"}}') <= (
                confine == "on")
