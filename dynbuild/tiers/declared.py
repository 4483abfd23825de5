"""What a declaration says of the tiers, as plain values.

An unchanged project has them without the schema, which takes long to import.
"""

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["read-write", "read", "write", "off"]
"""What a tier is used for."""


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
    """The tiers, as in ``declaration.schema``."""

    local: str | None = None
    minio: Minio | None = None
    registry: RegistryTier | None = None
    trusted_keys: tuple[str, ...] = ()


def cache_of(text: str) -> Cache:
    """The tiers of what the schema's ``Cache`` is in JSON."""
    said = json.loads(text)
    minio, registry = said["minio"], said["registry"]
    return Cache(
        said["local"],
        minio and Minio(**minio),
        registry and RegistryTier(**registry),
        tuple(said["trusted_keys"]),
    )
