"""Reading a lock's parsed TOML into the value, refusing what ``codec`` never wrote."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dynbuild.declaration.inputs import Data
from dynbuild.digest import Digest, sha256, short
from dynbuild.errors import Diagnostic, LockError
from dynbuild.lock.model import DEFAULT_SHELL, Entry, Lock
from dynbuild.steps.log import Event, Log, parse_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Healthcheck,
    Network,
    Pin,
    RuntimeConfig,
    Secret,
    Sharing,
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


class _Table:
    """A table that is read key by key; keys not taken are of a later revision."""

    def __init__(self, table: Mapping[str, Any], path: tuple[str, ...]) -> None:
        self._left = dict(table)
        self.path = path

    def take(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        value = self._left.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found = "nothing" if value is None else repr(value)
            raise self.wrong(f"{key!r} should be {_KINDS[kind]}, found {found:.60}")
        return value

    def number(self, key: str, default: int | None = None, least: int = 0) -> int:
        value = self.take(key, int, default)
        if value < least:
            raise self.wrong(f"{key!r} should be {least} or more, found {value}")
        return value

    def digest(self, key: str) -> Digest | None:
        value = self.maybe(key, str)
        return None if value is None else self.as_digest(key, value)

    def as_digest(self, key: str, value: str) -> Digest:
        if not _DIGEST.fullmatch(value):
            raise self.wrong(f"{key!r} should be a digest, found {value!r:.60}")
        return Digest(value)

    def maybe(self, key: str, kind: type[_T]) -> _T | None:
        return self.take(key, kind) if key in self._left else None

    def strings(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(f"{key!r} should hold text only")
        return tuple(values)

    def maybe_strings(self, key: str) -> tuple[str, ...] | None:
        return self.strings(key) if key in self._left else None

    def table(self, key: str) -> "_Table":
        return _Table(self.take(key, dict, {}), (*self.path, key))

    def tables(self, key: str) -> list["_Table"]:
        rows = self.take(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.wrong(f"{key!r} should hold tables only")
        return [
            _Table(row, (*self.path, key, str(place))) for place, row in enumerate(rows)
        ]

    def texts_or_tables(self, key: str) -> "list[str | _Table]":
        items = self.take(key, list, [])
        if not all(isinstance(item, str | dict) for item in items):
            raise self.wrong(f"{key!r} should hold text or tables")
        return [
            item
            if isinstance(item, str)
            else _Table(item, (*self.path, key, str(place)))
            for place, item in enumerate(items)
        ]

    def children(self) -> list[tuple[str, "_Table"]]:
        return [(key, self.table(key)) for key in list(self._left)]

    def texts(self) -> dict[str, str]:
        return {key: self.take(key, str) for key in list(self._left)}

    def data(self) -> dict[str, Data]:
        """Take all that is left: text, numbers, booleans, lists and tables of them."""
        return {key: self._data(key, self.take(key, object)) for key in [*self._left]}

    def _data(self, key: str, value: object) -> Data:
        match value:
            case str() | bool() | int() | float():
                return value
            case list():
                return [self._data(key, item) for item in value]
            case dict():
                return {name: self._data(key, item) for name, item in value.items()}
            case _:
                raise self.wrong(f"{key!r} should hold data, found {value!r:.60}")

    def left(self) -> dict[str, Any]:
        return self._left

    def wrong(self, what: str) -> LockError:
        place = ".".join(self.path) or "the top"
        return LockError(
            Diagnostic(
                "DB0407",
                f"the lock is damaged at [{place}]: {what}",
                hint="it is written by `dynbuild lock` alone: restore it, for "
                "instance with `git checkout -- dynbuild.lock`",
            )
        )


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_NETWORKS: Mapping[str, Network] = {
    "default": "default",
    "none": "none",
    "host": "host",
}

_SHARINGS: Mapping[str, Sharing] = {
    "shared": "shared",
    "private": "private",
    "locked": "locked",
}

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def lock_of(document: Mapping[str, Any]) -> Lock:
    """Return the lock of a document. Raises LockError naming the damaged table."""
    top = _Table(document, ())
    top.number("version", least=1)
    extra: dict[tuple[str, ...], Mapping[str, object]] = {}

    def done(table: _Table) -> None:
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
    table: _Table,
    read: Callable[[_Table], _T],
    identity: Callable[[_T], str],
    done: Callable[[_Table], None],
) -> list[tuple[_T, int]]:
    found = []
    for key, row in table.children():
        seq, item = row.number("seq", least=1), read(row)
        if identity(item) != key:
            raise row.wrong("its key does not fit what it holds")
        found.append((item, seq))
        done(row)
    return found


def _pin(table: _Table, image: str) -> Pin:
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


def _log(table: _Table) -> Log:
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


def _source(table: _Table) -> AptSource:
    return AptSource(
        uri=table.take("uri", str),
        suites=table.strings("suites"),
        components=table.strings("components"),
        key=table.maybe("key", str),
        key_digest=table.digest("key_digest"),
    )


def _user(table: _Table) -> User:
    return User(
        name=table.take("name", str),
        uid=table.number("uid"),
        shell=table.take("shell", str),
        sudo=table.take("sudo", bool, default=False),
    )


def _stage(table: _Table, name: str, done: Callable[[_Table], None]) -> Stage:
    def rows(key: str, read: Callable[[_Table], _T]) -> tuple[_T, ...]:
        found = []
        for row in table.tables(key):
            found.append(read(row))
            done(row)
        return tuple(found)

    def mounts() -> tuple[CacheDirectory, ...]:
        found = []
        for item in table.texts_or_tables("cache_mounts"):
            if isinstance(item, str):
                found.append(CacheDirectory(item))
            else:
                found.append(_mount(item))
                done(item)
        return tuple(found)

    network = _NETWORKS.get(table.take("network", str, "default"))
    if network is None:
        raise table.wrong("'network' should be default, none or host")
    return Stage(
        name=name,
        dependencies=table.strings("dependencies"),
        copies=rows("copy", _copy),
        commands=table.strings("commands"),
        env=table.table("env").texts(),
        build_env=table.table("build_env").texts(),
        user=table.take("user", str, "root"),
        workdir=table.maybe("workdir", str),
        shell=table.maybe_strings("shell"),
        network=network,
        ssh=table.take("ssh", bool, default=False),
        cache_mounts=mounts(),
        secrets=rows("secrets", _secret),
        build_only=table.take("build_only", bool, default=False),
        touches=table.strings("touches"),
        bump=table.number("bump", 0),
    )


def _mount(row: _Table) -> CacheDirectory:
    sharing = _SHARINGS.get(row.take("sharing", str, "shared"))
    if sharing is None:
        raise row.wrong("'sharing' should be shared, private or locked")
    return CacheDirectory(
        row.take("target", str), row.maybe("id", str), sharing, row.maybe("mode", str)
    )


def _secret(row: _Table) -> Secret:
    return Secret(row.take("id", str), row.maybe("env", str), row.maybe("target", str))


def _copy(row: _Table) -> Copy:
    copy = Copy(
        path=row.take("from", str),
        to=row.take("to", str),
        stage=row.maybe("stage", str),
        image=row.maybe("image", str),
        owner=row.maybe("owner", str),
        mode=row.maybe("mode", str),
        exclude=row.strings("exclude"),
        digest=row.digest("digest"),
    )
    if [copy.stage, copy.image, copy.digest].count(None) < 2:  # noqa: PLR2004
        raise row.wrong("only one of 'stage', 'image' and 'digest' can be there")
    return copy


def _config(table: _Table, done: Callable[[_Table], None]) -> RuntimeConfig:
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
