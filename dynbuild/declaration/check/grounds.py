"""Checks of stages that start from another base than the image."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dynbuild.closure import closure
from dynbuild.declaration.check.users import created
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_packages import INSTALLING
from dynbuild.declaration.schema_stage import EVERY_STAGE, Stage
from dynbuild.errors import Diagnostic, Label
from dynbuild.reference import start
from dynbuild.steps.managers import MANAGERS

if TYPE_CHECKING:
    from dynbuild.declaration.syntax.tree import Path

_FIELDS = (
    *INSTALLING,
    *(row.index_field for row in MANAGERS.values() if row.index_field),
)
"""What a stage says of what is installed on its own base."""

Start = tuple[str, str | None] | None
"""The image that a stage starts from, and where it runs; None: the image's base."""


def check_bases(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report bases of linked stages, and platforms of stages without a base."""
    for index, stage in enumerate(loaded.declaration.stages):
        at = ("stages", index)
        if stage.base is not None and not stage.build_only:
            message = (
                f"stage {stage.name!r} starts from {stage.base} and cannot be part of "
                "the image"
            )
            hint = "remove build_only, and copy what the image needs from it"
            span = loaded.span(*at, "build_only")
            label = Label(loaded.span(*at, "base"), "its own base")
            yield Diagnostic("DB0175", message, span, hint, (label,))
        lost = (*at, "base") in loaded.lost
        if stage.platform is not None and stage.base is None and not lost:
            message = f"the platform of stage {stage.name!r} is for a base of its own"
            hint = "give it a base, or remove platform: it is built as the image is"
            yield Diagnostic("DB0175", message, loaded.key(*at, "platform"), hint)


def check_grounds(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report stages that stand on one with another base."""
    stages = {stage.name: stage for stage in loaded.declaration.stages}
    below = loaded.below
    for index, stage in enumerate(loaded.declaration.stages):
        others = [stages[name] for name in below[stage.name] if name in stages]
        apart = [other for other in others if start_of(other) != start_of(stage)]
        if stage.base is None and not stage.build_only:
            continue  # what stands on a build-only stage is told already
        for other in apart[:1]:
            at = (
                stage.dependencies.index(other.name)
                if other.name in stage.dependencies
                else stage.dependencies.index(EVERY_STAGE)
            )
            yield Diagnostic(
                "DB0176",
                f"stage {stage.name!r} starts from {_told(stage)} and cannot stand on "
                f"{other.name!r}, which starts from {_told(other)}",
                loaded.span("stages", index, "dependencies", at),
                f"copy what it needs from {other.name!r}, or give both the same base "
                "and platform",
            )


def check_own_packages(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report packages of stages of the image, and of two on one another."""
    stages = loaded.declaration.stages
    owning = [stage.name for stage in stages if has_packages(stage)]
    below = loaded.below
    for index, stage in enumerate(stages):
        fields = [field for field in _FIELDS if getattr(stage, field)]
        at = ("stages", index)
        lost = (*at, "base") in loaded.lost
        for field in fields if stage.base is None and not lost else ():
            yield Diagnostic(
                "DB0179",
                f"{field} of stage {stage.name!r} would be in the image, whose own "
                "list they belong in",
                loaded.key(*at, field),
                "list them for the image; or let the stage be build_only, and others "
                "copy from it",
            )
        if stage.base is None:
            continue
        found = closure([stage.name], lambda name: below.get(name, ()))
        listing = [name for name in owning if name in found]
        owners = [name for name in listing if name != stage.name]
        if len(listing) > 1:
            yield Diagnostic(
                "DB0179",
                f"stage {stage.name!r} would stand on the packages of two stages: "
                f"{' and '.join(repr(name) for name in listing)}",
                loaded.span(*at, "dependencies"),
                f"list them in one, such as {owners[0]!r}, and let the other depend on "
                "it",
            )


def has_packages(stage: Stage) -> bool:
    """Whether something is installed for a stage, on its own base."""
    return any(getattr(stage, field) for field in INSTALLING)


def check_users(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report users of the image where there is another base: they are not there."""
    users = created(loaded)
    for index, stage in enumerate(loaded.declaration.stages):
        if stage.base is None:
            continue
        at = ("stages", index)
        named: list[tuple[str | None, Path]] = [(stage.user, (*at, "user"))]
        named += [
            (copy.owner, (*at, "copy", number, "owner"))
            for number, copy in enumerate(stage.copies)
        ]
        named += [
            (file.owner, (*at, "files", path, "owner"))
            for path, file in stage.files.items()
        ]
        for name, where in named:
            if name is not None and not users.isdisjoint(name.split(":")):
                message = (
                    f"{name!r} is made for the image, and stage {stage.name!r} starts "
                    f"from {stage.base}"
                )
                hint = "name a user of that base, or a number; else it is root"
                yield Diagnostic("DB0177", message, loaded.span(*where), hint)


def start_of(stage: Stage) -> Start:
    """Return what a stage starts from, as other stages are compared with it."""
    return None if stage.base is None else (start(stage.base), stage.platform)


def _told(stage: Stage) -> str:
    if stage.base is None:
        return "the image's base"
    return stage.base + (f" for {stage.platform}" if stage.platform else "")
