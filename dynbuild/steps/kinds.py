"""The kinds of fields: what one holds decides how it is written, merged and shown."""

from typing import TypeAlias

from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class TextKind:
    """One text."""


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """The digest of some content."""


@dataclass(frozen=True, slots=True)
class PlatformDigests:
    """Digests of content by platform, in pairs; or one, by "", for all platforms."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A whole number from 0."""


@dataclass(frozen=True, slots=True)
class ChoiceKind:
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
    What it ``lacks`` are columns that have no meaning here.
    """

    of: type
    short: bool = False
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One value, which a lock writes as a table of its own."""

    of: type


FieldKind: TypeAlias = (
    TextKind
    | ContentDigest
    | PlatformDigests
    | Flag
    | NumberKind
    | ChoiceKind
    | Stages
    | Words
    | Lines
    | Variables
    | Records
    | RecordKind
)
