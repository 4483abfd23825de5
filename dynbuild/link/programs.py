"""What programs need of an image: who interprets them, and which libraries they load.

Facts that were read of files, and whether two trees answer them alike.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
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
    symbols that it has to have; ``defines`` are the versions that it has itself, or
    its symbols, where it has none and was looked for by its name.
    ``hosted``: it takes symbols that nothing beside it has and no version names. So it
    is loaded by a program, or the like, and which one is not in it.
    """

    path: str
    content: Digest
    interpreter: str = ""
    named: str = ""
    libraries: tuple[tuple[str, tuple[str, ...]], ...] = ()
    defines: tuple[str, ...] = ()
    hosted: bool = False


Defined: TypeAlias = Mapping[str, Collection[str]]
"""What libraries define, by the digests of their contents: see ``Program``."""

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
    """Return the names of the libraries that programs need, without directories."""
    return frozenset(
        posixpath.basename(name) for one in programs for name, _ in one.libraries
    )


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


@dataclass(frozen=True, slots=True)
class _Answers:
    """A tree, and what programs find in it by names: paths, and where each leads."""

    tree: WriteSet
    ends: Mapping[str, str]
    by_name: Mapping[str, tuple[str, ...]]

    def end(self, path: str) -> str | None:
        """Return the file that a path leads to, if it leads to one."""
        end = self.ends.get(path) or resolved(path, self.tree)
        return end if _is_file(self.tree.get(end)) else None

    def content(self, path: str) -> Digest:
        """Return the digest of the file that a path leads to; empty for no file."""
        end = self.end(path)
        return Digest("" if end is None else self.tree[end].content)

    def libraries(self, name: str) -> tuple[str, ...]:
        """Return the paths at which the linker may find what it looks for."""
        if "/" not in name:
            return self.by_name.get(name, ())
        path = _plain(name)
        return () if self.end(path) is None else (path,)

    def programs(self, name: str) -> tuple[str, ...]:
        """Return the paths at which ``env`` may find a program."""
        return tuple(one for one in self.by_name.get(name, ()) if is_program(one))


def lost(
    programs: Iterable[Program], before: WriteSet, after: WriteSet, defined: Defined
) -> str | None:
    """Return what a program needs, had in one tree, and has not in another.

    What else has the name of it there has to serve as well: it may be found first.
    Raises MalformedLayerError where links of a tree have no end.
    """
    every = tuple(programs)
    names = names_of(every) | {one.named for one in every}
    was, now = (_answers(names, tree) for tree in (before, after))
    for one in every:
        if (path := _other_interpreter(one, was, now)) is not None:
            return f"its file /{one.path} is run by /{path}"
        for name, versions in one.libraries:
            if not _serves(name, versions, was, now, defined):
                return f"its file /{one.path} loads {name}"
    return None


def is_program(path: str) -> bool:
    """Whether a path is one where programs are looked for."""
    return path.rpartition("/")[0].rpartition("/")[2] in _PROGRAMS


def _answers(names: Collection[str], tree: WriteSet) -> _Answers:
    ends = leading(names, tree)
    by_name: dict[str, tuple[str, ...]] = {}
    for path in ends:
        name = path.rpartition("/")[2]
        by_name[name] = (*by_name.get(name, ()), path)
    return _Answers(tree, ends, by_name)


def _other_interpreter(one: Program, was: _Answers, now: _Answers) -> str | None:
    """Return a path at which a program's interpreter is gone or another.

    It has to end at a file of the same name, so that it is no other Python.
    """
    for path in (_plain(name) for name in (one.interpreter, one.named) if "/" in name):
        if (end := was.end(path)) is not None and end != now.end(path):
            return path
    if "/" not in one.named and (mine := was.programs(one.named)):
        for path in (*mine, *now.programs(one.named)):
            if was.end(path) != now.end(path):
                return path
    return None


def _serves(
    name: str, versions: Collection[str], was: _Answers, now: _Answers, defined: Defined
) -> bool:
    """Whether a library is there in another tree, with all that is taken of it.

    Where no versions say what that is, it is all that the library had.
    """
    mine = {path: was.content(path) for path in was.libraries(name)}
    for path in dict.fromkeys((*mine, *now.libraries(name))) if mine else ():
        content = now.content(path)
        if content == mine.get(path):
            continue
        before = [mine[path]] if path in mine else [*mine.values()]
        asked = [versions] if versions else [defined.get(one) for one in before]
        has = defined.get(content)
        if has is None or not all(
            one is not None and {*one} <= {*has} for one in asked
        ):
            return False
    return True


def _plain(path: str) -> str:
    return posixpath.normpath(path).strip("/")


def _is_file(written: Written | None) -> bool:
    return written is not None and written.kind == "file"
