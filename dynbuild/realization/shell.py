"""A shell in the state in which a stage would start."""

import tempfile

from dynbuild.emit.config import step_config
from dynbuild.link.budget import BUDGET
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.resolved import environments_of
from dynbuild.realization.bases import base_of
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Asked, Backends, How
from dynbuild.realization.request import (
    RealizeOptions,
    platform_of,
    refuse_host_network,
)
from dynbuild.realization.run import begin, known, lasting
from dynbuild.realization.squashing import grouped, together
from dynbuild.realization.steps import realize_steps


def shell(lock: Lock, backends: Backends, options: RealizeOptions, stage: str) -> int:
    """Realize all that a stage stands on, open a shell on it, return its exit status.

    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read.
    """
    known(lock, [stage])
    refuse_host_network(lock, options)
    platform = platform_of(lock, backends.builder.platform, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:
        inputs = RealizeInputs(lock, platform, backends, options, folder)
        inputs.refuse_absent(stage)
        return lasting(lambda: _enter(inputs, stage))


def _enter(inputs: RealizeInputs, stage: str) -> int:
    # The steps after the stage do not affect what it stands on.
    end = next(end for end, step in enumerate(inputs.order, 1) if step.id == stage)
    recipe, gather = begin(inputs, inputs.order[:end])
    lock, backends, how = (
        inputs.lock,
        inputs.backends,
        How(inputs.options.jobs, before=stage),
    )
    outcome = realize_steps(Asked(recipe, how, backends, gather)).whole()
    recipe, own_base = outcome.recipe, lock.stages[stage].stage.own_base
    base = base_of(inputs, own_base)
    records = outcome.below(stage)
    steps = [placed for placed in recipe.order if placed.id in records]
    room = BUDGET - len(base.layers)
    groups = grouped(steps, records, base.writes, recipe.moves, room)
    own, _ = together(groups, recipe.platform, backends.tier, backends.layer_writer)
    environment = environments_of(lock).of_stage(stage)
    ground = lock.on(own_base)
    config = step_config(ground, base.config, environment)
    words = lock.stages[stage].stage.shell or ground.shell
    layers = (*base.layers, *own)
    return backends.image_loader.enter(layers, config, recipe.request, [words[0]])
