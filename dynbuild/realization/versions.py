"""The last versions of steps: what they did is expected of what they are now."""

from collections.abc import Iterable

from dynbuild.digest import StepDigest
from dynbuild.errors import DeclarationError, LockError
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.resolved import ResolvedLock, resolve


def last_versions(
    resolved: ResolvedLock, earlier: Iterable[Lock]
) -> dict[StepDigest, StepDigest]:
    """Return what stages were in earlier locks, the newest first, before they changed.

    Renames are followed. Live copies are taken to hold what they hold now.
    """
    found: dict[StepDigest, StepDigest] = {}
    after, names = resolved.lock, {name: name for name in resolved.lock.stages}
    for lock in earlier:
        try:
            before = resolve(
                lock, resolved.platform, resolved.contents, resolved.unpinned
            )
        except (DeclarationError, LockError):
            continue  # only a guess is lost
        renamed = continued(lock, after)
        names = {name: renamed[old] for name, old in names.items() if old in renamed}
        after = lock
        for name, old in names.items():
            now, was = resolved.digests.get(name), before.digests.get(old)
            if now and was and now != was:
                found.setdefault(now, was)
    return found
