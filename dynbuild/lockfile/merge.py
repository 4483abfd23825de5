"""Semantic merge of two locks: the branch's changes go behind the other side's.

A textual merge of two locks is already a valid order or is refused by name; this one
also resolves what text cannot: neighbouring lines that both sides changed, and steps of
both sides with the same seq. A fact that one side changed is taken from that side. If
both changed it, and differently, main's stays and is reported: the declaration has the
same conflict, or makes the lock stale, so that ``dynbuild lock`` settles it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from dynbuild.errors import LockError
from dynbuild.lockfile.carrying import carried, none_older
from dynbuild.lockfile.merge_values import Three, keyed, listed, value
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import unchecked_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.requests import asked_since, fixed_there, is_repacked
from dynbuild.lockfile.snapshots import later_on_branch, of_both
from dynbuild.lockfile.update import update
from dynbuild.steps.fields import BY_NAME, FieldValue, StageField
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.kinds import Lines, Records, Stages, Variables
from dynbuild.steps.model import Stage
from dynbuild.values import dataclass

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Merged:
    """The lock of both sides, and what both changed, where main's fact stayed."""

    lock: Lock
    both: tuple[str, ...]


def merge(ancestor: Lock | None, main: Lock, branch: Lock) -> Merged:
    """Apply to main's lock what the branch changed since the ancestor of both.

    What the branch did not touch keeps main's seqs. If the sides are incompatible (a
    stage that one side removed and the other needs, a cycle), the branch's stages that
    existed before stay as main has them; a stage that is needed is kept. Raises
    LockError if not even that has an order.
    """
    start = ancestor or Lock(main.base, shell=main.shell)
    told: list[str] = []
    target = target_of_both(start, main, branch, told.append)
    asked = asked_since(start, branch)
    upgrade = asked.upgrade | fixed_there(asked, main)
    repacked = is_repacked(start, branch)
    if not repacked:
        upgrade |= later_on_branch(start, main, branch)
    asked = replace(asked, repack=repacked, upgrade=upgrade)
    edited = moved_for_their_content(start, branch, target)
    try:
        lock = update(main, target, asked, edited)
    except LockError:
        told = []
        target = target_of_both(start, main, branch, told.append, cautious=True)
        lock = update(main, target, asked, edited)
        told.append("stages that need one another")
    lock = none_older(carried(lock, branch), (main, branch))
    return Merged(lock, tuple(dict.fromkeys(told)))


def moved_for_their_content(
    start: Lock, branch: Lock, target: Target
) -> frozenset[str]:
    """Return the target's names of the branch's live stages that moved.

    What they copy was edited there; those that only followed another one follow it here
    as well.
    """
    names = continued(start, branch)
    now = {old: name for name, old in continued(start, target).items()}
    return frozenset(
        now.get(names[placed.id], placed.id)
        for placed in unchecked_order(branch)
        if placed.live
        and placed.id in names
        and branch.stages[placed.id].seq > start.stages[names[placed.id]].seq
    )


def target_of_both(
    start: Lock,
    main: Lock,
    branch: Lock,
    tell: Callable[[str], None],
    *,
    cautious: bool = False,
) -> Target:
    """Return the target of both sides together."""

    def of(read: Callable[[Lock], _T]) -> Three[_T]:
        return Three(read(start), read(main), read(branch))

    stages = _stages(start, main, branch, tell, cautious=cautious)
    images = keyed(of(lambda lock: lock.images), "the pin of", tell)
    known = {**branch.images, **main.images, **images}
    used = {image for stage in stages for image in stage.images}
    packages = of(
        lambda lock: {
            (manager, key): spec
            for manager, specs in declared_packages(lock).items()
            for key, spec in specs.items()
        }
    )
    wanted: dict[str, dict[str, str]] = {}
    for (manager, key), spec in sorted(keyed(packages, "package", tell).items()):
        wanted.setdefault(manager, {})[key] = spec
    return Target(
        base=value(of(lambda lock: lock.base), "the base", tell),
        packages=wanted,
        indexes=keyed(of(lambda lock: lock.indexes), "the indexes of", tell),
        setups=tuple(
            keyed(of(lambda lock: dict.fromkeys(lock.setups, True)), "", tell)
        ),
        sources=tuple(
            keyed(of(lambda lock: dict.fromkeys(lock.sources, True)), "", tell)
        ),
        scripts=tuple(
            keyed(of(lambda lock: dict.fromkeys(lock.scripts, True)), "", tell)
        ),
        user=value(of(lambda lock: lock.user), "the user", tell),
        stages=stages,
        # A lock may have lost an image in a merge; if needed, the order reports it.
        images={image: known[image] for image in sorted(used & known.keys())},
        shell=value(of(lambda lock: lock.shell), "the shell", tell),
        config=config_of_both(of(lambda lock: lock.config), tell),
        arguments=keyed(of(lambda lock: lock.arguments), "argument", tell),
        resolve=value(of(lambda lock: lock.resolve_since is not None), "resolve", tell),
        snapshot=of_both(start, main, branch, tell),
    )


