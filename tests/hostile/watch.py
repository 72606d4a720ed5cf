"""What a bridge of a House holds: memory and files."""

import os
import re
import time

from house import wait_for


class Watch:
    def __init__(self, house):
        self.house = house
        self.proc = f"/proc/{house.bridge.pid}"

    def memory(self):
        """KB that are resident."""
        with open(self.proc + "/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])

    def files(self):
        return len(os.listdir(self.proc + "/fd"))

    def files_at_rest(self):
        """When nobody is connected on either side and nothing waits to be
        sent. The connection that asked whether it is so ends a moment later."""
        for name, n in (("leadbridge_connections", 1),
                        ('leadbridge_journal_items{state="waiting"}', 0),
                        ("leadbridge_upstream_connections", 0)):
            wait_for(lambda: self.house.metric(name) == n, 60, f"{name} {n}")
        least, end = self.files(), time.monotonic() + 0.5
        while time.monotonic() < end:
            least = min(least, self.files())
            time.sleep(0.02)
        return least
