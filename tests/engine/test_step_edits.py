"""Each kind of edit, and the steps that must run; with them ``test_why_edits`` runs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from tests.space import Space

DECLARATION = """\
base = "{base}"
env_scripts = ["mkdir -p /own; echo {unique} > /own/script"]

[[stages]]
name = "tool"
build_only = true
commands = ["echo tool > /tool"]

[[stages]]
name = "first"
commands = ["echo first > /own/first"]
env = {{ FIRST = "1" }}

[[stages]]
name = "second"
dependencies = ["first"]
copy = [{{ from = "second.txt", to = "/own/second.txt" }}]
commands = ["cat /own/first /own/second.txt > /own/second"]

[[stages]]
name = "third"
copy = [{{ stage = "tool", from = "/tool", to = "/own/tool" }}]
commands = ["cat /own/tool > /own/third"]

[[stages]]
name = "fourth"
copy = [{{ from = "live", to = "/own/live" }}]
commands = ["ls /own/live > /own/fourth"]
"""
ALL = {"script.1", "tool", "first", "second", "third", "fourth"}


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.write("second.txt", "second\n")
    built.write("live/file", "live\n")
    built.ok("lock")
    return built


def ran(space: Space, *arguments: str) -> set[str]:
    """Lock and realize; the steps of which BuildKit ran an instruction."""
    space.ok("lock")
    return realized(space, *arguments)


def realized(space: Space, *arguments: str) -> set[str]:
    done = space.ok("realize", "--progress", "rawjson", *arguments)
    return set(steps_run(done.err))


def edit(space: Space, old: str, new: str) -> None:
    text = space.read("dynbuild.toml")
    assert old in text
    space.write("dynbuild.toml", text.replace(old, new))


def nothing(_: Space) -> None:
    pass


def change_a_leaf(space: Space) -> None:
    edit(space, "cat /own/tool >", "cat /own/tool /own/tool >")


def change_the_first(space: Space) -> None:
    edit(space, "echo first >", "echo 1st >")


def change_the_build_only(space: Space) -> None:
    edit(space, "echo tool >", "echo tools >")


def change_a_tracked_file(space: Space) -> None:
    space.write("second.txt", "changed\n")


def change_a_live_file_again(space: Space) -> None:
    space.write("live/file", "changed again\n")


def change_a_live_file(space: Space) -> None:
    space.write("live/file", "changed\n")
    space.write("live/more", "more\n")


def add_a_stage(space: Space) -> None:
    text = space.read("dynbuild.toml")
    more = '[[stages]]\nname = "fifth"\ncommands = ["echo fifth > /own/fifth"]\n'
    space.write("dynbuild.toml", text + more)


def remove_a_leaf(space: Space) -> None:
    text = space.read("dynbuild.toml")
    head, tail = text.split('[[stages]]\nname = "third"')
    space.write("dynbuild.toml", head + "[[stages]]" + tail.split("[[stages]]", 1)[1])


def rename(space: Space) -> None:
    edit(space, '"first"', '"renamed"')


def reorder(space: Space) -> None:
    parts = space.read("dynbuild.toml").split("[[stages]]")
    space.write("dynbuild.toml", "[[stages]]".join([parts[0], *parts[:0:-1]]))


def change_runtime_only(space: Space) -> None:
    edit(space, "env_scripts", 'env = { TZ = "UTC" }\ncmd = ["sh"]\nenv_scripts')


def add_a_script(space: Space) -> None:
    edit(space, '/own/script"]', '/own/script", "echo > /own/other"]')


def touch(space: Space) -> None:
    for name in ("second.txt", "live/file"):
        os.utime(space.root / name, (1, 1))
        (space.root / name).chmod(0o664)


# Each on what the ones before it left.
EDITS = (
    (nothing, set()),
    (change_a_leaf, {"third"}),
    (change_a_tracked_file, {"second"}),
    (change_a_live_file, {"fourth"}),
    (touch, set()),
    (rename, set()),
    (change_the_first, {"renamed", "second"}),
    (change_the_build_only, {"tool", "third"}),
    (change_runtime_only, set()),
    (reorder, set()),
    (add_a_stage, {"fifth"}),
    # What is live stands on what it stood on, until it has to run anyway.
    (add_a_script, {"script.14"}),
    (change_a_live_file_again, {"fourth"}),
    (remove_a_leaf, set()),
)


@pytest.mark.slow
@pytest.mark.alone
def test_the_same_without_the_cache_of_the_engine(project: Space) -> None:
    assert ran(project) == ALL
    for change, expected in EDITS:
        subprocess.run(
            ["docker", "buildx", "prune", "--all", "--force"],
            env=dict(project.environment),
            check=True,
            capture_output=True,
        )
        change(project)
        assert ran(project) == expected, change.__name__


def test_what_is_asked_runs_again(project: Space) -> None:
    ran(project)
    assert ran(project, "--no-cache-stage", "first") == {"first", "second"}
    assert ran(project, "--no-cache") == ALL
