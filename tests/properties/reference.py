"""The update rules of docs/lock.md once more: naive, slow, straight from the prose.

Shares no code with ``dynbuild.lock`` but its values. What the prose leaves open is
taken as docs/lock.md says: apt sources go first and count like scripts, and a new
user step counts as something appended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.steps.model import Copy, Pin, Stage
from tests.properties.reference_logs import (
    Logs,
    folded_from,
    freshened_now,
    package_events,
    transactions,
)
from tests.properties.reference_needs import (
    base_differs,
    closure,
    needs,
    topological,
)
from tests.properties.reference_numbers import Numbers, told_logs, wanted_numbers

MANAGERS = ("apt", "yum", "apk", "pip", "npm")
KINDS = ("setup", "source", *MANAGERS, "script", "user", "stage")

StepId: TypeAlias = tuple[str, str]
"""Kind and what tells steps of a kind apart."""


@dataclass
class State:
    """A lock as plain numbers: seqs, events, and the stages as they are written."""

    setups: dict[object, int]
    sources: dict[object, int]
    events: Logs
    scripts: dict[str, int]
    user: int
    stages: dict[str, Stage]
    seqs: dict[str, int]
    moves: dict[str, int]
    indexes: Mapping[str, object] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=dict)
    upgrades: dict[str, int] = field(default_factory=dict)
    """By manager how many upgrades were asked for, as far as the lock tells."""

    @property
    def last(self) -> int:
        seqs = [seq for log in self.events.values() for seq, _ in log]
        seqs += [*self.sources.values(), *self.scripts.values(), *self.seqs.values()]
        seqs += self.setups.values()
        return max([0, self.user, *seqs])


def state_of(lock: Lock) -> State:
    events, numbers = told_logs(lock.packages)
    upgrades = dict(lock.upgrades)
    own = [told_logs(entry.packages)[1] for entry in lock.stages.values()]
    for found in (numbers, *own):
        for (manager, _), number in found.items():
            upgrades[manager] = max(upgrades.get(manager, 0), number)
    return State(
        setups=dict(lock.setups),
        sources=dict(lock.sources),
        indexes=lock.indexes,
        events=events,
        numbers=numbers,
        upgrades={manager: number for manager, number in upgrades.items() if number},
        scripts=dict(lock.scripts),
        user=lock.user_seq,
        stages={name: entry.stage for name, entry in lock.stages.items()},
        seqs={name: entry.seq for name, entry in lock.stages.items()},
        moves={name: entry.moves for name, entry in lock.stages.items()},
    )


def facts(stage: Stage, images: dict[str, Pin], shell: tuple[str, ...]) -> object:
    """A stage's own description and its liveness."""

    def told(copy: Copy) -> object:
        name = copy.to.endswith("/") and not copy.files and copy.path.rpartition("/")[2]
        return _taken(copy, images), copy.to, copy.owner, copy.mode, name

    run = (
        stage.commands,
        tuple((_taken(mount, images), mount.to) for mount in stage.mounts),
        tuple(sorted(stage.build_env.items())),
        stage.user,
        stage.workdir,
        stage.shell or (("/bin/sh", "-c") if stage.base else shell),
        stage.network,
        stage.ssh,
        stage.cache_mounts,
        stage.secrets,
    )
    base = stage.base and (images[stage.base].digest or stage.base)
    packages = tuple(sorted(stage.packages.items()))
    own = (sorted(stage.env.items()), stage.files, base, stage.platform, packages)
    return (tuple(map(told, stage.copies)), own, run if stage.commands else ())


def _taken(copy: Copy, images: dict[str, Pin]) -> tuple[object, ...]:
    if copy.stage:
        return "stage", copy.path, copy.exclude
    if copy.image:
        what = images[copy.image].digest or copy.image
        return "image", what, copy.path, copy.exclude
    if copy.digest:
        return "files", copy.digest
    return "live", copy.path, copy.exclude


def is_live(name: str, stages: dict[str, Stage]) -> bool:
    return any(
        copy.stage is None and copy.image is None and copy.digest is None
        for below in {name} | closure(name, stages)
        for copy in stages[below].inputs
    )


def depth(name: str, stages: dict[str, Stage]) -> int:
    return max((depth(need, stages) + 1 for need in needs(stages[name])), default=0)


