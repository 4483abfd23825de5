"""A repository that a stranger made: what git tells of it, and what it may not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.locks import START, committed

if TYPE_CHECKING:
    from tests.space import Space


@pytest.fixture
def project(space: Space) -> Space:
    committed(space, START)
    return space


def test_a_program_that_looks_at_signatures(project: Space) -> None:
    """What a repository names in its settings is not run to read its history."""
    evil = project.write(
        "evil", "#!/bin/sh\necho '[GNUPG:] SIG_CREATED ' >&2\ntouch ran\n"
    )
    evil.chmod(0o755)
    project.git(
        "-c", f"gpg.program={evil}", "commit", "-q", "--allow-empty", "-S", "-m", "x"
    )
    project.write("dynbuild.lock", project.read("dynbuild.lock") + "\n")
    project.git("-c", f"gpg.program={evil}", "commit", "-q", "-S", "-am", "y")
    (project.root / "ran").unlink()
    project.git("config", "gpg.program", str(evil))
    project.git("config", "log.showSignature", "true")
    assert "debian" not in project.ok("blame", "tools").err
    project.ok("diff", "HEAD~1")
    assert not (project.root / "ran").exists()


def test_a_committed_lock_of_many_megabytes(project: Space) -> None:
    """It is refused after a bounded part of it was read."""
    with (project.root / "dynbuild.lock").open("wb") as file:
        file.truncate(70 << 20)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "large")
    project.git("checkout", "-q", "HEAD~1")
    done = project.run("diff", "main")
    assert done.status == 2, done.err
    assert "more than 64 MiB" in done.err


def test_a_committed_lock_that_is_a_link(project: Space) -> None:
    """Where it leads to is not read: git has its target as a text."""
    (project.root / "dynbuild.lock").unlink()
    (project.root / "dynbuild.lock").symlink_to("/etc/passwd")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "link")
    done = project.run("diff", "HEAD~1", "HEAD")
    assert done.status in (1, 3), done.err
    assert "root:" not in done.out + done.err


def test_a_revision_that_looks_like_a_flag(project: Space) -> None:
    """It is a revision that git does not know, and writes nothing."""
    for name in ("--output=evil", "-O", "HEAD --output=evil"):
        done = project.run("diff", "--", name)
        assert done.status == 2, done.err
    assert not (project.root / "evil").exists()


def test_an_author_who_steers_the_terminal(project: Space) -> None:
    """Names and subjects of commits are shown without what a terminal obeys."""
    project.write("dynbuild.lock", project.read("dynbuild.lock") + "\n# x\n")
    who = "\x1b]0;owned\x07\u202eevil\x9b31m <x@localhost>"
    project.git("commit", "-qa", "--author", who, "-m", "\x1b[2Jsub\u200bject")
    stage = START.replace("make tools", "make other tools")
    committed(project, stage, "\x1b[2Jsub\u202eject")
    for words in (["blame", "tools"], ["blame", "tools", "--json"]):
        out = project.ok(*words).out
        assert not [char for char in "\x1b\x07\x9b\u202e" if char in out]


def test_a_repository_of_another_user(project: Space) -> None:
    """What git does not trust is told in its words, and nothing is made of it."""
    for words in (["blame", "tools"], ["diff"], ["lock", "--base", "HEAD"]):
        done = project.run(*words, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
        assert done.status == 2, done.err
        assert "dubious ownership" in done.err


def test_variables_of_a_hook(project: Space) -> None:
    """A variable that git sets for hooks does not lead to another repository."""
    done = project.ok("diff", "HEAD", GIT_DIR="/nowhere", GIT_WORK_TREE="/")
    assert done.status == 0
