"""The table of a stage's fields, which all that goes field by field reads.

Its rows are in the order in which a lock writes them. A row decides at once whether the
digest covers a field and whether a change of it moves the stage, so that the two agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from dynbuild.steps.model import (
    CacheDirectory,
    Copy,
    Network,
    Secret,
    Sharing,
    Stage,
)

FieldValue: TypeAlias = Any
"""What a field holds, which its kind says; or the value that has the fields."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text."""


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """The digest of some content."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from 0."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """Names of other stages; their order says nothing."""


@dataclass(frozen=True, slots=True)
class Words:
    """A short list of texts, shown with ``joint`` between them."""

    joint: str = ", "


@dataclass(frozen=True, slots=True)
class Lines:
    """A long list of texts, merged and shown one by one."""


@dataclass(frozen=True, slots=True)
class Variables:
    """Texts by name."""


@dataclass(frozen=True, slots=True)
class Records:
    """A list of values of one type, merged and shown one by one.

    Where ``short``, a value that says nothing but its first column is written as that.
    """

    of: type
    columns: "tuple[Column, ...]"
    short: bool = False


Kind: TypeAlias = (
    Text
    | ContentDigest
    | Flag
    | Number
    | Choice
    | Stages
    | Words
    | Lines
    | Variables
    | Records
)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a value, by its name in ``steps/model``.

    ``shown`` is what a diff shows, with the value for ``{}``; ``key`` is what files
    call it, if that differs; ``since`` the version of the lock that first knew it.
    """

    name: str
    kind: Kind
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

    @property
    def is_declared(self) -> bool:
        return self.decides != "again"

    @property
    def is_kept(self) -> bool:
        """Whether the resolved stage has it as well."""
        return self.decides != "reading"


_MOUNT = (
    Column("target", Text()),
    Column("id", Text(), "id {}", since=2),
    Column("sharing", Choice(get_args(Sharing)), since=2),
    Column("mode", Text(), "mode {}", since=2),
)
_SECRET = (Column("id", Text()), Column("env", Text()), Column("target", Text()))
_COPY = (
    Column("stage", Text()),
    Column("image", Text()),
    Column("path", Text(), key="from"),
    Column("to", Text()),
    Column("owner", Text(), "owner {}"),
    Column("mode", Text(), "mode {}"),
    Column("exclude", Words(" "), "without {}"),
    Column("digest", ContentDigest()),
)

FIELDS = (
    StageField("name", Text(), decides="name"),
    StageField("track", Flag(), decides="reading"),
    StageField(
        "bump", Number(), "refreshed {} times", decides="again", covered_by="bump"
    ),
    StageField("build_only", Flag(), "build only", decides="place"),
    StageField(
        "dependencies", Stages(), "needs {}", decides="links", covered_by="stands_on"
    ),
    StageField("user", Text(), "user {}", covered_by="user"),
    StageField("workdir", Text(), "in {}", covered_by="workdir"),
    StageField("shell", Words(" "), "shell {}", covered_by="shell"),
    StageField(
        "network", Choice(get_args(Network)), "network {}", covered_by="network"
    ),
    StageField("ssh", Flag(), "ssh", covered_by="mounts"),
    StageField("touches", Words(), "touches {}", decides="place"),
    StageField(
        "cache_mounts",
        Records(CacheDirectory, _MOUNT, short=True),
        "cache {}",
        covered_by="mounts",
    ),
    StageField("secrets", Records(Secret, _SECRET), "secret {}", covered_by="mounts"),
    StageField(
        "copies",
        Records(Copy, _COPY),
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

_Column = TypeVar("_Column", bound=Column)

BY_NAME = {row.name: row for row in FIELDS}
LOCKED = tuple(row for row in FIELDS if row.is_kept and row.decides != "name")
"""Those in the table of a stage in the lock, whose key is the name."""
_OWN_FACTS = tuple(row for row in FIELDS if row.decides == "result")


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


def set_columns(
    value: FieldValue, columns: tuple[_Column, ...]
) -> Iterator[tuple[_Column, FieldValue]]:
    """Yield the columns of a value that are not as they are by default."""
    usual = defaults(value.__class__)
    for column in columns:
        found = getattr(value, column.name)
        if column.name not in usual or found != usual[column.name]:
            yield column, found


def own_facts_of(stage: Stage) -> Iterator[tuple[StageField, FieldValue]]:
    """Yield the set fields that decide what a stage builds."""
    for row, value in set_columns(stage, _OWN_FACTS):
        if stage.commands or row.without_commands:
            yield row, value


def newest_version(columns: tuple[Column, ...]) -> int:
    """Return the version of the lock that first knew all columns."""
    inner = [
        newest_version(column.kind.columns)
        for column in columns
        if isinstance(column.kind, Records)
    ]
    return max([column.since for column in columns] + inner)


def lowest_version(value: FieldValue, columns: tuple[Column, ...]) -> int:
    """Return the lowest version of the lock that knows all that is set in a value."""
    found = [1]
    for column, held in set_columns(value, columns):
        found.append(column.since)
        if isinstance(column.kind, Records):
            found += [lowest_version(item, column.kind.columns) for item in held]
    return max(found)
