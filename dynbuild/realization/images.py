"""An image of realized steps: linked, given to its outputs, compared if asked."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from dynbuild.building import Built, PlatformImage
from dynbuild.emit.config import image_config
from dynbuild.errors import CommandFailed, Diagnostic, DynbuildError
from dynbuild.explain.past import PastStep
from dynbuild.link.model import WriteSet
from dynbuild.link.writes import stacked
from dynbuild.lockfile.resolved import environments_of
from dynbuild.ports import Config
from dynbuild.realization.compare import (
    ConfigDifference,
    Difference,
    config_differences,
    differences,
    of_managers,
    of_time,
)
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.keeping import keep
from dynbuild.realization.linking import linked
from dynbuild.realization.model import Gather, RealizeResult, Recipe
from dynbuild.realization.noted import note_onto
from dynbuild.realization.outputs import give
from dynbuild.realization.recording import Recorded, past_steps, recording_history
from dynbuild.realization.request import Other, fresh_copies
from dynbuild.realization.warnings import conflicts, left_out
from dynbuild.steps.late import settled
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Linked:
    """The image, and warnings about conflicts between its stages.

    ``differences`` lists those from a plain build or another image, if that was asked
    for, and ``configs`` those of its config; ``steps`` has all that exist now, in lock
    order.
    """

    built: Built
    warnings: tuple[Diagnostic, ...]
    differences: tuple[Difference, ...] | None = None
    configs: tuple[ConfigDifference, ...] = ()
    steps: tuple[PastStep, ...] = ()


@dataclass(frozen=True, slots=True)
class RealizedSteps:
    """The realized steps of an image for one platform, or why there are none."""

    inputs: RealizeInputs
    outcome: RealizeResult | DynbuildError
    gather: Gather


@dataclass(frozen=True, slots=True)
class _Part:
    """An image for one platform: its steps, what it is, what it holds, its warnings."""

    realized: RealizedSteps
    outcome: RealizeResult
    recorded: Recorded
    image: PlatformImage
    writes: tuple[WriteSet, ...]
    warnings: tuple[Diagnostic, ...]


def made(realized: Sequence[RealizedSteps]) -> Linked:
    """Make an image of its steps for each of its platforms, and keep these.

    Raises BuildFailed, and the DynbuildErrors of a platform.
    """
    with ExitStack() as ending:
        outcomes: list[tuple[RealizedSteps, RealizeResult, Recorded]] = []
        failed: list[DynbuildError] = []
        for one in realized:
            outcome, inputs = one.outcome, one.inputs
            if isinstance(outcome, DynbuildError):
                failed.append(outcome)
                continue
            sources = inputs.backends.sources
            history = recording_history(
                inputs.backends.history, inputs.lock, outcome, sources
            )
            outcomes.append((one, outcome, ending.enter_context(history)))
        broken = [one.failed for _, one, _ in outcomes if one.failed is not None]
        if failed or broken:
            for one, outcome, recorded in outcomes:
                recorded.outcome, _ = keep(outcome, one.inputs.backends, ready=False)
            if failed:
                raise failed[0]
            first, *others = broken
            raise replace(first, others=(*others,))
        parts = [_linked(*some) for some in outcomes]
        return _given(parts)


def _given(parts: Sequence[_Part]) -> Linked:
    """Deliver an image, then keep what is not kept of its steps."""
    first = parts[0]
    inputs = first.realized.inputs
    backends, lock = inputs.backends, inputs.lock
    built = give(
        {part.realized.inputs.platform: part.image for part in parts},
        replace(inputs.request(""), annotations=settled(lock.config, {}).annotations),
        backends.image_loader,
        backends.publisher,
        backends.report,
    )
    for one in (part.realized.inputs for part in parts):
        name = (one.options.project, one.options.image, one.platform)
        note_onto(backends.machine, name, one.onto)
    steps = tuple(step for part in parts for step in part.outcome.steps)
    warnings = tuple(
        dict.fromkeys(warning for part in parts for warning in part.warnings)
    )
    if inputs.narrowed is not None:
        warnings = (inputs.narrowed, *warnings)
    image = Linked(replace(built, steps=steps), warnings)
    if len(parts) == 1:
        image = _compared(image, first)
    past: list[PastStep] = []
    for part in parts:
        part.recorded.outcome, more = keep(part.outcome, backends)
        image = replace(image, warnings=(*image.warnings, *more))
        past += past_steps(part.recorded.outcome, backends.sources)
    return replace(image, steps=tuple(past))


def _linked(one: RealizedSteps, outcome: RealizeResult, recorded: Recorded) -> _Part:
    inputs = one.inputs
    lock, base, backends = inputs.lock, outcome.recipe.base, inputs.backends
    backends.tier.share(outcome.held_here)
    warnings = conflicts(inputs.order, outcome)
    if inputs.options.strict and warnings:
        raise CommandFailed(
            *(replace(warning, severity="error") for warning in warnings)
        )
    warnings += left_out(inputs.order, outcome)
    stack, writes, squashes = linked(lock, outcome, backends)
    recorded.squashes += squashes
    config = image_config(lock, environments_of(lock), base.config)
    image = PlatformImage(stack, config)
    return _Part(one, outcome, recorded, image, writes, warnings)


def _compared(image: Linked, part: _Part) -> Linked:
    """Compare with a plain build or another image, if that is asked for."""
    inputs = part.realized.inputs
    other = inputs.options.other
    if not inputs.options.compare and other is None:
        return image
    recipe = part.outcome.recipe
    if other is None:
        recipe = part.realized.gather([placed.id for placed in inputs.order])
    tree, its_config = _plain(inputs, recipe, other)
    found = differences(stacked(part.writes), tree)
    configs: tuple[ConfigDifference, ...] = ()
    if recipe.request.time is not None:
        found = tuple(one for one in found if not of_time(one.path))
    if other is not None:
        found = tuple(one for one in found if not of_managers(one.path))
        configs = config_differences(part.image.config, its_config)
    return replace(image, differences=found, configs=configs)


def _plain(
    inputs: RealizeInputs, recipe: Recipe, other: Other | None
) -> tuple[WriteSet, Config]:
    """Build the Dockerfile, or another one, from the project itself.

    Not from the gathered context, which may lack files that a plain build copies.
    Returns what the image holds, and its config.
    """
    backends = inputs.backends
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as project:
        request = replace(
            recipe.request,
            context=project,
            ignored=backends.copy_project(project),
            no_cache_steps=fresh_copies(inputs.order),
        )
        if other is not None:
            request = replace(
                request,
                dockerfile=other.dockerfile,
                target=other.target,
                arguments=other.arguments,
                no_cache_steps=(),
                parts={},
            )
        return backends.layer_builder.tree(request, backends.report)
