"""Random histories: what is linked step by step is what a plain build gives."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.hermetic import Project, edits, projects
from tests.trees import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

TAG = f"dynbuild-test-history-{os.getpid()}"


def history(space: Space, base: str, data: st.DataObject, length: int) -> None:
    """Realize a random project and edits of it, each in two ways."""
    store = space.root / "store"
    shutil.rmtree(store, ignore_errors=True)
    (space.root / "dynbuild.lock").unlink(missing_ok=True)
    project = data.draw(projects())
    same(space, base, project, str(store))
    for _ in range(length):
        project = data.draw(edits(project))
        same(space, base, project, str(store))


def same(space: Space, base: str, project: Project, store: str) -> None:
    for name, text in project.files.items():
        space.write(name, text)
    space.write("dynbuild.toml", project.text(base))
    space.ok("lock")
    space.ok("realize", "-t", f"{TAG}:linked", CACHE_LOCAL_PATH=store)
    space.ok("realize", "-t", f"{TAG}:linear", "--linear")
    linked = tree_of(space.environment, f"{TAG}:linked")
    linear = tree_of(space.environment, f"{TAG}:linear")
    differ = {
        path: (linked.get(path), linear.get(path))
        for path in linked.keys() | linear.keys()
        if linked.get(path) != linear.get(path)
    }
    assert not differ, (project.text(base), space.read("dynbuild.lock"))


@pytest.fixture
def cleaned(docker: Callable[..., str]) -> object:
    yield
    docker("image", "rm", "-f", f"{TAG}:linked", f"{TAG}:linear")


quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.usefixtures("cleaned")
@settings(max_examples=3, deadline=None, suppress_health_check=quiet, derandomize=True)
@given(data=st.data())
def test_a_few_histories(built: Space, busybox_base: str, data: st.DataObject) -> None:
    history(built, busybox_base, data, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("cleaned")
@settings(max_examples=300, deadline=None, suppress_health_check=quiet)
@given(data=st.data())
def test_many_histories(built: Space, busybox_base: str, data: st.DataObject) -> None:
    history(built, busybox_base, data, 6)
