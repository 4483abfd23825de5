"""Patterns of .dockerignore and ``exclude``, with Docker's semantics.

As in moby/patternmatcher: Go's filepath.Match plus ``**``, relative to a root; a match
of a directory covers its contents, the last pattern that matches decides, and ``!``
negates.
"""

import posixpath
from collections.abc import Iterable

from dynbuild.ports import NotThereError
from dynbuild.project.glob import Glob, glob_of
from dynbuild.values import dataclass


class PatternError(NotThereError):
    """A pattern that Docker would reject, too."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    glob: Glob
    includes: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """The set of paths that patterns leave out."""

    patterns: tuple[_Pattern, ...] = ()

    def __contains__(self, path: str) -> bool:
        """Whether a path (relative, with forward slashes) is left out."""
        ignored = False
        for pattern in self.patterns:
            if ignored == pattern.includes and _covers(pattern.glob, path):
                ignored = not pattern.includes
        return ignored

    @property
    def may_take_back(self) -> bool:
        """Whether a path inside an ignored directory may be included again."""
        return any(pattern.includes for pattern in self.patterns)


def dockerignore(text: str) -> Ignored:
    """Compile a .dockerignore: one pattern per line, ``#`` begins a comment.

    Raises PatternError.
    """
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    return ignored(line.strip() for line in lines if not line.startswith("#"))


def ignored(patterns: Iterable[str]) -> Ignored:
    """Compile patterns, skipping empty ones. Raises PatternError."""
    compiled = []
    for text in patterns:
        includes = text.startswith("!")
        bare = text[1:].strip() if includes else text
        if bare:
            clean = posixpath.normpath(bare).lstrip("/")
            try:
                glob = glob_of(clean)
            except ValueError:
                raise PatternError(f"syntax error in pattern {text!r}") from None
            compiled.append(_Pattern(glob, includes))
        elif includes:
            raise PatternError("syntax error in pattern '!'")
    return Ignored(tuple(compiled))


def _covers(glob: Glob, path: str) -> bool:
    while path:
        if glob.matches(path):
            return True
        path = posixpath.dirname(path)
    return False
