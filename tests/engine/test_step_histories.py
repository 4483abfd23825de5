"""Random histories: what is linked step by step is what a plain build gives."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynbuild.cli.commands import lock, realize
from dynbuild.cli.main import run
from dynbuild.realization import chains, linking, scheduler
from tests.engine.hermetic import Project, edits, projects
from tests.layouts import files_of, layers_of
from tests.trees import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

TAG = f"dynbuild-test-history-{os.getpid()}"
# Imported once, and not by each command: it is forked.
READY = (lock, realize)

Limits = tuple[int, int, int]

limits = st.sampled_from(
    [(linking.BUDGET, chains.DEEPEST, scheduler.LONGEST), (7, 4, 3), (4, 3, 1)]
)
"""Layers of an image, below a step, and of one build: few, so that they are met."""


def command(space: Space, most: Limits, *arguments: str) -> None:
    """Run the command line in a fork: as a process of its own, and sooner there."""
    log = space.root / "told"
    child = os.fork()
    if child == 0:
        status = 70
        try:
            with log.open("wb") as file:
                for stream in (1, 2):
                    os.dup2(file.fileno(), stream)
            os.chdir(space.root)
            os.environ.clear()
            os.environ.update(space.environment)
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            linking.BUDGET, chains.DEEPEST, scheduler.LONGEST = most  # type: ignore[misc]
            status = run(list(arguments))
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, log.read_text()


def history(  # noqa: PLR0913 - all that it is made of
    space: Space,
    base: str,
    data: st.DataObject,
    length: int,
    *,
    unpacked: bool = False,
    platforms: tuple[str, ...] = (),
) -> None:
    """Realize a random project and edits of it, each in two ways."""
    space = type(space)(
        space.root,
        {**space.environment, "CACHE_LOCAL_PATH": str(space.root / "store")},
    )
    shutil.rmtree(space.root / "store", ignore_errors=True)
    (space.root / "dynbuild.lock").unlink(missing_ok=True)
    most = data.draw(limits)
    made = (data.draw(projects()),)
    for _ in range(length):
        same(space, base, made[-1], most, platforms=platforms)
        made += (data.draw(edits(made)),)
    same(space, base, made[-1], most, unpacked=unpacked, platforms=platforms)


def same(  # noqa: PLR0913 - all that is compared
    space: Space,
    base: str,
    project: Project,
    most: Limits,
    *,
    unpacked: bool = False,
    platforms: tuple[str, ...] = (),
) -> None:
    """Make an image in two ways: by its layers, and as the engine unpacks it.

    For each of several ``platforms`` that it is declared for.
    """
    shutil.rmtree(space.root / "tree", ignore_errors=True)
    for name, text in project.files.items():
        space.write(name, text)
    text = project.text(base)
    if platforms:
        text = f"platforms = {[*platforms]}\n{text}"
    space.write("dynbuild.toml", text)
    command(space, most, "lock")
    found = []
    for way in ("linked", "linear"):
        outputs = ["-o", f"oci:{way}", *(["-t", f"{TAG}:{way}"] if unpacked else [])]
        linear = ["--linear"] if way == "linear" else []
        shutil.rmtree(space.root / way, ignore_errors=True)
        command(space, most, "realize", *outputs, *linear)
        found.append(
            {
                f"{platform}:{path}": facts
                for platform in platforms or ("",)
                for path, facts in files_of(space.root / way, platform=platform).items()
            }
        )
    if not any(c.name == "tree" for stage in project.stages for c in stage.copied):
        # What is live is never squashed, nor one step alone. The base has two layers,
        # /srv/here is one.
        tallest = max(
            1 + len(stage.copied) + len(stage.copies_from) for stage in project.stages
        )
        for platform in platforms or ("",):
            layers = layers_of(space.root / "linked", platform)
            assert layers <= max(most[0], 3 + tallest)
    told = (project.text(base), space.read("dynbuild.lock"))
    assert not differing(*found), told
    if unpacked:
        assert broken(space, f"{TAG}:linked") == "", told
        trees = [tree_of(space.environment, f"{TAG}:{w}") for w in ("linked", "linear")]
        assert not differing(*trees), told


def broken(space: Space, image: str) -> str:
    """What a container says of names behind which it finds nothing."""
    script = "find /own /got /copied /shared -exec ls -ld {} + 2>&1 > /dev/null"
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", image, "sh", "-c", script],
        env=dict(space.environment),
        check=False,
        capture_output=True,
        text=True,
    )
    absent = re.compile(r"find: /(own|got|copied|shared): No such file or directory\n")
    return absent.sub("", done.stdout)


def differing(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    return {
        path: (one.get(path), other.get(path))
        for path in sorted(one.keys() | other.keys())
        if one.get(path) != other.get(path)
    }


@pytest.fixture
def cleaned(docker: Callable[..., str]) -> object:
    yield
    docker("image", "rm", "-f", f"{TAG}:linked", f"{TAG}:linear")


DELETES = """\
base = "{base}"
[[stages]]
name = "maker"
commands = ["mkdir -p /own/in; touch /own/in/one /own/in/two"]
[[stages]]
name = "deleter"
dependencies = ["maker"]
commands = ["rm /own/in/one", "touch /own/three"]
[[stages]]
name = "taker"
dependencies = ["deleter"]
commands = ["ls -l /own/in > /own/list"]
[[stages]]
name = "copier"
copy = [{{ stage = "taker", from = "/own", to = "/got" }}]
"""


@pytest.mark.usefixtures("cleaned")
def test_what_a_squash_deletes_leaves_no_name(
    built: Space, xattr_base: str, docker: Callable[..., str]
) -> None:
    """Neither in the image nor on the way: overlayfs shows whiteouts of nothing."""
    built.write("dynbuild.toml", DELETES.format(base=xattr_base))
    command(built, (4, 3, 1), "lock")
    for way, more in (("linked", []), ("linear", ["--linear"])):
        command(built, (4, 3, 1), "realize", "-t", f"{TAG}:{way}", *more)
    assert broken(built, f"{TAG}:linked") == ""
    words = ["run", "--rm", "--network=none", f"{TAG}:linked", "ls"]
    assert docker(*words, "/own/in", "/got/in").split() == (
        ["/got/in:", "two", "/own/in:", "two"]
    )


quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.usefixtures("cleaned")
@settings(max_examples=3, deadline=None, suppress_health_check=quiet, derandomize=True)
@given(data=st.data())
def test_a_few_histories(built: Space, xattr_base: str, data: st.DataObject) -> None:
    history(built, xattr_base, data, 3, unpacked=True)


@pytest.mark.slow
@pytest.mark.usefixtures("cleaned")
@settings(max_examples=300, deadline=None, suppress_health_check=quiet)
@given(data=st.data())
def test_many_histories(built: Space, xattr_base: str, data: st.DataObject) -> None:
    history(built, xattr_base, data, 6, unpacked=data.draw(st.integers(0, 9)) == 0)
