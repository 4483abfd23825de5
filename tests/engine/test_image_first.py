"""The image is made before the layers of a build-only source are packed and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.progress import steps_run
from tests.engine.test_step_sources import records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]

pytestmark = pytest.mark.engine

COMPILED = """\
base = "{base}"

[stages.generate]
build_only = true
commands = ["cat /proc/sys/kernel/random/uuid > /generated # {unique}"]

[stages.compile]
build_only = true
copy = [{{ stage = "generate", from = "/generated", to = "/src" }}]
commands = ["cp /src /out"]

[stages.app]
copy = [{{ stage = "compile", from = "/out", to = "/app" }}]
commands = ["{command}"]

[stages.above]
dependencies = ["app"]
commands = ["cp /app /above"]
"""


def declare(space: Space, base: str, command: str, unique: str) -> dict[str, str]:
    text = COMPILED.format(base=base, command=command, unique=unique)
    space.write("dynbuild.toml", text)
    space.ok("lock")
    return {"CACHE_LOCAL_PATH": str(space.root / "store")}


def test_the_image_is_told_before_its_sources_are_packed(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    where = declare(built, busybox_base, "cp /app /mine", uuid4().hex)
    told = built.ok("realize", "-t", tag, "--progress", "plain", **where).err
    lines = told.splitlines()
    made = lines.index("exporting the image")
    assert "packing app" in lines[:made]
    for source in ("generate", "compile"):
        assert f"packing {source} (the image is ready)" in lines[made:]
    first, second = (
        docker("run", "--rm", "--network=none", tag, "cat", path)
        for path in ("/app", "/above")
    )
    assert first == second
    store = built.root / "store"
    kept = records(store, built, "generate", "compile", "app", "above")
    assert len(kept) == 4
    again = built.ok("realize", "-t", tag, "--progress", "rawjson", **where)
    assert not steps_run(again.err)
    # The copier's record says what came from what, without its source as well.
    for path in records(store, built, "generate", "compile"):
        path.unlink()
    again = built.ok("realize", "-t", tag, "--progress", "rawjson", **where)
    assert not steps_run(again.err)
    assert docker("run", "--rm", "--network=none", tag, "cat", "/app") == first


def test_a_source_survives_the_failure_of_its_copier(
    built: Space, busybox_base: str, tag: str
) -> None:
    unique = uuid4().hex
    where = declare(built, busybox_base, "false", unique)
    failed = built.run("realize", "-t", tag, **where)
    assert failed.status == 1
    assert "app" in failed.err
    store: Path = built.root / "store"
    before = records(store, built, "generate", "compile")
    assert len(before) == 2
    where = declare(built, busybox_base, "true", unique)
    done = built.ok("realize", "-t", tag, "--progress", "rawjson", **where)
    assert sorted(steps_run(done.err)) == ["above", "app"]
    assert records(store, built, "generate", "compile") == before
