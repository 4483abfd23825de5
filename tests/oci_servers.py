"""Real registries from Debian's docker-registry, with and without authentication."""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.s3_servers import free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http:
  addr: "{host}"
  secret: no-secret
{more}
"""


@dataclass(frozen=True)
class Served:
    """A registry that runs: its host, and where its content lies."""

    host: str
    root: Path

    def content(self, digest: str) -> Path:
        """The file that holds a blob."""
        name = digest.removeprefix("sha256:")
        blobs = self.root / "docker/registry/v2/blobs/sha256"
        return blobs / name[:2] / name / "data"


def program_in(path: str) -> str | None:
    """Where docker-registry is: on a PATH, or beside the engine that leads it."""
    places = path.split(os.pathsep)
    tools = "tools/usr/bin".join(places[0].rsplit("engine/usr/bin", 1))
    return shutil.which("docker-registry", path=os.pathsep.join([*places, tools]))


@contextmanager
def registry(program: str, folder: Path, more: str = "") -> Iterator[Served]:
    """Run a registry, with some more configuration, that keeps all in a folder."""
    host = f"127.0.0.1:{free_port()}"
    config = folder / "config.yml"
    config.write_text(CONFIG.format(root=folder / "content", host=host, more=more))
    with running([program, "serve", str(config)], folder / "log"):
        _await(host, folder / "log")
        yield Served(host, folder / "content")


@pytest.fixture(scope="session")
def registry_program(engine: dict[str, str]) -> str:
    """Return the path of docker-registry, which comes with the engine's tools."""
    found = program_in(engine["PATH"])
    if found is None:
        pytest.fail("docker-registry is not there; see `scripts/engine up`")
    return found


@pytest.fixture(scope="session")
def serve(
    registry_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Served]]:
    """Give a function that starts a registry with some more configuration."""
    with ExitStack() as stack:

        def start(more: str = "") -> Served:
            folder = tmp_path_factory.mktemp("registry")
            return stack.enter_context(registry(registry_program, folder, more))

        yield start


@pytest.fixture(scope="session")
def plain_registry(serve: Callable[..., Served]) -> Served:
    """Return a registry that everyone may read and write."""
    return serve()


def _await(host: str, log: Path) -> None:
    name, _, port = host.partition(":")
    for _ in range(200):
        try:
            socket.create_connection((name, int(port)), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"docker-registry does not answer:\n{log.read_text()}")
