"""A checkout that a stranger made: what it may not have read or written."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.locks import lock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.space import Space

STAGES = '[[stages]]\nname = "a"\ncommands = ["true"]\n'
SECRET = "machine example login me password hunter2"


@pytest.fixture
def outside(space: Space) -> Path:
    """A file of the user's, beside the checkout."""
    path = space.root.with_name(f"{space.root.name}-outside")
    path.write_text(SECRET)
    return path


def refuses(space: Space, told: str, *words: str) -> None:
    """A command ends with a message, and shows nothing of what is outside."""
    done = space.run(*words)
    assert done.status in (1, 2)
    assert told in done.err, done.err
    assert "hunter2" not in done.out + done.err


def test_a_lock_that_is_a_link_to_a_file_outside(space: Space, outside: Path) -> None:
    """It is neither read nor written through, whatever command is run."""
    space.write("dynbuild.toml", STAGES)
    (space.root / "dynbuild.lock").symlink_to(outside)
    for words in (["lock"], ["lock", "--check"], ["realize", "--print"], ["why"]):
        refuses(space, "dynbuild.lock: it leads out of the project", *words)
    assert outside.read_text() == SECRET


def test_a_lock_that_is_a_link_to_nothing_yet(space: Space, outside: Path) -> None:
    """No file is made where it leads to."""
    space.write("dynbuild.toml", "")
    outside.unlink()
    (space.root / "dynbuild.lock").symlink_to(outside)
    refuses(space, "it leads out of the project", "lock")
    assert not outside.exists()


@pytest.mark.parametrize("kind", ["fifo", "socket", "/dev/zero"])
def test_a_lock_that_never_ends(kind: str, space: Space) -> None:
    """A pipe, a socket or a device is refused before it is opened."""
    space.write("dynbuild.toml", "")
    special(space.root / "dynbuild.lock", kind)
    refuses(space, "dynbuild.lock", "lock", "--check")


def test_a_lock_of_a_gigabyte(space: Space) -> None:
    """A lock has a bound, far above that of any project."""
    space.write("dynbuild.toml", "")
    with space.write("dynbuild.lock", "").open("r+b") as file:
        file.truncate(1 << 30)
    refuses(space, "more than 64 MiB", "lock")


@pytest.mark.parametrize("name", ["dynbuild.toml", "dynbuild.nix", "dynbuild.yaml"])
def test_a_declaration_that_is_a_link_to_a_secret(
    name: str, space: Space, outside: Path
) -> None:
    """It is not read, so that no error can quote it."""
    (space.root / name).symlink_to(outside)
    for command in ("lock", "check", "realize", "status"):
        refuses(space, "error[DB0340]", command)


def test_a_declaration_that_is_the_environment(space: Space) -> None:
    """What the process knows is not read from /proc."""
    (space.root / "dynbuild.toml").symlink_to("/proc/self/environ")
    refuses(space, "error[DB0340]", "check")


def test_a_declaration_below_that_is_a_link_out(space: Space, outside: Path) -> None:
    """Who names a directory has not named what lies in it."""
    (space.root / "web").mkdir()
    (space.root / "web" / "dynbuild.toml").symlink_to(outside)
    refuses(space, "error[DB0340]", "check", "-c", "web")


def test_a_declaration_that_is_a_link_in_the_project(space: Space) -> None:
    """It is read: all that it can show is in the checkout."""
    space.write("images/web.toml", STAGES)
    (space.root / "dynbuild.toml").symlink_to("images/web.toml")
    space.ok("check")


@pytest.mark.parametrize("kind", ["fifo", "/dev/zero", "/etc/passwd"])
def test_a_dockerignore_that_is_no_file_of_the_project(kind: str, space: Space) -> None:
    """It is refused: nothing hangs, fills the memory, or is shown."""
    space.write("dynbuild.toml", f'{STAGES}copy = [{{ from = "x", to = "/x" }}]\n')
    space.write("x", "")
    special(space.root / ".dockerignore", kind)
    done = space.run("lock")
    assert done.status in (1, 2)
    assert ".dockerignore is not read" in done.err
    assert "root:" not in done.err


def test_a_source_that_imports_a_link_out(space: Space, outside: Path) -> None:
    """The language reads files of the project alone."""
    space.write("dynbuild.nix", "import ./x.nix")
    (space.root / "x.nix").symlink_to(outside)
    refuses(space, "leads out of the project", "check")


def test_a_directory_whose_source_is_a_link_out(space: Space, outside: Path) -> None:
    """What eval finds in a directory has to be in the project."""
    (space.root / "default.nix").symlink_to(outside)
    refuses(space, "error[DB0340]", "eval", ".")


