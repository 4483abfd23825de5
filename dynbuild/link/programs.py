"""What programs need of an image: who interprets them, and which libraries they load.

Facts that were read of files, and whether two trees answer them alike.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from dynbuild.digest import Digest
from dynbuild.link.entries import resolved
from dynbuild.link.model import WriteSet, Written
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A file that is run or loaded; ``content`` is the digest of its bytes.

    ``interpreter`` is what the kernel runs for it; ``named`` what ``env`` looks for.
    ``libraries`` are those that the linker loads for it, each with the versions of
    symbols that it has to have; ``defines`` are the versions that it has itself.
    """

    path: str
    content: Digest
    interpreter: str = ""
    named: str = ""
    libraries: tuple[tuple[str, tuple[str, ...]], ...] = ()
    defines: tuple[str, ...] = ()


Defined: TypeAlias = Mapping[str, Collection[str]]
"""The versions of symbols that libraries have, by the digests of their contents."""

LINKER = re.compile(r"etc/ld\.so\.conf(?:\.d/.+)?\Z|etc/ld-musl-[^/]+\.path\Z")
"""The files that say where the linker looks."""

_PROGRAMS = frozenset({"bin", "sbin"})


def script(line: bytes) -> tuple[str, str]:
    """Return who interprets a script of this first line, and what ``env`` looks for."""
    words = line.removeprefix(b"#!").decode("utf-8", "surrogateescape").split()
    if not words:
        return "", ""
    named = ""
    if posixpath.basename(words[0]) == "env":
        plain = (one for one in words[1:] if one[0] != "-" and "=" not in one)
        named = next(plain, "")
    return words[0], named


def names_of(programs: Iterable[Program]) -> frozenset[str]:
    """Return the names of the libraries that programs need."""
    return frozenset(name for one in programs for name, _ in one.libraries)


def leading(names: Collection[str], tree: WriteSet) -> dict[str, str]:
    """Return the paths of a tree that have one of some names, and where they lead.

    Only those that end at a file. Raises MalformedLayerError.
    """
    found: dict[str, str] = {}
    for path, written in tree.items():
        if path.rpartition("/")[2] in names and written.kind in {"file", "symlink"}:
            end = resolved(path, tree)
            if _is_file(tree.get(end)):
                found[path] = end
    return found


def lost(
    programs: Iterable[Program], before: WriteSet, after: WriteSet, defined: Defined
) -> str | None:
    """Return what a program needs, had in one tree, and has not in another.

    Raises MalformedLayerError where links of a tree have no end.
    """
    every = tuple(programs)
    named = {one.named for one in every if one.named}
    names = names_of(every) | {posixpath.basename(name) for name in named}
    ends = leading(names, before)
    by_name: dict[str, list[str]] = {}
    for path in ends:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    for one in every:
        for path in _interpreters(one, by_name):
            end = resolved(path, before)
            if _is_file(before.get(end)) and not _same_end(path, end, after):
                return f"its file /{one.path} is run by /{path}"
        for name, versions in one.libraries:
            for path in by_name.get(name, ()):
                if not _serves(path, ends[path], versions, before, after, defined):
                    return f"its file /{one.path} loads {name}"
    return None


def _interpreters(
    one: Program, by_name: Mapping[str, Collection[str]]
) -> Iterator[str]:
    if one.interpreter:
        yield posixpath.normpath(one.interpreter).strip("/")
    if "/" in one.named:
        yield posixpath.normpath(one.named).strip("/")
    else:
        for path in by_name.get(one.named, ()):
            if path.split("/")[-2:-1] and path.split("/")[-2] in _PROGRAMS:
                yield path


def _same_end(path: str, end: str, after: WriteSet) -> bool:
    """Whether a path leads to a file of the same name, and to no other Python."""
    now = resolved(path, after)
    return now == end and _is_file(after.get(now))


def _serves(  # noqa: PLR0913, PLR0917 - a path in two trees
    path: str,
    end: str,
    versions: Collection[str],
    before: WriteSet,
    after: WriteSet,
    defined: Defined,
) -> bool:
    """Whether a library is there in another tree, with the versions of symbols."""
    now = after.get(resolved(path, after))
    if now is None or not _is_file(now):
        return False
    if now.content == before[end].content or not versions:
        return True
    return {*versions} <= {*defined.get(now.content, ())}


def _is_file(written: Written | None) -> bool:
    return written is not None and written.kind == "file"
