"""The text of a lock: TOML in a fixed layout, one fact in one place, stages by name.

The layout makes a change a few lines in a diff, and two changes seldom conflict:
no index, no date, nothing chained, one command per line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain

import tomli_w

from dynbuild.lockfile import reading, versions
from dynbuild.lockfile.images import LockedImage, LockedImages
from dynbuild.lockfile.logs import has_undeclared, log_tables
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.platform import is_restricted
from dynbuild.steps.fields import (
    COLUMNS,
    Column,
    FieldValue,
    lowest_version,
    set_columns,
)
from dynbuild.steps.kinds import (
    FieldKind,
    Lines,
    PlatformDigests,
    RecordKind,
    Records,
    Variables,
)
from dynbuild.steps.log import EVERYTHING, UNDECLARED, Log
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import DEFAULT_SHELL, AptSource, Pin
from dynbuild.steps.recipe import targets_of

HEADER = """\
# dynbuild.lock: written by `dynbuild lock`, read in review, committed. @generated
# Install order: seq from low to high. See it with `dynbuild lock --show-order`.
"""

MARKER = re.compile(
    r"^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?=[ \r\n]|\Z)", re.MULTILINE
)
"""The lines of a merge conflict."""

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""Text that TOML writes as it is, between quotes."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SEVERAL = 2
"""The first version of a lock that can hold several images."""

_TARGETS_SINCE = 3
"""The version that first gave stages the variables of the platform."""

_ORIGINS_SINCE = 5
"""The version that first upgraded what is there, and had sources of stages."""

UPGRADES_SINCE = 7
"""The version that first told upgrades from one another."""

_RESTRICTED_SINCE = 8
"""The version that first had packages for some platforms only."""

RESOLVED_SINCE = 9
"""The version that first had the versions of packages."""

SNAPSHOTS_SINCE = 10
"""The version that first had packages from archives as they were at a time."""

UNDECLARED_SINCE = 10
"""The version that first upgraded packages that nobody declares."""

_NOTHING_SINCE = 5
"""The version that first had images and stages that start from nothing."""

TomlValue = object
TomlTable = Mapping[str, TomlValue]
KeyPath = tuple[str, ...]


def text_of(recipe: Lock | LockedImages) -> str:
    """Return the canonical text of a lock."""
    lines = [HEADER.rstrip("\n"), f"version = {_version(recipe)}"]
    if isinstance(recipe, Lock) and recipe.shell != DEFAULT_SHELL:
        lines.append(_pair("shell", list(recipe.shell)))
    tables = _tables(recipe) if isinstance(recipe, Lock) else _several(recipe)
    above: KeyPath = ()
    for path, table in tables:
        # A pin without a digest is a fact as well.
        if table or path[:-1] in {("images",), ("pins",)}:
            # Two changes that both begin this table conflict: text has it twice else,
            # where one of them changed the line above.
            apart = (*above, UNDECLARED) != path
            lines += [*([""] if apart else []), f"[{'.'.join(map(_key, path))}]"]
            lines += [_pair(key, value) for key, value in table.items()]
            above = path
    return "\n".join(lines) + "\n"


def _version(recipe: Lock | LockedImages) -> int:
    """Return the lowest version that can say all that a lock holds."""
    if isinstance(recipe, LockedImages):
        parts = (image.own for image in recipe.images.values())
        counts = UPGRADES_SINCE if recipe.upgrades else 0
        return max(_SEVERAL, counts, *map(_version, parts))
    stages = [entry.stage for entry in recipe.stages.values()]
    user = () if recipe.user is None else (recipe.user,)
    indexes = (index for of in recipe.indexes.values() for index in of)
    system = (*recipe.setups, *recipe.sources, *indexes)
    lowest = max(map(lowest_version, (recipe.config, *user, *system, *stages)))
    entries = recipe.stages.values()
    logs = [*recipe.packages.values()]
    logs += chain.from_iterable(one.packages.values() for one in entries)
    if any(one.sources for one in entries) or any(EVERYTHING in log for log in logs):
        lowest = max(lowest, _ORIGINS_SINCE)
    events = [event for log in logs for events in log.values() for event in events]
    if recipe.upgrades or any(event.number is not None for event in events):
        lowest = max(lowest, UPGRADES_SINCE)
    if any(map(is_restricted, logs)):
        lowest = max(lowest, _RESTRICTED_SINCE)
    if any(map(has_undeclared, logs)):
        lowest = max(lowest, UNDECLARED_SINCE)
    if recipe.resolved or recipe.resolve_since is not None:
        lowest = max(lowest, RESOLVED_SINCE, versions.since(recipe.resolved))
    if recipe.mirrors or any(event.snapshot is not None for event in events):
        lowest = max(lowest, SNAPSHOTS_SINCE)
    named = any(targets_of(stage, {**stage.env, **stage.build_env}) for stage in stages)
    empty = any(pin.empty for pin in (recipe.base, *recipe.images.values()))
    return max(lowest, _TARGETS_SINCE * named, _NOTHING_SINCE * empty)


def _several(several: LockedImages) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield the tables of several images: each one's own part, every pin once."""
    yield ("arguments",), dict(sorted(several.arguments.items()))
    yield ("upgrades",), dict(sorted(several.upgrades.items()))
    for reference, pin in sorted(several.pins.items()):
        yield from _pin(("pins", reference), pin)
    for name in several.parents_first:
        image = several.images[name]
        at = ("images", name)
        yield at, _head(image)
        yield from _part(at, image.own)
        yield from _tables_of((*at, "config"), image.own.config)


