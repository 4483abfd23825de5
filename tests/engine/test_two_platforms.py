"""The suites of soundness with two platforms: edits, histories, builds of their own.

Each is that of one platform, over a base for two (``both``), and has to hold for each.
"""

from __future__ import annotations

import functools
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine import test_step_edits as edits
from tests.engine.acts import history
from tests.engine.archive import push_base, push_marked
from tests.engine.both import PLATFORMS, push_both
from tests.engine.machines import Machines
from tests.engine.progress import steps_run
from tests.engine.test_step_histories import history as linear_history
from tests.engine.test_step_histories import quiet
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.test_world_histories import Ground
    from tests.space import Space

SAID = f"platforms = {[*PLATFORMS]}\n"


@pytest.fixture(scope="session")
def small(
    engine: dict[str, str],
    busybox_base: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    folder = tmp_path_factory.mktemp("both")
    return push_both(engine, busybox_base, registry, folder)


@pytest.fixture(scope="session")
def with_attributes(
    engine: dict[str, str],
    xattr_base: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    folder = tmp_path_factory.mktemp("both")
    return push_both(engine, xattr_base, registry, folder)


@pytest.fixture(scope="session")
def ground(
    engine: dict[str, str],
    busybox_base: str,
    debian_base: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[bool], Ground]:
    """Return what gives bases for two, small ones or those of Debian, as of one."""

    @functools.cache
    def make(debian: bool) -> Ground:  # noqa: FBT001 - one of two
        folder = tmp_path_factory.mktemp("bases")
        base = busybox_base
        if debian:
            base = push_base(engine, debian_base, registry, folder)
        marked = push_marked(engine, base, registry, folder)
        first, second = (
            push_both(engine, one, registry, folder / f"both-{at}")
            for at, one in enumerate((base, marked))
        )
        root = folder / "project"
        root.mkdir()
        machines = Machines(root, engine, (first, second), platforms=PLATFORMS)
        return (first, second), machines.learn()

    return make


def play(
    built: Space,
    ground: Callable[[bool], Ground],
    seed: int,
    server: Server | None = None,
    edits: int = 6,
) -> None:
    debian = seed % 3 == 0
    bases, store = ground(debian)
    machines = Machines(
        built.root, built.environment, bases, template=store, platforms=PLATFORMS
    )
    if server is not None:
        name = bucket_name()
        machines.shared = server.environment(name)
        machines.bucket = server.folder / name
    number = 1 if server is None else 2
    machines.play(history(seed, debian=debian, machines=number, edits=edits))


@pytest.fixture
def project(built: Space, small: str) -> Space:
    text = edits.DECLARATION.format(base=small, unique=uuid4())
    built.write("dynbuild.toml", SAID + text)
    built.write("second.txt", "second\n")
    built.write("live/file", "live\n")
    built.ok("lock")
    return built


def check_runs(space: Space, expected: set[str], why: str) -> None:
    """Lock and realize: the steps run once for each platform, and no other runs.

    What a step copies BuildKit may have; its command runs.
    """
    space.ok("lock")
    done = space.ok("realize", "--progress", "rawjson")
    ran, number = steps_run(done.err), len(PLATFORMS)
    assert ran.keys() == expected, why
    for step, instructions in ran.items():
        most = 2 if step in {"second", "third", "fourth"} else 1
        assert number <= instructions <= number * most, f"{step}: {why}"


@pytest.mark.alone
def test_an_edit_runs_what_it_changed_once_for_each_platform(project: Space) -> None:
    check_runs(project, edits.ALL, "first")
    for change, expected in edits.EDITS:
        change(project)
        check_runs(project, expected, change.__name__)


@pytest.mark.slow
@pytest.mark.alone
def test_the_same_without_the_cache_of_the_engine(project: Space) -> None:
    check_runs(project, edits.ALL, "first")
    for change, expected in edits.EDITS:
        subprocess.run(
            ["docker", "buildx", "prune", "--all", "--force"],
            env=dict(project.environment),
            check=True,
            capture_output=True,
        )
        change(project)
        check_runs(project, expected, change.__name__)


@settings(max_examples=1, deadline=None, suppress_health_check=quiet, derandomize=True)
@given(data=st.data())
def test_a_history(built: Space, with_attributes: str, data: st.DataObject) -> None:
    linear_history(built, with_attributes, data, 3, platforms=PLATFORMS)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=quiet)
@given(data=st.data())
def test_many_histories(
    built: Space, with_attributes: str, data: st.DataObject
) -> None:
    linear_history(built, with_attributes, data, 6, platforms=PLATFORMS)


@pytest.mark.alone
def test_one_on_two_machines(
    built: Space, ground: Callable[[bool], Ground], rclone_server: Server
) -> None:
    """Steps that never write the same twice, on both platforms, and a tier of both."""
    play(built, ground, 121, rclone_server, edits=1)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(30))
def test_on_one_machine(
    built: Space, ground: Callable[[bool], Ground], seed: int
) -> None:
    play(built, ground, seed)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(100, 130))
def test_on_two_machines(
    built: Space, ground: Callable[[bool], Ground], seed: int, rclone_server: Server
) -> None:
    play(built, ground, seed, rclone_server)
