"""A proxy before a real registry that counts requests and does harm to some."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class Harm:
    """What becomes of a request: an answer of its own, or a mangled one.

    ``after`` is how many bytes of a body pass until the connection is reset: of the
    answer, or with ``of_request`` of the request. With ``keep`` so many bytes of the
    request count, as its answer in ``kept`` says, but the connection is reset.
    """

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int | None = None
    of_request: bool = False
    keep: int | None = None
    flip: bool = False
    hang: float = 0.0


@dataclass
class Proxy:
    """A proxy that runs: what it was asked, and what it is to do."""

    host: str
    seen: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    harm: Callable[[str, str], Harm | None] = lambda _method, _path: None
    moved: int = 0
    kept: dict[str, str] = field(default_factory=dict)

    def count(self, method: str, part: str = "") -> int:
        return sum(one == method and part in path for one, path, _ in self.seen)

    def once(self, method: str, part: str, harm: Harm, times: int = 1) -> None:
        """Do harm to the next requests of a kind."""
        left = [times]

        def rule(one: str, path: str) -> Harm | None:
            if one != method or part not in path or not left[0]:
                return None
            left[0] -= 1
            return harm

        self.harm = rule


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.proxy = Proxy(f"127.0.0.1:{self.server_address[1]}")

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def send_error(self, *_: object) -> None:
        """Answer a TLS hello so that Docker understands that this is no TLS."""
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        self.close_connection = True

    def do_any(self) -> None:
        self.server.proxy.seen.append((self.command, self.path, dict(self.headers)))
        harm = self.server.proxy.harm(self.command, self.path)
        if harm and harm.hang:
            time.sleep(harm.hang)
        if harm and harm.of_request:
            self._part(harm.after or 0)
            return
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if harm and harm.status:
            self._answer(harm.status, dict(harm.headers), harm.body)
            return
        self.server.proxy.moved += len(body)
        if harm and harm.keep is not None:
            body = body[: harm.keep]
            self.headers.replace_header("Content-Length", str(len(body)))
            self.server.proxy.kept = self._ask(body)[1]
            self._reset()
            return
        status, headers, answer = self._ask(body)
        if harm and harm.flip:
            answer = bytes([answer[0] ^ 1]) + answer[1:]
        self._answer(status, headers, answer, harm.after if harm else None)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_any  # noqa: N815

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def _answer(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes,
        after: int | None = None,
    ) -> None:
        self.send_response(status)
        size = len(body)
        for name, value in headers.items():
            if name.lower() == "content-length":
                size = size or int(value)
            elif name.lower() not in ("transfer-encoding", "date", "connection"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(size))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:after])
        if after is not None:
            self._reset()

    def _part(self, size: int) -> None:
        """Pass on some of a request, then end both connections."""
        head = f"{self.command} {self.path} HTTP/1.1\r\n{self.headers}"
        name, _, port = self.server.upstream.partition(":")
        with socket.create_connection((name, int(port)), 30) as out:
            out.sendall(head.encode() + self.rfile.read(size))
        self._reset()

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """Serve a proxy before ``host:port`` as long as the context lasts."""
    with _Server(upstream) as server:
        serving = partial(server.serve_forever, 0.02)
        threading.Thread(target=serving, daemon=True).start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
