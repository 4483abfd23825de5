"""The commits that moved or changed a stage, from the lock's history."""

from collections.abc import Iterable, Iterator, Sequence

from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.model import Lock
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that touched the lock; ``id`` is empty for uncommitted changes.

    ``date`` is ISO 8601 with an offset, as in git.
    """

    id: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class LockVersion:
    """The lock at a commit, and at each of its parents; None where there was none."""

    commit: Commit
    lock: Lock | None
    parents: tuple[Lock | None, ...]


@dataclass(frozen=True, slots=True)
class Blamed:
    """A commit, and its changes to the stage."""

    commit: Commit
    changes: tuple[Change, ...]


def blame(stage: str, versions: Iterable[LockVersion]) -> Iterator[Blamed]:
    """Yield the changes to a stage, the latest first, back to its origin.

    ``versions`` are newest first, and read no further than needed. Renames are
    followed. A merge counts if the stage differs from that in all of its parents.
    """
    name = stage
    for version in versions:
        if version.lock is None or name not in version.lock.stages:
            continue
        differences = [
            _of(name, compare(parent, version.lock)) for parent in _all(version.parents)
        ]
        if not all(differences):
            continue
        # A merge may have assigned a new seq to one side's stage: it moved.
        changes = min(differences, key=_is_new)
        yield Blamed(version.commit, changes)
        if _is_new(changes):
            return
        for change in changes:
            if change.verb == "renamed":
                name = change.details[0].removeprefix("was ")


def _is_new(changes: Iterable[Change]) -> bool:
    return any(change.verb == "added" for change in changes)


def _all(parents: Sequence[Lock | None]) -> Sequence[Lock | None]:
    return parents or (None,)


def _of(name: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(
        change for change in changes if change.kind == "stage" and change.name == name
    )
