"""When a layer that was made on one stack is what it would be on another."""

from __future__ import annotations

import pytest

from dynbuild.digest import sha256
from dynbuild.link.inherited import copied_alike, differences, left_alike
from dynbuild.link.model import Layer, Record, WriteSet, Written

DIRECTORY = Written("directory", 0o755)
NEW = Written("file", 0o644, content="new", new=True)
FILE = Written("file", 0o644, content="file")
OTHER = Written("file", 0o644, content="other")
GONE = Written("whiteout")
BASE: WriteSet = {
    "etc": DIRECTORY,
    "etc/passwd": FILE,
    "opt": DIRECTORY,
    "usr": DIRECTORY,
    "usr/lib": Written("symlink", content="/opt"),
}
STATUS = "var/lib/dpkg/status"


def of(writes: WriteSet, *reads: str) -> Record:
    number = sha256(repr(sorted(writes.items())).encode())
    layer = Layer(number, number, 1)
    return Record("place", "step", "linux/amd64", (layer,), writes, reads=reads)


CURL = of({"usr/bin": DIRECTORY, "usr/bin/curl": NEW, STATUS: FILE})


def serves(
    record: Record, own: WriteSet, base: WriteSet = BASE, lower: WriteSet | None = None
) -> bool:
    """Whether a step on curl has left what it would where there is more."""
    there = [of(lower), CURL] if lower else [CURL]
    return left_alike(record, differences(base, there, [*there, of(own)]))


STAGE = of({"opt": DIRECTORY, "opt/app": NEW})


@pytest.mark.parametrize(
    "own",
    [
        {"usr/bin/own": NEW},
        {"usr/bin/own": NEW, STATUS: OTHER},
        {"etc/ld.so.cache": OTHER},
        {"opt": DIRECTORY, "opt/own": NEW},
        {"etc": DIRECTORY, "etc/own": NEW},
        # What is rewritten as it was.
        {"etc/passwd": FILE},
        {"usr/bin/curl": Written("file", 0o644, content="new")},
    ],
)
def test_what_is_there_besides_does_not_matter(own: WriteSet) -> None:
    assert serves(STAGE, own)


@pytest.mark.parametrize(
    "own",
    [
        {"usr/bin/curl": OTHER},
        {"usr/bin/curl": GONE},
        {"usr/bin": GONE},
        # Who has which number depends on who came before.
        {"etc/passwd": OTHER},
        {"etc/passwd": GONE},
        {"etc": Written("directory", 0o700)},
        {"opt": Written("opaque", 0o755)},
        {"opt": DIRECTORY, "opt/app": NEW},
        {"opt": DIRECTORY, "opt/app": OTHER},
        {"opt/app": DIRECTORY},
    ],
)
def test_what_it_may_have_looked_at_or_writes_does(own: WriteSet) -> None:
    assert not serves(STAGE, own)


def test_a_database_that_it_writes() -> None:
    """It installed something itself."""
    installs = of({"usr/bin/jq": NEW, STATUS: OTHER})
    own = Written("file", 0o644, content="own")
    assert not serves(installs, {STATUS: own, "usr/bin/own": NEW})
    assert serves(installs, {"usr/bin/own": NEW})


def test_a_library_needs_no_cache_of_its_own() -> None:
    library = of({"usr/local/lib/libx.so.1": NEW})
    cached = of({"usr/local/lib/libx.so.1": NEW, "etc/ld.so.cache": OTHER})
    assert serves(library, {"etc/ld.so.cache": FILE})
    assert not serves(cached, {"etc/ld.so.cache": FILE})
    assert not serves(cached, {"usr/local/lib/liby.so.1": NEW})


def test_what_lies_in_a_directory_that_is_gone() -> None:
    """It may have been moved: then what an image has there would have moved with it."""
    moves = of({"opt/x": GONE, "opt/y": DIRECTORY, "opt/y/file": NEW})
    lower = {"opt/x": DIRECTORY, "opt/x/file": NEW}
    assert not serves(moves, {"opt/x": DIRECTORY, "opt/x/own": NEW}, lower=lower)
    assert serves(moves, {"opt": DIRECTORY, "opt/own": NEW}, lower=lower)


def test_what_it_is_known_to_read() -> None:
    reads = of({"opt/index": NEW}, "usr/share/icons")
    assert not serves(reads, {"usr/share/icons/own": NEW})
    assert serves(reads, {"usr/share/own": NEW})


def test_where_the_stacks_differ_from_their_first_step() -> None:
    there, here = [of({"a": NEW}), CURL], [of({"b": NEW}), of({"a": NEW}), CURL]
    assert left_alike(STAGE, differences(BASE, there, here))
    # `a` was there before it was written here, and differs.
    assert not left_alike(STAGE, differences({"a": OTHER}, [CURL], [of({"a": NEW})]))


@pytest.mark.parametrize(
    ("path", "own", "same"),
    [
        ("/opt", {"etc/own": NEW}, True),
        ("/opt", {"opt/own": NEW}, False),
        ("/opt/", {"opt/own": NEW}, False),
        ("/opt/app", {"opt/own": NEW}, True),
        ("/opt/x/../app", {"opt/app": NEW}, False),
        ("/opt/*.txt", {"opt/own": NEW}, False),
        ("/opt/app/*.txt", {"opt/own": NEW}, True),
        ("/opt/app", {"opt": Written("directory", 0o700)}, False),
        ("/var", {STATUS: OTHER}, False),
        ("/", {"etc/own": NEW}, False),
        # A link may lead anywhere.
        ("/usr/lib/app", {"etc/own": NEW}, False),
        ("/usr/lib", {"etc/own": NEW}, False),
    ],
)
def test_a_copy_has_the_same(path: str, own: WriteSet, *, same: bool) -> None:
    assert copied_alike(path, BASE, [CURL], [CURL, of(own)]) == same


def test_a_copy_through_a_link_that_a_step_brought() -> None:
    linked = of({"srv": Written("symlink", content="/opt", new=True)})
    assert not copied_alike("/srv/app", BASE, [linked], [linked, of({"x": NEW})])
