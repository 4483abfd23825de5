import io
import tarfile
from collections.abc import Iterable

import pytest

from dynbuild.digest import Digest
from dynbuild.link.entries import MalformedLayerError, TarEntry
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.squash import needless, squash, squashed_digest
from tests.unit.link.trees import squashed

Told = list[tuple[str, str, str]]


def told(layers: list[list[TarEntry]]) -> Told:
    """Name, type, and content or target of what a squash holds, in its order."""
    return [(e.name, e.type, e.link or e.content) for e in squashed(layers)[1]]


def directory(name: str, mode: int = 0o755) -> TarEntry:
    return TarEntry(name, "directory", mode)


def file(name: str, content: str = "") -> TarEntry:
    return TarEntry(name, content=content, size=len(content))


def test_frames_first_then_files_as_they_lie() -> None:
    layers = [
        [directory("b"), file("b/z", "1"), file("b/y", "2"), file("c", "3")],
        [directory("a"), file("a/x", "4"), file("c", "5"), TarEntry("b/.wh.gone")],
    ]
    assert told(layers) == [
        ("a", "directory", ""),
        ("b", "directory", ""),
        ("b/.wh.gone", "file", ""),
        ("b/z", "file", "1"),
        ("b/y", "file", "2"),
        ("a/x", "file", "4"),
        ("c", "file", "5"),
    ]


def test_a_needless_whiteout_is_left_out() -> None:
    layers = [[directory("b"), file("b/x")], [TarEntry("b/.wh.x"), TarEntry("b/.wh.y")]]
    names = [entry.name for entry in squashed(layers, ["b/x"])[1]]
    assert names == ["b", "b/.wh.y"]


def test_a_hard_link_whose_target_is_replaced_is_the_file() -> None:
    layers = [
        [
            file("a", "old"),
            TarEntry("b", "link", link="a"),
            TarEntry("c", "link", link="a"),
        ],
        [file("a", "new")],
    ]
    assert told(layers) == [
        ("b", "file", "old"),
        ("c", "link", "b"),
        ("a", "file", "new"),
    ]


def test_what_has_no_content() -> None:
    layers = [
        [
            TarEntry("a", "symlink", link="b"),
            TarEntry("b", "device", content="3 1:3"),
            TarEntry("c", "link", link="b"),
        ]
    ]
    assert told(layers) == [
        ("a", "symlink", "b"),
        ("b", "device", "3 1:3"),
        ("c", "link", "b"),
    ]


def test_a_hard_link_to_a_lower_layer() -> None:
    layers = [[file("a", "x")], [TarEntry("b", "link", link="a")]]
    assert told(layers) == [("a", "file", "x"), ("b", "link", "a")]


def test_a_hard_link_out_of_the_layers() -> None:
    below = {"a": Written("file", 0o644)}
    layers = [[TarEntry("b", "link", link="a")]]
    with pytest.raises(MalformedLayerError, match="none of the layers"):
        list(squash(layers, lambda *_: [], (), below))


def test_a_directory_deleted_and_made_again_is_opaque() -> None:
    layers = [
        [directory("a"), file("a/x", "x"), file("b", "b")],
        [TarEntry(".wh.a"), TarEntry(".wh.b")],
        [directory("a", 0o700), directory("b"), file("b/y", "y"), TarEntry("a/.wh.z")],
    ]
    assert told(layers) == [
        ("a", "directory", ""),
        ("a/.wh..wh..opq", "file", ""),
        ("b", "directory", ""),
        ("b/.wh..wh..opq", "file", ""),
        ("b/y", "file", "y"),
    ]


def test_a_directory_that_no_layer_describes() -> None:
    """What engines make of it: nothing where it is there, else a new one."""
    assert told([[file("a/x", "x")]]) == [("a/x", "file", "x")]
    assert told([[file("a", "1")], [file("a/x", "x")]]) == [
        ("a", "directory", ""),
        ("a/.wh..wh..opq", "file", ""),
        ("a/x", "file", "x"),
    ]
    layers = [[directory("a", 0o700)], [TarEntry(".wh.a")], [file("a/x", "x")]]
    _, entries = squashed(layers)
    assert [(e.name, e.mode) for e in entries[:1]] == [("a", 0o755)]


