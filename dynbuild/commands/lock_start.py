"""Where ``lock`` starts: the lock of the file, or the last one that is committed."""

from dataclasses import replace

from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, LockError
from dynbuild.lockfile.codec import read
from dynbuild.lockfile.images import AnyLock, LockedImages
from dynbuild.lockfile.images_requests import is_any_repacked
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.ports import CommittedUnknownError, Locks

_LOST = "DB0185"


def no_lock() -> CommandFailed:
    return CommandFailed(
        Diagnostic("DB0410", "there is no lock yet", hint="run `dynbuild lock`")
    )


def current_of(locks: Locks) -> tuple[AnyLock | None, LockError | None]:
    """Return the file's lock, or its damage, if git may have an intact one."""
    text = locks.read()
    if text is None:
        return None, None
    try:
        return read(text), None
    except LockError as error:
        if any(problem.code == "DB0406" for problem in error.diagnostics):
            raise  # a newer lock is never overwritten
        return None, error


def start_of(
    locks: Locks, current: AnyLock | None, revision: str | None
) -> tuple[AnyLock | None, str | None, list[Diagnostic]]:
    """Return the lock to start from, and warnings about what git could not tell.

    With the revision that it is from; None if it is not committed.
    """
    if revision is not None:
        locks.require(revision)
        try:
            text = locks.committed(revision)
        except CommittedUnknownError as error:
            message = f"git does not say what {revision!r} has: {error}"
            raise DeclarationError(Diagnostic("DB0314", message)) from None
        if text is not None:
            return read(text, f"{revision}:dynbuild.lock"), revision, []
    try:
        text = locks.committed("HEAD")
        committed = None if text is None else read(text, "HEAD:dynbuild.lock")
    except CommittedUnknownError as error:
        why = f"git does not say what is committed: {error}"
        return current, None, [_from_file(why)]
    except LockError as error:
        what = "; ".join(problem.message for problem in error.diagnostics)
        if current is None and any(p.code == "DB0406" for p in error.diagnostics):
            raise  # a newer lock is never overwritten
        if current is None:
            return None, None, [_lost(what)]
        return current, None, [_from_file(f"HEAD's lock cannot be read: {what}")]
    if committed is None:
        return current, None, []
    repacked = current is not None and is_any_repacked(committed, current)
    return current if repacked else committed, "HEAD", []


def is_yet_to_be_committed(locks: Locks) -> bool:
    """Whether git has no lock so far, but may soon: nobody else has this one."""
    try:
        return locks.is_in_git() and locks.committed("HEAD") is None
    except CommittedUnknownError:
        return False


def with_moves_of(start: LockedImages, result: LockedImages) -> LockedImages:
    """Return a lock in which no stage has changed more often than in another one."""

    def entries(name: str, own: Lock) -> dict[str, Entry]:
        before = start.images[name].own.stages if name in start.images else {}
        return {
            stage: replace(entry, moves=min(entry.moves, before[stage].moves))
            if stage in before
            else entry
            for stage, entry in own.stages.items()
        }

    images = {
        name: replace(image, own=replace(image.own, stages=entries(name, image.own)))
        for name, image in result.images.items()
    }
    return replace(result, images=images)


def _lost(what: str) -> Diagnostic:
    return Diagnostic(
        _LOST,
        f"HEAD's lock cannot be read: {what}; a new one was made from the declaration",
        hint="everything is built again in its order; to have the old order back, take "
        "the lock\nof an earlier commit (`git log -- dynbuild.lock`) and run "
        "`dynbuild lock` again",
        severity="warning",
    )


def is_lost(diagnostic: Diagnostic) -> bool:
    return diagnostic.code == _LOST


def _from_file(why: str) -> Diagnostic:
    return Diagnostic(
        "DB0417",
        f"{why}; started from the file instead",
        hint="what earlier runs before the next commit left in the file stays there",
        severity="warning",
    )
