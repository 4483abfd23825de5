"""What counts of files that are copied, and what is gathered for the builder."""

import os
from pathlib import Path

import pytest

from dynbuild.ports import NotThereError
from dynbuild.project.content import Tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src" / "empty").mkdir(parents=True)
    (tmp_path / "src" / "main.py").write_text("print(1)\n")
    (tmp_path / "src" / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "src" / "run.sh").chmod(0o755)
    (tmp_path / "src" / "link").symlink_to("main.py")
    (tmp_path / "file").write_text("x")
    return tmp_path


def digest(root: Path, path: str = "src", *exclude: str) -> str:
    return Tree(root.resolve()).content(path, exclude)


def test_what_is_gathered_has_the_digest_of_what_is_there(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    into = tmp_path_factory.mktemp("context")
    for path in ("src", "file", "."):
        assert Tree(root).gather(path, (), str(into)) == digest(root, path)
    copied = Tree(into)
    assert copied.content("src", ()) == digest(root)
    assert (into / "src" / "empty").is_dir()
    assert (into / "src" / "link").readlink() == Path("main.py")


def test_modes_are_those_of_every_checkout(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = digest(root)
    (root / "src" / "main.py").chmod(0o600)
    (root / "src" / "run.sh").chmod(0o700)
    (root / "src").chmod(0o700)
    assert digest(root) == before
    into = tmp_path_factory.mktemp("context")
    old = os.umask(0o077)
    try:
        Tree(root).gather("src", (), str(into))
    finally:
        os.umask(old)
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in [into / "src", *(into / "src").iterdir()]
        if not path.is_symlink()
    }
    assert modes == {"src": 0o755, "empty": 0o755, "main.py": 0o644, "run.sh": 0o755}


def test_every_change_that_counts(root: Path) -> None:
    seen = {digest(root)}

    def changed() -> None:
        now = digest(root)
        assert now not in seen
        seen.add(now)

    (root / "src" / "main.py").write_text("print(2)\n")
    changed()
    (root / "src" / "main.py").chmod(0o755)
    changed()
    (root / "src" / "link").unlink()
    changed()
    (root / "src" / "link").symlink_to("run.sh")
    changed()
    (root / "src" / "empty").rmdir()
    changed()
    (root / "src" / "main.py").rename(root / "src" / "other.py")
    changed()


def test_times_do_not_count(root: Path) -> None:
    before = digest(root)
    os.utime(root / "src" / "main.py", (1, 1))
    assert digest(root) == before


def test_dockerignore_and_exclude(root: Path) -> None:
    with_all = digest(root)
    (root / "src" / "a.log").write_text("log")
    assert digest(root) != with_all
    assert digest(root, "src", "*.log") == with_all
    (root / ".dockerignore").write_text("**/*.log\nfile\n")
    assert digest(root) == with_all
    with pytest.raises(NotThereError, match="dockerignore"):
        digest(root, "file")


def test_an_ignored_directory_may_hold_something_wanted(root: Path) -> None:
    before = digest(root, "src", "deep")
    (root / "src" / "deep").mkdir()
    (root / "src" / "deep" / "keep").write_text("k")
    (root / "src" / "deep" / "drop").write_text("d")
    assert digest(root, "src", "deep") == before
    kept = digest(root, "src", "deep", "!deep/keep")
    (root / "src" / "deep" / "drop").write_text("other")
    assert digest(root, "src", "deep", "!deep/keep") == kept
    (root / "src" / "deep" / "keep").write_text("other")
    assert digest(root, "src", "deep", "!deep/keep") != kept


def test_what_cannot_be_copied_says_why(root: Path) -> None:
    os.mkfifo(root / "src" / "pipe")
    with pytest.raises(NotThereError, match="pipe is a socket, a pipe or a device"):
        digest(root)
    with pytest.raises(NotThereError, match="no such file"):
        digest(root, "nowhere")
    inner = root / "inner"
    inner.mkdir()
    (inner / "out").symlink_to("../file")
    with pytest.raises(NotThereError, match="leads out"):
        digest(inner, "out")
    (inner / "in").symlink_to("nothing")
    with pytest.raises(NotThereError, match="no such file"):
        digest(inner, "in")


def test_a_link_within_the_project_is_followed_at_the_top(root: Path) -> None:
    (root / "alias").symlink_to("src")
    assert digest(root, "alias") == digest(root, "src")


def test_names_that_are_not_utf8(root: Path) -> None:
    before = digest(root)
    Path(os.fsdecode(os.fsencode(root / "src") + b"/\xff")).write_text("x")
    assert digest(root) != before
