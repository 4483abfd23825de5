"""The loop at the edge: asks the tiers, starts jobs, and takes their results.

What is decided is decided in ``progress``, ``results`` and ``scheduler``, which do
nothing else. A missing step is built on the layers that the plan chose for its closure.
The plan is made again after every chain: only then is it known what its steps wrote,
and whether they have to stand on more than they declare.

All images of a run go through one loop: a job builds for one of them, and the others
hear of it. What an image wants of those above it is an image of its own here.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import field, replace
from functools import partial

from dynbuild import quote
from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    Report,
    StepFinished,
    StepOutput,
    StepResult,
    StepStarted,
)
from dynbuild.digest import PlacedDigest
from dynbuild.errors import DynbuildError
from dynbuild.link.placement import Placement
from dynbuild.plan import Reuse
from dynbuild.ports import JobEnded, JobResult, Jobs, LostError
from dynbuild.realization import progress as changes
from dynbuild.realization import results, shared
from dynbuild.realization.above import beside, built_above, records_of
from dynbuild.realization.builds import build_chain
from dynbuild.realization.chains import BuildChain, chain_of
from dynbuild.realization.model import (
    Asked,
    Backends,
    BuiltStep,
    ChainResult,
    RealizeResult,
    Recipe,
)
from dynbuild.realization.progress import Progress
from dynbuild.realization.scheduler import Chain, next_chains, own_missing
from dynbuild.values import dataclass


def realize_steps(asked: Asked) -> RealizeResult:
    """Build missing steps of one image until every step has a record.

    Otherwise as ``realize_together``. Raises the DynbuildError that ended it.
    """
    (end,) = realize_together([asked])
    if isinstance(end, DynbuildError):
        raise end
    return end


def realize_together(
    asked: Sequence[Asked],
) -> tuple[RealizeResult | DynbuildError, ...]:
    """Build the missing steps of images until every step of each has a record.

    Live files may change until they are gathered, and the recipe with them. A failed
    step is reported in the results of all images that need it, and an error that one
    image meets stands for its result: the others go on. Raises LostError when the tier
    lost a stored object; what other jobs built is recorded by then.
    """
    run = _Run(asked[0].backends.jobs)
    mains = [run.add(one) for one in asked]
    while True:
        run.go_on()
        if not run.jobs.keys():
            return tuple(map(_end, mains))
        run.take(run.jobs.wait())


@dataclass(eq=False)
class _Image:
    """An image on its way: how far it is, and whose files were gathered.

    ``above`` asks for what the images above build for it, whose result goes ``to`` it.
    """

    asked: Asked
    backends: Backends
    progress: Progress
    gathered: set[str] = field(default_factory=set)
    above: Generator[Asked, RealizeResult, tuple[StepResult, ...]] | None = None
    ran: tuple[StepResult, ...] = ()
    to: "_Image | None" = None


@dataclass(eq=False)
class _Run:
    """All images on their way, and the jobs for them.

    ``at_work`` has the image and the chain of each job that has not ended, ``told`` the
    results of these that are known, ``unheard`` the images that are to hear of one once
    it is read. ``built`` is what was built by jobs that have ended, ``failures`` the
    places whose builds failed.
    """

    jobs: Jobs
    images: list[_Image] = field(default_factory=list)
    at_work: dict[str, tuple[_Image, Chain]] = field(default_factory=dict)
    told: dict[str, ChainResult] = field(default_factory=dict)
    unheard: dict[str, list[_Image]] = field(default_factory=dict)
    built: tuple[BuiltStep, ...] = ()
    failures: dict[PlacedDigest, BuildFailed] = field(default_factory=dict)

    def add(self, asked: Asked, to: _Image | None = None) -> _Image:
        """Begin with an image, and with what those above build for it."""
        records = records_of(asked.recipe, asked.backends)
        progress = changes.begin(asked.recipe, asked.how, records)
        progress = results.heard(progress, self.built)
        report = _naming(asked.backends.report, asked.recipe)
        backends = replace(asked.backends, report=report)
        image = _Image(asked, backends, progress, to=to)
        self.images.append(image)
        for key, result in self.told.items():
            if results.concerns(progress, result):
                self.unheard.setdefault(key, []).append(image)
        if asked.open_above is not None and progress.image.wanted:
            image.above = built_above(asked)
            image.progress = changes.waiting(progress, early=True)
            self._ask_above(image, None)
        return image

    def go_on(self) -> None:
        """Do all that can be done until a job ends."""
        self._settle()
        for image in self.images:
            image.progress, reused = changes.reported(image.progress)
            for one in reused:
                image.backends.report(
                    StepFinished(
                        one.step,
                        one.seconds,
                        ran=False,
                        platform=one.platform,
                        image=one.image,
                    )
                )
            # What stands in for a record of this image is built on like one of its own.
            taken = image.progress.image.taken
            image.backends.tier.expect(
                [
                    choice.record
                    for choice in image.progress.plan.choices.values()
                    if isinstance(choice, Reuse) and choice.record.id in taken
                ]
            )
        every = [image.progress for image in self.images]
        busy = [self._busy(image) for image in self.images]
        for at, chain in next_chains(every, busy):
            self._start(self.images[at], chain)

    def take(self, event: JobResult | JobEnded) -> None:
        """Take what a job tells, for its image and for all others that it concerns."""
        if event.key not in self.at_work:
            # The layers of a base are kept.
            for image in self.images:
                image.progress = results.took(image.progress, event)
            return
        of, _ = self.at_work[event.key]
        before = of.progress
        of.progress = results.took(before, event)
        if isinstance(failed := _failure(event), BuildFailed):
            new = of.progress.unbuilt - before.unbuilt
            self.failures |= dict.fromkeys(new, failed)
        match event:
            case JobResult(result=ChainResult() as result):
                self.told[event.key] = result
                self._tell(event.key, result)
            case JobEnded():
                del self.at_work[event.key]
                built = self.told[event.key].built if event.key in self.told else ()
                self.told.pop(event.key, None)
                self.built = (*results.standing(self.built, built), *built)
                for image in self.unheard.pop(event.key, ()):
                    image.progress = results.heard(image.progress, built)
            case _:
                pass  # a chain's job tells of nothing else

    def _tell(self, key: str, result: ChainResult) -> None:
        """Tell other images what was built, now or once it is read."""
        of, chain = self.at_work[key]
        for image in self.images:
            if image is of or not results.concerns(image.progress, result):
                continue
            places = image.progress.plan.places.places
            own = [places[one.digest] for one in chain if one.digest in places]
            if not own or results.is_compared(image.progress, own):
                self.unheard.setdefault(key, []).append(image)
            else:
                image.progress = results.heard(image.progress, result.built)

    def _settle(self) -> None:
        """Pass on what is known, until nothing follows from it."""
        over: list[_Image] = [*self.images]
        while over:
            self._fail()
            self._gather()
            over = [one for one in self.images if one.to and self._is_over(one)]
            for image in over:
                self.images.remove(image)
                assert image.to is not None
                self._ask_above(image.to, image)

    def _ask_above(self, image: _Image, done: _Image | None) -> None:
        """Begin with the next that is asked for, else go on with the image itself."""
        assert image.above is not None
        try:
            if done is None:
                asked = next(image.above)
            else:
                asked = image.above.send(results.result_of(done.progress))
        except StopIteration as end:
            image.ran = end.value
            held = records_of(image.progress.recipe, image.backends)
            known = changes.looked_up(image.progress, image.progress.recipe, held)
            image.progress = changes.waiting(known, early=False)
        except (BuildFailed, DynbuildError, LostError) as error:
            image.progress = results.ended(image.progress, error)
        else:
            self.add(asked, image)

    def _fail(self) -> None:
        """Let images fail that need what failed; all, if the tier lost something."""
        lost = any(isinstance(one.progress.failed, LostError) for one in self.images)
        for image in self.images:
            if lost:
                image.progress = results.ended(image.progress, LostError())
            elif image.to and (error := image.to.progress.failed) is not None:
                image.progress = results.ended(image.progress, error)
            image.progress = results.failing(image.progress, self.failures)

    def _gather(self) -> None:
        """Gather the files of what is to be built for each image.

        A placement that only a build reveals may require more steps to be built.
        """
        again = True
        while again:
            again = False
            own = own_missing([image.progress for image in self.images])
            for image, places in zip(self.images, own, strict=True):
                missing = {place.id for place in places.values()} - image.gathered
                if not missing:
                    continue
                again = True
                image.gathered |= missing
                try:
                    recipe = image.asked.gather(image.gathered)
                    held = records_of(recipe, image.backends)
                    known = changes.looked_up(image.progress, recipe, held)
                except (BuildFailed, DynbuildError) as error:
                    known = results.ended(image.progress, error)
                image.progress = known

    def _busy(self, image: _Image) -> set[str]:
        """Return what may not start for an image: jobs of others are at it."""
        others = (
            place.digest
            for of, chain in self.at_work.values()
            if of is not image
            for place in chain
        )
        return {*self.jobs.keys(), *others}

    def _start(self, image: _Image, chain: Chain) -> None:
        """Start a job for a chain, unless another platform packs what its first has."""
        job: Callable[[], Iterator[object]] | None = None
        at_work = self.at_work.values()
        for other in self.images:
            place = shared.twin(image.progress, chain[0], other.progress)
            if place is None:
                continue
            if any(of is other and _packs(of, one, place) for of, one in at_work):
                return
            if (record := shared.made(other.progress, place)) is not None:
                work, theirs = _work(image, chain[:1]), _work(other, (place,))
                step = image.progress.recipe.steps[place.id].step
                if shared.is_same_layer(work, theirs, step):
                    chain = chain[:1]
                    job = partial(shared.take_layer, work, record, image.backends)
                    break
        job = job or partial(build_chain, _work(image, chain), image.backends)
        image.progress = changes.started(image.progress, chain)
        self.at_work[chain[0].digest] = image, chain
        self.jobs.start(chain[0].digest, job)

    def _is_over(self, image: _Image) -> bool:
        """Whether nothing is left to do for an image, and what it has is recorded."""
        progress = image.progress
        if progress.running or (progress.failed is None and progress.missing):
            return False
        places = progress.plan.places.places
        chains = (chain for _, chain in self.at_work.values())
        return not any(place.digest in places for chain in chains for place in chain)


def _packs(image: _Image, chain: Chain, place: Placement) -> bool:
    """Whether a chain that is being built has a place, and only copies files."""
    recipe = image.progress.recipe
    return place in chain and all(shared.is_shareable(recipe, one.id) for one in chain)


def _work(image: _Image, chain: Chain) -> BuildChain:
    progress = image.progress
    return chain_of(
        chain, progress.recipe, progress.plan, progress.refused, progress.unkept
    )


def _failure(event: JobResult | JobEnded) -> BaseException | None:
    """Return what a job failed of: its image may have failed of another before."""
    if isinstance(event, JobEnded):
        return event.error
    return event.result.failed if isinstance(event.result, ChainResult) else None


def _end(image: _Image) -> RealizeResult | DynbuildError:
    """Return what came of an image. Raises LostError."""
    try:
        result = results.result_of(image.progress)
    except DynbuildError as error:
        return error
    return replace(result, steps=beside(image.ran, result.steps))


def _naming(report: Report, recipe: Recipe) -> Report:
    """Let events of steps tell their image and platform, if there are several."""
    images = {quote.stage(id_): image for id_, image in recipe.images.items()}

    def told(event: BuildEvent) -> None:
        if isinstance(event, StepStarted | StepOutput | StepFinished):
            image = images.get(event.step)
            event = replace(event, image=image, platform=recipe.told)
        report(event)

    return told if images or recipe.told else report
