"""What a later revision wrote beside a row of a list goes with that list."""

from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from dynbuild.steps.model import CacheDirectory, Copy, Secret, Stage

TEXT = """\
version = 1
[base]
image = "debian:12"
[stages.a]
seq = 1
copy = [{ from = "/x", to = "/y", stage = "b", future = true }]
[stages.b]
seq = 1
"""


def test_a_later_key_of_a_row_stays_until_its_list_changes() -> None:
    lock = loads(TEXT)
    known = {("stages", "a", "copy", "0"): {"future": True}}
    assert lock.extra == known

    def after(to: str) -> object:
        stages = (Stage("b"), Stage("a", copies=(Copy("/x", to, stage="b"),)))
        return update(lock, Target(lock.base, stages=stages)).extra

    assert after("/y") == known
    assert after("/z") == {}


MOUNTS = """\
version = 1
[base]
image = "debian:12"
[stages.a]
seq = 1
cache_mounts = [{ target = "/c", future = true }]
"""


def test_a_later_key_of_a_cache_mount_stays_until_the_mounts_change() -> None:
    lock = loads(MOUNTS)
    known = {("stages", "a", "cache_mounts", "0"): {"future": True}}
    assert lock.extra == known
    assert loads(dumps(lock)) == lock

    def after(stage: Stage) -> object:
        return update(lock, Target(lock.base, stages=(stage,))).extra

    mounts = (CacheDirectory("/c"),)
    assert after(Stage("a", cache_mounts=mounts, secrets=(Secret("s"),))) == known
    assert after(Stage("a", cache_mounts=(CacheDirectory("/d"),))) == {}
