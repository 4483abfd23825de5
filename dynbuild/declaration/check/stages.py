"""Checks of the stages: names, dependencies, and that they do something."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from dynbuild.declaration.check.grounds import has_packages
from dynbuild.declaration.grammar import RESERVED_NAMES, STAGE_NAME, STEP_NAME, matches
from dynbuild.declaration.graph import copies_from, cycles
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import EVERY_STAGE, Stage, Taken
from dynbuild.declaration.scripts.script import REMEMBERED
from dynbuild.declaration.syntax.edits import removal, renamings, rewriting
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label, Mend, did_you_mean, respellings
from dynbuild.spans import Span

LONGEST_NAME = 100


def check_names(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report names that Docker refuses, dynbuild reserves, or that are not unique."""

    def place(index: int) -> Span:
        return loaded.span("stages", index, "name")

    exact: dict[str, int] = {}
    folded: dict[str, int] = {}
    for index, stage in enumerate(loaded.declaration.stages):
        name = stage.name
        if reason := refusal(name):
            message = f"a stage cannot be called {_short(name)!r}: {reason}"
            better = _better(name)
            mends = respellings(place(index), name, (better,)) if better else ()
            hint = f"write {better!r}" if better else None
            yield Diagnostic("DB0120", message, place(index), hint, mends=mends)
        before = folded.setdefault(name.casefold(), index)
        other = loaded.declaration.stages[before].name
        if name in exact:
            message = f"two stages are called {_short(name)!r}"
            hint = "give each stage a name of its own"
            label = Label(place(exact[name]), "first named here")
            yield Diagnostic("DB0121", message, place(index), hint, (label,))
        elif other != name:
            message = f"the stages {other!r} and {name!r} differ only in case"
            hint = "Docker does not tell them apart: rename one"
            label = Label(place(before), "first named here")
            yield Diagnostic("DB0121", message, place(index), hint, (label,))
        exact.setdefault(name, index)


@lru_cache(REMEMBERED)
def refusal(name: str) -> str | None:
    """Return the reason why a stage cannot have a name."""
    is_step = re.search(STEP_NAME, name, re.IGNORECASE) is not None
    reasons = (
        (not name, "a name is needed"),
        (len(name) > LONGEST_NAME, f"it has more than {LONGEST_NAME} characters"),
        (name.lower() in RESERVED_NAMES, "this name means something else to Docker"),
        (is_step, "dynbuild names its own steps like this"),
        (not name[:1].isalpha(), "it has to start with a letter"),
        (
            not matches(STAGE_NAME, name),
            "Docker takes letters, digits, and single . _ or - between them",
        ),
    )
    return next((reason for refused, reason in reasons if refused), None)


def _better(name: str) -> str | None:
    """Suggest the nearest valid name."""
    near = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    if near and not near[0].isalpha():
        near = f"stage-{near}"
    return near if near and not refusal(near) else None


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:40]}…"


