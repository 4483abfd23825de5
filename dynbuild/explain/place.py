"""The reasons for the positions of steps, from the lock alone."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.steps.model import Stage
from dynbuild.values import dataclass

Placing: TypeAlias = Literal["recorded", "kept", "changed", "needs", "live"]
"""The rule that decides a place; stable, and listed in docs/why.md."""


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a step: its position, counted from 1, and what decides it.

    ``seq`` is the effective one, ``own_seq`` the one that the lock records; a stage
    has changed ``moves`` times. ``needs`` names the stages that determine the seq, or
    that make the step live.
    """

    position: int
    seq: int
    own_seq: int
    moves: int
    code: Placing
    needs: tuple[str, ...] = ()


def places(lock: Lock, order: tuple[Placed, ...]) -> Mapping[str, Position]:
    """Return the places of all steps by id."""
    seqs = {placed.id: placed.seq for placed in order}
    live = {placed.id for placed in order if placed.live}
    positions: dict[str, Position] = {}
    for position, placed in enumerate(order, 1):
        step = placed.step
        if not isinstance(step, Stage):
            positions[placed.id] = Position(
                position, placed.seq, placed.seq, 0, "recorded"
            )
            continue
        entry = lock.stages[step.name]
        code: Placing = "changed" if entry.moves else "kept"
        needs: tuple[str, ...] = ()
        if placed.live:
            code = "live"
            needs = tuple(need for need in step.needs if need in live)
        elif placed.seq > entry.seq:
            code = "needs"
            needs = tuple(need for need in step.needs if seqs[need] == placed.seq)
        positions[placed.id] = Position(
            position, placed.seq, entry.seq, entry.moves, code, needs
        )
    return positions
