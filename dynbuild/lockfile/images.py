"""The lock of several images: of each its own part, which it adds to what it extends.

Every step has one owner, the image whose table says it. The whole of an image is the
lock that it would have alone, with all that it inherits: order, digests, Dockerfile and
realization know no other.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, fields, replace
from functools import cached_property, reduce
from typing import TypeAlias, TypeVar

from dynbuild.declaration.inputs import Data
from dynbuild.extending import line_of, parents_first
from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.recent import recently
from dynbuild.lockfile.upgrades import largest, logs_beyond, so_far
from dynbuild.steps.fields import FieldValue, defaults
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.log import Event, Log
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Pin
from dynbuild.steps.pinned import Events, Resolved
from dynbuild.values import dataclass

_T = TypeVar("_T")

UNITED = ("expose", "volumes")
"""What an image has besides what it inherits, where others say it anew."""


@dataclass(frozen=True, slots=True)
class LockedImage:
    """One of several images: what it extends, and its own part of the lock.

    The base, the shell and the pins in ``own`` are those that its steps need; its
    runtime config is what it says itself.
    """

    extends: str | None
    publish: bool
    own: Lock


@dataclass(frozen=True)
class LockedImages:
    """The lock of several images. Each extends one that is there, without a cycle."""

    images: Mapping[str, LockedImage]
    pins: Mapping[str, Pin]
    """The images of registries that any of them needs, by reference."""
    arguments: Mapping[str, Data] = field(default_factory=dict)
    upgrades: Mapping[str, int] = field(default_factory=dict)
    """By manager how many upgrades were asked for, if more than the logs show."""

    @cached_property
    def parents_first(self) -> tuple[str, ...]:
        """The names, each after that of the image that it extends, else by name."""
        return parents_first(self.images)

    @property
    def last_seq(self) -> int:
        """The largest seq in the lock: all images count with one counter."""
        return max((image.own.last_seq for image in self.images.values()), default=0)

    @property
    def upgrades_so_far(self) -> dict[str, int]:
        """By manager how many upgrades were asked for in any of the images."""
        parts = (so_far(image.own) for image in self.images.values())
        return largest(self.upgrades, *parts)

    def line(self, name: str) -> tuple[str, ...]:
        """Return an image and all that it extends, the root first."""
        return line_of(self.images, name)

    def whole(self, name: str) -> Lock:
        """Return the lock that an image would have alone: each time the same object.

        What is found of a lock is remembered by its identity (``recent``).
        """
        if name not in self._wholes:
            parts = (self.images[one].own for one in self.line(name))
            self._wholes[name] = replace(
                reduce(extended, parts),
                arguments=self.arguments,
                upgrades=self.upgrades,
            )
        return self._wholes[name]

    @cached_property
    def _wholes(self) -> dict[str, Lock]:
        return {}


AnyLock: TypeAlias = Lock | LockedImages
"""What a lock's file holds: one image, or several."""


ONLY = ""
"""What the only image of a declaration is called where several have names."""


def as_images(recipe: AnyLock) -> LockedImages:
    """Return what a lock holds as several images, if need be of one without a name."""
    return recipe if isinstance(recipe, LockedImages) else _as_images(recipe)


@recently
def _as_images(recipe: Lock) -> LockedImages:
    own = replace(recipe, arguments={}, upgrades={}, above=None)
    image = LockedImage(None, publish=True, own=own)
    pins = pins_of([own])
    return LockedImages({ONLY: image}, pins, recipe.arguments, recipe.upgrades)


def as_recipe(several: LockedImages) -> AnyLock:
    """Invert ``as_images``."""
    return several.whole(ONLY) if ONLY in several.images else several


@dataclass(frozen=True, slots=True)
class TargetImage:
    """The demands on one of several images.

    ``whole`` has what it inherits as well; ``config`` is what it says itself.
    """

    extends: str | None
    publish: bool
    whole: Target
    config: RuntimeConfig


Targets: TypeAlias = Mapping[str, TargetImage]
"""The demands on several images, by name."""


def extended(above: Lock, own: Lock) -> Lock:
    """Return the lock of an image with its own part beside what it inherits.

    What both have of system steps keeps the place that the image's own part says.
    """
    user = own if own.user is not None else above
    return replace(
        above,
        packages=_both_logs(above.packages, own.packages),
        setups={**above.setups, **own.setups},
        sources={**above.sources, **own.sources},
        scripts={**above.scripts, **own.scripts},
        user=user.user,
        user_seq=user.user_seq,
        stages={**above.stages, **own.stages},
        images={**above.images, **own.images},
        config=config_of(above.config, own.config),
        resolved=_both_resolved(above.resolved, own.resolved),
        resolve_since=own.resolve_since,
        sums=own.sums,
        above=above,
    )