def _head(image: LockedImage) -> TomlTable:
    own = image.own
    root = image.extends is None
    return _set(
        {
            "extends": image.extends,
            "publish": None if image.publish else False,
            "base": own.base.image if root else None,
            "shell": list(own.shell) if root and own.shell != DEFAULT_SHELL else None,
        }
    )


def _tables(lock: Lock) -> Iterator[tuple[KeyPath, TomlTable]]:
    yield ("arguments",), dict(sorted(lock.arguments.items()))
    yield ("upgrades",), dict(sorted(lock.upgrades.items()))
    yield from _pin(("base",), lock.base)
    for image, pin in sorted(lock.images.items()):
        yield from _pin(("images", image), pin)
    yield from _part((), lock)
    yield from _tables_of(("image",), lock.config)


def _part(at: KeyPath, lock: Lock) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield the tables of the steps."""
    yield (
        (*at, "indexes"),
        {
            manager: _Lines(map(_row, lock.indexes[manager]))
            for manager in MANAGERS
            if manager in lock.indexes
        },
    )
    yield (*at, "mirrors"), dict(sorted(lock.mirrors.items()))
    yield from _logs(at, lock.packages)
    yield from versions.tables((*at, "resolved"), lock)
    for setup, seq in sorted(
        lock.setups.items(), key=lambda item: reading.setup_id(item[0])
    ):
        here = (*at, "setup", reading.setup_id(setup))
        yield here, {"seq": seq, **_row(setup)}
    yield from _sources(at, lock.sources)
    for text, seq in sorted(
        lock.scripts.items(), key=lambda item: reading.script_id(item[0])
    ):
        here = (*at, "scripts", reading.script_id(text))
        yield here, {"seq": seq, "run": text}
    if lock.user is not None:
        yield (*at, "user"), {"seq": lock.user_seq, **_row(lock.user)}
    for name, entry in sorted(lock.stages.items()):
        yield from _stage((*at, "stages", name), entry)


def _logs(at: KeyPath, logs: Mapping[str, Log]) -> Iterator[tuple[KeyPath, TomlTable]]:
    for manager in MANAGERS:
        if manager in logs:
            yield from log_tables((*at, manager), logs[manager])


def _sources(
    at: KeyPath, sources: Mapping[AptSource, int]
) -> Iterator[tuple[KeyPath, TomlTable]]:
    for source, seq in sorted(
        sources.items(), key=lambda item: reading.source_id(item[0])
    ):
        here = (*at, "sources", reading.source_id(source))
        yield here, {"seq": seq, **_row(source)}


def _pin(path: KeyPath, pin: Pin) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield an image's reference, digest and config; unpinned ones have no digest."""
    if pin.empty:
        yield path, {"image": pin.image} if path == ("base",) else {}
        return
    # The table of a copied image is already named after it.
    facts = {"image": pin.image, "digest": pin.digest} if path == ("base",) else {}
    facts = facts or {"digest": pin.digest}
    yield (
        path,
        _set({**facts, "user": pin.user or None, "workdir": pin.workdir or None}),
    )
    yield (*path, "platforms"), dict(sorted(pin.platforms.items()))
    yield (*path, "env"), dict(sorted(pin.env.items()))


