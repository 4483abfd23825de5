"""Random histories of packages, logs, mounts and copies that never repeat.

What the generator is worth: with a single fix of issue "Sound and safe" taken back,
these seeds fail, for the reason that is told.

==== ==== ======================================================================
rule seed what was taken back, and what the history shows then
==== ==== ======================================================================
0    10   a record says nothing of what it was copied from: a stage built anew is
          not, for those that copy from it
0    121  no id is settled for all that is chosen: an image has two builds of one
          stage
1    2    no line tests the status of a command: what fails is built
2    4    copied files are of 1980: so they are in the image
2    46   the builder's own cache answers for copies: what was made of another source
          meanwhile lies in the mount, and is newer
3    56   the id of a mount is without the project: another one's files lie there
3    157  ... without the stage: what another stage made
3    31   ... without the base: what was made on another one
4    18   triggers of dpkg are not read: what a package makes of others lacks some
4    180  nor are those of a package that the same step removes: what it made on its
          way out lacks some
4    15   nor the directories that ldconfig reads: it links another library
4    54   nor the configuration of dpkg: files that it excludes are there
4    19   a plain build copies from the line: what a stage does not stand on is there
5    19   /var/log does not count as a whole: a mode of it is lost
5    28   /root/.cache does not: a line is lost
5    151  /tmp does not: an owner is lost
5    130  /var/cache/apt does not: a line is lost
5    50   __pycache__ does not: a mode of it is lost
==== ==== ======================================================================

Of the few seeds that were tried none showed that the place of a copy covers that of
its source (10, 13, 154), as records say the same; that a copy is of its source by
itself (7, 10, 16); that the mount of a stage is another one where what it stands on
changes (41); that the user is made of /etc/skel (2, 25, 37).
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
@pytest.mark.parametrize(("seed", "edits"), [(10, 1), (19, 0), (56, 1)])
def test_a_few_on_one_machine(
    built: Space, ground: Callable[[bool], Ground], seed: int, edits: int
) -> None:
    """The beginnings of some that find something, see above."""
    play(built, ground, seed, edits=edits)


@pytest.mark.alone
def test_one_on_two_machines(
    built: Space, ground: Callable[[bool], Ground], rclone_server: Server
) -> None:
    play(built, ground, 121, rclone_server, edits=1)


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
