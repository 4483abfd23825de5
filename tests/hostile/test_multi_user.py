"""Other users of one machine: nothing that they can write passes for the user's own."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.locks import START, lock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.space import Space

OTHER = 65533
"""A user that there is not, and who owns nothing else."""

alone = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def store(space: Space) -> Path:
    path = space.root.with_name(f"{space.root.name}-store")
    path.mkdir(0o700)
    return path


def refused(space: Space, store: Path, told: str, **variables: str) -> None:
    lock(space, START)
    given = {"CACHE_LOCAL_PATH": str(store), **variables}
    for command in (["realize"], ["why"], ["status"], ["cache", "verify"], ["clean"]):
        done = space.run(*command, **given)
        assert done.status == 2, done.err
        assert "error[DB0341]" in done.err
        assert told in done.err


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_a_store_that_anyone_can_write(mode: int, space: Space, store: Path) -> None:
    """It is refused: a layer in it would become part of an image."""
    store.chmod(mode)
    refused(space, store, "can be written by others")


def test_a_store_that_a_group_can_write(space: Space, store: Path) -> None:
    """It is refused, unless nobody else is in the group."""
    os.chown(store, -1, 12345) if os.geteuid() == 0 else store.chmod(0o702)
    store.chmod(store.stat().st_mode | 0o020)
    refused(space, store, "can be written by others")


@alone
def test_a_store_that_another_user_owns(space: Space, store: Path) -> None:
    """It is refused, and so is one behind a link of the user's."""
    os.chown(store, OTHER, -1)
    refused(space, store, f"belongs to the user {OTHER}")
    link = store.with_name(f"{store.name}-link")
    link.symlink_to(store)
    refused(space, link, f"belongs to the user {OTHER}")


def test_a_store_that_is_shared_on_purpose(space: Space, store: Path) -> None:
    """It is used where the user says how it is shared."""
    lock(space, START)
    store.chmod(0o777)
    space.ok("why", CACHE_LOCAL_PATH=str(store), CACHE_LOCAL_MODE="0777")
    done = space.run("why", CACHE_LOCAL_PATH=str(store), CACHE_LOCAL_MODE="rwx")
    assert (done.status, "DB0342" in done.err) == (2, True)


def test_a_store_that_others_could_read(space: Space, store: Path) -> None:
    """It is the user's alone once something is put there: layers may be private."""
    store.chmod(0o755)
    gone = {"MINIO_ENDPOINT": "127.0.0.1:1", "MINIO_SECURE": "false"}
    space.run("cache", "pull", "--all", CACHE_LOCAL_PATH=str(store), **gone)
    assert store.stat().st_mode & 0o777 == 0o700
    new = {"CACHE_LOCAL_PATH": str(store / "new")}
    space.run("cache", "pull", "--all", **new, **gone)
    assert (store / "new").stat().st_mode & 0o777 == 0o700


@alone
def test_a_key_that_another_user_owns(space: Space) -> None:
    """Nothing is signed with a key that somebody else knows."""
    path = space.root / "mine.secret"
    space.ok("key", "new", "mine", "-o", str(path))
    os.chown(path, OTHER, -1)
    lock(space, START)
    key = {"DYNBUILD_SIGNING_KEY_FILE": str(path)}
    there = {"MINIO_ENDPOINT": "127.0.0.1:1", "MINIO_SECURE": "false"}
    done = space.run("cache", "push", **key, **there)
    assert done.status == 2, done.err
    assert "belongs to another user" in done.err


def test_a_history_that_others_can_write(space: Space) -> None:
    """It is left alone with a warning, and the command goes on."""
    lock(space, START)
    state = space.root / "state"
    (state / "dynbuild").mkdir(parents=True)
    (state / "dynbuild").chmod(0o777)
    done = space.ok("why", XDG_STATE_HOME=str(state))
    assert "warning[DB0703]" in done.err
    assert "can be written by others" in done.err
    assert [*(state / "dynbuild").iterdir()] == []


def test_remembered_evaluations_that_others_can_write(space: Space) -> None:
    """An answer that was put there is not given."""
    space.write("dynbuild.toml", "")
    space.ok("check")
    cache = space.root.with_name(f"{space.root.name}-cache") / "dynbuild" / "eval"
    assert [*cache.iterdir()]
    cache.chmod(0o777)
    before = {path: path.stat().st_atime_ns for path in cache.iterdir()}
    space.ok("check")
    assert {path: path.stat().st_atime_ns for path in cache.iterdir()} == before


@alone
@pytest.mark.parametrize("name", ["dynbuild.toml", "dynbuild.lock"])
@pytest.mark.parametrize("owned", ["file", "directory"])
def test_a_project_above_that_another_user_made(
    name: str, owned: str, space: Space
) -> None:
    """It is not taken by who did not go there; -c names it."""
    lock(space, START)
    if name == "dynbuild.lock":
        (space.root / "dynbuild.toml").unlink()
    os.chown(space.root / name if owned == "file" else space.root, OTHER, -1)
    (space.root / "mine").mkdir()
    script = (
        f"cd mine && exec {shlex.quote(sys.executable)} -m dynbuild lock --show-order"
    )
    done = space.command("sh", "-c", script)
    assert (done.status, "error[DB0343]" in done.err) == (2, True), done.err
    done = space.command("sh", "-c", f"{script} -c ../{name}")
    assert done.status == 0, done.err
    assert space.run("lock", "--show-order").status == 0
