"""Checks of the platforms that an image is for, and that have a stage."""

from collections.abc import Iterator, Sequence

from dynbuild.declaration.check.packages import lists_of
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.restriction import admits, bare, parted


def check_platforms(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report platforms that are said twice, and a list of none."""
    declaration = loaded.declaration
    if "platforms" in declaration.model_fields_set:
        hint = "name one, such as linux/amd64, or leave it out: then it is the engine's"
        yield from _check_list(loaded, ("platforms",), declaration.platforms, hint)
    for index, stage in enumerate(declaration.stages):
        if "only" in stage.model_fields_set:
            hint = "name one, such as linux/amd64, or leave it out: then all have it"
            yield from _check_list(loaded, ("stages", index, "only"), stage.only, hint)


def _check_list(
    loaded: Loaded, at: Path, platforms: Sequence[str], hint: str
) -> Iterator[Diagnostic]:
    if not platforms and at not in loaded.lost:
        message = f"{at[-1]!r} names no platform"
        yield Diagnostic("DB0178", message, loaded.span(*at), hint)
    first: dict[str, int] = {}
    for place, platform in enumerate(platforms):
        before = first.setdefault(platform, place)
        if before != place:
            label = Label(loaded.span(*at, before), "first named here")
            yield Diagnostic(
                "DB0178",
                f"{platform} is named twice",
                loaded.span(*at, place),
                "remove one; linux/arm64/v8 is linux/arm64, and linux/arm is "
                "linux/arm/v7",
                (label,),
            )


def check_unwanted(loaded: Loaded) -> Iterator[Diagnostic]:
    """Warn of stages and packages for platforms that the image is not for."""
    declared = loaded.declaration.platforms
    if not declared:
        return
    stages = loaded.declaration.stages
    said: list[tuple[Path, str, str]] = [
        (("stages", index, "only"), f"stage {stage.name!r}", "is never built")
        for index, stage in enumerate(stages)
        if stage.only and not set(stage.only) & set(declared)
    ]
    said += [
        ((*at, manager.field, index), repr(bare(spec)), "is never installed")
        for at, lists in lists_of(loaded)
        for manager in MANAGERS.values()
        for index, spec in enumerate(getattr(lists, manager.field))
        if not any(admits(parted(spec)[1], platform) for platform in declared)
    ]
    for path, what, never in said:
        yield Diagnostic(
            "DB0200",
            f"{what} {never}: the image is for {', '.join(declared)} only",
            loaded.span(*path),
            "add its platform to platforms, or remove it",
            (Label(loaded.span("platforms"), "said here"),),
            severity="warning",
        )


def check_needs(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report stages that need one where it is not.

    What ``"*"`` means is there on each platform.
    """
    stages = {stage.name: stage for stage in loaded.declaration.stages}
    declared = loaded.declaration.platforms
    for index, stage in enumerate(loaded.declaration.stages):
        needs: list[tuple[str, Path]] = [
            (name, ("dependencies", at)) for at, name in enumerate(stage.dependencies)
        ]
        needs += [
            (one.stage, (field, at, "stage"))
            for field, taken in (("copy", stage.copies), ("mounts", stage.mounts))
            for at, one in enumerate(taken)
            if one.stage is not None
        ]
        for name, place in needs:
            other = stages.get(name)
            missing = _missing(stage, other, declared) if other is not None else ""
            if other is None or not missing:
                continue
            known = ", ".join(other.only)
            verb = "depends on" if place[0] == "dependencies" else "takes files from"
            yield Diagnostic(
                "DB0199",
                f"stage {stage.name!r} {verb} {name!r}, which {missing} not have",
                loaded.span("stages", index, *place),
                f"{name!r} is only for {known}: let {stage.name!r} be so too, by "
                "`only`; or make\none stage for each platform",
                (
                    Label(
                        loaded.span("stages", _index(loaded, name), "only"), "said here"
                    ),
                ),
            )


def _missing(stage: Stage, other: Stage, declared: Sequence[str]) -> str:
    """Return a platform that has a stage and not another one, in words."""
    wanted = [one for one in stage.only or declared if not declared or one in declared]
    if not other.only:
        return ""
    if not wanted and not stage.only:
        return "other platforms do"
    missing = (one for one in wanted if one not in other.only)
    return next((f"{one} does" for one in missing), "")


def _index(loaded: Loaded, name: str) -> int:
    names = [stage.name for stage in loaded.declaration.stages]
    return names.index(name)
