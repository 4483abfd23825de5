"""Warnings of ``lock`` about locks that are valid."""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.ports import Files, Noted, NotThereError
from dynbuild.spans import Span

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


_FEW, _TIMES = 100, 4
"""Up to how many events a log is never too long, and how many a package may have."""


def surveyed(
    loaded: "Loaded", files: Files, *, modes: bool = False
) -> list[Diagnostic]:
    """Warn of copied files that an image will not have as the project has them.

    Raises DeclarationError with all files that no image can have.
    """
    warnings: dict[Noted, Diagnostic] = {}
    problems = []
    for place, stage in enumerate(loaded.declaration.stages):
        for number, copy in enumerate(stage.copies):
            if copy.stage is not None or copy.image is not None:
                continue
            span = loaded.span("stages", place, "copy", number, "from")
            try:
                noted = files.survey(copy.from_, copy.exclude)
            except NotThereError as error:
                message = f"cannot copy {copy.from_!r}: {error}"
                problems.append(Diagnostic(error.code, message, span, error.hint))
                continue
            for note in noted:
                if note.left_out or modes:
                    warnings.setdefault(note, _noted(note, span))
    if problems:
        raise DeclarationError(*problems)
    return list(warnings.values())


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


def outgrown(lock_: Lock) -> list[Diagnostic]:
    """Advise to renumber a lock whose package logs have outgrown what is declared."""
    events = sum(len(of) for log in lock_.packages.values() for of in log.values())
    declared = sum(map(len, declared_packages(lock_).values()))
    if events <= _FEW or events <= _TIMES * declared:
        return []
    message = f"the lock has {events} events for the {declared} packages declared"
    hint = (
        "a new base folds them (`dynbuild lock --upgrade-base`); without one,\n"
        "`dynbuild lock --repack --dry-run` tells what it costs to run every step"
    )
    return [Diagnostic("DB0423", message, hint=hint, severity="warning")]


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


def unpinned(lock_: Lock) -> list[Diagnostic]:
    return [
        Diagnostic(
            "DB0302",
            f"{pin.image} is not pinned: no registry gave its digest, the engine here "
            "has it",
            hint="another machine may have another image of that name; once a registry "
            "has it, run `dynbuild lock --upgrade-base`",
            severity="warning",
        )
        for pin in (lock_.base, *lock_.images.values())
        if pin.digest is None
    ]


def still_mentioned(
    loaded: "Loaded", start: Lock | None, result: Lock
) -> list[Diagnostic]:
    """Warn of unchanged stages whose commands name a package no longer declared."""
    if start is None:
        return []
    now = declared_packages(result)
    gone = [
        key
        for manager, specs in declared_packages(start).items()
        for key in specs
        if key not in now.get(manager, {})
    ]
    places = {
        stage.name: index for index, stage in enumerate(loaded.declaration.stages)
    }
    return [
        Diagnostic(
            "DB0414",
            f"stage {name!r} names the package {key!r}, which is removed",
            loaded.span("stages", places[name], "commands"),
            hint="it is not built again now; when it is, the package may not be there",
            severity="warning",
        )
        for key in gone
        for name, entry in sorted(result.stages.items())
        if start.stages.get(name) == entry
        and re.search(
            rf"(?<![\w.-]){re.escape(key)}(?![\w.-])", "\n".join(entry.stage.commands)
        )
    ]


def shared_seqs(lock_: Lock) -> list[Diagnostic]:
    """Warn of steps that share a seq: the sign of a merge that nobody put in order."""
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
