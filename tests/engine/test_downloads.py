"""What stages download, by a real builder from a real server."""

from __future__ import annotations

import base64
import io
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "tools"
add = [
    {{ url = "{url}/tool?a=b%20c", to = "/opt/bin/", mode = "755", owner = "7:8" }},
    {{ url = "{url}/${{TARGETARCH}}/known", to = "/known" }},
    {{ url = "{url}/archive", to = "/opt/un packed", unpack = true }},
]
"""
LOOK = (
    "cat /opt/bin/tool /known '/opt/un packed/d/f'; "
    "stat -c '%A %u %g' /opt/bin/tool /known '/opt/un packed/d/f'"
)
BASIC = f"Basic {base64.b64encode(b'me:pass').decode()}"


def archive() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        entry = tarfile.TarInfo("d/f")
        entry.size, entry.mode, entry.uid, entry.gid = 9, 0o640, 1, 2
        tar.addfile(entry, io.BytesIO(b"archived\n"))
    return data.getvalue()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    contents: dict[str, bytes]
    wants: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.server.wants
        body = self.server.contents.get(self.path)
        if wanted is not None and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            body = b""
        else:
            self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.contents = {
            "/tool?a=b%20c": b"tool\n",
            "/amd64/known": b"known\n",
            "/archive": archive(),
        }
        thread = Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize("linear", [False, True])
def test_files_and_archives(
    built: Space,
    server: Server,
    busybox_base: str,
    docker: Callable[..., str],
    *,
    linear: bool,
) -> None:
    text = DECLARATION.format(base=busybox_base, url=server.url)
    built.write("dynbuild.toml", text)
    tag = f"dynbuild-test-downloads:{linear}".lower()
    built.ok("build", "-t", tag, *(["--linear"] if linear else []))
    try:
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", LOOK)
    finally:
        docker("image", "rm", tag)
    assert found == (
        "tool\nknown\narchived\n-rwxr-xr-x 7 8\n-rw-r--r-- 0 0\n-rw-r----- 1 2\n"
    )


def test_content_that_became_another(
    built: Space, server: Server, busybox_base: str
) -> None:
    name = f'{{ url = "{server.url}/new", to = "/new" }}'
    server.contents["/new"] = f"first, of {server.url}\n".encode()
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "n"\nadd = [{name}]\n',
    )
    built.ok("lock")
    server.contents["/new"] = b"second\n"
    failed = built.run("realize")
    assert failed.status == 1
    assert "not what was locked" in failed.err
    assert "`dynbuild lock --upgrade-add`" in failed.err
    assert "n failed" in failed.err
    assert built.ok("lock").err == "dynbuild.lock is up to date\n"
    built.ok("lock", "--upgrade-add")
    built.ok("realize")


def test_a_server_that_wants_to_know_who_asks(
    built: Space, server: Server, busybox_base: str
) -> None:
    server.contents["/private"] = f"private, of {server.url}\n".encode()
    server.wants = BASIC
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "p"\n'
        f'add = [{{ url = "{server.url}/private", to = "/p" }}]\n',
    )
    netrc = built.write(".netrc", "machine 127.0.0.1 login me password pass\n")
    refused = built.run("lock")
    assert refused.status == 2
    assert "answers with status 401" in refused.err
    built.ok("lock", NETRC=str(netrc))
    failed = built.run("realize")
    assert failed.status == 1
    assert "HTTP_AUTH_HEADER_HOST" in failed.err
    header = "id=HTTP_AUTH_HEADER_127.0.0.1,env=HEADER"
    made = built.ok("realize", "--secret", header, HEADER=BASIC)
    assert "DB0509" not in made.err
    printed = built.ok("realize", "--print").out
    for text in (printed, made.err, built.read("dynbuild.lock")):
        assert "pass" not in text
        assert BASIC not in text
