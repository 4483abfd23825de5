"""``verify``: a step twice, on the same ground, with nothing cached."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial

from dynbuild.link.model import Record
from dynbuild.lockfile.model import Lock
from dynbuild.plan import Reuse
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Asked, Backends, How
from dynbuild.realization.request import (
    RealizeOptions,
    platform_of,
    refuse_host_network,
)
from dynbuild.realization.run import begin, lasting
from dynbuild.realization.steps import realize_steps

APART = 2.0
"""Seconds between two runs: the coarsest time that archives hold is zip's."""


def runs_of(
    lock: Lock,
    backends: Backends,
    aside: Backends,
    options: RealizeOptions,
    steps: Sequence[str],
) -> Iterator[tuple[str, tuple[Record, ...]]]:
    """Run steps twice, one after the other; yield each with the records of its runs.

    A step that is for other platforms is left out. What they stand on is taken from the
    tiers, or built and kept if these lack it; the runs go ``aside``.
    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read.
    """
    refuse_host_network(lock, options)
    platform = platform_of(lock, backends.builder.platform, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:
        ground, twice = (
            RealizeInputs(lock, platform, one, options, folder)
            for one in (backends, aside)
        )
        there = {placed.id for placed in ground.order}
        for step in steps:
            if step not in there:
                continue
            runs = partial(_run, twice, step, frozenset({step}))
            # Both stand on the same: what is there before.
            lasting(partial(_run, ground, step, frozenset()))
            first = lasting(runs)
            time.sleep(APART)
            yield step, (first, lasting(runs))


def _run(inputs: RealizeInputs, step: str, anew: frozenset[str]) -> Record:
    recipe, gather = begin(inputs, inputs.order)
    how = How(inputs.options.jobs, anew, only=frozenset({step}))
    outcome = realize_steps(Asked(recipe, how, inputs.backends, gather)).whole()
    plan = outcome.plan
    choice = plan.choices[plan.places.final[step]]
    assert isinstance(choice, Reuse), step
    return choice.record
