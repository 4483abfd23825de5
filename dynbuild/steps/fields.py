"""The tables of fields, which all that goes field by field reads.

Rows are in the order in which a lock writes them. The row of a stage's field decides at
once whether the digest covers it and whether a change of it moves the stage. Where
``steps/describe`` writes a field in its own way, ``tests/unit/steps/test_fields.py``
holds the two together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.kinds import (
    ChoiceKind,
    ContentDigest,
    FieldKind,
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
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Download,
    Index,
    InlineFile,
    Network,
    Pattern,
    Secret,
    Setup,
    Sharing,
    Stage,
    Tmpfs,
    User,
)
from dynbuild.values import dataclass

FieldValue: TypeAlias = Any
"""What a field holds, which its kind says; or the value that has the fields."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a value, by its name in ``steps/model``.

    ``shown`` is what a diff shows, with the value for ``{}``; ``key`` is what files
    call it, if that differs; ``since`` the version of the lock that first knew it.
    """

    name: str
    kind: FieldKind
    shown: str = "{}"
    key: str = ""
    since: int = 1

    @property
    def written(self) -> str:
        return self.key or self.name


Decides: TypeAlias = Literal[
    "result", "links", "again", "place", "limit", "name", "reading", "log"
]
"""What a field decides:

- ``result``: what the stage builds. The digest covers it; it moves the stage, and
  tells a renamed stage from another;
