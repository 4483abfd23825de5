"""What an installed dynbuild imports before it answers."""

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from dynbuild.commands.target import target_of
from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.project.sources import Sources
from dynbuild.spans import Source
from tests.pins import pinned

ROOT = Path(__file__).parents[2]
DECLARATION = '[[stages]]\nname = "one"\ncommands = ["true"]\n'


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked where nothing of this checkout is seen."""
    work = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(work)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = work.glob("*.whl")
    target = work / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True)
    return target


def imported(installed: Path, cwd: Path, *arguments: str) -> set[str]:
    """The modules that a command of the installed wheel imports."""
    done = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "dynbuild", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = re.findall(r"^import time:.*\|\s*(\S+)$", done.stderr, re.MULTILINE)
    assert "dynbuild" in names
    return {name.split(".")[0] for name in names}


NIX = """\
let stage = import ./stage.nix; in
{ stages = [ (stage { name = "one"; }) ]; }
"""


def locked_project(root: Path) -> None:
    """A project in the language that is locked, and nothing that pins its base."""
    (root / "dynbuild.nix").write_text(NIX)
    (root / "stage.nix").write_text('{ name }: { inherit name; commands = [ "x" ]; }')
    loaded = load(Source("dynbuild.nix", NIX), "nix", Inputs(Sources(root)))
    lock = update(None, target_of(loaded, Tree(root), pinned))
    (root / "dynbuild.lock").write_text(dumps(lock))


@pytest.mark.parametrize(
    "words",
    [["lock", "--check"], ["check"], ["eval", "dynbuild.nix"], ["realize", "--print"]],
    ids=" ".join,
)
def test_an_unchanged_project_needs_no_parser(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    locked_project(tmp_path)
    assert "lark" in imported(installed, tmp_path, *words)
    modules = imported(installed, tmp_path, *words)
    assert "lark" not in modules
    assert modules.isdisjoint({"click", "pydantic", "pathlib", "dataclasses"})
    (tmp_path / "stage.nix").write_text('{ name }: { inherit name; commands = ["y"]; }')
    with pytest.raises(AssertionError) if words[0] != "eval" else nullcontext():
        # What an imported file says is looked at again: now the lock is stale.
        assert words != ["check"]
        imported(installed, tmp_path, *words)


def test_the_wheel_has_the_tables_of_the_grammar(installed: Path) -> None:
    code = "from dynbuild.lang import grammar; print(grammar._saved() is not None)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"


def test_version_imports_next_to_nothing(installed: Path, tmp_path: Path) -> None:
    modules = imported(installed, tmp_path, "--version")
    assert modules.isdisjoint(
        {"pydantic", "lark", "docker", "minio", "rich", "click", "yaml"}
    )


def simple_project(root: Path) -> None:
    loaded = load(Source("dynbuild.toml", DECLARATION), "toml")
    lock = update(None, target_of(loaded, Tree(root), pinned))
    (root / "dynbuild.toml").write_text(DECLARATION)
    (root / "dynbuild.lock").write_text(dumps(lock))


def test_check_imports_no_client(installed: Path, tmp_path: Path) -> None:
    simple_project(tmp_path)
    modules = imported(installed, tmp_path, "lock", "--check")
    assert modules.isdisjoint({"docker", "minio", "rich", "requests", "httpx"})


def test_who_realizes_a_lock_imports_no_schema(installed: Path, tmp_path: Path) -> None:
    simple_project(tmp_path)
    modules = imported(installed, tmp_path, "realize", "--frozen", "--print")
    assert "click" in modules
    assert "pydantic" not in modules


@pytest.mark.parametrize("changed", [False, True])
def test_nor_who_locked_it_just_before(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, changed: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = tmp_path / "project"
    project.mkdir()
    simple_project(project)
    path = project / "dynbuild.toml"
    if changed:
        path.write_text(path.read_text().replace("commands = [", 'commands = ["true",'))
    assert "pydantic" in imported(installed, project, "lock")
    assert "pydantic" not in imported(installed, project, "realize", "--print")
    path.write_text(f"# another\n{path.read_text()}")
    assert "pydantic" in imported(installed, project, "realize", "--print")


def test_only_a_translation_imports_a_parser_of_dockerfiles(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    modules = imported(installed, tmp_path, "init", "-o", "one.toml")
    assert modules.isdisjoint({"e2b_dockerfile_utils", "pydantic"})
    words = ("init", "--from", "Dockerfile", "-o", "other.toml")
    assert "e2b_dockerfile_utils" in imported(installed, tmp_path, *words)


@pytest.mark.parametrize(("form", "drawn"), [("text", False), ("html", True)])
def test_only_a_page_imports_its_templates(
    installed: Path, tmp_path: Path, *, form: str, drawn: bool
) -> None:
    simple_project(tmp_path)
    modules = imported(installed, tmp_path, "graph", "--format", form)
    assert ("jinja2" in modules) == drawn


def test_only_the_server_imports_the_protocol(installed: Path, tmp_path: Path) -> None:
    simple_project(tmp_path)
    for words in (["--help"], ["check"], ["schema"]):
        modules = imported(installed, tmp_path, *words)
        assert modules.isdisjoint({"pygls", "lsprotocol", "cattrs"})


def test_a_server_without_its_extra_says_how_to_get_it(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError(name='pygls')\n")
    done = subprocess.run(
        [sys.executable, "-m", "dynbuild", "lsp"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{installed}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'dynbuild[lsp]'" in done.stderr
    assert "Traceback" not in done.stderr
