"""What `build` does not read again, and what it must not miss by that."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.lockfile.codec import loads

if TYPE_CHECKING:
    from tests.space import Space

DECLARED = """\
base = "{base}"
[[stages]]
name = "app"
copy = [{{ from = "src", to = "/app" }}]
commands = ["cat /app/* /state 2> /dev/null > /out || true"]
[[stages]]
name = "conf"
copy = [{{ from = "conf", to = "/etc/conf" }}]
[[stages]]
name = "unique"
commands = [": {mark}"]
"""
STATE = '[[stages]]\nname = "state"\ncommands = ["echo state > /state"]\n'


def reads_declaration(space: Space) -> bool:
    """Build; return whether the schema of declarations was imported for it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dynbuild", "build"],
        cwd=space.root,
        env=dict(space.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return "dynbuild.declaration.schema" in done.stderr


@pytest.fixture
def project(
    built: Space, busybox_base: str, tmp_path_factory: pytest.TempPathFactory
) -> Space:
    own = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    built = replace(built, environment={**built.environment, **own})
    built.write("src/a", "a\n")
    built.write("conf", "1\n")
    built.write("dynbuild.toml", DECLARED.format(base=busybox_base, mark=uuid4().hex))
    return built


def seqs(space: Space) -> dict[str, int]:
    lock = loads(space.read("dynbuild.lock"))
    return {name: entry.seq for name, entry in lock.stages.items()}


def test_an_unchanged_declaration_is_not_read_again(project: Space) -> None:
    project.ok("lock")
    project.commit()
    assert reads_declaration(project), "a commit may change what the lock starts from"
    assert not reads_declaration(project)
    project.write("src/a", "b\n")
    assert not reads_declaration(project)
    assert "cached" in project.ok("build").err
    # A tracked file is content of the lock.
    project.write("conf", "2\n")
    assert reads_declaration(project)
    assert not reads_declaration(project)
    project.write("dynbuild.toml", project.read("dynbuild.toml") + STATE)
    assert reads_declaration(project)


def test_a_live_stage_that_can_move_is_looked_at(project: Space) -> None:
    project.ok("lock")
    project.commit()
    declared = project.read("dynbuild.toml")
    project.write("dynbuild.toml", f'env_scripts = ["echo x > /state"]\n{declared}')
    assert reads_declaration(project)
    before = seqs(project)
    assert reads_declaration(project), "the chain grew behind the live stage"
    assert seqs(project) == before
    project.write("src/a", "edited\n")
    assert reads_declaration(project)
    assert seqs(project)["app"] > max(before.values())


def test_warnings_are_told_each_time(project: Space) -> None:
    ignored = 'entrypoint = "x"\ncmd = ["y"]\n'
    project.write("dynbuild.toml", f"{ignored}{project.read('dynbuild.toml')}")
    project.ok("lock")
    project.commit()
    for _ in range(2):
        assert "DB0186" in project.ok("build").err


def test_without_git_the_content_is_noted_each_time(project: Space) -> None:
    assert reads_declaration(project)
    first = project.read("dynbuild.lock")
    assert "seen" in first
    assert reads_declaration(project)
    project.write("src/a", "other\n")
    assert reads_declaration(project)
    assert project.read("dynbuild.lock") != first


@pytest.mark.parametrize("closed", [False, True])
def test_what_is_left_out_below_is_told(project: Space, *, closed: bool) -> None:
    """Also where all is closed to others, and nothing is told of modes."""
    project.write(".dockerignore", "src/deep\n!src/deep/f\n")
    project.write("src/deep/f", "f\n")
    project.write("src/shown/f", "f\n")
    project.ok("lock")
    project.commit()
    if closed:
        subprocess.run(["chmod", "-R", "go=", str(project.root)], check=True)
    project.ok("build")
    assert not reads_declaration(project)
    os.mkfifo(project.root / "src/shown/pipe")
    assert "src/shown/pipe" in project.ok("build").err
