"""Layers, their write sets, and the records of realized steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeAlias

from dynbuild.digest import (
    BlobDigest,
    DiffId,
    PlacedDigest,
    RealizationId,
    StepDigest,
    digest_of,
)
from dynbuild.values import dataclass

Kind: TypeAlias = Literal[
    "file", "directory", "symlink", "device", "whiteout", "opaque"
]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its diff id (of the tar), and the blob that holds it.

    ``size`` is that of the blob in bytes.
    """

    diff_id: DiffId
    digest: BlobDigest
    size: int
    media_type: str = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Written:
    """An item that a layer writes at one path; the path has no slash at its ends.

    ``content`` is the digest of a file's bytes, the target of a symlink, the numbers
    of a device. A hard link counts as the file that it links to. A whiteout removes
    what lies below; an opaque directory hides all that lies below it. ``new`` says, for
    anything but these and directories, that nothing lay at the path below the layer.
    """

    kind: Kind
    mode: int = 0
    uid: int = 0
    gid: int = 0
    content: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()
    new: bool = False


WriteSet: TypeAlias = Mapping[str, Written]


@dataclass(frozen=True, slots=True)
class Inside:
    """The blob with what some layers say is installed; without one they say nothing.

    See ``inside``. ``size`` is that of the blob in bytes.
    """

    digest: BlobDigest | None = None
    size: int = 0


def unknown() -> Inside | None:
    """Return that nobody has looked what some layers say: they have to be read."""
    return None


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The origin of a record that was not built here: a place, and who signed it.

    ``keys`` are the signers' keys that were trusted when it came, as spelled, sorted.
    """

    place: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a built step: on what, with which layers, what it wrote.

    ``on`` holds the ids of the last realizations that it stands on, sorted: each of
    them names what it stands on itself. ``sources`` pairs the placed digests and ids of
    the realizations that it copies from, and of what these come from, far enough that a
    source still has its place when no tier holds it any more; sorted. ``joins`` has the
    digests of the steps that it was put on although it does not declare them, sorted.
    ``reads`` has what the step is known to read without declaring it (``link.reads``
    defines the format). ``parts`` has the diff ids of the layers that were squashed
    into its one layer; it is empty except for a squash. ``seconds`` is how long the
    step ran, to the millisecond; ``made`` when it was built, in milliseconds since
    1970. ``inside`` tells what its layers say is installed; records of before 2026-12
    do not know it.

    ``signatures`` pairs names of keys with their signatures of the rest, in Base64;
    they say who vouches for a record and are not part of its identity. ``origins`` is
    what a machine knows and no tier can say: where the record is from, or all that it
    was built on; a record built here on nothing from elsewhere has none.
    """

    placed: PlacedDigest
    step: StepDigest
    platform: str
    layers: tuple[Layer, ...]
    writes: WriteSet
    on: tuple[RealizationId, ...] = ()
    sources: tuple[tuple[PlacedDigest, RealizationId], ...] = ()
    joins: tuple[StepDigest, ...] = ()
    reads: Sequence[str] = ()
    parts: tuple[DiffId, ...] = ()
    seconds: float = 0.0
    made: int = 0
    inside: Callable[[], Inside | None] = field(default=unknown, compare=False)
    signatures: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    origins: tuple[Origin, ...] = field(default=(), compare=False)

    id: RealizationId = field(init=False, compare=False)
    """The identity of the realization: its place, its layers, and what it came from.

    Two compilations of one source have two ids, and so has what was copied from each;
    two builds with the same bytes on and from the same realizations have one.
    """

    def __post_init__(self) -> None:
        # Computed once: plans read it again and again.
        id_ = digest_of(
            {
                "placed": self.placed,
                "layers": [layer.diff_id for layer in self.layers],
                "on": self.on,
                "sources": [list(pair) for pair in self.sources],
            }
        )
        object.__setattr__(self, "id", RealizationId(id_))


def facts_of(record: Record, writes: BlobDigest) -> dict[str, Any]:
    """Return all that a record states except its signatures: every field that is read.

    ``writes`` is the digest of the blob that holds its write set.
    """
    inside = record.inside()
    return {
        "placed": record.placed,
        "step": record.step,
        "platform": record.platform,
        "layers": [
            [layer.diff_id, layer.digest, layer.size, layer.media_type]
            for layer in record.layers
        ],
        "writes": writes,
        "on": list(record.on),
        "sources": [list(pair) for pair in record.sources],
        "joins": list(record.joins),
        "reads": list(record.reads),
        "parts": list(record.parts),
        "seconds": record.seconds,
        "made": record.made,
        **({} if inside is None else {"inside": dump_inside(inside)}),
    }


def dump_inside(inside: Inside) -> list[object]:
    """Return what a record states of what its layers say is installed."""
    return [] if inside.digest is None else [inside.digest, inside.size]
