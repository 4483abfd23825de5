"""A copy belongs to what it was copied from, as placed and as built."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.explain.view import common_platform, filled
from dynbuild.lockfile.codec import loads
from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]

COMPILED = """\
base = "{base}"

[[stages]]
name = "tools"
build_only = true
commands = ["echo tools {unique} > /tools"]

[[stages]]
name = "compile"
build_only = true
dependencies = ["tools"]
commands = ["cat /proc/sys/kernel/random/uuid > /out", "cp /out /same"]

[[stages]]
name = "pack"
build_only = true
copy = [{{ stage = "compile", from = "/same", to = "/packed" }}]

[[stages]]
name = "app"
copy = [{{ stage = "compile", from = "/out", to = "/app" }}]

[[stages]]
name = "beside"
copy = [{{ stage = "pack", from = "/packed", to = "/beside" }}]

[[stages]]
name = "above"
dependencies = ["app"]
commands = ["cp /app /above"]
"""
ALL = ("/app", "/beside", "/above")

USERS = """\
base = "{base}"

[[stages]]
name = "one"
commands = ["echo alice:x:1001:1001::/:/bin/sh >> /etc/passwd # {unique}"]

[[stages]]
name = "two"
commands = ["echo bob:x:1002:1002::/:/bin/sh >> /etc/passwd # {unique}"]

[[stages]]
name = "got"
copy = [{{ stage = "two", from = "/etc/passwd", to = "/got" }}]
"""


@pytest.fixture
def compiled(built: Space, busybox_base: str) -> Space:
    text = COMPILED.format(base=busybox_base, unique=uuid4().hex)
    built.write("dynbuild.toml", text)
    built.ok("lock")
    return built


def token(space: Space, docker: Docker, tag: str) -> str:
    """What was compiled; every copy of it in the image is the same."""
    lines = [docker("run", "--rm", "--network=none", tag, "cat", p) for p in ALL]
    assert len({*lines}) == 1, (lines, space.read("dynbuild.toml"))
    return lines[0]


def ran(space: Space, *arguments: str, **variables: str) -> list[str]:
    done = space.ok("realize", "--progress", "rawjson", *arguments, **variables)
    return sorted(steps_run(done.err))


def records(store: Path, space: Space, *steps: str) -> list[Path]:
    """The records of some steps of the lock."""
    lock = loads(space.read("dynbuild.lock"))
    digests = filled(lock, common_platform(lock)).digests
    return [
        path
        for step in steps
        for path in (store / "realizations" / digests[step][7:]).glob("*")
    ]


def test_a_removed_stage_leaves_the_copies(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    unique = uuid4().hex
    without = (
        USERS[: USERS.index("[[")] + USERS[USERS.index('[[stages]]\nname = "two"') :]
    )
    for text in (USERS, without):
        written = text.format(base=busybox_base, unique=unique)
        built.write("dynbuild.toml", written)
        done = built.ok("build", "-t", tag, "--compare-linear")
        assert "no paths differ" in done.out + done.err
        passwd = docker("run", "--rm", "--network=none", tag, "cat", "/got")
        assert "bob" in passwd
        assert "alice" not in passwd
    before = docker("run", "--rm", "--network=none", tag, "cat", "/got")
    built.ok("realize", "-t", tag, CACHE_LOCAL_PATH=f"{built.root}-empty")
    assert docker("run", "--rm", "--network=none", tag, "cat", "/got") == before


def test_a_source_that_is_built_anew_takes_its_copies_along(
    compiled: Space, docker: Docker, tag: str
) -> None:
    compiled.ok("realize", "-t", tag)
    first = token(compiled, docker, tag)
    again = ran(compiled, "-t", tag, "--no-cache-stage", "compile")
    assert {"compile", "above"} <= {*again}
    assert "tools" not in again
    second = token(compiled, docker, tag)
    assert first != second
    # It stays so: of two compilations in the store, the younger counts.
    assert ran(compiled, "-t", tag) == []
    assert token(compiled, docker, tag) == second


def test_cleaning_makes_no_compiler_run(
    compiled: Space, docker: Docker, tag: str
) -> None:
    """Its layers may go; what was copied from it stays, until it has to run."""
    store = compiled.root / "store"
    where = {"CACHE_LOCAL_PATH": str(store)}
    compiled.ok("realize", "-t", tag, **where)
    first = token(compiled, docker, tag)
    for path in records(store, compiled, "tools", "compile", "pack"):
        path.unlink()
    assert ran(compiled, "-t", tag, **where) == []
    assert token(compiled, docker, tag) == first
    # One copy is lost as well: then all are of another compilation, or of the one that
    # the builder has in its own cache.
    for path in records(store, compiled, "beside"):
        path.unlink()
    compiled.ok("realize", "-t", tag, **where)
    assert token(compiled, docker, tag) == first
    for path in records(store, compiled, "beside"):
        path.unlink()
    assert "compile" in ran(compiled, "-t", tag, "--no-cache-stage", "compile", **where)
    assert token(compiled, docker, tag) != first


def test_two_compilations_never_meet(compiled: Space, docker: Docker, tag: str) -> None:
    """A store with the records of two machines, whichever of them are left."""
    one, two = (compiled.root / name for name in ("one", "two"))
    tokens = []
    for store in (one, two):
        compiled.ok("realize", "-t", tag, "--no-cache", CACHE_LOCAL_PATH=str(store))
        tokens.append(token(compiled, docker, tag))
    assert tokens[0] != tokens[1]
    for left in (("app", "above"), ("beside",), ("compile", "app"), ("pack", "above")):
        store = compiled.root / "-".join(left)
        shutil.copytree(one, store)
        for path in (two / "blobs").rglob("*"):
            target = store / path.relative_to(two)
            if path.is_file() and not target.exists():
                shutil.copy2(path, target)
        for path in records(two, compiled, *left):
            shutil.copy2(path, store / path.relative_to(two))
        lost = {"tools", "compile", "pack", "app", "beside", "above"} - {*left}
        for path in records(one, compiled, *sorted(lost)[::2]):
            (store / path.relative_to(one)).unlink()
        compiled.ok("realize", "-t", tag, CACHE_LOCAL_PATH=str(store))
        token(compiled, docker, tag)
