"""The install order: a function of the lock alone.

Steps are sorted by (live last, effective seq, kind, depth, own seq, name); the
effective seq of a stage is the largest of its own and of all that it needs. Any lock
without a cycle or a missing stage has such an order, whoever wrote or merged it.
"""

from collections import Counter
from dataclasses import dataclass

from dynbuild.lock.model import Lock
from dynbuild.lock.topology import dependencies_first
from dynbuild.steps.log import groups
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Script, Stage, Step
from dynbuild.steps.recipe import user_packages

_KINDS = ("source", *MANAGERS, "script", "user", "stage")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step in the install order: its id, its effective seq, what it stands on.

    The id of a stage is its name; that of a system step its kind and seq. ``on``
    holds ids: the system step before it, if any, and a stage's dependencies.
    """

    id: str
    step: Step
    seq: int
    on: tuple[str, ...]
    live: bool = False

    @property
    def linked(self) -> bool:
        """Whether the image has it; others copy from what is not linked."""
        return not (isinstance(self.step, Stage) and self.step.build_only)


def install_order(lock: Lock) -> tuple[Placed, ...]:
    """All steps in install order.

    Raises LockError, naming the stages, when the lock is not sound: after a merge.
    """
    stages = {name: entry.stage for name, entry in lock.stages.items()}
    sequence = dependencies_first(stages)
    effective: dict[str, int] = {}
    depth: dict[str, int] = {}
    live: dict[str, bool] = {}
    for name in sequence:
        needs = stages[name].needs
        effective[name] = max(lock.stages[name].seq, *(effective[n] for n in needs), 0)
        depth[name] = max((depth[n] + 1 for n in needs), default=0)
        live[name] = any(copy.live for copy in stages[name].copies) or any(
            live[n] for n in needs
        )
    in_order = sorted(
        stages,
        key=lambda n: (live[n], effective[n], depth[n], lock.stages[n].seq, n),
    )
    placed: list[Placed] = []
    chain: tuple[str, ...] = ()
    system = _system_steps(lock)
    for name in in_order:
        while system and (live[name] or system[0].seq <= effective[name]):
            placed.append(_on(system.pop(0), chain))
            chain = (placed[-1].id,)
        on = (*chain, *stages[name].dependencies)
        placed.append(Placed(name, stages[name], effective[name], on, live[name]))
    for step in system:
        placed.append(_on(step, chain))
        chain = (placed[-1].id,)
    return tuple(placed)


def _on(step: Placed, chain: tuple[str, ...]) -> Placed:
    return Placed(step.id, step.step, step.seq, chain)


def _system_steps(lock: Lock) -> list[Placed]:
    """The system chain in order. Two of a kind may share a seq, after a merge."""
    steps: list[tuple[int, str, str, Step]] = []
    for source, seq in lock.sources.items():
        name = f"{source.uri} {source.suites} {source.components} {source.key_digest}"
        steps.append((seq, "source", name, source))
    for manager, log in lock.packages.items():
        kept = user_packages(lock.user)
        steps += [
            (seq, manager, "", group) for seq, group in groups(manager, log, kept)
        ]
    steps += [(seq, "script", text, Script(text)) for text, seq in lock.scripts.items()]
    if lock.user is not None:
        steps.append((lock.user_seq, "user", "", lock.user))
    steps.sort(key=lambda step: (step[0], _KINDS.index(step[1]), step[2]))
    seen: Counter[str] = Counter()
    placed: list[Placed] = []
    for seq, kind, _, step in steps:
        name = f"{kind}.{seq}"
        seen[name] += 1
        unique = f"{name}.{seen[name]}" if seen[name] > 1 else name
        placed.append(Placed(unique, step, seq, ()))
    return placed
