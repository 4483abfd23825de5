"""Recognizing a stage under another name, so that a rename builds nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import groupby
from typing import TypeAlias

from dynbuild.digest import Digest, digest_of
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.recent import kept_with, recently
from dynbuild.lockfile.topology import in_place
from dynbuild.steps.describe import own_facts
from dynbuild.steps.model import Pin, Stage
from dynbuild.values import dataclass

Names = Mapping[str, str]
"""For each stage of a target that is not new, its name in the previous lock."""

Links: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The stages that a stage stands on, and those that it copies from, copy by copy."""


def continued(previous: Lock, target: Lock | Target) -> Names:
    """Match the stages of a target, or of a later lock, with the previous lock's.

    A new or changed stage continues one that left or changed and has exactly its facts:
    then it was renamed. If several have, equal dependencies are preferred, then its own
    name, then the order of names. Any other continues under its own name. Neither side
    has to be sound: merged locks need not be.
    """
    match = _Match(_known(previous), _known(target))
    match.without_rival()
    match.with_equal_links()
    match.with_equal_facts()
    match.own(match.open())
    return match.names


def stages_of(lock: Lock | Target) -> dict[str, Stage]:
    """Return the stages by name, in the order of the lock or target."""
    if isinstance(lock, Lock):
        return {name: entry.stage for name, entry in lock.stages.items()}
    return {stage.name: stage for stage in lock.stages}


@recently
def facts_of(lock: Lock | Target) -> Mapping[str, Digest]:
    """Return a digest of each stage's own facts."""
    return {
        name: _facts_of(
            stage,
            {one: lock.images[one] for one in stage.images if one in lock.images},
            lock.shell,
        )
        for name, stage in stages_of(lock).items()
    }


@kept_with
def _facts_of(stage: Stage, pins: Mapping[str, Pin], shell: tuple[str, ...]) -> Digest:
    return digest_of(own_facts(stage, pins, shell))


def links(stage: Stage, known_as: Callable[[str], str] = str) -> Links:
    """Return the stages that a stage names; ``known_as`` may map to previous names."""
    taken = (known_as(one.stage) for one in stage.inputs if one.stage is not None)
    return tuple(sorted(set(map(known_as, stage.dependencies)))), tuple(taken)


def follow(names: Names) -> Callable[[str], str]:
    """Return a map to names in the previous lock; new stages map to unique names."""
    return lambda name: names.get(name, f"{name} is new")


@dataclass(frozen=True, slots=True)
class _Known:
    """The traits of a stage to match; ``depth`` is 0 if a cycle leaves it no place."""

    stage: Stage
    facts: Digest
    depth: int


@recently
def _known(lock: Lock | Target) -> Mapping[str, _Known]:
    stages, facts = stages_of(lock), facts_of(lock)
    depth: dict[str, int] = {}
    for name in in_place(stages):
        depth[name] = 1 + max((depth[need] for need in stages[name].needs), default=0)
    return {
        name: _Known(stage, facts[name], depth.get(name, 0))
        for name, stage in stages.items()
    }


def _needed_by(stages: Mapping[str, _Known]) -> dict[str, Digest]:
    """Return a digest of all that needs each stage, directly or not, without names."""
    found: dict[str, list[Digest]] = {name: [] for name in stages}
    needed: dict[str, Digest] = {}
    for name in sorted(stages, key=lambda name: (-stages[name].depth, name)):
        needed[name] = digest_of({"needed by": sorted(found[name])})
        own = digest_of({"facts": stages[name].facts, "needed": needed[name]})
        for need in stages[name].stage.needs:
            if need in found:
                found[need].append(own)
    return needed


class _Match:
    """The names matched so far, and the old names that are still free."""

    def __init__(
        self, before: Mapping[str, _Known], after: Mapping[str, _Known]
    ) -> None:
        self._before, self._after = before, after
        self._free = set(before)
        self.names: dict[str, str] = {}

    def open(self) -> list[str]:
        return sorted(self._after.keys() - self.names.keys())

    def own(self, names: Iterable[str]) -> None:
        """Continue stages under their own names, where these are free."""
        for name in names:
            if name in self._free:
                self._take(name, name)

    def without_rival(self) -> None:
        """Match facts that exactly one stage of each side has, whatever its name.

        So is a name whose old facts no stage has now, and whose new facts none had.
        """
        old = Counter(known.facts for known in self._before.values())
        new = Counter(known.facts for known in self._after.values())
        once = {
            known.facts: name
            for name, known in self._before.items()
            if old[known.facts] == new[known.facts] == 1
        }
        for name, known in self._after.items():
            if known.facts in once:
                self._take(name, once[known.facts])
        self.own(
            name
            for name in self._before.keys() & self._after.keys()
            if not old[self._after[name].facts] and not new[self._before[name].facts]
        )

    def with_equal_links(self) -> None:
        """Match equal facts and links, from below: own names first, then by name.

        Stages that share both are distinguished by what needs them.
        """
        if not self._free:
            return
        old: dict[str, Hashable] = {
            name: (self._before[name].facts, links(self._before[name].stage))
            for name in self._free
        }
        above, now_above = _needed_by(self._before), _needed_by(self._after)
        exactly = _by_key({name: (old[name], above[name]) for name in self._free})
        roughly = _by_key(old)
        by_depth = sorted(self.open(), key=lambda name: (self._after[name].depth, name))
        for _, level in groupby(by_depth, lambda name: self._after[name].depth):
            new: dict[str, Hashable] = {
                name: (
                    self._after[name].facts,
                    links(self._after[name].stage, self._probably),
                )
                for name in level
            }
            self.own(name for name in new if old.get(name) == new[name])
            self._first({name: (new[name], now_above[name]) for name in new}, exactly)
            self._first(new, roughly)

    def with_equal_facts(self) -> None:
        old: dict[str, Hashable] = {
            name: self._before[name].facts for name in self._free
        }
        new: dict[str, Hashable] = {
            name: self._after[name].facts for name in self.open()
        }
        self.own(name for name in new if old.get(name) == new[name])
        self._first(new, _by_key(old))

    def _first(
        self,
        wanted: Mapping[str, Hashable],
        candidates: Mapping[Hashable, list[str]],
    ) -> None:
        """Match each name with the first free candidate that has the wanted key."""
        for name, key in wanted.items():
            waiting = candidates.get(key, [])
            while name not in self.names and waiting:
                old = waiting.pop()
                if old in self._free:
                    self._take(name, old)

    def _take(self, name: str, old: str) -> None:
        self.names[name] = old
        self._free.discard(old)

    def _probably(self, name: str) -> str:
        """Return a stage's old name; if not settled yet, its own as the most likely."""
        if name not in self.names and name in self._free:
            return name
        return follow(self.names)(name)


def _by_key(keys: Mapping[str, Hashable]) -> dict[Hashable, list[str]]:
    """Return names by their key, the alphabetically first at the end."""
    names: defaultdict[Hashable, list[str]] = defaultdict(list)
    for name in sorted(keys, reverse=True):
        names[keys[name]].append(name)
    return names
