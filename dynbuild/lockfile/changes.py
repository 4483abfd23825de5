"""The differences between two locks, as values: ``lock`` reports them for review."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Literal, TypeAlias, assert_never

from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.renames import Names, continued, follow
from dynbuild.steps.fields import BY_NAME
from dynbuild.steps.log import EVERYTHING, Event, declared, format_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Freshen,
    Install,
    Pin,
    Remove,
    Setup,
    Upgrade,
)
from dynbuild.steps.title import title
from dynbuild.values import dataclass

Verb: TypeAlias = Literal[
    "added", "changed", "upgraded", "moved", "renamed", "removed", "repacked"
]

_EVERYTHING = "all that is there"
_EDITED = ("what it copies",)
"""The detail of a stage that goes behind what is new because its files were edited."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what happened to what, from which seq to which.

    ``kind`` is "argument", "base", "image", "config", "index", "source", "script",
    "upgrades", "user", "stage" or a package manager; ``details`` are the fields, the
    spec, the reason. ``image`` is whose step it is where there are several; "images"
    is the kind of what is said of an image itself.
    """

    verb: Verb
    kind: str
    name: str
    before: int | None = None
    after: int | None = None
    details: tuple[str, ...] = ()
    image: str = ""

    @property
    def called(self) -> str:
        """The name, with that of the image where there are several."""
        known = not self.image or self.kind == "images"
        return self.name if known else f"{self.image}/{self.name}"


def compare(previous: Lock | None, lock: Lock) -> tuple[Change, ...]:
    """Return all differences, in the order in which the lock is written.

    Empty only for equal locks; what decides nothing is not reported: ``seen``, and keys
    that this version does not know.
    """
    old = previous or Lock(Pin("", None))
    changes = [*_named("argument", old.arguments, lock.arguments)]
    changes += [*_base(old, lock)] if previous else []
    changes += [*_images(old, lock), *_indexes(old, lock), *_setups(old, lock)]
    changes += [*_packages(old, lock), *_sources(old, lock)]
    changes += _scripts(old.scripts, lock.scripts)
    changes += _named("upgrades", old.upgrades, lock.upgrades)
    changes += _user(old, lock)
    changes += _stages(old, lock, continued(old, lock))
    changes += _config(old, lock) if previous else []
    return tuple(changes)


def _named(
    kind: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change("removed", kind, name)
        elif name not in before:
            yield Change("added", kind, name)
        elif before[name] != after[name]:
            yield Change("changed", kind, name)


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


def _indexes(old: Lock, new: Lock) -> Iterator[Change]:
    """Yield the changes of where packages come from, by manager and address."""
    for manager in MANAGERS:
        before, after = (
            {(one.url, one.scope): one for one in lock.indexes.get(manager, ())}
            for lock in (old, new)
        )
        for key in dict.fromkeys([*before, *after]):
            url, scope = key
            name = f"{url} for {scope}" if scope else url
            if key not in after:
                yield Change("removed", "index", f"{manager} {name}")
            elif key not in before:
                yield Change("added", "index", f"{manager} {name}")
            elif before[key] != after[key]:
                details = _differing(before[key], after[key])
                yield Change("changed", "index", f"{manager} {name}", details=details)
        if [*before] != [*after] and {*before} == {*after}:
            yield Change("changed", "index", manager, details=("order",))


def _packages(old: Lock, new: Lock) -> Iterator[Change]:
    for manager in MANAGERS:
        before = old.packages.get(manager, {})
        after = new.packages.get(manager, {})
        for key in sorted(before.keys() | after.keys()):
            was, now = before.get(key, ()), after.get(key, ())
            if was == now:
                continue
            spec = declared({key: was}).get(key)
            known = {event.fact for event in was}
            if news := [event for event in now if event.fact not in known]:
                told = _package(manager, key, news, there=spec is not None)
            else:
                told = iter([_lost(manager, key, was, now, spec)])
            for one in told:
                all_of_it = one.name == EVERYTHING
                yield replace(one, name=_EVERYTHING) if all_of_it else one


def _package(
    manager: str, key: str, events: Iterable[Event], *, there: bool
) -> Iterator[Change]:
    """Yield the changes of a package by its new events, ``there`` before or not."""
    for event in events:
        match event.action:
            case Install(spec):
                verb: Verb = "changed" if there else "added"
                yield Change(verb, manager, spec, None, event.seq)
                there = True
            case Remove():
                yield Change("removed", manager, key, None, event.seq)
                there = False
            case Upgrade():
                yield Change("upgraded", manager, key, None, event.seq)
            case Freshen(only):
                details = ("not declared", *((", ".join(only),) if only else ()))
                yield Change("upgraded", manager, key, None, event.seq, details)
            case _:
                assert_never(event.action)


def _lost(
    manager: str,
    key: str,
    before: tuple[Event, ...],
    after: tuple[Event, ...],
    was: str | None,
) -> Change:
    """Return the change of a package that has no new event: it is as it was once.

    ``was`` is the spec that it had.
    """
    now = declared({key: after}).get(key)
    verb: Verb
    facts = {event.fact for event in after}
    lost = [format_event(event) for event in before if event.fact not in facts]
    if now == was:
        name, verb = key, "repacked"
    elif now is None:
        name, verb = key, "removed"
    else:
        name, verb = now, "added" if was is None else "changed"
    why = f"without {', '.join(lost)}" if lost else "keeps count of its upgrades"
    return Change(verb, manager, name, details=(why,))


def _setups(old: Lock, new: Lock) -> Iterator[Change]:
    """Yield the changes of what is set up; what is appended says what was there."""
    gone: defaultdict[str, list[Setup]] = defaultdict(list)
    for one in sorted(old.setups.keys() - new.setups.keys(), key=repr):
        gone[title(one)].append(one)
    for one, seq in sorted(new.setups.items(), key=lambda item: (item[1], repr(item))):
        name = title(one)
        if one in old.setups:
            if old.setups[one] != seq:
                yield Change("repacked", "setup", name, old.setups[one], seq)
        elif gone[name]:
            was = gone[name].pop()
            content = _taken(was.copies, one.copies) or "copy"
            details = tuple(
                content if label == "copies" else label
                for label in _differing(was, one)
            )
            yield Change("changed", "setup", name, old.setups[was], seq, details)
        else:
            details = _made_without(new, seq)
            yield Change("added", "setup", name, None, seq, details)
    for name, setups in sorted(gone.items()):
        for one in setups:
            yield Change("removed", "setup", name, old.setups[one], None)


def _made_without(lock: Lock, seq: int) -> tuple[str, ...]:
    """Say which groups of packages were installed before something was set up."""
    groups = {
        (event.seq, f"{manager}.{event.seq}")
        for manager, log in lock.packages.items()
        for events in log.values()
        for event in events
        if event.seq < seq
    }
    if not groups:
        return ()
    names = ", ".join(name for _, name in sorted(groups))
    return (f"installed without it: {names} (--repack puts it first)",)


def _sources(old: Lock, new: Lock) -> Iterator[Change]:
    """Yield the changes of sources by name; one with another key was changed."""
    gone: defaultdict[str, list[AptSource]] = defaultdict(list)
    for source in old.sources.keys() - new.sources.keys():
        gone[_called(source)].append(source)
    for source, seq in sorted(new.sources.items(), key=repr):
        name = _called(source)
        if source in old.sources:
            if old.sources[source] != seq:
                yield Change("repacked", "source", name, old.sources[source], seq)
        elif gone[name]:
            was = gone[name].pop()
            details = _differing(was, source)
            yield Change("changed", "source", name, old.sources[was], seq, details)
        else:
            yield Change("added", "source", name, None, seq)
    for name, sources in sorted(gone.items()):
        for source in sources:
            yield Change("removed", "source", name, old.sources[source], None)


def _called(source: AptSource) -> str:
    return " ".join([source.uri, *source.suites, *source.components])


def _scripts(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Change]:
    for text in sorted(before.keys() | after.keys()):
        old, new = before.get(text), after.get(text)
        if old is None:
            yield Change("added", "script", text, None, new)
        elif new is None:
            yield Change("removed", "script", text, old, None)
        elif old != new:
            yield Change("repacked", "script", text, old, new)


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
    details = {
        name: _details(old, new, names, before, name) for name, before in names.items()
    }
    went = {
        name
        for name, before in names.items()
        if details[name]
        or old.stages[before].seq != new.stages[name].seq
        or old.stages[before].moves != new.stages[name].moves
        or old.stages[before].packages != new.stages[name].packages
        or old.stages[before].sources != new.stages[name].sources
    }
    in_order = sorted(new.stages.items(), key=lambda item: (item[1].seq, item[0]))
    for name, entry in in_order:
        if name not in names:
            yield Change("added", "stage", name, None, entry.seq)
            continue
        before = old.stages[names[name]]
        if names[name] != name:
            was = (f"was {names[name]}",)
            yield Change("renamed", "stage", name, before.seq, entry.seq, was)
        if details[name]:
            yield Change("changed", "stage", name, before.seq, entry.seq, details[name])
        elif name in went:
            because = tuple(
                f"needs {need}" for need in entry.stage.needs if need in went
            )
            edited = not because and _only_edited(old, new, before, entry)
            yield (
                Change("changed", "stage", name, before.seq, entry.seq, _EDITED)
                if edited
                else Change("moved", "stage", name, before.seq, entry.seq, because)
            )
    for name in sorted(old.stages.keys() - set(names.values())):
        yield Change("removed", "stage", name, old.stages[name].seq, None)


def _only_edited(old: Lock, new: Lock, before: Entry, entry: Entry) -> bool:
    """Whether a stage moved for the content of its live copies, which no lock has."""
    return (
        bool(entry.stage.live_inputs)
        and entry.moves == before.moves
        and entry.seq > old.last_seq
        and old.base == new.base
        and old.scripts.keys() <= new.scripts.keys()
        and old.sources.keys() <= new.sources.keys()
    )


def _details(
    old: Lock, new: Lock, names: Names, before_name: str, name: str
) -> tuple[str, ...]:
    """Return the fields that differ, as a declaration names them, following renames."""
    before = old.stages[before_name].stage
    after = new.stages[name].stage
    # A merged lock may name stages that it does not have: these keep their names.
    lost = {need: need for need in after.needs if need not in new.stages}
    known_as = follow({**lost, **names} if lost else names)
    found = _differing(before, after.following(known_as))
    labels = [label for label in found if label != "name"]
    for label in ("copies", "mounts"):
        if label not in labels and any(
            old.images.get(image) != new.images.get(image)
            for image in {one.image for one in getattr(after, label) if one.image}
        ):
            labels.append(label)
    base = after.base
    if base and "base" not in labels and old.images.get(base) != new.images.get(base):
        labels.append("base")
    on_image = before.base is None and base is None
    shells = before.shell or old.shell, after.shell or new.shell
    if "shell" not in labels and on_image and shells[0] != shells[1]:
        labels.append("shell")
    return tuple(
        _taken(getattr(before, label), getattr(after, label)) or BY_NAME[label].written
        if label in {"copies", "mounts"}
        else BY_NAME[label].written
        for label in labels
    )


def _taken(before: tuple[Copy, ...], after: tuple[Copy, ...]) -> str | None:
    """Return the paths of inputs, if nothing but their content differs."""
    contentless = [
        [replace(one, digest=None) for one in inputs] for inputs in (before, after)
    ]
    if contentless[0] != contentless[1]:
        return None
    paths = [
        new.path
        for old, new in zip(before, after, strict=True)
        if old.digest != new.digest
    ]
    return f"content of {' and '.join(paths)}" if paths else None


def _config(old: Lock, new: Lock) -> Iterator[Change]:
    for label in _differing(old.config, new.config):
        yield Change("changed", "config", label)


def _differing(before: object, after: object) -> tuple[str, ...]:
    """Return the names of the fields in which two values of one dataclass differ."""
    return tuple(
        field.name
        for field in fields(before)  # type: ignore[arg-type]  # a dataclass value
        if getattr(before, field.name) != getattr(after, field.name)
    )