def _stage(path: KeyPath, entry: Entry) -> Iterator[tuple[KeyPath, TomlTable]]:
    (_, facts), *variables = _tables_of(path, entry.stage)
    own = {"seq": entry.seq, "moves": entry.moves or None, "seen": entry.seen}
    yield path, {**_set(own), **facts}
    yield from _logs(path, entry.packages)
    yield from _sources(path, entry.sources)
    yield from variables


def _tables_of(path: KeyPath, value: FieldValue) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield the table of a value, and those that some of its fields have."""
    yield path, _row(value)
    for column in _nested(value.__class__):
        found, at = getattr(value, column.name), (*path, column.written)
        if isinstance(column.kind, Variables):
            yield at, dict(sorted(found.items()))
        elif found is not None:
            yield at, _row(found)


@cache
def _nested(of: type) -> tuple[Column, ...]:
    """Return the columns that are tables of their own."""
    return tuple(
        column
        for column in COLUMNS[of]
        if isinstance(column.kind, Variables | RecordKind)
    )


def _row(value: FieldValue) -> dict[str, TomlValue]:
    """Return what is set in a value, and stands in its own table."""
    return {
        column.written: _cell(column.kind, found)
        for column, found in set_columns(value)
        if not isinstance(column.kind, Variables | RecordKind)
    }


def _cell(kind: FieldKind, value: FieldValue) -> TomlValue:
    match kind:
        case Records():
            return _Lines(_item(kind, item) for item in value)
        case Lines():
            return _Lines(value)
        case PlatformDigests():
            return dict(value).get("") or dict(value)
        case _:
            return value


def _item(kind: Records, item: FieldValue) -> TomlValue:
    row = _row(item)
    return next(iter(row.values())) if kind.short and len(row) == 1 else row


class _Lines(tuple[object, ...]):
    """A list that is written one item per line, so that diffs show items."""

    __slots__ = ()


def _set(table: TomlTable) -> TomlTable:
    """Return the table without absent values."""
    return {key: value for key, value in table.items() if value is not None}


def _pair(key: str, value: TomlValue) -> str:
    return f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _line(key)


def _value(value: TomlValue) -> str:
    match value:
        case _Lines():
            items = "".join(f"    {_value(item)},\n" for item in value)
            return f"[\n{items}]"
        case str():
            return _text(value)
        case bool():
            return "true" if value else "false"
        case Mapping():
            pairs = ", ".join(_pair(str(key), item) for key, item in value.items())
            return f"{{ {pairs} }}"
        case Sequence():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return _line(value)


def _text(text: str) -> str:
    """Return a TOML string, multi-line for several lines if that loses nothing."""
    plain = "\n" in text and not re.search(r'[\x00-\x08\x0b-\x1f\x7f\\]|"""', text)
    if plain and not text.endswith('"') and not MARKER.search(text):
        return f'"""\n{text}"""'
    return _line(text)


def _line(value: TomlValue) -> str:
    # Nearly all that a lock has; the library takes ten times as long.
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f'"{value}"'
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")
