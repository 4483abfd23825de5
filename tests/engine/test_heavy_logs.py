"""Old versions in the layers below: `lock` says when they weigh too much."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.space import Space

LARGE = 4_000_000
"""Bytes beside which what dpkg writes besides counts little."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path.with_name(f"{tmp_path.name}-apt") / "repository")
    made.add("small")
    add_large(made, "1")
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


def add_large(repository: AptRepository, version: str) -> None:
    """A package that no compression makes smaller than its bytes."""
    files = {"/usr/share/large/content": secrets.token_hex(LARGE)}
    repository.add("large", version, files=files)


@pytest.fixture
def image(
    built: Space,
    engine: dict[str, str],
    debian_base: str,
    repository: AptRepository,
    push: Callable[..., str],
) -> Iterator[Image]:
    base = push(f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {repository.address} stable main' > /etc/apt/sources.list && \\
    echo {uuid4()} > /etc/unique
""")
    made = Image(built, engine, base)
    yield made
    made.forget()


def declared(*names: str, says: str = "true") -> str:
    stage = f'[stages.work]\ncommands = ["{says}"]\n'
    return f"apt_packages = {[*names]}\n{stage}"


def locked(image: Image, text: str, *flags: str, **variables: str) -> str:
    image.declare(text)
    return image.space.ok("lock", *flags, **variables).err


def test_versions_that_lie_below_others(
    image: Image, repository: AptRepository, tmp_path: Path
) -> None:
    image.edit(declared("large", "small"))
    image.space.commit()
    add_large(repository, "2")
    repository.publish()
    # Nobody knows yet what the new version hides.
    assert "DB0451" not in locked(image, declared("large", "small"), "-P", "large")
    image.edit(declared("large", "small"))
    image.space.commit()

    edited = declared("large", "small", says="echo 2")
    empty = {"CACHE_LOCAL_PATH": f"{tmp_path}-empty"}
    image.declare(edited)
    assert "DB0451" not in image.space.ok("lock", "--dry-run", **empty).err
    told = locked(image, edited)
    found = re.search(
        r"warning\[DB0451\]: of ([0-9.]+) MB that packages of apt weigh, about "
        r"([0-9.]+) MB lie below what upgraded or removed them",
        told,
    )
    assert found is not None, told
    whole, cold = map(float, found.groups())
    assert 2 * LARGE <= whole * 1e6 <= 2.3 * LARGE
    assert 0.9 * LARGE <= cold * 1e6 <= 1.1 * LARGE
    # The group, and the stage that stands on it.
    assert re.search(r"`dynbuild lock --repack` .*\n +\(2 of 2 steps run", told), told
    assert "DB0451" not in locked(image, edited), "it says so when it changes"

    assert "DB0451" not in locked(image, declared("large", "small"), "--repack")
    image.edit(declared("large", "small"))
    assert "DB0451" not in locked(image, edited)
