"""The lock as text: TOML in a fixed layout, one fact in one place, stages by name.

The layout makes a change a few lines in a diff, and two changes seldom conflict:
no index, no date, nothing chained, one command per line.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import tomli_w

from dynbuild.declaration.syntax.toml import bound
from dynbuild.errors import DeclarationError, Diagnostic, LockError
from dynbuild.lockfile import reading
from dynbuild.lockfile.model import DEFAULT_SHELL, Entry, Extra, Lock
from dynbuild.spans import Source, Span
from dynbuild.steps.fields import (
    COLUMNS,
    NEWEST_VERSION,
    Column,
    FieldValue,
    lowest_version,
    set_columns,
)
from dynbuild.steps.kinds import FieldKind, Lines, RecordKind, Records, Variables
from dynbuild.steps.log import Log, format_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Pin

VERSION = NEWEST_VERSION
"""The newest known version. A lock has the lowest version that can express it."""

_DEEPEST = 50
_MOST_VALUES = 3_000_000
_MOST_CHANGES = 10_000
_MOST_DECLARED = 20_000_000
"""Limits for one package manager: its changes, and its changes times its packages."""

HEADER = """\
# dynbuild.lock: written by `dynbuild lock`, read in review, committed. @generated
# Install order: seq from low to high. See it with `dynbuild lock --show-order`.
"""

_MARKER = re.compile(
    r"^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?=[ \r\n]|\Z)", re.MULTILINE
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

TomlValue = object
TomlTable = Mapping[str, TomlValue]
KeyPath = tuple[str, ...]


def dumps(lock: Lock) -> str:
    """Return the canonical text of a lock; ``loads`` is the inverse."""
    lines = [HEADER.rstrip("\n"), f"version = {_version(lock)}"]
    if lock.shell != DEFAULT_SHELL:
        lines.append(_pair("shell", list(lock.shell)))
    lines += [_pair(key, value) for key, value in lock.extra.get((), {}).items()]
    for path, table in _tables(lock):
        merged = {**table, **lock.extra.get(path, {})}
        if merged or path in lock.extra or path[:-1] == ("images",):
            lines += ["", f"[{'.'.join(map(_key, path))}]"]
            lines += [_pair(key, value) for key, value in merged.items()]
    return "\n".join(lines) + "\n"


def _restored(name: str) -> str:
    revision, _, path = name.rpartition(":")
    command = f"git log -- {path}" if revision else f"git checkout -- {path}"
    return f"it is written by `dynbuild lock` alone: restore it, as with `{command}`"


def _version(lock: Lock) -> int:
    stages = (entry.stage for entry in lock.stages.values())
    user = () if lock.user is None else (lock.user,)
    return max(map(lowest_version, (lock.config, *user, *lock.sources, *stages)))


def loads(text: str, name: str = "dynbuild.lock") -> Lock:
    """Parse a lock.

    Raises LockError for conflict markers, a newer version, and anything that
    ``dumps`` would not have written.
    """
    source = Source(name, text)
    _refuse_markers(source)
    try:
        bound(source, _MOST_VALUES)
        document = _bounded(tomllib.loads(text))
    except DeclarationError as error:
        raise _no_toml(name, error.diagnostics[0].message) from None
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: also numbers of thousands of digits, deep nesting.
        raise _no_toml(name, str(error)) from None
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise LockError(
            Diagnostic(
                "DB0406",
                f"{name} has version {version}; this dynbuild knows version {VERSION}",
                hint="upgrade dynbuild; the lock was left as it is",
            )
        )
    lock = reading.lock_of(document)
    _refuse_endless(lock, name)
    return lock


def _no_toml(name: str, why: str) -> LockError:
    message = f"{name} is not valid TOML: {why}"
    return LockError(Diagnostic("DB0405", message, hint=_restored(name)))


def _refuse_endless(lock: Lock, name: str) -> None:
    """Refuse more changes of packages than can be put in order quickly.

    Each change is a step that knows all packages declared at it.
    """
    for manager, log in lock.packages.items():
        changes = len({event.seq for events in log.values() for event in events})
        if changes > _MOST_CHANGES or changes * len(log) > _MOST_DECLARED:
            told = f"{changes:,} changes of {len(log):,} {manager} packages"
            hint = "restore it from git; or remove it: `dynbuild lock` begins a new one"
            message = f"{name} has {told}, too many to put in order"
            raise LockError(Diagnostic("DB0344", message, hint=hint))


def _bounded(document: dict[str, TomlValue]) -> dict[str, TomlValue]:
    """Refuse nesting that would exhaust the stack of recursive code."""
    level: list[dict[str, TomlValue] | list[TomlValue]] = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return document
    raise ValueError("it is nested too deep")


def _refuse_markers(source: Source) -> None:
    match = _MARKER.search(source.text)
    if match is None:
        return
    span = Span(source, match.start(), match.end())
    raise LockError(
        Diagnostic(
            "DB0401",
            "merge conflict markers in the lock",
            span,
            hint="resolve the declaration first; then `dynbuild lock --base BRANCH`, "
            "with the branch that\nyours goes into (often main), writes the lock anew "
            "behind that branch's",
        )
    )


def _tables(lock: Lock) -> Iterator[tuple[KeyPath, TomlTable]]:
    yield ("arguments",), dict(sorted(lock.arguments.items()))
    yield from _pin(("base",), lock.base)
    for image, pin in sorted(lock.images.items()):
        yield from _pin(("images", image), pin)
    for manager in MANAGERS:
        log = lock.packages.get(manager, {})
        yield (manager,), _log(log)
    for source, seq in sorted(
        lock.sources.items(), key=lambda item: reading.source_id(item[0])
    ):
        at = ("sources", reading.source_id(source))
        yield at, {"seq": seq, **_row(source, at, lock.extra)}
    for text, seq in sorted(
        lock.scripts.items(), key=lambda item: reading.script_id(item[0])
    ):
        yield ("scripts", reading.script_id(text)), {"seq": seq, "run": text}
    if lock.user is not None:
        row = _row(lock.user, ("user",), lock.extra)
        yield ("user",), {"seq": lock.user_seq, **row}
    for name, entry in sorted(lock.stages.items()):
        yield from _stage(("stages", name), entry, lock.extra)
    yield from _tables_of(("image",), lock.config, lock.extra)
    known = {
        "arguments",
        "base",
        "images",
        "sources",
        "scripts",
        "user",
        "stages",
        "image",
    }
    for path in sorted(lock.extra):
        if path and path[0] not in known and path[0] not in MANAGERS:
            yield path, {}


def _pin(path: KeyPath, pin: Pin) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield an image's reference, digest and config; unpinned ones have no digest."""
    # The table of a copied image is already named after it.
    facts = {"image": pin.image, "digest": pin.digest} if path == ("base",) else {}
    facts = facts or {"digest": pin.digest}
    yield (
        path,
        _set({**facts, "user": pin.user or None, "workdir": pin.workdir or None}),
    )
    yield (*path, "platforms"), dict(sorted(pin.platforms.items()))
    yield (*path, "env"), dict(sorted(pin.env.items()))


