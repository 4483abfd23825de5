"""The index of Python packages: real answers over HTTP, in both forms."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from dynbuild.engine.index import Index, UntoldError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = [
    {"filename": "flask-3.0.tar.gz"},
    {"filename": "flask-3.1-py3-none-any.whl", "yanked": False},
    {"filename": "flask-9-py3-none-any.whl", "yanked": "broken"},
    {"filename": "flask.exe"},
]
PAGES = {
    "/simple/flask/": ("application/vnd.pypi.simple.v1+json", {"files": FILES}),
    "/simple/odd/": ("application/vnd.pypi.simple.v1+json", []),
    "/simple/html/": (
        "text/html",
        """<a href="x#sha256=1">html-1.0.tar.gz</a>
        <A data-yanked="" href="x">html-2.0.tar.gz</A>
        <a href="y">html-1.1-py3-none-any.whl</a>""",
    ),
}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = self.headers.get("Authorization")
        if self.path == "/simple/private/" and asked != "Basic bWU6c2VjcmV0":
            self.send_error(401)
            return
        page = PAGES.get(self.path.replace("private", "flask"))
        if page is None:
            self.send_error(404)
            return
        kind, content = page
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        text = content if isinstance(content, str) else json.dumps(content)
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_both_forms(host: str) -> None:
    index = Index({"PIP_INDEX_URL": f"http://{host}/simple/"})
    assert index.versions("flask") == ("3.0", "3.1")
    assert index.versions("html") == ("1.0", "1.1")


def test_credentials_go_to_the_index_and_into_no_message(host: str) -> None:
    index = Index({"PIP_INDEX_URL": f"http://me:secret@{host}/simple"})
    assert index.versions("private") == ("3.0", "3.1")
    wrong = Index({"PIP_INDEX_URL": f"http://me:wrong@{host}/simple"})
    with pytest.raises(UntoldError) as told:
        wrong.versions("private")
    assert str(told.value) == f"{host} answers 401"


@pytest.mark.parametrize(
    ("url", "name", "said"),
    [
        ("http://{host}/simple", "nothing", "{host} answers 404"),
        ("http://{host}/simple", "odd", "{host} says nothing that is understood"),
        ("http://127.0.0.1:9/simple", "flask", "127.0.0.1:9 does not answer"),
        ("file:///simple", "flask", "the index is no URL of http: file"),
    ],
)
def test_what_it_does_not_say(url: str, name: str, said: str, host: str) -> None:
    index = Index({"PIP_INDEX_URL": url.format(host=host)})
    with pytest.raises(UntoldError) as told:
        index.versions(name)
    assert str(told.value) == said.format(host=host)
