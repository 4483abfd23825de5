"""Names, dependencies and grounds of the parts: the stages of a declaration.

A stage depends on all that stood before it. An edge is dropped only where both texts
are understood whole and neither touches what the other reads or writes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dynbuild.declaration.grammar import (
    RESERVED_NAMES,
    STAGE_NAME,
    STEP_NAME,
    matches,
)
from dynbuild.dockerfiles.gathering import Walk
from dynbuild.dockerfiles.known import independent
from dynbuild.dockerfiles.model import Part
from dynbuild.dockerfiles.mounting import cache_id
from dynbuild.dockerfiles.scope import variables
from dynbuild.dockerfiles.sources import STAGE
from dynbuild.dockerfiles.state import (
    DEFAULT_SHELL,
    ForShell,
    Setting,
    State,
    is_posix,
    start_of,
)
from dynbuild.values import dataclass

_FIRST = ("apt_packages", "add", "files", "user", "workdir", "shell", "network", "ssh")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the declaration: its fields in the order in which they are written."""

    part: Part
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Image:
    """A whole declaration: its fields and its stages.

    ``names`` has the stage of each part. ``dropped`` are the pairs of stages, earlier
    and later, of which the later one is known not to need the earlier one.
    """

    fields: Mapping[str, Setting]
    stages: tuple[Stage, ...]
    names: Mapping[int, str]
    dropped: tuple[tuple[str, str], ...]


def lay_out(walked: Walk, target: int) -> Image:
    """Return the declaration of a target."""
    names = _names(walked)
    needs, dropped = _needs(walked)
    fields = _fields(walked, target)
    stages = tuple(
        Stage(part, _stage(walked, number, part, names, needs[number]))
        for number, part in enumerate(walked.parts)
    )
    return Image(
        fields,
        stages,
        names,
        tuple((names[one], names[other]) for one, other in dropped),
    )


def _names(walked: Walk) -> dict[int, str]:
    """Return a name of its own for each part."""
    of = {stage.index: stage for stage in walked.dockerfile.stages}
    last = {part.of: number for number, part in enumerate(walked.parts)}
    names: dict[int, str] = {}
    taken: set[str] = set()
    # What others copy from keeps the name that it has.
    for number in sorted(last.values()):
        stage = of[walked.parts[number].of]
        if stage.index not in walked.sources.chain:
            wanted = slug(stage.name or f"stage-{stage.index}")
            names[number] = _free(wanted, taken)
    for number, part in enumerate(walked.parts):
        if number in names:
            continue
        wanted = slug(part.wanted)
        if part.of not in walked.sources.chain:
            wanted = f"{slug(of[part.of].name or f'stage-{part.of}')}-{wanted}"
        names[number] = _free(wanted, taken)
    return names


def slug(text: str) -> str:
    """Return the nearest name that a stage or an image can have."""
    if matches(STAGE_NAME, text) and _allowed(text):
        return text
    near = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:60].strip("-")
    near = near if near[:1].isalpha() else f"stage-{near}".strip("-")
    return near if _allowed(near) else f"{near}-files"


def _allowed(name: str) -> bool:
    step = re.search(STEP_NAME, name, re.IGNORECASE)
    return name.lower() not in RESERVED_NAMES and step is None


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name.lower() in taken:
        name, number = f"{wanted}-{number}", number + 1
    taken.add(name.lower())
    return name


def _lineage(walked: Walk, index: int) -> list[int]:
    """Return the parts of a build stage and of those it stands on, in their order."""
    line = walked.sources.lineage(index)
    return [
        number
        for at in line
        for number, part in enumerate(walked.parts)
        if part.of == at
    ]


def _needs(walked: Walk) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
    """Return what each part stands on, and the edges that were dropped."""
    needs: dict[int, list[int]] = {}
    closures: dict[int, set[int]] = {}
    dropped: list[tuple[int, int]] = []
    for number, part in enumerate(walked.parts):
        lineage = _lineage(walked, part.of)
        earlier = lineage[: lineage.index(number)]
        if own_base(walked, part) is not None:
            kept = earlier
        else:
            kept = [
                one
                for one in earlier
                # Only commands see variables.
                if (walked.parts[one].env and part.commands)
                or not independent(walked.parts[one].paths, part.paths)
            ]
        needs[number] = _reduced(kept, closures)
        closures[number] = {
            *needs[number],
            *(below for one in needs[number] for below in closures[one]),
        }
        tip = lineage[-1] == number and any(
            lineage == _lineage(walked, at) for at in walked.sources.copied
        )
        missing = [one for one in earlier if one not in closures[number]]
        if tip and missing:
            # Whoever copies from it may take what any of them wrote.
            needs[number] = _reduced([*needs[number], *missing], closures)
            closures[number] |= set(earlier)
            missing = []
        dropped += [(one, number) for one in missing]
    return needs, dropped


def _reduced(kept: Sequence[int], closures: Mapping[int, set[int]]) -> list[int]:
    """Leave out what another one stands on anyway."""
    return sorted(
        one for one in set(kept) if not any(one in closures[other] for other in kept)
    )


