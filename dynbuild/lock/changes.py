"""What differs between two locks, as values: what ``lock`` tells and reviews read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from dynbuild.lock.model import Lock
from dynbuild.lock.renames import Names, continued
from dynbuild.steps.describe import changed_facts
from dynbuild.steps.log import format_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Install, Pin, Remove, Stage, Upgrade

Verb: TypeAlias = Literal[
    "added", "changed", "upgraded", "moved", "renamed", "removed", "repacked"
]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: what happened to what, from which seq to which.

    ``kind`` is "base", "image", "config", "source", "script", "user", "stage" or the
    name of a package manager; ``details`` are the fields, the spec, the reason.
    """

    verb: Verb
    kind: str
    name: str
    before: int | None = None
    after: int | None = None
    details: tuple[str, ...] = ()


def compare(previous: Lock | None, lock: Lock) -> tuple[Change, ...]:
    """All that differs, in the order in which the lock is written."""
    old = previous or Lock(Pin("", None))
    changes = [*_base(old, lock)] if previous else []
    changes += [*_images(old, lock), *_packages(old, lock)]
    changes += _numbered("source", _sources(old), _sources(lock))
    changes += _numbered("script", old.scripts, lock.scripts)
    changes += _user(old, lock)
    changes += _stages(old, lock, continued(old, lock))
    changes += _config(old, lock) if previous else []
    return tuple(changes)


def _base(old: Lock, new: Lock) -> Iterator[Change]:
    if old.base.image != new.base.image:
        yield Change(
            "changed", "base", new.base.image, details=(f"was {old.base.image}",)
        )
    elif old.base != new.base:
        yield Change(
            "changed", "base", new.base.image, details=_differing(old.base, new.base)
        )
    if old.shell != new.shell:
        yield Change("changed", "config", "shell")


def _images(old: Lock, new: Lock) -> Iterator[Change]:
    for image in sorted(old.images.keys() | new.images.keys()):
        if image not in new.images:
            yield Change("removed", "image", image)
        elif image not in old.images:
            yield Change("added", "image", image)
        elif old.images[image] != new.images[image]:
            details = _differing(old.images[image], new.images[image])
            yield Change("changed", "image", image, details=details)


def _packages(old: Lock, new: Lock) -> Iterator[Change]:
    for manager in MANAGERS:
        before = old.packages.get(manager, {})
        after = new.packages.get(manager, {})
        for key in sorted(before.keys() | after.keys()):
            known = set(before.get(key, ()))
            for event in after.get(key, ()):
                if event in known:
                    continue
                match event.action:
                    case Install(spec):
                        verb: Verb = "changed" if known else "added"
                        yield Change(verb, manager, spec, None, event.seq)
                    case Remove():
                        yield Change("removed", manager, key, None, event.seq)
                    case Upgrade():
                        yield Change("upgraded", manager, key, None, event.seq)
            lost = [e for e in before.get(key, ()) if e not in set(after.get(key, ()))]
            if lost and not set(after.get(key, ())) - known:
                told = ", ".join(map(format_event, lost))
                yield Change("repacked", manager, key, details=(f"without {told}",))


def _sources(lock: Lock) -> dict[str, int]:
    return {
        " ".join([source.uri, *source.suites, *source.components]): seq
        for source, seq in lock.sources.items()
    }


def _numbered(
    kind: str, before: Mapping[str, int], after: Mapping[str, int]
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            yield Change("added", kind, name, None, new)
        elif new is None:
            yield Change("removed", kind, name, old, None)
        elif old != new:
            yield Change("repacked", kind, name, old, new)


def _user(old: Lock, new: Lock) -> Iterator[Change]:
    before, after = old.user, new.user
    if before is None and after is not None:
        yield Change("added", "user", after.name, None, new.user_seq)
    elif before is not None and after is None:
        yield Change("removed", "user", before.name, old.user_seq, None)
    elif before is not None and after is not None and before != after:
        details = _differing(before, after)
        yield Change("changed", "user", after.name, old.user_seq, new.user_seq, details)
    elif old.user_seq != new.user_seq and after is not None:
        yield Change("repacked", "user", after.name, old.user_seq, new.user_seq)


def _stages(old: Lock, new: Lock, names: Names) -> Iterator[Change]:
    changed = {
        name
        for name, before in names.items()
        if _stage_details(old, new, names, before, name)
    }
    went = {
        name
        for name, before in names.items()
        if old.stages[before].seq != new.stages[name].seq
    }
    for name, entry in sorted(new.stages.items()):
        if name not in names:
            yield Change("added", "stage", name, None, entry.seq)
            continue
        before = old.stages[names[name]]
        if names[name] != name:
            was = (f"was {names[name]}",)
            yield Change("renamed", "stage", name, before.seq, entry.seq, was)
        if name in changed:
            details = _stage_details(old, new, names, names[name], name)
            yield Change("changed", "stage", name, before.seq, entry.seq, details)
        elif name in went:
            needs = [n for n in entry.stage.needs if n in changed | went]
            because = tuple(f"needs {need}" for need in needs)
            yield Change("moved", "stage", name, before.seq, entry.seq, because)
    for name in sorted(old.stages.keys() - set(names.values())):
        yield Change("removed", "stage", name, old.stages[name].seq, None)


def _stage_details(
    old: Lock, new: Lock, names: Names, before_name: str, name: str
) -> tuple[str, ...]:
    """The fields that differ, as a declaration names them."""
    before, after = old.stages[before_name].stage, new.stages[name].stage
    details = changed_facts(before, old.images, after, new.images)

    def known_as(stage: Stage) -> list[str]:
        return sorted(names.get(need, need) for need in stage.dependencies)

    if sorted(before.dependencies) != known_as(after):
        details.append("dependencies")
    details += [
        label
        for label in ("build_only", "touches")
        if getattr(before, label) != getattr(after, label)
    ]
    return tuple(details)


def _config(old: Lock, new: Lock) -> Iterator[Change]:
    for label in _differing(old.config, new.config):
        yield Change("changed", "config", label)


def _differing(before: object, after: object) -> tuple[str, ...]:
    """Names of the fields in which two values of one dataclass differ."""
    return tuple(
        field.name
        for field in fields(before)  # type: ignore[arg-type]  # a dataclass value
        if getattr(before, field.name) != getattr(after, field.name)
    )
