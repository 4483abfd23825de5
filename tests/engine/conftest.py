"""Fixtures of what is kept in a store."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.stored import DECLARATION

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
