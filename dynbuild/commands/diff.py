"""``diff``: two locks, from files or from git, and the differences between them."""

from dynbuild.commands.lock_start import no_lock
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.explain.diff import Diff, diff
from dynbuild.explain.metrics import LookUp
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.codec import only, read
from dynbuild.lockfile.images import AnyLock
from dynbuild.lockfile.model import Lock
from dynbuild.ports import CommittedUnknownError, Locks
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: its display name, and its lock, if it has one."""

    name: str
    lock: Lock | None


def recipe_of_file(locks: Locks, name: str) -> AnyLock:
    """Return what a file holds. Raises CommandFailed if there is none, LockError."""
    text = locks.read()
    if text is None:
        raise no_lock()
    return read(text, name)


def of_revision(locks: Locks, revision: str) -> Side:
    """Return the lock that git has at a revision; HEAD need not exist yet.

    Raises DeclarationError if git does not know the revision, LockError.
    """
    recipe = recipe_of_revision(locks, revision)
    return Side(revision, None if recipe is None else only(recipe, _named(revision)))


def recipe_of_revision(locks: Locks, revision: str) -> AnyLock | None:
    """Return what git has at a revision. Raises as ``of_revision``."""
    if revision != "HEAD":
        locks.require(revision)
    try:
        text = locks.committed(revision)
    except CommittedUnknownError as error:
        message = f"git does not say what {revision!r} has: {error}"
        raise DeclarationError(Diagnostic("DB0314", message)) from None
    return None if text is None else read(text, _named(revision))


def _named(revision: str) -> str:
    return f"{revision}:dynbuild.lock"


def compared(before: Side, after: Side, platform: str | None, look_up: LookUp) -> Diff:
    """Compare two sides, with the known metrics of their steps.

    Raises CommandFailed if there is no lock to compare with, LockError for invalid
    locks, DeclarationError for a platform that does not exist.
    """
    if after.lock is None:
        message = f"{after.name} has no lock"
        hint = "name a revision or a file that has one"
        raise CommandFailed(Diagnostic("DB0421", message, hint=hint))
    locks = [lock for lock in (before.lock, after.lock) if lock is not None]
    chosen = platform or common_platform(*locks)
    return diff(before.lock, after.lock, chosen, look_up)
