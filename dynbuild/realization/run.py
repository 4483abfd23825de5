"""``realize``: steps reused from the store or built, then linked into one image."""

import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from dynbuild.building import BuildFailed, Built
from dynbuild.emit.config import image_config
from dynbuild.engine import messages
from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    did_you_mean,
)
from dynbuild.explain.past import PastStep
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import WriteSet
from dynbuild.link.writes import stacked
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.resolved import environments_of
from dynbuild.plan import reached
from dynbuild.ports import LostError
from dynbuild.realization.compare import Difference, differences
from dynbuild.realization.inputs import RealizeInputs, base_of
from dynbuild.realization.linking import linked
from dynbuild.realization.model import (
    Backends,
    Gather,
    How,
    RealizeResult,
    Recipe,
)
from dynbuild.realization.outputs import give
from dynbuild.realization.recording import recording_history
from dynbuild.realization.request import (
    RealizeOptions,
    fresh_copies,
    platform_of,
    refuse_host_network,
)
from dynbuild.realization.steps import realize_steps
from dynbuild.realization.warnings import conflicts, left_out

ABLE = (
    "Docker's containerd image store, or another builder, can: see `docker buildx ls`"
)

_RETRIES = 6
"""How often stored objects may vanish during the work before that is an error."""

_T = TypeVar("_T")


class UnsuitedError(CommandFailed):
    """A builder that cannot import or export layers."""

    def __init__(self, why: str) -> None:
        message = f"this builder cannot realize step by step: {why}"
        super().__init__(Diagnostic("DB0512", message, hint=ABLE))


@dataclass(frozen=True, slots=True)
class Linked:
    """The image, and warnings about conflicts between its stages.

    ``differences`` lists those from a plain build, if that was asked for.
    """

    built: Built
    warnings: tuple[Diagnostic, ...]
    differences: tuple[Difference, ...] | None = None


def realize(lock: Lock, backends: Backends, options: RealizeOptions) -> Linked:
    """Realize every step, then the image.

    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read and
    for what ``strict`` forbids; DeclarationError for several platforms, and for stages
    and networks that cannot be; LockError for a lock that cannot be ordered.
    """
    if len(options.platforms) > 1:
        message = "several platforms cannot be realized step by step"
        hint = "realize one after the other, or build the whole Dockerfile: `--linear`"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    known(lock, options.anew)
    refuse_host_network(lock, options)
    platform = platform_of(lock, backends.builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:
        order = install_order(lock)
        inputs = RealizeInputs(lock, order, platform, backends, options, folder)
        return lasting(lambda: _realize(inputs))


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


def begin(inputs: RealizeInputs, order: tuple[Placed, ...]) -> tuple[Recipe, Gather]:
    """Return the recipe of some steps, and the function that gathers their files.

    Raises BuildFailed; UnsuitedError for a builder that cannot export layers.
    """
    try:
        base = base_of(inputs)
    except BuildFailed as error:
        if error.step is None and messages.is_unsuited(error.message):
            raise UnsuitedError(error.message) from None
        raise
    contents = inputs.contents(order)
    earlier = cache(lambda: tuple(inputs.backends.earlier()))

    def recipe(before: Iterable[Lock] = ()) -> Recipe:
        return replace(inputs.recipe(base, contents, before), order=order)

    def gather(steps: Collection[str]) -> Recipe:
        chosen = tuple(placed for placed in order if placed.id in steps)
        contents.update(inputs.gather(chosen))
        # Only where something has to be built is it of use what to expect.
        return recipe(earlier())

    return recipe(), gather


def _realize(inputs: RealizeInputs) -> Linked:
    order, options, backends = inputs.order, inputs.options, inputs.backends
    recipe, gather = begin(inputs, order)
    anew = frozenset(options.anew)
    if options.no_cache:
        anew |= reached(order)
    history = backends.history
    how = How(options.jobs, anew, history.seconds(inputs.platform))
    outcome = realize_steps(recipe, how, backends, gather)
    with recording_history(history, inputs.lock, outcome, backends.sources) as squashes:
        return _linked(inputs, outcome.whole(), squashes, gather)


def _linked(
    inputs: RealizeInputs,
    outcome: RealizeResult,
    squashes: list[PastStep],
    gather: Gather,
) -> Linked:
    lock, base, backends = inputs.lock, outcome.recipe.base, inputs.backends
    backends.tier.share(outcome.held_here)
    warnings = conflicts(inputs.order, outcome)
    if inputs.options.strict and warnings:
        raise CommandFailed(
            *(replace(warning, severity="error") for warning in warnings)
        )
    warnings += left_out(inputs.order, outcome)
    stack, writes, made = linked(lock, outcome, backends)
    squashes += made
    config = image_config(lock, environments_of(lock), base.config)
    built = give(
        stack,
        config,
        inputs.request(""),
        backends.image_loader,
        backends.publisher,
        backends.report,
    )
    found = None
    if inputs.options.compare:
        recipe = gather([placed.id for placed in inputs.order])
        found = differences(stacked(writes), _plain(inputs, recipe))
    return Linked(replace(built, steps=outcome.steps), warnings, found)


def _plain(inputs: RealizeInputs, recipe: Recipe) -> WriteSet:
    """Return what a plain build of the Dockerfile writes, from the project itself.

    Not from the gathered context, which may lack files that a plain build copies.
    """
    backends = inputs.backends
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as project:
        request = replace(
            recipe.request,
            context=project,
            ignored=backends.copy_project(project),
            no_cache_steps=fresh_copies(inputs.order),
        )
        return backends.layer_builder.tree(request, backends.report)


def known(lock: Lock, names: Collection[str]) -> None:
    """Refuse names of stages that the lock does not have."""
    for name in names:
        if name not in lock.stages:
            hint = did_you_mean(name, list(lock.stages))
            message = f"the lock has no stage {name!r}"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))
