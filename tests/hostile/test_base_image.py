"""A base image, or a layer of a tier, that means harm: at worst it is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from dynbuild.engine.tarball import copied, is_empty, keep_texts, squashed, written
from dynbuild.link.entries import MalformedLayerError

if TYPE_CHECKING:
    from pathlib import Path

    from dynbuild.link.model import WriteSet

Member = tuple[str, bytes, str]
"""A name, a type of tar, and what it links to."""


def archive(*members: Member) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as new:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            new.addfile(info)
    return data.getvalue()


def wrote(folder: Path, *members: Member) -> WriteSet:
    layer = folder / "layer"
    layer.write_bytes(archive(*members))
    return written([layer], {})


FILE, LINK, SYMLINK, DIRECTORY = b"0", b"1", b"2", b"5"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x", "./../../etc/passwd"])
def test_an_entry_that_leads_out_of_the_image(name: str, tmp_path: Path) -> None:
    """It is refused, or lies within the image: nothing else is written or read."""
    try:
        found = wrote(tmp_path, (name, FILE, ""))
    except MalformedLayerError:
        return
    assert not [path for path in found if path.startswith("/") or ".." in path]


def test_a_hard_link_out_of_the_image(tmp_path: Path) -> None:
    """No file of this machine is read for it."""
    for link in ("../../../etc/passwd", "/etc/passwd", "/proc/self/environ"):
        with pytest.raises(MalformedLayerError):
            wrote(tmp_path, ("x", LINK, link))


def test_symbolic_links_in_a_circle(tmp_path: Path) -> None:
    """They end, with a message."""
    members = [("a", SYMLINK, "b"), ("b", SYMLINK, "a"), ("a/x", FILE, "")]
    with pytest.raises(MalformedLayerError):
        wrote(tmp_path, *members)


def test_symbolic_links_out_of_the_image(tmp_path: Path) -> None:
    """What is behind one is resolved within the image, as the kernel would there."""
    found = wrote(tmp_path, ("a", SYMLINK, "../../../tmp"), ("a/x", FILE, ""))
    assert set(found) <= {"a", "tmp", "tmp/x"}


def test_a_header_of_many_gigabytes(tmp_path: Path) -> None:
    """No memory is taken for a name or an attribute that is longer than any is."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 64 << 30
    layer = tmp_path / "layer"
    layer.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"0" * (1 << 20))
    with pytest.raises(MalformedLayerError, match="a header of"):
        written([layer], {})


@pytest.mark.parametrize(
    "data",
    [
        b"no archive",
        b"",
        gzip.compress(archive(("x", FILE, "")) * 99)[:-20],
        b"\x1f\x8b" + b"x" * 99,
        archive(("x", FILE, ""))[:300],
    ],
)
def test_a_layer_that_is_no_archive(data: bytes, tmp_path: Path) -> None:
    """Whatever looks into it says that it is broken."""
    layer = tmp_path / "it"
    layer.write_bytes(data)
    looks = (
        lambda: written([layer], {}),
        lambda: keep_texts(layer, {}),
        lambda: is_empty(layer),
        lambda: copied(layer, tmp_path, None),
        lambda: squashed([layer, layer], (), tmp_path),
    )
    for look in looks:
        with suppress(MalformedLayerError):
            look()


def test_an_attribute_of_any_name(tmp_path: Path) -> None:
    """It is kept as it is, and taken for nothing else."""
    info = tarfile.TarInfo("x")
    info.pax_headers = {"SCHILY.xattr.\n../x": "\n1", "path": "x"}
    layer = tmp_path / "layer"
    layer.write_bytes(info.tobuf(tarfile.PAX_FORMAT))
    assert set(written([layer], {})) == {"x"}
