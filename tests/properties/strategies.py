"""Random declarations as targets of a lock, and random edits of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from hypothesis import strategies as st

from dynbuild.digest import Digest, sha256
from dynbuild.lockfile.model import DEFAULT_SHELL, Target
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
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
MOUNTS = (
    CacheDirectory("/root/.cache"),
    CacheDirectory("/build", "objects", "locked", "0700"),
)
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
        cache_mounts=some(MOUNTS),
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
