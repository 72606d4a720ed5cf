"""Events in bulk: posted as fast as the bridge takes them."""

import asyncio
import json
import re
import time

from house import TOKEN

CONNECTIONS = 64


async def talk(port, events):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for lead, number in events:
        body = json.dumps({"lead": lead, "detail": str(number)})
        writer.write((
            "POST /hooks/queue HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Webhook-Token: {TOKEN}\r\nX-Id: {lead}-{number}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202 "), head
        length = re.search(rb"\r\nContent-Length: (\d+)", head, re.I)
        await reader.readexactly(int(length[1]))
    writer.close()


def post_all(port, events):
    """Posts (lead, number) each; returns how many a second were taken."""
    events = list(events)
    since = time.monotonic()

    async def all_of_them():
        await asyncio.gather(*(
            talk(port, events[i::CONNECTIONS]) for i in range(CONNECTIONS)))

    asyncio.run(all_of_them())
    return len(events) / (time.monotonic() - since)
