"""Which live stages changed since the lock that an update starts from.

A commit has both the lock and the content that it was written for. Where there is
none, the lock keeps the digest of what was seen. What neither tells counts as changed:
that costs a run at most.
"""

from collections.abc import Mapping

from dynbuild.digest import Digest, digest_of
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import last_system_seq, unchecked_order
from dynbuild.lockfile.renames import continued
from dynbuild.ports import CommittedUnknownError, Edits, Files, NotThereError
from dynbuild.steps.model import Copy, Stage


def edited(
    start: Lock | None, lock: Lock, files: Files, edits: Edits, revision: str
) -> frozenset[str]:
    """Return the live stages of a lock whose content differs from that of its start.

    Only those behind which the system chain has grown are looked at: no other moves.
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
    try:
        since = edits.since(revision)
    except CommittedUnknownError:
        return frozenset(outgrown)
    if since is not None:
        return frozenset(
            name
            for name, copies in outgrown.items()
            if any(edits.concern(copy.path, copy.exclude, since) for copy in copies)
        )
    names = continued(start, lock)
    return frozenset(
        name
        for name, copies in outgrown.items()
        if name not in names
        or (seen := start.stages[names[name]].seen) is None
        or seen != _digest(copies, files)
    )


def seen(lock: Lock, files: Files, edits: Edits) -> Mapping[str, Digest]:
    """Return the digests of what live stages copy now, unless a commit tells that."""
    live = {name: entry.stage.live_copies for name, entry in lock.stages.items()}
    if not any(live.values()):
        return {}
    try:
        if edits.known("HEAD"):
            return {}
    except CommittedUnknownError:
        return {}
    return {name: _digest(copies, files) for name, copies in live.items() if copies}


def _digest(copies: tuple[Copy, ...], files: Files) -> Digest:
    """Return one digest of some copies; what cannot be copied has one of its own."""
    found: list[Digest | None] = []
    for copy in copies:
        try:
            found.append(files.content(copy.path, copy.exclude))
        except NotThereError:
            found.append(None)
    return digest_of({"content": [*found]})