def order(state: State) -> list[StepId]:
    """(live last, effective seq, kind, depth, own seq, name)."""
    rows: list[tuple[tuple[bool, int, int, int, int, str], StepId]] = []

    def add(kind: str, seq: int, name: str) -> None:
        rows.append(((False, seq, KINDS.index(kind), 0, seq, name), (kind, name)))

    for setup, seq in state.setups.items():
        add("setup", seq, repr(setup))
    for source, seq in state.sources.items():
        add("source", seq, repr(source))
    for manager, seq in transactions(state.events):
        add(manager, seq, str(seq))
    for text, seq in state.scripts.items():
        add("script", seq, text)
    if state.user:
        add("user", state.user, "")
    for name in state.stages:
        key = (
            is_live(name, state.stages),
            effective(name, state.stages, state.seqs),
            KINDS.index("stage"),
            depth(name, state.stages),
            state.seqs[name],
            name,
        )
        rows.append((key, ("stage", name)))
    return [step for _, step in sorted(rows)]


def renames(before: State, old: Lock, target: Target) -> dict[str, str] | None:
    """Rule 1 where it leaves no choice; else None."""
    was = {n: facts(s, dict(old.images), old.shell) for n, s in before.stages.items()}
    now = {s.name: facts(s, dict(target.images), target.shell) for s in target.stages}
    names: dict[str, str] = {}
    for name, what in now.items():
        same_now = [n for n in now if now[n] == what]
        same_before = [n for n in was if was[n] == what]
        if len(same_now) == len(same_before) == 1:
            names[name] = same_before[0]
        elif same_before and len(same_now) + len(same_before) > 1:
            return None
    for name in now:
        if name in was and name not in names and name not in names.values():
            names[name] = name
    return names


def effective(name: str, stages: dict[str, Stage], seqs: dict[str, int]) -> int:
    return max(seqs[one] for one in {name} | closure(name, stages))


def reference(
    old: Lock | None,
    target: Target,
    asked: Requests,
    names: dict[str, str],
    edited: frozenset[str] = frozenset(),
) -> State:
    """The lock that the rules ask for; ``names`` are the renames to follow."""
    before = state_of(old) if old else EMPTY
    moves = {s.name: before.moves.get(names.get(s.name, ""), 0) for s in target.stages}
    left = set(before.setups) - set(target.setups)
    if old is None or asked.repack or left or base_differs(old, target):
        for name in names:
            moves[name] += name in asked.move or name in asked.bump
        state, last = system(EMPTY, target, NOTHING)
        state.moves = moves
        ranked = topological(
            state.stages,
            state.stages,
            lambda name: (moves[name], list(state.stages).index(name)),
        )
        state.seqs = {name: last + 1 + place for place, name in enumerate(ranked)}
        return with_numbers(before, state, asked, 0)
    state, last = system(before, target, asked)
    changed = changed_stages(old, target, asked, names)
    state.moves = {name: count + (name in changed) for name, count in moves.items()}
    stood = stood_on_what_left(before, target)
    outgrown = {
        name
        for name, was in names.items()
        if name in edited
        and before.stages[was].base is None
        and is_live(was, before.stages)
        and effective(was, before.stages, before.seqs) < chain_end(state)
    }
    moving = {
        name
        for name in names
        for below in [{name} | closure(name, state.stages)]
        if below
        & (changed | outgrown | {one for one, was in names.items() if was in stood})
    }
    found = without_end(
        before, placed(before, state, names, moving, last), asked.upgrade
    )
    anew = min(gone_from(before, target), default=None)
    return with_numbers(before, found, asked, anew)


def with_numbers(
    before: State, state: State, asked: Requests, anew: int | None
) -> State:
    """Number the transactions; from the seq ``anew`` on all is built anew, if any."""
    events = {key: log for key, log in state.events.items() if log}
    fresh = freshened_now(before.events, events, asked)
    upgrade = {
        (m, key): max(before.upgrades.get(m, 0) + 1, asked.upgrades.get(m, 0))
        for m, key in (*asked.upgrade, *fresh)
    }
    numbers = wanted_numbers(events, before.numbers, anew, upgrade)
    return replace(state, numbers=numbers)


EMPTY = State({}, {}, {}, {}, 0, {}, {}, {})


def system(before: State, target: Target, asked: Requests) -> tuple[State, int]:
    """Everything but the stages' seqs, and the last seq that was given out."""
    stages = {stage.name: stage for stage in target.stages}
    events = {key: list(log) for key, log in before.events.items()}
    state = State({}, {}, events, {}, 0, stages, {}, {})
    last = before.last
    for setup in target.setups:
        last += setup not in before.setups
        state.setups[setup] = before.setups.get(setup, last)
    for source in target.sources:
        last += source not in before.sources
        state.sources[source] = before.sources.get(source, last)
    for manager in MANAGERS:
        for news in package_events(before.events, manager, target, asked):
            last += bool(news)
            for key, what in news.items():
                events.setdefault((manager, key), []).append((last, what))
    for script in target.scripts:
        last += script not in before.scripts
        state.scripts[script] = before.scripts.get(script, last)
    if target.user:
        last += before.user == 0
        state.user = before.user or last
    fold(before, state, target)
    return state, max(before.last, state.last)


