"""Reading a lock's parsed TOML into the value, refusing what ``codec`` never wrote."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar, assert_never

from dynbuild.digest import Digest, sha256, short
from dynbuild.errors import Diagnostic, LockError
from dynbuild.extending import line_of, root_of
from dynbuild.lockfile import logs, versions
from dynbuild.lockfile.images import LockedImage, LockedImages, pinned_by
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.own_packages import declared_by
from dynbuild.lockfile.table import TableReader
from dynbuild.reference import SCRATCH
from dynbuild.steps.fields import COLUMNS, Column, FieldValue, defaults
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.kinds import (
    ChoiceKind,
    ContentDigest,
    Flag,
    Lines,
    NumberKind,
    PlatformDigests,
    RecordKind,
    Records,
    Stages,
    TextKind,
    Variables,
    Words,
)
from dynbuild.steps.limits import are_sound, limits_of
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    DEFAULT_SHELL,
    AptSource,
    Copy,
    Index,
    Pin,
    Setup,
    Stage,
    User,
)
from dynbuild.steps.nothing import NOTHING
from dynbuild.values import dataclass

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
        # What says nothing of logins keeps the key that it always had.
        *(one for one in (source.username, source.secret) if one is not None),
    ]
    return short(sha256("\n".join(facts).encode()))


def setup_id(setup: Setup) -> str:
    """Return the key of what is set up, likewise."""
    return short(sha256(repr(setup).encode()))


def lock_of(document: Mapping[str, Any]) -> Lock:
    """Return the lock of a document. Raises LockError naming the damaged table."""
    top = TableReader(document, ())
    top.number("version", least=1)
    shell = top.maybe_strings("shell") or DEFAULT_SHELL
    arguments = top.table("arguments").data()
    upgrades = _upgrades(top)
    base = top.table("base")
    pin = _pin(base, base.take("image", str))
    base.end()
    images = {}
    for image, table in top.table("images").children():
        images[image] = _pin(table, image)
        table.end()
    part = _part(top)
    config = _config(top.table("image"))
    top.end()
    return replace(
        part,
        base=pin,
        images=images,
        shell=shell,
        config=config,
        arguments=arguments,
        upgrades=upgrades,
    )


def images_of(document: Mapping[str, Any]) -> LockedImages:
    """Return the images of a document. Raises LockError naming the damaged table."""
    top = TableReader(document, ())
    top.number("version", least=1)
    arguments = top.table("arguments").data()
    upgrades = _upgrades(top)
    pins = {}
    for image, table in top.table("pins").children():
        pins[image] = _pin(table, image)
        table.end()
    heads = {}
    for name, table in top.table("images").children():
        heads[name] = _Head(
            extends=table.maybe("extends", str),
            publish=table.take("publish", bool, default=True),
            base=table.maybe("base", str),
            shell=table.maybe_strings("shell"),
            own=replace(_part(table), config=_config(table.table("config"))),
        )
        table.end()
    top.end()
    return LockedImages(_with_ground(heads, pins), pins, arguments, upgrades)


@dataclass(frozen=True, slots=True)
class _Head:
    """An image as a lock has it; what it stands on is said at the root of its line."""

    extends: str | None
    publish: bool
    base: str | None
    shell: tuple[str, ...] | None
    own: Lock


def _with_ground(
    heads: Mapping[str, _Head], pins: Mapping[str, Pin]
) -> dict[str, LockedImage]:
    """Return the images, each part with the base that the root of its line says."""
    found = {}
    for name, head in heads.items():
        table = TableReader({}, ("images", name))
        root = root_of(heads, name)
        if root is None:
            raise table.wrong(f"no image is at the end of its line: {head.extends!r}")
        said = head.base or head.shell or head.own.indexes or head.own.mirrors
        if head.extends is not None and said:
            raise table.wrong("an image that extends another has no base of its own")
        if head.extends is not None and head.own.config.platforms:
            raise table.wrong("an image that extends another is for its platforms")
        if head.extends is not None and head.own.config.reproducible:
            raise table.wrong("an image that extends another is as reproducible")
        base = heads[root].base
        if base is None or base not in pins:
            raise table.wrong("its base is not among the pins")
        _refuse_twice(heads, name)
        taken = pinned_by(head.own.stages.values())
        own = replace(
            head.own,
            base=pins[base],
            images={ref: pin for ref, pin in pins.items() if ref in taken},
            shell=heads[root].shell or DEFAULT_SHELL,
        )
        found[name] = LockedImage(head.extends, head.publish, own)
    return found


def _refuse_twice(heads: Mapping[str, _Head], name: str) -> None:
    """Refuse a stage of an image that one of its ancestors has as well."""
    for other in line_of(heads, name)[:-1]:
        both = heads[other].own.stages.keys() & heads[name].own.stages.keys()
        if both:
            message = f"the images {other!r} and {name!r} of the lock both have "
            message += f"{min(both)!r}, and the one extends the other"
            hint = "two merged changes added it: rename one, then run `dynbuild lock`"
            raise LockError(Diagnostic("DB0431", message, hint=hint))


def _config(table: TableReader) -> RuntimeConfig:
    config = RuntimeConfig(**_columns(RuntimeConfig, table))
    table.end()
    return config


def _part(top: TableReader) -> Lock:
    """Return the steps of a table; its base is not said there."""
    packages = logs.logs(top, undeclared=True)
    resolved, since = versions.read(top.table("resolved"))
    indexes = _indexes(top.table("indexes"))
    mirrors = logs.mirrors(top.table("mirrors"))
    sources = _sources(top)
    setups = dict(
        _keyed(top.table("setup"), lambda t: Setup(**_columns(Setup, t)), setup_id)
    )
    scripts = dict(
        _keyed(top.table("scripts"), lambda t: t.take("run", str), script_id)
    )
    user, user_seq = None, 0
    if "user" in top.left():
        table = top.table("user")
        user_seq = table.number("seq", least=1)
        user = User(**_columns(User, table))
        table.end()
    stages = {}
    for stage_name, table in top.table("stages").children():
        own_logs, own_sources = logs.logs(table), _sources(table)
        stages[stage_name] = Entry(
            packages=own_logs,
            sources=own_sources,
            seq=table.number("seq", least=1),
            moves=table.number("moves", 0),
            seen=table.digest("seen"),
            stage=Stage(
                stage_name,
                packages=declared_by(own_logs),
                apt_sources=tuple(sorted(own_sources, key=repr)),
                **_columns(Stage, table),
            ),
        )
        if not are_sound(limits_of(stages[stage_name].stage)):
            raise table.wrong("its limits are none that can be held to")
        table.end()
    return Lock(
        base=Pin("", None),
        packages=packages,
        indexes=indexes,
        mirrors=mirrors,
        setups=setups,
        sources=sources,
        scripts=scripts,
        user=user,
        user_seq=user_seq,
        stages=stages,
        resolved=resolved,
        resolve_since=since,
    )


def _indexes(table: TableReader) -> dict[str, tuple[Index, ...]]:
    """Return where packages come from; of no manager is said that it is nowhere."""
    found = {
        row.name: _records(Records(Index), table, row.name)
        for row in MANAGERS.values()
        if row.index_field and row.name in table.left()
    }
    if not all(found.values()):
        raise table.wrong("no index is named")
    table.end()
    return found


def _sources(table: TableReader) -> dict[AptSource, int]:
    return dict(
        _keyed(
            table.table("sources"),
            lambda t: AptSource(**_columns(AptSource, t)),
            source_id,
        )
    )


def _keyed(
    table: TableReader,
    read: Callable[[TableReader], _T],
    identity: Callable[[_T], str],
) -> list[tuple[_T, int]]:
    found = []
    for key, row in table.children():
        seq, item = row.number("seq", least=1), read(row)
        if identity(item) != key:
            raise row.wrong("its key does not fit what it holds")
        found.append((item, seq))
        row.end()
    return found


def _pin(table: TableReader, image: str) -> Pin:
    if image == SCRATCH:
        return NOTHING
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


def _upgrades(top: TableReader) -> dict[str, int]:
    table = top.table("upgrades")
    found = {
        manager: table.number(manager, least=1)
        for manager in sorted(MANAGERS)
        if manager in table.left()
    }
    table.end()
    return found


def _columns(
    of: type, table: TableReader, lacks: Collection[str] = ()
) -> dict[str, FieldValue]:
    """Return the fields of a value that a table has, or should have, by name."""
    return {
        column.name: _cell(table, column)
        for column in COLUMNS[of]
        if column.name not in lacks
        if column.written in table.left() or column.name not in defaults(of)
    }


def _cell(table: TableReader, column: Column) -> FieldValue:  # noqa: C901 - a table
    key = column.written
    found: FieldValue
    match column.kind:
        case TextKind():
            found = table.take(key, str)
        case ContentDigest():
            found = table.digest(key)
        case PlatformDigests():
            found = _digests(table, key)
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
            found = _record(of, table.table(key))
        case Records():
            found = _records(column.kind, table, key)
        case _:
            assert_never(column.kind)
    return found


def _digests(table: TableReader, key: str) -> tuple[tuple[str, Digest], ...]:
    if isinstance(table.left()[key], str):
        return (("", table.as_digest(key, table.take(key, str))),)
    platforms = table.table(key)
    found = sorted(platforms.texts().items())
    if not all(platform for platform, _ in found):
        raise platforms.wrong("a platform has a name")
    return tuple((name, platforms.as_digest(name, text)) for name, text in found)


def _records(kind: Records, table: TableReader, key: str) -> tuple[FieldValue, ...]:
    first, *_ = COLUMNS[kind.of]
    return tuple(
        kind.of(**{first.name: item})
        if isinstance(item, str)
        else _record(kind.of, item, kind.lacks)
        for item in (table.texts_or_tables(key) if kind.short else table.tables(key))
    )


def _record(of: type, row: TableReader, lacks: Collection[str] = ()) -> FieldValue:
    found = of(**_columns(of, row, lacks))
    if isinstance(found, Copy):
        sources = (found.stage, found.image, found.digest)
        if sources.count(None) < len(sources) - 1:
            raise row.wrong("only one of 'stage', 'image' and 'digest' can be there")
    row.end()
    return found