def test_a_copy_of_a_link_out(space: Space, outside: Path) -> None:
    """No file from outside becomes a part of an image."""
    space.write("dynbuild.toml", f'{STAGES}copy = [{{ from = "x", to = "/x" }}]\n')
    (space.root / "x").symlink_to(outside)
    refuses(space, "leads out of the project", "lock")


def test_sources_that_are_links_are_formatted_nowhere(
    space: Space, outside: Path
) -> None:
    """Formatting all of a directory writes to nothing that a link leads to."""
    outside.write_text("{a=1;}")
    (space.root / "a.nix").symlink_to(outside)
    (space.root / "far").symlink_to(outside.parent)
    space.write("b.nix", "{a=1;}")
    assert "1 of 1 file formatted" in space.ok("fmt").err
    assert outside.read_text() == "{a=1;}"


def test_an_output_that_is_a_link_out(space: Space, outside: Path) -> None:
    """Neither -o nor --metadata-file nor init writes through it."""
    (space.root / "out.json").symlink_to(outside)
    refuses(space, "out.json", "init", "-o", "out.json")
    lock(space, STAGES)
    refuses(space, "cannot write out.json", "graph", "-o", "out.json")
    words = ["realize", "--metadata-file", "out.json"]
    refuses(space, "cannot write out.json", *words)
    assert outside.read_text() == SECRET


def test_attributes_of_git_that_are_a_link_out(space: Space, outside: Path) -> None:
    """Init --git adds its line to no file outside of the repository."""
    space.git("init", "-q")
    (space.root / ".gitattributes").symlink_to(outside)
    refuses(space, "leads out of the project", "init", "--git", "--yes")
    assert outside.read_text() == SECRET


def special(path: Path, kind: str) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with closing(socket.socket(socket.AF_UNIX)) as listening:
            listening.bind(str(path))
    else:
        path.symlink_to(kind)


def test_patterns_that_go_back_and_forth(space: Space) -> None:
    """No pattern of a .dockerignore or an `exclude` takes longer than its paths."""
    lock(space, 'base = "busybox"\n')
    pattern = "**/a*/" * 12 + "x"
    copy = f'copy = [{{ from = ".", to = "/x", exclude = ["{pattern}"] }}]\n'
    space.write("dynbuild.toml", f'base = "busybox"\n{STAGES}{copy}')
    space.write(".dockerignore", "**/" * 25 + "x\n" + "*a" * 60 + "b\n")
    space.write("a/" * 60 + "a" * 200, "")
    space.ok("lock")


def test_a_file_whose_name_deletes_another(space: Space) -> None:
    """A file that a layer would take for a whiteout is refused before it is copied."""
    lock(space, 'base = "busybox"\n')
    copy = 'copy = [{ from = "data", to = "/etc" }]\n'
    space.write("dynbuild.toml", f'base = "busybox"\n{STAGES}{copy}')
    space.write("data/.wh.passwd", "")
    refuses(space, "error[DB0323]: cannot copy 'data': data/.wh.passwd", "lock")


def test_a_cosign_in_the_checkout(space: Space) -> None:
    """What signs is found in whole paths of the PATH alone, and no file names a key."""
    space.write("dynbuild.toml", STAGES)
    program = space.write("cosign", "#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    words = ("realize", "--frozen", "--push", "-t", "a.example/b", "--sign")
    for path in (".", "", f".:{space.root.name}"):
        refuses_with_path = space.run(*words, PATH=path)
        assert "--sign needs cosign" in refuses_with_path.err
    assert not (space.root / "ran").exists()
    for name in ("sign", "sign_key", "cosign"):
        space.write("dynbuild.toml", f'{name} = "k"\n{STAGES}')
        refuses(space, f"unknown key {name!r}", "check")


def test_a_mount_that_another_project_fills(
    built: Space, busybox_base: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What one project leaves in a cache mount, by whatever id, no other one finds."""
    stage = """
[[stages]]
name = "app"
cache_mounts = [{{ target = "/c", id = "objects" }}, "/own"]
commands = ["{command} # {unique}"]
"""
    store = tmp_path_factory.mktemp("store")
    for command in ("touch /c/planted /own/planted", "! ls /c/* /own/*"):
        space = replace(built, root=tmp_path_factory.mktemp("checkout"))
        text = stage.format(command=command, unique=store.name)
        space.write("dynbuild.toml", f'base = "{busybox_base}"\n{text}')
        space.ok("build", CACHE_LOCAL_PATH=str(store))
