"""Patterns of .dockerignore and ``exclude``, with Docker's meaning.

As in moby/patternmatcher: Go's filepath.Match plus ``**``, relative to a root, a
match of a directory covers what is in it, the last pattern that matches decides, and
``!`` takes back.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    includes: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """The paths that patterns leave out."""

    patterns: tuple[_Pattern, ...] = ()

    def __contains__(self, path: str) -> bool:
        """Whether a path, relative and with slashes, is left out."""
        ignored = False
        for pattern in self.patterns:
            if ignored == pattern.includes and _covers(pattern.regex, path):
                ignored = not pattern.includes
        return ignored

    @property
    def may_take_back(self) -> bool:
        """Whether something inside of an ignored directory may be wanted."""
        return any(pattern.includes for pattern in self.patterns)


def dockerignore(text: str) -> Ignored:
    """The patterns of a .dockerignore: one a line, ``#`` begins a comment."""
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    return ignored(line.strip() for line in lines if not line.startswith("#"))


def ignored(patterns: Iterable[str]) -> Ignored:
    """Compile patterns; empty ones say nothing."""
    compiled = []
    for text in patterns:
        includes = text.startswith("!")
        bare = text[1:].strip() if includes else text
        if bare:
            clean = posixpath.normpath(bare).lstrip("/")
            compiled.append(_Pattern(re.compile(_regex(clean), re.DOTALL), includes))
    return Ignored(tuple(compiled))


def _covers(regex: re.Pattern[str], path: str) -> bool:
    while path:
        if regex.fullmatch(path):
            return True
        path = posixpath.dirname(path)
    return False


def _regex(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            at += 3
        elif rest.startswith("**"):
            parts.append(".*")
            at += 2
        elif rest[0] == "*":
            parts.append("[^/]*")
            at += 1
        elif rest[0] == "?":
            parts.append("[^/]")
            at += 1
        elif rest[0] == "[" and (match := re.match(r"\[\^?(?:\\.|[^\]\\])+\]", rest)):
            parts.append(match[0])
            at += len(match[0])
        else:
            escaped = rest[0] == "\\" and len(rest) > 1
            parts.append(re.escape(rest[1] if escaped else rest[0]))
            at += 2 if escaped else 1
    return "".join(parts)
