"""A proxy on loopback that does to HTTP what networks and servers do to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal[
    "none",
    "refuse",
    "hang",
    "reset",
    "slow",
    "corrupt",
    "truncated",
    "wrong digest",
    "401",
    "403",
    "404",
    "429",
    "500",
    "503",
    "disk full",
]
"""Answers that never come, break off, come drop by drop, come changed, or say no.

``truncated`` ends well before its content; ``reset`` breaks off half-way; ``corrupt``
changes one byte of what comes or, where nothing comes, of what goes; ``wrong digest``
is other content of the same length.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)[1:]

_DROP = 0.2
"""Seconds between two bytes of a slow answer."""


@dataclass
class Faulty:
    """A proxy before a server; it may be told at any time what goes wrong with what.

    ``delay`` is how many seconds every answer takes. ``seen`` has the requests so far.
    """

    upstream: str
    kind: Kind = "none"
    methods: tuple[str, ...] = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
    part: str = ""
    """Only requests whose path and query hold this go wrong."""
    delay: float = 0.0
    intake: float = 0.0
    """How many seconds 64 KiB take to come in: a narrow uplink."""
    endpoint: str = ""
    seen: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def hits(self, method: str, path: str) -> bool:
        return self.kind != "none" and method in self.methods and self.part in path


@contextlib.contextmanager
def faulty(upstream: str, **what: object) -> Iterator[Faulty]:
    """A proxy before ``host:port``; after the context nothing hangs on it."""
    proxy = Faulty(upstream, **what)  # type: ignore[arg-type]

    class Handler(_Handler):
        faulty = proxy

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if proxy.intake:
        # Else the kernel takes megabytes in at once.
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    server.block_on_close = False
    proxy.endpoint = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    faulty: Faulty
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def handle_one(self) -> None:
        method, path = self.command, self.path
        proxy = self.faulty
        proxy.seen.append(f"{method} {path}")
        length = int(self.headers.get("Content-Length") or 0)
        body = self._body(length)
        if proxy.delay:
            time.sleep(proxy.delay)
        kind = proxy.kind if proxy.hits(method, path) else "none"
        if kind == "refuse":
            # The nearest to a closed port that knows what is asked of it.
            self._reset()
        elif kind == "hang":
            proxy.over.wait(120)
            self.close_connection = True
        elif kind.isdigit():
            self._say(int(kind), b"", {})
        elif kind == "disk full":
            self._say(507, b"", {})
        else:
            self._pass_on(kind, body)

    def _body(self, length: int) -> bytes:
        if not self.faulty.intake:
            return self.rfile.read(length) if length else b""
        body = bytearray()
        while len(body) < length:
            body += self.rfile.read(min(1 << 16, length - len(body)))
            time.sleep(self.faulty.intake)
        return bytes(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = handle_one  # noqa: N815

    def _pass_on(self, kind: Kind, body: bytes) -> None:
        if kind == "corrupt" and body and self.command in ("PUT", "POST", "PATCH"):
            body = _changed(body)
        upstream = http.client.HTTPConnection(self.faulty.upstream, timeout=60)
        try:
            upstream.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            data = answer.read()
            headers = {
                name: value
                for name, value in answer.getheaders()
                if name.lower()
                not in ("content-length", "transfer-encoding", "connection")
            }
            if self.command == "HEAD":
                data = b""
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
        finally:
            upstream.close()
        self._answer(kind, answer.status, data, headers)

    def _answer(
        self, kind: Kind, status: int, data: bytes, headers: dict[str, str]
    ) -> None:
        match kind:
            case "corrupt" if data:
                self._say(status, _changed(data), headers)
            case "wrong digest" if data:
                self._say(status, bytes(byte ^ 0x55 for byte in data), headers)
            case "truncated" if data:
                self._say(status, data[: len(data) // 2], headers)
            case "reset":
                self._head(status, len(data), headers)
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self._reset()
            case "slow":
                self._head(status, len(data), headers)
                for byte in data:
                    if self.faulty.over.wait(_DROP):
                        break
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                self.close_connection = True
            case _:
                self._say(status, data, headers)

    def _say(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(data), headers)
        self.wfile.write(data)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _reset(self) -> None:
        """Close so that the other side sees a reset, not an end."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # By its number: the socket's own end would say goodbye first.
        os.close(self.connection.detach())

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


def _changed(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
