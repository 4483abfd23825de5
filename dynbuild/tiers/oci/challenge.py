"""Parsing a registry's challenges: the WWW-Authenticate header (RFC 9110, 11.6.1)."""

import re
from collections.abc import Mapping

from dynbuild.values import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's word
_GAP = r"\s*(?:,\s*)?"
"""No two of its parts match the same blanks: thousands cost no more than one."""
_SCHEME = re.compile(rf"{_GAP}({_TOKEN})(?=\s|,|$)")
_PARAMETER = re.compile(rf'{_GAP}({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_LONGEST = 8192
"""Maximum characters of a header that are read."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate; the scheme and the names are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(header: str) -> tuple[Challenge, ...]:
    """Return the challenges of a header; anything malformed ends the parsing."""
    result = []
    header = header[:_LONGEST]
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
        result.append(Challenge(match[1].lower(), parameters))
    return tuple(result)
