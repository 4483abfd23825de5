"""Metrics of steps, from the tiers and from what ran here before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.explain.metrics import StepMetrics
from dynbuild.explain.past import Provenance
from dynbuild.link.model import WriteSet
from dynbuild.ports import Tier


def step_metrics(
    digests: Iterable[StepDigest],
    tiers: Mapping[Provenance, Tier],
    seconds: Mapping[str, float],
) -> StepMetrics:
    """Look steps up in tiers, the nearest first.

    ``seconds`` says how long steps took here, by their ids, for steps without a record
    in any tier.
    """
    wanted = sorted(set(digests))
    measured: dict[str, float] = {}
    sizes: dict[PlacedDigest, int] = {}
    sources: dict[PlacedDigest, Provenance] = {}
    wrote = defaultdict[PlacedDigest, list[WriteSet]](list)
    read = defaultdict[PlacedDigest, list[Sequence[str]]](list)
    joined = defaultdict[StepDigest, list[tuple[StepDigest, ...]]](list)
    for name, tier in tiers.items():
        for record in tier.find(wanted):
            sources.setdefault(record.placed, name)
            measured.setdefault(record.placed, record.seconds)
            sizes.setdefault(record.placed, sum(x.size for x in record.layers))
            wrote[record.placed].append(record.writes)
            read[record.placed].append(record.reads)
            if record.joins:
                joined[record.step].append(record.joins)
    return StepMetrics({**seconds, **measured}, sizes, sources, wrote, read, joined)
