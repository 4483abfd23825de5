import io
import tarfile

import pytest

from dynbuild.link.entries import (
    Laid,
    MalformedLayerError,
    TarEntry,
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
    TarEntry("etc/", "directory", 0o750, 1, 2, mtime="1700000000.123456789"),
    TarEntry("etc/x", "file", 0o4755, 70000, 0, content="sha256:x", size=3, mtime="7"),
    TarEntry("etc/y", "link", 0o4755, 70000, 0, link="etc/x", mtime="7"),
    TarEntry("etc/z", "symlink", 0o777, link="../usr", mtime="7"),
    TarEntry("dev/null", "device", 0o666, content="3 1:3"),
    TarEntry("dev/sda", "device", 0o660, content="4 8:0"),
    TarEntry("run/pipe", "device", 0o600, content="6 0:0"),
    TarEntry(
        "ping", xattrs=(("security.capability", "\x01\0\0\udcff"), ("user.é", "ü=\n"))
    ),
    TarEntry("etc/caf\udce9/" + "long" * 40),
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
            lay([TarEntry(name)], BELOW)
    else:
        assert TarEntry(name) in [
            here.entry
            for at, here in lay([TarEntry(name)], BELOW).items()
            if at == path
        ]


def test_symlinks_on_the_way_are_told() -> None:
    assert lay([TarEntry("bin/ls")], BELOW) == {
        "usr/bin/ls": Laid("file", TarEntry("bin/ls")),
        "usr/bin": Laid("directory"),
        "usr": Laid("directory"),
        "bin": Laid("symlink"),
    }


def test_a_symlink_of_the_layer_itself() -> None:
    link = TarEntry("data", "symlink", link="/srv/../usr/bin")
    laid = lay([link, TarEntry("data/x"), TarEntry("data/.wh.y")], BELOW)
    assert set(laid) == {"data", "usr", "usr/bin", "usr/bin/x", "usr/bin/y"}
    assert laid["usr/bin/y"] == Laid("whiteout")
    assert laid["data"] == Laid("symlink", link)


def test_deletions() -> None:
    directory = TarEntry("a/", "directory")
    laid = lay(
        [
            TarEntry(".wh.a"),
            directory,
            TarEntry("b/.wh..wh..opq"),
            TarEntry("c/.wh..wh..opq"),
            TarEntry("c/", "directory", 0o700),
            TarEntry("d/.wh.x"),
            TarEntry("d/x"),
            TarEntry(".wh..wh.plnk"),
            TarEntry(".wh..wh..opq"),
        ],
        {},
    )
    assert laid == {
        "a": Laid("opaque", directory),
        "b": Laid("opaque"),
        "c": Laid("opaque", TarEntry("c/", "directory", 0o700)),
        "d": Laid("directory"),
        "d/x": Laid("file", TarEntry("d/x")),
        "": Laid("opaque"),
    }


def test_hard_links_are_the_file() -> None:
    file = TarEntry("usr/bin/a", content="a")
    inside = TarEntry("b", "link", link="bin/a")
    outside = TarEntry("c", "link", link="./bin/z")
    laid = lay([file, inside, outside], BELOW)
    assert laid["b"] == Laid("file", file)
    assert laid["c"] == Laid("file", TarEntry("c", "link", link="usr/bin/z"))
