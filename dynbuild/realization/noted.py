"""What a machine notes of an image that it put on another base than its lock's."""

import json

from dynbuild.digest import sha256
from dynbuild.ports import Machine
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class NotedOnto:
    """The base that an image was last made on, and the stages that stayed."""

    base: str
    stages: tuple[str, ...]


def note_onto(
    machine: Machine, project: str | None, image: str, onto: NotedOnto | None
) -> None:
    """Note on what an image was made last; None is its own base."""
    name = _name(project, image)
    if onto is not None:
        machine.note(name, json.dumps([onto.base, *onto.stages]))
    elif machine.noted(name, own=True):
        machine.note(name, "")


def noted_onto(machine: Machine, project: str | None, image: str) -> NotedOnto | None:
    """Return on what an image was made last, if that is not its own base."""
    if not (text := machine.noted(_name(project, image), own=True)):
        return None
    base, *stages = json.loads(text)
    return NotedOnto(base, tuple(stages))


def _name(project: str | None, image: str) -> str:
    told = sha256(f"{project}\n{image}".encode())
    return f"onto-{told.removeprefix('sha256:')}"
