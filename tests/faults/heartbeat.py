"""python3 heartbeat.py PORT PATH - asks for it every 10 ms until standard input
ends, then prints how long the slowest answers took: median, 99 %, all; ms.

A program of its own: the test's threads would slow down its clock.
"""

import http.client
import select
import sys
import time


def main():
    c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    took = []
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        since = time.monotonic()
        c.request("GET", sys.argv[2])
        c.getresponse().read()
        took.append((time.monotonic() - since) * 1000)
    took.sort()
    print(*(f"{took[int((len(took) - 1) * share)]:.1f}"
            for share in (0.5, 0.99, 1)))


main()
