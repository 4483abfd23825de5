"""What is told of the snapshots of a lock: which go back, and what may be newer."""

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.snapshots import (
    Back,
    going_back,
    idle_upgrades,
    newest_of,
    times_on_bases,
    without_any,
)
from dynbuild.spans import Span
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


def idle(
    several: LockedImages, before: Iterable[LockedImages | None]
) -> Iterator[Diagnostic]:
    """Warn of new upgrades to the very snapshot that everything is of already."""
    for name in several.parents_first:
        known = {
            one
            for lock in before
            if lock is not None and name in lock.images
            for one in idle_upgrades(lock.whole(name))
        }
        if new := [
            one for one in idle_upgrades(several.whole(name)) if one not in known
        ]:
            yield Diagnostic(
                "DB0449",
                f"{', '.join(new)}{_of(name)} upgrades what came from the same "
                "snapshot: its archives have nothing newer",
                hint="set apt_snapshot to a later time, and run the same again",
                severity="warning",
            )


MadeAt: TypeAlias = Callable[[Pin], str | None]
"""Returns when an image was made, as snapshots spell it, if anybody can tell."""


def unknown(base: Pin) -> None:
    """Know of no image when it was made."""
    del base


def refuse_older(
    loaded: "Loaded", several: LockedImages, *before: LockedImages | None
) -> None:
    """Refuse a lock whose new packages come from before those that it has.

    What locks ``before`` it have already is told, and was not asked for now: a merge
    left it. Raises DeclarationError.
    """
    for name in several.parents_first:
        known = [one for lock in before for one in _back_of(lock, name)]
        for one in going_back(several.whole(name)):
            if one not in known:
                message = f"apt_snapshot is {one.at}, and {one.below}{_of(name)} "
                message += f"came from {one.before}: packages would have to go back"
                hint = f"set apt_snapshot to {one.before} or later; or `dynbuild lock "
                hint += "--repack` installs all from the one that it says"
                span = _span(loaded, several, name)
                raise DeclarationError(Diagnostic("DB0445", message, span, hint))


def refuse_later(
    loaded: "Loaded",
    several: LockedImages,
    before: Iterable[LockedImages | None],
    now: str | None,
) -> None:
    """Refuse new packages of a time that is yet to come: what is there may change.

    Raises DeclarationError.
    """
    known = {newest_of(lock.whole(n)) for lock in before if lock for n in lock.images}
    for name in several.parents_first:
        at = newest_of(several.whole(name))
        if now is not None and at is not None and at > now and at not in known:
            message = f"apt_snapshot is {at}, which is yet to come: it is {now}"
            hint = "what services have of it now will be something else then"
            span = _span(loaded, several, name)
            raise DeclarationError(Diagnostic("DB0445", message, span, hint))


def gone_back(several: LockedImages) -> list[Diagnostic]:
    """Warn of groups from an older snapshot than those below: two changes met."""
    return [
        Diagnostic(
            "DB0446",
            f"a snapshot goes back{_of(name)}: {one.told}; two changes were merged",
            hint="apt may not find what it needs there: `dynbuild lock --base BRANCH`, "
            "with the branch that\nyours goes into (often main), installs yours from "
            "what apt_snapshot says",
            severity="warning",
        )
        for name in several.parents_first
        for one in going_back(several.whole(name))
    ]


def undated(several: LockedImages, start: LockedImages | None) -> Iterator[Diagnostic]:
    """Warn where a lock begins with snapshots: what it has may be newer than these."""
    for name in several.parents_first:
        before = (
            ()
            if start is None or name not in start.images
            else (without_any(start.whole(name)))
        )
        if new := [
            one for one in without_any(several.whole(name)) if one not in before
        ]:
            yield Diagnostic(
                "DB0447",
                f"{', '.join(new)}{_of(name)} came from no snapshot, and what is new "
                "comes from one",
                hint="apt finds nothing for it if what was installed then is newer: "
                "take a later time; or\n`dynbuild lock --repack` installs all of it "
                "from the snapshot",
                severity="warning",
            )


def older_than_bases(
    several: LockedImages, before: Iterable[LockedImages | None], made_at: MadeAt
) -> Iterator[Diagnostic]:
    """Warn of bases that were made after the time of what is new on them.

    Nobody is asked where the locks ``before`` have packages of that time there.
    """
    known = {
        (base.image, base.digest, at)
        for lock in before
        if lock is not None
        for name in lock.images
        for base, at in times_on_bases(lock.whole(name))
    }
    new = {
        (base.image, at): base
        for name in several.images
        for base, at in times_on_bases(several.whole(name))
        if (base.image, base.digest, at) not in known
    }
    for (image, at), base in sorted(new.items(), key=itemgetter(0)):
        made = made_at(base)
        if made is not None and at < made:
            yield Diagnostic(
                "DB0448",
                f"{image} was made at {made}, and what is new on it is of {at}",
                hint="apt finds no way where what the base has is newer: take a later "
                "apt_snapshot,\nor a base of that time",
                severity="warning",
            )


def _back_of(several: LockedImages | None, name: str) -> tuple[Back, ...]:
    if several is None or name not in several.images:
        return ()
    return going_back(several.whole(name))


def _span(loaded: "Loaded", several: LockedImages, name: str) -> Span:
    """Return where the declaration says the time for an image."""
    root = ("images", several.line(name)[0]) if name else ()
    return loaded.span(*root, "apt_snapshot")


def _of(name: str) -> str:
    return f" of image {name!r}" if name else ""
