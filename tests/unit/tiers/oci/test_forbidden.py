"""A registry that forbids: its words are told, which an answer to HEAD cannot hold."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from dynbuild.digest import sha256
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.errors import RegistryError

BODY = b'{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200 if "reads" in self.path or self.path == "/v2/" else 403)

    def do_HEAD(self) -> None:
        self.answer(403)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_words_of_a_refusal(host: str) -> None:
    client = Client(host, {})
    with pytest.raises(RegistryError, match="permission_denied: write_package"):
        client.manifest_digest(Repository(host, "x/app"), "1")
    assert client.manifest_digest(Repository(host, "reads"), "1") == sha256(BODY)
