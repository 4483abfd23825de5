"""GitHub as far as the action asks it: comments of pull requests, over HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class GitHub:
    """What was asked, and the comments that there are; ``allowed`` is the token's."""

    def __init__(self) -> None:
        self.comments: dict[int, str] = {}
        self.authors: dict[int, str] = {}
        self.user: str | None = None
        """Whose the token is, where it is no workflow's."""
        self.allowed = True
        self.tokens: set[str] = set()
        self.url = ""


def _user(name: str | None) -> dict[str, str]:
    if name is None:
        return {"login": "github-actions[bot]", "type": "Bot"}
    return {"login": name, "type": "User"}


@contextmanager
def github() -> Iterator[GitHub]:
    """A server on loopback for as long as it is needed."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/user":
                if state.user is None:
                    self.send_error(403, "Resource not accessible by integration")
                else:
                    self._answer({"login": state.user, "type": "User"})
                return
            page = int(parse_qs(urlsplit(self.path).query)["page"][0])
            listed = [
                {"id": n, "body": body, "user": _user(state.authors.get(n))}
                for n, body in sorted(state.comments.items())
            ]
            self._answer(listed[100 * (page - 1) : 100 * page])

        def do_POST(self) -> None:
            assert self.path == "/repos/o/r/issues/7/comments"
            self._write(len(state.comments) + 1)

        def do_PATCH(self) -> None:
            self._write(int(self.path.rsplit("/", 1)[1]))

        def _write(self, number: int) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))["body"]
            if state.allowed:
                state.comments[number] = body
                self._answer({"id": number})
            else:
                self.send_error(403, "Resource not accessible by integration")

        def _answer(self, value: object) -> None:
            state.tokens.add(self.headers["Authorization"])
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
