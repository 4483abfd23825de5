"""Several layers as one that does the same, kept in the tier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.link.squash import needless, squashed_digest
from dynbuild.lock.order import Placed
from dynbuild.plan import shared_layers
from dynbuild.ports import Stack, Tier, Workshop


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that become one; a single one stays as it is.

    ``needless`` has the paths that they delete though nothing lies there below them.
    """

    layers: Stack
    needless: tuple[str, ...] = ()


def grouped(
    steps: Sequence[Placed],
    records: Mapping[str, Record],
    below: WriteSet,
    moves: Mapping[str, int],
    room: int,
) -> tuple[Group, ...]:
    """The layers of steps in lock order, those together that share a squash.

    ``records`` goes by the ids of the steps; ``below`` is what the base holds.
    """
    found: list[Group] = []
    lower = [below]
    for group in shared_layers(steps, moves, room):
        writes = [records[id_].writes for id_ in group]
        own = tuple(layer for id_ in group for layer in records[id_].layers)
        if len(group) > 1 and len(own) > 1:
            found.append(Group(own, needless(writes, lower)))
        else:
            # A step alone keeps the layers that it has.
            found += [Group((layer,)) for layer in own]
        lower += writes
    return tuple(found)


def together(
    groups: Sequence[Group], platform: str, tier: Tier, workshop: Workshop
) -> Stack:
    """The layers of groups, each group of several as one. Raises LostError."""
    return tuple(
        group.layers[0]
        if len(group.layers) == 1
        else _squash(group, platform, tier, workshop)
        for group in groups
    )


def _squash(group: Group, platform: str, tier: Tier, workshop: Workshop) -> Layer:
    """A squash from the tier, where it lies under the digests of its parts."""
    diff_ids = (layer.diff_id for layer in group.layers)
    name = squashed_digest(diff_ids, group.needless)
    for record in tier.find([name], platform):
        return record.layers[0]
    layer = workshop.squash(group.layers, group.needless)
    tier.record(Record(name, name, platform, (), (layer,), {}, 0.0))
    return layer
