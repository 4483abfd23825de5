"""Squashing: several layers merged into an equivalent one, which the tier keeps."""

from collections.abc import Mapping, Sequence

from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.link.squash import needless, squashed_digest
from dynbuild.lockfile.order import Placed
from dynbuild.plan import shared_layers
from dynbuild.ports import LayerWriter, Stack, Tier
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class SquashGroup:
    """Layers to squash into one; a single layer stays as it is.

    ``needless`` holds the paths that they delete although no lower layer has them;
    ``steps`` are the steps whose layers are squashed.
    """

    layers: Stack
    needless: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Squash:
    """The squashed layer of several steps."""

    steps: tuple[str, ...]
    record: Record


def grouped(
    steps: Sequence[Placed],
    records: Mapping[str, Record],
    below: WriteSet,
    moves: Mapping[str, int],
    room: int,
) -> tuple[SquashGroup, ...]:
    """Group the layers of steps in lock order by the squash that they share.

    ``records`` is keyed by step id; ``below`` is the write set of the base.
    """
    found: list[SquashGroup] = []
    lower = [below]
    for group in shared_layers(steps, moves, room):
        writes = [records[id_].writes for id_ in group]
        own = tuple(layer for id_ in group for layer in records[id_].layers)
        if len(group) > 1 and len(own) > 1:
            found.append(SquashGroup(own, needless(writes, lower), group))
        else:
            # A single step keeps its layers.
            found += [SquashGroup((layer,)) for layer in own]
        lower += writes
    return tuple(found)


def together(
    groups: Sequence[SquashGroup], platform: str, tier: Tier, layer_writer: LayerWriter
) -> tuple[Stack, tuple[Squash, ...]]:
    """Squash each group; return all layers, and the squashes. Raises LostError."""
    layers: list[Layer] = []
    squashes: list[Squash] = []
    for group in groups:
        if len(group.layers) == 1:
            layers += group.layers
        else:
            squashes.append(_squash(group, platform, tier, layer_writer))
            layers += squashes[-1].record.layers
    return tuple(layers), tuple(squashes)


def _squash(
    group: SquashGroup, platform: str, tier: Tier, layer_writer: LayerWriter
) -> Squash:
    """Return a squash from the tier, keyed by the digests of its parts, or make it."""
    parts = tuple(layer.diff_id for layer in group.layers)
    name = squashed_digest(parts, group.needless)
    for record in tier.find([StepDigest(name)]):
        if (
            record.placed != PlacedDigest(name)
            or record.parts != parts
            or len(record.layers) != 1
        ):
            continue
        return Squash(group.steps, record)
    layer = layer_writer.squash(group.layers, group.needless)
    record = Record(
        PlacedDigest(name), StepDigest(name), platform, (layer,), {}, parts=parts
    )
    tier.record(record)
    return Squash(group.steps, record)
