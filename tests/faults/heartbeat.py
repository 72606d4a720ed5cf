"""python3 heartbeat.py PORT PATH - asks for it every 10 ms until standard input
ends, and a hundred times in any case, then prints how long the slowest answers
took: median, 90 %, 99 %, all; ms.

A program of its own: the test's threads would slow down its clock.
"""

import http.client
import select
import sys
import time

# One that stood still for seconds is one of so many.
LEAST = 100


def main():
    c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    took = []
    print("ready", flush=True)
    while len(took) < LEAST or not select.select([sys.stdin], [], [], 0)[0]:
        time.sleep(0.01)
        since = time.monotonic()
        c.request("GET", sys.argv[2])
        c.getresponse().read()
        took.append((time.monotonic() - since) * 1000)
    took.sort()
    print(*(f"{took[int((len(took) - 1) * share)]:.1f}"
            for share in (0.5, 0.9, 0.99, 1)))


main()
