"""Which steps compare the times of files."""

from dataclasses import replace

from dynbuild.steps.model import CacheDirectory, Copy, Script, Stage
from dynbuild.steps.recipe import compares_times

MOUNT = (CacheDirectory("/cache"),)


def test_only_stages_that_copy_from_the_project_beside_a_cache() -> None:
    own, other = Copy("a", "/a"), Copy("/a", "/a", stage="b")
    run = Stage("a", copies=(own,), commands=("make",), cache_mounts=MOUNT)
    assert compares_times(run)
    assert not compares_times(replace(run, cache_mounts=()))
    assert not compares_times(replace(run, copies=(other,)))
    assert not compares_times(replace(run, commands=()))
    assert not compares_times(Script("x"))
