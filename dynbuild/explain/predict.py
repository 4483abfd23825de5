"""Prediction of the steps that would run: replanning as if builds had happened.

``realize`` plans again after each build, since only then are a step's writes known. So
does this: a step that would be built is assumed to write what it wrote when it was
last built. New writes cannot be foreseen; everything else is exact. What another image
has built is assumed to serve here too, once what lies below it is built.
"""

from collections.abc import Iterable, Mapping

from dynbuild.digest import Digest, PlacedDigest, RealizationId
from dynbuild.inheritance import Above, Steps, plan_image
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.plan import Build, Held, Plan
from dynbuild.values import dataclass

UNBUILT = Digest("not built")
"""A realization that no step has: nothing that stands on it is ever reused."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The final plan, and the ids of the steps that run, in lock order."""

    plan: Plan
    runs: tuple[str, ...]


def predict(
    image: Steps,
    platform: str,
    records: Iterable[Held],
    wrote: Mapping[str, WriteSet],
    above: Above = (),
) -> Prediction:
    """Predict a realization; ``wrote`` has the steps' earlier writes, by id.

    ``above`` are the images that this one extends, the root first.
    """
    candidates = list(records)
    steps = {placed.id: placed for placed in image.order}
    runs: set[str] = set()
    guessed: set[PlacedDigest] = set()
    while True:
        planned = plan_image(image, above, platform, candidates, {})
        outcome = planned.plan
        missing = [
            place
            for digest, place in outcome.places.places.items()
            if isinstance(outcome.choices[digest], Build)
            and place.id not in planned.awaited
        ]
        runs.update(place.id for place in missing)
        guesses = [p for p in missing if p.digest not in guessed and p.id in wrote]
        if not guesses:
            ids = tuple(placed.id for placed in image.order if placed.id in runs)
            return Prediction(outcome, ids)
        guessed.update(place.digest for place in guesses)
        candidates += [
            _guess(place, steps[place.id].runs_on(platform), wrote[place.id])
            for place in guesses
        ]


def _guess(place: Placement, platform: str, writes: WriteSet) -> Held:
    on = (RealizationId(UNBUILT),)
    return Held(Record(place.digest, place.step, platform, (), writes, on=on))