def _log(log: Log) -> TomlTable:
    return {
        key: [format_event(event) for event in events]
        for key, events in sorted(log.items())
    }


def _stage(
    path: KeyPath, entry: Entry, extra: Extra
) -> Iterator[tuple[KeyPath, TomlTable]]:
    (_, facts), *variables = _tables_of(path, entry.stage, extra)
    own = {"seq": entry.seq, "moves": entry.moves or None, "seen": entry.seen}
    yield path, {**_set(own), **facts}
    yield from variables


def _tables_of(
    path: KeyPath, value: FieldValue, extra: Extra
) -> Iterator[tuple[KeyPath, TomlTable]]:
    """Yield the table of a value, and those that some of its fields have."""
    yield path, _row(value, path, extra)
    for column in _nested(value.__class__):
        found, at = getattr(value, column.name), (*path, column.written)
        if isinstance(column.kind, Variables):
            yield at, dict(sorted(found.items()))
        elif found is not None:
            yield at, _row(found, at, extra)


@cache
def _nested(of: type) -> tuple[Column, ...]:
    """Return the columns that are tables of their own."""
    return tuple(
        column
        for column in COLUMNS[of]
        if isinstance(column.kind, Variables | RecordKind)
    )


def _row(value: FieldValue, path: KeyPath, extra: Extra) -> dict[str, TomlValue]:
    """Return what is set in a value, and stands in its own table."""
    return {
        column.written: _cell(column.kind, found, (*path, column.written), extra)
        for column, found in set_columns(value)
        if not isinstance(column.kind, Variables | RecordKind)
    }


def _cell(kind: FieldKind, value: FieldValue, path: KeyPath, extra: Extra) -> TomlValue:
    match kind:
        case Records():
            return _Lines(
                _item(kind, item, (*path, str(place)), extra)
                for place, item in enumerate(value)
            )
        case Lines():
            return _Lines(value)
        case _:
            return value


def _item(kind: Records, item: FieldValue, path: KeyPath, extra: Extra) -> TomlValue:
    row = {**_row(item, path, extra), **extra.get(path, {})}
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
            # Numbers, and dates that a later revision wrote.
            return _line(value)


def _text(text: str) -> str:
    """Return a TOML string, multi-line for several lines if that loses nothing."""
    plain = "\n" in text and not re.search(r'[\x00-\x08\x0b-\x1f\x7f\\]|"""', text)
    if plain and not text.endswith('"') and not _MARKER.search(text):
        return f'"""\n{text}"""'
    return _line(text)


def _line(value: TomlValue) -> str:
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")
