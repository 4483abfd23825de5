"""What of copied files is kept, left out and refused: times, modes, names, kinds."""

import os
import socket
from pathlib import Path

import pytest

from dynbuild.ports import NotThereError
from dynbuild.project.content import Tree


def digest(root: Path, path: str = "src", *exclude: str) -> str:
    return Tree(root.resolve()).content(path, exclude)


def modes(folder: Path) -> dict[str, int]:
    return {
        path.name: path.stat().st_mode & 0o7777
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


USUAL = {"src": 0o755, "empty": 0o755, "main.py": 0o644, "run.sh": 0o755}


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o027, 0o077])
def test_modes_are_those_of_every_checkout(
    root: Path, tmp_path_factory: pytest.TempPathFactory, umask: int
) -> None:
    """The declaration tells the umask of a checkout that is closed to others."""
    before = digest(root)
    (root / "dynbuild.toml").write_text("")
    (root / "dynbuild.toml").chmod(0o666 & ~umask)
    for path in [root / "src", *(root / "src").iterdir()]:
        if not path.is_symlink():
            path.chmod((0o666 | path.stat().st_mode & 0o111 and 0o777) & ~umask)
    (root / "src" / "main.py").chmod(0o666 & ~umask)
    assert digest(root) == before
    into = tmp_path_factory.mktemp("context")
    old = os.umask(0o077)
    try:
        tree = Tree(root)
        assert tree.gather("src", (), str(into)) == before
        assert tree.gathered("src", (), str(into)) == before
    finally:
        os.umask(old)
    assert modes(into / "src") == USUAL


@pytest.mark.parametrize(
    ("name", "mode", "new"),
    [
        ("main.py", 0o600, 0o600),
        ("main.py", 0o400, 0o400),
        ("main.py", 0o640, 0o640),
        ("run.sh", 0o700, 0o700),
        ("run.sh", 0o4711, 0o4711),
        ("run.sh", 0o2755, 0o2755),
        ("empty", 0o700, 0o700),
        ("empty", 0o1777, 0o1777),
        ("empty", 0o2775, 0o755),
        ("main.py", 0o444, 0o644),
        ("main.py", 0o666, 0o644),
        ("run.sh", 0o711, 0o755),
    ],
)
def test_modes_that_no_umask_explains_are_kept(
    root: Path, tmp_path_factory: pytest.TempPathFactory, name: str, mode: int, new: int
) -> None:
    usual = digest(root)
    (root / "dynbuild.toml").write_text("")
    (root / "src" / name).chmod(mode)
    into = tmp_path_factory.mktemp("context")
    tree = Tree(root)
    told = tree.gather("src", (), str(into))
    assert told == tree.gathered("src", (), str(into)) == digest(root)
    assert (told == usual) == (new in (0o644, 0o755))
    assert modes(into / "src") == {**USUAL, name: new}


def test_times_are_those_of_the_project(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    times = {"": 5, "main.py": 1_000, "link": 2_000, "empty": 3_000, "run.sh": -7}
    for name, time in times.items():
        os.utime(root / "src" / name, (time, time), follow_symlinks=False)
    into = tmp_path_factory.mktemp("context")
    Tree(root).gather("src", (), str(into))
    found = {name: int((into / "src" / name).lstat().st_mtime) for name in times}
    # A directory without a name is the one that is copied.
    assert found == times


def test_hard_links_stay_hard_links(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (root / "src" / "same").write_text("print(1)\n")
    apart = digest(root)
    (root / "src" / "same").unlink()
    (root / "src" / "same").hardlink_to(root / "src" / "main.py")
    (root / "beside").hardlink_to(root / "src" / "main.py")
    joined = digest(root)
    assert joined != apart
    # A name that is not copied does not count.
    without = digest(root, "src", "main.py")
    into = tmp_path_factory.mktemp("context")
    tree = Tree(root)
    assert tree.gather("src", ("main.py",), str(into)) == without
    assert tree.gather("src", (), str(into)) == joined
    assert tree.gathered("src", (), str(into)) == joined
    tree.gather("beside", (), str(into))
    names = [into / "src/main.py", into / "src/same", into / "beside"]
    assert len({path.stat().st_ino for path in names}) == 1


def test_sockets_and_pipes_are_left_out_and_told(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = digest(root)
    os.mkfifo(root / "src" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "src" / "empty" / "sock"))
    tree = Tree(root)
    assert tree.content("src", ()) == before
    assert tree.left_out == {"src/pipe", "src/empty/sock"}
    into = tmp_path_factory.mktemp("context")
    assert tree.gather("src", (), str(into)) == before
    ignoring = Tree(root)
    assert ignoring.content("src", ("pipe", "empty/*")) == before
    assert not ignoring.left_out


def test_names_that_no_image_can_have(root: Path) -> None:
    before = digest(root)
    for name in (b"\xff", b".wh.main.py", b".wh..wh..opq", b".wh."):
        path = Path(os.fsdecode(os.fsencode(root / "src") + b"/" + name))
        path.write_text("x")
        with pytest.raises(
            NotThereError, match=r"^src/.*(not UTF-8|begins with \.wh\.)"
        ):
            digest(root)
        with pytest.raises(
            NotThereError, match=r"^src/.*(not UTF-8|begins with \.wh\.)"
        ):
            Tree(root).gather(f"src/{os.fsdecode(name)}", (), str(root / "into"))
        assert digest(root, "src", "?*w*", "\udcff") == before
        path.unlink()


@pytest.mark.parametrize("name", ["dynbuild.toml", "dynbuild.nix", "dynbuild.lock"])
def test_the_declaration_and_its_lock_are_no_content(
    root: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    before = digest(root, ".")
    (root / name).write_text("x")
    (root / "link").symlink_to(name)
    assert digest(root, ".", "link") == before
    into = tmp_path_factory.mktemp("context")
    assert Tree(root).gather(".", ("link",), str(into)) == before
    assert not (into / name).exists()
    for path in (name, "link"):
        with pytest.raises(NotThereError, match="never content of a stage"):
            digest(root, path)
    # That of another project is a file like any other.
    (root / "other").mkdir()
    without = digest(root, ".")
    (root / "other" / name).write_text("x")
    assert digest(root, ".") != without


def test_what_git_keeps_is_no_content(root: Path) -> None:
    before = digest(root, ".")
    (root / ".git" / "objects").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / "src" / ".git").write_text("gitdir: ../.git/modules/src\n")
    assert digest(root, ".") == before
    (root / ".dockerignore").write_text("!.git\n")
    assert digest(root, ".", ".dockerignore") == before
    for path in (".git", ".git/HEAD", "src/.git"):
        with pytest.raises(NotThereError, match="git keeps is never content"):
            digest(root, path)
