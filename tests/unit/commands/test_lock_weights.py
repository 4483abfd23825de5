"""What package logs weigh, of locks some of whose groups a tier holds."""

from collections.abc import Mapping

import pytest

from dynbuild.commands.lock_weights import HeavyLog, heavy_logs
from dynbuild.digest import BlobDigest, DiffId, Digest, PlacedDigest, sha256
from dynbuild.explain.cold import Weight
from dynbuild.explain.view import stand_ins
from dynbuild.link.model import Layer, Record, Written
from dynbuild.lockfile.images import LockedImage, LockedImages, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.ports import Tier
from dynbuild.steps.log import Event
from dynbuild.steps.model import Install, Pin, Upgrade
from dynbuild.tiers.memory import MemoryTier

MB = 1_000_000
PLATFORM = "linux/amd64"
BASE = Pin("debian:12", Digest(sha256(b"index")), {PLATFORM: Digest(sha256(b"base"))})
JQ = (Event(1, Install("jq")), Event(2, Upgrade()), Event(3, Upgrade()))
LOCK = Lock(BASE, packages={"apt": {"jq": JQ}, "pip": {"flask": JQ[:1]}})
WRITES = {"usr/bin/jq": Written("file"), "usr/bin": Written("directory")}


def kept(whole: Lock, sizes: Mapping[str, int]) -> MemoryTier:
    """A tier with records of some steps of a lock: every one writes the same file."""
    order = install_order(whole)
    digests = resolve(whole, PLATFORM, *stand_ins(whole, order)).digests
    tier = MemoryTier()
    for id_, size in sizes.items():
        blob = sha256(id_.encode())
        tier.blobs[blob] = id_.encode()
        layer = Layer(DiffId(blob), BlobDigest(blob), size)
        placed = PlacedDigest(digests[id_])
        tier.record(Record(placed, digests[id_], PLATFORM, (layer,), WRITES))
    return tier


def found(several: LockedImages, tier: Tier) -> list[HeavyLog]:
    return [*heavy_logs(several, lambda: tier)]


def unasked() -> Tier:
    pytest.fail("nothing is superseded: no tier is opened for that")


def test_a_log_that_is_known_whole() -> None:
    tier = kept(LOCK, {"apt.1": MB, "apt.2": MB, "apt.3": MB, "pip.1": MB})
    assert found(as_images(LOCK), tier) == [
        HeavyLog("", "apt", Weight(3 * MB, 2 * MB)),
    ]


@pytest.mark.parametrize(
    ("known", "cold"),
    [
        ({"apt.1": MB, "apt.2": MB}, MB),
        # What it hides, and what hides it, nobody knows.
        ({"apt.1": MB, "apt.3": MB}, None),
        ({"apt.2": MB, "apt.3": MB}, None),
        ({}, None),
    ],
)
def test_what_is_not_known(known: dict[str, int], cold: int | None) -> None:
    heavy = [HeavyLog("", "apt", Weight(2 * MB, cold))] if cold else []
    assert found(as_images(LOCK), kept(LOCK, known)) == heavy


def test_logs_that_only_grow() -> None:
    events = {name: (Event(seq, Install(name)),) for seq, name in ((1, "a"), (2, "b"))}
    assert not [*heavy_logs(as_images(Lock(BASE, packages={"apt": events})), unasked)]
    assert not [*heavy_logs(as_images(Lock(BASE)), unasked)]


def test_images_that_inherit() -> None:
    more = {"apt": {"git": (Event(4, Install("git")),)}}
    several = LockedImages(
        {
            "common": LockedImage(None, False, LOCK),  # noqa: FBT003 - as it is read
            "api": LockedImage("common", True, Lock(BASE)),  # noqa: FBT003
            "worker": LockedImage("common", True, Lock(BASE, packages=more)),  # noqa: FBT003
        },
        {BASE.image: BASE},
    )
    steps = ("apt.1", "apt.2", "apt.3", "apt.4")
    tier = kept(several.whole("worker"), dict.fromkeys(steps, MB))
    assert found(several, tier) == [
        HeavyLog("common", "apt", Weight(3 * MB, 2 * MB)),
        HeavyLog("worker", "apt", Weight(4 * MB, 3 * MB)),
    ]
