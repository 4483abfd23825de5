"""What an installed dynbuild imports before it answers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lock.codec import dumps
from dynbuild.lock.update import update
from dynbuild.project.content import Tree
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


def test_version_imports_next_to_nothing(installed: Path, tmp_path: Path) -> None:
    modules = imported(installed, tmp_path, "--version")
    assert modules.isdisjoint(
        {"pydantic", "lark", "docker", "minio", "rich", "click", "yaml"}
    )


def test_check_imports_no_client(installed: Path, tmp_path: Path) -> None:
    loaded = load(Source("dynbuild.toml", DECLARATION), "toml")
    lock = update(None, target_of(loaded, Tree(tmp_path), pinned))
    (tmp_path / "dynbuild.toml").write_text(DECLARATION)
    (tmp_path / "dynbuild.lock").write_text(dumps(lock))
    modules = imported(installed, tmp_path, "lock", "--check")
    assert modules.isdisjoint({"docker", "minio", "rich", "requests", "httpx"})
