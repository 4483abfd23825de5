"""``realize``: steps reused from the store or built, then linked into one image."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from dynbuild.building import BuildFailed, UnsuitedError
from dynbuild.digest import Digest
from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    DynbuildError,
    UnreachableError,
    did_you_mean,
)
from dynbuild.link.entries import MalformedLayerError
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.unresolved import refuse_unresolved
from dynbuild.plan import reached, sources_of
from dynbuild.ports import Base, LostError
from dynbuild.realization.bases import base_of
from dynbuild.realization.images import Linked, RealizedSteps, made
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Asked, Backends, Gather, How, Recipe
from dynbuild.realization.request import (
    RealizeOptions,
    platforms_of,
    refuse_host_network,
)
from dynbuild.realization.steps import realize_together
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.steps.model import OwnBase

_RETRIES = 6
"""How often stored objects may vanish during the work before that is an error."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image to make: of which lock, with what, and what is asked of it.

    ``line`` has its name after those of the images that it extends, the root first;
    nothing where there is one image.
    """

    lock: Lock
    backends: Backends
    options: RealizeOptions
    line: tuple[str, ...] = ()


End: TypeAlias = Linked | BuildFailed | DynbuildError
"""The image, or why there is none."""


def realize(lock: Lock, backends: Backends, options: RealizeOptions) -> Linked:
    """Realize every step, then the image.

    Raises BuildFailed, UnsuitedError; CommandFailed for a base that cannot be read and
    for what ``strict`` forbids; DeclarationError for platforms, stages and networks
    that cannot be; LockError for a lock that cannot be ordered.
    """
    (end,) = realize_images([ImageRequest(lock, backends, options)])
    if isinstance(end, BuildFailed | DynbuildError):
        raise end
    return end


def realize_images(images: Sequence[ImageRequest]) -> tuple[End, ...]:
    """Realize the steps of all images at once, each once, then the images in order.

    An image for several platforms has steps for each, and is one once they are there.
    An image that cannot be made is no reason not to make the others: its end says why.
    Raises what concerns all, such as UnreachableError of an engine that is gone.
    """
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:
        bases: dict[Digest, Base] = {}
        platform = cache(images[0].backends.builder.platform)
        ends: dict[int, End] = {}
        opened: dict[int, tuple[RealizeInputs, ...]] = {}
        for at, image in enumerate(images):
            try:
                opened[at] = _inputs(image, platform, folder, bases)
            except DynbuildError as error:
                ends[at] = error

        def rest() -> None:
            # What vanished may be of a base.
            bases.clear()
            left = {at: one for at, one in opened.items() if at not in ends}
            # Those before one for which something vanished stay.
            ends.update(_realized(left))

        lasting(rest)
        # Who could not be opened has not waited for a base that is being kept.
        jobs = images[0].backends.jobs
        while jobs.keys():
            jobs.wait()
        return tuple(ends[at] for at in range(len(images)))


def _inputs(
    image: ImageRequest,
    platform: Callable[[str | None], str],
    folder: str,
    bases: dict[Digest, Base],
) -> tuple[RealizeInputs, ...]:
    """Return what an image is made from, for each of its platforms."""
    lock, backends, options = image.lock, image.backends, image.options
    refuse_host_network(lock, options)
    loads_several = backends.builder.loads_several
    platforms, narrowed = platforms_of(lock, platform, loads_several, options)
    if not options.unresolved:
        refuse_unresolved(lock, platforms)
    for one in platforms if lock.config.platforms or len(platforms) > 1 else ():
        # One that the lock lacks is told before anything is built for the others.
        resolve(lock, one, {}, {})
    steps = {placed.id for placed in install_order(lock)}
    known(lock, [step for step in options.anew if step not in steps])
    return tuple(
        RealizeInputs(
            lock,
            one,
            backends,
            options,
            folder,
            image.line,
            bases,
            of_several=len(platforms) > 1,
            narrowed=narrowed,
        )
        for one in platforms
    )


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
    bases: dict[OwnBase | None, Base] = {None: base_of(inputs)}
    contents = inputs.contents(order)
    earlier = cache(lambda: tuple(inputs.backends.earlier()))

    def recipe(before: Iterable[Lock] = ()) -> Recipe:
        return replace(inputs.recipe({**bases}, contents, before), order=order)

    def gather(steps: Collection[str]) -> Recipe:
        chosen = tuple(placed for placed in order if placed.id in steps)
        contents.update(inputs.gather(chosen))
        # What is copied is given with all that is below it.
        given = {id_ for placed in chosen for id_ in sources_of(placed.step)} | {*steps}
        for own in {placed.own_base for placed in order if placed.id in given}:
            if own not in bases:
                bases[own] = base_of(inputs, own)
        # Only where something has to be built is it of use what to expect.
        return recipe(earlier())

    return recipe(), gather


def _realized(
    images: Mapping[int, tuple[RealizeInputs, ...]],
) -> Iterator[tuple[int, End]]:
    """Realize images; yield each with its position. Raises LostError."""
    asked: dict[int, tuple[Asked, ...]] = {}
    for at, parts in images.items():
        try:
            asked[at] = tuple(map(_asked, parts))
        except (UnreachableError, UnsuitedError):
            # It would be the same for the others.
            raise
        except (BuildFailed, DynbuildError) as error:
            yield at, error
    every = [one for some in asked.values() for one in some]
    outcomes = iter(realize_together(every) if every else ())
    for at, some in asked.items():
        realized = [
            RealizedSteps(inputs, next(outcomes), one.gather)
            for inputs, one in zip(images[at], some, strict=True)
        ]
        try:
            yield at, made(realized)
        except UnsuitedError:
            raise
        except (BuildFailed, DynbuildError) as error:
            yield at, error


def _asked(inputs: RealizeInputs) -> Asked:
    order, options, history = inputs.order, inputs.options, inputs.backends.history
    recipe, gather = begin(inputs, order)
    anew = frozenset(options.anew)
    if options.no_cache:
        anew |= reached(order)
    anew &= {placed.id for placed in order}
    how = How(options.jobs, anew, history.seconds(inputs.platform))

    def above(at: int) -> Asked:
        """Open one of the images that the image extends, the root first."""
        owner = inputs.above(at)
        there, gather_there = begin(owner, owner.order)
        return Asked(there, how, owner.backends, gather_there)

    return Asked(recipe, how, inputs.backends, gather, above)


def known(lock: Lock, names: Collection[str]) -> None:
    """Refuse names of stages that the lock does not have."""
    for name in names:
        if name not in lock.stages:
            hint = did_you_mean(name, list(lock.stages))
            message = f"the lock has no stage {name!r}"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))
