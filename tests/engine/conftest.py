"""Fixtures of what is kept in a store."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.tiers.oci.address import Repository
from tests.engine.stored import DECLARATION
from tests.oci_proxy import Proxy, proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.write("src/file", "content\n")
    built.ok("lock")
    store = str(built.root / "store")
    return replace(built, environment={**built.environment, "CACHE_LOCAL_PATH": store})


@pytest.fixture
def tag(docker: Docker, tmp_path: Path) -> Iterator[str]:
    name = f"dynbuild-test-{tmp_path.name.lower().replace('_', '-')}-{os.getpid()}"
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture
def push(
    engine: dict[str, str], registry: str, tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """What makes a base of a Dockerfile's text, by its name in a registry."""
    names: set[str] = set()

    def pushed(text: str, *flags: str, name: str = "") -> str:
        name = name or f"{registry}/dynbuild-test/other:{uuid4().hex}"
        names.add(name)
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        (folder / "Dockerfile").write_text(text)
        network = f"--network={engine.get('DYNBUILD_NETWORK', 'default')}"
        words = ["docker", "buildx", "build", "--push", "--provenance=false", network]
        words += [*flags, "-t", name, str(folder)]
        subprocess.run(words, env=engine, capture_output=True, check=True)
        return name

    yield pushed
    gone = ["docker", "image", "rm", *names]
    subprocess.run(gone, env=engine, capture_output=True, check=False)


@pytest.fixture
def proxy(registry: str) -> Iterator[Proxy]:
    """Serve a proxy before the registry that has the bases: one host for all."""
    with proxied(registry) as running:
        yield running


@pytest.fixture
def cache(proxy: Proxy) -> Repository:
    return Repository(proxy.host, f"dynbuild-test/cache-{uuid4().hex}")
