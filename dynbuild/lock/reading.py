"""Reading a lock's parsed TOML into the value, refusing what ``codec`` never wrote."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeVar, assert_never

from dynbuild.digest import sha256, short
from dynbuild.lock.model import DEFAULT_SHELL, Entry, Lock
from dynbuild.lock.table import Table
from dynbuild.steps.fields import (
    LOCKED,
    Choice,
    Column,
    ContentDigest,
    FieldValue,
    Flag,
    Lines,
    Number,
    Records,
    Stages,
    Text,
    Variables,
    Words,
    defaults,
)
from dynbuild.steps.log import Event, Log, parse_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Healthcheck,
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
    top = Table(document, ())
    top.number("version", least=1)
    extra: dict[tuple[str, ...], Mapping[str, object]] = {}

    def done(table: Table) -> None:
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
    sources = dict(_keyed(top.table("sources"), _source, source_id, done))
    scripts = dict(
        _keyed(top.table("scripts"), lambda t: t.take("run", str), script_id, done)
    )
    user, user_seq = None, 0
    if "user" in document:
        table = top.table("user")
        user_seq, user = table.number("seq", least=1), _user(table)
        done(table)
    stages = {}
    for stage_name, table in top.table("stages").children():
        stages[stage_name] = Entry(
            seq=table.number("seq", least=1),
            moves=table.number("moves", 0),
            stage=_stage(table, stage_name, done),
        )
        done(table)
    config = _config(top.table("image"), done)
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
    table: Table,
    read: Callable[[Table], _T],
    identity: Callable[[_T], str],
    done: Callable[[Table], None],
) -> list[tuple[_T, int]]:
    found = []
    for key, row in table.children():
        seq, item = row.number("seq", least=1), read(row)
        if identity(item) != key:
            raise row.wrong("its key does not fit what it holds")
        found.append((item, seq))
        done(row)
    return found


def _pin(table: Table, image: str) -> Pin:
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


def _log(table: Table) -> Log:
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


def _source(table: Table) -> AptSource:
    return AptSource(
        uri=table.take("uri", str),
        suites=table.strings("suites"),
        components=table.strings("components"),
        key=table.maybe("key", str),
        key_digest=table.digest("key_digest"),
    )


def _user(table: Table) -> User:
    return User(
        name=table.take("name", str),
        uid=table.number("uid"),
        shell=table.take("shell", str),
        sudo=table.take("sudo", bool, default=False),
    )


def _stage(table: Table, name: str, done: Callable[[Table], None]) -> Stage:
    return Stage(name=name, **_row(table, LOCKED, defaults(Stage), done))


def _row(
    table: Table,
    columns: tuple[Column, ...],
    usual: Mapping[str, FieldValue],
    done: Callable[[Table], None],
) -> dict[str, FieldValue]:
    """Return the fields of a value by name; ``usual`` is what they are if not set."""
    return {
        column.name: _cell(table, column, usual.get(column.name, MISSING), done)
        for column in columns
    }


def _cell(
    table: Table, column: Column, usual: FieldValue, done: Callable[[Table], None]
) -> FieldValue:
    key = column.written
    found: FieldValue
    match column.kind:
        case _ if usual is None and key not in table.left():
            found = None
        case Text():
            found = table.take(key, str, None if usual is MISSING else usual)
        case ContentDigest():
            found = table.digest(key)
        case Flag():
            found = table.take(key, bool, usual)
        case Number():
            found = table.number(key, usual)
        case Choice(values):
            found = table.choice(key, values, usual)
        case Stages() | Words() | Lines():
            found = table.strings(key)
        case Variables():
            found = table.table(key).texts()
        case Records():
            found = _items(table, key, column.kind, done)
        case _:
            assert_never(column.kind)
    return found


def _items(
    table: Table, key: str, kind: Records, done: Callable[[Table], None]
) -> tuple[FieldValue, ...]:
    items = table.texts_or_tables(key) if kind.short else table.tables(key)
    first, *_ = kind.columns
    return tuple(
        kind.of(**{first.name: item})
        if isinstance(item, str)
        else _item(item, kind, done)
        for item in items
    )


def _item(row: Table, kind: Records, done: Callable[[Table], None]) -> FieldValue:
    item = kind.of(**_row(row, kind.columns, defaults(kind.of), done))
    if isinstance(item, Copy) and [item.stage, item.image, item.digest].count(None) < 2:  # noqa: PLR2004
        raise row.wrong("only one of 'stage', 'image' and 'digest' can be there")
    done(row)
    return item


def _config(table: Table, done: Callable[[Table], None]) -> RuntimeConfig:
    check = None
    if "healthcheck" in table.left():
        row = table.table("healthcheck")
        check = Healthcheck(
            cmd=row.strings("cmd"),
            interval=row.maybe("interval", str),
            timeout=row.maybe("timeout", str),
            start_period=row.maybe("start_period", str),
            retries=row.maybe("retries", int),
        )
        done(row)
    config = RuntimeConfig(
        env=table.table("env").texts(),
        workdir=table.maybe("workdir", str),
        entrypoint=table.maybe_strings("entrypoint"),
        cmd=table.maybe_strings("cmd"),
        labels=table.table("labels").texts(),
        expose=table.strings("expose"),
        volumes=table.strings("volumes"),
        healthcheck=check,
        stop_signal=table.maybe("stop_signal", str),
        source_date_epoch=table.maybe("source_date_epoch", int),
    )
    done(table)
    return config
