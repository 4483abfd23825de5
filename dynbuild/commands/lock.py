"""``lock``: bring the lock up to date with the declaration."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dynbuild.commands import live_edits
from dynbuild.commands.lock_warnings import (
    outgrown,
    shared_seqs,
    still_mentioned,
    surveyed,
    unpinned,
)
from dynbuild.emit.dockerfile import emit
from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    LockError,
    did_you_mean,
)
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.conflict import asked_on, sides
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, combined, is_repacked
from dynbuild.lockfile.update import NOTHING, Requests, update, with_seen
from dynbuild.ports import CommittedUnknownError, Edits, Files, Images, Locks
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from dynbuild.commands.target import Pinner
    from dynbuild.declaration.inputs import Data
    from dynbuild.declaration.loaded import Loaded


_GUESSED = "DB0181"
_LOST = "DB0185"


@dataclass(frozen=True, slots=True)
class LockOptions:
    """The command-line options of ``lock``, beyond the declaration."""

    base_revision: str | None = None
    upgrade_base: bool = False
    upgrade_packages: bool = False
    bump: tuple[str, ...] = ()
    move: tuple[str, ...] = ()
    repack: bool = False


NO_OPTIONS = LockOptions()


@dataclass(frozen=True, slots=True)
class Edges:
    """What ``lock`` asks; ``images`` is called only if an image has to be looked up."""

    files: Files
    locks: Locks
    edits: Edits
    images: Callable[[], Images]


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock, its changes against the one in the file, and warnings about it.

    ``text`` is None if the file is up to date.
    """

    lock: Lock
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...]
    text: str | None


def lock(loaded: "Loaded", edges: Edges, options: LockOptions) -> Locked:
    """Compute the lock; write nothing.

    A file that fits the declaration stays as it is. Otherwise the update starts from
    the last committed lock, or from the one at ``base_revision``, so that many runs
    during one edit have the effect of one. Live stages that were edited since that
    commit may move. Raises DeclarationError, LockError, UnreachableError.
    """
    files, locks = edges.files, edges.locks
    current, damage = _current(locks)
    start, since, unsaid = _start(locks, current, options.base_revision)
    if start is None and damage is not None and not any(map(_is_lost, unsaid)):
        raise damage
    torn = sides(locks.read() or "") if damage is not None else ()
    pins = [
        candidate
        for candidate in (current, *_newer_first(torn, start), start)
        if candidate
    ]
    pin = _pinner(pins, edges.images, refresh=options.upgrade_base)
    target = _target(loaded, files, pin)
    if current is not None and options == NO_OPTIONS and _fits(current, target):
        start = current
    requests = _requests(target, current or start, options)
    if start is not None and current is not None:
        requests = combined(asked_since(start, current), requests)
    elif start is not None:
        requests = combined(asked_on(torn, start), requests)
    result = update(start, target, requests)
    if edited := live_edits.edited(start, result, files, edges.edits, since):
        result = update(start, target, requests, edited)
    if since is None:
        result = with_seen(result, live_edits.seen(result, files))
    else:
        result = _without_seen(result, current)
    _refuse_unsayable(result)
    text = dumps(result)
    return Locked(
        lock=result,
        changes=compare(current or start, result),
        warnings=(
            *_lasting(loaded),
            *surveyed(loaded, files),
            *unsaid,
            *(unpinned(result) + outgrown(result) if result != current else ()),
            *still_mentioned(loaded, start, result),
        ),
        text=None if current is not None and loads(text) == current else text,
    )


def _without_seen(result: Lock, current: Lock | None) -> Lock:
    """Return a lock that says of no content what it was: a commit does.

    That alone is no reason to write the file.
    """
    if current is not None:
        before = {name: entry.seen for name, entry in current.stages.items()}
        if with_seen(result, before) == current:
            return current
    return with_seen(result, {})


def check(
    loaded: "Loaded",
    files: Files,
    locks: Locks,
    images: Callable[[], Images],
) -> Locked:
    """Compute the lock that the file should contain, from the file alone.

    ``text`` is None if the file is up to date. Raises CommandFailed if there is no
    lock, and what ``lock`` raises.
    """
    current, damage = _current(locks)
    if damage is not None:
        raise damage
    if current is None:
        raise no_lock()
    install_order(current)
    target = _target(loaded, files, _pinner([current], images))
    result = update(current, target)
    return Locked(
        lock=result,
        changes=compare(current, result),
        warnings=(*_lasting(loaded), *shared_seqs(current)),
        text=None if result == current else dumps(result),
    )


def _lasting(loaded: "Loaded") -> tuple[Diagnostic, ...]:
    """Return the warnings for every command; only ``check`` guesses at secrets."""
    return tuple(warning for warning in loaded.warnings if warning.code != _GUESSED)


def _target(loaded: "Loaded", files: Files, pin: "Pinner") -> Target:
    # Commands that only read a lock do not wait for the declaration schema's import.
    from dynbuild.commands.target import target_of  # noqa: PLC0415

    return target_of(loaded, files, pin)


