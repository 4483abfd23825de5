"""The tier settings of a declaration, as plain values.

An unchanged project loads them without the schema, which takes long to import.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["read-write", "read", "write", "off"]
"""The use of a tier."""


@dataclass(frozen=True, slots=True)
class Minio:
    """The S3 tier, as in ``declaration.schema``."""

    endpoint: str
    bucket: str = "docker-cache"
    region: str | None = None
    secure: bool = True
    mode: Mode = "read-write"
    required: bool = False


@dataclass(frozen=True, slots=True)
class RegistryTier:
    """The registry tier, as in ``declaration.schema``."""

    repository: str
    mode: Mode = "read-write"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Cache:
    """The tiers, as in ``declaration.schema``.

    ``signed_only``: whatever keys there are, what none of them signed does not count.
    """

    local: str | None = None
    minio: Minio | None = None
    registry: RegistryTier | None = None
    trusted_keys: tuple[str, ...] = ()
    signed_only: bool = False


def cache_of(text: str) -> Cache:
    """Parse the JSON of the schema's ``Cache`` or of ``settings_of``."""
    said = json.loads(text)
    minio, registry = said.get("minio"), said.get("registry")
    return Cache(
        said.get("local"),
        minio and Minio(**minio),
        registry and RegistryTier(**registry),
        tuple(said.get("trusted_keys", ())),
    )


def settings_of(cache: Cache) -> str:
    """Return the canonical text of declared tier settings, without unset ones."""
    said = {name: value for name, value in asdict(cache).items() if value}
    return json.dumps(said, sort_keys=True)
