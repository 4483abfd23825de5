"""What copying changes, leaves out and refuses, as `lock` and `check` tell it."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.e2e.locks import lock

if TYPE_CHECKING:
    from tests.space import Space

START = 'base = "busybox"\n'
DECLARATION = """\
base = "busybox"

[[stages]]
name = "app"
track = {track}
copy = [{{ from = "{source}", to = "/app/" }}]
"""


@pytest.fixture
def project(space: Space) -> Space:
    space.write("app/main.py", "x\n")
    # The base is pinned, so that no registry is asked.
    lock(space, START)
    space.write("dynbuild.toml", declared("app"))
    return space


def declared(source: str, track: str = "false") -> str:
    return DECLARATION.format(source=source, track=track)


def listen(space: Space, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(space.root / path))


def test_a_socket_is_left_out_with_one_warning(project: Space) -> None:
    listen(project, "app/server.sock")
    os.mkfifo(project.root / "app" / "pipe")
    for command in ("lock", "check"):
        done = project.ok(command)
        assert done.err.count("warning[DB0322]: app/server.sock: a socket") == 1
        assert done.err.count("warning[DB0322]: app/pipe: a socket, a pipe") == 1
        assert "add it to .dockerignore" in done.err
    project.write(".dockerignore", "app/server.sock\n**/pipe\n")
    assert "warning" not in project.ok("check").err


def test_a_socket_alone_cannot_be_copied(project: Space) -> None:
    listen(project, "server.sock")
    project.write("dynbuild.toml", declared("server.sock"))
    done = project.run("lock")
    assert done.status == 2
    assert "error[DB0305]: cannot copy 'server.sock': it is a socket" in done.err


@pytest.mark.parametrize("track", ["true", "false"])
def test_a_project_that_copies_itself_settles(project: Space, track: str) -> None:
    project.write("dynbuild.toml", declared(".", track))
    project.commit()
    project.ok("lock")
    locked = project.read("dynbuild.lock")
    for _ in range(2):
        project.ok("lock", "--check")
        project.commit()
        project.ok("lock")
        assert project.read("dynbuild.lock") == locked


@pytest.mark.parametrize("source", ["dynbuild.toml", "dynbuild.lock", ".git"])
def test_what_is_never_content_is_refused(project: Space, source: str) -> None:
    project.commit()
    project.write("dynbuild.toml", declared(source))
    for command in ("lock", "check"):
        done = project.run(command)
        assert done.status == 2
        assert f"error[DB0324]: cannot copy {source!r}" in done.err
        assert "is never content of a stage" in done.err.replace(
            "are never", "is never"
        )


@pytest.mark.parametrize("track", ["true", "false"])
@pytest.mark.parametrize("name", [b".wh.settings", b"sub/.wh..wh..opq", b"caf\xe9"])
def test_names_that_no_layer_can_hold_are_refused(
    project: Space, track: str, name: bytes
) -> None:
    path = os.path.join(os.fsencode(project.root / "app"), name)  # noqa: PTH118
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    with open(path, "wb"):  # noqa: PTH123
        pass
    project.write("dynbuild.toml", declared("app", track))
    out = "add **/.wh.* to .dockerignore" if b".wh." in name else "leave it out"
    for command in ("lock", "check"):
        done = project.run(command)
        assert done.status == 2
        assert "dynbuild.toml:6:18: error[DB0323]: cannot copy 'app': app/" in done.err
        assert f"hint: rename it, or {out}" in done.err
    project.write(".dockerignore", "app/**/.wh.*\napp/caf?\n")
    project.ok("lock")


def test_check_tells_modes_that_change(project: Space) -> None:
    (project.root / "dynbuild.toml").chmod(0o644)
    (project.root / "dynbuild.lock").chmod(0o644)
    assert project.ok("check").err == "dynbuild.toml: no mistakes\n"
    (project.root / "app" / "main.py").chmod(0o666)
    project.write("app/key", "k").chmod(0o600)
    told = json.loads(project.ok("check", "--json").out)
    assert [one["message"] for one in told] == ["app/main.py: mode 666 will be 644"]
    assert "666" not in project.ok("lock").err
    (project.root / "app" / "main.py").chmod(0o644)
    assert project.ok("check").err == "dynbuild.toml: no mistakes\n"


def test_check_tells_of_a_checkout_that_is_closed_to_others(project: Space) -> None:
    for name in ("dynbuild.toml", "dynbuild.lock"):
        (project.root / name).chmod(0o600)
    done = project.ok("check")
    assert done.err.count("DB0326") == 1
    assert (
        "which files are meant to be is not known: all will be 644 or 755" in done.err
    )
