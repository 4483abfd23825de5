"""Records and write sets as bytes, as every tier stores them."""

import json
import re
import zlib
from collections.abc import Mapping, ValuesView
from typing import Any, get_args

from dynbuild.digest import (
    BlobDigest,
    DiffId,
    Digest,
    PlacedDigest,
    RealizationId,
    StepDigest,
    sha256,
)
from dynbuild.inside.codec import LARGEST
from dynbuild.link.lazy import LazyWriteSet
from dynbuild.link.model import (
    Inside,
    Kind,
    Layer,
    Record,
    WriteSet,
    Written,
    dump_inside,
    facts_of,
)
from dynbuild.values import dataclass

VERSION = 2

_KINDS = frozenset(get_args(Kind))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST = 256 << 20
"""Maximum bytes of an unpacked write set: no tier may fill the memory with one."""

_PACKED = 64
"""Maximum compression ratio of a write set: a hundred thousand empty files become 44
times smaller, and a kilobyte must not become a gigabyte.
"""

_LONGEST = 10.0**9
"""Maximum seconds that a step took: some thirty years."""


class UnreadableError(ValueError):
    """Bytes that are not a record, or are damaged."""


class OtherVersionError(UnreadableError):
    """A record of another version: of no use here, and somebody else's."""


def record_name(record: Record) -> str:
    """Return the name of a record among those of its step: its id."""
    return record.id.removeprefix("sha256:")


def dump_record(record: Record, writes: BlobDigest) -> bytes:
    """Serialize a record without its write set, which is a blob of its own."""
    text = json.dumps(
        {
            "version": VERSION,
            **facts_of(record, writes),
            **({"signatures": dict(record.signatures)} if record.signatures else {}),
        }
    ).encode()
    return sha256(text).encode() + b"\n" + text


def load_record(data: bytes) -> tuple[Record, BlobDigest]:
    """Parse a record, its write set still empty; also return the write set's blob.

    Raises UnreadableError, OtherVersionError.
    """
    digest, _, text = data.partition(b"\n")
    if sha256(text).encode() != digest:
        raise UnreadableError
    try:
        facts: dict[str, Any] = json.loads(text)
        if facts["version"] != VERSION:
            raise OtherVersionError
        inside = _inside(facts.get("inside"))
        record = Record(
            placed=PlacedDigest(_digest(facts["placed"])),
            step=StepDigest(_digest(facts["step"])),
            platform=str(facts["platform"]),
            layers=tuple(_layer(*layer) for layer in facts["layers"]),
            writes={},
            on=tuple(RealizationId(_digest(id_)) for id_ in facts["on"]),
            sources=tuple(
                (PlacedDigest(_digest(placed)), RealizationId(_digest(id_)))
                for placed, id_ in facts["sources"]
            ),
            joins=tuple(StepDigest(_digest(step)) for step in facts["joins"]),
            reads=tuple(map(_text, facts["reads"])),
            parts=tuple(DiffId(_digest(part)) for part in facts["parts"]),
            seconds=_seconds(facts["seconds"]),
            made=_whole(facts["made"]),
            inside=lambda: inside,
            signatures=_signatures(facts.get("signatures", {})),
        )
        return record, BlobDigest(_digest(facts["writes"]))
    except UnreadableError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise UnreadableError from None


@dataclass(frozen=True, slots=True)
class NotedBase:
    """The note of a base: its layers, the blob of its write set, its config.

    ``inside`` is as of a record.
    """

    layers: tuple[Layer, ...]
    writes: BlobDigest
    config: Mapping[str, Any]
    inside: Inside | None = None

    @property
    def names(self) -> frozenset[BlobDigest]:
        """The blobs that it keeps in use."""
        layers = (layer.digest for layer in self.layers)
        return frozenset({self.writes, *layers, *names_in(self.inside)})


def dump_base(base: NotedBase) -> str:
    """Serialize the note of a base."""
    inside = base.inside
    return json.dumps(
        {
            "layers": [
                [x.diff_id, x.digest, x.size, x.media_type] for x in base.layers
            ],
            "writes": base.writes,
            "config": base.config,
            **({} if inside is None else {"inside": dump_inside(inside)}),
        }
    )


