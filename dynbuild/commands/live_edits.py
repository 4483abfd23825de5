"""Which live stages changed since the lock that an update starts from.

A commit has both the lock and the content that it was written for. Where the lock is in
none, it keeps the digest of what was seen. What neither tells counts as unchanged: then
a stage stays where the lock has it, and if it lacks something there, it says so.
"""

from collections.abc import Mapping

from dynbuild.digest import Digest, digest_of
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import last_system_seq, unchecked_order
from dynbuild.lockfile.renames import continued
from dynbuild.ports import CommittedUnknownError, Edits, Files, NotThereError
from dynbuild.steps.model import Copy, Stage


def edited(
    start: Lock | None, lock: Lock, files: Files, edits: Edits, revision: str | None
) -> frozenset[str]:
    """Return the live stages of a lock whose content differs from that of its start.

    ``revision`` is that of the start, None if it is the file's. Only those behind which
    the system chain has grown are looked at: no other moves.
    """
    last = last_system_seq(lock)
    outgrown = {
        placed.id: copies
        for placed in unchecked_order(lock)
        if isinstance(placed.step, Stage)
        and placed.seq < last
        and (copies := placed.step.live_copies)
    }
    if start is None or not outgrown:
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


def seen(lock: Lock, files: Files) -> Mapping[str, Digest]:
    """Return the digests of what live stages copy now."""
    return {
        name: _digest(copies, files)
        for name, entry in lock.stages.items()
        if (copies := entry.stage.live_copies)
    }


def _digest(copies: tuple[Copy, ...], files: Files) -> Digest:
    """Return one digest of some copies; what cannot be copied has one of its own."""
    found: list[Digest | None] = []
    for copy in copies:
        try:
            found.append(files.content(copy.path, copy.exclude))
        except NotThereError:
            found.append(None)
    return digest_of({"content": [*found]})
