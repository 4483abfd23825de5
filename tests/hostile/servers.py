"""A server on loopback that answers with any bytes, for as long as anyone listens."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Answer = "Callable[[str, str], Iterable[bytes]]"
"""What is sent for a method and a path; the connection is closed behind it."""


@contextmanager
def server(answer: Callable[[str, str], Iterable[bytes]]) -> Iterator[str]:
    """Serve at the ``host:port`` that this gives."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                first = self.rfile.readline().decode("latin-1")
                length = 0
                while (line := self.rfile.readline().strip()) != b"":
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                self.rfile.read(length)
                method, path, _ = first.split(" ", 2)
                for chunk in answer(method, path):
                    self.wfile.write(chunk)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{serving.server_address[1]}"
        finally:
            serving.shutdown()
            thread.join()


def said(
    body: bytes | str = b"",
    *headers: str,
    status: str = "200 OK",
    length: int | None = None,
) -> list[bytes]:
    """An answer as HTTP has it; its length may be a lie."""
    data = body.encode() if isinstance(body, str) else body
    count = len(data) if length is None else length
    head = [
        f"HTTP/1.1 {status}",
        "Connection: close",
        f"Content-Length: {count}",
        *headers,
    ]
    return ["\r\n".join([*head, "", ""]).encode("latin-1"), data]


def endless(*headers: str, status: str = "200 OK") -> Iterator[bytes]:
    """An answer whose body has no end."""
    yield b"".join(said(b"", *headers, status=status, length=1 << 60))
    while True:
        yield b" " * (1 << 16)