def own_part(lock: Lock, above: Lock | None, config: RuntimeConfig) -> Lock:
    """Return the part of an image's lock that it does not inherit.

    The inverse of ``extended``; ``config`` is what the image says itself.
    """
    if above is None:
        return replace(lock, config=config, arguments={}, upgrades={}, above=None)
    stages = {n: e for n, e in lock.stages.items() if n not in above.stages}
    taken = pinned_by(stages.values())
    own = logs_beyond(lock.packages, above.packages)
    has_user = (lock.user, lock.user_seq) != (above.user, above.user_seq)
    return replace(
        lock,
        packages=own,
        resolved=kept_of(lock.resolved, seqs_of(own)),
        setups=_beyond(lock.setups, above.setups),
        sources=_beyond(lock.sources, above.sources),
        scripts=_beyond(lock.scripts, above.scripts),
        user=lock.user if has_user else None,
        user_seq=lock.user_seq if has_user else 0,
        indexes={},
        mirrors={},
        stages=stages,
        images={ref: pin for ref, pin in lock.images.items() if ref in taken},
        config=config,
        arguments={},
        upgrades={},
        above=None,
    )


def pinned_by(entries: Iterable[Entry]) -> set[str]:
    """Return the images of registries that some stages need a pin of."""
    return {image for entry in entries for image in entry.stage.images}


def pins_of(parts: Collection[Lock]) -> dict[str, Pin]:
    """Return the pins that some parts of a lock need, by reference."""
    bases = {part.base.image: part.base for part in parts}
    return {**bases, **{ref: pin for part in parts for ref, pin in part.images.items()}}


def config_of(above: RuntimeConfig, own: RuntimeConfig) -> RuntimeConfig:
    """Return the runtime config of an image beside what it inherits.

    As in Docker, an entrypoint of its own leaves no arguments of another one.
    """
    if own.entrypoint is not None:
        above = replace(above, cmd=None)
    usual = defaults(RuntimeConfig)
    found: dict[str, FieldValue] = {}
    for one in fields(RuntimeConfig):
        inherited, said = getattr(above, one.name), getattr(own, one.name)
        if isinstance(said, Mapping):
            found[one.name] = {**inherited, **said}
        elif one.name in UNITED:
            found[one.name] = tuple(dict.fromkeys((*inherited, *said)))
        else:
            found[one.name] = inherited if said == usual[one.name] else said
    return RuntimeConfig(**found)


def seqs_of(logs: Mapping[str, Log]) -> dict[str, frozenset[int]]:
    """Return the seqs of the events in some logs, by manager."""
    return {
        manager: frozenset(event.seq for events in log.values() for event in events)
        for manager, log in logs.items()
    }


def kept_of(resolved: Resolved, seqs: Mapping[str, frozenset[int]]) -> Resolved:
    """Return the versions that are of some events."""
    found: dict[str, dict[str, Events]] = {}
    for manager, platforms in resolved.items():
        for platform, events in platforms.items():
            own = {s: one for s, one in events.items() if s in seqs.get(manager, ())}
            if own:
                found.setdefault(manager, {})[platform] = own
    return found


def _both_resolved(above: Resolved, own: Resolved) -> Resolved:
    """Return the versions of both; an event to which they give two has none."""
    found: dict[str, dict[str, Events]] = {}
    for manager in {**above, **own}:
        upper, lower = above.get(manager, {}), own.get(manager, {})
        for platform in {**upper, **lower}:
            mine, theirs = lower.get(platform, {}), upper.get(platform, {})
            events = {
                seq: {**theirs.get(seq, {}), **mine.get(seq, {})}
                for seq in sorted({**theirs, **mine})
                if all(
                    mine.get(seq, {}).get(name, version) == version
                    for name, version in theirs.get(seq, {}).items()
                )
            }
            found.setdefault(manager, {})[platform] = events
    return found


def _both_logs(above: Mapping[str, Log], own: Mapping[str, Log]) -> dict[str, Log]:
    """Return the logs of both, with the events of each package in order."""
    found: dict[str, Log] = {}
    for manager in MANAGERS:
        upper, lower = above.get(manager, {}), own.get(manager, {})
        log = {
            key: _in_order((*upper.get(key, ()), *lower.get(key, ())))
            for key in sorted(upper.keys() | lower.keys())
        }
        if log:
            found[manager] = log
    return found


def _in_order(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(sorted(dict.fromkeys(events), key=lambda event: event.seq))


def _beyond(seqs: Mapping[_T, int], above: Mapping[_T, int]) -> dict[_T, int]:
    return {item: seq for item, seq in seqs.items() if above.get(item) != seq}
