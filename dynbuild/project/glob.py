"""One pattern of a .dockerignore, matched in time linear in the path.

Go's engine never goes back and forth; Python's does, for seconds where a stranger chose
the pattern. So what is matched after a ``*`` or a ``**`` is looked for from left to
right, and the first place that is found stays: only the last one has to reach the end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_ANY, _DEEP, _REST = "*", "**/", "**"
"""What a part of a pattern may be besides one character: any within a name, any
directories, anything to the end."""

_PLAIN = r"[^*?\[\]\\]*"
_CHARACTER = r"(?:\\.|[^\\\]-])"
_CLASS = re.compile(rf"\[(\^?+)((?:{_CHARACTER}(?:-{_CHARACTER})?)+)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern: a regular expression that goes straight on, or its parts."""

    parts: tuple[str, ...]
    regex: re.Pattern[str] | None

    def matches(self, path: str) -> bool:
        """Whether all of a path is as the pattern says."""
        if self.regex is not None:
            return self.regex.fullmatch(path) is not None
        return _follow(self.parts, path)


def glob_of(pattern: str) -> Glob:
    """Compile a pattern. Raises ValueError where Go refuses it."""
    if plain := re.fullmatch(rf"\*\*([^/*?\[\]\\]{_PLAIN})", pattern, re.DOTALL):
        # The one case in which moby lets ** end within a name.
        return Glob((), re.compile(f".*{re.escape(plain[1])}", re.DOTALL))
    parts = tuple(_parts(pattern))
    for part in parts:
        if part not in (_ANY, _DEEP, _REST):
            _one(part)
    inside = any(
        later == _DEEP and earlier not in ("/", _DEEP)
        for earlier, later in pairwise(parts)
    )
    return Glob(parts, None if inside else re.compile(_straight(parts), re.DOTALL))


def _parts(pattern: str) -> Iterator[str]:
    """The parts: one character as a regular expression, or what stands for more."""
    at = 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest in {"**", "**/"}:
            yield _REST
            return
        if stars := re.match(r"\*\*/?", rest):
            yield _DEEP
            at += len(stars[0])
        elif rest[0] == "*":
            yield _ANY
            at += 1
        elif rest[0] == "?":
            yield "[^/]"
            at += 1
        elif rest[0] == "[" and (match := _CLASS.match(rest)):
            yield f"[{match[1]}{_members(match[2])}]"
            at += len(match[0])
        elif rest[0] == "[" or rest == "\\":
            raise ValueError(pattern)
        else:
            escaped = rest[0] == "\\"
            yield re.escape(rest[1] if escaped else rest[0])
            at += 2 if escaped else 1


def _straight(parts: tuple[str, ...]) -> str:
    """A regular expression in which nothing that matched is given up again."""
    first, *blocks = _split(parts, _DEEP)
    if not blocks:
        return _block(first)
    *middle, last = blocks
    found = [f"(?>(?:[^/]*/)*?{_block(block)})" for block in middle if block]
    return f"{_block(first)}{''.join(found)}(?:[^/]*/)*?{_block(last)}"


def _block(parts: list[str]) -> str:
    """Names with slashes between them."""
    return "/".join(map(_name, _split(tuple(parts), "/")))


def _name(parts: list[str]) -> str:
    """A part of a pattern that is within one name, and what comes after all."""
    rest = parts[-1:] == [_REST]
    own = tuple(parts[:-1] if rest else parts)
    first, *pieces = ("".join(one) for one in _split(own, _ANY))
    if rest:
        found = "".join(f"(?>[^/]*?{piece})" for piece in pieces)
        return f"{first}{found}.*"
    if not pieces:
        return first
    *middle, last = pieces
    found = "".join(f"(?>[^/]*?{piece})" for piece in middle)
    return f"(?>{first}{found}[^/]*{last}(?=/|\\Z))"


def _split(parts: tuple[str, ...], by: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for part in parts:
        if part == by:
            found.append([])
        else:
            found[-1].append(part)
    return found


def _follow(parts: tuple[str, ...], path: str) -> bool:
    """Follow all ways through the parts at once, one character after the other.

    A way is a place among the parts, and whether it is within directories there.
    """
    ways = _closed(parts, {(0, False)})
    for character in path:
        after: set[tuple[int, bool]] = set()
        for at, _ in ways:
            part = parts[at] if at < len(parts) else ""
            if part == _REST or (part == _ANY and character != "/"):
                after.add((at, False))
            elif part == _DEEP:
                after.add((at, True))
                if character == "/":
                    after.add((at + 1, False))
            elif part not in ("", _ANY) and _one(part).fullmatch(character):
                after.add((at + 1, False))
        ways = _closed(parts, after)
        if not ways:
            return False
    return (len(parts), False) in ways


def _closed(
    parts: tuple[str, ...], ways: set[tuple[int, bool]]
) -> set[tuple[int, bool]]:
    """With the ways that take nothing: each of the parts that may be empty left out."""
    ahead = list(ways)
    while ahead:
        at, within = ahead.pop()
        empty = at < len(parts) and parts[at] in (_ANY, _DEEP, _REST) and not within
        if empty and (at + 1, False) not in ways:
            ways.add((at + 1, False))
            ahead.append((at + 1, False))
    return ways


def _one(part: str) -> re.Pattern[str]:
    """What one character is. Raises ValueError for a range that is none."""
    try:
        return re.compile(part, re.DOTALL)
    except re.error:
        raise ValueError(part) from None


def _members(members: str) -> str:
    """What is between brackets, each character for itself but the - of a range."""
    return re.sub(
        r"\\(.)|([^-])",
        lambda one: re.escape(one[1] or one[2]),
        members,
        flags=re.DOTALL,
    )
