"""``lock``: bring the lock up to date with the declaration."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.commands import live_edits
from dynbuild.commands.downloads import UNFETCHED, Digester, digester
from dynbuild.commands.lock_requests import (
    NO_OPTIONS,
    LockOptions,
    requests_of,
)
from dynbuild.commands.lock_snapshots import (
    MadeAt,
    gone_back,
    idle,
    older_than_bases,
    refuse_later,
    refuse_older,
    undated,
)
from dynbuild.commands.lock_start import (
    current_of,
    is_lost,
    is_yet_to_be_committed,
    no_lock,
    start_of,
    with_moves_of,
)
from dynbuild.commands.lock_versions import unresolved
from dynbuild.commands.lock_warnings import (
    outgrown,
    shared_seqs,
    still_mentioned,
    surveyed,
    unpinned,
    unshared,
)
from dynbuild.commands.programs import Lacks, lacking, unasked
from dynbuild.emit.dockerfile import emit
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, LockError
from dynbuild.fetching import Fetch
from dynbuild.lockfile.changes import Change
from dynbuild.lockfile.codec import dumps, only, read
from dynbuild.lockfile.conflict import sides
from dynbuild.lockfile.images import (
    AnyLock,
    LockedImages,
    Targets,
    as_images,
    as_recipe,
)
from dynbuild.lockfile.images_carrying import carried_images
from dynbuild.lockfile.images_changes import compare_images
from dynbuild.lockfile.images_continued import as_several
from dynbuild.lockfile.images_requests import all_of, asked_on_sides, asked_since_then
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform, told_apart
from dynbuild.lockfile.unresolved import UNRESOLVED
from dynbuild.ports import CommittedUnknownError, Edits, Files, Images, Locks
from dynbuild.steps.downloads import common_platform
from dynbuild.steps.model import Pin
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.commands.target import Pinner
    from dynbuild.declaration.inputs import Data
    from dynbuild.declaration.loaded import Loaded


_GUESSED = "DB0181"


@dataclass(frozen=True, slots=True)
class Edges:
    """What ``lock`` asks; ``images`` is called only if an image has to be looked up.

    ``lacks`` is asked only of an image of which no lock shows it, and ``made_at`` when
    a lock begins to have packages of a time; ``now`` is that time at present, if
    anybody asks.
    """

    files: Files
    locks: Locks
    edits: Edits
    images: Callable[[], Images]
    fetch: Fetch
    lacks: Lacks
    made_at: MadeAt
    now: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock, its changes against the one in the file, and warnings about it.

    ``text`` is None if the file is up to date. ``before`` is the lock that it goes on
    from, if it does, and ``held`` that of the file.
    """

    lock: AnyLock
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...]
    text: str | None
    before: AnyLock | None = None
    held: AnyLock | None = None


def lock(loaded: "Loaded", edges: Edges, options: LockOptions) -> Locked:
    """Compute the lock; write nothing.

    A file that fits the declaration stays as it is. Otherwise the update starts from
    the last committed lock, or from the one at ``base_revision``, so that many runs
    during one edit have the effect of one. Live stages that were edited since that
    commit may move. Raises DeclarationError, LockError, UnreachableError.
    """
    files, locks = edges.files, edges.locks
    held, damage = current_of(locks)
    begin, since, unsaid = start_of(locks, held, options.base_revision)
    if begin is None and damage is not None and not any(map(is_lost, unsaid)):
        raise damage
    torn = sides(locks.read() or "") if damage is not None else ()
    pins = [
        candidate
        for candidate in (held, *_newer_first(torn, begin), begin)
        if candidate
    ]
    pin = _pinner(pins, edges.images, refresh=options.upgrade_base)
    digests = digester(pins, edges.fetch, refresh=options.upgrade_add)
    lacks = lacking(pins, edges.lacks)
    targets = _targets(loaded, files, pin, digests, lacks)
    current = as_several(held, targets)
    start = current if begin is held else as_several(begin, targets)
    if held is not None and options == NO_OPTIONS and _fits(held, targets):
        start = current
    requests = requests_of(targets, current or start, options)
    if start is not None and current is not None and start is not current:
        requests = all_of(asked_since_then(start, current), requests)
    elif start is not None and current is None:
        known = [found for side in torn if (found := as_several(side, targets))]
        requests = all_of(asked_on_sides(known, start), requests)
    result = update_images(start, targets, requests)
    if edited := live_edits.edited(start, result, files, edges.edits, since):
        result = update_images(start, targets, requests, edited)
    if since is None:
        if start is not None and is_yet_to_be_committed(locks):
            result = with_moves_of(start, result)
        result = live_edits.with_seen(result, live_edits.seen(result, files))
    else:
        result = _without_seen(result, held)
    if current is not None and not options.repack:
        result = carried_images(result, current)
    refuse_older(loaded, result, current, start)
    refuse_later(loaded, result, (current, start), edges.now())
    recipe = as_recipe(result)
    for name in result.images:
        _refuse_unsayable(result.whole(name))
    return Locked(
        lock=recipe,
        changes=compare_images(current or start, result),
        warnings=(
            *_lasting(loaded),
            *surveyed(loaded, files),
            *unsaid,
            *(_of_news(result) if recipe != held else ()),
            *still_mentioned(loaded, start, result),
            *(undated(result, current or start) if recipe != held else ()),
            *idle(result, (current, start)),
            *older_than_bases(result, (current, start), edges.made_at),
            *gone_back(result),
            *unresolved(result),
        ),
        text=_text_beside(recipe, held),
        before=None if start is None or options.repack else as_recipe(start),
        held=held,
    )


