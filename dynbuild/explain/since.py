"""The earlier states of a lock's steps, under their current names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynbuild.errors import LockError
from dynbuild.explain.past import Past, PastLock, PreviousSteps
from dynbuild.lockfile.codec import loads
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.renames import continued

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dynbuild.digest import Description, PlacedDigest, StepDigest
    from dynbuild.explain.view import View
    from dynbuild.lockfile.model import Lock


def before_of(lock: Lock, past: Past) -> PreviousSteps:
    """Return the steps as they last were; renames are followed from lock to lock.

    A stage that an earlier lock lacks is not compared. Anything older than a lock that
    can no longer be read is ignored.
    """
    return _before(lock, _readable(past.locks), past.described)


def before_in(lock: Lock, old: View) -> PreviousSteps:
    """Return the steps as of one earlier lock, on a machine that holds all of it."""
    described = {
        old.digests[id_]: description for id_, description in old.descriptions.items()
    }
    onto = {
        id_: tuple(join.onto for join in old.places.places[place].joins)
        for id_, place in old.places.final.items()
    }
    past_lock = PastLock("", old.digests, old.places.final, onto)
    return _before(lock, [(old.lock, past_lock)], described)


def _readable(locks: Iterable[PastLock]) -> Iterator[tuple[Lock, PastLock]]:
    for past_lock in locks:
        try:
            yield loads(past_lock.text), past_lock
        except LockError:
            return


def _before(
    lock: Lock,
    earlier: Iterable[tuple[Lock, PastLock]],
    described: Mapping[StepDigest, Description],
) -> PreviousSteps:
    names = {placed.id: placed.id for placed in install_order(lock)}
    stages = set(lock.stages)
    digests: dict[str, StepDigest] = {}
    placed: dict[str, PlacedDigest] = {}
    onto: dict[str, tuple[str, ...]] = {}
    ids: dict[StepDigest, tuple[str, ...]] = {}
    build_only: dict[str, bool] = {}
    newer = lock
    for older, past_lock in earlier:
        names = _followed(names, stages, continued(older, newer))
        for now, then in names.items():
            entry = older.stages.get(then)
            build_only.setdefault(now, entry is not None and entry.stage.build_only)
        called = {then: now for now, then in names.items()}

        def name(then: str, called: Mapping[str, str] = called) -> str:
            return called.get(then, f"{then} (left)" if then in stages else then)

        for then, digest in past_lock.digests.items():
            now = name(then)
            ids[digest] = (*(n for n in ids.get(digest, ()) if n != now), now)
            if then in called and now not in digests:
                digests[now] = digest
                if then in past_lock.placed:
                    placed[now] = past_lock.placed[then]
                    onto[now] = tuple(map(name, past_lock.onto.get(then, ())))
        newer = older
        if digests.keys() >= names.keys():
            break
    unlinked = frozenset(now for now, is_unlinked in build_only.items() if is_unlinked)
    return PreviousSteps(
        digests, described, ids, placed, onto, frozenset(build_only), unlinked
    )


def _followed(
    names: Mapping[str, str], stages: set[str], older: Mapping[str, str]
) -> dict[str, str]:
    """Return the names in an older lock of the steps that it has."""
    older_names = {}
    for now, then in names.items():
        if now not in stages:
            older_names[now] = then
        elif then in older:
            older_names[now] = older[then]
    return older_names
