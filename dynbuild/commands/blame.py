"""``blame``: the commits that moved or changed a stage."""

from collections.abc import Iterator, Sequence

from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    LockError,
    did_you_mean,
)
from dynbuild.explain.blame import Blamed, Commit, LockVersion, blame
from dynbuild.lockfile.codec import loads
from dynbuild.lockfile.model import Lock
from dynbuild.ports import CommittedUnknownError, LockHistory, Locks

NOT_YET = Commit("", "", "", "not committed yet")


def blamed(stage: str, locks: Locks, history: LockHistory) -> Iterator[Blamed]:
    """Yield the changes of a stage, the latest first, starting with the file.

    Raises CommandFailed if git has no lock, DeclarationError for a stage that does not
    exist, LockError for a file that cannot be read.
    """
    text = locks.read()
    current = None if text is None else loads(text)
    commits = _commits(history)
    committed = _lock_at(history, "HEAD") if commits else None
    if committed is None:
        raise CommandFailed(
            Diagnostic(
                "DB0422",
                "git has no lock here: there is nobody to name",
                hint="run `dynbuild lock` and commit its file",
            )
        )
    newest = current or committed
    if stage not in newest.stages:
        hint = did_you_mean(stage, list(newest.stages))
        message = f"the lock has no stage {stage!r}"
        raise DeclarationError(Diagnostic("DB0320", message, hint=hint))

    def versions() -> Iterator[LockVersion]:
        if current is not None and current != committed:
            yield LockVersion(NOT_YET, current, (committed,))
        for commit, parents in commits:
            before = tuple(_lock_at(history, parent) for parent in parents)
            yield LockVersion(commit, _lock_at(history, commit.id), before)

    return blame(stage, versions())


def _commits(history: LockHistory) -> Sequence[tuple[Commit, tuple[str, ...]]]:
    """Return the commits. Raises DeclarationError if git fails.

    Git refuses a clone that belongs to another user, for example.
    """
    try:
        return history.commits()
    except CommittedUnknownError as error:
        message = f"git does not say who changed the lock: {error}"
        raise DeclarationError(Diagnostic("DB0314", message)) from None


def _lock_at(history: LockHistory, revision: str) -> Lock | None:
    """Return the lock at a revision; an unreadable one counts as none."""
    try:
        text = history.committed(revision)
        return None if text is None else loads(text)
    except (LockError, CommittedUnknownError):
        return None
