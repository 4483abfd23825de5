"""Warnings of ``lock`` about locks that are valid."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from dynbuild.commands.copied import as_copy, sources_of
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.ports import Files, Noted, NotThereError
from dynbuild.spans import Span
from dynbuild.steps.log import EVERYTHING

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


OUTGROWN = "DB0423"

_FEW, _TIMES = 100, 4
"""Up to how many events a log is never too long, and how many a package may have."""


def surveyed(
    loaded: "Loaded", files: Files, *, modes: bool = False
) -> list[Diagnostic]:
    """Warn of copied files that an image will not have as the project has them.

    Raises DeclarationError with all files that no image can have.
    """
    warnings: dict[Noted, Diagnostic] = {}
    problems: dict[Span, Diagnostic] = {}
    for image in loaded.each.values():
        _survey(image, files, warnings, problems, modes=modes)
    if problems:
        raise DeclarationError(*problems.values())
    return list(warnings.values())


def _survey(
    loaded: "Loaded",
    files: Files,
    warnings: dict[Noted, Diagnostic],
    problems: dict[Span, Diagnostic],
    *,
    modes: bool,
) -> None:
    for place, stage in enumerate(loaded.declaration.stages):
        taken = [
            *((copy, ("copy", at)) for at, copy in enumerate(stage.copies)),
            *(
                (as_copy(mount), ("mounts", at))
                for at, mount in enumerate(stage.mounts)
            ),
        ]
        for copy, where in taken:
            if copy.stage is not None or copy.image is not None:
                continue
            span = loaded.span("stages", place, *where, "from")
            try:
                noted = [
                    note
                    for path in sources_of(copy, files)
                    for note in files.survey(path, copy.exclude)
                ]
            except NotThereError as error:
                message = f"cannot copy {copy.from_!r}: {error}"
                problems[span] = Diagnostic(error.code, message, span, error.hint)
                continue
            for note in noted:
                if note.left_out or modes:
                    warnings.setdefault(note, _noted(note, span))


def _noted(noted: Noted, span: Span) -> Diagnostic:
    message = f"{noted.path}: {noted.what}"
    if noted.left_out:
        hint = (
            "add it to .dockerignore or, as seen from what is copied, to `exclude`, "
            "and nothing is\nsaid of it"
        )
        return Diagnostic("DB0322", message, span, hint, severity="warning")
    hint = "the `mode` of a copy gives another one to all that it copies"
    return Diagnostic("DB0326", message, span, hint, severity="warning")


def outgrown(several: LockedImages) -> list[Diagnostic]:
    """Advise to renumber a lock whose package logs have outgrown what is declared."""
    parts = [image.own for image in several.images.values()]
    logs = [log for part in parts for log in part.packages.values()]
    events = sum(len(of) for log in logs for of in log.values())
    declared = sum(len(of) for part in parts for of in declared_packages(part).values())
    if events <= _FEW or events <= _TIMES * declared:
        return []
    message = f"the lock has {events} events for the {declared} packages declared"
    hint = (
        "a new base folds them (`dynbuild lock --upgrade-base`), and so does "
        "`dynbuild lock\n--repack`, which runs every step once"
    )
    return [Diagnostic(OUTGROWN, message, hint=hint, severity="warning")]


def left_out(paths: Collection[str]) -> Diagnostic:
    """Warn of the files that were left out of an image."""
    shown, more = sorted(paths)[:3], len(paths) - 3
    names = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    message = f"sockets, pipes and devices are not copied: {names}"
    hint = (
        "add them to .dockerignore or, as seen from what is copied, to `exclude`, and "
        "nothing is\nsaid of them"
    )
    return Diagnostic("DB0322", message, hint=hint, severity="warning")


def unshared(several: LockedImages) -> list[Diagnostic]:
    """Tell which images build stages for themselves that they inherit."""
    if all(image.extends is None for image in several.images.values()):
        return []
    try:
        digests = {name: _digests(several.whole(name)) for name in several.images}
    except DeclarationError:
        return []  # no platform has all of their images: whoever realizes it is told
    told = []
    for name in several.parents_first:
        *above, _ = several.line(name)
        inherited = {
            stage: owner
            for owner in above
            for stage in several.images[owner].own.stages
        }
        apart = [
            stage
            for stage, owner in inherited.items()
            if digests[name][stage] != digests[owner][stage]
        ]
        if apart:
            told.append(f"{name} {len(apart)} of {len(inherited)}")
    if not told:
        return []
    message = f"inherited stages on other packages than their owner: {', '.join(told)}"
    hint = (
        "each is built for its owner, and again where these packages change what is\n"
        "below it; `dynbuild lock --repack` seats an image's own behind, at a price"
    )
    return [Diagnostic("DB0433", message, hint=hint, severity="warning")]


def _digests(lock: Lock) -> Mapping[str, str]:
    # Only where there are several images: a lock of one waits for none of it.
    from dynbuild.explain.view import common_platform, stand_ins  # noqa: PLC0415
    from dynbuild.lockfile.order import install_order  # noqa: PLC0415
    from dynbuild.lockfile.resolved import resolve  # noqa: PLC0415

    order = install_order(lock)
    live, images = stand_ins(lock, order)
    return resolve(lock, common_platform(lock), live, images).digests


def unpinned(several: LockedImages) -> list[Diagnostic]:
    return [
        Diagnostic(
            "DB0302",
            f"{pin.image} is not pinned: no registry gave its digest, the engine here "
            "has it",
            hint="another machine may have another image of that name; once a registry "
            "has it, run `dynbuild lock --upgrade-base`",
            severity="warning",
        )
        for pin in several.pins.values()
        if pin.unpinned
    ]


def still_mentioned(
    loaded: "Loaded", start: LockedImages | None, result: LockedImages
) -> list[Diagnostic]:
    """Warn of unchanged stages whose commands name a package no longer declared."""
    if start is None:
        return []
    told = (
        _still_mentioned(whole, start.whole(name), result.whole(name))
        for name, whole in loaded.each.items()
        if name in start.images
    )
    return [*dict.fromkeys(chain.from_iterable(told))]


def _still_mentioned(
    loaded: "Loaded", start: Lock, result: Lock
) -> Iterator[Diagnostic]:
    now = declared_packages(result)
    gone = [
        key
        for manager, specs in declared_packages(start).items()
        for key in specs
        if key not in now.get(manager, {}) and key != EVERYTHING
    ]
    places = {
        stage.name: index for index, stage in enumerate(loaded.declaration.stages)
    }
    for key in gone:
        for name, entry in sorted(result.stages.items()):
            words = rf"(?<![\w.-]){re.escape(key)}(?![\w.-])"
            said = re.search(words, "\n".join(entry.stage.commands))
            if start.stages.get(name) == entry and said:
                yield Diagnostic(
                    "DB0414",
                    f"stage {name!r} names the package {key!r}, which is removed",
                    loaded.span("stages", places[name], "commands"),
                    hint="it is not built again now; when it is, the package may not "
                    "be there",
                    severity="warning",
                )


def shared_seqs(several: LockedImages) -> list[Diagnostic]:
    """Warn of steps that share a seq: the sign of a merge that nobody put in order.

    In images that never meet they do not matter.
    """
    told = (_shared_seqs(several.whole(name)) for name in several.parents_first)
    return [*dict.fromkeys(chain.from_iterable(told))]


def _shared_seqs(lock_: Lock) -> list[Diagnostic]:
    by_seq: dict[int, list[str]] = {}
    for name, entry in sorted(lock_.stages.items()):
        by_seq.setdefault(entry.seq, []).append(f"stage {name}")
    for text, seq in sorted(lock_.scripts.items()):
        by_seq.setdefault(seq, []).append(f"script {text.splitlines()[0]!r}")
    return [
        Diagnostic(
            "DB0412",
            f"seq {seq} stands at {' and '.join(names)}: two changes were merged",
            hint="the order is valid; `dynbuild lock --base BRANCH`, with the branch "
            "that yours goes into\n(often main), puts your steps behind its own",
            severity="warning",
        )
        for seq, names in sorted(by_seq.items())
        if len(names) > 1
    ]
