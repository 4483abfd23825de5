"""A shell in the state in which a stage would start."""

import tempfile

from dynbuild.emit.config import step_config
from dynbuild.link.budget import BUDGET
from dynbuild.lock.model import Lock
from dynbuild.lock.order import install_order
from dynbuild.lock.resolved import environments_of
from dynbuild.ports import Builder, Files, Images
from dynbuild.realize.inputs import RealizeInputs
from dynbuild.realize.model import Backends, How
from dynbuild.realize.request import (
    RealizeOptions,
    platform_of,
    refuse_host_network,
)
from dynbuild.realize.run import begin, known, lasting
from dynbuild.realize.squashing import grouped, together
from dynbuild.realize.steps import realize_steps


def shell(  # noqa: PLR0913, PLR0917 - each edge, and the user's options
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    backends: Backends,
    options: RealizeOptions,
    jobs: int,
    stage: str,
) -> int:
    """Realize all that a stage stands on, open a shell on it, return its exit status.

    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read.
    """
    known(lock, [stage])
    refuse_host_network(lock, options)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        order = install_order(lock)
        facts = RealizeInputs(lock, order, platform, files, images, options, context)
        return lasting(lambda: _enter(facts, backends, jobs, stage))


def _enter(facts: RealizeInputs, backends: Backends, jobs: int, stage: str) -> int:
    # The steps after the stage do not affect what it stands on.
    at = next(at for at, one in enumerate(facts.order, 1) if one.id == stage)
    recipe, gather = begin(facts, backends, facts.order[:at])
    outcome = realize_steps(recipe, How(jobs, before=stage), backends, gather).whole()
    lock, base, recipe = facts.lock, outcome.recipe.base, outcome.recipe
    records = outcome.below(stage)
    steps = [placed for placed in recipe.order if placed.id in records]
    room = BUDGET - len(base.layers)
    groups = grouped(steps, records, base.writes, recipe.moves, room)
    own, _ = together(groups, recipe.platform, backends.tier, backends.layer_writer)
    environment = environments_of(lock).of_stage(stage)
    config = step_config(lock, base.config, environment)
    words = lock.stages[stage].stage.shell or lock.shell
    layers = (*base.layers, *own)
    return backends.image_loader.enter(layers, config, recipe.request, [words[0]])
