"""What of two images is compared: all of it, but for the logs of package managers.

Written apart from dynbuild, to judge it: the table of what does not count is one of its
own, so that a fault in that of dynbuild shows.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.layouts import Facts

_TOKEN = re.compile(rb"<(\w+):([0-9a-f-]{36})>")
_CONTENT = 6
"""Where the facts of a file begin to be of what is in it."""

_UNCOUNTED = re.compile(
    r"var/log/(?:apt/(?:history|term)\.log|apt/eipp\.log\.xz|dpkg\.log|alternatives\.log)"
    r"|var/cache/apt/(?:src)?pkgcache\.bin|var/cache/ldconfig/aux-cache"
)
"""The files whose content does not count, of all that histories write."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A file's content with its tokens under their names."""

    digest: str
    tokens: tuple[tuple[str, str], ...] = field(compare=False)
    text: str = field(compare=False)


def traced(data: bytes) -> Traced:
    named = _TOKEN.sub(rb"<\1>", data)
    found = {(a.decode(), b.decode()) for a, b in _TOKEN.findall(data)}
    text = data.decode(errors="replace") if len(data) < 500 else "…"
    return Traced(hashlib.sha256(named).hexdigest(), tuple(sorted(found)), text)


def tokens_of(files: Mapping[str, Facts]) -> dict[str, dict[str, list[str]]]:
    """The tokens of each stage, and the paths that hold them."""
    found: dict[str, dict[str, list[str]]] = {}
    for path, facts in files.items():
        for content in facts:
            for name, token in content.tokens if isinstance(content, Traced) else ():
                found.setdefault(name, {}).setdefault(token, []).append(path)
    return found


def differing(
    one: Mapping[str, Facts], other: Mapping[str, Facts]
) -> dict[str, tuple[Facts | None, Facts | None]]:
    """The paths that differ: nothing is left out but what is in logs."""
    found = {}
    for path in sorted(one.keys() | other.keys()):
        here, there = one.get(path), other.get(path)
        if _UNCOUNTED.fullmatch(path):
            if here is None or there is None:
                continue
            here, there = here[:_CONTENT], there[:_CONTENT]
        if here != there:
            found[path] = here, there
    return found
