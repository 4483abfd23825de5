"""From the parsed TOML of a lock to the value, refusing what ``codec`` never wrote."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dynbuild.digest import Digest, sha256, short
from dynbuild.errors import Diagnostic, LockError
from dynbuild.lock.model import DEFAULT_SHELL, Entry, Lock
from dynbuild.steps.log import Event, Log, parse_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Healthcheck,
    Network,
    Pin,
    RuntimeConfig,
    Secret,
    Stage,
    User,
)

_T = TypeVar("_T")


def script_id(text: str) -> str:
    """The key of a script's table: its text decides it, so merges cannot mix two."""
    return short(sha256(text.encode()))


def source_id(source: AptSource) -> str:
    """The key of a source's table, likewise."""
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
    """A table that is read key by key; what nobody took is of a later revision."""

    def __init__(self, table: Mapping[str, Any], path: tuple[str, ...]) -> None:
        self._left = dict(table)
        self.path = path

    def take(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        value = self._left.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found = "nothing" if value is None else repr(value)
            raise self.wrong(f"{key!r} should be {_KINDS[kind]}, found {found:.60}")
        return value

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
        return [_Table(row, (*self.path, key)) for row in rows]

    def children(self) -> list[tuple[str, "_Table"]]:
        return [(key, self.table(key)) for key in list(self._left)]

    def texts(self) -> dict[str, str]:
        return {key: self.take(key, str) for key in list(self._left)}

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


_NETWORKS: Mapping[str, Network] = {
    "default": "default",
    "none": "none",
    "host": "host",
}

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def lock_of(document: Mapping[str, Any], name: str) -> Lock:
    """The lock that a document says. Raises LockError naming the damaged table."""
    top = _Table(document, ())
    if top.take("version", int) < 1:
        raise top.wrong(f"{name} has no version that ever was")
    extra: dict[tuple[str, ...], Mapping[str, object]] = {}

    def done(table: _Table) -> None:
        if table.left():
            extra[table.path] = table.left()

    shell = top.maybe_strings("shell") or DEFAULT_SHELL
    base = top.table("base")
    pin = _pin(base, base.take("image", str))
    done(base)
    images = {}
    for image, table in top.table("images").children():
        images[image] = _pin(table, image)
        done(table)
    packages = {
        manager: _log(top.table(manager)) for manager in MANAGERS if manager in document
    }
    sources = dict(_keyed(top.table("sources"), _source, source_id, done))
    scripts = dict(
        _keyed(top.table("scripts"), lambda t: t.take("run", str), script_id, done)
    )
    user, user_seq = None, 0
    if "user" in document:
        table = top.table("user")
        user_seq, user = _seq(table), _user(table)
        done(table)
    stages = {}
    for stage_name, table in top.table("stages").children():
        stages[stage_name] = Entry(
            seq=_seq(table),
            moves=table.take("moves", int, 0),
            stage=_stage(table, stage_name),
        )
        done(table)
    config = _config(top.table("image"), done)
    if any(isinstance(value, dict) for value in top.left().values()):
        for key in [k for k, v in top.left().items() if isinstance(v, dict)]:
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
        seq, item = _seq(row), read(row)
        if identity(item) != key:
            raise row.wrong("its key does not fit what it holds")
        found.append((item, seq))
        done(row)
    return found


def _seq(table: _Table) -> int:
    seq = table.take("seq", int)
    if seq < 1:
        raise table.wrong(f"'seq' should be 1 or more, found {seq}")
    return seq


def _pin(table: _Table, image: str) -> Pin:
    digest = table.maybe("digest", str)
    platforms = table.table("platforms").texts()
    return Pin(
        image=image,
        digest=None if digest is None else Digest(digest),
        platforms={key: Digest(value) for key, value in platforms.items()},
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

    return {
        key: tuple(sorted(map(event, table.strings(key)), key=lambda event: event.seq))
        for key in list(table.left())
    }


def _source(table: _Table) -> AptSource:
    digest = table.maybe("key_digest", str)
    return AptSource(
        uri=table.take("uri", str),
        suites=table.strings("suites"),
        components=table.strings("components"),
        key=table.maybe("key", str),
        key_digest=None if digest is None else Digest(digest),
    )


def _user(table: _Table) -> User:
    return User(
        name=table.take("name", str),
        uid=table.take("uid", int),
        shell=table.take("shell", str),
        sudo=table.take("sudo", bool, default=False),
    )


def _stage(table: _Table, name: str) -> Stage:
    network = _NETWORKS.get(table.take("network", str, "default"))
    if network is None:
        raise table.wrong("'network' should be default, none or host")
    return Stage(
        name=name,
        dependencies=table.strings("dependencies"),
        copies=tuple(map(_copy, table.tables("copy"))),
        commands=table.strings("commands"),
        env=table.table("env").texts(),
        build_env=table.table("build_env").texts(),
        user=table.take("user", str, "root"),
        workdir=table.maybe("workdir", str),
        shell=table.maybe_strings("shell"),
        network=network,
        ssh=table.take("ssh", bool, default=False),
        cache_mounts=table.strings("cache_mounts"),
        secrets=tuple(
            Secret(row.take("id", str), row.maybe("env", str), row.maybe("target", str))
            for row in table.tables("secrets")
        ),
        build_only=table.take("build_only", bool, default=False),
        touches=table.strings("touches"),
        bump=table.take("bump", int, 0),
    )


def _copy(table: _Table) -> Copy:
    digest = table.maybe("digest", str)
    return Copy(
        path=table.take("from", str),
        to=table.take("to", str),
        stage=table.maybe("stage", str),
        image=table.maybe("image", str),
        owner=table.maybe("owner", str),
        mode=table.maybe("mode", str),
        exclude=table.strings("exclude"),
        digest=None if digest is None else Digest(digest),
    )


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
    )
    done(table)
    return config
