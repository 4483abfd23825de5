"""Where the stages of an update stand: who keeps a seq, who moves to the back.

The rules are numbered as in docs/lock.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dynbuild.lock.model import Entry, Lock, Target
from dynbuild.lock.order import install_order
from dynbuild.lock.renames import Names, facts_of, links, stages_of
from dynbuild.lock.topology import Rank, dependencies_first, topological
from dynbuild.steps.model import AptSource, Script, Stage


@dataclass(frozen=True, slots=True)
class Motion:
    """Which stages of a target changed themselves, move, or are new."""

    changed: frozenset[str]
    moving: frozenset[str]
    new: frozenset[str]


def motion(
    previous: Lock, target: Target, names: Names, forced: Collection[str]
) -> Motion:
    """Rules 3 and 4: who moves. ``forced`` names stages that move unchanged."""
    stages = stages_of(target)
    before = {name: previous.stages[old].stage for name, old in names.items()}
    old_facts = facts_of((entry.stage for entry in previous.stages.values()), previous)
    new_facts = facts_of(stages.values(), target)
    changed = {
        name
        for name, old in before.items()
        if name in forced
        or old_facts[old.name] != new_facts[name]
        or old.bump != stages[name].bump
        or links(old) != links(stages[name], names)
    }
    stood = _stood_on_what_left(previous, target)
    reached = changed | {name for name, old in names.items() if old in stood}
    for name in dependencies_first(stages):
        if not reached.isdisjoint(stages[name].needs):
            reached.add(name)
    new = stages.keys() - names.keys()
    return Motion(frozenset(changed), frozenset(reached - new), frozenset(new))


def place(
    previous: Lock, lock: Lock, target: Target, names: Names, how: Motion
) -> dict[str, Entry]:
    """The entries of all stages; ``lock`` has the other steps of the update placed."""
    stages = stages_of(target)
    entries = {
        name: Entry(
            stages[name],
            previous.stages[old].seq,
            previous.stages[old].moves + (name in how.changed),
        )
        for name, old in names.items()
    }
    ranks = _ranks(previous, target, names, entries)
    last = max(previous.last_seq, lock.last_seq)
    if lock.last_seq <= previous.last_seq:
        # Rule 5: what is last already would gain nothing by moving.
        kept = entries | _appended(stages, how.new, ranks, {}, last)
        if _are_last(previous, replace(lock, stages=kept), names, how):
            return kept
    return entries | _appended(stages, how.moving | how.new, ranks, entries, last)


def _appended(
    stages: Mapping[str, Stage],
    moving: Collection[str],
    ranks: Mapping[str, Rank],
    entries: Mapping[str, Entry],
    last: int,
) -> dict[str, Entry]:
    """New seqs in an order that the needs allow."""
    order = topological({name: stages[name] for name in moving}, ranks)
    return {
        name: Entry(stages[name], seq, entries[name].moves if name in entries else 0)
        for seq, name in enumerate(order, last + 1)
    }


def _ranks(
    previous: Lock, target: Target, names: Names, entries: Mapping[str, Entry]
) -> dict[str, Rank]:
    """Rule 4: fewer moves first, then the previous order, then as authored."""
    places = {step.id: place for place, step in enumerate(install_order(previous))}
    return {
        stage.name: (
            entries[stage.name].moves if stage.name in entries else 0,
            places[names[stage.name]] if stage.name in names else len(places),
            authored,
        )
        for authored, stage in enumerate(target.stages)
    }


def _are_last(previous: Lock, candidate: Lock, names: Names, how: Motion) -> bool:
    """No step that stays stands behind the first that moves, and none left live."""
    was_live = {step.id for step in install_order(previous) if step.live}
    behind = False
    for step in install_order(candidate):
        if step.id in how.moving:
            behind = True
            if not step.live and names[step.id] in was_live:
                return False
        elif behind and step.id not in how.new:
            return False
    return True


def _stood_on_what_left(previous: Lock, target: Target) -> set[str]:
    """Old names of the stages behind the first script or source that left."""
    stood: set[str] = set()
    gone = False
    for placed in install_order(previous):
        match placed.step:
            case Script(text):
                gone = gone or text not in target.scripts
            case AptSource() as source:
                gone = gone or source not in target.sources
            case Stage(name) if gone:
                stood.add(name)
            case _:
                pass
    return stood
