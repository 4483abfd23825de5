"""Upgrades that a lock no longer has are told: kept steps from before them count."""

from dynbuild.commands.lock_warnings import forgotten_upgrades
from dynbuild.lockfile.images import as_images
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.model import Pin, Stage

BASE, OTHER = Pin("debian:12", None), Pin("debian:13", None)
WANTED = {"apt": {"jq": "jq", "git": "git", EVERYTHING: EVERYTHING}}
UPGRADE = Requests(upgrade=frozenset({("apt", "jq"), ("apt", EVERYTHING)}))
REPACK = Requests(repack=True)


def told(start: Lock | None, result: Lock) -> list[str]:
    before = None if start is None else as_images(start)
    return [one.message for one in forgotten_upgrades(before, as_images(result))]


def test_what_a_repack_forgets_is_told() -> None:
    first = update(None, Target(BASE, WANTED))
    assert told(None, first) == []
    newer = update(first, Target(BASE, WANTED), UPGRADE)
    assert told(first, newer) == []
    anew = update(newer, Target(BASE, WANTED), REPACK)
    assert anew == first
    assert told(newer, anew) == [
        "the lock no longer has an upgrade of: all that is there, jq"
    ]


def test_what_is_declared_otherwise_or_on_another_base_is_not_told() -> None:
    newer = update(update(None, Target(BASE, WANTED)), Target(BASE, WANTED), UPGRADE)
    assert told(newer, update(newer, Target(OTHER, WANTED))) == []
    pinned = {"apt": {"jq": "jq=1", "git": "git"}}
    assert told(newer, update(newer, Target(BASE, pinned), REPACK)) == []
    assert told(newer, update(newer, Target(BASE, {}))) == []


def test_what_a_stage_of_its_own_base_forgets_is_told() -> None:
    stage = Stage("s", build_only=True, base="debian:13", packages={"apt jq": "jq"})
    target = Target(BASE, {}, stages=(stage,), images={"debian:13": OTHER})
    first = update(None, target)
    newer = update(first, target, Requests(upgrade_own=frozenset({("s", "apt jq")})))
    anew = update(newer, target, REPACK)
    assert told(newer, anew) == ["the lock no longer has an upgrade of: jq"]