def with_versions(locked: Locked, several: LockedImages) -> Locked:
    """Return a lock in which more versions are written down."""
    recipe = as_recipe(several)
    others = (one for one in locked.warnings if one.code != UNRESOLVED)
    return replace(
        locked,
        lock=recipe,
        warnings=(*others, *unresolved(several)),
        text=_text_beside(recipe, locked.held),
    )


def _text_beside(recipe: AnyLock, held: AnyLock | None) -> str | None:
    """Return the text of a lock; None if the file has it."""
    return None if recipe == held else dumps(recipe)


def _of_news(result: LockedImages) -> list[Diagnostic]:
    """Return the warnings about a lock that is told when it changes."""
    return [*unpinned(result), *outgrown(result), *unshared(result)]


def _without_seen(result: LockedImages, held: AnyLock | None) -> LockedImages:
    """Return a lock that says of no content what it was: a commit does.

    That alone is no reason to write the file.
    """
    if held is not None:
        current = as_images(held)
        before = {
            name: {stage: entry.seen for stage, entry in image.own.stages.items()}
            for name, image in current.images.items()
        }
        if live_edits.with_seen(result, before) == current:
            return current
    return live_edits.with_seen(result, {})


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
    held, damage = current_of(locks)
    if damage is not None:
        raise damage
    if held is None:
        raise no_lock()
    before = as_images(held)
    for name in before.images:
        install_order(before.whole(name))
    digests = digester([held], lambda _: UNFETCHED)
    pin = _pinner([held], images)
    targets = _targets(loaded, files, pin, digests, unasked)
    current = as_several(held, targets)
    result = update_images(current, targets)
    recipe = as_recipe(result)
    return Locked(
        lock=recipe,
        changes=compare_images(current, result),
        warnings=(
            *_lasting(loaded),
            *shared_seqs(before),
            *gone_back(result),
            *unresolved(result),
        ),
        text=None if recipe == held else dumps(recipe),
    )


def _lasting(loaded: "Loaded") -> tuple[Diagnostic, ...]:
    """Return the warnings for every command; only ``check`` guesses at secrets."""
    return tuple(warning for warning in loaded.warnings if warning.code != _GUESSED)


def _targets(
    loaded: "Loaded", files: Files, pin: "Pinner", digests: Digester, lacks: Lacks
) -> Targets:
    # Commands that only read a lock do not wait for the declaration schema's import.
    from dynbuild.commands.target import targets_of  # noqa: PLC0415

    return targets_of(loaded, files, pin, digests, lacks)


def held_by(locks: Locks) -> AnyLock:
    """Return what the file holds, one image or several, whatever the declaration says.

    Raises CommandFailed if there is no lock, LockError.
    """
    held, damage = current_of(locks)
    if damage is not None:
        raise damage
    if held is None:
        raise no_lock()
    return held


def frozen(locks: Locks) -> Lock:
    """Return the lock of the only image in the file, whatever the declaration says.

    Raises as ``held_by``, and LockError if there are several.
    """
    return only(held_by(locks))


def recorded(locks: Locks) -> Mapping[str, "Data"]:
    """Return the arguments that the lock records for a declaration that is a function.

    If the file is damaged, they are those of the last committed lock.
    """
    held, damage = current_of(locks)
    if damage is not None:
        try:
            text = locks.committed("HEAD")
            held = None if text is None else read(text)
        except (CommittedUnknownError, LockError):
            held = None
    return {} if held is None else held.arguments


def stale(locked: Locked) -> CommandFailed:
    """Return the error of ``realize`` for a lock that does not fit the declaration."""
    changes = [f"{change.kind} {change.called}" for change in locked.changes]
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
    stages = [entry.stage for entry in result.stages.values()]
    usual = common_platform(stages, result.base.platforms)
    try:
        for platform in told_apart(result) or (usual,):
            there = of_platform(result, platform)
            emit(there, install_order(there), platform, {})
    except LockError as error:
        raise DeclarationError(*error.diagnostics) from None


def _newer_first(torn: tuple[AnyLock, ...], start: AnyLock | None) -> list[AnyLock]:
    """Sort the sides of a conflict: first those with another base than the start."""
    return sorted(torn, key=lambda side: start is None or _bases(side) == _bases(start))


def _bases(recipe: AnyLock) -> list[Pin]:
    several = as_images(recipe)
    return [several.images[name].own.base for name in several.parents_first]


def _fits(held: AnyLock, targets: Targets) -> bool:
    current = as_several(held, targets)
    if current is None or not _has_their_commands(current, targets):
        return False
    try:
        for name in current.images:
            install_order(current.whole(name))
    except LockError:
        return False
    return as_recipe(update_images(current, targets)) == held


def _has_their_commands(current: LockedImages, targets: Targets) -> bool:
    """Whether a lock may fit: most that do not have a stage with other commands."""
    for name, image in current.images.items():
        stages = targets[name].whole.stages if name in targets else ()
        asked = {stage.name: stage.commands for stage in stages}
        own = image.own.stages
        if any(asked.get(one) != entry.stage.commands for one, entry in own.items()):
            return False
    return True


def _pinner(
    recipes: list[AnyLock],
    images: Callable[[], Images],
    *,
    refresh: bool = False,
) -> "Pinner":
    """Return a pinner that takes pins from the locks, and looks others up once each."""
    pins: dict[str, Pin] = {}
    if not refresh:
        for recipe in reversed(recipes):
            several = as_images(recipe)
            copied = (image.own.images for image in several.images.values())
            pins |= {pin.image: pin for of in copied for pin in of.values()}
            bases = (image.own.base for image in several.images.values())
            pins |= {base.image: base for base in bases}

    def pin(reference: str) -> Pin:
        if reference not in pins:
            pins[reference] = replace(images().pin(reference), image=reference)
        return pins[reference]

    return pin
