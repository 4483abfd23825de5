"""What a machine notes of an image that it put on another base than its lock's."""

import json
from collections.abc import Mapping, Sequence

from dynbuild.digest import BlobDigest, sha256
from dynbuild.ports import Machine
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class NotedOnto:
    """The base that an image was last made on, and what it was on that of its lock.

    ``stages`` are those that stayed as they were built on the latter, with the blobs of
    their layers.
    """

    base: str
    lock: str
    stages: Mapping[str, Sequence[BlobDigest]]


def note_onto(
    machine: Machine, name: tuple[str | None, str, str], onto: NotedOnto | None
) -> None:
    """Note on what an image was made last; None is its own base.

    ``name`` is the project, the image, and its platform.
    """
    key = _key(name)
    if onto is not None:
        machine.note(key, json.dumps([onto.base, onto.lock, onto.stages]))
    elif machine.noted(key, own=True):
        machine.note(key, "")


def noted_onto(machine: Machine, name: tuple[str | None, str, str]) -> NotedOnto | None:
    """Return on what an image was made last, if that is not its own base."""
    text = machine.noted(_key(name), own=True)
    return NotedOnto(*json.loads(text)) if text else None


def _key(name: tuple[str | None, str, str]) -> str:
    told = sha256("\n".join(map(str, name)).encode())
    return f"onto-2-{told.removeprefix('sha256:')}"
