"""What a page tells of each step: once for all images that have it."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from dynbuild.cli.render.pages.labels import moved, seconds, weight
from dynbuild.cli.render.reasons import decides, join_text
from dynbuild.cli.render.why_text import Fact
from dynbuild.digest import short
from dynbuild.explain.picture import Picture, Row
from dynbuild.values import dataclass

_T = TypeVar("_T", bound=Hashable)

Why = Mapping[str, Sequence[Fact]]
"""The facts that ``why`` reports about steps, by id."""


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """An image of a page, and what is told of its steps.

    The only one needs no name. ``line`` names the images that it extends, the root
    first.
    """

    picture: Picture
    why: Why
    name: str = ""
    line: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said(Generic[_T]):
    """What holds of a step in some images, by their position; in all if in ``()``."""

    what: _T
    images: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """What is told of a step. ``row`` is that of its owner, the first of ``images``.

    ``below`` and ``above`` have the numbers of other details.
    """

    row: Row
    images: tuple[int, ...]
    tiles: Sequence[Said[tuple[str, str]]]
    why: Sequence[Said[Fact]]
    below: Sequence[Said[int]]
    above: Sequence[Said[int]]


def numbered(images: Sequence[DrawnImage]) -> list[dict[str, int]]:
    """Return the numbers of the details of each image's steps, by their ids.

    A step that an image inherits has the number that it has above.
    """
    by_name = {image.name: at for at, image in enumerate(images)}
    rows = [{row.id: row for row in image.picture.rows} for image in images]
    found: list[dict[str, int]] = []
    count = 0
    for image in images:
        above = [by_name[name] for name in image.line if name in by_name]
        own: dict[str, int] = {}
        for row in reversed(image.picture.rows):
            number = next(
                (found[up][row.id] for up in above if _is_same(rows[up], row)), count
            )
            count += number == count
            own[row.id] = number
        found.append(own)
    return found


def _is_same(rows: Mapping[str, Row], row: Row) -> bool:
    """Whether a step is the one that rows have by its name."""
    other = rows.get(row.id)
    return other is not None and (other.kind, other.title, other.notes) == (
        *(row.kind, row.title, row.notes),
    )


def details(
    images: Sequence[DrawnImage], numbers: Sequence[Mapping[str, int]]
) -> list[Detail]:
    """Return the details of all steps, in the order of their ``numbers``."""
    found: dict[int, dict[int, Row]] = {}
    for at, image in enumerate(images):
        for row in reversed(image.picture.rows):
            found.setdefault(numbers[at][row.id], {})[at] = row
    return [_detail(rows, images, numbers) for _, rows in sorted(found.items())]


def _detail(
    rows: Mapping[int, Row],
    images: Sequence[DrawnImage],
    numbers: Sequence[Mapping[str, int]],
) -> Detail:
    return Detail(
        next(iter(rows.values())),
        tuple(rows),
        _joined({at: _tiles(row) for at, row in rows.items()}),
        _joined({at: _facts(row, images[at].why) for at, row in rows.items()}),
        _joined({at: [numbers[at][i] for i in row.below] for at, row in rows.items()}),
        _joined({at: [numbers[at][i] for i in row.above] for at, row in rows.items()}),
    )


def _joined(told: Mapping[int, Sequence[_T]]) -> list[Said[_T]]:
    """Return what is told of images, each once, as the first of them tells it."""
    by_what: dict[_T, list[int]] = {}
    for at, whats in told.items():
        for what in whats:
            by_what.setdefault(what, []).append(at)
    return [
        Said(what, () if len(of) == len(told) else tuple(of))
        for what, of in by_what.items()
    ]


def _tiles(row: Row) -> list[tuple[str, str]]:
    return [
        ("seq", str(row.seq)),
        ("size", weight(row)),
        ("time", seconds(row)),
        ("changed", moved(row)),
        ("from", row.tier or "no tier"),
        ("digest", short(row.digest)),
    ]


def _facts(row: Row, why: Why) -> Sequence[Fact]:
    """Return the facts of a step, those of the lock alone if no others are known.

    What it stands on has a list of links of its own.
    """
    if known := why.get(row.id):
        return [fact for fact in known if fact.what != "stands on"]
    joins = [Fact("put on", join_text(join)) for join in row.joins]
    return [Fact("place", decides(row.place)), *joins]
