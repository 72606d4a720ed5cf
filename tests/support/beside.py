"""Work of later steps, done beside tests: only where these leave time.

    beside.begin("static", look)       one after another, in this order
    beside.result("static", look)      what look() returned, then or now
    with beside.nothing(): ...         between two of them

What such work starts inherits its thread's policy, SCHED_IDLE: whoever else
wants the processor has it at once.
"""

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

_begun = {}
_at_work = threading.Lock()
_let = threading.Event()
_let.set()
_thread = ThreadPoolExecutor(1, initializer=lambda: os.sched_setscheduler(
    0, os.SCHED_IDLE, os.sched_param(0)))


def _turn(work):
    _let.wait()
    with _at_work:
        return work()


def begin(name, work):
    """It must not print: it has no place in the report until result()."""
    if name not in _begun:
        _begun[name] = _thread.submit(_turn, work)


def result(name, work):
    """Waits for it. What failed is done again, and what has not begun is done
    now: in the open, so that the caller sees why."""
    job = _begun.get(name)
    _begun[name] = None
    if job is None or job.cancel() or job.exception() is not None:
        return work()
    return job.result()


@contextlib.contextmanager
def nothing():
    """Waits for what is under way; the next begins afterwards."""
    _let.clear()
    with _at_work:
        try:
            yield
        finally:
            _let.set()


def forget():
    """What has not begun does not."""
    _let.set()
    _thread.shutdown(wait=False, cancel_futures=True)
