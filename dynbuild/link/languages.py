"""Files for one version of a language: which programs have to be there for them.

Nothing in a module of Python or Perl says who loads it: where it lies does.
"""

import re
from collections.abc import Iterable, Iterator

from dynbuild.link.entries import resolved
from dynbuild.link.model import WriteSet
from dynbuild.link.programs import Program, is_program

_VERSIONED = (
    (r"(?:.*/)?python(\d+\.\d+)/", "python{}"),
    (r".*\.cpython-(\d)(\d+)-[^/]*\Z", "python{}"),
    (r"(?:.*/)?perl5?/(\d+\.\d+)[./]", "perl{}(?:\\.\\d+)?"),
    (r"(?:.*/)?(?:ruby|gems|site_ruby|vendor_ruby)/(\d+\.\d+)\.\d+/", "ruby{}"),
    (r"(?:.*/)?lua/(\d+\.\d+)/", "lua{}"),
)
"""Paths of a version, and the names of the programs that have it."""

_OF_A_VERSION = tuple((re.compile(path, re.DOTALL), name) for path, name in _VERSIONED)
_OF_PYTHON = re.compile(
    r".*\.pyc\Z|.*\.(?:dist|egg)-info(?:/|\Z)|(?:.*/)?pyvenv\.cfg\Z", re.DOTALL
)
"""What was made for the Pythons that were there, wherever it lies."""
_INSTALLED = (
    re.compile(r".*\.(?:dist|egg)-info(?:/|\Z)", re.DOTALL),
    re.compile(r"(?:.*/)?specifications/.*\.gemspec\Z", re.DOTALL),
)
"""What tells installers of a language what is there."""
_PYTHONS = r"python[\d.]*"
_LANGUAGE = re.compile(r"[a-z]+")


def other_language(
    paths: Iterable[str],
    programs: Iterable[Program],
    before: WriteSet,
    after: WriteSet,
) -> str | None:
    """Return what files are for, had in one tree, and have not in another.

    What is loaded by a program needs one that is known. Raises MalformedLayerError
    where links of a tree have no end.
    """
    wanted: dict[str, str] = {}
    for path in paths:
        for name in _names(path):
            wanted.setdefault(name, path)
        if _OF_PYTHON.match(path):
            wanted.setdefault(_PYTHONS, path)
    for name, path in wanted.items():
        was, now = _named(name, before), _named(name, after)
        if not was:
            # None says by its name that it is of the version: it may be any.
            language = f"{_LANGUAGE.match(name)[0]}[\\d.]*"  # type: ignore[index]
            was, now = (_contents(language, tree) for tree in (before, after))
        if was and was != now:
            at, _ = min({*was.items()} ^ {*now.items()})
            return f"its file /{path} is for /{at}"
    for one in programs:
        if one.hosted and not any(_named(name, before) for name in _names(one.path)):
            return f"its file /{one.path} is for a program that is not known"
    return None


def other_modules(paths: Iterable[str], changed: Iterable[str]) -> str | None:
    """Return what an installer may have found, and left out of what it installed.

    ``changed`` are the paths of what was there and is gone or another.
    """
    mine, theirs = (*paths,), (*changed,)
    for told in _INSTALLED:
        path = next(filter(told.match, mine), None)
        other = next(filter(told.match, theirs), None)
        if path is not None and other is not None:
            return f"its file /{path} was installed beside /{other}"
    return None


def _names(path: str) -> Iterator[str]:
    """Yield patterns of the programs that have the version that a path is of."""
    for pattern, name in _OF_A_VERSION:
        if found := pattern.match(path):
            yield name.format(re.escape(".".join(found.groups())))


def _named(name: str, tree: WriteSet) -> dict[str, str]:
    """Return the programs of a tree whose names match, and where each leads."""
    pattern = re.compile(name)
    found = {}
    for path, written in tree.items():
        if written.kind not in {"file", "symlink"} or not is_program(path):
            continue
        if pattern.fullmatch(path.rpartition("/")[2]):
            end = resolved(path, tree)
            if (there := tree.get(end)) is not None and there.kind == "file":
                found[path] = end
    return found


def _contents(name: str, tree: WriteSet) -> dict[str, str]:
    """Return the programs of a tree whose names match, and what is in each."""
    return {path: tree[end].content for path, end in _named(name, tree).items()}
