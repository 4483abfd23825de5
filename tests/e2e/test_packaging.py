"""What is released: the wheel, the manual, what the action and the hooks install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Done, Space

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
FROM {base}
RUN apt-get update && apt-get install -y --no-install-recommends jq \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY data.json ./
RUN jq .answer data.json > answer
CMD ["cat", "answer"]
"""
PINNED = re.compile(r"^([\w.-]+)==(\S+?)(?: ; (.+?))? \\$", re.MULTILINE)


def wheel(folder: Path, seed: str) -> bytes:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [*build, str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    (found,) = folder.glob("*.whl")
    return found.read_bytes()


def test_equal_sources_give_equal_wheels(tmp_path: Path) -> None:
    assert wheel(tmp_path / "one", "1") == wheel(tmp_path / "two", "2")


def test_the_manual_is_that_of_the_commands() -> None:
    """`make manual` writes it."""
    check = [sys.executable, "scripts/manual", "--check"]
    assert subprocess.run(check, cwd=ROOT, check=False).returncode == 0


def test_all_that_is_required_is_pinned_by_hashes() -> None:
    """`make pins` writes them."""
    text = (ROOT / "requirements.lock").read_text()
    pins = {
        canonicalize_name(name): version for name, version, _ in PINNED.findall(text)
    }
    entries = re.findall(r"^\S.*(?:\n    .*)+", text, re.MULTILINE)
    assert len(entries) == len(pins)
    assert all("--hash=sha256:" in entry for entry in entries)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for requirement in map(Requirement, wanted):
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.slow
def test_a_hook_runs_in_an_environment_of_pinned_packages(
    space: Space, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".*", "tests")
    shutil.copytree(ROOT, checkout, ignore=ignored)
    space.write("a.nix", "{a=1;}\n")
    for _ in range(2):
        done = subprocess.run(
            [str(checkout / "scripts/hook"), "fmt", "--check", "a.nix"],
            cwd=space.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "a.nix" in done.stdout + done.stderr
    assert [path.name for path in checkout.glob(".hook*")] == [".hook"]


@pytest.mark.slow
def test_from_an_empty_environment(
    built: Space, debian_base: str, docker: Callable[..., str], tmp_path: Path
) -> None:
    """The wheel alone, in a directory of its own: nothing comes from the checkout."""
    made = tmp_path.with_name(f"{tmp_path.name}-made")
    wheel(made, "1")
    (found,) = made.glob("*.whl")
    alone = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}

    def ran(*words: str) -> Done:
        done = built.command(*words, **alone)
        assert done.status == 0, done.err
        return done

    ran(sys.executable, "-m", "venv", str(made / "venv"))
    ran(str(made / "venv/bin/pip"), "install", "--quiet", str(found))
    dynbuild = str(made / "venv/bin/dynbuild")
    where = "import dynbuild, dynbuild.lang; print(dynbuild.__file__)"
    assert str(made) in ran(str(made / "venv/bin/python"), "-c", where).out
    built.write("Dockerfile", DOCKERFILE.format(base=debian_base))
    built.write("data.json", '{"answer": 42}\n')
    tag = f"test-empty-{os.getpid()}"
    assert "6 of 6 instructions" in ran(dynbuild, "init", "--from", "Dockerfile").err
    ran(dynbuild, "lock")
    ran(dynbuild, "realize", "-t", tag)
    assert docker("run", "--rm", "--network=none", tag) == "42\n"
    # The grammar and the manual come with the wheel.
    assert ran(dynbuild, "eval", "-E", "1 + 2").out == "3\n"
    assert (made / "venv/share/man/man1/dynbuild.1").exists()
    docker("image", "rm", "--force", tag)
