"""Which groups of a lock have no versions that count, and which of them should."""

from collections.abc import Iterable, Iterator

from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.lockfile.images import seqs_of
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import system_chain
from dynbuild.lockfile.platform import of_platform
from dynbuild.steps.log import groups
from dynbuild.steps.model import Action, Group
from dynbuild.steps.pins import Unresolved, unresolved
from dynbuild.steps.recipe import user_packages

UNRESOLVED = "DB0440"


def unresolved_of(lock: Lock, platform: str) -> tuple[Unresolved, ...]:
    """Return the groups of a lock whose versions are not written down."""
    lock = of_platform(lock, platform)
    kept = user_packages(lock.user)
    return tuple(
        one
        for manager, log in lock.packages.items()
        for one in unresolved(
            manager,
            groups(manager, log, kept),
            lock.resolved.get(manager, {}).get(platform, {}),
            platform,
        )
    )


def told_of(lock: Lock) -> tuple[str, ...]:
    """Return the platforms for which versions of a lock are looked for.

    Those that it is for; else those that it has some of, or one without a name.
    """
    found = {one for of in lock.resolved.values() for one in of}
    return lock.config.platforms or tuple(sorted(found)) or ("",)


def due(lock: Lock, platform: str) -> tuple[Unresolved, ...]:
    """Return those of them that should have versions: what came since some had.

    Or since the declaration says so.
    """
    begun = _begun(lock)
    if begun is None:
        return ()
    return tuple(one for one in unresolved_of(lock, platform) if one.seq >= begun)


def missing_of(
    lock: Lock, own: Lock, before: Lock | None, platform: str
) -> frozenset[tuple[str, int]]:
    """Return managers and seqs of an image's own groups to resolve.

    That is what is due, or is new.
    """
    begun = _begun(lock)
    lock = of_platform(lock, platform)
    known = [] if before is None else [*_groups(of_platform(before, platform))]
    mine = seqs_of(own.packages)
    new = {
        (one.step.manager, one.seq)
        for one in system_chain(lock)
        if isinstance(one.step, Group)
        and (one.seq, one.step.manager, {**one.step.actions}) not in known
    }
    return frozenset(
        (one.manager, one.seq)
        for one in unresolved_of(lock, platform)
        if one.seq in mine.get(one.manager, ())
        and ((one.manager, one.seq) in new or (begun is not None and one.seq >= begun))
    )


def _begun(lock: Lock) -> int | None:
    """Return the seq from which on versions are written down, if any are."""
    first = [
        seq
        for platforms in lock.resolved.values()
        for events in platforms.values()
        for seq in events
    ]
    return min([*first, *_since(lock)], default=None)


def _since(lock: Lock) -> list[int]:
    """Return the seqs from which on an image, and what it extends, has versions."""
    said = (one.resolve_since for one in lock.line)
    return [since for since in said if since is not None]


def _groups(lock: Lock) -> Iterator[tuple[int, str, dict[str, Action]]]:
    steps = ((one.seq, one.step) for one in system_chain(lock))
    yield from (
        (seq, step.manager, {**step.actions})
        for seq, step in steps
        if isinstance(step, Group)
    )


HINT = "`dynbuild lock --resolve` installs them, and writes down what comes"


def refuse_unresolved(lock: Lock, platforms: Iterable[str]) -> None:
    """Refuse a lock whose declaration asks for versions that it lacks.

    Raises CommandFailed.
    """
    if not _since(lock):
        return
    for platform in platforms:
        if found := due(lock, platform):
            message = f"the lock has no versions for {platform} of {named(found)}"
            hint = f"the declaration asks for them (lock.resolve): {HINT}, or\n"
            hint += "says why they can have none (DB0442): then build with --frozen, "
            hint += "or declare no lock.resolve"
            raise CommandFailed(Diagnostic(UNRESOLVED, message, hint=hint))


def named(found: Iterable[Unresolved]) -> str:
    return ", ".join(_one(group) for group in found)


def _one(group: Unresolved) -> str:
    name = f"{group.manager}.{group.seq}"
    if not group.undoes:
        return name
    undone = ", ".join(
        f"{package} {before} (it has {version})"
        for package, version, before in group.undoes
    )
    return f"{name} (it would undo {undone})"
