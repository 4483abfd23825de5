import pytest

from dynbuild.link.entries import MalformedLayerError, TarEntry
from dynbuild.link.model import Written
from dynbuild.link.writes import stacked, write_set

BELOW = {
    "bin": Written("symlink", uid=3, content="usr/bin"),
    "usr": Written("directory", 0o755),
    "usr/bin": Written("directory", 0o711, uid=5),
    "usr/bin/ls": Written("file", 0o755, content="ls"),
    "gone": Written("whiteout"),
    "opt": Written("opaque", 0o750),
}


def test_what_a_layer_writes() -> None:
    writes = write_set(
        [
            TarEntry("usr/", "directory", 0o755),
            TarEntry("usr/bin/ls", content="new"),
            TarEntry("usr/bin/dir", "link", link="bin/ls"),
            TarEntry("gone", "symlink", 0o777, link="usr"),
            TarEntry("dev/null", "device", 0o666, content="3 1:3"),
            TarEntry(".wh.srv", mode=0),
            TarEntry("opt/x", xattrs=(("user.a", "b"),)),
        ],
        BELOW,
    )
    file = Written("file", 0o644, content="new")
    assert writes == {
        "usr": Written("directory", 0o755),
        "usr/bin": Written("directory", 0o711, uid=5),
        "usr/bin/ls": file,
        "usr/bin/dir": file.__class__("file", 0o644, content="new", new=True),
        "bin": Written("symlink", uid=3, content="usr/bin", new=True),
        "gone": Written("symlink", content="usr", new=True),
        "dev": Written("directory", 0o755),
        "dev/null": Written("device", 0o666, content="3 1:3", new=True),
        "srv": Written("whiteout"),
        "opt": Written("directory", 0o750),
        "opt/x": Written("file", 0o644, xattrs=(("user.a", "b"),), new=True),
    }


def test_a_hard_link_to_a_lower_layer() -> None:
    writes = write_set([TarEntry("dir", "link", link="bin/ls")], BELOW)
    assert writes["dir"] == Written("file", 0o755, content="ls", new=True)


@pytest.mark.parametrize("target", ["nothing", "gone", "usr"])
def test_a_hard_link_to_no_file(target: str) -> None:
    with pytest.raises(MalformedLayerError, match="which is no file"):
        write_set([TarEntry("dir", "link", link=target)], BELOW)


def test_stacking() -> None:
    directory = Written("directory", 0o755)
    file = Written("file", 0o644, content="x", new=True)
    old = Written("file", 0o644, content="y")
    lower = {"a": directory, "a/x": file, "b": file, "c": file, "d": directory}
    upper = {
        "a": Written("whiteout"),
        "b": directory,
        "b/x": file,
        "c": old,
        "d": Written("opaque", 0o700),
        "e": Written("whiteout"),
    }
    top = {"e": file, "d": directory}
    assert stacked([]) == {}
    assert stacked([lower, upper, top]) == {
        "a": Written("whiteout"),
        "b": Written("opaque", 0o755),
        "b/x": file,
        "c": old,
        "d": Written("opaque", 0o755),
        "e": Written("file", 0o644, content="x"),
    }