def check_dependencies(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report dependencies on no stage, or on one that nothing can stand on."""
    stages = {stage.name: stage for stage in loaded.declaration.stages}
    for index, stage in enumerate(loaded.declaration.stages):
        yield from _star(loaded, index, stage)
        seen: dict[str, Path] = {}
        for at, name in enumerate(stage.dependencies):
            place: Path = ("stages", index, "dependencies", at)
            other = stages.get(name)
            if name == EVERY_STAGE:
                continue
            if name in seen:
                message = f"stage {stage.name!r} lists {name!r} twice"
                label = Label(loaded.span(*seen[name]), "first listed here")
                hint = "remove one of the two"
                mends = removal(loaded.tree, loaded.syntax, place)
                span = loaded.span(*place)
                yield Diagnostic("DB0123", message, span, hint, (label,), mends=mends)
            elif other is None or name == stage.name:
                yield from _no_stage(loaded, stage, name, place)
            elif other.build_only and not stage.build_only:
                yield _on_build_only(loaded, stage, name, loaded.span(*place))
            seen.setdefault(name, place)


def check_copied_stages(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report copies and mounts of a stage that does not exist."""
    names = {stage.name for stage in loaded.declaration.stages}
    for index, stage in enumerate(loaded.declaration.stages):
        for path, name in _taken(index, stage):
            if name not in names or name == stage.name:
                yield from _no_stage(loaded, stage, name, path)


def _taken(index: int, stage: Stage) -> Iterator[tuple[Path, str]]:
    """Yield the stages that a stage copies or mounts, with the place of each."""
    fields: dict[str, Sequence[Taken]] = {"copy": stage.copies, "mounts": stage.mounts}
    for field, inputs in fields.items():
        for at, one in enumerate(inputs):
            if one.stage is not None:
                yield ("stages", index, field, at, "stage"), one.stage


def _no_stage(
    loaded: Loaded, stage: Stage, name: str, path: Path
) -> Iterator[Diagnostic]:
    """Report that a stage names itself, or a stage that does not exist."""
    span, removed = loaded.span(*path), tuple[Mend, ...]()
    if path[-2] == "dependencies":
        removed = removal(loaded.tree, loaded.syntax, path)
    if name == stage.name:
        message = f"stage {name!r} needs itself"
        yield Diagnostic("DB0124", message, span, "remove it", mends=removed)
    elif ("stages",) not in loaded.lost:  # else it may be an unreadable one
        known = [other.name for other in loaded.declaration.stages if other != stage]
        message = (
            f"there is no stage {_short(name)!r}, which {stage.name!r} still needs"
        )
        gone = f"add the stage {_short(name)!r}, or remove it here if it is gone"
        hint = did_you_mean(name, known) or gone
        mends = renamings(span, name, known) or removed
        yield Diagnostic("DB0122", message, span, hint, mends=mends)


def _on_build_only(loaded: Loaded, stage: Stage, name: str, span: Span) -> Diagnostic:
    names = [stage.name for stage in loaded.declaration.stages]
    there = loaded.span("stages", names.index(name), "build_only")
    return Diagnostic(
        "DB0127",
        f"stage {stage.name!r} is part of the image and cannot stand on {name!r}, "
        "which is not",
        span,
        f"copy what it needs from {name!r}, or make {stage.name!r} build_only too",
        (Label(there, f"{name!r} is build_only"),),
    )


def _star(loaded: Loaded, index: int, stage: Stage) -> Iterator[Diagnostic]:
    """Check that "*" is alone, and used once where it means every other stage."""
    if EVERY_STAGE not in stage.dependencies or index < loaded.inherited:
        return
    at = stage.dependencies.index(EVERY_STAGE)
    span = loaded.span("stages", index, "dependencies", at)
    if len(stage.dependencies) > 1:
        message = (
            f'"*" of stage {stage.name!r} stands for every stage before it already'
        )
        if loaded.by_name:
            message = (
                f'"*" of stage {stage.name!r} stands for every other stage already'
            )
        hint = 'let "*" stand alone'
        whole = loaded.span("stages", index, "dependencies")
        mends = rewriting(whole, loaded.syntax, [EVERY_STAGE], hint)
        yield Diagnostic("DB0126", message, span, hint, mends=mends)
        return
    earlier = [
        before
        for before, other in enumerate(loaded.declaration.stages[:index])
        if loaded.by_name
        and before >= loaded.inherited
        and other.dependencies == (EVERY_STAGE,)
        and not other.build_only
        and not stage.build_only
    ]
    if earlier:
        first = loaded.declaration.stages[earlier[0]].name
        label = Label(
            loaded.span("stages", earlier[0], "dependencies", 0),
            f"{first!r} needs every other stage, {stage.name!r} included",
        )
        message = f"stages {first!r} and {stage.name!r} each need every other stage"
        hint = "name the dependencies of one, or write the stages as a list"
        yield Diagnostic("DB0126", message, span, hint, (label,))


def check_cycles(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report dependency cycles, each shown in full."""
    stages = loaded.declaration.stages
    standing, copying = loaded.below, copies_from(stages)
    needs = {name: (*standing[name], *copying[name]) for name in standing}
    index = {stage.name: at for at, stage in enumerate(stages)}
    for cycle in cycles(needs):
        labels = [_edge(loaded, index[name], need) for name, need in pairwise(cycle)]
        message = f"stages need each other: {' -> '.join(cycle)}"
        hint = "remove one of these dependencies"
        first = labels[0].span
        yield Diagnostic("DB0125", message, first, hint, tuple(labels[1:]))


def _edge(loaded: Loaded, index: int, need: str) -> Label:
    """Return a label at the place that makes a stage need another."""
    stage = loaded.declaration.stages[index]
    for path, name in _taken(index, stage):
        if name == need and need not in stage.dependencies:
            how = "copies from" if path[2] == "copy" else "mounts"
            return Label(loaded.span(*path), f"{stage.name!r} {how} {need!r}")
    written = need if need in stage.dependencies else EVERY_STAGE
    at = stage.dependencies.index(written)
    span = loaded.span("stages", index, "dependencies", at)
    return Label(span, f"{stage.name!r} depends on {need!r}")


def check_work(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report stages that do nothing, and empty or duplicate commands and scripts."""
    for index, stage in enumerate(loaded.declaration.stages):
        parts = (("stages", index, "commands"), ("stages", index, "copy"))
        taken = stage.add or stage.copies or stage.files or stage.mounts
        own = stage.base is not None and has_packages(stage)
        nothing = not (stage.commands or taken or own)
        if nothing and not loaded.lost.intersection(parts):
            message = f"stage {stage.name!r} does nothing"
            span = loaded.span("stages", index, "name")
            hint = "give it commands or copy, or remove it"
            yield Diagnostic("DB0128", message, span, hint)
        if stage.mounts and not stage.commands and parts[0] not in loaded.lost:
            message = f"stage {stage.name!r} mounts files that no command of it sees"
            span = loaded.span("stages", index, "mounts")
            hint = "give it commands, or copy the files"
            yield Diagnostic("DB0128", message, span, hint)
        for at, command in enumerate(stage.commands):
            if not command.strip():
                message = f"command {at + 1} of stage {stage.name!r} is empty"
                span = loaded.span("stages", index, "commands", at)
                path = ("stages", index, "commands", at)
                mends = removal(loaded.tree, loaded.syntax, path)
                yield Diagnostic("DB0129", message, span, "remove it", mends=mends)
    first: dict[str, Span] = {}
    for at, script in enumerate(loaded.declaration.env_scripts):
        span = loaded.span("env_scripts", at)
        if not script.strip():
            message = f"environment script {at + 1} is empty"
            mends = removal(loaded.tree, loaded.syntax, ("env_scripts", at))
            yield Diagnostic("DB0129", message, span, "remove it", mends=mends)
        elif script in first:
            label = Label(first[script], "first listed here")
            message = "this environment script is listed twice"
            hint = "remove one of the two: a script is known by its text"
            mends = removal(loaded.tree, loaded.syntax, ("env_scripts", at))
            yield Diagnostic("DB0130", message, span, hint, (label,), mends=mends)
        first.setdefault(script, span)