def chain_end(state: State) -> int:
    """The last seq of a step that is no stage."""
    seqs = [seq for _, seq in transactions(state.events)]
    seqs += [*state.setups.values(), *state.sources.values(), *state.scripts.values()]
    return max([0, state.user, *seqs])


def gone_from(before: State, target: Target) -> list[int]:
    """From which seqs on all is built anew: something that stood there has left."""
    sources = [
        s for source, s in before.sources.items() if source not in target.sources
    ]
    sources += [
        seq
        for (manager, _), log in before.events.items()
        if before.indexes.get(manager) != target.indexes.get(manager)
        for seq, _ in log
    ]
    return sources + [
        s + 1 for t, s in before.scripts.items() if t not in target.scripts
    ]


def fold(before: State, state: State, target: Target) -> None:
    """Behind what left, only the event of a package stays that still says something."""
    since = min(gone_from(before, target), default=None)
    if since is not None:
        state.events = folded_from(state.events, since)


def without_end(
    before: State, state: State, upgrade: frozenset[tuple[str, str]]
) -> State:
    """Rule 4, last part: old groups at the end that new events leave nothing to say."""
    last, found = before.last, state.events
    seqs = {seq for log in found.values() for seq, _ in log}
    standing = [0, *state.sources.values(), *state.scripts.values(), state.user]
    standing += [effective(name, state.stages, state.seqs) for name in state.stages]
    for log in found.values():
        if any(seq > last and what[0] in "^!" for seq, what in log):
            standing += [seq for seq, what in log if what[0] in "^!"]
    floor = max(seq for seq in standing if seq <= last)
    old = sorted((seq for seq in seqs if floor < seq <= last), reverse=True)
    for since in old if max(seqs, default=0) > last else ():
        left = folded_from(state.events, since)
        if any(since <= seq <= last for log in left.values() for seq, _ in log):
            break
        if any(left.get(key, [])[-1:] != found.get(key, [])[-1:] for key in upgrade):
            break
        found = left
    return replace(state, events=found)


def changed_stages(
    old: Lock, target: Target, asked: Requests, names: dict[str, str]
) -> set[str]:
    """Description, liveness, lists of dependencies and copies, renames followed."""
    stages = {stage.name: stage for stage in target.stages}
    before = state_of(old).stages

    def lists(stage: Stage, known: dict[str, str]) -> object:
        copied = [known.get(c.stage, (c.stage,)) for c in stage.inputs if c.stage]
        return {known.get(name, (name,)) for name in stage.dependencies}, copied

    itself = {name: name for name in before}
    return {
        name
        for name, was in names.items()
        if facts(stages[name], dict(target.images), target.shell)
        != facts(before[was], dict(old.images), old.shell)
        or lists(stages[name], names) != lists(before[was], itself)
        or name in asked.bump
        or name in asked.move
    }


def stood_on_what_left(before: State, target: Target) -> set[str]:
    seqs = [s for text, s in before.scripts.items() if text not in target.scripts]
    seqs += [s for one, s in before.sources.items() if one not in target.sources]
    return {
        name
        for name in before.stages
        for seq in seqs
        if before.stages[name].base is None
        if effective(name, before.stages, before.seqs) >= seq
    }


def placed(
    before: State, state: State, names: dict[str, str], moving: set[str], last: int
) -> State:
    """Rule 5 where it fits, else rule 4."""
    previous = order(before)
    stages, new = state.stages, set(state.stages) - set(names)

    def rank(name: str) -> object:
        if name in new:
            return (0, len(previous), list(stages).index(name))
        return (state.moves[name], previous.index(("stage", names[name])), 0)

    def behind(those: set[str]) -> State:
        seqs = {name: before.seqs[was] for name, was in names.items()}
        for place, name in enumerate(topological(those, stages, rank)):
            seqs[name] = last + 1 + place
        return replace(state, seqs=seqs)

    appended = last > before.last
    stopped_being_live = any(
        is_live(names[name], before.stages) and not is_live(name, stages)
        for name in moving
    )
    kept = behind(new)
    steps = order(kept)
    first = min((steps.index(("stage", name)) for name in moving), default=len(steps))
    not_unchanged = {("stage", name) for name in moving | new}
    already_last = all(step in not_unchanged for step in steps[first:])
    on_less = any(
        is_live(name, stages) and effective(name, stages, kept.seqs) < chain_end(state)
        for name in moving
        if stages[name].base is None
    )
    if not appended and not stopped_being_live and already_last and not on_less:
        return kept
    return behind(moving | new)
