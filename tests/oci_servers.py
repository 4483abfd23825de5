"""Real registries from Debian's docker-registry, with and without authentication."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

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


@pytest.fixture(scope="session")
def registry_program(engine: dict[str, str]) -> str:
    """Return the path of docker-registry, which comes with the engine's tools."""
    path = engine["PATH"].split(os.pathsep)
    tools = "tools/usr/bin".join(path[0].rsplit("engine/usr/bin", 1))
    places = [*path, tools]
    found = shutil.which("docker-registry", path=os.pathsep.join(places))
    if found is None:
        pytest.fail("docker-registry is not there; see `scripts/engine up`")
    return found


@pytest.fixture(scope="session")
def serve(
    registry_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Served]]:
    """Give a function that starts a registry with some more configuration."""
    running: list[subprocess.Popen[bytes]] = []

    def start(more: str = "") -> Served:
        folder = tmp_path_factory.mktemp("registry")
        host = f"127.0.0.1:{free_port()}"
        config = folder / "config.yml"
        config.write_text(CONFIG.format(root=folder / "content", host=host, more=more))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [registry_program, "serve", str(config)], stdout=log, stderr=log
            )
        running.append(process)
        _await(host, process, folder / "log")
        return Served(host, folder / "content")

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def plain_registry(serve: Callable[..., Served]) -> Served:
    """Return a registry that everyone may read and write."""
    return serve()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    name, _, port = host.partition(":")
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection((name, int(port)), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"docker-registry does not answer:\n{log.read_text()}")
