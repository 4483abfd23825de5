"""Layers, what they write, and the records of steps that were realized."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dynbuild.digest import Digest

Kind: TypeAlias = Literal[
    "file", "directory", "symlink", "device", "whiteout", "opaque"
]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its diff id (of the tar), and the blob that holds it.

    ``size`` is that of the blob in bytes.
    """

    diff_id: Digest
    digest: Digest
    size: int
    media_type: str = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Written:
    """What a layer writes at one path; the path has no slash at its ends.

    ``content`` is the digest of a file's bytes, the target of a symlink, the numbers
    of a device. A hard link counts as the file that it is. A whiteout removes what
    lies below; an opaque directory hides all that lies below it. ``new`` says of what
    is neither of these nor a directory that nothing lay there below the layer.
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
class Record:
    """That a step was built: on which stack, with which layers, what it wrote.

    ``stack`` holds the diff ids of all layers below, the base's first, lowest first.
    ``signatures`` are names of keys and what each made of the rest, in Base64; they
    say who vouches for a record, not which one it is.
    """

    placed: Digest
    step: Digest
    platform: str
    stack: tuple[Digest, ...]
    layers: tuple[Layer, ...]
    writes: WriteSet
    seconds: float
    signatures: tuple[tuple[str, str], ...] = field(default=(), compare=False)
