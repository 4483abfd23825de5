"""Lines of images that extend one another, from root to leaf."""

from collections.abc import Mapping
from typing import Protocol


class Extends(Protocol):
    """What may extend another by name."""

    @property
    def extends(self) -> str | None: ...


def line_of(images: Mapping[str, Extends], name: str) -> tuple[str, ...]:
    """Return an image and all that it extends, the root first.

    The line ends where one is missing, and names none twice.
    """
    line: list[str] = []
    at: str | None = name
    while at is not None and at in images and at not in line:
        line.append(at)
        at = images[at].extends
    return tuple(reversed(line))


def root_of(images: Mapping[str, Extends], name: str) -> str | None:
    """Return the root of an image's line; None if a cycle or a gap leaves none."""
    first = line_of(images, name)[0]
    return first if images[first].extends is None else None


def parents_first(images: Mapping[str, Extends]) -> tuple[str, ...]:
    """Return the names of images, each after the one that it extends, else by name."""
    return tuple(sorted(images, key=lambda name: line_of(images, name)))
