import io
import tarfile

import pytest

from dynbuild.link.entries import (
    Entry,
    Laid,
    MalformedLayerError,
    entry_of,
    header_of,
    lay,
)
from dynbuild.link.model import Written

BELOW = {
    "bin": Written("symlink", content="usr/bin"),
    "usr": Written("directory", 0o755),
    "usr/bin": Written("directory", 0o755),
    "usr/lib": Written("symlink", content="/lib/./x/.."),
    "lib": Written("directory", 0o755),
    "loop": Written("symlink", content="loop"),
}

ENTRIES = [
    Entry("etc/", "directory", 0o750, 1, 2, mtime="1700000000.123456789"),
    Entry("etc/x", "file", 0o4755, 70000, 0, content="sha256:x", size=3, mtime="7"),
    Entry("etc/y", "link", 0o4755, 70000, 0, link="etc/x", mtime="7"),
    Entry("etc/z", "symlink", 0o777, link="../usr", mtime="7"),
    Entry("dev/null", "device", 0o666, content="3 1:3"),
    Entry("dev/sda", "device", 0o660, content="4 8:0"),
    Entry("run/pipe", "device", 0o600, content="6 0:0"),
    Entry(
        "ping", xattrs=(("security.capability", "\x01\0\0\udcff"), ("user.é", "ü=\n"))
    ),
    Entry("etc/caf\udce9/" + "long" * 40),
]


def test_entries_survive_a_tar() -> None:
    data = b"".join(
        header_of(entry) + (b"abc" + bytes(509) if entry.size else b"")
        for entry in ENTRIES
    )
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
        read = [entry_of(info, "sha256:x" if info.size else "") for info in tar]
    assert [entry.name for entry in read] == [e.name.rstrip("/") for e in ENTRIES]
    for was, now in zip(ENTRIES, read, strict=True):
        assert header_of(was) == header_of(now)
        assert (was.type, was.mode, was.xattrs, was.mtime, was.content) == (
            now.type,
            now.mode,
            now.xattrs,
            now.mtime,
            now.content,
        )


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./etc//x/", "etc/x"),
        ("bin/ls", "usr/bin/ls"),
        ("usr/lib/a", "lib/a"),
        ("bin", "bin"),
        ("/bin/../etc", None),
        ("loop/x", None),
    ],
)
def test_where_an_entry_lies(name: str, path: str | None) -> None:
    if path is None:
        with pytest.raises(MalformedLayerError):
            lay([Entry(name)], BELOW)
    else:
        assert Entry(name) in [
            here.entry for at, here in lay([Entry(name)], BELOW).items() if at == path
        ]


def test_symlinks_on_the_way_are_told() -> None:
    assert lay([Entry("bin/ls")], BELOW) == {
        "usr/bin/ls": Laid("file", Entry("bin/ls")),
        "usr/bin": Laid("directory"),
        "usr": Laid("directory"),
        "bin": Laid("symlink"),
    }


def test_a_symlink_of_the_layer_itself() -> None:
    link = Entry("data", "symlink", link="/srv/../usr/bin")
    laid = lay([link, Entry("data/x"), Entry("data/.wh.y")], BELOW)
    assert set(laid) == {"data", "usr", "usr/bin", "usr/bin/x", "usr/bin/y"}
    assert laid["usr/bin/y"] == Laid("whiteout")
    assert laid["data"] == Laid("symlink", link)


def test_deletions() -> None:
    directory = Entry("a/", "directory")
    laid = lay(
        [
            Entry(".wh.a"),
            directory,
            Entry("b/.wh..wh..opq"),
            Entry("c/.wh..wh..opq"),
            Entry("c/", "directory", 0o700),
            Entry("d/.wh.x"),
            Entry("d/x"),
            Entry(".wh..wh.plnk"),
            Entry(".wh..wh..opq"),
        ],
        {},
    )
    assert laid == {
        "a": Laid("opaque", directory),
        "b": Laid("opaque"),
        "c": Laid("opaque", Entry("c/", "directory", 0o700)),
        "d": Laid("directory"),
        "d/x": Laid("file", Entry("d/x")),
        "": Laid("opaque"),
    }


def test_hard_links_are_the_file() -> None:
    file = Entry("usr/bin/a", content="a")
    inside = Entry("b", "link", link="bin/a")
    outside = Entry("c", "link", link="./bin/z")
    laid = lay([file, inside, outside], BELOW)
    assert laid["b"] == Laid("file", file)
    assert laid["c"] == Laid("file", Entry("c", "link", link="usr/bin/z"))
