"""The tables of fields, which all that goes field by field reads.

Rows are in the order in which a lock writes them. The row of a stage's field decides at
once whether the digest covers it and whether a change of it moves the stage. Where
``steps/describe`` writes a field in its own way, ``tests/unit/steps/test_fields.py``
holds the two together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from dynbuild.steps.kinds import (
    ChoiceKind,
    ContentDigest,
    FieldKind,
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
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Healthcheck,
    Network,
    RuntimeConfig,
    Secret,
    Sharing,
    Stage,
    User,
)

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


Decides: TypeAlias = Literal["result", "links", "again", "place", "name", "reading"]
"""What a field decides:

- ``result``: what the stage builds. The digest covers it; as one of the stage's own
  facts it moves the stage, and it tells a renamed stage from another;
- ``links``: what it stands on. The digest covers that; another one moves the stage;
- ``again``: that it runs again. The same, but it belongs to the lock alone;
- ``place``: whether it is in the image, what it may be put on. No digest covers it;
- ``name``: what others call it, and nothing else;
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


FIELDS = (
    StageField("name", TextKind(), decides="name"),
    StageField("track", Flag(), decides="reading"),
    StageField(
        "bump", NumberKind(), "refreshed {} times", decides="again", covered_by="bump"
    ),
    StageField("build_only", Flag(), "build only", decides="place"),
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
    StageField(
        "cache_mounts",
        Records(CacheDirectory, short=True),
        "cache {}",
        covered_by="mounts",
    ),
    StageField("secrets", Records(Secret), "secret {}", covered_by="mounts"),
    StageField(
        "copies",
        Records(Copy),
        "copy {}",
        key="copy",
        covered_by="copies",
        without_commands=True,
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
_OWN_FACTS = tuple(row for row in FIELDS if row.decides == "result")

COLUMNS: Mapping[type, tuple[Column, ...]] = {
    Stage: tuple(row for row in FIELDS if row.decides not in {"name", "reading"}),
    CacheDirectory: (
        Column("target", TextKind()),
        Column("id", TextKind(), "id {}", since=2),
        Column("sharing", ChoiceKind(get_args(Sharing)), since=2),
        Column("mode", TextKind(), "mode {}", since=2),
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
        Column("digest", ContentDigest()),
    ),
    AptSource: (
        Column("uri", TextKind()),
        Column("suites", Words()),
        Column("components", Words()),
        Column("key", TextKind()),
        Column("key_digest", ContentDigest()),
    ),
    User: (
        Column("name", TextKind()),
        Column("uid", NumberKind()),
        Column("shell", TextKind()),
        Column("sudo", Flag()),
    ),
    RuntimeConfig: (
        Column("workdir", TextKind()),
        Column("entrypoint", Words()),
        Column("cmd", Words()),
        Column("expose", Words()),
        Column("volumes", Words()),
        Column("stop_signal", TextKind()),
        Column("source_date_epoch", NumberKind()),
        Column("env", Variables()),
        Column("labels", Variables()),
        Column("healthcheck", RecordKind(Healthcheck)),
    ),
    Healthcheck: (
        Column("cmd", Words()),
        Column("interval", TextKind()),
        Column("timeout", TextKind()),
        Column("start_period", TextKind()),
        Column("retries", NumberKind()),
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
    return _set(value, COLUMNS[type(value)])


def own_facts_of(stage: Stage) -> Iterator[tuple[StageField, FieldValue]]:
    """Yield the set fields that decide what a stage builds."""
    for row, value in _set(stage, _OWN_FACTS):
        if stage.commands or row.without_commands:
            yield row, value


def _set(
    value: FieldValue, columns: tuple[_Column, ...]
) -> Iterator[tuple[_Column, FieldValue]]:
    usual = defaults(value.__class__)
    for column in columns:
        found = getattr(value, column.name)
        if column.name not in usual or found != usual[column.name]:
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
