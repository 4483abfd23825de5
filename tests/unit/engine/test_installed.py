"""What layers say is installed, as it is found in their archives."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

from dynbuild.digest import BlobDigest, sha256
from dynbuild.engine import installed as module
from dynbuild.engine.installed import Installed, InstalledReader, installed
from dynbuild.engine.tarball import written
from dynbuild.inside.codec import dumps, loads
from dynbuild.link.model import Inside, Layer
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from dynbuild.inside.model import Readings

AT = "app/node_modules/{}/package.json"


def text(name: str, version: str = "1") -> bytes:
    return json.dumps({"name": name, "version": version}).encode()


def layer(place: Path, **files: bytes | str | None) -> Path:
    """A layer of files, of hard links (a text), and of whiteouts (None)."""
    with tarfile.open(place, "w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            if content is None:
                above, _, name = path.rpartition("/")
                entry.name = f"{above}/.wh.{name}"
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.LNKTYPE, content
            else:
                entry.size = len(content)
            data = content if isinstance(content, bytes) else b""
            archive.addfile(entry, io.BytesIO(data))
    return place


def names(readings: Readings) -> dict[str, list[str]]:
    return {path: [x.name for x in one.packages] for path, one in readings.items()}


def both_ways(*layers: Path) -> Readings:
    """What is found while a layer is read anyway, which is what is found alone."""
    seen = Installed()
    writes = written(layers, {}, {}, seen)
    alone = installed(layers, writes)
    assert seen.of(writes) == alone
    return alone


def test_the_highest_layer_counts(tmp_path: Path) -> None:
    a, b, c = (AT.format(name) for name in "abc")
    low = layer(tmp_path / "low", **{a: text("a"), b: text("b"), c: text("c")})
    high = layer(tmp_path / "high", **{f"./{a}": text("new"), b: None, "x": b""})
    assert names(both_ways(low, high)) == {a: ["new"], c: ["c"]}


def test_hard_links_say_what_their_files_say(tmp_path: Path) -> None:
    """As pnpm links each file of a package to its store."""
    one, two = AT.format(".pnpm/a@1/node_modules/a"), AT.format("a")
    files = {"store/x": text("a"), one: "store/x", two: one, "bin/a": "store/x"}
    found = both_ways(layer(tmp_path / "layer", **files))
    assert names(found) == {one: ["a"], two: ["a"]}


def test_a_link_to_what_lies_below_says_nothing_new(tmp_path: Path) -> None:
    path = AT.format("a")
    below = layer(tmp_path / "below", **{"store/x": text("a")})
    above = layer(tmp_path / "above", **{path: "store/x"})
    assert names(both_ways(below, above)) == {}


def test_a_file_that_is_too_large_is_told(tmp_path: Path) -> None:
    path = AT.format("a")
    found = both_ways(layer(tmp_path / "layer", **{path: b" " * ((4 << 20) + 1)}))
    assert found[path].problem == "it has 4194305 bytes"


def test_there_is_an_end_to_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    files = {AT.format(name): text(name) for name in "abcd"}
    found = both_ways(layer(tmp_path / "layer", **files))
    assert found[""].problem == "more files say what is installed than are read"


def test_links_in_a_circle_say_nothing(tmp_path: Path) -> None:
    one, two = AT.format("a"), AT.format("b")
    path = layer(tmp_path / "layer", **{one: two, two: one})
    assert names(installed([path], {})) == {}


def test_a_link_to_what_is_too_large_is_told(tmp_path: Path) -> None:
    path = AT.format("a")
    files = {"x": b" " * ((4 << 20) + 1), path: "x", "usr/share/doc/y/copyright": "x"}
    found = both_ways(layer(tmp_path / "layer", **files))
    assert {one.problem for one in found.values()} == {"it has 4194305 bytes"}


def test_a_layer_is_read_where_nobody_kept_what_it_says(tmp_path: Path) -> None:
    tier = Local(tmp_path / "store", lambda _: None)
    machine = LocalMachine(tier, lambda _: None)
    read = InstalledReader([tier], machine)
    path = layer(tmp_path / "layer", **{AT.format("a"): text("a")})
    blob = BlobDigest(sha256(path.read_bytes()))
    layers = (Layer(sha256(b"tar"), blob, path.stat().st_size),)
    writes = written([path], {})
    assert InstalledReader([tier], machine, layers=False)(layers, writes, None) is None
    assert read(layers, writes, None) is None
    assert read(layers, writes, Inside()) == {}
    tier.keep(blob, str(path))
    lost = Inside(BlobDigest(sha256(b"lost")), 4)
    found = read(layers, writes, lost)
    assert found is not None
    assert names(found) == {AT.format("a"): ["a"]}
    # It is noted, and not read again.
    (tmp_path / "store/blobs/sha256" / blob.removeprefix("sha256:")).unlink()
    assert read(layers, writes, None) == found
    data = dumps({"x": loads(dumps(found))[AT.format("a")]})
    (tmp_path / "data").write_bytes(data)
    kept = Inside(BlobDigest(sha256(data)), len(data))
    tier.keep(BlobDigest(sha256(data)), str(tmp_path / "data"))
    assert read(layers, writes, kept) == loads(data)


def test_a_layer_that_is_none_tells_nothing(tmp_path: Path) -> None:
    tier = Local(tmp_path / "store", lambda _: None)
    read = InstalledReader([tier], LocalMachine(tier, lambda _: None))
    (tmp_path / "junk").write_bytes(b"junk")
    blob = BlobDigest(sha256(b"junk"))
    tier.keep(blob, str(tmp_path / "junk"))
    layers = (Layer(sha256(b"tar"), blob, 4),)
    assert read(layers, {}, Inside(blob, 4)) is None


def test_there_is_an_end_to_the_bytes_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a path said before is forgotten, where nobody looks what it says now."""
    monkeypatch.setattr(module, "_BYTES", 1)
    path, other = AT.format("a"), AT.format("b")
    below = layer(tmp_path / "below", **{path: text("a")})
    above = layer(tmp_path / "above", **{path: text("a", "2"), other: path})
    assert names(both_ways(below)) == {path: ["a"]}
    assert names(both_ways(below, above)) == {"": []}
    linked = layer(tmp_path / "linked", **{"x": text("x"), path: "x", other: "x"})
    assert names(both_ways(linked)) == {path: ["x"], "": []}


def test_the_last_of_two_members_of_one_path_counts(tmp_path: Path) -> None:
    path = AT.format("a")
    archive = layer(tmp_path / "layer", **{"x": text("x"), path: "x"})
    again = layer(tmp_path / "again", **{path: text("a")})
    with tarfile.open(archive, "a") as whole, tarfile.open(again) as more:
        for one in more:
            whole.addfile(one, more.extractfile(one))
    assert names(both_ways(archive)) == {path: ["a"]}
