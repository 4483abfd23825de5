"""Readings as bytes: the blob that is kept with a record, beside its write set."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, cast, get_args

from dynbuild.inside.model import (
    LONGEST,
    LONGEST_LINE,
    Archive,
    Kind,
    Package,
    Reading,
    Readings,
    plain,
)

LARGEST = 16 << 20
"""Maximum bytes of such a blob; those of images with thousands of packages have less
than one."""

_MOST = 64 << 20
"""Maximum bytes of one unpacked: no tier may fill the memory with it."""
_VERSION = 4
_KINDS = frozenset(get_args(Kind))


class UnreadableReadingsError(ValueError):
    """Bytes that are no readings, or those of another version."""


def dumps(readings: Readings) -> bytes:
    """Serialize readings canonically, compressed."""
    files = {path: _row(one) for path, one in sorted(readings.items())}
    text = json.dumps({"version": _VERSION, "files": files}, separators=(",", ":"))
    data = text.encode()
    packed = zlib.compress(data, 9)
    if len(data) > _MOST or len(packed) > LARGEST:
        problem = f"it says more than is kept: {len(data)} bytes"
        return dumps({path: Reading(problem=problem) for path in [*readings][:1]})
    return packed


def loads(data: bytes) -> dict[str, Reading]:
    """Parse what ``dumps`` wrote. Raises UnreadableReadingsError."""
    try:
        unpacked = zlib.decompressobj()
        text = unpacked.decompress(data, _MOST)
        if not unpacked.eof:
            raise UnreadableReadingsError
        facts: dict[str, Any] = json.loads(text)
        if facts["version"] != _VERSION:
            raise UnreadableReadingsError
        return {path: _reading(row) for path, row in facts["files"].items()}
    except (
        *(zlib.error, LookupError, TypeError, ValueError, AttributeError),
        RecursionError,
    ):
        raise UnreadableReadingsError from None


def _row(one: Reading) -> dict[str, object]:
    row: dict[str, object] = {
        "packages": [
            [
                *(x.kind, x.name, x.version, x.architecture),
                *(x.source, x.source_version, x.licence, [*x.needs]),
            ]
            for x in one.packages
        ],
        "distribution": one.distribution and [*one.distribution],
        "licence": one.licence,
        "problem": one.problem,
        "archives": [
            [x.uri, x.suite, [*x.components], x.kind, x.listed] for x in one.archives
        ],
        "noted": [*one.noted],
        "variable": one.variable,
    }
    return {name: value for name, value in row.items() if value}


def _reading(row: Mapping[str, Any]) -> Reading:
    packages = tuple(_package(*facts) for facts in row.get("packages", ()))
    named = row.get("distribution")
    distribution = None
    if named is not None:
        name, version = map(_text, named)
        distribution = (name, version)
    return Reading(
        packages,
        distribution,
        _text(row.get("licence", "")),
        _text(row.get("problem", "")),
        tuple(_archive(*facts) for facts in row.get("archives", ())),
        tuple(_text(line, LONGEST_LINE) for line in row.get("noted", ())),
        _text(row.get("variable", "")),
    )


def _archive(
    uri: object, suite: object, components: object, kind: object, listed: object
) -> Archive:
    if not isinstance(components, list):
        raise UnreadableReadingsError
    return Archive(
        _text(uri),
        _text(suite),
        tuple(map(_text, components)),
        _kind(kind),
        listed is True,
    )


def _kind(said: object) -> Kind:
    if said not in _KINDS:
        raise UnreadableReadingsError
    return cast("Kind", said)


def _package(kind: object, *texts: object) -> Package:
    name, version, architecture, source, source_version, licence, needs = texts
    if not isinstance(needs, list):
        raise UnreadableReadingsError
    return Package(
        _kind(kind),
        _text(name),
        _text(version),
        _text(architecture),
        _text(source),
        _text(source_version),
        _text(licence),
        tuple(map(_text, needs)),
    )


def _text(value: object, longest: int = LONGEST) -> str:
    """Return a text, safe to show: a tier may say anything."""
    if not isinstance(value, str):
        raise UnreadableReadingsError
    return plain(value, longest)