def test_attributes_stay_where_a_layer_passes_through() -> None:
    layers = [
        [directory("a", 0o2700)],
        [file("a/x", "x")],
        [TarEntry("./", "directory")],
    ]
    _, entries = squashed(layers)
    assert [(e.name, e.mode) for e in entries] == [
        (".", 0o644),
        ("a", 0o2700),
        ("a/x", 0o644),
    ]


def test_the_root_made_anew() -> None:
    layers = [[file("a", "x")], [TarEntry(".wh..wh..opq"), file("b", "y")]]
    assert told(layers)[:2] == [(".wh..wh..opq", "file", ""), ("b", "file", "y")]


def test_a_directory_that_is_only_emptied() -> None:
    """Its mode is that of the tree below."""
    layers = [[file("b", "x")], [TarEntry("a/.wh..wh..opq")]]
    assert told(layers)[0] == ("a/.wh..wh..opq", "file", "")
    layers = [[directory("a", 0o700)], [TarEntry("a/.wh..wh..opq")]]
    assert [e.mode for e in squashed(layers)[1]] == [0o700, 0]


def test_symlinks_of_the_tree_below() -> None:
    below = {"bin": Written("symlink", content="usr/bin")}
    layers = [[file("usr/bin/a", "old")], [file("bin/a", "new")]]

    def read(_: int, entry: TarEntry) -> Iterable[bytes]:
        return [entry.content.encode()]

    data = b"".join(squash(layers, read, (), below))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == ["usr/bin/a"]
    assert data[512:515] == b"new"


def test_a_reader_that_lies() -> None:
    with pytest.raises(MalformedLayerError, match="has 1 bytes instead of 3"):
        list(squash([[file("a", "abc")]], lambda *_: [b"x"]))


def test_each_layer_is_read_once_from_front_to_end() -> None:
    layers = [
        [file("z", "1"), file("y", "2"), file("x", "3")],
        [file("y", "4"), file("a", "5")],
    ]
    seen: list[tuple[int, str]] = []

    def read(layer: int, entry: TarEntry) -> Iterable[bytes]:
        seen.append((layer, entry.name))
        return [entry.content.encode()]

    list(squash(layers, read))
    assert seen == [(0, "z"), (0, "x"), (1, "y"), (1, "a")]


def test_nothing_is_an_empty_tar() -> None:
    assert b"".join(squash([], lambda *_: [])) == bytes(1024)


def test_the_digest_is_that_of_the_parts_in_order() -> None:
    a, b = Digest("a"), Digest("b")
    assert squashed_digest([a, b], []) == squashed_digest((a, b), ())
    names = {squashed_digest(p, ()) for p in ([a, b], [b, a], [a], [])}
    assert len(names | {squashed_digest([a, b], ["x"])}) == 5


FILE = Written("file", new=True)
GONE = Written("whiteout")
FOLDER = Written("directory", 0o755)


@pytest.mark.parametrize(
    ("below", "left_out"),
    [
        ([{}], ("d/x",)),
        ([{"d": FOLDER}], ("d/x",)),
        ([{"d": FOLDER, "d/x": FILE}], ()),
        ([{"d": FOLDER, "d/x": FILE}, {"d": FOLDER, "d/x": GONE}], ("d/x",)),
        ([{"d": FOLDER, "d/x": FILE}, {"d": GONE}], ("d/x",)),
        ([{"d": FOLDER, "d/x": FILE}, {"d": Written("opaque", 0o755)}], ("d/x",)),
        ([{"d": FOLDER, "d/x": FILE}, {"": Written("opaque")}], ("d/x",)),
        ([{"d": FOLDER, "d/x": FILE}, {"e": FILE}], ()),
    ],
)
def test_needless_whiteouts(below: list[WriteSet], left_out: tuple[str, ...]) -> None:
    layers = [{"d": FOLDER, "d/x": FILE}, {"d": FOLDER, "d/x": GONE}]
    assert needless(layers, below) == left_out
