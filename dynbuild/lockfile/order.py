"""The install order: a function of the lock alone.

Steps are sorted by (live last, effective seq, kind, depth, own seq, name); the
effective seq of a stage is the largest of its own and of all that it needs. Any lock
without a cycle or a missing stage has such an order, whoever wrote or merged it.

Position and ground are two things: a live stage has its position behind the whole
system chain, so that its layers lie on top, and stands like any other on the last
system step of at most its effective seq.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynbuild.closure import closure
from dynbuild.errors import Diagnostic, LockError
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.origins import with_origins
from dynbuild.lockfile.own_packages import own_steps
from dynbuild.lockfile.recent import recently
from dynbuild.lockfile.topology import dependencies_first, in_place
from dynbuild.steps.log import groups
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Group, OwnBase, Script, Stage, Step
from dynbuild.steps.pins import on, pinned_groups
from dynbuild.steps.recipe import user_packages
from dynbuild.values import dataclass

_KINDS = ("setup", "source", *MANAGERS, "script", "user", "stage")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step in the install order: its id, its effective seq, what it stands on.

    The id of a stage is its name; that of a system step its kind and seq; that of what
    is installed for one stage has the name of that before it. ``on`` holds ids: the
    last system step of at most its seq, if any, and a stage's dependencies.
    """

    id: str
    step: Step
    seq: int
    on: tuple[str, ...]
    live: bool = False
    own_base: OwnBase | None = None
    """What it starts from, if that is not the image's base."""

    def runs_on(self, target: str) -> str:
        """Return the platform that it runs on in an image for a target platform."""
        return (self.own_base and self.own_base.platform) or target

    @property
    def linked(self) -> bool:
        """Whether the image contains it; others copy from an unlinked step."""
        only = isinstance(self.step, Stage) and self.step.build_only
        return not only and self.own_base is None


@recently
def install_order(lock: Lock) -> tuple[Placed, ...]:
    """Return all steps in install order.

    Raises LockError, naming the stages, when the lock is not sound: after a merge.
    """
    dependencies_first({name: entry.stage for name, entry in lock.stages.items()})
    _refuse_lost_images(lock)
    return unchecked_order(lock)


def on_platform(order: Iterable[Placed], platform: str) -> tuple[Placed, ...]:
    """Return steps as one platform has them: of groups, the versions that it gets."""
    return tuple(
        replace(one, step=on(one.step, platform))
        if isinstance(one.step, Group) and one.step.pins
        else one
        for one in order
    )


def closure_of(placed: Placed, order: Iterable[Placed]) -> set[str]:
    """Return the ids of all that a step stands on, directly or not."""
    on = {other.id: other.on for other in order}
    return closure(placed.on, on.__getitem__)


@recently
def unchecked_order(lock: Lock) -> tuple[Placed, ...]:
    """Return the install order of a lock in which every stage has a place."""
    stages = {name: entry.stage for name, entry in lock.stages.items()}
    effective: dict[str, int] = {}
    depth: dict[str, int] = {}
    live: dict[str, bool] = {}
    for name in in_place(stages):
        needs = stages[name].needs
        effective[name] = max(lock.stages[name].seq, *(effective[n] for n in needs), 0)
        depth[name] = max((depth[n] + 1 for n in needs), default=0)
        live[name] = bool(stages[name].live_inputs) or any(live[n] for n in needs)
    in_order = sorted(
        stages,
        key=lambda n: (live[n], effective[n], depth[n], lock.stages[n].seq, n),
    )
    system = system_chain(lock)
    seqs = [step.seq for step in system]
    placed: list[Placed] = []
    done = 0
    for name in in_order:
        ground = bisect_right(seqs, effective[name])
        position = len(system) if live[name] else ground
        placed += system[done:position]
        done = position
        stage = stages[name]
        own = stage.own_base
        chain = tuple(step.id for step in system[:ground][-1:] if own is None)
        own_chain = _own_chain(lock.stages[name], effective[name], lock.mirrors)
        placed += own_chain
        chain = tuple(below.id for below in own_chain[-1:]) or chain
        on = (*chain, *stage.dependencies)
        placed.append(Placed(name, stage, effective[name], on, live[name], own))
    return (*placed, *system[done:])


def _own_chain(entry: Entry, seq: int, mirrors: Mapping[str, str]) -> list[Placed]:
    """Return what is installed for a stage on its own base, each on the one before."""
    chain: list[Placed] = []
    own = entry.stage.own_base
    for id_, step in own_steps(entry, mirrors):
        on = tuple(below.id for below in chain[-1:])
        chain.append(Placed(id_, step, seq, on, own_base=own))
    return chain


def last_system_seq(lock: Lock) -> int:
    """Return the seq of the last step of the system chain, 0 if it is empty."""
    return max((step.seq for step in system_chain(lock)), default=0)


def _refuse_lost_images(lock: Lock) -> None:
    problems = [
        Diagnostic(
            "DB0409",
            f"stage {name!r} starts or copies from the image {image}, which the lock "
            "does not hold",
            hint="two merged changes, one of which took its last use away: run "
            "`dynbuild lock`",
        )
        for name, entry in sorted(lock.stages.items())
        for image in entry.stage.images
        if image not in lock.images
    ]
    if problems:
        raise LockError(*problems)


def system_chain(lock: Lock) -> list[Placed]:
    """Return the system steps in order. Two of a kind may share a seq after a merge."""
    steps: list[tuple[int, str, str, Step]] = [
        (seq, "source", repr(source), source) for source, seq in lock.sources.items()
    ]
    steps += [(seq, "setup", repr(one), one) for one, seq in lock.setups.items()]
    kept = user_packages(lock.user)
    for manager, log in lock.packages.items():
        found = groups(manager, log, kept)
        if manager in lock.resolved:
            found = pinned_groups(found, lock.resolved[manager], lock.sums)
        origins = (lock.indexes, lock.sources, lock.mirrors)
        steps += [
            (seq, manager, "", with_origins(group, seq, *origins))
            for seq, group in found
        ]
    steps += [(seq, "script", text, Script(text)) for text, seq in lock.scripts.items()]
    if lock.user is not None:
        steps.append((lock.user_seq, "user", "", lock.user))
    steps.sort(key=lambda step: (step[0], _KINDS.index(step[1]), step[2]))
    seen: Counter[str] = Counter()
    chain: list[Placed] = []
    for seq, kind, _, step in steps:
        name = f"{kind}.{seq}"
        seen[name] += 1
        unique = f"{name}.{seen[name]}" if seen[name] > 1 else name
        chain.append(Placed(unique, step, seq, tuple(below.id for below in chain[-1:])))
    return chain
