"""The places of stages in an update: which keep their seq, which move to the back.

The rules are numbered as in docs/lock.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.order import Placed, last_system_seq, unchecked_order
from dynbuild.lockfile.renames import Names, facts_of, follow, links, stages_of
from dynbuild.lockfile.topology import dependencies_first
from dynbuild.steps.model import Stage
from dynbuild.steps.sequence import Rank, topological
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an image has from the one that it extends, which is updated already.

    ``last`` is the largest seq of the whole file: all images count with one counter.
    ``moved`` are the inherited stages that have another seq than before; ``left`` is
    the seq from which on stages stood on a source or a script that is gone there, and
    ``rebuilt`` that from which on packages are installed anew.
    """

    lock: Lock | None = None
    last: int = 0
    moved: frozenset[str] = frozenset()
    left: int | None = None
    rebuilt: int | None = None

    @property
    def stages(self) -> Collection[str]:
        return self.lock.stages.keys() if self.lock else ()


NONE = Inherited()
"""For an image that extends no other."""


@dataclass(frozen=True, slots=True)
class PreviousLock:
    """The previous lock, its order, and the names under which its stages continue."""

    lock: Lock
    order: tuple[Placed, ...]
    names: Names
    above: Inherited = NONE


@dataclass(frozen=True, slots=True)
class Moves:
    """The stages of a target that changed themselves, that move, and that are new."""

    changed: frozenset[str]
    moving: frozenset[str]
    new: frozenset[str]


def motion(
    before: PreviousLock,
    lock: Lock,
    target: Target,
    forced: Collection[str],
    edited: Collection[str],
) -> Moves:
    """Return which stages move (rules 3, 4); those in ``forced`` do even unchanged.

    ``edited`` are live stages whose content differs from the previous lock's time: they
    have to run anyway, and may need what was added to the system chain behind them.
    ``lock`` has all other steps already placed.
    """
    inherited = before.above.stages
    stages, previous = stages_of(target), stages_of(before.lock)
    old_facts, new_facts = facts_of(before.lock), facts_of(target)
    changed = {
        name
        for name, old in before.names.items()
        if name not in inherited
        and (
            name in forced
            or old_facts[old] != new_facts[name]
            or previous[old].bump != stages[name].bump
            or links(previous[old]) != links(stages[name], follow(before.names))
        )
    }
    stood = _stood_on_what_left(before, target)
    last = last_system_seq(lock)
    outgrown = {
        step.id
        for step in before.order
        if step.live and step.own_base is None and step.seq < last
    }
    reached = {
        name
        for name, old in before.names.items()
        if name not in inherited
        and (old in stood or (name in edited and old in outgrown))
    }
    reached |= changed | before.above.moved
    for name in dependencies_first(stages):
        if name not in inherited and not reached.isdisjoint(stages[name].needs):
            reached.add(name)
    new = stages.keys() - before.names.keys()
    moving = reached - new - before.above.moved
    return Moves(frozenset(changed), frozenset(moving), frozenset(new))


def place(
    before: PreviousLock, lock: Lock, target: Target, how: Moves
) -> dict[str, Entry]:
    """Return the entries of all stages; ``lock`` has all other steps already placed."""
    stages = stages_of(target)
    previous = before.lock.stages
    staying = {
        name: Entry(
            stages[name], previous[old].seq, previous[old].moves + (name in how.changed)
        )
        for name, old in before.names.items()
    }
    ranks = _ranks(before, target, staying)
    last = max(before.lock.last_seq, lock.last_seq, before.above.last)
    if lock.last_seq <= before.lock.last_seq:
        # Rule 5: stages that are last already would gain nothing by moving. They are
        # set aside, so that a new stage goes behind the new ones that it needs.
        aside: dict[str, Rank] = {**ranks, **dict.fromkeys(how.moving, ())}
        in_order = _in_order(stages, how.moving | how.new, aside)
        new = [name for name in in_order if name in how.new]
        kept = staying | _appended(stages, new, staying, last)
        if _are_last(before, replace(lock, stages=kept), how):
            return kept
    in_order = _in_order(stages, how.moving | how.new, ranks)
    return staying | _appended(stages, in_order, staying, last)


def _in_order(
    stages: Mapping[str, Stage], moving: Collection[str], ranks: Mapping[str, Rank]
) -> list[str]:
    return topological({name: stages[name].needs for name in moving}, ranks)


def _appended(
    stages: Mapping[str, Stage],
    names: list[str],
    staying: Mapping[str, Entry],
    last: int,
) -> dict[str, Entry]:
    """Return entries with new, consecutive seqs."""
    return {
        name: Entry(stages[name], seq, staying[name].moves if name in staying else 0)
        for seq, name in enumerate(names, last + 1)
    }


def _ranks(
    before: PreviousLock, target: Target, staying: Mapping[str, Entry]
) -> dict[str, Rank]:
    """Return the ranks (rule 4): fewer moves, then previous order, then as authored."""
    places = {step.id: place for place, step in enumerate(before.order)}
    return {
        stage.name: (
            staying[stage.name].moves if stage.name in staying else 0,
            places[before.names[stage.name]] if stage.name in staying else len(places),
            authored,
        )
        for authored, stage in enumerate(target.stages)
    }


def _are_last(before: PreviousLock, candidate: Lock, how: Moves) -> bool:
    """Whether the moving steps are last already.

    No step that stays is behind the first that moves, none that moves left live, and
    none that is live stands on less than the whole system chain.
    """
    was_live = {step.id for step in before.order if step.live}
    last = last_system_seq(candidate)
    behind = False
    for step in unchecked_order(candidate):
        if step.id in how.moving:
            behind = True
            if step.live:
                if step.own_base is None and step.seq < last:
                    return False
            elif before.names[step.id] in was_live:
                return False
        elif behind and step.id not in how.new:
            return False
    return True


def _stood_on_what_left(before: PreviousLock, target: Target) -> set[str]:
    """Return old names of the stages that stood on a script or source that left."""
    left = earliest(left_from(before.lock, target), before.above.left)
    if left is None:
        return set()
    return {
        step.id for step in before.order if step.seq >= left and step.own_base is None
    } & {*before.lock.stages}


def left_from(previous: Lock, target: Target | Lock) -> int | None:
    """Return the seq from which on stages stood on a source or a script that left."""
    gone = [
        *(seq for text, seq in previous.scripts.items() if text not in target.scripts),
        *(seq for one, seq in previous.sources.items() if one not in target.sources),
    ]
    return min(gone, default=None)


def earliest(*seqs: int | None) -> int | None:
    """Return the lowest of some seqs, if there is any."""
    return min((seq for seq in seqs if seq is not None), default=None)
