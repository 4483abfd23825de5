"""``realize`` as it is meant: steps from the store or built, linked into one image."""

import re
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from dynbuild.commands.realize import (
    RealizeOptions,
    platform_of,
    refuse_host_network,
)
from dynbuild.commands.stepwise.compare import Difference, differences
from dynbuild.commands.stepwise.facts import Facts, base_of
from dynbuild.commands.stepwise.failure import closure_of
from dynbuild.commands.stepwise.outputs import give
from dynbuild.commands.stepwise.stack import linked
from dynbuild.commands.stepwise.steps import (
    How,
    Recipe,
    Site,
    realize_steps,
)
from dynbuild.commands.stepwise.told import conflicts, note_seconds, seconds_of
from dynbuild.emit.config import image_config, step_config
from dynbuild.errors import (
    AnswerIsNoError,
    DeclarationError,
    Diagnostic,
    did_you_mean,
)
from dynbuild.lock.digests import environments_of
from dynbuild.lock.model import Lock
from dynbuild.lock.order import install_order
from dynbuild.ports import (
    Builder,
    BuildFailed,
    Built,
    Files,
    Images,
    LostError,
)

_RETRIES = 6
"""How often what is in the store may go away meanwhile, before that is an error."""

_UNSUITED = re.compile(r"is not supported for the \S+ driver|unknown scheme|oci-layout")


class UnsuitedError(Exception):
    """A builder that cannot take or give layers."""


@dataclass(frozen=True, slots=True)
class Stepwise:
    """What only a realization step by step is asked."""

    jobs: int
    anew: tuple[str, ...] = ()
    strict: bool = False
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """The image, and what its stages have in conflict.

    ``differences`` are those from a plain build, where they were asked for.
    """

    built: Built
    warnings: tuple[Diagnostic, ...]
    differences: tuple[Difference, ...] | None = None


def realize(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    site: Site,
    options: RealizeOptions,
    stepwise: Stepwise,
) -> Linked:
    """Make every step exist, then the image. Raises BuildFailed, UnsuitedError."""
    _known(lock, stepwise.anew)
    refuse_host_network(lock, options)
    order = install_order(lock)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        facts = Facts(lock, order, platform, files, images, options, context)
        for _ in range(_RETRIES):
            with suppress(LostError):
                return _realize(facts, site, stepwise)
    hint = "see whether its disk is full or broken, or set CACHE_LOCAL_PATH"
    raise AnswerIsNoError(
        Diagnostic("DB0603", "what is put into the store does not stay", hint=hint)
    )


def _realize(facts: Facts, site: Site, stepwise: Stepwise) -> Linked:
    lock, order = facts.lock, facts.order
    try:
        base = base_of(facts, site)
    except BuildFailed as error:
        if error.step is None and _UNSUITED.search(error.message):
            raise UnsuitedError(error.message) from None
        raise
    known = facts.contents(order)

    def gather(steps: Collection[str]) -> Recipe:
        chosen = tuple(placed for placed in order if placed.id in steps)
        known.update(facts.gather(chosen))
        return facts.recipe(base, known)

    recipe = facts.recipe(base, known)
    anew = frozenset(
        placed.id
        for placed in order
        if facts.options.no_cache or placed.id in stepwise.anew
    )
    before = seconds_of(site.machine)
    outcome = realize_steps(recipe, How(stepwise.jobs, anew, before), site, gather)
    note_seconds(site.machine, before, order, outcome)
    site.tier.share(outcome.held_here)
    warnings = conflicts(outcome)
    if stepwise.strict and warnings:
        raise AnswerIsNoError(
            *(replace(warning, severity="error") for warning in warnings)
        )
    stack, tree = linked(lock, recipe, outcome, site)
    config = image_config(lock, environments_of(lock), base.config)
    request = facts.request("")
    built = give(stack, config, request, site.workshop, site.publisher, site.report)
    found = None
    if stepwise.compare:
        recipe = gather([placed.id for placed in order])
        linear = site.workshop.tree(recipe.request, site.report)
        found = differences(tree, linear)
    return Linked(replace(built, steps=outcome.steps), warnings, found)


def _known(lock: Lock, names: Collection[str]) -> None:
    """Refuse names of stages that the lock does not have."""
    for name in names:
        if name not in lock.stages:
            hint = did_you_mean(name, list(lock.stages))
            message = f"the lock has no stage {name!r}"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))


def shell(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    site: Site,
    options: RealizeOptions,
    stepwise: Stepwise,
    stage: str,
) -> int:
    """Open a shell where a stage would begin: on all that it stands on."""
    _known(lock, [stage])
    refuse_host_network(lock, options)
    whole = install_order(lock)
    steps = {placed.id: placed for placed in whole}
    below = closure_of(steps[stage], steps)
    order = tuple(placed for placed in whole if placed.id in below)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        facts = Facts(lock, whole, platform, files, images, options, context)
        base = base_of(facts, site)
        known = facts.contents(order)

        def gather(steps: Collection[str]) -> Recipe:
            chosen = tuple(placed for placed in order if placed.id in steps)
            known.update(facts.gather(chosen))
            return replace(facts.recipe(base, known), order=order)

        recipe = replace(facts.recipe(base, known), order=order)
        outcome = realize_steps(recipe, How(stepwise.jobs), site, gather)
        layers = tuple(
            layer
            for part in (base.layers, *(one.layers for one in outcome.all_records))
            for layer in part
        )
        environment = environments_of(lock).of_stage(stage)
        config = step_config(lock, base.config, environment)
        own = lock.stages[stage].stage.shell or lock.shell
        return site.workshop.enter(layers, config, recipe.request, [own[0]])
