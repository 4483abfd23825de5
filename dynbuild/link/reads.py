"""Known reads: what steps are known to read although no declaration says so.

A package manager runs triggers for what is in the image, whichever step brought it;
ldconfig reads the directories that /etc/ld.so.conf names; useradd copies /etc/skel.
Such a step is put on an earlier one that writes there, as it comes after it in a plain
build.

What a manager would trigger on is read from the tree, not from a hand-kept list of
packages. A group reads the path of a trigger only if it configures the package that
registered it, or writes below the path itself: dpkg(1) activates a trigger for nothing
else, and a step that brings a man page must not be below all package groups.

A read is a path without a slash at its ends: whatever lies there or below. If its last
part contains a ``*``, it is the entries of one directory that match.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TypeAlias

from dynbuild.link.entries import MalformedLayerError, ancestors, resolved
from dynbuild.link.model import WriteSet, Written
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.left_out import DIRECTORY
from dynbuild.steps.model import Group, Step, User

Texts: TypeAlias = Callable[[str], str]
"""The text of a file of a tree, by its path; empty if there is no such file."""

_NOTED = (row.pinning.notes for row in MANAGERS.values() if row.pinning)
_SHOWN = "|".join([*(row.shows for row in MANAGERS.values() if row.shows), *_NOTED])
TELLING = re.compile(
    r"(?:var/lib/dpkg/triggers/File|(?:usr/)?lib/apk/db/triggers"
    rf"|etc/ld\.so\.conf(?:\.d/[^/]+)?|{DIRECTORY}/[^/]+|{_SHOWN})\Z"
)
"""The paths whose texts determine what is read, or show what is installed."""

_DPKG = "var/lib/dpkg"

_FOR_USERS = ("etc/skel", "etc/default/useradd", "etc/login.defs")
_CACHE = "etc/ld.so.cache"


def reads_of(step: Step) -> tuple[str, ...]:
    """Return what a step is known to read before it was ever built."""
    match step:
        case Group(manager=manager):
            return MANAGERS[manager].reads
        case User():
            return _FOR_USERS
        case _:
            return ()


def found_reads(
    writes: WriteSet, tree: WriteSet, before: Texts, after: Texts
) -> tuple[str, ...]:
    """Return what a step read, judged by its writes; ``tree`` is the tree after it.

    ``before`` has the texts of the tree below the step, ``after`` those of ``tree``.
    """
    found: set[str] = set()
    if f"{_DPKG}/status" in writes:
        # A package that was removed was triggered by what was written until then.
        interests = {*_dpkg(before), *_dpkg(after)}
        found |= _triggered(interests, writes, tree, _configured(writes))
    for database in ("lib/apk/db", "usr/lib/apk/db"):
        if f"{database}/installed" in writes:
            path = f"{database}/triggers"
            new = set(after(path).split("\n")) - set(before(path).split("\n"))
            interests = {*_apk(before(path)), *_apk(after(path))}
            found |= _triggered(interests, writes, tree, new)
    if _CACHE in writes:
        found |= {f"{path}/*.so*" for path in _linked_from(tree, after)}
    return tuple(sorted(found))


def is_read(read: str, path: str, written: Written) -> bool:
    """Whether a read covers what is written at a path.

    It never covers a directory: whatever a step brings into it is written as well.
    """
    if written.kind == "directory":
        return False
    root = root_of(read)
    # What replaces or hides a directory takes away what was in it.
    if f"{root}/".startswith(f"{path}/"):
        return True
    above, _, name = path.rpartition("/")
    if root == read:
        return path.startswith(f"{read}/")
    return above == root and fnmatchcase(name, read.rpartition("/")[2])


def root_of(read: str) -> str:
    """Return the path that is in every write set that writes what is read."""
    directory, _, name = read.rpartition("/")
    return directory if "*" in name else read


def _configured(writes: WriteSet) -> set[str]:
    """Return the Debian packages that were unpacked, without their architectures."""
    info = re.compile(rf"{_DPKG}/info/([^:/]+)(?::[^/]+)?\.list")
    found = ((info.fullmatch(path), written) for path, written in writes.items())
    return {match[1] for match, written in found if match and written.kind == "file"}


def _dpkg(texts: Texts) -> Iterator[tuple[str, str]]:
    """Yield paths and the packages interested: ``/usr/share/man man-db/noawait``."""
    for line in texts(f"{_DPKG}/triggers/File").split("\n"):
        path, _, package = line.rpartition(" ")
        if path.startswith("/"):
            yield path, re.split("[:/]", package, maxsplit=1)[0]


def _apk(text: str) -> Iterator[tuple[str, str]]:
    """Yield the same for apk; the line stands for the package: ``Q1… /usr/share/x``."""
    for line in text.split("\n"):
        for path in line.split(" ")[1:]:
            if path.startswith("/"):
                yield path.rstrip("/*"), line


def _triggered(
    interests: Iterable[tuple[str, str]],
    writes: WriteSet,
    tree: WriteSet,
    configured: Collection[str],
) -> set[str]:
    wanted: dict[str, bool] = {}
    for path, who in interests:
        at = _resolved(path, tree)
        wanted[at] = wanted.get(at, False) or who in configured
    written = {
        above
        for path, here in writes.items()
        if here.kind != "directory"
        for above in (path, *ancestors(path))
        if above in wanted
    }
    return {path for path, own in wanted.items() if path and (own or path in written)}


def _linked_from(tree: WriteSet, texts: Texts) -> Iterator[str]:
    """Yield the directories that ldconfig(8) reads as its configuration names them."""
    todo, seen = ["etc/ld.so.conf"], {"etc/ld.so.conf"}
    while todo:
        for line in texts(todo.pop()).split("\n"):
            words = line.partition("#")[0].split()
            if not words or words[0] == "hwcap":
                continue
            if words[0] == "include":
                more = {
                    path for pattern in words[1:] for path in _matching(pattern, tree)
                } - seen
                seen |= more
                todo += sorted(more)
            elif words[0].startswith("/"):
                yield _resolved(words[0].partition("=")[0], tree)


def _resolved(path: str, tree: WriteSet) -> str:
    try:
        return resolved(path, tree)
    except MalformedLayerError:
        return path.strip("/")  # there is nothing that could be read


def _matching(pattern: str, tree: WriteSet) -> Iterator[str]:
    """Yield the files that an include pattern matches; it may be relative to /etc."""
    whole = pattern.removeprefix("/") if pattern.startswith("/") else f"etc/{pattern}"
    directory, _, _ = whole.rpartition("/")
    for path in tree:
        if path.startswith(f"{directory}/") and fnmatchcase(path, whole):
            yield path
