"""Which live stages changed since the lock that an update starts from.

A commit has both the lock and the content that it was written for. Where the lock is in
none, it keeps the digest of what was seen. What neither tells counts as unchanged: then
a stage stays where the lock has it, and if it lacks something there, it says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from dynbuild.digest import Digest, digest_of
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import last_system_seq, unchecked_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.update import with_seen as with_content
from dynbuild.ports import CommittedUnknownError, Edits, Files, NotThereError
from dynbuild.steps.model import Copy, Stage


def edited(
    start: LockedImages | None,
    several: LockedImages,
    files: Files,
    edits: Edits,
    revision: str | None,
) -> dict[str, frozenset[str]]:
    """Return each image's own live stages whose content differs from the start's.

    ``revision`` is that of the start, None if it is the file's. Only those behind which
    the system chain has grown are looked at: no other moves.
    """
    found: dict[str, frozenset[str]] = {}
    for name, image in several.images.items():
        if start is not None and name in start.images:
            wholes = start.whole(name), several.whole(name)
            own = _edited(*wholes, files, edits, revision) & {*image.own.stages}
            found |= {name: own} if own else {}
    return found


def _edited(
    start: Lock, lock: Lock, files: Files, edits: Edits, revision: str | None
) -> frozenset[str]:
    outgrown = _outgrown(lock)
    if not outgrown:
        return frozenset()
    if revision is None:
        names = continued(start, lock)
        before = {name: start.stages[old].seen for name, old in names.items()}
        return frozenset(
            name
            for name, copies in outgrown.items()
            if before.get(name) not in (None, _digest(copies, files))
        )
    try:
        changed = edits.since(revision) or ()
    except CommittedUnknownError:
        return frozenset()
    return frozenset(
        name
        for name, copies in outgrown.items()
        if any(edits.concern(copy.path, copy.exclude, changed) for copy in copies)
    )


def _outgrown(lock: Lock) -> dict[str, tuple[Copy, ...]]:
    """Return the live stages behind which the system chain has grown, by name."""
    last = last_system_seq(lock)
    return {
        placed.id: copies
        for placed in unchecked_order(lock)
        if isinstance(placed.step, Stage)
        and placed.seq < last
        and (copies := placed.step.live_inputs)
    }


def is_settled(several: LockedImages, revision: str | None) -> bool:
    """Whether no edit of live content changes a lock: no stage can move by it.

    Where no ``revision`` has the lock, it says what content was seen.
    """
    return not any(
        _outgrown(several.whole(name))
        or (
            revision is None
            and any(entry.stage.live_inputs for entry in image.own.stages.values())
        )
        for name, image in several.images.items()
    )


Seen: TypeAlias = Mapping[str, Mapping[str, str | None]]
"""Digests of what live stages copy, by image and stage."""


def seen(several: LockedImages, files: Files) -> Seen:
    """Return the digests of what live stages copy now."""
    return {
        name: {
            stage: _digest(copies, files)
            for stage, entry in image.own.stages.items()
            if (copies := entry.stage.live_inputs)
        }
        for name, image in several.images.items()
    }


def with_seen(several: LockedImages, known: Seen) -> LockedImages:
    """Return a lock that says of stages which content they had, if that is known."""
    images = {
        name: replace(image, own=with_content(image.own, known.get(name, {})))
        for name, image in several.images.items()
    }
    return replace(several, images=images)


def _digest(copies: tuple[Copy, ...], files: Files) -> Digest:
    """Return one digest of some copies; what cannot be copied has one of its own."""
    found: list[Digest | None] = []
    for copy in copies:
        try:
            found.append(files.content(copy.path, copy.exclude))
        except NotThereError:
            found.append(None)
    return digest_of({"content": [*found]})