def config_of_both(
    three: Three[RuntimeConfig], tell: Callable[[str], None]
) -> RuntimeConfig:
    return RuntimeConfig(
        **{
            field.name: _of_config(three, field.name, tell)
            for field in fields(RuntimeConfig)
        }
    )


def _of_config(
    three: Three[RuntimeConfig], name: str, tell: Callable[[str], None]
) -> FieldValue:
    own: Three[FieldValue] = Three(*(getattr(side, name) for side in three.sides))
    what = f"{name} of the image"
    if isinstance(own.main, Mapping):
        return keyed(own, what, tell)
    return value(own, what, tell)


def _stages(
    start: Lock,
    main: Lock,
    branch: Lock,
    tell: Callable[[str], None],
    *,
    cautious: bool,
) -> tuple[Stage, ...]:
    """Merge the stages of both sides; the branch's new ones come last, in its order.

    A stage is identified by its name in the ancestor, a new one by a name that no stage
    can have, with a space in it; two new ones of the same name are one.
    """
    old, mine, theirs = (_known(start, side) for side in (start, main, branch))
    merged: dict[str, Stage] = {}
    for key in dict.fromkeys([*mine, *theirs]):
        three = Three(old.get(key), mine.get(key), theirs.get(key))
        stage = _stage(three, tell, cautious=cautious)
        if stage is not None:
            merged[key] = stage
    if cautious:
        _bring_back(merged, theirs | mine)
    return _named(merged, tell)


def _known(start: Lock, side: Lock) -> dict[str, Stage]:
    """Return the stages of a side by identifier; references use the identifiers too."""
    names = continued(start, side)
    keys = {name: names.get(name, f"new {name}") for name in side.stages}
    in_order = sorted(side.stages.items(), key=lambda item: (item[1].seq, item[0]))
    return {
        keys[name]: _linked(entry.stage, lambda need: keys.get(need, need))
        for name, entry in in_order
    }


def _linked(stage: Stage, known_by: Callable[[str], str]) -> Stage:
    return stage.following(known_by)


def _stage(
    three: Three[Stage | None], tell: Callable[[str], None], *, cautious: bool
) -> Stage | None:
    start, main, branch = three.sides
    if main is None or branch is None:
        # Removed on one side: gone, unless the other side changed it meanwhile.
        there = main or branch
        if there is None or start is None or there == start:
            return there if start is None else None
        tell(f"stage {there.name!r}")
        return there
    if cautious:
        return main
    if start is None:
        if main != branch:
            tell(f"stage {main.name!r}")
        return main
    sides = Three(start, main, branch)
    return Stage(
        **{
            field.name: _of_stage(sides, BY_NAME[field.name], tell)
            for field in fields(Stage)
        }
    )


def _of_stage(
    three: Three[Stage], row: StageField, tell: Callable[[str], None]
) -> FieldValue:
    """Merge one field of a stage."""
    own: Three[FieldValue] = Three(*(getattr(side, row.name) for side in three.sides))
    what = f"{row.name} of stage {three.main.name!r}"
    match row.kind:
        case _ if row.decides == "again":
            return own.main
        case _ if row.name == "touches" and own.start not in (own.main, own.branch):
            # Mostly found in the commands, which are merged by themselves.
            sets = Three(*(dict.fromkeys(names, True) for names in own.sides))
            return tuple(sorted(keyed(sets, "", tell)))
        case Stages():
            needs = Three(*(dict.fromkeys(names, True) for names in own.sides))
            return tuple(keyed(needs, "", tell))
        case Variables():
            return keyed(own, what, tell)
        case Records() | Lines():
            return listed(own, what, tell)
        case _:
            return value(own, what, tell)


def _bring_back(merged: dict[str, Stage], known: Mapping[str, Stage]) -> None:
    """Keep the stages that one side removed and another stage needs."""
    todo = list(merged.values())
    while todo:
        for need in todo.pop().needs:
            if need not in merged and need in known:
                merged[need] = known[need]
                todo.append(known[need])


def _named(
    merged: Mapping[str, Stage], tell: Callable[[str], None]
) -> tuple[Stage, ...]:
    """Return the stages under their names again, the first of two with one name."""
    final: dict[str, Stage] = {}
    for stage in merged.values():
        if stage.name.casefold() in final:
            tell(f"the name {stage.name!r}")
        else:
            final[stage.name.casefold()] = stage
    names = {key: stage.name for key, stage in merged.items()}
    return tuple(
        _linked(stage, lambda key: names.get(key, key)) for stage in final.values()
    )