def own_base(walked: Walk, part: Part) -> str | None:
    """Return the base that a stage needs for itself; None on the image's own."""
    sources = walked.sources
    listed = walked.packages and sources.root(part.of) != sources.root(
        sources.chain[-1]
    )
    apart = listed or _installs(walked, part)
    if sources.shares_ground(part.of) and not apart:
        return None
    return sources.images[part.of]


def _installs(walked: Walk, part: Part) -> bool:
    """Whether a build stage that stands on the root of a part's has packages listed."""
    root = walked.sources.root(part.of)
    return any(walked.sources.root(index) == root for index in walked.own_packages)


def _stage(
    walked: Walk, number: int, part: Part, names: Mapping[int, str], needs: list[int]
) -> dict[str, object]:
    fields: dict[str, object] = {"name": names[number]}
    if part.of not in walked.sources.chain:
        fields["build_only"] = True
        base = own_base(walked, part)
        if base is not None:
            fields["base"] = base
            root = walked.sources.root(part.of)
            if root in walked.sources.platforms:
                fields["platform"] = walked.sources.platforms[root]
    if needs:
        fields["dependencies"] = [names[one] for one in needs]
    rest = dict(part.fields)
    mounts = [_resolved(walked, one, names) for one in _tables(rest, "mounts")]
    if mounts:
        fields["mounts"] = mounts
    if part.copies:
        fields["copy"] = [_resolved(walked, one.fields, names) for one in part.copies]
    caches = [_cache(walked, one) for one in _tables(rest, "cache_mounts")]
    fields |= {name: rest.pop(name) for name in _FIRST if name in rest}
    if caches:
        fields["cache_mounts"] = caches
    fields |= rest
    if part.env:
        fields["env"] = dict(part.env)
    if part.commands:
        fields["commands"] = [line.text for line in part.commands]
    return fields


def _tables(fields: dict[str, object], name: str) -> list[Mapping[str, object]]:
    """Take the tables of a field away."""
    tables = fields.pop(name, [])
    assert isinstance(tables, list)
    return tables


def _resolved(
    walked: Walk, fields: Mapping[str, object], names: Mapping[int, str]
) -> dict[str, object]:
    """Return a copy or a mount whose stage has its name."""
    index = fields.get(STAGE)
    if not isinstance(index, int):
        return dict(fields)
    rest = {name: value for name, value in fields.items() if name != STAGE}
    lineage = _lineage(walked, index)
    if lineage:
        return {"stage": names[lineage[-1]], **rest}
    return {"image": walked.sources.images[index], **rest}


def _cache(walked: Walk, mount: Mapping[str, object]) -> object:
    target = str(mount["target"])
    if "id" not in mount and walked.caches[target] > 1:
        mount = {"target": target, "id": cache_id(target), **mount}
    return target if len(mount) == 1 else dict(mount)


def _fields(walked: Walk, target: int) -> dict[str, Setting]:
    """Return the fields of the image."""
    state = walked.ends[target]
    start = walked.dockerfile.stages[walked.sources.chain[0]].start
    left = walked.comments[target]
    above = [text for one in walked.dockerfile.arguments for text in one.comments]
    comments = (*above, *start.comments, *left.get("base", ()))
    fields = {"base": Setting(state.image, comments)}
    for index in walked.sources.chain:
        if index in walked.packages:
            fields["apt_packages"] = Setting(
                sorted(walked.packages[index]), walked.package_comments[index]
            )
    fields |= _ending(state)
    fields |= {
        name: replace(one, value=_said(one.value, state.shell))
        for name, one in state.runtime.items()
    }
    env = variables(state.scope.fresh, state.scope.env)
    if env:
        fields["env"] = Setting(env)
    for name, texts in left.items():
        # What no field of the image has, stands above the first one.
        at = name if name in fields else "base"
        if name != "base":
            comments = (*fields[at].comments, *texts)
            fields[at] = replace(fields[at], comments=comments)
    return fields


def _ending(state: State) -> dict[str, Setting]:
    fields: dict[str, Setting] = {}
    # Without a field the image runs as the base does, which may not be as root.
    if state.user is not None or (state.has_user and start_of(state.image) is None):
        # Something made it: the base, a package, a command.
        fields["user"] = Setting({"name": state.user or "root", "create": False})
    if state.shell != DEFAULT_SHELL and is_posix(state.shell):
        fields["shell"] = Setting(list(state.shell))
    if state.workdir is not None:
        fields["workdir"] = Setting(state.workdir)
    return fields


def _said(value: object, shell: tuple[str, ...]) -> object:
    """Return a field's value, with lines for the shell as the image writes them."""
    if isinstance(value, ForShell):
        return value.within(shell)
    if isinstance(value, Mapping):
        said = {name: _said(one, shell) for name, one in value.items()}
        return (
            said["cmd"] if isinstance(said.get("cmd"), str) and len(said) == 1 else said
        )
    return value
