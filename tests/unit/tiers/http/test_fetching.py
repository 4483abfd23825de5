"""What is at an address, from real servers: bounded, with the user's credentials."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.fetching import FetchError
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.http.fetching import content_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"content\n" * 1000
QUICK = Timeouts(connect=1.0, answer=1.0, transfer=0.5, pace=1.0)


class Server(ThreadingHTTPServer):
    """It gives one content, and others by their names."""

    daemon_threads = True
    seen: list[tuple[str, str | None]]
    elsewhere = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        match self.path.lstrip("/"):
            case "there":
                self.answer(200, CONTENT)
            case "leads":
                self.answer(302, Location="/there")
            case "round":
                self.answer(301, Location="/round")
            case "away":
                self.answer(302, Location=f"{self.server.elsewhere}/there")
            case "out":
                self.answer(302, Location="http://example.org/there")
            case "file":
                self.answer(302, Location="file:///etc/passwd")
            case "broken":
                self.answer(302, Location="http://[::1")
            case "coded":
                self.answer(200, CONTENT, **{"Content-Encoding": "gzip"})
            case "silent":
                threading.Event().wait(2)
            case status:
                self.answer(int(status))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.mark.parametrize("path", ["there", "leads"])
def test_the_digest_of_what_is_there(server: Server, path: str) -> None:
    assert content_digest(f"{server.url}/{path}", {}) == sha256(CONTENT)


@pytest.mark.parametrize("path", ["404", "410"])
def test_nothing_is_there(server: Server, path: str) -> None:
    assert content_digest(f"{server.url}/{path}", {}) is None


@pytest.mark.parametrize(
    ("path", "words", "answered"),
    [
        ("500", "answers with status 500", False),
        ("403", "answers with status 403", True),
        ("round", "without end", True),
        ("out", "that others could change", True),
        ("file", "no address of http", True),
        ("broken", "no address of http", True),
        ("coded", "compresses it", True),
        ("silent", "does not answer in time", False),
    ],
)
def test_why_nothing_came(
    server: Server, path: str, words: str, *, answered: bool
) -> None:
    with pytest.raises(FetchError, match=words) as failed:
        content_digest(f"{server.url}/{path}", {}, timeouts=QUICK)
    assert failed.value.answered is answered


def test_no_server_is_there() -> None:
    with pytest.raises(FetchError, match="refuses connections") as failed:
        content_digest("http://127.0.0.1:9/there", {})
    assert not failed.value.answered


@pytest.mark.parametrize("rest", ["[::1", "[x]/", "/x", "a b/", "\\", "\u2100/"])
def test_what_is_no_address(rest: str) -> None:
    """As the sources of an image may have it, whoever wrote them."""
    with pytest.raises(FetchError, match="it is no address of http"):
        content_digest(f"http://{rest}", {})


def test_a_login_in_an_address_is_not_shown() -> None:
    with pytest.raises(FetchError, match="refuses") as failed:
        content_digest("http://me:hunter2@127.0.0.1:9/", {})
    assert "hunter2" not in str(failed.value)


def test_what_is_larger_than_all_that_is_fetched(server: Server) -> None:
    most = len(CONTENT)
    assert content_digest(f"{server.url}/there", {}, most) == sha256(CONTENT)
    with pytest.raises(FetchError, match="more than 7,999 bytes"):
        content_digest(f"{server.url}/there", {}, most - 1)


def test_credentials_go_to_the_host_that_a_netrc_names(
    server: Server, tmp_path: Path
) -> None:
    """And to no other that it leads to, nor to one that is not named."""
    path = tmp_path / ".netrc"
    path.write_text(
        "machine 127.0.0.1 login me password p:w\ndefault login x password y\n"
    )
    basic = "Basic " + base64.b64encode(b"me:p:w").decode()
    with serving() as other:
        server.elsewhere = other.url.replace("127.0.0.1", "localhost")
        content_digest(f"{server.url}/away", {"HOME": str(tmp_path)})
        assert server.seen == [("/away", basic)]
        assert other.seen == [("/there", None)]
        content_digest(f"{server.url}/there", {"NETRC": str(path)})
        assert server.seen[1:] == [("/there", basic)]


def test_credentials_go_to_no_host_that_another_program_finds(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / ".netrc"
    path.write_text("machine localhost login me password p:w\n")
    with pytest.raises(FetchError, match="no address"):
        content_digest(f"{server.url}\\@localhost/there", {"NETRC": str(path)})
    assert server.seen == []


def test_a_netrc_that_cannot_be_read_is_not_shown(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 pass hunter2\n")
    with pytest.raises(FetchError, match="cannot be read as a netrc") as failed:
        content_digest(f"{server.url}/there", {"NETRC": str(path)})
    assert "hunter2" not in str(failed.value)
    assert server.seen == []
