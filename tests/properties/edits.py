"""Random edits of declarations, requests, and histories of both."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Copy, Freshen
from tests.properties.strategies import (
    BASES,
    IMAGES,
    NAMES,
    SCRIPTS,
    SETUPS,
    SHELLS,
    SOURCES,
    SPECS,
    TWINS,
    USERS,
    Edit,
    Mix,
    configs,
    digest,
    mended,
    renamed,
    renamings,
    stages,
    targets,
)


def _change_packages(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    manager = draw(st.sampled_from(tuple(SPECS)))
    specs = draw(st.lists(st.sampled_from(SPECS[manager])))
    keyed = {MANAGERS[manager].key(spec): spec for spec in specs}
    changed = {**target.packages, manager: keyed}
    return replace(target, packages={name: s for name, s in changed.items() if s})


def _change_scripts(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    chosen = st.lists(st.sampled_from(SCRIPTS), max_size=3, unique=True)
    return replace(target, scripts=tuple(draw(chosen)))


def _change_setups(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    chosen = st.lists(st.sampled_from(SETUPS), max_size=2, unique=True)
    return replace(target, setups=tuple(draw(chosen)))


def _add_setup(draw: st.DrawFn, target: Target, _: Mix) -> Target:
    setups = dict.fromkeys((*target.setups, draw(st.sampled_from(SETUPS))))
    return replace(target, setups=tuple(setups))


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
                [
                    "dependencies",
                    "copies",
                    "mounts",
                    "env",
                    "build_only",
                    "base",
                    "platform",
                    "packages",
                    "touches",
                    "workdir",
                ]
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

    def retracked(inputs: Sequence[Copy]) -> tuple[Copy, ...]:
        contents = st.sampled_from([None, digest("old"), digest("new")])
        return tuple(
            replace(one, digest=draw(contents)) if one.of_project else one
            for one in inputs
        )

    new = replace(stage, copies=retracked(stage.copies), mounts=retracked(stage.mounts))
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
    _change_setups,
    _add_setup,
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


_REPACKS = (_change_base, _change_setups)
NEVER_REPACKS = tuple(edit for edit in EDITS if edit not in _REPACKS)


UNDECLARED = st.dictionaries(
    st.tuples(st.just("apt"), st.sampled_from(["libssl3", "curl", "git", "jq"])),
    st.sampled_from([Freshen(), Freshen(("!arm64",))]),
    max_size=2,
)
"""What nobody declares, or somebody does by now, is upgraded where it is."""


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

    upgrade = frozenset(known) if draw(st.booleans()) else frozenset()
    return Requests(
        bump={name: next_bump(name) for name in sorted(draw(chosen))},
        move=draw(chosen),
        upgrade=upgrade,
        repack=draw(st.integers(0, 5)) == 0,
        freshen={} if upgrade else draw(UNDECLARED),
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