def load_base(text: str) -> NotedBase:
    """Parse the note of a base. Raises UnreadableError."""
    try:
        facts: dict[str, Any] = json.loads(text)
        layers = tuple(_layer(*layer) for layer in facts["layers"])
        if not isinstance(facts["config"], dict):
            raise UnreadableError
        writes = BlobDigest(_digest(facts["writes"]))
        return NotedBase(layers, writes, facts["config"], _inside(facts.get("inside")))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise UnreadableError from None


def names_in(inside: Inside | None) -> dict[BlobDigest, int]:
    """Return the blob that says what is installed, if there is one, and its size."""
    if inside is None or inside.digest is None:
        return {}
    return {inside.digest: inside.size}


def named_in(data: bytes) -> frozenset[BlobDigest]:
    """Return all blobs that a record of any version may name."""
    text = data.decode("ascii", "replace")
    return frozenset(BlobDigest(Digest(name)) for name in _DIGEST.findall(text))


def _inside(told: object) -> Inside | None:
    match told:
        case None:
            return None
        case []:
            return Inside()
        case [digest, size]:
            blob, bytes_ = BlobDigest(_digest(digest)), _whole(size)
            return Inside(blob, bytes_) if bytes_ <= LARGEST else None
        case _:
            raise UnreadableError


def _digest(value: object) -> Digest:
    """Validate a digest: it becomes part of paths, so nothing else may pass for one."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise UnreadableError
    return Digest(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnreadableError
    return value


def _seconds(value: object) -> float:
    """Validate a duration that can be added up and shown: neither NaN nor infinite."""
    if not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise UnreadableError
    return float(value)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise UnreadableError
    return value


def _layer(diff_id: object, digest: object, size: object, *media_type: str) -> Layer:
    return Layer(
        DiffId(_digest(diff_id)),
        BlobDigest(_digest(digest)),
        _whole(size),
        *map(str, media_type),
    )


def _signatures(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return all signatures, whoever made them: others may know their keys."""
    return tuple(sorted((str(name), str(text)) for name, text in texts.items()))


def dump_writes(writes: WriteSet) -> bytes:
    """Serialize a write set canonically, compressed."""
    if isinstance(writes, StoredWrites):
        return writes.data
    rows = [
        [path, w.kind, w.mode, w.uid, w.gid, w.content, [*map(list, w.xattrs)], w.new]
        for path, w in sorted(writes.items())
    ]
    text = json.dumps(rows, separators=(",", ":")).encode()
    packed = zlib.compress(text, 1)
    # What is more repetitive than readers accept is stored uncompressed.
    return packed if len(text) <= _room(packed) else zlib.compress(text, 0)


def _room(packed: bytes) -> int:
    """Return the maximum bytes that a packed write set may unpack to."""
    return min(_MOST, _PACKED * len(packed) + (64 << 10))


class StoredWrites(LazyWriteSet):
    """A write set that is parsed on first use."""

    def __init__(self, data: bytes) -> None:
        super().__init__(lambda: parsed(data))
        self.data = data

    def values(self) -> ValuesView[Written]:
        return self._writes().values()


def parsed(data: bytes) -> dict[str, Written]:
    """Parse a write set that ``dump_writes`` wrote. Raises UnreadableError."""
    try:
        unpacked = zlib.decompressobj()
        text = unpacked.decompress(data, _room(data))
        if not unpacked.eof:
            raise UnreadableError
        return _rows(json.loads(text))
    except (zlib.error, TypeError, ValueError, RecursionError):
        raise UnreadableError from None


def _rows(rows: list[list[Any]]) -> dict[str, Written]:
    writes: dict[str, Written] = {}
    for path, kind, mode, uid, gid, content, xattrs, new in rows:
        if (
            kind not in _KINDS
            or not isinstance(path, str)
            or not isinstance(content, str)
            or {type(mode), type(uid), type(gid)} != {int}
        ):
            raise UnreadableError
        more = tuple((str(name), str(value)) for name, value in xattrs)
        writes[path] = Written(kind, mode, uid, gid, content, more, new is True)
    return writes
