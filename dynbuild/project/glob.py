"""One pattern of a .dockerignore, matched in time linear in the path.

Go's regex engine never backtracks; Python's does, for seconds if a stranger chose the
pattern. So the text after a ``*`` or a ``**`` is searched from left to right, and the
first match is final: only the last one has to reach the end.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from dynbuild.values import dataclass

_ANY, _DEEP, _REST = "*", "**/", "**"
"""The parts of a pattern besides single characters: any text within a name, any
directories, anything to the end."""

_PLAIN = r"[^*?\[\]\\]*"
_CHARACTER = r"(?:\\.|[^\\\]-])"
_CLASS = re.compile(rf"\[(\^?+)((?:{_CHARACTER}(?:-{_CHARACTER})?)+)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern: a regular expression without backtracking, or its parts."""

    parts: tuple[str, ...]
    regex: re.Pattern[str] | None

    def matches(self, path: str) -> bool:
        """Return whether the pattern matches a whole path."""
        if self.regex is not None:
            return self.regex.fullmatch(path) is not None
        return _follow(self.parts, path)


def glob_of(pattern: str) -> Glob:
    """Compile a pattern. Raises ValueError if Go rejects it."""
    if plain := re.fullmatch(rf"\*\*([^/*?\[\]\\]{_PLAIN})", pattern, re.DOTALL):
        # The only case in which moby lets ** end within a name.
        return Glob((), re.compile(f".*{re.escape(plain[1])}", re.DOTALL))
    parts = tuple(_parts(pattern))
    for part in parts:
        if part not in (_ANY, _DEEP, _REST):
            _character(part)
    inside = any(
        later == _DEEP and earlier not in ("/", _DEEP)
        for earlier, later in pairwise(parts)
    )
    return Glob(parts, None if inside else re.compile(_straight(parts), re.DOTALL))


def _parts(pattern: str) -> Iterator[str]:
    """Yield the parts: the regular expression of one character, or a wildcard."""
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest in {"**", "**/"}:
            yield _REST
            return
        if stars := re.match(r"\*\*/?", rest):
            yield _DEEP
            position += len(stars[0])
        elif rest[0] == "*":
            yield _ANY
            position += 1
        elif rest[0] == "?":
            yield "[^/]"
            position += 1
        elif rest[0] == "[" and (match := _CLASS.match(rest)):
            yield f"[{match[1]}{_members(match[2])}]"
            position += len(match[0])
        elif rest[0] == "[" or rest == "\\":
            raise ValueError(pattern)
        else:
            escaped = rest[0] == "\\"
            yield re.escape(rest[1] if escaped else rest[0])
            position += 2 if escaped else 1


def _straight(parts: tuple[str, ...]) -> str:
    """Return a regular expression that never gives up a match (atomic groups)."""
    first, *blocks = _split(parts, _DEEP)
    if not blocks:
        return _block(first)
    *middle, last = blocks
    pieces = [f"(?>(?:[^/]*/)*?{_block(block)})" for block in middle if block]
    return f"{_block(first)}{''.join(pieces)}(?:[^/]*/)*?{_block(last)}"


def _block(parts: list[str]) -> str:
    """Return the regular expression for names separated by slashes."""
    return "/".join(map(_name, _split(tuple(parts), "/")))


def _name(parts: list[str]) -> str:
    """Return the regular expression of the parts within one name and a final ``**``."""
    rest = parts[-1:] == [_REST]
    own = tuple(parts[:-1] if rest else parts)
    first, *pieces = ("".join(run) for run in _split(own, _ANY))
    if rest:
        body = "".join(f"(?>[^/]*?{piece})" for piece in pieces)
        return f"{first}{body}.*"
    if not pieces:
        return first
    *middle, last = pieces
    body = "".join(f"(?>[^/]*?{piece})" for piece in middle)
    return f"(?>{first}{body}[^/]*{last}(?=/|\\Z))"


def _split(parts: tuple[str, ...], by: str) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == by:
            runs.append([])
        else:
            runs[-1].append(part)
    return runs


def _follow(parts: tuple[str, ...], path: str) -> bool:
    """Simulate all states of the parts in parallel, one character at a time.

    A state is an index into the parts, and whether it is inside a directory there.
    """
    ways = _closed(parts, {(0, False)})
    for character in path:
        after: set[tuple[int, bool]] = set()
        for index, _ in ways:
            part = parts[index] if index < len(parts) else ""
            if part == _REST or (part == _ANY and character != "/"):
                after.add((index, False))
            elif part == _DEEP:
                after.add((index, True))
                if character == "/":
                    after.add((index + 1, False))
            elif part not in ("", _ANY) and _character(part).fullmatch(character):
                after.add((index + 1, False))
        ways = _closed(parts, after)
        if not ways:
            return False
    return (len(parts), False) in ways


def _closed(
    parts: tuple[str, ...], ways: set[tuple[int, bool]]
) -> set[tuple[int, bool]]:
    """Add the states that are reached by matching wildcards with the empty string."""
    ahead = list(ways)
    while ahead:
        index, within = ahead.pop()
        empty = (
            index < len(parts) and parts[index] in (_ANY, _DEEP, _REST) and not within
        )
        if empty and (index + 1, False) not in ways:
            ways.add((index + 1, False))
            ahead.append((index + 1, False))
    return ways


def _character(part: str) -> re.Pattern[str]:
    """Compile the pattern of one character. Raises ValueError for an invalid range."""
    try:
        return re.compile(part, re.DOTALL)
    except re.error:
        raise ValueError(part) from None


def _members(members: str) -> str:
    """Escape the characters between brackets, except for the ``-`` of a range."""
    return re.sub(
        r"\\(.)|([^-])",
        lambda match: re.escape(match[1] or match[2]),
        members,
        flags=re.DOTALL,
    )
