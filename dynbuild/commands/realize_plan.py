"""Which record each step has, and what has to be built, until plan.py decides it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dynbuild.digest import Digest
from dynbuild.link.model import Record
from dynbuild.lock.order import Placed


@dataclass(frozen=True, slots=True)
class Reuse:
    """A step that is held: the record whose stack is the one chosen."""

    record: Record
    closure: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """A step that is missing: what it is built on, in lock order."""

    closure: tuple[str, ...]
    placed: Digest


Plan = Mapping[str, Reuse | Build]


def plan(
    order: tuple[Placed, ...],
    digests: Mapping[str, Digest],
    base: tuple[Digest, ...],
    records: Iterable[Record],
) -> Plan:
    """The first fitting record of each step, in lock order."""
    by_placed: dict[Digest, list[Record]] = {}
    for record in records:
        by_placed.setdefault(record.placed, []).append(record)
    below: dict[str, frozenset[str]] = {}
    chosen: dict[str, Reuse | Build] = {}
    for placed in order:
        below[placed.id] = frozenset(placed.on).union(*(below[on] for on in placed.on))
        closure = tuple(p.id for p in order if p.id in below[placed.id])
        digest = digests[placed.id]
        stack = stack_of(closure, chosen, base)
        fitting = [
            record for record in by_placed.get(digest, ()) if record.stack == stack
        ]
        if stack is not None and fitting:
            best = min(fitting, key=lambda r: [layer.diff_id for layer in r.layers])
            chosen[placed.id] = Reuse(best, closure)
        else:
            chosen[placed.id] = Build(closure, digest)
    return chosen


def stack_of(
    closure: Iterable[str], chosen: Plan, base: tuple[Digest, ...]
) -> tuple[Digest, ...] | None:
    """The diff ids of a closure, or None where some of it is yet to be built."""
    stack = list(base)
    for step in closure:
        decision = chosen[step]
        if isinstance(decision, Build):
            return None
        stack += [layer.diff_id for layer in decision.record.layers]
    return tuple(stack)
