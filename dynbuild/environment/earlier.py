"""The versions of a project's lock before the one at hand, as git has them."""

from collections.abc import Iterator

from dynbuild.errors import LockError
from dynbuild.lockfile.codec import loads
from dynbuild.lockfile.model import Lock
from dynbuild.ports import CommittedUnknownError, LockHistory

_LOOKED_AT = 3
"""How many commits of the lock are looked at: what changed in the last one, and in one
that followed it, has its last version there."""


def earlier_locks(history: LockHistory, lock: Lock) -> Iterator[Lock]:
    """Yield the last committed locks that differ from one, the newest first.

    What git does not say, or what is no lock any more, is left out.
    """
    try:
        commits = [commit.id for commit, _ in history.commits(_LOOKED_AT)]
        texts = [history.committed(commit) for commit in commits]
    except CommittedUnknownError:
        return
    for text in texts:
        try:
            before = loads(text) if text is not None else lock
        except LockError:
            continue
        if before != lock:
            yield before
