"""GitHub's packages API on loopback, as its documentation has it, before a registry."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.oci_servers import Served

TOKEN = "ghp_0123456789secret"


@dataclass(frozen=True)
class Says:
    """An answer of its own, before it does anything."""

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = ""


@dataclass
class GitHub:
    """The API that runs: one package, whose versions are those of a repository.

    ``kind`` is whether its owner is one of orgs or users, ``page`` the most versions
    that it gives at once; ``popular`` are digests that very many have taken.
    """

    registry: Served
    path: str
    owner: str = "example"
    name: str = "team/cache"
    kind: str = "orgs"
    page: int = 2
    scopes: str | None = "read:packages, delete:packages"
    url: str = ""
    popular: set[str] = field(default_factory=set)
    says: list[Says] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def versions(self) -> dict[int, dict[str, object]]:
        """All manifests that the registry has of the repository, with their tags."""
        manifests = (
            self.registry.root
            / f"docker/registry/v2/repositories/{self.path}/_manifests"
        )
        tags: dict[str, list[str]] = {}
        for link in manifests.glob("tags/*/current/link"):
            tags.setdefault(link.read_text(), []).append(_tag(link))
        digests = [link.read_text() for link in manifests.glob("revisions/*/*/link")]
        for digest in sorted(digests):
            self.numbers.setdefault(digest, 7000 + len(self.numbers))
        return {
            self.numbers[digest]: {
                "id": self.numbers[digest],
                "name": digest,
                "metadata": {
                    "package_type": "container",
                    "container": {"tags": sorted(tags.get(digest, []))},
                },
            }
            for digest in digests
        }

    def digests(self) -> dict[str, list[str]]:
        """The tags of each version, by its digest."""
        return {
            str(one["name"]): one["metadata"]["container"]["tags"]  # type: ignore[index]
            for one in self.versions().values()
        }

    def answer(
        self, method: str, path: str, authorization: str
    ) -> tuple[int, object, dict[str, str]]:
        for says in self.says:
            if says.method in ("", method):
                self.says.remove(says)
                return says.status, {"message": says.message}, dict(says.headers)
        told = {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
        if authorization != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        needed = "delete:packages" if method == "DELETE" else "read:packages"
        if self.scopes is not None and needed not in self.scopes:
            verb = "delete" if method == "DELETE" else "list"
            words = f"You need at least {needed} scope to {verb} packages."
            return 403, {"message": words}, told
        parts = urlsplit(path)
        kind, owner, *more = parts.path.removeprefix("/").split("/")
        names = (kind, owner, *map(unquote, more[:3]), *more[3:4])
        known = (self.kind, self.owner, "packages", "container", self.name, "versions")
        if names != known:
            return 404, {"message": "Not Found"}, told
        versions = self.versions()
        if more[4:]:
            return (*self._one(method, int(more[4]), versions), told)
        asked = parse_qs(parts.query)
        size = min(self.page, int(asked["per_page"][0]))
        at = int(asked.get("page", ["1"])[0])
        numbers = sorted(versions)[(at - 1) * size : at * size]
        if at * size < len(versions):
            base = f"{self.url}{parts.path}?per_page={size}"
            told["Link"] = (
                f'<{base}&page=1>; rel="first", <{base}&page={at + 1}>; rel="next"'
            )
        return 200, [versions[number] for number in numbers], told

    def _one(
        self, method: str, number: int, versions: dict[int, dict[str, object]]
    ) -> tuple[int, object]:
        version = versions.get(number)
        if version is None:
            return 404, {"message": "Package not found."}
        if method == "GET":
            return 200, version
        digest = str(version["name"])
        tagged = {name for name, tags in self.digests().items() if tags}
        if digest in self.popular:
            return 400, {"message": "This version has too many downloads."}
        if tagged == {digest}:
            words = "You cannot delete the last tagged version of a package."
            return 400, {"message": words}
        registry = http.client.HTTPConnection(self.registry.host)
        registry.request("DELETE", f"/v2/{self.path}/manifests/{digest}")
        assert registry.getresponse().status == 202
        registry.close()
        return 204, None


def _tag(link: Path) -> str:
    return link.parents[1].name


@contextmanager
def packages_api(registry: Served, path: str) -> Iterator[GitHub]:
    """Serve the packages of a repository; nothing is asked of a token but its name."""
    github = GitHub(registry, path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            github.seen.append(f"{self.command} {self.path}")
            status, value, headers = github.answer(
                self.command, self.path, self.headers.get("Authorization", "")
            )
            body = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
