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

from typing import TYPE_CHECKING

import pytest

from tests.engine.acts import history
from tests.engine.archive import push_base
from tests.engine.machines import Machines
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.space import Space


@pytest.fixture(scope="session")
def archive_base(
    engine: dict[str, str],
    debian_base: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Return the reference of a Debian base that has an archive of tiny packages."""
    folder = tmp_path_factory.mktemp("archive")
    return push_base(engine, debian_base, registry, folder)


@pytest.fixture(scope="session")
def stores(
    engine: dict[str, str],
    busybox_base: str,
    archive_base: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Path]:
    """Stores that know a base, by its reference: the small one, then the Debian."""
    folder = tmp_path_factory.mktemp("bases")
    found = {}
    for number, base in enumerate((busybox_base, archive_base)):
        root = folder / f"base-{number}"
        root.mkdir()
        found[base] = Machines(root, engine, base).learn()
    return found


def play(
    built: Space,
    stores: Mapping[str, Path],
    seed: int,
    server: Server | None = None,
    edits: int = 6,
) -> None:
    """Every third history is of real packages, which take their time."""
    debian = seed % 3 == 0
    base = [*stores][debian]
    machines = Machines(built.root, built.environment, base, template=stores[base])
    if server is not None:
        name = bucket_name()
        machines.shared = server.environment(name)
        machines.bucket = server.folder / name
    number = 1 if server is None else 2
    machines.play(history(seed, debian=debian, machines=number, edits=edits))


@pytest.mark.alone
@pytest.mark.parametrize(("seed", "edits"), [(53, 1), (83, 2), (99, 1)])
def test_a_few_on_one_machine(
    built: Space, stores: Mapping[str, Path], seed: int, edits: int
) -> None:
    """A store is cleaned; what others copy from is built anew; packages, lost blobs."""
    play(built, stores, seed, edits=edits)


@pytest.mark.alone
def test_one_on_two_machines(
    built: Space, stores: Mapping[str, Path], rclone_server: Server
) -> None:
    play(built, stores, 110, rclone_server, edits=2)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(100))
def test_on_one_machine(built: Space, stores: Mapping[str, Path], seed: int) -> None:
    play(built, stores, seed)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(100, 200))
def test_on_two_machines(
    built: Space, stores: Mapping[str, Path], seed: int, rclone_server: Server
) -> None:
    play(built, stores, seed, rclone_server)
