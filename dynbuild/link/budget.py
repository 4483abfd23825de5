"""The layer budget: which neighbouring steps share a layer so that an image fits it.

See docs/design/stacking.md. It follows from the lock alone. The steps are cut where
their seq passes a multiple of a width. A cut does not depend on the other steps: a step
that changes leaves its group for the back, and every other group, squashed before,
stays as it was. The groups are squashed one after another, coldest first: system steps,
then those whose stages moved least, then the oldest; live steps never. If the budget
requires more, the width doubles: each wider group consists of whole narrower ones.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dynbuild.steps.model import Setup, Stage, Step
from dynbuild.values import dataclass

BUDGET = 100
"""Budget of layers of an image, including those of its base."""

DEEPEST = 250
"""Maximum number of layers that a step is built on, including those of the base.

Builders mount them with overlayfs, whose options have to fit into a page of 4096 bytes,
``123456/fs:`` for each: on a fresh engine a 483rd step failed.
"""

LONGEST = 100
"""Maximum number of layers that one build adds to those, of steps that stand one on the
other."""

_NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Member:
    """A step of a stack: its position and its heat.

    ``layers`` is its maximum number of layers, ``moves`` how often its stage changed.
    """

    id: str
    seq: int
    layers: int = 1
    moves: int = 0
    system: bool = False
    live: bool = False


def height_of(step: Step) -> int:
    """Return how many layers a step has: its inputs and its script."""
    if isinstance(step, Stage):
        taken = (*step.add, *step.copies, *step.files)
        return len(taken) + bool(step.commands)
    if isinstance(step, Setup):
        return len(step.copies) + len(step.files) + bool(step.commands)
    return 1


def groups(stack: Sequence[Member], room: int) -> tuple[tuple[str, ...], ...]:
    """Group the steps of a stack, in order, by the squashed layer that they share.

    ``room`` is the number of layers that they may have. A step alone keeps the layers
    that it has. If live steps take the room, there may be more layers than that.
    """
    cuts = set(range(len(stack) + 1))
    heights = [member.layers for member in stack]
    over = sum(heights) - room
    width = _NARROWEST
    while stack and over > 0:
        wide = [
            (first, last)
            for first, last in _neighbours(stack, width)
            if last - first > 1 and sum(heights[first:last]) > 1
        ]
        for first, last in sorted(wide, key=lambda group: _heat(stack, *group)):
            if over <= 0:
                break
            over -= sum(heights[first:last]) - 1
            heights[first:last] = [1] + [0] * (last - first - 1)
            cuts -= set(range(first + 1, last))
        if width > max(member.seq for member in stack):
            break
        width *= 2
    ends = sorted(cuts)
    return tuple(
        tuple(member.id for member in stack[first:last])
        for first, last in pairwise(ends)
    )


def _neighbours(stack: Sequence[Member], width: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of the runs of steps between two multiples of a width.

    Runs of live steps are left out.
    """
    first = 0
    for here in range(1, len(stack) + 1):
        if here == len(stack) or _cell(stack[here], width) != _cell(
            stack[first], width
        ):
            if not stack[first].live:
                yield first, here
            first = here


def _cell(member: Member, width: int) -> tuple[bool, int]:
    return member.live, member.seq // width


def _heat(stack: Sequence[Member], first: int, last: int) -> tuple[bool, int, int]:
    """Return the heat of a run: that of its hottest step, then its age."""
    members = stack[first:last]
    hottest = max((not member.system, member.moves) for member in members)
    return (*hottest, members[0].seq)
