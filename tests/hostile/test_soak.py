"""Mixed load for minutes or a day, honest and not (row 46): what is held at its
end is what was held at its beginning. --soak says how long."""

import contextlib
import json
import random
import signal
import statistics
import threading
import time

import pytest

from echo import reset
from house import TOKEN, TYPEFORM, House, typeform_event, typeform_sign
from watch import Watch

WARM_UP = 0.3  # of the time: pools, caches and the journal's pages fill
EACH = 1.0     # seconds between two looks
RELOAD = 10    # seconds between two reloads
GROWTH = 1.02
SENDERS = 4
IDLE = 2       # seconds that a connection may have nothing to do
# Updates that wait: past so many nobody sends, as all are of two leads, whose
# updates go one after the other, and a day of more would be a day's backlog.
MOST_WAITING = 500

QUEUE = """
route    = "/hooks/%s";
verify:  { type = "token"; signature = "header:X-Webhook-Token";
           delivery_id = "header:X-Id"; };
secret   = "token";
upstream = "leadsail";
mode     = "queue";
dedupe   = "%s";
lead_id  = "{$.lead}";
update: { detail = "{$.detail}"; };
"""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=b"}
XML = {"Content-Type": "application/xml"}
TOKENS = {"X-Webhook-Token": TOKEN}
A_PART = (b'--b\r\nContent-Disposition: form-data; name="lead"\r\n\r\nlead_2'
          b'\r\n--b\r\nContent-Disposition: form-data; name="detail"\r\n\r\nx'
          b'\r\n--b\r\nContent-Disposition: form-data; name="f"; '
          b'filename="a"\r\n\r\n' + b"x" * 9000 + b"\r\n--b--\r\n")


def event(dice, size=200):
    return json.dumps({"lead": dice.choice(("lead_abc123", "lead_2")),
                       "detail": "d" * dice.randint(1, size)}).encode()


def signed(dice):
    body = typeform_event(score=dice.randrange(1000))
    return "/hooks/typeform", body, typeform_sign(body)


def forged(dice):
    body = typeform_event()
    return "/hooks/typeform", body, typeform_sign(body, "not the secret")


# (statuses, how often, path, body and headers of it)
KINDS = (
    ({200}, 8, signed),
    ({401}, 2, forged),
    ({202}, 8, lambda d: ("/hooks/fresh", event(d), TOKENS)),
    ({202}, 2, lambda d: ("/hooks/fresh", event(d, 40000), TOKENS)),
    ({202, 200, 409}, 2, lambda d: ("/hooks/known", event(d, 1),
                               TOKENS | {"X-Id": str(d.randrange(16))})),
    ({202}, 2, lambda d: ("/hooks/fresh", b"lead=lead_2&detail=x",
                          TOKENS | FORM)),
    ({202}, 2, lambda d: ("/hooks/fresh", A_PART, TOKENS | PARTS)),
    ({200, 202, 422}, 1, lambda d: (
        "/hooks/fresh", b"<lead>lead_2</lead>", TOKENS | XML)),
    ({400}, 2, lambda d: ("/hooks/fresh", event(d)[:-1], TOKENS)),
    ({404}, 2, lambda d: ("/hooks/nobody", event(d), {})),
    ({413}, 1, lambda d: ("/hooks/fresh", b"x" * 70000, TOKENS)),
)


class Sender(threading.Thread):
    """One of the honest and of the less honest, while `going`, and when they
    `may`."""

    def __init__(self, house, going, may, seed):
        super().__init__()
        self.house, self.going, self.may = house, going, may
        self.dice = random.Random(seed)
        self.count, self.wrong = 0, []
        self.start()

    def one(self, connection):
        statuses, _, make = self.dice.choices(
            KINDS, [often for _, often, _ in KINDS])[0]
        path, body, headers = make(self.dice)
        got = self.house.send(path, body, headers, connection=connection)
        if got.status not in statuses:
            self.wrong.append((path, got.status, got.body))
        return got.headers["Connection"] != "close"

    def breaks(self):
        """A connection that ends anywhere in a request."""
        path, body, _ = signed(self.dice)
        text = (f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: "
                f"{len(body)}\r\n\r\n").encode() + body
        c = self.house.connect()
        c.connect()
        with contextlib.suppress(OSError):
            c.sock.sendall(text[:self.dice.randrange(len(text))])
        if self.dice.random() < 0.5:
            reset(c.sock)
        c.close()

    def some(self):
        """Requests on one connection, up to where it is closed."""
        with contextlib.closing(self.house.connect(
                tls=self.dice.random() < 0.3)) as connection:
            for _ in range(self.dice.randrange(1, 200)):
                if not self.may.is_set():
                    return
                self.count += 1
                # Too large: closed while its body was on its way.
                with contextlib.suppress(ConnectionResetError,
                                         BrokenPipeError):
                    if self.going.is_set() and self.one(connection):
                        continue
                return

    def run(self):
        try:
            while self.going.is_set():
                self.may.wait()
                self.some()
                self.breaks()
        except Exception as e:  # a thread's own is told to nobody
            self.wrong.append(e)


def load(house, watch, seconds):
    """(memory, a look each second; requests; what was answered wrongly)"""
    going, may = threading.Event(), threading.Event()
    going.set()
    may.set()
    senders = [Sender(house, going, may, n) for n in range(SENDERS)]
    looks, end = [], time.monotonic() + seconds
    reload_at = time.monotonic() + RELOAD
    while time.monotonic() < end:
        time.sleep(EACH)
        looks.append(watch.memory())
        waiting = house.metric('leadbridge_journal_items{state="waiting"}')
        (may.clear if waiting > MOST_WAITING else may.set)()
        if time.monotonic() > reload_at:
            reload_at += RELOAD
            house.bridge.send_signal(signal.SIGHUP)
    going.clear()
    may.set()
    for s in senders:
        s.join()
    return looks, sum(s.count for s in senders), [w for s in senders
                                                  for w in s.wrong]


@pytest.fixture
def house(build, tmp_path):
    mappings = {name: QUEUE % (name, dedupe) for name, dedupe in
                (("fresh", "none"), ("known", "id"))}
    mappings["typeform"] = TYPEFORM
    h = House(build, tmp_path, mappings=mappings,
              limits=f'body = "64K"; idle_timeout = "{IDLE}s";',
              target=f'idle_timeout = "{IDLE}s";',
              settings='journal = { url = "sqlite:journal.db"; '
              'keep_done = "0s"; keep_bodies = "0s"; };')
    with open(h.path("leadbridge.cfg")) as f:
        text = f.read()
    # A day's log of every event would be 50 GB.
    assert 'format = "json";' in text
    h.write("leadbridge.cfg", text.replace(
        'format = "json";', 'format = "json"; level = "error";'))
    h.start()
    yield h
    assert h.close() == 0


@pytest.mark.long
def test_load_leaves_nothing_behind(house, request, figure):
    seconds = request.config.getoption("--soak")
    watch = Watch(house)
    load(house, watch, seconds * WARM_UP)
    files = watch.files_at_rest()
    looks, count, wrong = load(house, watch, seconds * (1 - WARM_UP))
    files_after = watch.files_at_rest()
    part = max(3, len(looks) // 5)
    first, last = (statistics.median(looks[:part]),
                   statistics.median(looks[-part:]))
    figure(f"{count} requests in {seconds * (1 - WARM_UP):.0f} s; memory "
           f"{first:.0f} KB, then {last:.0f} KB ({last / first - 1:+.2%}); "
           f"files at rest {files}, then {files_after}")
    assert wrong == []
    assert files_after == files
    assert last <= first * GROWTH
