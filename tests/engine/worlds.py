"""Random projects of packages, users, logs, mounts and copies, from a seed alone.

Different in kind from ``hermetic``: what is shared here is shared as it is in everyday
images. Stages still read only what they declare, so that a plain build has to give the
same:

- A stage may write ``/own/NAME``, and reads ``one`` of that of its dependencies, which
  nobody changes. Nothing else of another stage is read by a command.
- Everybody writes to shared directories, databases and logs, each time with what says
  who did it, and says first what the directory has to be.
- What differs from build to build is a *token*, ``<NAME:UUID>``, written to several
  files.

Each project has some features only, so that one does not hide what another would show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engine.deeds import (
    DEBIAN,
    FAILING,
    FOLDERS,
    KINDS,
    LOGS,
    MAKE,
    MARK,
    deed,
)
from tests.engine.sketches import Copy, Sketch, World, made_of

if TYPE_CHECKING:
    from random import Random

FEATURES = (
    *("tokens", "mounts", "copies", "folder", "log", "line", "link", "dependency"),
    *("word", "skel", "user", "account", "alternative", "library", "script", "config"),
    "base",
)
NAMES = ("a", "b", "c", "d", "e", "f", "g")
PACKAGES = ("words", "word", "picker", "picked", "divert", "daemon", "linked", "two")


def world(rng: Random, *, debian: bool) -> World:
    """A first project."""
    files = {f"{name}.txt": f"first {name}\n" for name in NAMES}
    files |= {"tree/file": "first\n", "tree/sub/more": "more\n"}
    features = [name for name in FEATURES if rng.random() < 0.7]
    rng.shuffle(features)
    logs = rng.sample(LOGS, 2)
    folders = (*rng.sample(FOLDERS, 2), *logs[:1] * 3, *logs)
    made = World(debian, tuple(features), folders, files=files)
    for name in NAMES[: rng.randint(3, 5)]:
        made = replace(made, stages=(*made.stages, _stage(rng, name, made)))
    if "script" in features and rng.random() < 0.5:
        made = replace(made, scripts=(_script(rng, 1),))
    if debian:
        made = replace(made, packages=_packages(rng, rng.randint(0, 2)))
    if "user" in features and rng.random() < 0.5:
        made = replace(made, user="app")
    return made


def edited(rng: Random, worlds: tuple[World, ...]) -> World:
    """The last project after an edit, or one from before again."""
    made = worlds[-1]
    kinds = ["change", "change", "add", "add", "remove", "on", "only", "file", "file"]
    kinds += ["back", "order", *["packages"] * 8 * made.debian]
    more = ("script", "user", "user", "copies", "base")
    kinds += [kind for kind in more if kind in made.features]
    if any(stage.mounts for stage in made.stages):
        kinds += ["file", "file", "again", "again", "again"]
    match rng.choice(kinds):
        case "back":
            made = rng.choice(worlds)
        case "order":
            made = replace(made, stages=_shuffled(rng, made.stages))
        case "script":
            made = replace(made, scripts=(_script(rng, rng.randint(1, 2)),))
        case "base":
            made = replace(made, marked=not made.marked)
        case "again":
            made = _again(rng, worlds)
        case "user":
            made = replace(made, user=rng.choice(["", "app", "other"]))
        case "packages":
            made = replace(made, packages=_packages(rng, rng.randint(0, 4)))
        case "file":
            names = [f"{s.name}.txt" for s in made.stages if s.mounts] * 3
            names += [f"{s.name}.txt" for s in made.stages] + ["tree/file", "tree/new"]
            name = rng.choice(names)
            content = f"{rng.choice(['red', 'green', 'blue'])} {name}\n"
            made = replace(made, files={**made.files, name: content})
        case kind:
            made = replace(made, stages=_stages_edited(rng, made, kind))
    return made


def _again(rng: Random, worlds: tuple[World, ...]) -> World:
    """What a stage with a mount makes something of is as before; its command is not."""
    made = worlds[-1]
    found = [
        (stage, f"{name}.txt", old.files[f"{name}.txt"])
        for stage in made.stages
        if stage.mounts
        for name in (stage.name, *made_of(stage, made))
        for old in worlds
    ]
    others = [one for one in found if made.files[one[1]] != one[2]]
    below = [one for one in others if one[1] != f"{one[0].name}.txt"]
    stage, name, content = rng.choice(below or others or found)
    content = content if others else f"again {name}\n"
    new = _changed(rng, stage, made)
    stages = tuple(new if other is stage else other for other in made.stages)
    return replace(made, stages=stages, files={**made.files, name: content})


def broken(rng: Random, made: World) -> World | None:
    """A project of which a stage has a command that fails, if any stage is needed."""
    wanted = {stage.name for stage in made.stages if not stage.build_only}
    for stage in reversed(made.stages):
        if stage.name in wanted:
            wanted |= stage.needs
    if not wanted:
        return None
    stage = rng.choice([stage for stage in made.stages if stage.name in wanted])
    line = rng.choice(FAILING).format(name=stage.name)
    commands = (*stage.commands[:1], line, *stage.commands[1:], "echo done")
    bad = replace(stage, commands=commands)
    return replace(made, stages=tuple(bad if s is stage else s for s in made.stages))


def _stages_edited(rng: Random, made: World, kind: str) -> tuple[Sketch, ...]:
    stages = made.stages
    stage = rng.choice(stages)
    needed = {name for other in stages for name in other.needs}
    only = {other.name for other in stages if other.build_only}
    free = [name for name in NAMES if name not in {other.name for other in stages}]
    on = stage.on
    match kind:
        case "add" if free:
            return (*stages, _stage(rng, free[0], made))
        case "remove" if stage.name not in needed and len(stages) > 2:
            return tuple(other for other in stages if other is not stage)
        case "only" if not _stood_on(stage, stages) and not only & {*on}:
            new = replace(stage, build_only=not stage.build_only)
        case "copies":
            new = replace(stage, copies=_copies(rng, stage.name, _before(made, stage)))
            if stage.mounts:
                new = replace(new, copies=(_own_copy(stage.name), *new.copies))
        case _:
            on = on[:-1] if kind == "on" else on
            new = _changed(rng, replace(stage, on=on), made)
    return tuple(new if other is stage else other for other in stages)


def _changed(rng: Random, stage: Sketch, made: World) -> Sketch:
    """A stage with other commands; whoever copies a directory of it still finds one."""
    copies = [copy for other in made.stages for copy in other.copies]
    asked = {copy.path for copy in copies if copy.source == stage.name}
    kept = (f"mkdir -p {path}" for path in FOLDERS + LOGS if path in asked)
    return replace(stage, commands=(*_commands(rng, stage, made), *kept))


def _stood_on(stage: Sketch, stages: tuple[Sketch, ...]) -> bool:
    return any(stage.name in other.on for other in stages)


def _before(made: World, stage: Sketch) -> World:
    """The stages that come earlier and need nothing of a stage."""
    at = made.stages.index(stage)
    apart = {stage.name}
    for other in made.stages:
        if other.needs & apart:
            apart.add(other.name)
    earlier = tuple(o for o in made.stages[:at] if o.name not in apart)
    return replace(made, stages=earlier)


def _shuffled(rng: Random, stages: tuple[Sketch, ...]) -> tuple[Sketch, ...]:
    """Another order in which each stage still comes after what it needs."""
    left = list(stages)
    found: list[Sketch] = []
    while left:
        waiting = {stage.name for stage in left}
        ready = [stage for stage in left if not stage.needs & waiting]
        found.append(rng.choice(ready))
        left.remove(found[-1])
    return tuple(found)


def _stage(rng: Random, name: str, made: World) -> Sketch:
    build_only = rng.random() < 0.35
    may = [s.name for s in made.stages if build_only or not s.build_only]
    on = tuple(rng.sample(may, min(len(may), rng.choice([0, 0, 1, 1, 2]))))
    mounts = "mounts" in made.features and rng.random() < 0.4
    others = [s.name for s in made.stages if s.mounts and s.name in may]
    if mounts and others and rng.random() < 0.8:
        on = tuple(sorted({*on, rng.choice(others)}))
    copies = _copies(rng, name, made)
    if mounts:
        copies = (_own_copy(name), *copies)
    new = Sketch(name, on, (), copies, build_only, mounts)
    return replace(new, commands=_commands(rng, new, made))


def _own_copy(name: str) -> Copy:
    return Copy("", f"{name}.txt", f"/own/{name}/in")


def _copies(rng: Random, name: str, made: World) -> tuple[Copy, ...]:
    """What a stage copies of stages, two places of one of them for the most part."""
    found = []
    if "copies" in made.features and made.stages and rng.random() < 0.75:
        only = [stage for stage in made.stages if stage.build_only]
        source = rng.choice(only or made.stages)
        if rng.random() < 0.4:
            source = rng.choice(made.stages)
        own = f"/own/{source.name}"
        places = ["/own", own, f"{own}/one", f"{own}/sub", "/etc/passwd", "/etc/group"]
        places += [f for f in made.folders if any(f in c for c in source.commands)]
        for at, place in enumerate(rng.sample(places, rng.randint(1, 2))):
            found.append(Copy(source.name, place, f"/got/{name}/{at}"))
    if rng.random() < 0.2:
        what = rng.choice([f"{name}.txt", "tree"])
        owner, mode = rng.choice(["", "7:7"]), rng.choice(["", "640"])
        mode = "" if what == "tree" else mode
        found.append(Copy("", what, f"/copied/{name}", owner, mode))
    return tuple(found)


def _commands(rng: Random, stage: Sketch, made: World) -> tuple[str, ...]:
    own, salt = f"/own/{stage.name}", rng.randrange(1000)
    lines = [f"mkdir -p {own}/sub"]
    if "tokens" in made.features and rng.random() < 0.8 + stage.build_only:
        lines.append("token=$(cat /proc/sys/kernel/random/uuid)")
        lines.append(f'echo "<{stage.name}:$token>" | tee {own}/one > {own}/sub/three')
        lines.append(f'echo "{salt} <{stage.name}:$token>" > {own}/sub/four')
    else:
        lines.append(f"echo {salt} | tee {own}/one > {own}/sub/three")
    lines += [f"cat /own/{other}/one > {own}/from-{other}" for other in stage.on]
    if stage.mounts:
        makes = [(own, "made")]
        makes += [(f"/own/{n}", f"made-{n}") for n in made_of(stage, made)]
        for at, to in makes:
            lines.append(MAKE.format(source=f"{at}/in", to=to, own=own, mark=MARK))
        lines.append(f"ls -A /build | grep -v made- > {own}/mounted")
    folders = made.folders if "log" in made.features else made.folders[:2]
    kinds = _kinds(made)
    if not stage.on:
        kinds = [kind for kind in kinds if kind != "dependency"]
    for _ in range(rng.randint(0, 3) if kinds else 0):
        kind, on = rng.choice(kinds), rng.choice(stage.on or ("",))
        lines.append(deed(rng, kind, stage.name, on, folders))
    return tuple(dict.fromkeys(lines))


def _kinds(made: World) -> list[str]:
    """What stages do, the first thing most of the time: two have to do the same."""
    kinds = [*KINDS, *DEBIAN] if made.debian else [*KINDS]
    kinds = [kind for kind in kinds if kind in made.features]
    known = DEBIAN if made.debian else kinds
    first = [kind for kind in made.features if kind in kinds and kind in known][:1]
    return [*kinds, *first * len(kinds)]


def _script(rng: Random, name: int) -> str:
    return f"mkdir -p /own/script && echo {rng.randrange(1000)} > /own/script/{name}"


def _packages(rng: Random, number: int) -> tuple[str, ...]:
    """Some packages; many of what stages write concerns one of them."""
    found = {*rng.sample(PACKAGES, number)}
    if number and rng.random() < 0.4:
        found.add("words")
    return tuple(sorted(found))
