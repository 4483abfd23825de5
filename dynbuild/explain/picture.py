"""A view of a lock to draw: its steps as layers, their dependencies, known facts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from dynbuild.digest import Digest, PlacedDigest
from dynbuild.explain.metrics import LookUp, StepMetrics, unmeasured
from dynbuild.explain.place import Position, places
from dynbuild.explain.view import View, below, filled, view
from dynbuild.link.placement import Join
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.resolved import Contents
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Group,
    Script,
    Setup,
    Stage,
    Step,
    User,
)
from dynbuild.steps.title import title
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A note about a step: a heading, and its lines."""

    heading: str
    lines: tuple[str, ...]
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One step of a picture.

    ``edges`` are the steps that it stands on or copies from, without those that another
    of them already stands on. ``place`` says what decided its position, ``joins`` what
    it was put on, ``notes`` what it does. Unknown seconds, size and tier are None.
    """

    id: str
    kind: str
    title: str
    seq: int
    moves: int
    live: bool
    linked: bool
    below: tuple[str, ...]
    edges: tuple[str, ...]
    above: tuple[str, ...]
    place: Position
    joins: tuple[Join, ...]
    notes: tuple[Note, ...]
    digest: PlacedDigest
    seconds: float | None = None
    size: int | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All steps of a lock in install order, on the base."""

    base: str
    base_digest: Digest | None
    platform: str
    rows: tuple[Row, ...]


def picture(
    lock: Lock,
    platform: str,
    look_up: LookUp = unmeasured,
    contents: Contents | None = None,
) -> Picture:
    """Return the picture of a lock on a platform. Raises as ``filled`` does."""
    resolved = filled(lock, platform, contents)
    metrics = look_up({*resolved.digests.values()}, platform)
    lock_view = view(resolved, metrics)
    where = places(lock, tuple(lock_view.steps.values()))
    reach = _closures(lock_view.steps)
    above: dict[str, list[str]] = {id_: [] for id_ in lock_view.steps}
    for id_, placed in lock_view.steps.items():
        for need in below(placed):
            above[need].append(id_)
    rows = tuple(
        _row(
            lock_view, placed, where[placed.id], reach, tuple(above[placed.id]), metrics
        )
        for placed in lock_view.steps.values()
    )
    digest = lock.base.platforms.get(platform, lock.base.digest)
    return Picture(lock.base.image, digest, platform, rows)


def _closures(steps: Mapping[str, Placed]) -> dict[str, frozenset[str]]:
    """Return all steps that each step stands on or copies from, directly or not."""
    closures: dict[str, frozenset[str]] = {}
    for id_, placed in steps.items():
        needs = below(placed)
        closures[id_] = frozenset(needs).union(*(closures[need] for need in needs))
    return closures


def _row(  # noqa: PLR0913, PLR0917 - all parts of a row
    lock_view: View,
    placed: Placed,
    where: Position,
    reach: Mapping[str, frozenset[str]],
    above: tuple[str, ...],
    metrics: StepMetrics,
) -> Row:
    needs = below(placed)
    covered = frozenset[str]().union(*(reach[need] for need in needs))
    digest = lock_view.placed(placed.id)
    measured = (digest, placed.id)
    return Row(
        id=placed.id,
        kind=kind_of(placed.step),
        title=title(placed.step),
        seq=placed.seq,
        moves=where.moves,
        live=placed.live,
        linked=placed.linked,
        below=needs,
        edges=tuple(need for need in needs if need not in covered),
        above=above,
        place=where,
        joins=lock_view.places.places[digest].joins,
        notes=tuple(_notes(placed.step)),
        digest=digest,
        seconds=next(
            (metrics.seconds[k] for k in measured if k in metrics.seconds), None
        ),
        size=metrics.sizes.get(digest),
        tier=metrics.tiers.get(digest),
    )


def kind_of(step: Step) -> str:
    """Return ``stage``, ``script``, ``user``, ``source``, or the manager's name."""
    match step:
        case Group():
            return step.manager
        case _:
            return type(step).__name__.lower().removeprefix("apt")


def _notes(step: Step) -> Iterator[Note]:
    match step:
        case Stage():
            yield from _notes_of_stage(step)
        case Group():
            yield from _notes_of_group(step)
        case Script(text):
            yield Note("Script", (text,), verbatim=True)
        case Setup():
            taken = {
                "Copies": map(_copy, step.copies),
                "Files": (file.to for file in step.files),
            }
            yield from _notes_of(step.commands, taken)
        case User():
            sudo = ", with sudo" if step.sudo else ""
            yield Note("User", (f"{step.name}, uid {step.uid}, {step.shell}{sudo}",))
        case AptSource():
            words = [step.uri, *step.suites, *step.components]
            yield Note("Source", (" ".join(words),), verbatim=True)
        case _:
            assert_never(step)


def _notes_of_group(group: Group) -> Iterator[Note]:
    specs = tuple(sorted(group.declared.values()))
    yield Note(f"Declared with {group.manager} by then", specs)
    if group.upgrades:
        yield Note("Upgraded", ("all that is there",))
    if group.indexes:
        asked = tuple(index.url for index in group.indexes)
        yield Note("Asked", asked, verbatim=True)


def _notes_of_stage(stage: Stage) -> Iterator[Note]:
    limits = {"memory": stage.memory, "cpus": stage.cpus, "time": stage.timeout}
    taken = {
        "Downloads": (f"{one.url} to {one.to}" for one in stage.add),
        "Copies": map(_copy, stage.copies),
        "Files": (file.to for file in stage.files),
        "Mounts": map(_copy, stage.mounts),
        "In memory": (one.target for one in stage.tmpfs),
        "Limits": (f"{name} {limit}" for name, limit in limits.items() if limit),
    }
    yield from _notes_of(stage.commands, taken)
    env = tuple(f"{name}={value}" for name, value in sorted(stage.env.items()))
    if env:
        yield Note("Environment", env, verbatim=True)


def _notes_of(
    commands: tuple[str, ...], taken: Mapping[str, Iterable[str]]
) -> Iterator[Note]:
    if commands:
        yield Note("Commands", commands, verbatim=True)
    for heading, told in taken.items():
        if lines := tuple(told):
            yield Note(heading, lines)


def _copy(copy: Copy) -> str:
    source = copy.stage or copy.image
    of = f" of {source}" if source else ""
    live = " (live)" if copy.live else ""
    return f"{copy.path}{of} to {copy.to}{live}"
