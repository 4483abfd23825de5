"""A manager's script does what its group asks for, and nothing that it does not."""

import pytest

from dynbuild.steps.model import CacheDirectory, Group, Remove, Stage
from dynbuild.steps.recipe import run_of
from dynbuild.steps.run import CacheMount, SshMount
from tests.unit.steps.test_managers import group, script_of


@pytest.mark.parametrize(
    ("manager", "removing", "installing"),
    [
        ("apk", "apk del", "apk add --no-cache curl"),
        ("apt", "apt-get autoremove -y", "apt-get install"),
        ("npm", "npm uninstall -g", "npm install"),
        ("pip", "pip uninstall", "pip install"),
        ("yum", "autoremove", "$dnf -y install"),
    ],
)
def test_a_removal_installs_nothing(
    manager: str, removing: str, installing: str
) -> None:
    script = script_of(Group(manager, {"curl": Remove()}, {}))
    assert removing in script
    assert installing not in script
    assert installing in script_of(group(manager, before="", after="curl"))


def test_what_goes_from_debian_is_decided_by_what_is_installed() -> None:
    update, without = "apt-get update", 'State::Lists "/tmp/lists"'
    removal = script_of(Group("apt", {"curl": Remove()}, {}))
    assert update not in removal
    assert without in removal
    installation = script_of(group("apt", before="git", after="curl"))
    assert update in installation
    assert without not in installation


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apk", "apk add --no-cache --upgrade curl"),
        ("yum", "$dnf -y upgrade curl"),
        ("pip", '"$python" -m pip install --upgrade curl'),
    ],
)
def test_an_upgrade_asks_for_the_newest(manager: str, line: str) -> None:
    step = group(manager, before="curl", after="curl", upgraded="curl")
    assert line in script_of(step).splitlines()


def test_a_package_with_a_marker_may_be_absent() -> None:
    step = group("pip", before="", after="tomli;python_version<'3.11'")
    assert "not there after" not in script_of(step)
    assert "not there after" in script_of(group("pip", before="", after="tomli"))


@pytest.mark.parametrize(
    ("user", "ids"),
    [("root", (0, 0)), ("1000", (1000, 1000)), ("1000:50", (1000, 50))],
)
def test_mounts_belong_to_the_user_of_the_stage(
    user: str, ids: tuple[int, int]
) -> None:
    stage = Stage(
        "a", commands=("x",), user=user, ssh=True, cache_mounts=(CacheDirectory("/c"),)
    )
    run = run_of(stage, {}, None)
    assert run is not None
    cache, ssh = run.mounts
    assert isinstance(cache, CacheMount)
    assert (cache.uid, cache.gid) == ids
    assert ssh == SshMount(*ids)
