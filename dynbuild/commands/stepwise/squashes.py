"""Several layers as one that does the same, kept in the tier."""

from collections.abc import Mapping, Sequence

from dynbuild.link.model import Layer, Record
from dynbuild.link.squash import squashed_digest
from dynbuild.lock.order import Placed
from dynbuild.plan import shared_layers
from dynbuild.ports import Stack, Tier, Workshop


def grouped(
    steps: Sequence[Placed],
    records: Mapping[str, Record],
    moves: Mapping[str, int],
    room: int,
) -> tuple[Stack, ...]:
    """The layers of steps in lock order, those together that share a squash.

    ``records`` goes by the ids of the steps.
    """
    found: list[Stack] = []
    for group in shared_layers(steps, moves, room):
        own = tuple(layer for id_ in group for layer in records[id_].layers)
        # A step alone keeps the layers that it has.
        found += [own] if len(group) > 1 else [(layer,) for layer in own]
    return tuple(found)


def squash(layers: Stack, platform: str, tier: Tier, workshop: Workshop) -> Layer:
    """A squash from the tier, where it lies under the digests of its parts.

    Raises LostError.
    """
    name = squashed_digest(layer.diff_id for layer in layers)
    for record in tier.find([name], platform):
        return record.layers[0]
    layer = workshop.squash(layers)
    tier.record(Record(name, name, platform, (), (layer,), {}, 0.0))
    return layer


def together(
    groups: tuple[Stack, ...], platform: str, tier: Tier, workshop: Workshop
) -> Stack:
    """The layers of groups, each group of several as one. Raises LostError."""
    layers: list[Layer] = []
    for group in groups:
        alone = len(group) < 2  # noqa: PLR2004 - one needs no squash
        layers += group if alone else [squash(group, platform, tier, workshop)]
    return tuple(layers)
