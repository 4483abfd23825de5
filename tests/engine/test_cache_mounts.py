"""Cache mounts on a real engine: whose they are, and what they leave in an image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]

# What was there stays, and who ran is noted.
NOTING = """\
base = "{base}"

[[stages]]
name = "{stage}"
commands = ["cp /cache/seen /seen || : > /seen", "echo {word} >> /cache/seen"]
cache_mounts = [{mount}]
"""


@pytest.fixture
def other(built: Space, tmp_path_factory: pytest.TempPathFactory) -> Space:
    """A second project of the same user."""
    root: Path = tmp_path_factory.mktemp("other")
    store = {"CACHE_LOCAL_PATH": f"{root}-store"}
    return replace(built, root=root, environment={**built.environment, **store})


def seen(space: Space, docker: Docker, tag: str, text: str, *flags: str) -> list[str]:
    """What the stage found in its mount."""
    space.write("dynbuild.toml", text)
    space.ok("build", "-t", tag, *flags)
    return docker("run", "--rm", "--network", "none", tag, "cat", "/seen").split()


@pytest.mark.parametrize(
    "mount", ['"/cache"', '{ target = "/cache", id = "objects", sharing = "locked" }']
)
@pytest.mark.parametrize("flags", [(), ("--linear",)], ids=["steps", "linear"])
def test_a_mount_is_of_one_project(
    request: pytest.FixtureRequest, built: Space, tag: str, mount: str, flags: list[str]
) -> None:
    docker, base = map(request.getfixturevalue, ("docker", "busybox_base"))
    other: Space = request.getfixturevalue("other")
    run = f"{uuid4()}"

    def text(word: str, stage: str = "app") -> str:
        return NOTING.format(base=base, stage=stage, word=word, mount=mount)

    assert seen(built, docker, tag, text(f"{run}-1"), *flags) == []
    assert seen(other, docker, tag, text(f"{run}-2"), *flags) == []
    assert seen(built, docker, tag, text(f"{run}-3"), *flags) == [f"{run}-1"]
    beside = seen(built, docker, tag, text(f"{run}-4", "beside"), *flags)
    assert beside == ([f"{run}-1", f"{run}-3"] if "id" in mount else [])


@pytest.mark.parametrize("flags", [(), ("--linear",)], ids=["steps", "linear"])
def test_a_mount_keeps_what_it_held_when_a_copied_file_changes(
    built: Space, busybox_base: str, docker: Docker, tag: str, flags: list[str]
) -> None:
    """The copy must not come from BuildKit's own cache; the mount has to stay."""
    run = uuid4()
    declared = f"""\
base = "{busybox_base}"

[[stages]]
name = "below"
copy = [{{ from = "other.txt", to = "/other.txt" }}]
commands = ["cat /other.txt >> /c/log"]
cache_mounts = [{{ target = "/c", id = "log" }}]

[[stages]]
name = "app"
dependencies = ["below"]
copy = [{{ from = "in.txt", to = "/in.txt" }}]
commands = ["cat /in.txt >> /c/log # {run}", "cp /c/log /seen"]
cache_mounts = [{{ target = "/c", id = "log" }}]
"""
    built.write("other.txt", "other ")
    for count in range(1, 4):
        built.write("in.txt", f"{count} ")
        found = seen(built, docker, tag, declared, *flags)
        # BuildKit runs again whatever stands on a copy that it makes anew.
        others = ["other"] * (count if flags else 1)
        assert sorted(found) == [*map(str, range(1, count + 1)), *others]


def test_a_copy_that_fails_is_of_its_stage(built: Space, busybox_base: str) -> None:
    """Whatever build stages of the Dockerfile hold its parts."""
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "app"\n'
        'copy = [{ from = "in", to = "/bin/sh" }]\ncache_mounts = ["/c"]\n'
        'commands = ["true"]\n',
    )
    built.write("in/file", "x")
    for flags in ((), ("--linear",)):
        done = built.run("build", "--progress", "plain", *flags)
        assert done.status == 1
        assert "app failed:" in done.err, done.err
        assert "app.copies" not in done.err


def test_what_lies_below_is_older_than_what_was_made_meanwhile(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    """The source is taken from the store, with its times of then, as SOURCE_DATE_EPOCH
    clamped them: the mount was filled from another source since."""
    run = uuid4()
    for text in ("one", "two", "one"):
        built.write("in.txt", f"{text}\n")
        declared = f"""\
base = "{busybox_base}"

[[stages]]
name = "source"
copy = [{{ from = "in.txt", to = "/src-{run}/" }}]

[[stages]]
name = "app"
dependencies = ["source"]
commands = [
    "[ -e /c/out ] && ! [ /src-{run}/in.txt -nt /c/out ] || cp /src-*/in.txt /c/out",
    "cp /c/out /app.txt # {uuid4()}",
]
cache_mounts = ["/c"]
"""
        built.write("dynbuild.toml", declared)
        built.ok("build", "-t", tag, SOURCE_DATE_EPOCH="1000000000")
        made = docker("run", "--rm", "--network", "none", tag, "cat", "/app.txt")
        assert made == f"{text}\n"


def test_what_a_mount_makes_in_a_home_belongs_to_its_user(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    declared = f"""\
base = "{busybox_base}"
user = "app"

[[stages]]
name = "app"
user = "app"
commands = ["touch /home/app/.cache/other", "touch /home/app/.cache/deep/pip/x"]
cache_mounts = [{{ target = "/home/app/.cache/deep/pip", mode = "0700" }}, "/opt/c"]
"""
    built.write("dynbuild.toml", declared)
    built.ok("build", "-t", tag)
    show = "stat -c '%n %u' /home/app /home/app/.cache /home/app/.cache/*"
    found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", show)
    names = ["", "/.cache", "/.cache/deep", "/.cache/other"]
    assert found.splitlines() == [f"/home/app{name} 1000" for name in names]
