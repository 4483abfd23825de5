"""The shared tiers that ``[cache]`` may name: one class a kind, with its fields.

The schema is made of these classes, and the tiers are opened from their values: an
unchanged project loads them without the schema, which takes long to import.
"""

import re
from dataclasses import field
from typing import Annotated, ClassVar, Literal, TypeAlias

from dynbuild.declaration.grammar import ENDPOINT, PREFIX, REPOSITORY, matches
from dynbuild.declaration.rules import Rule
from dynbuild.values import dataclass

Mode: TypeAlias = Literal["read-write", "read", "write", "off"]
"""The use of a tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTier:
    """The fields of every shared tier; editors show their descriptions.

    ``key`` is the tier's key in ``[cache]``, ``about`` its description there. A text in
    place of its table means the field ``alone``. The type of a text may have a Rule.
    """

    key: ClassVar[str]
    about: ClassVar[str]
    alone: ClassVar[str | None] = None

    mode: Mode = field(
        default="read-write", metadata={"description": "What the tier is used for."}
    )
    required: bool = field(
        default=False,
        metadata={"description": "Whether a command fails where the tier does."},
    )


def _without_scheme(text: str) -> str | None:
    host = re.sub(r"^\w+://|/$", "", text)
    if not matches(ENDPOINT, host):
        return None
    tls = "; and secure = false" if text.startswith("http://") else ""
    return f"write {host!r}{tls}"


@dataclass(frozen=True, slots=True)
class Minio(SharedTier):
    """The S3 tier."""

    key: ClassVar = "minio"
    about: ClassVar = "The S3 tier."

    endpoint: Annotated[
        str, Rule("DB0152", ENDPOINT, "a host or host:port", said=_without_scheme)
    ] = field(metadata={"description": "Host and port, without https://."})
    bucket: str = field(default="docker-cache", metadata={"description": "The bucket."})
    prefix: (
        Annotated[
            str,
            Rule("DB0152", PREFIX, "names between slashes, such as team/cache,"),
        ]
        | None
    ) = field(
        default=None,
        metadata={"description": "What names of objects begin with."},
    )
    region: str | None = field(
        default=None, metadata={"description": "The region, where one is needed."}
    )
    secure: bool = field(default=True, metadata={"description": "Whether to use TLS."})


def _below_registry(text: str) -> str | None:
    below = f"{text}/ORGANIZATION/dynbuild-cache"
    is_registry = "/" not in text and matches(REPOSITORY, below.lower())
    return f"write a repository of it, as {below!r}" if is_registry else None


@dataclass(frozen=True, slots=True)
class RegistryTier(SharedTier):
    """The registry tier."""

    key: ClassVar = "registry"
    about: ClassVar = "The registry tier: a repository."
    alone: ClassVar = "repository"

    repository: Annotated[
        str,
        Rule(
            "DB0152",
            REPOSITORY,
            "a repository without tag, in lower case",
            said=_below_registry,
        ),
    ] = field(metadata={"description": "The repository, with its registry."})


KINDS: tuple[type[SharedTier], ...] = (Minio, RegistryTier)
"""All kinds, in the order of documents."""
