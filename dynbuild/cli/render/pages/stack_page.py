"""The page of a lock: the stacked layers of its images, with an explanation of each.

Works from a file. Without script every layer is a link to its details, and images stand
one below another; in print all details are shown.
"""

from collections.abc import Mapping, Sequence

from dynbuild.cli.render.pages.arcs import Arc, arcs
from dynbuild.cli.render.pages.fill import filled
from dynbuild.cli.render.pages.labels import marks, moved, seconds, totals, weight
from dynbuild.cli.render.pages.step_details import (
    Detail,
    DrawnImage,
    details,
    numbered,
)
from dynbuild.explain.picture import Row
from dynbuild.values import dataclass

_HEIGHT, _LOW = 56, 38
"""The height of a layer in CSS pixels, and of one of many; page.css has the same."""

_WIDTH = 112
"""The width of the arcs."""

_MANY = 40
"""The most steps whose arcs can be told apart; of more, one's alone are shown."""

_MOST_DOTS = 5


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer and the facts about it; unknown sizes and times are empty.

    ``number`` is that of its details, ``owner`` the image that it is inherited from.
    ``bars`` has size and time in percent of the largest and the longest.
    """

    row: Row
    number: int
    owner: str
    size: str
    time: str
    bars: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class _Stack:
    """The layers of an image, the last first."""

    image: DrawnImage
    totals: Mapping[str, str]
    layers: Sequence[_Layer]
    arcs: Sequence[Arc]
    height: int
    is_bare: bool
    is_many: bool


def stack_page(images: Sequence[DrawnImage], name: str) -> str:
    """Return the page of images, parents first, titled ``name``."""
    numbers = numbered(images)
    told = details(images, numbers)
    stacks = [
        _stack(image, own, images, told)
        for image, own in zip(images, numbers, strict=True)
    ]
    several = len(images) > 1
    image_head = ["image"] * several
    return filled(
        "stack.html",
        name=name,
        totals=_totals(images, told) if several else stacks[0].totals,
        several=several,
        stacks=stacks,
        names=[image.name for image in images],
        details=told,
        width=_WIDTH,
        most_dots=_MOST_DOTS,
        head=[
            *("seq", *image_head, "step", "what", "stands on", "", "from"),
            *("size", "time", "moved"),
        ],
        table=[_cells(one, images if several else ()) for one in told],
    )


def _totals(images: Sequence[DrawnImage], told: Sequence[Detail]) -> dict[str, str]:
    """Return the totals of several images, in which each step counts once."""
    facts = {"images": str(len(images)), "steps in all": str(len(told))}
    if shared := sum(len(one.images) > 1 for one in told):
        facts["shared by several"] = str(shared)
    return facts


def _stack(
    image: DrawnImage,
    numbers: Mapping[str, int],
    images: Sequence[DrawnImage],
    told: Sequence[Detail],
) -> _Stack:
    rows = tuple(reversed(image.picture.rows))
    largest = max((row.size or 0 for row in rows), default=0)
    longest = max((row.seconds or 0 for row in rows), default=0.0)
    is_many = len(rows) > _MANY
    height = _LOW if is_many else _HEIGHT
    layers: list[_Layer] = []
    for row in rows:
        owner = images[told[numbers[row.id]].images[0]]
        layers.append(
            _Layer(
                row,
                numbers[row.id],
                "" if owner is image else owner.name,
                "" if row.size is None else weight(row),
                "" if row.seconds is None else seconds(row),
                _bars(row, largest, longest),
            )
        )
    return _Stack(
        image,
        totals(image.picture),
        layers,
        tuple(arcs(rows, _WIDTH, height)),
        len(rows) * height,
        is_bare=not any(row.size or row.seconds or row.tier for row in rows),
        is_many=is_many,
    )


def _bars(row: Row, largest: int, longest: float) -> tuple[float, float] | None:
    if row.size is None and row.seconds is None:
        return None
    size = 100 * (row.size or 0) / largest if largest else 0
    time = 100 * (row.seconds or 0) / longest if longest else 0
    return size, time


def _cells(detail: Detail, images: Sequence[DrawnImage]) -> tuple[str, ...]:
    row = detail.row
    return (
        str(row.seq),
        *([images[detail.images[0]].name] if images else []),
        row.id,
        row.title,
        ", ".join(row.below) or "the base",
        ", ".join(marks(row)),
        row.tier or "",
        "" if row.size is None else weight(row),
        "" if row.seconds is None else seconds(row),
        moved(row),
    )
