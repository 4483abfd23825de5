"""``realize``: steps reused from the store or built, then linked into one image."""

import re
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeVar

from dynbuild.building import BuildFailed, Built
from dynbuild.emit.config import image_config
from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    did_you_mean,
)
from dynbuild.explain.past import History, PastStep
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.writes import stacked
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.lock.resolved import environments_of
from dynbuild.plan import reached
from dynbuild.ports import Builder, Files, Images, LostError
from dynbuild.realize.compare import Difference, differences
from dynbuild.realize.inputs import RealizeInputs, base_of
from dynbuild.realize.linking import linked
from dynbuild.realize.model import (
    Backends,
    Gather,
    How,
    RealizeResult,
    Recipe,
)
from dynbuild.realize.outputs import give
from dynbuild.realize.recording import recording_history
from dynbuild.realize.request import (
    RealizeOptions,
    fresh_copies,
    platform_of,
    refuse_host_network,
)
from dynbuild.realize.steps import realize_steps
from dynbuild.realize.warnings import conflicts, left_out

_RETRIES = 6
"""How often stored objects may vanish during the work before that is an error."""

_T = TypeVar("_T")

_UNSUITED = re.compile(r"is not supported for the \S+ driver|unknown scheme|oci-layout")


class UnsuitedError(Exception):
    """A builder that cannot import or export layers."""


@dataclass(frozen=True, slots=True)
class StepwiseOptions:
    """The options that apply only to realizing step by step."""

    jobs: int
    anew: tuple[str, ...] = ()
    strict: bool = False
    compare: Callable[[str], str] | None = None
    """Copies the project unfiltered into a directory; returns its .dockerignore."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The image, and warnings about conflicts between its stages.

    ``differences`` lists those from a plain build, if that was asked for.
    """

    built: Built
    warnings: tuple[Diagnostic, ...]
    differences: tuple[Difference, ...] | None = None


def realize(  # noqa: PLR0913, PLR0917 - each edge, and the user's options
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    backends: Backends,
    history: History,
    options: RealizeOptions,
    stepwise: StepwiseOptions,
) -> Linked:
    """Realize every step, then the image.

    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read.
    """
    known(lock, stepwise.anew)
    refuse_host_network(lock, options)
    order = install_order(lock)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        facts = RealizeInputs(lock, order, platform, files, images, options, context)
        return lasting(lambda: _realize(facts, backends, history, stepwise))


def lasting(work: Callable[[], _T]) -> _T:
    """Run work on the store, and retry it if stored objects vanish meanwhile.

    Raises CommandFailed when the retries are used up, or a layer cannot be read.
    """
    for _ in range(_RETRIES):
        try:
            return work()
        except LostError:
            continue
        except MalformedLayerError as error:
            message = f"a layer cannot be read: {error}"
            hint = "`--linear` builds without looking into layers"
            raise CommandFailed(Diagnostic("DB0614", message, hint=hint)) from None
    hint = "see whether its disk is full or broken, or set CACHE_LOCAL_PATH"
    raise CommandFailed(
        Diagnostic("DB0603", "what is put into the store does not stay", hint=hint)
    )


def begin(
    facts: RealizeInputs, backends: Backends, order: tuple[Placed, ...]
) -> tuple[Recipe, Gather]:
    """Return the recipe of some steps, and the function that gathers their files.

    Raises BuildFailed; UnsuitedError for a builder that cannot export layers.
    """
    try:
        base = base_of(facts, backends)
    except BuildFailed as error:
        if error.step is None and _UNSUITED.search(error.message):
            raise UnsuitedError(error.message) from None
        raise
    contents = facts.contents(order)

    def recipe() -> Recipe:
        return replace(facts.recipe(base, contents), order=order)

    def gather(steps: Collection[str]) -> Recipe:
        chosen = tuple(placed for placed in order if placed.id in steps)
        contents.update(facts.gather(chosen))
        return recipe()

    return recipe(), gather


def _realize(
    facts: RealizeInputs,
    backends: Backends,
    history: History,
    stepwise: StepwiseOptions,
) -> Linked:
    order = facts.order
    recipe, gather = begin(facts, backends, order)
    anew = frozenset(stepwise.anew)
    if facts.options.no_cache:
        anew |= reached(order)
    how = How(stepwise.jobs, anew, history.seconds(facts.platform))
    outcome = realize_steps(recipe, how, backends, gather)
    with recording_history(history, facts.lock, outcome, backends.sources) as squashes:
        return _linked(facts, backends, stepwise, outcome.whole(), squashes, gather)


def _linked(  # noqa: PLR0913, PLR0917 - everything gathered so far
    facts: RealizeInputs,
    backends: Backends,
    stepwise: StepwiseOptions,
    outcome: RealizeResult,
    squashes: list[PastStep],
    gather: Gather,
) -> Linked:
    lock, base = facts.lock, outcome.recipe.base
    backends.tier.share(outcome.held_here)
    warnings = conflicts(facts.order, outcome)
    if stepwise.strict and warnings:
        raise CommandFailed(
            *(replace(warning, severity="error") for warning in warnings)
        )
    warnings += left_out(facts.order, outcome)
    stack, writes, made = linked(lock, outcome, backends)
    squashes += made
    config = image_config(lock, environments_of(lock), base.config)
    request = facts.request("")
    built = give(
        stack,
        config,
        request,
        backends.image_loader,
        backends.publisher,
        backends.report,
    )
    found = None
    if stepwise.compare is not None:
        recipe = gather([placed.id for placed in facts.order])
        with tempfile.TemporaryDirectory(prefix="dynbuild-") as project:
            # Not the gathered context: it may lack files that a plain build copies.
            ignored = stepwise.compare(project)
            plain = replace(
                recipe.request,
                context=project,
                ignored=ignored,
                no_cache_steps=fresh_copies(facts.order),
            )
            linear = backends.layer_builder.tree(plain, backends.report)
        found = differences(stacked(writes), linear)
    return Linked(replace(built, steps=outcome.steps), warnings, found)


def known(lock: Lock, names: Collection[str]) -> None:
    """Refuse names of stages that the lock does not have."""
    for name in names:
        if name not in lock.stages:
            hint = did_you_mean(name, list(lock.stages))
            message = f"the lock has no stage {name!r}"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))