- ``links``: what it stands on. The digest covers that; another one moves the stage;
- ``again``: that it runs again. The same, but it belongs to the lock alone;
- ``place``: whether it is in the image, what it may be put on. No digest covers it;
- ``limit``: what its commands may take. No digest covers it;
- ``name``: what others call it, and nothing else;
- ``log``: what the stage stands on. As ``result``, but a lock has its log instead;
- ``reading``: how the declaration is read. Nothing but the declaration has it.
"""


@dataclass(frozen=True, slots=True)
class StageField(Column):
    """One field of a stage.

    ``covered_by`` names the field of the description that covers it; without one it is
    described by itself where it is set, which leaves the digests of other stages alone.
    """

    decides: Decides = "result"
    covered_by: str = ""
    without_commands: bool = False
    """Whether it decides anything for a stage that has no commands."""


_OF_COPIES = frozenset({"owner", "mode", "exclude", "files", "pattern"})
"""What is said of copies, and of what commands see in place never."""

FIELDS = (
    StageField("name", TextKind(), decides="name"),
    StageField("track", Flag(), decides="reading"),
    StageField(
        "bump", NumberKind(), "refreshed {} times", decides="again", covered_by="bump"
    ),
    StageField("build_only", Flag(), "build only", decides="place"),
    StageField("only", Words(), "only {}", decides="place", since=8),
    StageField(
        "base", TextKind(), "on {}", covered_by="base", without_commands=True, since=4
    ),
    StageField(
        "platform",
        TextKind(),
        "for {}",
        covered_by="platform",
        without_commands=True,
        since=4,
    ),
    *(StageField(one.field, Words(), decides="reading") for one in MANAGERS.values()),
    StageField(
        "packages",
        Variables(),
        decides="log",
        covered_by="stands_on",
        without_commands=True,
    ),
    *(
        StageField(one.upgrade_field, Flag(), decides="reading")
        for one in MANAGERS.values()
        if one.system
    ),
    StageField(
        "apt_sources",
        Records(AptSource),
        decides="log",
        covered_by="stands_on",
        without_commands=True,
    ),
    *(
        StageField(
            one.index_field,
            Records(Index),
            f"{one.name} from {{}}",
            without_commands=True,
            since=5,
        )
        for one in MANAGERS.values()
        if one.index_field
    ),
    StageField(
        "dependencies", Stages(), "needs {}", decides="links", covered_by="stands_on"
    ),
    StageField("user", TextKind(), "user {}", covered_by="user"),
    StageField("workdir", TextKind(), "in {}", covered_by="workdir"),
    StageField("shell", Words(" "), "shell {}", covered_by="shell"),
    StageField(
        "network", ChoiceKind(get_args(Network)), "network {}", covered_by="network"
    ),
    StageField("ssh", Flag(), "ssh", covered_by="mounts"),
    StageField("touches", Words(), "touches {}", decides="place"),
    StageField("memory", TextKind(), "memory {}", decides="limit", since=8),
    StageField("cpus", TextKind(), "cpus {}", decides="limit", since=8),
    StageField("timeout", TextKind(), "timeout {}", decides="limit", since=8),
    StageField(
        "cache_mounts",
        Records(CacheDirectory, short=True),
        "cache {}",
        covered_by="mounts",
    ),
    StageField(
        "tmpfs", Records(Tmpfs, short=True), "tmpfs {}", covered_by="mounts", since=5
    ),
    StageField("secrets", Records(Secret), "secret {}", covered_by="mounts"),
    StageField(
        "add",
        Records(Download),
        "add {}",
        covered_by="added",
        without_commands=True,
        since=3,
    ),
    StageField(
        "copies",
        Records(Copy),
        "copy {}",
        key="copy",
        covered_by="copies",
        without_commands=True,
    ),
    StageField("files", Records(InlineFile), "file {}", without_commands=True, since=3),
    StageField("then", Records(Copy), decides="reading"),
    StageField(
        "mounts",
        Records(Copy, lacks=_OF_COPIES),
        "mount {}",
        covered_by="mounted",
        since=3,
    ),
    StageField("commands", Lines(), "$ {}", covered_by="commands"),
    StageField(
        "env",
        Variables(),
        "env {}",
        covered_by="environment",
        without_commands=True,
    ),
    StageField("build_env", Variables(), "build env {}", covered_by="environment"),
)

BY_NAME = {row.name: row for row in FIELDS}
_OWN_FACTS = tuple(row for row in FIELDS if row.decides in {"result", "log"})

COLUMNS: Mapping[type, tuple[Column, ...]] = {
    Stage: tuple(
        row for row in FIELDS if row.decides not in {"name", "reading", "log"}
    ),
    CacheDirectory: (
        Column("target", TextKind()),
        Column("id", TextKind(), "id {}", since=2),
        Column("sharing", ChoiceKind(get_args(Sharing)), since=2),
        Column("mode", TextKind(), "mode {}", since=2),
    ),
    Tmpfs: (
        Column("target", TextKind()),
        Column("size", TextKind(), "at most {}", since=5),
    ),
    Secret: (
        Column("id", TextKind()),
        Column("env", TextKind()),
        Column("target", TextKind()),
    ),
    Copy: (
        Column("stage", TextKind()),
        Column("image", TextKind()),
        Column("path", TextKind(), key="from"),
        Column("to", TextKind()),
        Column("owner", TextKind(), "owner {}"),
        Column("mode", TextKind(), "mode {}"),
        Column("exclude", Words(" "), "without {}"),
        Column("files", Words(), "{}", since=3),
        Column("pattern", ChoiceKind(get_args(Pattern)), since=5),
        Column("digest", ContentDigest()),
    ),
    Download: (
        Column("url", TextKind()),
        Column("to", TextKind()),
        Column("unpack", Flag(), "unpacked"),
        Column("owner", TextKind(), "owner {}"),
        Column("mode", TextKind(), "mode {}"),
        Column("digests", PlatformDigests(), key="sha256"),
    ),
    InlineFile: (
        Column("to", TextKind()),
        Column("owner", TextKind(), "owner {}"),
        Column("mode", TextKind(), "mode {}"),
        Column("text", TextKind()),
    ),
    Setup: (
        Column("copies", Records(Copy), "copy {}", key="copy", since=3),
        Column("files", Records(InlineFile), "file {}", since=3),
        Column("commands", Lines(), "$ {}", since=3),
    ),
    AptSource: (
        Column("uri", TextKind()),
        Column("suites", Words()),
        Column("components", Words()),
        Column("key", TextKind()),
        Column("key_digest", ContentDigest()),
        Column("username", TextKind(), "as {}", since=5),
        Column("secret", TextKind(), "secret {}", since=5),
    ),
    Index: (
        Column("url", TextKind(), since=5),
        Column("scope", TextKind(), "for {}", since=5),
        Column("username", TextKind(), "as {}", since=5),
        Column("secret", TextKind(), "secret {}", since=5),
    ),
    User: (
        Column("name", TextKind()),
        Column("uid", NumberKind()),
        Column("shell", TextKind()),
        Column("sudo", Flag(), "sudo"),
        Column("home", TextKind(), "home {}", since=3),
        Column("group", TextKind(), "group {}", since=3),
        Column("gid", NumberKind(), "gid {}", since=3),
        Column("groups", Words(), "in {}", since=3),
        Column("system", Flag(), "system", since=3),
        Column("others", Records(User), since=3),
    ),
    RuntimeConfig: (
        Column("platforms", Words(), since=6),
        Column("user", TextKind(), since=3),
        Column("workdir", TextKind()),
        Column("entrypoint", Words()),
        Column("cmd", Words()),
        Column("expose", Words()),
        Column("volumes", Words()),
        Column("stop_signal", TextKind()),
        Column("source_date_epoch", NumberKind()),
        Column("reproducible", Flag(), since=8),
        Column("env", Variables()),
        Column("labels", Variables()),
        Column("annotations", Variables(), since=5),
        Column("late", Variables(), since=3),
        Column("healthcheck", RecordKind(Healthcheck)),
    ),
    Healthcheck: (
        Column("cmd", Words()),
        Column("interval", TextKind(), "interval {}"),
        Column("timeout", TextKind(), "timeout {}"),
        Column("start_period", TextKind(), "start period {}"),
        Column("retries", NumberKind(), "retries {}"),
        Column("start_interval", TextKind(), "start interval {}", since=3),
        Column("shell", TextKind(), "$ {}", since=3),
        Column("none", Flag(), "none", since=3),
    ),
}
"""What a lock writes of each value; the name of a stage is the key of its table."""

NEWEST_VERSION = max(one.since for columns in COLUMNS.values() for one in columns)
"""The first version of the lock that knows every column."""

_Column = TypeVar("_Column", bound=Column)


@cache
def defaults(of: type) -> Mapping[str, FieldValue]:
    """Return what the fields of a model are where they are not set, if they may be."""
    found = {}
    for one in fields(of):
        if one.default_factory is not MISSING:
            found[one.name] = one.default_factory()
        elif one.default is not MISSING:
            found[one.name] = one.default
    return found


def set_columns(value: FieldValue) -> Iterator[tuple[Column, FieldValue]]:
    """Yield the columns of a value that are not as they are by default."""
    return _set(value, _with_defaults(value.__class__))


def own_facts_of(stage: Stage) -> Iterator[tuple[StageField, FieldValue]]:
    """Yield the set fields that decide what a stage builds."""
    for row, value in _set(stage, _own_facts_with_defaults()):
        if stage.commands or row.without_commands:
            yield row, value


_Rows: TypeAlias = Sequence[tuple[_Column, str, FieldValue]]
"""Columns, each with its name, and with what it is by default; without one, itself."""


@cache
def _with_defaults(of: type) -> _Rows[Column]:
    usual = defaults(of)
    return [(one, one.name, usual.get(one.name, one)) for one in COLUMNS[of]]


@cache
def _own_facts_with_defaults() -> _Rows[StageField]:
    usual = defaults(Stage)
    return [(one, one.name, usual.get(one.name, one)) for one in _OWN_FACTS]


def _set(
    value: FieldValue, rows: _Rows[_Column]
) -> Iterator[tuple[_Column, FieldValue]]:
    for column, name, usual in rows:
        found = getattr(value, name)
        if found is not usual and found != usual:
            yield column, found


def lowest_version(value: FieldValue) -> int:
    """Return the lowest version of the lock that knows all that is set in a value."""
    found = [1]
    for column, held in set_columns(value):
        found.append(column.since)
        match column.kind:
            case Records():
                found += map(lowest_version, held)
            case RecordKind():
                found.append(lowest_version(held))
            case _:
                pass
    return max(found)
