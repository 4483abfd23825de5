"""Random histories of packages, logs, mounts and copies that never repeat.

What the generator is worth: where nothing of issue "Sound and safe" was mended (commit
b89f0e6), these seeds found

==== ============================================================================
seed what
==== ============================================================================
8    a copied directory shows in the plain build what its source does not stand on
7    two stages, and with 86 two projects, have one cache mount: the other's file
12   ``sha256sum -c && touch`` and the like fail, and the stage is built
45   ``--no-cache-stage`` of what others copy from runs nothing; likewise 10, 83
53   what told of a join goes with ``clean``: a step runs again (found on the way)
==== ============================================================================
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tests.engine.acts import history
from tests.engine.archive import push_base, push_marked
from tests.engine.machines import Machines
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space


Ground = tuple[tuple[str, str], "Path"]
"""Two bases, the second of which has a mark, and a store that knows them."""


@pytest.fixture(scope="session")
def ground(
    engine: dict[str, str],
    busybox_base: str,
    debian_base: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[bool], Ground]:
    """Return what gives small bases, or those of Debian with an archive of packages."""

    @functools.cache
    def make(debian: bool) -> Ground:  # noqa: FBT001 - one of two
        folder = tmp_path_factory.mktemp("bases")
        base = busybox_base
        if debian:
            base = push_base(engine, debian_base, registry, folder)
        bases = base, push_marked(engine, base, registry, folder)
        root = folder / "project"
        root.mkdir()
        return bases, Machines(root, engine, bases).learn()

    return make


def play(
    built: Space,
    ground: Callable[[bool], Ground],
    seed: int,
    server: Server | None = None,
    edits: int = 6,
) -> None:
    """Every third history is of real packages, which take their time."""
    debian = seed % 3 == 0
    bases, store = ground(debian)
    machines = Machines(built.root, built.environment, bases, template=store)
    if server is not None:
        name = bucket_name()
        machines.shared = server.environment(name)
        machines.bucket = server.folder / name
    number = 1 if server is None else 2
    machines.play(history(seed, debian=debian, machines=number, edits=edits))


@pytest.mark.alone
@pytest.mark.parametrize(("seed", "edits"), [(53, 1), (83, 2), (99, 1)])
def test_a_few_on_one_machine(
    built: Space, ground: Callable[[bool], Ground], seed: int, edits: int
) -> None:
    """A store is cleaned; what others copy from is built anew; packages, lost blobs."""
    play(built, ground, seed, edits=edits)


@pytest.mark.alone
def test_one_on_two_machines(
    built: Space, ground: Callable[[bool], Ground], rclone_server: Server
) -> None:
    play(built, ground, 110, rclone_server, edits=2)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(100))
def test_on_one_machine(
    built: Space, ground: Callable[[bool], Ground], seed: int
) -> None:
    play(built, ground, seed)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(100, 200))
def test_on_two_machines(
    built: Space, ground: Callable[[bool], Ground], seed: int, rclone_server: Server
) -> None:
    play(built, ground, seed, rclone_server)
