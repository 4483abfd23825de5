"""Reading a lock's parsed TOML into the value, refusing what ``codec`` never wrote."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, assert_never

from dynbuild.digest import sha256, short
from dynbuild.lockfile.model import DEFAULT_SHELL, Entry, Lock
from dynbuild.lockfile.table import TableReader
from dynbuild.steps.fields import COLUMNS, Column, FieldValue, defaults
from dynbuild.steps.kinds import (
    ChoiceKind,
    ContentDigest,
    Flag,
    Lines,
    NumberKind,
    RecordKind,
    Records,
    Stages,
    TextKind,
    Variables,
    Words,
)
from dynbuild.steps.log import Event, Log, parse_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Pin,
    RuntimeConfig,
    Stage,
    User,
)

_T = TypeVar("_T")


def script_id(text: str) -> str:
    """Return the key of a script's table: from its text, so merges cannot mix two."""
    return short(sha256(text.encode()))


def source_id(source: AptSource) -> str:
    """Return the key of a source's table, likewise."""
    facts = [
        source.uri,
        *source.suites,
        "",
        *source.components,
        "",
        source.key or "",
        source.key_digest or "",
    ]
    return short(sha256("\n".join(facts).encode()))


def lock_of(document: Mapping[str, Any]) -> Lock:
    """Return the lock of a document. Raises LockError naming the damaged table."""
    top = TableReader(document, ())
    top.number("version", least=1)
    extra: dict[tuple[str, ...], Mapping[str, object]] = {}

    def done(table: TableReader) -> None:
        if table.left():
            extra[table.path] = table.left()

    shell = top.maybe_strings("shell") or DEFAULT_SHELL
    arguments = top.table("arguments").data()
    base = top.table("base")
    pin = _pin(base, base.take("image", str))
    done(base)
    images = {}
    for image, table in top.table("images").children():
        images[image] = _pin(table, image)
        done(table)
    packages = {
        manager: log for manager in MANAGERS if (log := _log(top.table(manager)))
    }
    sources = dict(
        _keyed(
            top.table("sources"),
            lambda t: AptSource(**_columns(AptSource, t, done)),
            source_id,
            done,
        )
    )
    scripts = dict(
        _keyed(top.table("scripts"), lambda t: t.take("run", str), script_id, done)
    )
    user, user_seq = None, 0
    if "user" in document:
        table = top.table("user")
        user_seq = table.number("seq", least=1)
        user = User(**_columns(User, table, done))
        done(table)
    stages = {}
    for stage_name, table in top.table("stages").children():
        stages[stage_name] = Entry(
            seq=table.number("seq", least=1),
            moves=table.number("moves", 0),
            seen=table.digest("seen"),
            stage=Stage(stage_name, **_columns(Stage, table, done)),
        )
        done(table)
    table = top.table("image")
    config = RuntimeConfig(**_columns(RuntimeConfig, table, done))
    done(table)
    for key in [key for key, value in top.left().items() if isinstance(value, dict)]:
        extra[key,] = top.take(key, dict)
    done(top)
    return Lock(
        base=pin,
        packages=packages,
        sources=sources,
        scripts=scripts,
        user=user,
        user_seq=user_seq,
        stages=stages,
        images=images,
        shell=shell,
        config=config,
        arguments=arguments,
        extra=extra,
    )


def _keyed(
    table: TableReader,
    read: Callable[[TableReader], _T],
    identity: Callable[[_T], str],
    done: Callable[[TableReader], None],
) -> list[tuple[_T, int]]:
    found = []
    for key, row in table.children():
        seq, item = row.number("seq", least=1), read(row)
        if identity(item) != key:
            raise row.wrong("its key does not fit what it holds")
        found.append((item, seq))
        done(row)
    return found


def _pin(table: TableReader, image: str) -> Pin:
    platforms = table.table("platforms")
    return Pin(
        image=image,
        digest=table.digest("digest"),
        platforms={
            key: platforms.as_digest(key, value)
            for key, value in platforms.texts().items()
        },
        env=table.table("env").texts(),
        user=table.take("user", str, ""),
        workdir=table.take("workdir", str, ""),
    )


def _log(table: TableReader) -> Log:
    def event(text: str) -> Event:
        try:
            return parse_event(text)
        except ValueError:
            raise table.wrong(f"{text!r} is no event of a package") from None

    log = {}
    for key in list(table.left()):
        events = sorted(map(event, table.strings(key)), key=lambda event: event.seq)
        if not events:
            raise table.wrong(f"nothing ever happened to {key!r}")
        log[key] = tuple(dict.fromkeys(events))
    return log


def _columns(
    of: type, table: TableReader, done: Callable[[TableReader], None]
) -> dict[str, FieldValue]:
    """Return the fields of a value that a table has, or should have, by name."""
    return {
        column.name: _cell(table, column, done)
        for column in COLUMNS[of]
        if column.written in table.left() or column.name not in defaults(of)
    }


def _cell(
    table: TableReader, column: Column, done: Callable[[TableReader], None]
) -> FieldValue:
    key = column.written
    found: FieldValue
    match column.kind:
        case TextKind():
            found = table.take(key, str)
        case ContentDigest():
            found = table.digest(key)
        case Flag():
            found = table.take(key, bool)
        case NumberKind():
            found = table.number(key)
        case ChoiceKind(values):
            found = table.choice(key, values)
        case Stages() | Words() | Lines():
            found = table.strings(key)
        case Variables():
            found = table.table(key).texts()
        case RecordKind(of):
            found = _record(of, table.table(key), done)
        case Records():
            found = _records(column.kind, table, key, done)
        case _:
            assert_never(column.kind)
    return found


def _records(
    kind: Records, table: TableReader, key: str, done: Callable[[TableReader], None]
) -> tuple[FieldValue, ...]:
    first, *_ = COLUMNS[kind.of]
    return tuple(
        kind.of(**{first.name: item})
        if isinstance(item, str)
        else _record(kind.of, item, done)
        for item in (table.texts_or_tables(key) if kind.short else table.tables(key))
    )


def _record(
    of: type, row: TableReader, done: Callable[[TableReader], None]
) -> FieldValue:
    found = of(**_columns(of, row, done))
    if isinstance(found, Copy):
        sources = (found.stage, found.image, found.digest)
        if sources.count(None) < len(sources) - 1:
            raise row.wrong("only one of 'stage', 'image' and 'digest' can be there")
    done(row)
    return found
