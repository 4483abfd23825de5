"""Patterns of .dockerignore and ``exclude``, with Docker's meaning.

As in moby/patternmatcher: Go's filepath.Match plus ``**``, relative to a root, a
match of a directory covers what is in it, the last pattern that matches decides, and
``!`` takes back.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dynbuild.ports import NotThereError

_PLAIN = r"[^*?\[\]\\]*"
_CHARACTER = r"(?:\\.|[^\\\]-])"
_CLASS = re.compile(rf"\[(\^?+)((?:{_CHARACTER}(?:-{_CHARACTER})?)+)\]", re.DOTALL)


class PatternError(NotThereError):
    """A pattern that Docker would not take either."""


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
    """Compile patterns; empty ones say nothing. Raises PatternError."""
    compiled = []
    for text in patterns:
        includes = text.startswith("!")
        bare = text[1:].strip() if includes else text
        if bare:
            clean = posixpath.normpath(bare).lstrip("/")
            try:
                regex = re.compile(_regex(clean), re.DOTALL)
            except re.error:
                raise PatternError(f"syntax error in pattern {text!r}") from None
            compiled.append(_Pattern(regex, includes))
        elif includes:
            raise PatternError("syntax error in pattern '!'")
    return Ignored(tuple(compiled))


def _covers(regex: re.Pattern[str], path: str) -> bool:
    while path:
        if regex.fullmatch(path):
            return True
        path = posixpath.dirname(path)
    return False


def _regex(pattern: str) -> str:
    """As a regular expression, or what ``re`` refuses where Go refuses the pattern."""
    if plain := re.fullmatch(rf"\*\*([^/*?\[\]\\]{_PLAIN})", pattern, re.DOTALL):
        # The one case in which moby lets ** end within a name.
        return f".*{re.escape(plain[1])}"
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest in {"**", "**/"}:
            parts.append(".*")
            at += len(rest)
        elif stars := re.match(r"\*\*/?", rest):
            parts.append("(?:.*/)?")
            at += len(stars[0])
        elif rest[0] == "*":
            parts.append("[^/]*")
            at += 1
        elif rest[0] == "?":
            parts.append("[^/]")
            at += 1
        elif rest[0] == "[" and (match := _CLASS.match(rest)):
            parts.append(f"[{match[1]}{_members(match[2])}]")
            at += len(match[0])
        elif rest[0] == "[" or rest == "\\":
            return "["
        else:
            escaped = rest[0] == "\\"
            parts.append(re.escape(rest[1] if escaped else rest[0]))
            at += 2 if escaped else 1
    return "".join(parts)


def _members(members: str) -> str:
    """What is between brackets, each character for itself but the - of a range."""
    return re.sub(
        r"\\(.)|([^-])",
        lambda one: re.escape(one[1] or one[2]),
        members,
        flags=re.DOTALL,
    )
