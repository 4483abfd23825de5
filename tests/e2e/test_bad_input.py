"""Every mistake has a clear message, its place and its exit status; no traceback."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.update import update
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
    assert "more than 4 MiB" in done.err


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


def test_conflict_markers_in_a_declaration(space: Space) -> None:
    space.write("dynbuild.toml", f"{STAGE}<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    done = space.run("lock")
    assert done.status == 2
    assert "dynbuild.toml:4:1" in done.err
    assert "merge conflict markers" in done.err


def test_what_no_dockerfile_can_say_is_told_at_once(
    space: Space, tmp_path: Path
) -> None:
    before = _lock_of_nothing(tmp_path)
    space.write("dynbuild.lock", before)
    space.write("dynbuild.toml", f'env = {{ A = "{"a" * 200_000}" }}\n')
    done = space.run("lock")
    assert done.status == 2
    assert space.read("dynbuild.lock") == before


def test_a_project_that_is_copied_whole_settles(space: Space, tmp_path: Path) -> None:
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.write(
        "dynbuild.toml",
        '[[stages]]\nname = "all"\ncopy = [{ from = ".", to = "/app" }]\n',
    )
    space.commit()
    first = space.ok("lock", "--json")
    space.commit()
    # Neither the repository nor the lock is content: nothing changes by itself.
    assert json.loads(first.out)["changes"]
    assert json.loads(space.ok("lock", "--json").out)["up_to_date"]


def test_schema(space: Space) -> None:
    assert '"apt_packages"' in space.ok("schema").out


def test_no_escape_reaches_the_terminal(space: Space, tmp_path: Path) -> None:
    lock = loads(_lock_of_nothing(tmp_path))
    hostile = replace(lock, scripts={"echo \x1b[2J \x9b2J": 1})
    space.write("dynbuild.lock", dumps(hostile))
    space.write("dynbuild.toml", "")
    order = space.ok("lock", "--show-order")
    change = space.ok("lock", "-n")
    assert "echo" in order.out
    assert "echo" in change.out
    refused = space.run("lock", "-c", "\x1b[2J\x9b.toml")
    for text in (order.out, change.out, refused.err):
        assert all(char.isprintable() for char in text.replace("\n", "")), text


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("--help >&-", 1),
        ("--help > /dev/full", 1),
        ("lock >&-", 2),
        ("lock 2>&-", 2),
        ("lock 2> /dev/full", 1),
    ],
)
def test_streams_that_take_nothing(space: Space, arguments: str, status: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m dynbuild {arguments}"],
        cwd=space.root,
        env=dict(space.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_what_is_written_is_utf8_in_every_locale(space: Space, tmp_path: Path) -> None:
    lock = replace(loads(_lock_of_nothing(tmp_path)), scripts={"echo €": 1})
    space.write("dynbuild.lock", dumps(lock))
    space.write("dynbuild.toml", "")
    done = space.run("realize", "--frozen", "--print", PYTHONIOENCODING="latin-1")
    assert (done.status, done.err) == (0, "")
    assert "echo €" in done.out
    done = space.run("lock", "-c", "€.toml", PYTHONIOENCODING="ascii")
    assert "€.toml" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_before_the_build_leaves_no_file(
    space: Space, tmp_path: Path, number: signal.Signals
) -> None:
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.write("dynbuild.toml", STAGE + 'copy = [{ from = "src", to = "/src" }]\n')
    for at in range(3000):
        space.write(f"src/{at}", "secret")
    space.ok("lock")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dynbuild",
            "realize",
            "--linear",
            "--platform",
            "linux/amd64",
        ],
        cwd=space.root,
        env={**space.environment, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None and not list(temporary.rglob("1")):
            time.sleep(0.005)
        process.send_signal(number)
        _, told = process.communicate()
    assert (process.returncode, told.strip()) == (130, "interrupted")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("flags", [[], ["--check"], ["--base", "HEAD"]])
def test_a_repository_of_somebody_else(
    space: Space, tmp_path: Path, flags: list[str], *, torn: bool
) -> None:
    space.write("dynbuild.toml", STAGE)
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.commit()
    if torn:
        text = space.read("dynbuild.lock")
        space.write("dynbuild.lock", f"{text}<<<<<<< HEAD\n=======\n>>>>>>> b\n")
    before = space.read("dynbuild.lock")
    done = space.run("lock", *flags, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    if flags == ["--base", "HEAD"]:
        assert (done.status, "dubious ownership" in done.err) == (2, True)
    elif torn:
        assert (done.status, "merge conflict markers" in done.err) == (3, True)
    elif flags:
        assert done.status == 1
    else:
        assert (done.status, "started from the file" in done.err) == (0, True)
    assert (space.read("dynbuild.lock") == before) == (torn or bool(flags))


_EARLY = """
import sys
from dynbuild.__main__ import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "dynbuild.cli.main":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.argv = ["dynbuild", "why"]
main()
"""


def test_an_interrupt_before_all_is_loaded() -> None:
    words = [sys.executable, "-c", _EARLY]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, "interrupted\n", "")


def test_a_picture_of_an_unknown_kind(space: Space, tmp_path: Path) -> None:
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.write("dynbuild.toml", "")
    done = space.run("graph", "-o", "steps.png")
    assert done.status == 2
    assert "error[DB0317]: no format for 'steps.png'" in done.err
    assert ".svg" in done.err
    assert not (space.root / "steps.png").exists()
    space.ok("graph", "-o", "steps.SVG")
    assert (space.root / "steps.SVG").read_text().startswith("<svg")


def test_a_store_where_none_can_be(space: Space, tmp_path: Path) -> None:
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.write("dynbuild.toml", "")
    space.write("file", "")
    place = str(space.root / "file" / "store")
    done = space.run("realize", CACHE_LOCAL_PATH=place)
    assert done.status == 1
    assert "error[DB0316]" in done.err
    assert "CACHE_LOCAL_PATH says where" in done.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("realise", "did you mean 'realize'?"),
        ("prune", "did you mean `dynbuild clean`?"),
        ("qqqq", "`dynbuild --help` lists the commands"),
    ],
)
def test_a_command_that_is_not_there(space: Space, name: str, words: str) -> None:
    done = space.run(name, "-t", "x")
    assert done.status == 2
    assert f"there is no command {name!r}" in done.err
    assert words in done.err


def test_a_build_context_is_no_image(space: Space) -> None:
    """Who comes from Docker writes a dot behind `build`."""
    space.write("dynbuild.toml", 'base = "debian:stable-slim"\n')
    loaded = load(Source("dynbuild.toml", space.read("dynbuild.toml")), "toml")
    lock = update(None, target_of(loaded, Tree(Path(space.root)), pinned))
    space.write("dynbuild.lock", dumps(lock))
    assert "no\n        build context" in space.run("build", "-t", "x", ".").err
    assert "-t NAME is what the image is called" in space.run("realize", "x").err


@pytest.mark.parametrize(
    "platforms", ["linux", "linux/amd64,", "Linux/AMD64", "linux/amd64, linux/arm64"]
)
def test_a_platform_that_is_none(space: Space, tmp_path: Path, platforms: str) -> None:
    space.write("dynbuild.lock", _lock_of_nothing(tmp_path))
    space.write("dynbuild.toml", "")
    done = space.run("realize", "--frozen", "--platform", platforms)
    assert done.status == 2
    (wrong,) = {*platforms.split(",")} - {"linux/amd64"}
    assert f"error[DB0317]: --platform {wrong!r} is not a platform" in done.err
