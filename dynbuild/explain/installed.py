"""What an image has installed, and which step brought each package.

A database that lists all packages replaces the one below it, a file that names one
package stays until it is removed: so the files that lie in the image in the end, each
as the highest layer has it, name all packages, and no other. A package was brought by
the first step after which it was there without a break.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Literal, TypeAlias

from dynbuild.inside.model import Archive, Package, Reading, Readings
from dynbuild.link.entries import ancestors
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.writes import stacked
from dynbuild.values import dataclass

BASE = ""
"""The name of the base among the steps."""

_COPYRIGHT = ("usr/share/doc/", "/copyright")

Key: TypeAlias = tuple[str, str, str, str]
"""Kind, name, architecture, version: what makes a package another one."""


FileSign: TypeAlias = Literal["+", "-", "~"]
"""Whether a path is new, gone, or another one."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a step, or the base, added to an image; ``readings`` None if unknown."""

    step: str
    writes: WriteSet
    readings: Readings | None


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package that an image has: the step that brought it, and what names it."""

    package: Package
    step: str
    path: str


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package before and after: one of them is empty if it came or went.

    A package may be there in several versions.
    """

    kind: str
    name: str
    architecture: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that says what is installed, and could not be read."""

    step: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The packages of an image by kind and name, as far as its layers are known.

    ``changes`` has what each step changed, for those that changed any package.
    ``unknown`` are the steps of which nobody knows what they installed, ``archives``
    where managers are told to take more from; ``variables`` those of dnf's addresses.
    """

    packages: tuple[InstalledPackage, ...] = ()
    distribution: tuple[str, str] | None = None
    changes: Mapping[str, tuple[PackageChange, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    archives: tuple[Archive, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def contents(parts: Iterable[Part]) -> Contents:
    """Return what parts, lowest first, have installed together."""
    here: dict[str, tuple[Reading, str]] = {}
    brought: dict[Key, str] = {}
    changes: dict[str, tuple[PackageChange, ...]] = {}
    unknown: list[str] = []
    for part in parts:
        if part.readings is None:
            unknown.append(part.step)
        gone = _hidden(part.writes, here)
        touched = gone | {*(part.readings or ())}
        if not touched:
            continue
        before = [here[path][0] for path in touched if path in here]
        for path in gone:
            del here[path]
        for path, reading in (part.readings or {}).items():
            here[path] = (reading, part.step)
        after = [here[path][0] for path in touched if path in here]
        was, now = _keys(before), _keys(after)
        if was == now:
            continue
        there = _keys(reading for reading, _ in here.values())
        new = {key for key in now - was if key not in brought}
        left = {key for key in was - now if key not in there}
        for key in left:
            del brought[key]
        brought |= dict.fromkeys(new, part.step)
        if found := _changes(left, new):
            changes[part.step] = found
    named = [
        InstalledPackage(_licensed(one, here), brought[key_of(one)], path)
        for path, (reading, _) in here.items()
        for one in reading.packages
    ]
    return Contents(
        tuple(sorted(named, key=lambda one: (one.package, one.path))),
        _distribution(here),
        changes,
        tuple(unknown),
        tuple(
            Problem(step, path, reading.problem)
            for path, (reading, step) in sorted(here.items())
            if reading.problem
        ),
        tuple(sorted({a for reading, _ in here.values() for a in reading.archives})),
        _variables(here),
    )


def key_of(package: Package) -> Key:
    return (package.kind, package.name, package.architecture, package.version)


def compared(before: Contents, after: Contents) -> tuple[PackageChange, ...]:
    """Return how the packages of two images differ."""
    was = {key_of(one.package) for one in before.packages}
    now = {key_of(one.package) for one in after.packages}
    return _changes(was, now)


@dataclass(frozen=True, slots=True)
class ContentsDiff:
    """How the contents of two images differ; files None where nobody asked for them."""

    packages: tuple[PackageChange, ...]
    files: tuple[tuple[FileSign, str], ...] | None = None


def compared_files(
    before: Iterable[WriteSet], after: Iterable[WriteSet]
) -> tuple[tuple[FileSign, str], ...]:
    """Return the paths at which two images differ, by path; layers come lowest first.

    Times play no part.
    """
    was, now = _tree(before), _tree(after)
    found: list[tuple[FileSign, str]] = []
    for path in sorted(was.keys() | now.keys()):
        if path not in was:
            found.append(("+", path))
        elif path not in now:
            found.append(("-", path))
        elif was[path] != now[path]:
            found.append(("~", path))
    return tuple(found)


def _tree(layers: Iterable[WriteSet]) -> dict[str, Written]:
    return {
        path: replace(
            one, new=False, kind="directory" if one.kind == "opaque" else one.kind
        )
        for path, one in stacked(layers).items()
        if path and one.kind != "whiteout"
    }


def _changes(was: Iterable[Key], now: Iterable[Key]) -> tuple[PackageChange, ...]:
    found: dict[tuple[str, str, str], tuple[set[str], set[str]]] = {}
    for at, keys in enumerate((was, now)):
        for *name, version in keys:
            kind, plain, architecture = name
            sides = found.setdefault((kind, plain, architecture), (set(), set()))
            sides[at].add(version)
    return tuple(
        PackageChange(*name, tuple(sorted(old)), tuple(sorted(new)))
        for name, (old, new) in sorted(found.items())
        if old != new
    )


def _keys(readings: Iterable[Reading]) -> set[Key]:
    return {key_of(one) for reading in readings for one in reading.packages}


def _hidden(writes: WriteSet, paths: Iterable[str]) -> set[str]:
    """Return the paths of which writes remove what lay there.

    A file in place of another that says nothing, as a hard link to it, leaves it.
    """
    over = {path: one.kind for path, one in writes.items() if one.kind != "directory"}
    return {
        path
        for path in paths
        if (
            over[path] != "file"
            if path in over
            else any(above in over for above in (*ancestors(path), ""))
        )
    }


def _licensed(one: Package, here: Mapping[str, tuple[Reading, str]]) -> Package:
    """Return a package of Debian with the licence that its copyright file names."""
    if one.kind != "deb" or one.licence:
        return one
    found = here.get(one.name.join(_COPYRIGHT))
    return one if found is None else replace(one, licence=found[0].licence)


def _variables(here: Mapping[str, tuple[Reading, str]]) -> dict[str, str]:
    """Return dnf's variables: by the names of their files, before what it finds."""
    found: dict[str, str] = {}
    for path in sorted(here, reverse=True):
        directory, _, name = path.rpartition("/")
        named = name if directory.endswith("/vars") else "releasever"
        if value := here[path][0].variable:
            found[named] = value
    return found


def _distribution(
    here: Mapping[str, tuple[Reading, str]],
) -> tuple[str, str] | None:
    """Return what os-release(5) names; that of /etc comes first."""
    named = (here[path][0].distribution for path in sorted(here))
    return next((one for one in named if one is not None), None)
