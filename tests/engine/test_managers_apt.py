"""Package logs of apt in real builds, edit after edit, against a repository we make."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

OWN = {"own-tool", "own-shared"}
LOOSE = {"own-loose"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    """Packages as people have them: chains, virtual ones, odd names, epochs."""
    made = AptRepository(tmp_path_factory.mktemp("apt") / "repository")
    for name in ("own-tool", "own-loose", "own-shared", "lib1", "plain", "t++"):
        made.add(name)
    made.add("app", Depends="lib1, lib.2+")
    made.add("lib.2+", "1:1.0-1")
    made.add("fan", Recommends="liked")
    made.add("liked")
    made.add("postman", Provides="post-agent (= 3), other-agent")
    made.add("meta", Section="metapackages", Depends="lib1")
    for version in ("1:1.0-1", "1:1.2-1", "1:2.0-1"):
        made.add("many", version, conffiles={"/etc/many.conf": f"as of {version}\n"})
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture(scope="module")
def base(
    engine: dict[str, str], debian_base: str, repository: AptRepository
) -> Iterator[str]:
    """A Debian that knows our repository alone, and has packages in every state."""
    dockerfile = f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm /etc/apt/sources.list.d/* && \
    echo 'deb {repository.address} stable main' \
      > /etc/apt/sources.list && \
    apt-get update && apt-get install -y own-tool own-loose own-shared && \
    apt-mark auto own-loose own-shared && rm -rf /var/lib/apt/lists/*
"""
    tag = make_base(engine, dockerfile, f"managers-base-{uuid4().hex[:12]}")
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def packages(*specs: str) -> str:
    listed = ", ".join(f'"{spec}"' for spec in specs)
    return f"apt_packages = [{listed}]"


def test_a_history_of_edits(image: Image) -> None:
    image.edit(packages("app", "t++", "many=1:1.*"))
    first = image.look()
    assert first.complaints == ""
    assert first.leftovers == []
    assert first.installed["many"] == "1:1.2-1"
    assert {"app", "t++", "many"} <= first.manual
    assert not {"lib1", "lib.2+"} & first.manual
    base = image.look().installed.keys() - {"app", "t++", "many", "lib1", "lib.2+"}

    # Remove one, add one, respecify one downward, declare what the base has.
    image.edit(
        packages("app", "lib1", "many=1:1.0-1", "own-tool", "own-loose", "liked")
    )
    second = image.look()
    assert second.complaints == ""
    assert second.leftovers == []
    assert second.installed.keys() - base == {"app", "lib1", "lib.2+", "many", "liked"}
    assert second.installed["many"] == "1:1.0-1"

    # Remove one that a declared one needs, and the base's own; respecify upward.
    image.edit(packages("app", "many"))
    third = image.look()
    assert third.complaints == ""
    assert third.leftovers == []
    assert third.installed.keys() - base == {"app", "lib1", "lib.2+", "many"}
    assert third.installed["many"] == "1:2.0-1"
    assert third.installed.keys() >= OWN | LOOSE
    assert "own-tool" in third.manual
    assert not {"own-loose", "own-shared", "lib1"} & third.manual

    # Remove all but one, and take one back.
    image.edit(packages("t++"))
    fourth = image.look()
    assert fourth.complaints == ""
    assert fourth.leftovers == []
    assert fourth.installed.keys() - base == {"t++"}
    assert fourth.installed.keys() >= OWN | LOOSE

    image.edit("")
    last = image.look()
    assert last.complaints == ""
    assert last.installed.keys() == base
    assert last.manual == first.manual - {"app", "t++", "many"}
    assert image.space.read("dynbuild.lock").count('"t++" = ["1 t++", ') == 1
