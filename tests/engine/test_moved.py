"""Real images, moved: each is that of its Dockerfile, and stays it, edit by edit."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.moved import (
    DECLARATION,
    NAMES,
    Moved,
    described,
    forget,
    make_base,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.space import Space

SMALL = '''
dockerfile = """
ARG BASE={busybox}
FROM ${BASE} AS build
WORKDIR /src
COPY src src
ARG VERSION=1
RUN mkdir -p /out && cat src/* > /out/app && echo $VERSION > /out/version

FROM ${BASE}
RUN mkdir -p /data/state && chmod 700 /data/state
COPY --from=build /out /srv/app
RUN cp /srv/app/version /srv/version
COPY --chown=1234:1234 settings /srv/settings
RUN cat /srv/version /srv/settings/mode > /srv/both
ENV MODE=plain
USER 1234
CMD ["/srv/app/app"]
"""

[files]
"src/app" = "#!/bin/sh\\nexec sleep 60\\n"
"settings/mode" = "plain\\n"

[edits.source]
changes = [{ file = "src/app", new = "#!/bin/sh\\nexec sleep 90\\n" }]
runs = ["build", "cp", "cat"]

[edits."a front stage"]
changes = [
    { file = "Dockerfile", old = "chmod 700", new = "chmod 750" },
    { file = "dynbuild.toml", old = "chmod 700", new = "chmod 750" },
]
runs = ["chmod", "cat"]
'''
"""An image that every change moves; those of tests/moved take an hour."""

TENTH = 10


@pytest.fixture(scope="module")
def bases(
    engine: dict[str, str], registry: str, debian_base: str, busybox_base: str
) -> Iterator[Callable[[frozenset[str]], dict[str, str]]]:
    """Give bases of some kinds; each is made once."""
    origins = {"debian": debian_base, "busybox": busybox_base}
    made: dict[str, str] = {}

    def of(kinds: frozenset[str]) -> dict[str, str]:
        for kind in sorted(kinds - made.keys()):
            made.update(make_base(engine, registry, origins, kind))
        return made

    yield of
    forget(engine, made.values())


@pytest.fixture
def moved(
    request: pytest.FixtureRequest,
    built: Space,
    engine: dict[str, str],
    bases: Callable[[frozenset[str]], dict[str, str]],
) -> Iterator[Moved]:
    name = request.param
    image = read(name, SMALL) if name == "small" else described(name)
    made = Moved(image, built, engine, bases(image.bases))
    yield made
    made.forget()


@pytest.mark.parametrize("name", NAMES)
def test_little_of_an_image_is_left_to_a_person(space: Space, name: str) -> None:
    image = described(name)
    assert len(image.edits) == TENTH
    bases = {
        f"{kind}{end}": f"docker.io/library/{kind}:slim"
        for kind in image.bases
        for end in ("", "-next")
    }
    moved = Moved(image, space, {}, bases)
    found = moved.translate()["instructions"]
    left = [one for one in found if one["outcome"] == "left"]
    assert len(left) == image.left
    used = [one for one in found if one["outcome"] != "unused"]
    assert len(left) * TENTH <= len(used)
    space.ok("check")
    stages = {one["name"] for one in tomllib.loads(space.read(DECLARATION))["stages"]}
    space.commit()
    for edit in image.edits:
        moved.apply(edit)
        assert {step for step in edit.runs if not step.startswith("apt.")} <= stages


@pytest.mark.parametrize(
    "moved",
    ["small", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES)],
    indirect=True,
)
def test_an_image_is_moved_and_edited(moved: Moved) -> None:
    """The steps run that `why` foretold, and no other; the image is Docker's.

    Fewer run where BuildKit recognizes the content of a copy, which nobody foresees.
    """
    moved.begin()
    moved.ran()
    assert moved.differences() == []
    for edit in moved.described.edits:
        moved.edit(edit)
        foretold = moved.foretold()
        ran, _ = moved.ran()
        assert (edit.name, set(ran) - set(foretold)) == (edit.name, set())
        assert (edit.name, sorted(ran)) == (edit.name, sorted(edit.runs))
        assert (edit.name, moved.differences()) == (edit.name, list(edit.differs))


@pytest.mark.slow
@pytest.mark.parametrize("moved", ["small", *NAMES], indirect=True)
def test_what_an_edge_is_missing_for_is_not_needed(moved: Moved) -> None:
    """Each stage writes one more file: the later ones without an edge to it stay.

    And the image is that of a plain build, in which they do stand on it.
    """
    space = moved.space
    moved.begin()
    space.ok("realize")
    before = space.read(DECLARATION)
    for stage, free in _without_an_edge(tomllib.loads(before)["stages"]).items():
        head = f'[[stages]]\nname = "{stage}"\n'
        assert before.count(head) == 1
        more = 'files = { "/one-more" = "" }\n'
        space.write(DECLARATION, before.replace(head, head + more))
        space.ok("lock")
        words = ("realize", "--compare-linear", "--metadata-file", "built.json")
        assert "no paths differ from a plain build" in space.ok(*words).err
        steps = json.loads(space.read("built.json"))["dynbuild.steps"]
        ran = {step["step"] for step in steps if step["ran"]}
        assert stage in ran
        assert not ran & free


def _without_an_edge(stages: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the stages behind each one that do not stand on it."""
    below = {
        stage["name"]: {
            *stage.get("dependencies", ()),
            *(one["stage"] for one in _taken(stage) if "stage" in one),
        }
        for stage in stages
    }
    free = {}
    for number, stage in enumerate(stages):
        standing = {stage["name"]}
        while found := {one for one in below if below[one] & standing} - standing:
            standing |= found
        rest = {later["name"] for later in stages[number:]} - standing
        if rest:
            free[stage["name"]] = rest
    return free


def _taken(stage: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*stage.get("copy", ()), *stage.get("mounts", ())]
