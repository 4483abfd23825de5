"""Random declarations as targets of a lock, and random edits of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from hypothesis import strategies as st

from dynbuild.digest import Digest, sha256
from dynbuild.lock.model import DEFAULT_SHELL, Lock, Target
from dynbuild.lock.update import NOTHING, Requests
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Healthcheck,
    Pin,
    RuntimeConfig,
    Secret,
    Stage,
    User,
)

_T = TypeVar("_T")

PLATFORM = "linux/amd64"
NAMES = tuple("abcdefgh")
SCRIPTS = ("locale-gen", "ldconfig", "update-ca", "mkdir /data")


def digest(text: str) -> Digest:
    return sha256(text.encode())


def pin(image: str, text: str | None = None) -> Pin:
    known = digest(text or image)
    return Pin(image, known, {PLATFORM: known, "linux/arm64": digest(f"{known} arm")})


BASES = (
    pin("debian:12"),
    pin("debian:bookworm", "debian:12"),  # another name of the first
    pin("debian:13"),
    Pin("local:1", None),
)
IMAGES = (
    pin("golang:1"),
    pin("golang:2"),
    pin("golang:1", "repushed"),
    Pin("me", None),
)
SOURCES = tuple(
    AptSource(f"https://{host}/apt", ("stable",), ("main",), key, key and digest(key))
    for host, key in (("a", "a.asc"), ("b", "b.asc"), ("b", "b2.asc"), ("c", None))
)
SPECS = {
    "apt": ("curl", "git", "git=1:2.39*", "jq", "sudo"),
    "yum": ("curl", "git"),
    "apk": ("curl", "curl=8-r0"),
    "pip": ("flask", "Flask>=3", "requests"),
    "npm": ("@scope/tool", "@scope/tool@1", "tool"),
}
USERS = (None, User("app", 1000, "/bin/sh"), User("app", 1001, "/bin/sh", sudo=True))
SHELLS = (DEFAULT_SHELL, ("/bin/bash", "-c"))


@dataclass(frozen=True)
class Mix:
    """What the stages of a declaration are drawn from."""

    commands: tuple[str, ...] = ("make", "make install", "true")
    """Few, so that different stages say the same; empty: each says its own."""
    extend: bool = True
    """Whether independent stages may extend one list, whose order is by name."""


TWINS = Mix()
DISTINCT = Mix(commands=())


@st.composite
def copies(draw: st.DrawFn, others: Sequence[str]) -> Copy:
    kinds = ["tracked", "live", "image", *(["stage"] if others else [])]
    kind = draw(st.sampled_from(kinds))
    to = draw(st.sampled_from(["/app/", "/app/x"]))
    owner = draw(st.sampled_from([None, "app"]))
    mode = draw(st.sampled_from([None, "644"]))
    if kind == "stage":
        return Copy("/out", to, stage=draw(st.sampled_from(others)), owner=owner)
    if kind == "image":
        image = draw(st.sampled_from(IMAGES)).image
        return Copy("/usr/bin/go", to, image=image, mode=mode)
    path = draw(st.sampled_from(["src", "lib/x.txt"]))
    tracked = digest(draw(st.sampled_from(["old", "new"])))
    known = tracked if kind == "tracked" else None
    return Copy(path, to, owner=owner, mode=mode, digest=known)


@st.composite
def stages(draw: st.DrawFn, name: str, others: Sequence[str], mix: Mix) -> Stage:
    """A stage that may need the others."""

    def some(values: Sequence[_T], most: int = 2) -> tuple[_T, ...]:
        if not values:
            return ()
        return tuple(
            draw(st.lists(st.sampled_from(values), max_size=most, unique=True))
        )

    env = {}
    for kind in some(("list", "same", "own")):
        if kind == "list" and mix.extend:
            env["PATH"] = f"/opt/{name}:$PATH"
        elif kind == "same":
            env["LANG"] = "C.UTF-8"
        elif kind == "own":
            env[f"HOME_{draw(st.sampled_from('XYZ'))}"] = "/home"
    commands = some(mix.commands) if mix.commands else (f"make {name}",)
    return Stage(
        name=name,
        dependencies=some(others, 3),
        copies=tuple(draw(st.lists(copies(others), max_size=2))),
        commands=commands,
        env=env,
        build_env=draw(st.sampled_from([{}, {}, {"MAKEFLAGS": "-j4"}])),
        user=draw(st.sampled_from(["root", "root", "app"])),
        workdir=draw(st.sampled_from([None, None, "/src"])),
        shell=draw(st.sampled_from([None, None, *SHELLS])),
        network=draw(st.sampled_from(["default", "default", "none"])),
        ssh=draw(st.booleans()),
        cache_mounts=some(("/root/.cache",)),
        secrets=some((Secret("pypi", "TOKEN"), Secret("npm", None, "/npmrc"))),
        build_only=draw(st.integers(0, 3)) == 0,
        touches=some(("dpkg",)),
    )


def packages() -> st.SearchStrategy[dict[str, dict[str, str]]]:
    """Every manager at once: what a real base cannot have, the lock can."""
    return st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(specs)) for name, specs in SPECS.items()}
    ).map(
        lambda lists: {
            name: {MANAGERS[name].key(spec): spec for spec in specs}
            for name, specs in lists.items()
            if specs
        }
    )


def configs() -> st.SearchStrategy[RuntimeConfig]:
    return st.sampled_from(
        [
            RuntimeConfig(),
            RuntimeConfig(env={"TZ": "UTC"}, cmd=("serve",), labels={"a": "b"}),
            RuntimeConfig(entrypoint=(), healthcheck=Healthcheck(("true",), retries=3)),
        ]
    )


@st.composite
def targets(draw: st.DrawFn, mix: Mix = TWINS) -> Target:
    by_need = draw(st.lists(st.sampled_from(NAMES), max_size=7, unique=True))
    written = [
        draw(stages(name, by_need[:place], mix)) for place, name in enumerate(by_need)
    ]
    return mended(
        Target(
            base=draw(st.sampled_from(BASES)),
            packages=draw(packages()),
            sources=tuple(
                draw(st.lists(st.sampled_from(SOURCES), max_size=2, unique=True))
            ),
            scripts=tuple(
                draw(st.lists(st.sampled_from(SCRIPTS), max_size=3, unique=True))
            ),
            user=draw(st.sampled_from(USERS)),
            stages=tuple(draw(st.permutations(written))),
            images=dict.fromkeys((), BASES[0]),
            shell=draw(st.sampled_from(SHELLS)),
            config=draw(configs()),
        )
    )


def mended(target: Target) -> Target:
    """What the checks of a declaration would have let through of it."""
    known = {stage.name: stage for stage in target.stages}
    for name, stage in known.items():
        known[name] = replace(
            stage,
            dependencies=tuple(
                need
                for need in dict.fromkeys(stage.dependencies)
                if need in known
                and need != name
                and (stage.build_only or not known[need].build_only)
            ),
            copies=tuple(
                copy
                for copy in stage.copies
                if copy.stage is None or (copy.stage in known and copy.stage != name)
            ),
        )
    while cycle := _cycle(known):
        known[cycle[1]] = _without(known[cycle[1]], cycle[0])
    images = {image.image: image for image in IMAGES} | dict(target.images)
    used = {
        copy.image for stage in known.values() for copy in stage.copies if copy.image
    }
    return replace(
        target,
        stages=tuple(known[stage.name] for stage in target.stages),
        images={image: images[image] for image in sorted(used)},
    )


def _without(stage: Stage, need: str) -> Stage:
    return replace(
        stage,
        dependencies=tuple(name for name in stage.dependencies if name != need),
        copies=tuple(copy for copy in stage.copies if copy.stage != need),
    )


def _cycle(known: dict[str, Stage]) -> list[str]:
    try:
        TopologicalSorter({name: known[name].needs for name in sorted(known)}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def renamed(target: Target, names: dict[str, str]) -> Target:
    """Every stage under its new name, wherever it is named."""

    def now(name: str) -> str:
        return names.get(name, name)

    return replace(
        target,
        stages=tuple(
            replace(
                stage,
                name=now(stage.name),
                dependencies=tuple(map(now, stage.dependencies)),
                copies=tuple(
                    replace(copy, stage=copy.stage and now(copy.stage))
                    for copy in stage.copies
                ),
            )
            for stage in target.stages
        ),
    )


@st.composite
def renamings(draw: st.DrawFn, target: Target) -> dict[str, str]:
    """Plain renames, swaps, chains and rings, by chance."""
    old = [stage.name for stage in target.stages]
    pool = sorted({*old, "x", "y", "z"})
    return dict(zip(old, draw(st.permutations(pool)), strict=False))


Edit = Callable[[st.DrawFn, Target, Mix], Target]


def _change_packages(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    manager = draw(st.sampled_from(tuple(SPECS)))
    specs = draw(st.lists(st.sampled_from(SPECS[manager])))
    keyed = {MANAGERS[manager].key(spec): spec for spec in specs}
    changed = {**target.packages, manager: keyed}
    return replace(target, packages={name: s for name, s in changed.items() if s})


def _change_scripts(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    chosen = st.lists(st.sampled_from(SCRIPTS), max_size=3, unique=True)
    return replace(target, scripts=tuple(draw(chosen)))


def _change_sources(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    chosen = st.lists(st.sampled_from(SOURCES), max_size=2, unique=True)
    return replace(target, sources=tuple(draw(chosen)))


def _change_user(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return replace(target, user=draw(st.sampled_from(USERS)))


def _change_shell(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return replace(target, shell=draw(st.sampled_from(SHELLS)))


def _change_base(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return replace(target, base=draw(st.sampled_from(BASES)))


def _change_config(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return replace(target, config=draw(configs()))


def _pin_anew(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    chosen = draw(st.lists(st.sampled_from(IMAGES), max_size=3))
    return replace(target, images={**target.images, **{i.image: i for i in chosen}})


def _reorder(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return replace(target, stages=tuple(draw(st.permutations(target.stages))))


def _add_stage(draw: st.DrawFn, target: Target, mix: Mix) -> Target:
    there = [stage.name for stage in target.stages]
    free = sorted(set(NAMES) - set(there))
    if not free:
        return target
    stage = draw(stages(draw(st.sampled_from(free)), there, mix))
    place = draw(st.integers(0, len(there)))
    return replace(
        target, stages=(*target.stages[:place], stage, *target.stages[place:])
    )


def _remove_stage(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    gone = draw(st.sampled_from(target.stages or (None,)))
    return replace(target, stages=tuple(s for s in target.stages if s is not gone))


def _change_stage(draw: st.DrawFn, target: Target, mix: Mix) -> Target:
    if not target.stages:
        return target
    stage = draw(st.sampled_from(target.stages))
    there = [other.name for other in target.stages if other.name != stage.name]
    other = draw(stages(stage.name, there, mix))
    fields = draw(
        st.sets(
            st.sampled_from(
                ["dependencies", "copies", "env", "build_only", "touches", "workdir"]
            ),
            min_size=1,
            max_size=3,
        )
    )
    new = replace(stage, **{field: getattr(other, field) for field in fields})
    if draw(st.booleans()):
        told = mix.commands or (f"make {stage.name}", f"make {stage.name} again")
        new = replace(new, commands=(draw(st.sampled_from(told)),))
    return replace(
        target, stages=tuple(new if s is stage else s for s in target.stages)
    )


def _toggle_live(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    """Track what was live, or let go what was tracked; or change the files."""
    if not target.stages:
        return target
    stage = draw(st.sampled_from(target.stages))
    new = replace(
        stage,
        copies=tuple(
            replace(
                copy, digest=draw(st.sampled_from([None, digest("old"), digest("new")]))
            )
            if copy.of_project
            else copy
            for copy in stage.copies
        ),
    )
    return replace(
        target, stages=tuple(new if s is stage else s for s in target.stages)
    )


def _rename(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    return renamed(target, draw(renamings(target)))


EDITS: tuple[Edit, ...] = (
    _change_packages,
    _change_packages,
    _change_scripts,
    _change_sources,
    _change_user,
    _change_shell,
    _change_base,
    _change_config,
    _pin_anew,
    _reorder,
    _add_stage,
    _add_stage,
    _remove_stage,
    _change_stage,
    _change_stage,
    _change_stage,
    _toggle_live,
    _toggle_live,
    _rename,
)


@st.composite
def edited(
    draw: st.DrawFn, target: Target, mix: Mix = TWINS, edits: tuple[Edit, ...] = EDITS
) -> Target:
    for edit in draw(st.lists(st.sampled_from(edits), min_size=1, max_size=3)):
        target = mended(edit(draw, target, mix))
    return target


NEVER_REPACKS = tuple(edit for edit in EDITS if edit is not _change_base)


@st.composite
def requests(draw: st.DrawFn, target: Target, previous: Lock | None) -> Requests:
    """What a command line might ask for."""
    names = [stage.name for stage in target.stages]
    if previous is None or not draw(st.booleans()):
        return NOTHING
    chosen = (
        st.frozensets(st.sampled_from(names), max_size=2)
        if names
        else st.just(frozenset())
    )
    known = [(row, key) for row, specs in target.packages.items() for key in specs]

    def next_bump(name: str) -> int:
        before = previous.stages.get(name)
        return (before.stage.bump if before else 0) + 1

    return Requests(
        bump={name: next_bump(name) for name in sorted(draw(chosen))},
        move=draw(chosen),
        upgrade=frozenset(known) if draw(st.booleans()) else frozenset(),
        repack=draw(st.integers(0, 5)) == 0,
    )


@st.composite
def histories(
    draw: st.DrawFn, mix: Mix = TWINS, edits: tuple[Edit, ...] = EDITS, least: int = 1
) -> list[Target]:
    """A first declaration, and what became of it."""
    history = [draw(targets(mix))]
    for _ in range(draw(st.integers(least, 5))):
        history.append(draw(edited(history[-1], mix, edits)))
    return history