def frozen(locks: Locks) -> Lock:
    """Return the lock in the file, whatever the declaration says."""
    current, damage = _current(locks)
    if damage is not None:
        raise damage
    if current is None:
        raise no_lock()
    return current


def recorded(locks: Locks) -> Mapping[str, "Data"]:
    """Return the arguments that the lock records for a declaration that is a function.

    If the file is damaged, they are those of the last committed lock.
    """
    current, damage = _current(locks)
    if damage is not None:
        try:
            text = locks.committed("HEAD")
            current = None if text is None else loads(text)
        except (CommittedUnknownError, LockError):
            current = None
    return {} if current is None else current.arguments


def no_lock() -> CommandFailed:
    return CommandFailed(
        Diagnostic("DB0410", "there is no lock yet", hint="run `dynbuild lock`")
    )


def stale(locked: Locked) -> CommandFailed:
    """Return the error of ``realize`` for a lock that does not fit the declaration."""
    changes = [f"{change.kind} {change.name}" for change in locked.changes]
    shown = ", ".join(changes[:3]) + (
        f" and {len(changes) - 3} more" if changes[3:] else ""
    )
    about = f": {shown}" if shown else ""
    return CommandFailed(
        Diagnostic(
            "DB0411",
            f"the lock does not fit the declaration{about}",
            hint="run `dynbuild lock`, review and commit its change (or use the lock "
            "as it is: --frozen)",
        )
    )


def _refuse_unsayable(result: Lock) -> None:
    """Refuse what a Dockerfile cannot express, as an error of the declaration."""
    try:
        emit(result, install_order(result), "any platform", {})
    except LockError as error:
        raise DeclarationError(*error.diagnostics) from None


def _newer_first(torn: tuple[Lock, ...], start: Lock | None) -> list[Lock]:
    """Sort the sides of a conflict: first those with another base than the start."""
    return sorted(torn, key=lambda side: start is None or side.base == start.base)


def _fits(current: Lock, target: Target) -> bool:
    try:
        install_order(current)
    except LockError:
        return False
    return update(current, target) == current


def _current(locks: Locks) -> tuple[Lock | None, LockError | None]:
    """Return the file's lock, or its damage, if git may have an intact one."""
    text = locks.read()
    if text is None:
        return None, None
    try:
        return loads(text), None
    except LockError as error:
        if any(problem.code == "DB0406" for problem in error.diagnostics):
            raise  # a newer lock is never overwritten
        return None, error


def _start(
    locks: Locks, current: Lock | None, revision: str | None
) -> tuple[Lock | None, str | None, list[Diagnostic]]:
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
            return loads(text, f"{revision}:dynbuild.lock"), revision, []
    try:
        text = locks.committed("HEAD")
        committed = None if text is None else loads(text, "HEAD:dynbuild.lock")
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
    repacked = current is not None and is_repacked(committed, current)
    return current if repacked else committed, "HEAD", []


def _lost(what: str) -> Diagnostic:
    return Diagnostic(
        _LOST,
        f"HEAD's lock cannot be read: {what}; a new one was made from the declaration",
        hint="everything is built again in its order; to have the old order back, take "
        "the lock\nof an earlier commit (`git log -- dynbuild.lock`) and run "
        "`dynbuild lock` again",
        severity="warning",
    )


def _is_lost(diagnostic: Diagnostic) -> bool:
    return diagnostic.code == _LOST


def _from_file(why: str) -> Diagnostic:
    return Diagnostic(
        "DB0417",
        f"{why}; started from the file instead",
        hint="what earlier runs before the next commit left in the file stays there",
        severity="warning",
    )


def _requests(target: Target, previous: Lock | None, options: LockOptions) -> Requests:
    names = [stage.name for stage in target.stages]
    for name in (*options.bump, *options.move):
        if name not in names:
            raise DeclarationError(
                Diagnostic(
                    "DB0309",
                    f"no stage is called {name!r}",
                    hint=did_you_mean(name, names),
                )
            )
    if previous is None:
        return NOTHING

    def refreshed(name: str) -> int:
        before = previous.stages.get(name)
        return (before.stage.bump if before else 0) + 1

    upgrade: Collection[tuple[str, str]] = (
        {(manager, key) for manager, specs in target.packages.items() for key in specs}
        if options.upgrade_packages
        else ()
    )
    return Requests(
        bump={name: refreshed(name) for name in options.bump},
        move=frozenset(options.move),
        upgrade=frozenset(upgrade),
        repack=options.repack,
    )


def _pinner(
    locks: list[Lock],
    images: Callable[[], Images],
    *,
    refresh: bool = False,
) -> "Pinner":
    """Return a pinner that takes pins from the locks, and looks others up once each."""
    pins: dict[str, Pin] = {}
    if not refresh:
        for lock_ in reversed(locks):
            pins |= {pin.image: pin for pin in lock_.images.values()}
            pins[lock_.base.image] = lock_.base

    def pin(reference: str) -> Pin:
        if reference not in pins:
            pins[reference] = replace(images().pin(reference), image=reference)
        return pins[reference]

    return pin
