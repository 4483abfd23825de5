"""Every mistake has a clear message, its place and its exit status; no traceback."""

from pathlib import Path

import pytest

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lock.codec import dumps
from dynbuild.lock.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from tests.pins import pinned
from tests.space import Space

STAGE = '[[stages]]\nname = "one"\ncommands = ["true"]\n'

MISTAKES = {
    "unknown key": ('aptpackages = ["curl"]\n', "apt_packages"),
    "wrong type": ('apt_packages = "curl"\n', "apt_packages"),
    "duplicate stage": (STAGE + STAGE, "one"),
    "case-colliding stages": (STAGE + STAGE.replace("one", "One"), "One"),
    "refused name": (STAGE.replace("one", "-x"), "-x"),
    "unknown dependency": (
        STAGE + '[[stages]]\nname = "b"\ndependencies = ["onne"]\ncommands = ["x"]\n',
        "did you mean 'one'",
    ),
    "cycle": (
        (
            '[[stages]]\nname = "a"\ndependencies = ["b"]\ncommands = ["x"]\n'
            '[[stages]]\nname = "b"\ndependencies = ["a"]\ncommands = ["x"]\n'
        ),
        "a -> b -> a",
    ),
    "two families": ('apt_packages = ["a1"]\nyum_packages = ["b1"]\n', "yum_packages"),
    "no commands": ('[[stages]]\nname = "one"\n', "one"),
    "empty command": (STAGE.replace("true", ""), "empty"),
    "secret by value": (
        STAGE + 'secrets = [{ id = "t", value = "hunter2" }]\n',
        "secret",
    ),
    "missing file": (
        STAGE + 'copy = [{ from = "nowhere.txt", to = "/x" }]\n',
        "nowhere.txt",
    ),
    "escaping file": (STAGE + 'copy = [{ from = "../x", to = "/x" }]\n', "../x"),
    "two values": (
        STAGE
        + 'env = { A = "1" }\n'
        + STAGE.replace("one", "two")
        + 'env = { A = "2" }\n',
        "'one' and 'two' set A to two values",
    ),
    "syntax": ("base = \n", "dynbuild.toml:1:"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_in_a_declaration(name: str, space: Space, tmp_path: Path) -> None:
    text, told = MISTAKES[name]
    space.write("dynbuild.toml", text)
    # A lock that knows the base, so that no registry is asked for it.
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    before = space.read("dynbuild.lock")
    for command in ("lock", "realize", "build"):
        done = space.run(command)
        assert done.status == 2, done.err
        assert told in done.err
        assert "dynbuild.toml:" in done.err
        assert "hunter2" not in done.err
    assert space.read("dynbuild.lock") == before


def _lock_of_nothing(root: Path) -> str:
    loaded = load(Source("dynbuild.toml", ""), "toml")
    return dumps(update(None, target_of(loaded, Tree(root), pinned)))


def test_invalid_utf8(space: Space) -> None:
    space.write("dynbuild.toml", b'base = "\xff"\n')
    done = space.run("lock")
    assert done.status == 2
    assert "UTF-8" in done.err


def test_a_hundred_megabytes(space: Space) -> None:
    path = space.write("dynbuild.json", "{}")
    with path.open("r+b") as file:
        file.truncate(100 * 1024 * 1024)
    done = space.run("lock")
    assert done.status == 2
    assert "too many" in done.err


def test_alias_bomb(space: Space) -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    space.write("dynbuild.yaml", "\n".join(lines))
    done = space.run("lock")
    assert done.status == 2
    assert "alias" in done.err


def test_no_declaration_two_declarations_a_directory(space: Space) -> None:
    done = space.run("lock")
    assert (done.status, "dynbuild init" in done.err) == (2, True)
    space.write("dynbuild.toml", "")
    space.write("dynbuild.json", "{}")
    done = space.run("lock")
    assert (done.status, "two declarations" in done.err) == (2, True)
    done = space.run("lock", "-c", "nowhere.toml")
    assert (done.status, "nowhere.toml" in done.err) == (2, True)
    done = space.run("lock", "-c", "nowhere.txt")
    assert done.status == 2


def test_usage(space: Space) -> None:
    assert space.run("lokc").status == 2
    assert space.run("lock", "--nope").status == 2
    assert space.run("realize", "--progress", "fancy").status == 2
    assert space.run("lock", "--check", "--repack").status == 2
    for command in ([], ["lock"], ["realize"], ["build"], ["init"]):
        assert space.run(*command, "--help").status == 0


def test_init_writes_what_loads_and_never_overwrites(space: Space) -> None:
    for name in ("dynbuild.toml", "x.yaml", "y.json"):
        space.ok("init", "-o", name)
        text = space.read(name)
        again = space.run("init", "-o", name)
        assert (again.status, "there already" in again.err) == (2, True)
        assert space.read(name) == text
    assert space.run("init", "-o", "z.ini").status == 2
