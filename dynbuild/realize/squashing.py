"""Several layers as one that does the same, kept in the tier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.link.squash import needless, squashed_digest
from dynbuild.lock.order import Placed
from dynbuild.plan import shared_layers
from dynbuild.ports import LayerBuilder, Stack, Tier


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that become one; a single one stays as it is.

    ``needless`` has the paths that they delete though nothing lies there below them;
    ``steps`` are those that become one layer.
    """

    layers: Stack
    needless: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Squash:
    """The layer of several steps."""

    steps: tuple[str, ...]
    record: Record


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
            found.append(Group(own, needless(writes, lower), group))
        else:
            # A step alone keeps the layers that it has.
            found += [Group((layer,)) for layer in own]
        lower += writes
    return tuple(found)


def together(
    groups: Sequence[Group], platform: str, tier: Tier, layer_builder: LayerBuilder
) -> tuple[Stack, tuple[Squash, ...]]:
    """The layers of groups, each of several as one, and those. Raises LostError."""
    layers: list[Layer] = []
    squashes: list[Squash] = []
    for group in groups:
        if len(group.layers) == 1:
            layers += group.layers
        else:
            squashes.append(_squash(group, platform, tier, layer_builder))
            layers += squashes[-1].record.layers
    return tuple(layers), tuple(squashes)


def _squash(
    group: Group, platform: str, tier: Tier, layer_builder: LayerBuilder
) -> Squash:
    """A squash from the tier, where it lies under the digests of its parts."""
    parts = tuple(layer.diff_id for layer in group.layers)
    name = squashed_digest(parts, group.needless)
    for record in tier.find([name], platform):
        if record.placed != name or record.parts != parts or len(record.layers) != 1:
            continue
        return Squash(group.steps, record)
    layer = layer_builder.squash(group.layers, group.needless)
    record = Record(name, name, platform, (layer,), {}, parts=parts)
    tier.record(record)
    return Squash(group.steps, record)
