"""Whose programs are asked for, and what a config shows of a shell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dynbuild.commands.programs import lacking
from dynbuild.emit.pins import pin_of, shows_shell
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from dynbuild.reference import parse
from dynbuild.steps.model import AptSource, Pin, Setup, Stage, User
from dynbuild.steps.nothing import NOTHING
from tests.pins import pinned

BASE = pinned("docker.io/library/bare:1")
OTHER = pinned("docker.io/library/other:1")
FILES = Stage("files", build_only=True, base=OTHER.image)


def asked(target: Target | None, base: Pin = BASE, program: str = "/bin/sh") -> bool:
    """Whether a base is asked for a program, where a lock is of some target."""
    found: list[Pin] = []

    def lacks(pin: Pin, _: str) -> bool:
        found.append(pin)
        return True

    recipes = [] if target is None else [update(None, target)]
    known = lacking(recipes, lacks)(base, program)
    assert known == bool(found)
    return known


def test_a_base_that_no_lock_has_is_asked() -> None:
    assert asked(None)
    assert asked(Target(OTHER))
    assert asked(Target(BASE))


def test_not_what_is_empty_or_of_the_engine_or_tells_itself() -> None:
    assert not asked(None, Pin("local:1", None))
    assert not asked(None, replace(BASE, shows_shell=True))
    assert lacking([], lambda *_: False)(NOTHING, "/bin/sh")


@pytest.mark.parametrize(
    "target",
    [
        Target(BASE, packages={"apt": {"curl": "curl"}}),
        Target(BASE, sources=(AptSource("https://a", ("b/",)),)),
        Target(BASE, user=User("app", 1000, "/bin/sh")),
        Target(BASE, scripts=("true",)),
        Target(BASE, setups=(Setup(commands=("true",)),)),
        Target(BASE, stages=(Stage("a", commands=("true",)),)),
        Target(
            OTHER,
            stages=(Stage("a", commands=("x",), build_only=True, base=BASE.image),),
            images={BASE.image: BASE},
        ),
        Target(
            OTHER,
            stages=(replace(FILES, base=BASE.image, packages={"apt curl": "curl"}),),
            images={BASE.image: BASE},
        ),
    ],
)
def test_not_what_something_runs_on_already(target: Target) -> None:
    assert not asked(target)
    assert asked(target, program="/busybox/sh")
    assert asked(target, replace(BASE, digest=OTHER.digest)) or target.base is OTHER


@pytest.mark.parametrize(
    "target",
    [
        Target(BASE, setups=(Setup(),)),
        Target(BASE, stages=(Stage("a"),)),
        Target(BASE, scripts=("true",), shell=("/bin/bash", "-c")),
        Target(BASE, stages=(Stage("a", commands=("x",), shell=("/bin/bash", "-c")),)),
        Target(BASE, stages=(FILES,), images={OTHER.image: OTHER}),
    ],
)
def test_but_where_nothing_runs_by_it(target: Target) -> None:
    assert asked(target)


@pytest.mark.parametrize(
    "shown",
    [
        {"config": {"Cmd": ["bash"]}},
        {"config": {"Cmd": ["/bin/sh"]}},
        {"config": {"Entrypoint": ["/bin/sh", "-l"], "Cmd": ["x"]}},
        {"history": [{"created_by": "/bin/sh -c apt-get update"}]},
        {"history": [{"created_by": "RUN /bin/sh -c make # buildkit"}]},
        {"history": [{"created_by": "RUN |2 A=1 B=2 /bin/sh -c make # buildkit"}]},
        {"history": [{"created_by": "RUN /bin/bash -o pipefail -ec make # buildkit"}]},
    ],
)
def test_what_shows_a_shell(shown: dict[str, object]) -> None:
    assert shows_shell(shown)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"config": None, "history": None},
        {"config": {"Cmd": ["/app"], "Entrypoint": None}},
        {"config": {"Cmd": ["sh"], "Entrypoint": ["/app"]}},
        {"history": [{"created_by": "bazel build ..."}, {}]},
        {"history": [{"created_by": "COPY /bin/sh -c /x # buildkit"}]},
        {"history": [{"created_by": "/bin/sh -c #(nop) ADD file:1 in / "}]},
        {"history": [{"created_by": "/bin/sh -c true", "empty_layer": True}]},
        {"history": [{"created_by": "RUN /app setup # buildkit"}]},
    ],
)
def test_what_shows_none(shown: dict[str, object]) -> None:
    assert not shows_shell(shown)


def test_a_pin_knows_it_and_is_no_other_for_it() -> None:
    manifest = {"config": {"digest": "x"}}
    facts = {"os": "linux", "architecture": "amd64"}
    name = parse("a:1")
    plain = pin_of(name, BASE.platforms["linux/amd64"], manifest, facts)
    shell = pin_of(
        name,
        BASE.platforms["linux/amd64"],
        manifest,
        {**facts, "config": {"Cmd": ["sh"]}},
    )
    assert (plain.shows_shell, shell.shows_shell) == (False, True)
    assert plain == shell
