"""What jobs tell, of one's own image or of another, as changes of its progress."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dynbuild import quote
from dynbuild.building import BuildFailed, StepResult
from dynbuild.digest import PlacedDigest, RealizationId
from dynbuild.errors import DynbuildError
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.link.reads import reads_of
from dynbuild.plan import Reuse
from dynbuild.ports import JobEnded, JobResult, LostError
from dynbuild.realization.diagnosis import forgotten, lacking
from dynbuild.realization.model import (
    BuiltStep,
    ChainResult,
    Kept,
    RealizeResult,
    Recipe,
    came_from,
)
from dynbuild.realization.progress import Progress, planned, stated


def took(progress: Progress, event: JobResult | JobEnded) -> Progress:
    """Return the progress after the result or the end of a job.

    Raises what a job raised, unless that is BuildFailed or LostError.
    """
    key = event.key
    match event:
        case JobResult(result=ChainResult() as result):
            if is_compared(progress, progress.running[key]):
                return stated(
                    replace(
                        progress,
                        unread={**progress.unread, key: result},
                        unbuilt=progress.unbuilt | _unbuilt(progress, key, result),
                        failed=progress.failed or result.failed,
                    )
                )
            return _noted(progress, key, result)
        case JobEnded(error=BuildFailed() | LostError() as error):
            first = {place.digest for place in progress.running.get(key, ())[:1]}
            running, unread = _without(progress, key)
            return stated(
                replace(
                    progress,
                    running=running,
                    unread=unread,
                    unbuilt=progress.unbuilt | first,
                    failed=progress.failed or error,
                )
            )
        case JobEnded(error=BaseException() as error):
            raise error
        case _ if key in progress.unread:
            return _noted(progress, key, progress.unread[key])
        case _:
            # Noted as soon as it was built, or no chain: the base's layers are kept.
            return progress


def result_of(progress: Progress) -> RealizeResult:
    """Return what came of it, once no job runs.

    Raises LostError, and the DynbuildError that ended it.
    """
    failed, recipe = progress.failed, progress.recipe
    if isinstance(failed, LostError | DynbuildError):
        raise failed
    results = tuple(
        progress.results[placed.id]
        for placed in recipe.order
        if placed.id in progress.results
    )
    if failed is not None:
        failed = replace(
            failed,
            steps=results,
            platform=recipe.told,
            image=failed.image or _image_of(failed, recipe),
            lacking=lacking(failed, recipe.order, progress.plan),
            forgotten=forgotten(failed, recipe.order),
        )
    here = frozenset(made.held.record.placed for made in progress.built if made.here)
    return RealizeResult(
        recipe,
        progress.plan,
        results,
        here,
        _beside(progress),
        failed,
        progress.unkept,
        progress.image.taken,
    )


def concerns(progress: Progress, result: ChainResult) -> bool:
    """Whether the image has steps that were built for another one."""
    own = {*progress.recipe.digests.values()}
    return any(one.held.record.step in own for one in result.built)


def heard(progress: Progress, built: Iterable[BuiltStep]) -> Progress:
    """Return the progress with what was built for another image, as far as it has it.

    Each step has the name that it has here.
    """
    ids = {digest: id_ for id_, digest in progress.recipe.digests.items()}
    new = tuple(
        replace(one, step=ids[one.held.record.step], here=False, ran=False)
        for one in built
        if one.held.record.step in ids
    )
    if not new:
        return progress
    return planned(replace(progress, built=(*standing(progress.built, new), *new)))


def ended(
    progress: Progress, error: BuildFailed | DynbuildError | LostError
) -> Progress:
    """Return the progress with an error that is of no job of its own."""
    return stated(replace(progress, failed=progress.failed or error))


def failing(
    progress: Progress, failures: Mapping[PlacedDigest, BuildFailed]
) -> Progress:
    """Return the progress with a failure that another image met, if it needs that step.

    It would fail here as well.
    """
    met = [place for place in progress.missing if place.digest in failures]
    if progress.failed is not None or not met:
        return progress
    known = failures[met[0].digest]
    # A failure outside of all steps has no step, in whichever image.
    named = known.step and quote.stage(met[0].id)
    image = progress.recipe.images.get(met[0].id)
    unbuilt = progress.unbuilt | {met[0].digest}
    failed = replace(known, step=named, image=image, platform=progress.recipe.told)
    return stated(replace(progress, unbuilt=unbuilt, failed=failed))


def is_compared(progress: Progress, chain: Sequence[Placement]) -> bool:
    """Whether a plan would read what these steps wrote.

    Reading takes a while, and the scheduler must not wait for it.
    """
    last = chain[-1]
    below = {*last.closure, last.digest}
    return bool(progress.image.awaited) or any(
        digest not in below and last.digest not in other.closure
        for digest, other in progress.plan.places.places.items()
        if isinstance(progress.plan.choices[digest], Reuse)
        or reads_of(progress.recipe.steps[other.id].step)
    )


def _noted(progress: Progress, key: str, result: ChainResult) -> Progress:
    """Return the progress with what a chain built, and a plan that knows it."""
    lost = [one for one in result.built if _ran_again(progress.built, one)]
    if lost:
        # What was copied before is from an outcome that is gone. After a failure, too,
        # nothing may be recorded of it: the builder has another one now.
        running, unread = _without(progress, key)
        gone = {one.held.record.id for one in lost}
        return planned(
            replace(
                progress,
                running=running,
                unread=unread,
                built=(*_apart_from(gone, progress.built),),
                failed=progress.failed or LostError(),
            )
        )
    results = dict(progress.results)
    for built in result.built:
        if built.here:
            before = results.get(built.step)
            results[built.step] = StepResult(
                quote.stage(built.step),
                (before.seconds if before else 0.0) + built.held.record.seconds,
                built.ran or (before is not None and before.ran),
                platform=progress.recipe.told,
                image=progress.recipe.images.get(built.step),
                builder=built.builder,
            )
    running, unread = _without(progress, key)
    return planned(
        replace(
            progress,
            running=running,
            unread=unread,
            results=results,
            built=(*standing(progress.built, result.built), *result.built),
            unbuilt=progress.unbuilt | _unbuilt(progress, key, result),
            failed=progress.failed or result.failed,
        )
    )


def _ran_again(built: tuple[BuiltStep, ...], one: BuiltStep) -> bool:
    """Whether a step was in the builder alone, and the builder had lost it."""
    known = {step.held.record.id for step in built}
    return one.kept is Kept.NOTHING and one.ran and one.held.record.id in known


def standing(
    built: tuple[BuiltStep, ...], new: tuple[BuiltStep, ...]
) -> Iterator[BuiltStep]:
    """Return what was built without what new steps supersede.

    A step that was in the builder alone is kept after all, under its own id, which
    nothing that was copied from it names.
    """
    kept = {one.held.record.placed for one in new if one.kept is not Kept.NOTHING}
    superseded = {
        one.held.record.id
        for one in built
        if one.kept is Kept.NOTHING and one.held.record.placed in kept
    }
    return _apart_from(superseded, built)


def _apart_from(
    ids: Collection[RealizationId], built: Iterable[BuiltStep]
) -> Iterator[BuiltStep]:
    """Return what was built without some outcomes, and what came from these."""
    gone = {*ids}
    for one in built:
        record = one.held.record
        if record.id in gone or not gone.isdisjoint(came_from(record)):
            gone.add(record.id)
        else:
            yield one


def _unbuilt(
    progress: Progress, key: str, result: ChainResult
) -> frozenset[PlacedDigest]:
    """Return the place of a chain whose build failed, if any."""
    if result.failed is None:
        return frozenset()
    built = {one.step for one in result.built}
    rest = [place for place in progress.running[key] if place.id not in built]
    named = [one for one in rest if quote.stage(one.id) == result.failed.step]
    return frozenset(place.digest for place in (*named, *rest)[:1])


def _without(
    progress: Progress, key: str
) -> tuple[dict[str, tuple[Placement, ...]], dict[str, ChainResult]]:
    running = {name: one for name, one in progress.running.items() if name != key}
    unread = {name: one for name, one in progress.unread.items() if name != key}
    return running, unread


def _image_of(failed: BuildFailed, recipe: Recipe) -> str | None:
    """Return the image whose step has failed, if there are several."""
    steps = {quote.stage(id_): image for id_, image in recipe.images.items()}
    return steps.get(failed.step) if failed.step else None


def _beside(progress: Progress) -> tuple[Record, ...]:
    """Return the nearest tier's records of places that no step ended up in."""
    places = progress.plan.places
    passed = {*places.passed} - places.places.keys()
    every = (*(step.held for step in progress.built), *progress.held)
    return tuple(
        held.record
        for held in every
        if held.record.placed in passed and held.distance == 0
    )
