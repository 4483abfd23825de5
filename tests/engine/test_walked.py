"""The tutorials and the how-to pages: what they show is what happens."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
from base64 import b64encode
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

import pytest

from tests.contracts.test_tls import server
from tests.engine.managers import Quiet, served
from tests.engine.test_managers_npm import publish
from tests.engine.test_managers_pip import wheel
from tests.s3_servers import Server, bucket_name
from tests.space import Space
from tests.walked import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["server"]
DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    str(path.relative_to(DOCS))
    for folder in ("tutorials", "how-to")
    for path in (DOCS / folder).glob("*.md")
)
BASE = """\
FROM {base}
RUN echo {unique} > /etc/walked
"""


OTHERS = {
    "gcc:14": """\
FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
RUN echo {unique} > /etc/walked
""",
    "node:22-slim": """\
FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends npm && \
    rm -rf /var/lib/apt/lists/*
RUN echo {unique} > /etc/walked
""",
    "gcr.io/distroless/static-debian12": """\
FROM {base} AS made
RUN mkdir -p /made/etc && echo nonroot:x:65532:65532::/home/nonroot:/sbin/nologin \
    > /made/etc/passwd && echo {unique} > /made/etc/walked
FROM scratch
COPY --from=made /made /
""",
}
"""Images that pages start from, as far as they use them."""


@pytest.fixture
def push(
    engine: dict[str, str], debian_base: str, registry: str
) -> Callable[[str, str], str]:
    """Push an image that a Dockerfile makes."""

    def made(name: str, dockerfile: str) -> str:
        tag = f"{registry}/dynbuild-test/{name}"
        words = ["docker", "buildx", "build", "--provenance=false", "--push", "-t", tag]
        if engine.get("DYNBUILD_NETWORK") == "host":
            words += ["--network=host", "--allow=network.host"]
        text = dockerfile.format(base=debian_base, unique=uuid4())
        done = subprocess.run(
            [*words, "-"],
            env=engine,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return tag

    return made


class _Private(Quiet):
    """Answers those alone who know the password of the tutorial."""

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        known = {f"Basic {b64encode(b'ci:s3cret').decode()}", "Bearer t0ken"}
        if self.headers["Authorization"] in known:
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()


@pytest.fixture
def private_index(tmp_path: Path) -> Iterator[str]:
    """An index of packages that asks for a password."""
    folder = tmp_path.with_name(f"{tmp_path.name}-index")
    wheel(folder / "simple", "greeting", "1.0")
    with served(folder, _Private) as address:
        publish(folder, address, "@team/greeting", {"1.0.0": {}})
        yield address


class _Proxy(Quiet):
    """Asks for what it is asked for, wherever that is."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        self.asked.append(self.path)
        with build_opener(ProxyHandler({})).open(self.path, timeout=60) as answer:
            self.send_response(200)
            self.send_header("Content-Length", answer.headers["Content-Length"])
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile)


@pytest.fixture
def network(server: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A proxy, a server whose authority nobody knows, and the authority."""
    assert server.ca
    folder = tmp_path.with_name(f"{tmp_path.name}-intranet")
    folder.mkdir()
    (folder / "motd").write_text("Welcome.\n")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*(Path(server.ca).with_name(name) for name in ("cert", "key")))
    with served(folder, tls=tls) as intranet, served(folder, _Proxy) as proxy:
        yield {
            "https://intranet.example.com": intranet,
            "http://proxy.example.com:3128": proxy,
            "/etc/ssl/example-ca.pem": server.ca,
        }


@pytest.fixture
def walk(  # noqa: PLR0913, PLR0917 - one parameter a server
    built: Space,
    push: Callable[[str, str], str],
    registry: str,
    rclone_server: Server,
    private_index: str,
    network: dict[str, str],
    docker: Callable[..., str],
    tmp_path: Path,
) -> Iterator[Walk]:
    name = uuid4().hex[:8]
    walked = f"walked:{name}"
    home = tmp_path.with_name(f"{tmp_path.name}-home")
    home.mkdir()
    state = home / name
    beside = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{built.environment['PATH']}",
        "RUNNER_TEMP": str(state),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
    }
    ours = {"CACHE_LOCAL_PATH", "XDG_STATE_HOME", "XDG_CACHE_HOME"}
    kept = {k: v for k, v in built.environment.items() if k not in ours}
    space = Space(built.root, kept | beside)
    real = {
        **network,
        "debian:stable-slim": push(walked, BASE),
        "https://index.example.com": private_index,
        "https://npm.example.com": private_index,
        "//npm.example.com": private_index.removeprefix("http:"),
        "machine index.example.com": "machine 127.0.0.1",
        "ghcr.io/example": f"{registry}/walked-{name}",
        "minio.example.com:9000": rclone_server.endpoint,
        "team-cache": bucket_name(),
        "ci-key": rclone_server.access,
        "ci-secret": rclone_server.secret,
    }
    given = {
        "github.sha": "0123abc",
        "secrets.UPGRADE_TOKEN": "a-token",
        "CI_REGISTRY": registry,
        "CI_REGISTRY_IMAGE": f"{registry}/walked-{name}/hello",
        "CI_COMMIT_SHORT_SHA": "0123abc",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD",
        "NOTES_TOKEN": "a-token",
    }

    def time_goes_on() -> None:
        """A remote repository is there, and the base moved since it was locked."""
        remote = str(home / "remote.git")
        space.git("init", "-q", "--bare", remote)
        space.git("-C", remote, "config", "receive.advertisePushOptions", "true")
        space.git("remote", "add", "origin", remote)
        push(walked, BASE)

    going = Walk(space, state, real, given, time_goes_on)
    yield going
    ours = docker("image", "ls", "--quiet", "--filter", f"reference={going.own('*')}")
    if ours:
        docker("image", "rm", "--force", *ours.split())


@pytest.mark.parametrize("page", PAGES)
def test_a_page(
    page: str,
    walk: Walk,
    push: Callable[[str, str], str],
    request: pytest.FixtureRequest,
) -> None:
    path = DOCS / page
    text = path.read_text()
    for shown, dockerfile in OTHERS.items():
        if shown in text:
            # A name of its own: other pages are walked at the same time.
            own = f"{re.sub(r'[^a-z0-9]', '-', shown)}:{uuid4().hex[:8]}"
            walk.real[shown] = push(own, dockerfile)
    _Proxy.asked.clear()
    told = walk.through(text)
    assert any("/dists/" in url for url in _Proxy.asked) == ("proxy" in page)
    if request.config.getoption("update_snapshots"):
        path.write_text(told)
    else:
        both = (text.splitlines(keepends=True), told.splitlines(keepends=True))
        assert "".join(unified_diff(*both, n=0)) == ""
