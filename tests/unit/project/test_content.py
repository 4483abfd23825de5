"""What counts of files that are copied, and what is gathered for the builder."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from dynbuild.ports import NotThereError
from dynbuild.project.content import Tree


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
    os.mkfifo(root / "pipe")
    with pytest.raises(NotThereError, match="it is a socket, a pipe or a device"):
        digest(root, "pipe")
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


@pytest.mark.parametrize("path", ["pub", "pub/k", "deep/pub"])
def test_dockerignore_counts_where_a_link_leads_too(root: Path, path: str) -> None:
    (root / "secret").mkdir()
    (root / "secret" / "k").write_text("k")
    (root / "deep").mkdir()
    (root / "pub").symlink_to("secret")
    (root / "deep" / "pub").symlink_to("../pub")
    assert digest(root, path)
    for line in ("secret", "pub"):
        (root / ".dockerignore").write_text(f"{line}\n")
        with pytest.raises(NotThereError, match="dockerignore leaves it out"):
            digest(root, path)


def test_dockerignore_counts_below_where_a_link_leads(root: Path) -> None:
    (root / "alias").symlink_to("src")
    (root / "src" / "k").write_text("k")
    without = digest(root, "src", "k")
    (root / ".dockerignore").write_text("src/k\n")
    assert digest(root, "alias") == digest(root) == without


def test_an_allow_list(root: Path) -> None:
    """A directory is refused only where nothing of it is left, as COPY does."""
    before = digest(root)
    (root / ".dockerignore").write_text("*\n!src/**\n!file\n")
    assert digest(root) == before
    assert Tree(root).is_directory("src")
    assert digest(root, "file")
    (root / "other").mkdir()
    (root / "other" / "k").write_text("k")
    (root / "own").write_text("o")
    for path in ("other", "other/k", "own"):
        with pytest.raises(NotThereError, match="dockerignore leaves it out"):
            digest(root, path)
        with pytest.raises(NotThereError, match="dockerignore leaves it out"):
            Tree(root).is_directory(path)


@pytest.mark.parametrize(
    "copies",
    [
        [("link/main.py", ()), (".", ())],
        [(".", ()), ("link/main.py", ())],
        [(".", ("src",)), ("link", ())],
        [("link", ("main.py",)), ("again", ()), ("src", ()), (".", ("link",))],
    ],
)
def test_copies_through_links_share_a_context(
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    copies: list[tuple[str, tuple[str, ...]]],
) -> None:
    """The context is a part of the project: COPY finds there what the digests say."""
    (root / "link").symlink_to("./src")
    (root / "again").symlink_to("link")
    into = tmp_path_factory.mktemp("context")
    told = [Tree(root).gather(path, out, str(into)) for path, out in copies]
    for (path, out), content in zip(copies, told, strict=True):
        assert content == digest(root, path, *out) == digest(into, path, *out)


def test_what_a_context_holds_in_the_end(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files may come, go and change while they are gathered."""
    into = str(tmp_path_factory.mktemp("context"))
    tree = Tree(root)
    first = tree.gather("src", (), into)
    assert tree.gathered("src", (), into) == first
    (root / "src" / "more").write_text("more")
    (root / "src" / "main.py").write_text("changed")
    (root / "src" / "run.sh").unlink()
    tree.gather("src", ("main.py",), into)
    held = tree.gathered("src", (), into)
    assert held not in (first, digest(root))
    assert held == digest(Path(into))
    assert (Path(into) / "src/run.sh").exists()


def test_what_a_context_holds_is_told_by_the_rules_of_the_project(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (root / ".dockerignore").write_text("src/*\n!src/deep/main.py\n")
    (root / "src/deep").mkdir()
    (root / "src/deep/main.py").write_text("x")
    into = str(tmp_path_factory.mktemp("context"))
    tree = Tree(root)
    for path in ("src", "."):
        told = tree.gather(path, (), into)
        (root / ".dockerignore").write_text("src\n")
        assert tree.gathered(path, (), into) == told


def test_links_that_no_builder_can_follow(root: Path) -> None:
    (root / "absolute").symlink_to(root / "src")
    (root / "round").symlink_to("round")
    (root / "up").symlink_to("src/../..")
    for path, reason in {
        "absolute/main.py": "link absolute has to be relative",
        "round": "round in a circle",
        "up": "leads out",
        "/etc": "leads out",
        "src/../../x": "leads out",
        "n" * 300: "cannot be read: file name too long",
        "file/x": "no such file",
    }.items():
        with pytest.raises(NotThereError, match=reason):
            Tree(root).is_directory(path)
        with pytest.raises(NotThereError, match=reason):
            digest(root, path)


def test_deep_directories(root: Path) -> None:
    """Python 3.11 could not even remove the context again."""
    subprocess.run(["mkdir", "-p", root / "/".join(["d"] * 1100)], check=True)
    try:
        with pytest.raises(NotThereError, match=r"d/d/d/\.\.\. has over 256 levels"):
            digest(root, "d")
    finally:
        # pytest's own removal recurses.
        subprocess.run(["rm", "-r", root / "d"], check=True)


def test_patterns_that_docker_refuses(root: Path) -> None:
    with pytest.raises(NotThereError, match=r"^syntax error in pattern '\[z-a\]'"):
        digest(root, "src", "[z-a]")
    (root / ".dockerignore").write_text("a\n!\n")
    with pytest.raises(
        NotThereError, match=r"^\.dockerignore has a syntax error .*'!'"
    ):
        Tree(root).is_directory("src")


def test_an_unreadable_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        number = errno.EACCES if path.name == "file" else errno.ENOENT
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(NotThereError, match=r"^file cannot be read: permission denied"):
        digest(root, "file")
    monkeypatch.setattr(Path, "is_symlink", refused)
    with pytest.raises(NotThereError, match=r"^file cannot be read: permission denied"):
        Tree(root).is_directory("file")
