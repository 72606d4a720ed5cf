"""An API over TLS that does as told, and logs every call.

    api.answer = lambda call: 503          # a status,
                 (429, {"Retry-After": 7}) # a status with headers,
                 HANG                      # nothing, until release(),
                 RESET                     # or a connection that breaks

Calls are kept in the order in which they came; one that was answered has its
status.
"""

import asyncio
import json
import os
import socket
import ssl
import struct
import threading
import time

HANG = "hang"
RESET = "reset"
OK = b'{"success":true,"data":null}'


class Call:
    __slots__ = ("at", "lead", "key", "api_key", "body", "status", "number")

    def __init__(self, number, lead, fields, body):
        self.at = time.monotonic()
        self.number = number
        self.lead = lead
        self.key = fields.get("idempotency-key")
        self.api_key = fields.get("x-api-key")
        self.body = json.loads(body)
        self.status = None

    @property
    def detail(self):
        return self.body.get("detail")


def head_of(status, headers, length):
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json",
             f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def failure(status):
    return json.dumps({"success": False, "error": {
        "code": f"S{status}", "message": "told to", "details": []}}).encode()


class Api:
    def __init__(self, certs, port, is_plain=False):
        self.ca = os.path.join(certs, "dev-ca.pem")
        self.port = port
        self.calls = []
        self.answer = lambda call: 200
        self.delay = 0.0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.is_plain = is_plain
        self.tls.load_cert_chain(os.path.join(certs, "server.pem"),
                                 os.path.join(certs, "server.key"))
        self.loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        self.tasks = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.up = threading.Event()
        self.thread.start()
        assert self.up.wait(60)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.open())
        self.up.set()
        self.loop.run_forever()

    async def open(self):
        self.server = await asyncio.start_server(
            self.talk, "127.0.0.1", self.port, backlog=512,
            ssl=None if self.is_plain else self.tls)

    async def talk(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            while await self.one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError,
                asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(asyncio.current_task())
            writer.transport.abort()

    async def one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head[:-4].split("\r\n")
        fields = dict((n.lower(), v) for n, v in
                      (field.split(": ", 1) for field in rest))
        body = await reader.readexactly(int(fields["content-length"]))
        call = Call(len(self.calls), line.split(" ")[1].rsplit("/", 1)[1],
                    fields, body)
        self.calls.append(call)
        what = self.answer(call)
        if self.delay:
            await asyncio.sleep(self.delay)
        if what == HANG:
            await self.released.wait()
            what = 200
        if what == RESET:
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        status, headers = what if isinstance(what, tuple) else (what, {})
        text = OK if status < 300 else failure(status)
        # Before: who is told may say so to a test before this goes on.
        call.status = status
        writer.write(head_of(status, headers, len(text)) + text)
        await writer.drain()
        return True

    def release(self):
        self.loop.call_soon_threadsafe(self.released.set)

    def delivered(self):
        """Calls it has answered well."""
        return [c for c in list(self.calls) if c.status == 200]

    def close(self):
        async def end():
            self.server.close()
            for task in list(self.tasks):
                task.cancel()
            await asyncio.sleep(0)
            self.loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(60)
        self.loop.close()
