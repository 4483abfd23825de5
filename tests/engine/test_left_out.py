"""What an archive no longer has, and nobody declares any more, blocks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, command, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Done, Space

PRESENT = """ls /usr/share | grep -x 'one\\|two\\|many' || :
cat /usr/share/many/version 2> /dev/null || :
"""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path / "apt" / "repository")
    for name in ("one", "two"):
        made.add(name)
    for version in ("1", "2"):
        made.add("many", version)
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture
def image(
    built: Space, engine: dict[str, str], debian_base: str, repository: AptRepository
) -> Iterator[Image]:
    dockerfile = f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm /etc/apt/sources.list.d/* && \
    echo 'deb {repository.address} stable main' > /etc/apt/sources.list
"""
    tag = make_base(engine, dockerfile, f"left-out-{uuid4().hex[:12]}")
    made = Image(built, engine, tag)
    yield made
    made.forget()
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


def without(repository: AptRepository, *gone: str) -> None:
    """Publish the archive without some packages, each as ``name_version``."""
    repository.packages[:] = [
        entry for entry in repository.packages if described(entry[2]) not in gone
    ]
    repository.publish()


def described(place: Path) -> str:
    shown = command("dpkg-deb", "-W", "--showformat=${Package}_${Version}", place)
    return shown.strip()


def declare(image: Image, *specs: str) -> None:
    listed = ", ".join(f'"{spec}"' for spec in specs)
    image.declare(f"apt_packages = [{listed}]")
    image.space.ok("lock")


def realize(image: Image, store: str) -> Done:
    path = str(image.space.root.with_name(f"{image.space.root.name}-{store}"))
    return image.space.run("realize", "-t", image.tag, CACHE_LOCAL_PATH=path)


def test_a_misspelt_package_blocks_nothing_once_it_is_corrected(image: Image) -> None:
    declare(image, "one", "twoo")
    assert "DB0510" in realize(image, "store").err
    declare(image, "one", "two")
    assert '"1 twoo"' in image.space.read("dynbuild.lock")
    done = realize(image, "store")
    assert done.status == 0, done.err
    assert "warning[DB0183]: 'apt.1' is without twoo" in done.err
    assert "one\ntwo\n" in image.run(PRESENT)
    again = realize(image, "store")
    assert " 0 ran" in again.err
    assert "DB0183" in again.err


def test_what_an_archive_dropped_is_left_out_by_who_has_no_record_of_it(
    image: Image, repository: AptRepository
) -> None:
    """And a record that lacks it is none for a lock that still declares it."""
    declare(image, "one", "two", "many=1")
    first = image.space.read("dynbuild.toml"), image.space.read("dynbuild.lock")
    assert realize(image, "warm").status == 0
    declare(image, "one", "many=2")
    second = image.space.read("dynbuild.toml"), image.space.read("dynbuild.lock")
    without(repository, "two_1", "many_1")

    # Where the first group was built, it is taken as it is.
    done = realize(image, "warm")
    assert (done.status, "DB0183" in done.err) == (0, False), done.err
    assert "1 ran" in done.err

    # Where it was not, the rest of it is.
    done = realize(image, "cold")
    assert done.status == 0, done.err
    assert "'apt.1' is without many=1" in done.err
    assert "'apt.1' is without two" in done.err
    assert image.run(PRESENT) == "many\none\n2\n"

    # The lock that still declares it does not take that: the builder's cache has more.
    for name, text in zip(("dynbuild.toml", "dynbuild.lock"), first, strict=True):
        image.space.write(name, text)
    done = realize(image, "cold")
    assert (done.status, "DB0183" in done.err) == (0, False), done.err
    assert image.run(PRESENT) == "many\none\ntwo\n1\n"

    # And both are of use now.
    for name, text in zip(("dynbuild.toml", "dynbuild.lock"), second, strict=True):
        image.space.write(name, text)
    done = realize(image, "cold")
    assert done.status == 0, done.err
    assert image.run(PRESENT).startswith("many\none\n")


def test_what_fails_though_nobody_declares_it_names_the_way_out(
    image: Image, repository: AptRepository
) -> None:
    """A package that is there, and whose installation fails."""
    repository.add("broken", Pre_Depends="one")
    place = repository.packages[-1][2]
    repository.packages[-1] = (*repository.packages[-1][:2], failing(place))
    repository.publish()
    declare(image, "two", "broken")
    assert "DB0510" in realize(image, "store").err
    declare(image, "two")
    done = realize(image, "store")
    assert "broken is no longer declared" in done.err
    assert "`dynbuild lock --repack`" in done.err
    image.space.ok("lock", "--repack")
    assert realize(image, "store").status == 0


def failing(place: Path) -> Path:
    """The package, with a script that fails."""
    root = place.with_suffix("")
    command("dpkg-deb", "-R", place, root)
    script = root / "DEBIAN" / "postinst"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    command("dpkg-deb", "--root-owner-group", "-b", root, place)
    return place
