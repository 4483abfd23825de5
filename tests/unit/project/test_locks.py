"""The lock's file is replaced as a whole or not at all."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from dynbuild.errors import CommandFailed, DeclarationError, LockError
from dynbuild.ports import CommittedUnknownError
from dynbuild.project.locks import LockFile


@pytest.fixture
def lockfile(tmp_path: Path) -> LockFile:
    return LockFile(tmp_path / "dynbuild.lock", "dynbuild.lock")


def test_read_and_write(lockfile: LockFile) -> None:
    assert lockfile.read() is None
    lockfile.write("one\n")
    lockfile.path.chmod(0o600)
    lockfile.write("two\n")
    assert lockfile.read() == "two\n"
    assert lockfile.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in lockfile.path.parent.iterdir()] == ["dynbuild.lock"]


def test_line_ends_of_a_checkout(lockfile: LockFile) -> None:
    lockfile.path.write_bytes(b"one\r\ntwo\r\n")
    assert lockfile.read() == "one\ntwo\n"


def test_what_a_link_leads_to_is_never_written(
    lockfile: LockFile, tmp_path: Path
) -> None:
    (tmp_path / "real.lock").write_text("old")
    lockfile.path.symlink_to("real.lock")
    lockfile.write("new")
    assert not lockfile.path.is_symlink()
    assert lockfile.read() == "new"
    assert lockfile.path.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "real.lock").read_text() == "old"


def test_a_full_disk_leaves_the_old_lock(
    lockfile: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    lockfile.write("old\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandFailed, match="no space left"):
        lockfile.write("new\n")
    assert lockfile.read() == "old\n"
    assert [path.name for path in lockfile.path.parent.iterdir()] == ["dynbuild.lock"]


def test_an_interrupt_leaves_the_old_lock(
    lockfile: LockFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    lockfile.write("old\n")

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lockfile.write("new\n")
    assert lockfile.read() == "old\n"
    assert [path.name for path in lockfile.path.parent.iterdir()] == ["dynbuild.lock"]


def test_what_is_no_text(lockfile: LockFile) -> None:
    lockfile.path.write_bytes(b"\xff")
    with pytest.raises(LockError, match="not UTF-8"):
        lockfile.read()


def test_git(lockfile: LockFile, tmp_path: Path) -> None:
    assert lockfile.committed("HEAD") is None

    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)

    git("init", "-q")
    assert lockfile.committed("HEAD") is None
    lockfile.write("committed\n")
    git("add", "dynbuild.lock")
    git("commit", "-q", "-m", "x")
    lockfile.write("changed\n")
    assert lockfile.committed("HEAD") == "committed\n"
    with pytest.raises(CommittedUnknownError):
        lockfile.committed("--output=evil")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "dynbuild.lock"]
    lockfile.require("HEAD")
    with pytest.raises(DeclarationError, match="nowhere"):
        lockfile.require("nowhere")
