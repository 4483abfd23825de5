"""The repository's own declaration and lock make the image of dynbuild itself."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from dynbuild import __version__
from tests.space import Space

ROOT = Path(__file__).parents[2]


def copy_project(target: Path) -> None:
    for name in (
        "dynbuild.toml",
        "dynbuild.lock",
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
    ):
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "grammar", target / "grammar")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dynbuild", target / "dynbuild", ignore=ignored)


def test_the_lock_is_up_to_date(space: Space) -> None:
    copy_project(space.root)
    space.ok("lock", "--check")


def test_the_image_of_dynbuild(built: Space, docker: Callable[..., str]) -> None:
    copy_project(built.root)
    docker("pull", "-q", "debian:stable-slim")
    tag = f"test-dynbuild-{os.getpid()}"
    built.ok("realize", "-t", tag)
    said = docker("run", "--rm", "--network", "none", tag, "--version")
    assert said == f"dynbuild {__version__}\n"
    # It works on a project that is mounted into it.
    mount = f"{built.root}:/project"
    run = ("run", "--rm", "--network", "none", "-v", mount, tag)
    docker(*run, "lock", "--check")
    assert docker(*run, "realize", "--print").startswith("# Emitted by dynbuild")
