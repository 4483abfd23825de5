"""Records and write sets as bytes: what every tier stores."""

import json
import re
import zlib
from collections.abc import Mapping, ValuesView
from typing import Any, cast

from dynbuild.digest import Digest, sha256
from dynbuild.link.later import Later
from dynbuild.link.model import Kind, Layer, Record, WriteSet, Written

VERSION = 1

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST = 1 << 30
"""Bytes of a write set as it is written: no tier may fill the memory with one."""


class UnreadableError(ValueError):
    """Bytes that are no record of this version, or that were damaged."""


def record_name(record: Record) -> str:
    """The name of a record among those of its step: one for each stack."""
    key = [record.placed, record.platform, *record.stack]
    return sha256("\n".join(key).encode()).removeprefix("sha256:")


def dump_record(record: Record, writes: Digest) -> bytes:
    """A record, without what it wrote: that is a blob of its own."""
    text = json.dumps(
        {
            "version": VERSION,
            "placed": record.placed,
            "step": record.step,
            "platform": record.platform,
            "stack": list(record.stack),
            "layers": [
                [layer.diff_id, layer.digest, layer.size, layer.media_type]
                for layer in record.layers
            ],
            "writes": writes,
            "seconds": round(record.seconds, 3),
            **({"signatures": dict(record.signatures)} if record.signatures else {}),
        }
    ).encode()
    return sha256(text).encode() + b"\n" + text


def load_record(data: bytes) -> tuple[Record, Digest]:
    """A record that has written nothing yet, and the blob that says what it wrote.

    Raises UnreadableError.
    """
    digest, _, text = data.partition(b"\n")
    if sha256(text).encode() != digest:
        raise UnreadableError
    try:
        facts: dict[str, Any] = json.loads(text)
        if facts["version"] != VERSION:
            raise UnreadableError
        record = Record(
            placed=_digest(facts["placed"]),
            step=_digest(facts["step"]),
            platform=str(facts["platform"]),
            stack=tuple(map(_digest, facts["stack"])),
            layers=tuple(_layer(*layer) for layer in facts["layers"]),
            writes={},
            seconds=float(facts["seconds"]),
            signatures=_signatures(facts.get("signatures", {})),
        )
        return record, _digest(facts["writes"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise UnreadableError from None


def _digest(told: object) -> Digest:
    """A digest becomes a part of paths: nothing else may pass for one."""
    if not isinstance(told, str) or not _DIGEST.fullmatch(told):
        raise UnreadableError
    return Digest(told)


def _layer(diff_id: object, digest: object, size: object, *media_type: str) -> Layer:
    if type(size) is not int or size < 0:
        raise UnreadableError
    return Layer(_digest(diff_id), _digest(digest), size, *map(str, media_type))


def _signatures(told: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """All that there are, whoever made them: others may know their keys."""
    return tuple(sorted((str(name), str(text)) for name, text in told.items()))


def dump_writes(writes: WriteSet) -> bytes:
    """A write set in one spelling, compressed."""
    if isinstance(writes, StoredWrites):
        return writes.data
    rows = [
        [path, w.kind, w.mode, w.uid, w.gid, w.content, [*map(list, w.xattrs)], w.new]
        for path, w in sorted(writes.items())
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 1)


class StoredWrites(Later):
    """A write set that is parsed when somebody looks at it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(lambda: parsed(data))
        self.data = data

    def values(self) -> ValuesView[Written]:
        return self._writes().values()


def parsed(data: bytes) -> dict[str, Written]:
    """A write set as ``dump_writes`` wrote it. Raises UnreadableError."""
    try:
        unpacked = zlib.decompressobj()
        text = unpacked.decompress(data, _MOST)
        if not unpacked.eof:
            raise UnreadableError
        return _rows(json.loads(text))
    except (zlib.error, TypeError, ValueError, RecursionError):
        raise UnreadableError from None


def _rows(rows: list[list[Any]]) -> dict[str, Written]:
    return {
        path: Written(
            cast("Kind", str(kind)),
            mode,
            uid,
            gid,
            content,
            tuple((name, value) for name, value in xattrs),
            new,
        )
        for path, kind, mode, uid, gid, content, xattrs, new in rows
    }
