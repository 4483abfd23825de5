"""Which steps compare the times of files."""

from dynbuild.steps.model import CacheDirectory, Copy, Script, Stage
from dynbuild.steps.recipe import compares_times

MOUNT = (CacheDirectory("/cache"),)


def test_only_stages_that_copy_from_the_project_beside_a_cache() -> None:
    own, other = Copy("a", "/a"), Copy("/a", "/a", stage="b")
    assert compares_times(Stage("a", copies=(own,), cache_mounts=MOUNT))
    assert not compares_times(Stage("a", copies=(own,)))
    assert not compares_times(Stage("a", copies=(other,), cache_mounts=MOUNT))
    assert not compares_times(Script("x"))
