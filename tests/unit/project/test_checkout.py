"""A project is copied as it is, but for what is never content and the umask."""

import os
from pathlib import Path

from dynbuild.project.checkout import copy_of
from dynbuild.project.content import Tree


def test_nothing_is_chosen(root: Path) -> None:
    (root / ".dockerignore").write_text("src\n")
    (root / "dynbuild.lock").write_text("")
    (root / ".git").mkdir()
    (root / "src" / "dynbuild.lock").write_text("")
    (root / "src" / ".wh.x").write_text("")
    (root / "src" / "main.py").chmod(0o664)
    (root / "src" / "key").write_text("k")
    (root / "src" / "key").chmod(0o600)
    (root / "src" / "same").hardlink_to(root / "src" / "key")
    os.utime(root / "src" / "key", (1_000_000_000, 1_000_000_000))
    os.mkfifo(root / "src" / "pipe")
    into = root / "into"
    into.mkdir()
    ignored = copy_of(Tree(root / "src"), str(into))
    assert ignored == ""
    names = {path.name for path in into.iterdir()}
    assert names == {"empty", "key", "link", "main.py", "run.sh", "same", ".wh.x"}
    assert (into / "link").is_symlink()
    assert (into / "main.py").stat().st_mode & 0o777 == 0o644
    key = (into / "key").stat()
    assert (key.st_mode & 0o777, key.st_mtime) == (0o600, 1_000_000_000)
    assert key.st_ino == (into / "same").stat().st_ino


def test_what_docker_leaves_out_is_told(root: Path) -> None:
    (root / ".dockerignore").write_text("src\n!src/main.py\n")
    into = root.parent / f"{root.name}-copy"
    assert copy_of(Tree(root), str(into)) == "src\n!src/main.py\n"
    assert (into / "src" / "run.sh").exists()
