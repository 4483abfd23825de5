"""Emitted Dockerfiles in real builds: branches, and what BuildKit itself checks."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.lockfile.model import Entry, Lock
from dynbuild.realization.request import dockerfile
from dynbuild.steps.model import Copy, Pin, Stage
from tests.engine.built_image import build
from tests.unit.emit.locks import LOCKS

if TYPE_CHECKING:
    from pathlib import Path


def stage(name: str, *on: str, only: bool = True, copies: str = "") -> Stage:
    """A stage that lists what it sees of the others, and leaves a file of its own."""
    look = f"ls /saw /copied /script.* > /{name}.tmp || :"
    return Stage(
        name,
        dependencies=on,
        copies=(Copy(f"/saw/{copies}", "/copied/", stage=copies),) if copies else (),
        commands=("mkdir -p /saw /copied", look, f"mv /{name}.tmp /saw/{name}"),
        build_only=only,
    )


def lock_of(base: str, scripts: dict[str, int], stages: dict[int, list[Stage]]) -> Lock:
    entries = {s.name: Entry(s, seq) for seq, many in stages.items() for s in many}
    kept = [name for name, entry in entries.items() if entry.stage.build_only]
    last = Stage(
        "last",
        copies=tuple(Copy(f"/saw/{name}", "/all/", stage=name) for name in kept),
        commands=("cp /saw/* /all/ || :",),
    )
    return Lock(
        base=Pin(base, None, {}, {}),
        scripts={f"touch /script.{name}": seq for name, seq in scripts.items()},
        stages={**entries, "last": Entry(last, 99)},
    )


SHAPES: dict[str, tuple[dict[str, int], dict[int, list[Stage]]]] = {
    "two independent ones together": (
        {"a": 1},
        {2: [stage("one")], 3: [stage("two")], 4: [stage("both", "one", "two")]},
    ),
    "a system step in between": (
        {"a": 1, "b": 3},
        {2: [stage("one")], 4: [stage("two", "one")]},
    ),
    "behind a linked one": (
        {"a": 1},
        {2: [stage("lib", only=False)], 3: [stage("one", "lib")]},
    ),
    "behind a linked one and a build-only one that came before it": (
        {},
        {
            2: [stage("one")],
            3: [stage("lib", only=False)],
            4: [stage("two", "one", "lib")],
            5: [stage("three", "two")],
        },
    ),
    "copying from a build-only one": (
        {},
        {2: [stage("one")], 3: [stage("two", copies="one")]},
    ),
    "behind the second of two linked ones": (
        {"a": 1},
        {
            2: [stage("lib", only=False)],
            3: [stage("web", only=False)],
            4: [stage("one", "web")],
            5: [stage("two", "one", copies="web")],
        },
    ),
    "a diamond": (
        {"a": 1},
        {
            2: [stage("top")],
            3: [stage("left", "top"), stage("right", "top")],
            4: [stage("bottom", "left", "right")],
        },
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_build_only_stage_sees_what_it_stands_on(
    shape: str, engine: dict[str, str], busybox_base: str, tmp_path: Path
) -> None:
    scripts, stages = SHAPES[shape]
    built = build(lock_of(busybox_base, scripts, stages), engine, tmp_path)
    every = {s.name: (s, seq) for seq, many in stages.items() for s in many}

    def below(name: str) -> set[str]:
        on = every[name][0].dependencies
        return set(on).union(*(below(other) for other in on))

    linked = {name for name, (s, _) in every.items() if not s.build_only}
    for name, (this, seq) in every.items():
        saw = set(built.files[f"/all/{name}"].decode().split()) - {"/saw:", "/copied:"}
        chain = {f"/script.{s}" for s, place in scripts.items() if place <= seq}
        wanted = below(name) | chain | {c.path[len("/saw/") :] for c in this.copies}
        # A plain build may show a linked stage those that come before it.
        assert wanted <= saw
        assert saw - wanted <= (set() if this.build_only else linked)
    assert not any(
        f"/saw/{name}" in built.files for name in every if name not in linked
    )


@pytest.mark.parametrize("name", LOCKS)
def test_buildkit_has_nothing_to_say(
    name: str, engine: dict[str, str], busybox_base: str, tmp_path: Path
) -> None:
    there = Pin(busybox_base, None, {}, LOCKS[name].base.env)
    images = dict.fromkeys(LOCKS[name].images, there)
    lock = replace(LOCKS[name], base=there, images=images)
    (tmp_path / "Dockerfile").write_text(dockerfile(lock, "linux/amd64"))
    done = subprocess.run(
        ["docker", "buildx", "build", "--check", "."],
        env=engine,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Check complete, no warnings found." in done.stdout + done.stderr
