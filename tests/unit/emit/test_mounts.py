"""Which cache mounts are one, and which never are."""

from dynbuild.digest import Digest
from dynbuild.emit.mounts import PRINTED, Mounts
from dynbuild.steps.model import Copy, Group, Stage
from dynbuild.steps.run import CacheMount

APP = Stage("app", commands=("x",))
ONE = Mounts("one")


def own(target: str = "/c", uid: int = 0) -> CacheMount:
    return CacheMount(target, None, uid=uid)


def test_a_mount_is_of_its_project_base_stage_user_and_target() -> None:
    ids = {
        ONE.id(own(), APP, "debian:12"),
        Mounts("two").id(own(), APP, "debian:12"),
        PRINTED.id(own(), APP, "debian:12"),
        ONE.id(own(), APP, "debian:13"),
        ONE.id(own(), Stage("other"), "debian:12"),
        ONE.id(own(uid=1000), APP, "debian:12"),
        ONE.id(own("/d"), APP, "debian:12"),
        ONE.id(CacheMount("/c", "app"), APP, "debian:12"),
        ONE.id(CacheMount("/c", "apt"), Group("apt", {}, {}), "debian:12"),
    }
    assert len(ids) == 9
    again = Stage("app", commands=("y",), bump=3)
    assert ONE.id(own("/c/"), again, "debian:12") in ids


def test_stages_that_give_one_id_share_a_mount() -> None:
    mount = CacheMount("/a", "objects")
    other = CacheMount("/b", "objects", "locked", 1000, 1000)
    assert ONE.id(mount, APP, "debian:12") == ONE.id(other, Stage("b"), "debian:12")
    assert ONE.id(mount, APP, "debian:12") != Mounts("two").id(mount, APP, "debian:12")


def test_a_mount_is_of_the_stages_below_as_they_are() -> None:
    """Their layers may be older than what was made meanwhile of other ones."""
    above = Stage("app", ("below",), (Copy("/x", "/x", stage="source"),))
    digests = {"below": Digest("b"), "source": Digest("s"), "else": Digest("e")}
    ids = {
        Mounts("one", {**digests, **changed}).id(own(), above, "debian:12")
        for changed in (
            {},
            {"below": Digest("b2")},
            {"source": Digest("s2")},
            {"else": Digest("e2"), "app": Digest("a")},
        )
    }
    assert len(ids) == 3


def test_mounts_of_package_managers_are_of_a_project_too() -> None:
    group = Group("apt", {}, {})
    mount = CacheMount("/var/cache/apt", "apt", "locked")
    assert PRINTED.id(mount, group, "debian:12") == "dynbuild-apt"
    assert ONE.id(mount, group, "debian:12") == "dynbuild-one-apt"
