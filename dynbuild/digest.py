"""Digests: sha256 of bytes, and of labelled fields in one canonical spelling."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NewType, TypeAlias

Digest = NewType("Digest", str)
"""``sha256:`` and 64 lower-case hex digits, as in the OCI specs."""

StepDigest = NewType("StepDigest", Digest)
"""The digest of a step's description: what it was declared to build."""

PlacedDigest = NewType("PlacedDigest", Digest)
"""The digest of a step in its place: the step, and all that it stands on there."""

RealizationId = NewType("RealizationId", Digest)
"""The identity of one build of a step in its place: of its layers, and its inputs'."""

DiffId = NewType("DiffId", Digest)
"""The digest of a layer's uncompressed tar, as in the OCI image spec."""

BlobDigest = NewType("BlobDigest", Digest)
"""The digest of stored bytes: of a compressed layer, a config, a write set."""

Field: TypeAlias = "str | int | bool | Sequence[Field] | Mapping[str, Field] | None"
"""What a description may hold: text, numbers, and lists and mappings of them."""

Description: TypeAlias = Mapping[str, Field]
"""The labelled fields that decide what a step builds."""


def sha256(data: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest_of(description: Description) -> Digest:
    """The digest of labelled fields, independent of the order they were written in.

    The bytes are JSON with sorted keys, no white space and only ASCII, so that two
    descriptions share bytes only where they are equal.
    """
    text = json.dumps(
        description, sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return sha256(text.encode("ascii"))


def short(digest: str) -> str:
    """Twelve hex digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:12]
