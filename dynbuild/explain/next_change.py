"""The runs that a step's next change would cause, by the real update and plan."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.own_packages import groups_of
from dynbuild.lockfile.update import NOTHING, Requests, update
from dynbuild.steps.log import groups
from dynbuild.steps.model import AptSource, Group, Script, Setup, Stage, Step, User
from dynbuild.values import dataclass

ANOTHER = "another"
"""The name of a package that no declaration has."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A lock in which a step has changed, and the id of the step there."""

    lock: Lock
    id: str


def changed(lock: Lock, step: Step) -> Changed:
    """Return the lock after a change of a step; a package group gets a new package."""
    target = _target(lock)
    requests = NOTHING
    match step:
        case Stage():
            requests = Requests(bump={step.name: step.bump + 1})
        case Group() if owner := _owner(lock, step):
            another = {f"{step.manager} {ANOTHER}": ANOTHER}
            grown = replace(owner, packages={**owner.packages, **another})
            stages = tuple(grown if s.name == owner.name else s for s in target.stages)
            target = replace(target, stages=stages)
        case Group():
            name = ANOTHER
            while name in lock.packages[step.manager]:
                name += ANOTHER
            declared = {**target.packages.get(step.manager, {}), name: name}
            packages = {**target.packages, step.manager: declared}
            target = replace(target, packages=packages)
        case Script():
            text = f"{step.text}\n# {ANOTHER}"
            scripts = tuple(text if t == step.text else t for t in target.scripts)
            target = replace(target, scripts=scripts)
        case Setup():
            more = replace(step, commands=(*step.commands, f": {ANOTHER}"))
            setups = tuple(more if s == step else s for s in target.setups)
            target = replace(target, setups=setups)
        case AptSource():
            other = replace(step, components=(*step.components, ANOTHER))
            sources = tuple(other if s == step else s for s in target.sources)
            target = replace(target, sources=sources)
        case User():
            target = replace(target, user=replace(step, uid=step.uid + 1))
        case _:
            assert_never(step)
    after = update(lock, target, requests)
    return Changed(after, _id(after, step, _ids(lock)))


def _owner(lock: Lock, step: Group) -> Stage | None:
    """Return the stage on whose own base a group is installed, if it is."""
    bare = replace(step, indexes=(), mirrors={}, pins={}, pinned=None)
    image = groups(step.manager, lock.packages.get(step.manager, {}))
    if any(group == bare for _, group in image):
        return None
    return next(
        entry.stage
        for entry in lock.stages.values()
        if any(group == step for _, group in groups_of(entry, lock.mirrors))
    )


def _target(lock: Lock) -> Target:
    """Return the target that a lock was made for; its original order is unknown."""
    in_order: Mapping[str, int] = {
        placed.id: index for index, placed in enumerate(install_order(lock))
    }
    return Target(
        base=lock.base,
        packages=declared_packages(lock),
        indexes=lock.indexes,
        setups=tuple(sorted(lock.setups, key=lambda s: (lock.setups[s], repr(s)))),
        sources=tuple(sorted(lock.sources, key=lambda s: (lock.sources[s], repr(s)))),
        scripts=tuple(sorted(lock.scripts, key=lambda t: (lock.scripts[t], t))),
        user=lock.user,
        stages=tuple(
            entry.stage
            for name, entry in sorted(
                lock.stages.items(), key=lambda item: in_order[item[0]]
            )
        ),
        images=lock.images,
        shell=lock.shell,
        config=lock.config,
        arguments=lock.arguments,
        resolve=lock.resolve_since is not None,
    )


def _ids(lock: Lock) -> dict[str, Step]:
    return {placed.id: placed.step for placed in install_order(lock)}


def _id(after: Lock, step: Step, before: Mapping[str, Step]) -> str:
    """Return the id of the changed step: stage and user keep theirs, others get one."""
    if isinstance(step, Stage):
        return step.name
    same = [
        placed.id
        for placed in install_order(after)
        if isinstance(placed.step, type(step)) and before.get(placed.id) != placed.step
    ]
    return same[-1]
