"""Knowing a stage again under another name, so that a rename builds nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from dynbuild.digest import Digest, digest_of
from dynbuild.lock.model import Lock, Target
from dynbuild.lock.topology import dependencies_first
from dynbuild.steps.describe import own_facts
from dynbuild.steps.model import Stage

Names = Mapping[str, str]
"""For each stage of a target that is not new, its name in the lock before."""


def continued(previous: Lock, target: Lock | Target) -> Names:
    """Match the stages of a target, or of a later lock, with those of the lock before.

    A stage goes on under its name unless another one left or changed that has its
    very facts (equal dependencies preferred, then the order of names): then it was
    renamed. Swaps and chains of renames are followed.
    """
    before, after = stages_of(previous), stages_of(target)
    facts_before = facts_of(before.values(), previous)
    facts_after = facts_of(after.values(), target)
    names = {
        name: name
        for name in before.keys() & after.keys()
        if facts_before[name] == facts_after[name]
        and links(before[name]) == links(after[name])
    }
    changed = [name for name in dependencies_first(after) if name not in names]
    free: defaultdict[Digest, list[str]] = defaultdict(list)
    for name in sorted(before.keys() - names.keys()):
        free[facts_before[name]].append(name)

    def settle(fits: Callable[[str, str], bool]) -> None:
        for name in changed:
            if name in names:
                continue
            candidates = free[facts_after[name]]
            old = next((old for old in candidates if fits(name, old)), None)
            if old is not None:
                names[name] = old
                candidates.remove(old)

    def equal_links(name: str, old: str) -> bool:
        return links(after[name], names) == links(before[old])

    settle(lambda name, old: name == old and equal_links(name, old))
    settle(equal_links)
    settle(lambda name, old: name == old)
    settle(lambda name, old: name not in before and old not in after)
    taken = set(names.values())
    for name in changed:
        if name in before and name not in taken:
            names.setdefault(name, name)
    return names


def stages_of(lock: Lock | Target) -> dict[str, Stage]:
    """The stages by name, in the order that the lock or target has them."""
    if isinstance(lock, Lock):
        return {name: entry.stage for name, entry in lock.stages.items()}
    return {stage.name: stage for stage in lock.stages}


def facts_of(stages: Iterable[Stage], lock: Lock | Target) -> dict[str, Digest]:
    """A digest of each stage's own facts, the default shell resolved."""
    facts = {}
    for stage in stages:
        described = dict(own_facts(stage, lock.images))
        described["shell"] = list(stage.shell or lock.shell)
        # The refresh number is the lock's own: no declaration says it.
        del described["bump"]
        facts[stage.name] = digest_of(described)
    return facts


def links(stage: Stage, names: Names | None = None) -> object:
    """What a stage names, under the names of the lock before (None: it is new)."""

    def known_as(name: str) -> str:
        return name if names is None else names.get(name, f"{name} is new")

    copied = [known_as(copy.stage) for copy in stage.copies if copy.stage is not None]
    return sorted(map(known_as, stage.dependencies)), copied
