"""Layers are packed as zstd or gzip, and read whichever they are."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING, get_args

import pytest
from backports import zstd

from dynbuild.building import Compression
from dynbuild.compression import BROKEN, media_type, packing, unpacked
from dynbuild.engine.tarball import copied, directories, squashed, written
from dynbuild.link.entries import MalformedLayerError

if TYPE_CHECKING:
    from pathlib import Path

EACH = pytest.mark.parametrize("compression", get_args(Compression))


@EACH
def test_what_is_packed_is_read_again(tmp_path: Path, compression: Compression) -> None:
    path = tmp_path / "packed"
    with path.open("wb") as raw, packing(raw, compression) as writer:
        writer.write(b"x" * 100_000)
    assert path.stat().st_size < 1000
    with unpacked(path) as file:
        assert file.read() == b"x" * 100_000


@EACH
def test_the_same_entries_are_the_same_bytes(
    tmp_path: Path, compression: Compression
) -> None:
    digests = set()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        layer, path = directories(("a", "a/b"), folder, compression)
        assert layer.media_type == media_type(compression)
        assert [*written([path], {})] == ["a", "a/b"]
        digests.add((layer.digest, layer.diff_id))
    assert len(digests) == 1


def test_layers_of_all_kinds_are_squashed_together(tmp_path: Path) -> None:
    paths = []
    for compression in get_args(Compression):
        folder = tmp_path / compression
        folder.mkdir()
        paths.append(directories((compression,), folder, compression)[1])
    plain = tmp_path / "plain"
    with tarfile.open(plain, "w") as archive:
        archive.addfile(tarfile.TarInfo("file"))
    layer, path = squashed([*paths, plain], (), tmp_path)
    assert layer.media_type == media_type("zstd")
    assert {*written([path], {})} == {*get_args(Compression), "file"}
    again, _ = copied(path, tmp_path, None, "gzip")
    assert again.media_type == media_type("gzip")


def test_a_blob_that_asks_for_gigabytes_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    options = {
        int(zstd.CompressionParameter.window_log): 30,
        int(zstd.CompressionParameter.enable_long_distance_matching): 1,
    }
    with zstd.open(path, "wb", options=options) as file:
        file.write(os.urandom(1 << 20) * 4)
    with pytest.raises(BROKEN), unpacked(path) as unpacking:
        unpacking.read()
    with pytest.raises(MalformedLayerError):
        written([path], {})
