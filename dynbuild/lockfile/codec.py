"""The lock as text, and back: ``writing`` has the layout, ``reading`` what may stand.

Reading is bounded: a lock may come from anyone.
"""

import tomllib
from functools import lru_cache
from itertools import chain

from dynbuild.declaration.syntax.toml import bound
from dynbuild.errors import DeclarationError, Diagnostic, LockError
from dynbuild.lockfile import reading, versions, writing
from dynbuild.lockfile.images import AnyLock
from dynbuild.lockfile.model import Lock
from dynbuild.spans import Source, Span
from dynbuild.steps.fields import NEWEST_VERSION
from dynbuild.toml_words import explained

VERSION = max(
    NEWEST_VERSION,
    writing.RESOLVED_SINCE,
    writing.SNAPSHOTS_SINCE,
    writing.UNDECLARED_SINCE,
    versions.NEWEST,
)
"""The newest known version. A lock has the lowest version that can express it."""

_DEEPEST = 50
_MOST_VALUES = 3_000_000
_MOST_CHANGES = 10_000
_MOST_DECLARED = 20_000_000
"""Limits for one package manager: its changes, and its changes times its packages."""

TomlValue = object


def dumps(recipe: AnyLock) -> str:
    """Return the canonical text of a lock; ``read`` is the inverse."""
    return writing.text_of(recipe)


def _restored(name: str) -> str:
    revision, _, path = name.rpartition(":")
    command = f"git log -- {path}" if revision else f"git checkout -- {path}"
    return f"it is written by `dynbuild lock` alone: restore it, as with `{command}`"


def loads(text: str, name: str = "dynbuild.lock") -> Lock:
    """Parse the lock of one image. Raises LockError, as ``read``, and for several."""
    return only(read(text, name), name)


def only(recipe: AnyLock, name: str = "dynbuild.lock") -> Lock:
    """Return the lock of the only image. Raises LockError if there are several."""
    if isinstance(recipe, Lock):
        return recipe
    names = ", ".join(recipe.parents_first)
    message = f"{name} holds several images, and this is about one of them"
    raise LockError(Diagnostic("DB0430", message, hint=f"name one: {names}"))


def read(text: str, name: str = "dynbuild.lock") -> AnyLock:
    """Parse a lock, of one image or of several; what was just read is not read again.

    Raises LockError for conflict markers, a newer version, and anything that
    ``dumps`` would not have written.
    """
    try:
        return _just_read(text)
    except LockError:
        # The same mistakes, told of the name that was asked for.
        return _parsed(text, name)


@lru_cache(maxsize=4)
def _just_read(text: str) -> AnyLock:
    return _parsed(text, "dynbuild.lock")


def _parsed(text: str, name: str) -> AnyLock:
    source = Source(name, text)
    _refuse_markers(source)
    try:
        bound(source, _MOST_VALUES)
        document = _bounded(tomllib.loads(text))
    except DeclarationError as error:
        raise _no_toml(name, error.diagnostics[0].message) from None
    except RecursionError:
        raise _no_toml(name, "it is nested too deep") from None
    except ValueError as error:
        # Not only TOMLDecodeError: also numbers of thousands of digits.
        raise _no_toml(name, explained(str(error)).message) from None
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise LockError(
            Diagnostic(
                "DB0406",
                f"{name} has version {version}; this dynbuild knows version {VERSION}",
                hint="upgrade dynbuild; the lock was left as it is",
            )
        )
    if "images" not in document or "base" in document:
        lock = reading.lock_of(document)
        _refuse_endless(lock, name)
        return lock
    several = reading.images_of(document)
    for image in several.parents_first:
        _refuse_endless(several.whole(image), name)
    return several


def _no_toml(name: str, why: str) -> LockError:
    message = f"{name} is not valid TOML: {why}"
    return LockError(Diagnostic("DB0405", message, hint=_restored(name)))


def _refuse_endless(lock: Lock, name: str) -> None:
    """Refuse more changes of packages than can be put in order quickly.

    Each change is a step that knows all packages declared at it.
    """
    own = (entry.packages.items() for entry in lock.stages.values())
    for manager, log in chain(lock.packages.items(), *own):
        changes = len({event.seq for events in log.values() for event in events})
        if changes > _MOST_CHANGES or changes * len(log) > _MOST_DECLARED:
            told = f"{changes:,} changes of {len(log):,} {manager} packages"
            hint = "restore it from git; or remove it: `dynbuild lock` begins a new one"
            message = f"{name} has {told}, too many to put in order"
            raise LockError(Diagnostic("DB0344", message, hint=hint))


def _bounded(document: dict[str, TomlValue]) -> dict[str, TomlValue]:
    """Refuse nesting that would exhaust the stack of recursive code."""
    level: list[dict[str, TomlValue] | list[TomlValue]] = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return document
    raise RecursionError


def _refuse_markers(source: Source) -> None:
    match = writing.MARKER.search(source.text)
    if match is None:
        return
    span = Span(source, match.start(), match.end())
    raise LockError(
        Diagnostic(
            "DB0401",
            "merge conflict markers in the lock",
            span,
            hint="resolve the declaration first; then `dynbuild lock --base BRANCH`, "
            "with the branch that\nyours goes into (often main), writes the lock anew "
            "behind that branch's",
        )
    )
