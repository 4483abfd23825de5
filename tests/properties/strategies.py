"""Random declarations as targets of a lock, and random edits of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar, get_args

from hypothesis import strategies as st

from dynbuild.digest import Digest, sha256
from dynbuild.lockfile.model import DEFAULT_SHELL, Target
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Index,
    InlineFile,
    Pattern,
    Pin,
    Secret,
    Setup,
    Stage,
    Tmpfs,
    User,
)

_T = TypeVar("_T")

PLATFORM = "linux/amd64"
NAMES = tuple("abcdefgh")
SCRIPTS = ("locale-gen", "ldconfig", "update-ca", "mkdir /data")


def digest(text: str) -> Digest:
    return sha256(text.encode())


ARM = "linux/arm64"


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
SETUPS = (
    Setup(commands=("debconf",)),
    Setup(copies=(Copy("ca", "/ca/", digest=digest("ca")),), commands=("update",)),
    Setup(copies=(Copy("ca", "/ca/", digest=digest("cb")),), commands=("update",)),
    Setup(files=(InlineFile("/etc/apt/apt.conf.d/1", "x"),)),
)
SOURCES = tuple(
    AptSource(f"https://{host}/apt", ("stable",), ("main",), key, key and digest(key))
    for host, key in (("a", "a.asc"), ("b", "b.asc"), ("b", "b2.asc"), ("c", None))
)
SOURCES = (*SOURCES, replace(SOURCES[3], username="ci", secret="login"))
INDEXES = (Index("https://a/simple"), Index("https://b/simple", secret="login"))
SPECS = {
    "apt": (
        *("curl", "git", "git=1:2.39*", "jq", "sudo", EVERYTHING),
        *("git [amd64]", "jq [!amd64]", "jq [arm64]"),
    ),
    "yum": ("curl", "git"),
    "apk": ("curl", "curl=8-r0", "curl [arm64]", EVERYTHING),
    "pip": ("flask", "Flask>=3", "requests"),
    "npm": ("@scope/tool", "@scope/tool@1", "tool"),
}
USERS = (
    None,
    User("app", 1000, "/bin/sh"),
    User("app", 1000, "/bin/sh", gid=5, others=(User("b", 2, "/bin/sh", home=""),)),
    User("app", 1001, "/bin/sh", sudo=True),
)
MOUNTS = (
    CacheDirectory("/root/.cache"),
    CacheDirectory("/build", "objects", "locked", "0700"),
)
OWN_PACKAGES: tuple[dict[str, str], ...] = (
    {},
    {},
    {"apt git": "git"},
    {"apt git": "git", "pip flask": "flask"},
    {"apt git": "git=1:2.39*"},
    {"apt git": "git [!amd64]"},
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
        pattern = draw(st.sampled_from(get_args(Pattern)))
        path = "/out" if pattern == "none" else "/out/*"
        from_stage = draw(st.sampled_from(others))
        return Copy(path, to, stage=from_stage, owner=owner, pattern=pattern)
    if kind == "image":
        image = draw(st.sampled_from(IMAGES)).image
        return Copy("/usr/bin/go", to, image=image, mode=mode)
    path = draw(st.sampled_from(["src", "lib/x.txt"]))
    tracked = digest(draw(st.sampled_from(["old", "new"])))
    if draw(st.integers(0, 5)) == 0:
        matched = draw(st.sampled_from([("a.whl",), ("a.whl", "b.whl")]))
        return Copy("*.whl", "/app/", digest=tracked, files=matched)
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
        files=some((InlineFile("/etc/a", "a"), InlineFile("/b", "", None, "0755")), 1),
        mounts=tuple(
            replace(one, owner=None, mode=None, files=())
            for one in draw(st.lists(copies(others), max_size=1))
            if commands and not one.files and one.pattern == "none"
        ),
        env=env,
        build_env=draw(st.sampled_from([{}, {}, {"MAKEFLAGS": "-j4"}])),
        user=draw(st.sampled_from(["root", "root", "app"])),
        workdir=draw(st.sampled_from([None, None, "/src"])),
        shell=draw(st.sampled_from([None, None, *SHELLS])),
        network=draw(st.sampled_from(["default", "default", "none"])),
        ssh=draw(st.booleans()),
        cache_mounts=some(MOUNTS),
        tmpfs=some((Tmpfs("/run"), Tmpfs("/tmp", "64m"))),
        secrets=some((Secret("pypi", "TOKEN"), Secret("npm", None, "/npmrc"))),
        build_only=draw(st.integers(0, 3)) == 0,
        base=draw(st.sampled_from([None, None, None, *(one.image for one in IMAGES)])),
        platform=draw(st.sampled_from([None, None, PLATFORM])),
        packages=draw(st.sampled_from(OWN_PACKAGES)),
        apt_sources=some(SOURCES, 1),
        pip_index=some(INDEXES, 1),
        touches=some(("dpkg",)),
        memory=draw(st.sampled_from([None, None, "512m"])),
        timeout=draw(st.sampled_from([None, None, "10m"])),
        only=draw(
            st.sampled_from([(), (), (), (), (PLATFORM,), (ARM,), (ARM, PLATFORM)])
        ),
    )


def packages() -> st.SearchStrategy[dict[str, dict[str, str]]]:
    """Every manager at once: what a real base cannot have, the lock can."""
    return st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(specs)) for name, specs in SPECS.items()}
    ).map(
        lambda lists: {
            name: {MANAGERS[name].package(spec): spec for spec in specs}
            for name, specs in lists.items()
            if specs
        }
    )


def indexes() -> st.SearchStrategy[dict[str, tuple[Index, ...]]]:
    """Mostly the usual ones; else of pip, of npm, or of both."""
    several = st.lists(st.sampled_from(INDEXES), min_size=1, unique=True).map(tuple)
    names = st.sampled_from(["", "", "", "pip", "npm", "pip npm"])
    return names.flatmap(
        lambda of: st.fixed_dictionaries(dict.fromkeys(of.split(), several))
    )


def configs() -> st.SearchStrategy[RuntimeConfig]:
    return st.sampled_from(
        [
            RuntimeConfig(),
            RuntimeConfig(env={"TZ": "UTC"}, cmd=("serve",), labels={"a": "b"}),
            RuntimeConfig(labels={"a": "c"}, annotations={"a": "b"}),
            RuntimeConfig(platforms=(PLATFORM, "linux/arm64")),
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
            indexes=draw(indexes()),
            sources=tuple(
                draw(st.lists(st.sampled_from(SOURCES), max_size=2, unique=True))
            ),
            setups=tuple(
                draw(st.lists(st.sampled_from(SETUPS), max_size=2, unique=True))
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

    def of_others(name: str, inputs: Sequence[Copy]) -> tuple[Copy, ...]:
        only = known[name].only
        return tuple(
            one
            for one in inputs
            if one.stage is None
            or (
                one.stage in known
                and one.stage != name
                and is_where(only, known[one.stage].only)
            )
        )

    for name, stage in known.items():
        own = stage.base is not None
        known[name] = replace(
            stage,
            build_only=stage.build_only or own,
            platform=stage.platform if own else None,
            packages=stage.packages if own else {},
            apt_sources=tuple(sorted(stage.apt_sources, key=repr)) if own else (),
            pip_index=stage.pip_index if own else (),
        )
    for name, stage in known.items():
        known[name] = replace(
            stage,
            dependencies=tuple(
                need
                for need in dict.fromkeys(stage.dependencies)
                if need in known
                and need != name
                and (stage.build_only or not known[need].build_only)
                and stage.own_base == known[need].own_base
            ),
            copies=of_others(name, stage.copies),
            mounts=of_others(name, stage.mounts),
        )
    while cycle := _cycle(known):
        known[cycle[1]] = _without(known[cycle[1]], cycle[0])
    listing: dict[str, bool] = {}
    for name in TopologicalSorter(
        {name: sorted(known[name].dependencies) for name in sorted(known)}
    ).static_order():
        below = any(listing[need] for need in known[name].dependencies)
        if below:
            known[name] = replace(known[name], packages={}, apt_sources=())
        if sum(listing[need] for need in known[name].dependencies) > 1:
            known[name] = replace(known[name], dependencies=())
            below = False
        listing[name] = below or known[name].installs
    images = {image.image: image for image in IMAGES} | dict(target.images)
    used = {image for stage in known.values() for image in stage.images}
    return replace(
        target,
        stages=tuple(known[stage.name] for stage in target.stages),
        images={image: images[image] for image in sorted(used)},
    )


def is_where(only: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what is for some platforms finds there what is for others."""
    return not other or bool(only and {*only} <= {*other})


def _without(stage: Stage, need: str) -> Stage:
    return replace(
        stage,
        dependencies=tuple(name for name in stage.dependencies if name != need),
        copies=tuple(copy for copy in stage.copies if copy.stage != need),
        mounts=tuple(mount for mount in stage.mounts if mount.stage != need),
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
            replace(stage.following(now), name=now(stage.name))
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
