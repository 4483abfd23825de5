"""An image on another base than its lock's: stages stay where that can be right.

See docs/decisions/0057-onto.md. The packages, sources and scripts of the image run on
the new base. Then facts are gathered of each stage as it was built on the lock's own
base (``onto_facts``), and ``link/onto`` says which of them stay. Their layers stand for
steps with digests of their own (``standing``): no other run looks for these, nor for
those of what is built on them, and what is built here once stages stay is kept in no
tier.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.link.model import Record
from dynbuild.link.onto import judged
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.unresolved import refuse_unresolved
from dynbuild.plan import Reuse, plan
from dynbuild.realization.above import beside, records_of
from dynbuild.realization.images import Linked, RealizedSteps, made
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Asked, Backends, How, RealizeResult
from dynbuild.realization.noted import NotedOnto
from dynbuild.realization.onto_facts import facts_of, system_of
from dynbuild.realization.request import platforms_of, refuse_host_network
from dynbuild.realization.run import ImageRequest, begin, lasting
from dynbuild.realization.standing import standing_for
from dynbuild.realization.steps import realize_steps
from dynbuild.steps.model import Pin
from dynbuild.values import dataclass

LABEL_BASE = "dev.dynbuild.onto"
LABEL_STAGES = "dev.dynbuild.rebased"


@dataclass(frozen=True, slots=True)
class PutPlatform:
    """An image on another base, for one platform.

    For each stage that is another there, ``verdicts`` says why it was built, None if it
    stayed; ``stayed`` has the records of these as they were built on the lock's base.
    """

    platform: str
    outcome: RealizeResult
    verdicts: Mapping[str, str | None]
    stayed: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Put:
    """An image on another base."""

    linked: Linked
    platforms: tuple[PutPlatform, ...]


def refuse_unmovable(lock: Lock, line: Sequence[str]) -> None:
    """Raise DeclarationError for an image that cannot be put onto another base.

    ``line`` is as of an ImageRequest.
    """
    if lock.above is not None:
        who = f"image {line[-1]!r} extends {line[-2]!r}: " if line else ""
        message = f"{who}--onto is for images that extend no other"
        hint = "change the base where it is declared, and run `dynbuild lock`; or name "
        hint += "other images"
    elif lock.base.empty:
        message = "the image has no base that --onto could replace"
        hint = "give it one in the declaration, and run `dynbuild lock`"
    else:
        return
    raise DeclarationError(Diagnostic("DB0450", message, hint=hint))


def put_onto(image: ImageRequest, aside: Backends, base: Pin) -> Put:
    """Make the image of a lock on another base. ``aside`` keeps nothing.

    Raises as ``run.realize``; DeclarationError for an image that extends others or has
    no base, and for a platform that the new base is not for.
    """
    lock, backends, options = image.lock, image.backends, image.options
    refuse_unmovable(lock, image.line)
    refuse_host_network(lock, options)
    platform = cache(backends.builder.platform)
    loads_several = backends.builder.loads_several
    platforms, narrowed = platforms_of(lock, platform, loads_several, options)
    if not options.unresolved:
        refuse_unresolved(lock, platforms)
    for one in platforms:
        if base.platforms and one not in base.platforms:
            message = f"{base.reference} is not for {one}"
            hint = f"it is for {', '.join(sorted(base.platforms))}: pass one of these "
            hint += "as --platform; or name another IMAGE\n(left out is a platform "
            hint += "whose image sets another environment, user or directory)"
            raise DeclarationError(Diagnostic("DB0450", message, hint=hint))
        if lock.config.platforms or len(platforms) > 1:
            # One that the lock lacks is told before anything is built for the others.
            resolve(lock, one, {}, {})
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:

        def inputs(lock: Lock, platform: str) -> RealizeInputs:
            return RealizeInputs(
                lock,
                platform,
                backends,
                options,
                folder,
                image.line,
                of_several=len(platforms) > 1,
                narrowed=narrowed,
            )

        def each() -> Put:
            new = replace(lock, base=base)
            done = [
                _put(inputs(lock, one), inputs(new, one), aside, base)
                for one in platforms
            ]
            return Put(made([one for one, _ in done]), tuple(put for _, put in done))

        return lasting(each)


def _put(
    old: RealizeInputs, new: RealizeInputs, aside: Backends, base: Pin
) -> tuple[RealizedSteps, PutPlatform]:
    """Realize the steps of an image on another base, for one platform."""
    was, _ = begin(old, old.order)
    held = records_of(was, old.backends)
    there = plan(was.order, was.digests, was.platform, held)
    chain = _chain(new)
    stages, moved = facts_of(was, there, chain, new.backends)
    while True:
        verdicts = judged(stages, moved)
        kept = {
            one.id: one.record
            for one in stages
            if verdicts[one.id] is None and one.record is not None
        }
        inputs, recipe, gone = standing_for(new, aside, was, there, kept)
        if not gone:
            break
        stages = [replace(s, hindrance=gone.get(s.id, s.hindrance)) for s in stages]
    _, gather = begin(inputs, inputs.order)
    seconds = new.backends.history.seconds(new.platform)
    how = How(new.options.jobs, frozenset(), seconds)
    outcome = realize_steps(Asked(recipe, how, inputs.backends, gather)).whole()
    outcome = replace(outcome, steps=beside(chain.steps, outcome.steps))
    for id_, record in kept.items():
        choice = outcome.plan.choices[outcome.plan.places.final[id_]]
        if isinstance(choice, Reuse) and choice.record.layers != record.layers:
            verdicts[id_] = "what was built below it wrote where it does"
    stayed = {id_: one for id_, one in kept.items() if verdicts[id_] is None}
    config = inputs.lock.config
    told = {LABEL_BASE: base.reference, LABEL_STAGES: " ".join(stayed)}
    config = replace(config, labels={**config.labels, **told})
    inputs.lock = replace(inputs.lock, config=config)
    layers = {id_: [x.digest for x in one.layers] for id_, one in stayed.items()}
    inputs.onto = NotedOnto(base.reference, old.lock.base.reference, layers)
    put = PutPlatform(new.platform, outcome, verdicts, stayed)
    return RealizedSteps(inputs, outcome, gather), put


def _chain(new: RealizeInputs) -> RealizeResult:
    """Realize what no stage is of the image, on the new base, as ever."""
    recipe, gather = begin(new, new.order)
    seconds = new.backends.history.seconds(new.platform)
    only = frozenset(system_of(recipe))
    how = How(new.options.jobs, frozenset(), seconds, only=only)
    outcome = realize_steps(Asked(recipe, how, new.backends, gather)).whole()
    new.backends.tier.share(outcome.held_here)
    return outcome
